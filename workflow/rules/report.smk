# The pages that people read. Their figures are drawn by as many processes as there are cores, up to
# `threads`: nothing else is left to do then.
from triptych.report import modules as report_modules


rule report:
    input:
        conf="conf/report.json",
        code=code("report", *report_modules()),
        templates=sorted(map(str, Path("src/triptych/report/templates").glob("*"))),
        records="reports/records.csv",
        timings="reports/timings.csv",
        curves="reports/curves.csv",
        claims="reports/claims.csv",
        effects="reports/effects.csv",
        runs=[f"results/{job.name}/evaluate/run.json" for job in PLAN.jobs],
    output:
        index=report(
            "reports/index.html",
            caption="../report/index.rst",
            category="Pages",
            labels={"page": "Overview"},
        ),
        pages=expand(
            "reports/{page}.html",
            page=[*planning.PANELS, "methods", "provenance"],
        ),
        markdown="reports/report.md",
        figures="reports/figures/manifest.json",
    log:
        "logs/report.log",
    benchmark:
        "results/benchmarks/report.jsonl"
    localrule: True
    threads: 8
    resources:
        mem_mb=2000,
        runtime=30,
        gpu=0,
    message:
        "Render the report"
    shell:
        "triptych report --processes {threads} --conf {input.conf} --out reports > {log} 2>&1"


rule panel_report:
    input:
        conf="conf/panels/{panel}.json",
        code=code("panel", "triptych.panel", *report_modules()),
        templates=sorted(map(str, Path("src/triptych/report/templates").glob("*"))),
        ledger="src/triptych/claims/unmeasured.yaml",
        checks="results/identities/{panel}/checks.csv",
        records=panel_tables("records"),
        timings=panel_tables("timings"),
        curves=panel_tables("curves"),
    output:
        page="reports/panels/{panel}/{panel}.html",
        markdown="reports/panels/{panel}/report.md",
        claims="reports/panels/{panel}/claims.csv",
        records="reports/panels/{panel}/records.csv",
    log:
        "logs/panel/{panel}.log",
    benchmark:
        "results/benchmarks/panel_{panel}.jsonl"
    localrule: True
    threads: 8
    resources:
        mem_mb=2000,
        runtime=30,
        gpu=0,
    message:
        "Render the {wildcards.panel} panel alone: reports/panels/{wildcards.panel}/{wildcards.panel}.html"
    shell:
        "triptych panel --processes {threads} --conf {input.conf} --checks {input.checks}"
        " --out $(dirname {output.page}) > {log} 2>&1"
