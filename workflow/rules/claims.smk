# From records to verdicts: exact checks as jobs, one table of all numbers, one verdict per claim.
TABLES = planning.tables(PLAN.jobs)


rule identities:
    input:
        conf="conf/identities/{panel}.json",
        code=identity_code,
    output:
        checks="results/identities/{panel}/checks.csv",
        run="results/identities/{panel}/run.json",
    log:
        "logs/identities/{panel}.log",
    benchmark:
        "results/identities/{panel}/benchmark.jsonl"
    threads: 1
    resources:
        mem_mb=grown(2000),
        runtime=grown(30),
        gpu=0,
    message:
        "Check the identities of the {wildcards.panel} panel"
    shell:
        "triptych identities --conf {input.conf} --out $(dirname {output.run}) > {log} 2>&1"


rule collect:
    input:
        conf="conf/collect.json",
        code=code("collect", "triptych.collect"),
        records=TABLES["records"],
        timings=TABLES["timings"],
        curves=TABLES["curves"],
    output:
        records="reports/records.csv",
        timings="reports/timings.csv",
        curves="reports/curves.csv",
        metrics="reports/metrics.json",
    log:
        "logs/collect.log",
    benchmark:
        "results/benchmarks/collect.jsonl"
    localrule: True
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        gpu=0,
    message:
        "Collect the numbers of all jobs and prune what belongs to none"
    shell:
        "triptych collect --conf {input.conf} --out reports > {log} 2>&1"


rule claims:
    input:
        code=claims_code,
        ledger="src/triptych/claims/unmeasured.yaml",
        records="reports/records.csv",
        timings="reports/timings.csv",
        checks=expand("results/identities/{panel}/checks.csv", panel=planning.PANELS),
    output:
        claims="reports/claims.csv",
        effects="reports/effects.csv",
    log:
        "logs/claims.log",
    benchmark:
        "results/benchmarks/claims.jsonl"
    localrule: True
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        gpu=0,
    message:
        "Judge the claims"
    shell:
        "triptych claims --records {input.records} --timings {input.timings}"
        " --checks {input.checks} --out {output.claims} > {log} 2>&1"
