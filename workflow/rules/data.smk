# Data: fetch what is not embedded, prepare arrays, cut them into parts per seed.


rule fetch:
    input:
        conf="conf/data/{dataset}.json",
    output:
        manifest="data/raw/{dataset}/manifest.json",
    log:
        "logs/fetch/{dataset}.log",
    benchmark:
        "data/benchmarks/fetch/{dataset}.jsonl"
    localrule: True
    threads: 1
    resources:
        mem_mb=1000,
        runtime=120,
        gpu=0,
    # The mirror stands in a file of its own: the bytes are verified, so another one changes nothing.
    message:
        "Fetch {wildcards.dataset}: mirror first, then its canonical address"
    shell:
        "triptych fetch {wildcards.dataset} --root data/raw --mirror-of conf/mirror.json > {log} 2>&1"


rule prepare:
    input:
        conf="conf/data/{dataset}.json",
        code=prepare_code,
        raw=raw_manifest,
    output:
        arrays="data/prepared/{dataset}/arrays.safetensors",
        manifest="data/prepared/{dataset}/manifest.json",
    log:
        "logs/prepare/{dataset}.log",
    benchmark:
        "data/benchmarks/prepare/{dataset}.jsonl"
    localrule: True
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
        gpu=0,
    message:
        "Prepare {wildcards.dataset}"
    shell:
        "triptych prepare {wildcards.dataset} --raw data/raw"
        " --out data/prepared/{wildcards.dataset} > {log} 2>&1"


# One job cuts all seeds of a set: the number of files differs per set, hence a rule per set.
for _dataset in PLAN.split_datasets():

    rule:
        name:
            f"split_{_dataset}"
        input:
            conf=f"conf/data/{_dataset}.json",
            code=code("cut", "triptych.data.cut"),
            manifest=f"data/prepared/{_dataset}/manifest.json",
            arrays=ancient(f"data/prepared/{_dataset}/arrays.safetensors"),
        output:
            expand(
                f"data/splits/{_dataset}/{{seed}}/{{part}}.safetensors",
                seed=PLAN.dataset_seeds(_dataset),
                part=["train", "validation", "test"],
            ),
            shared_files(_dataset),
            manifests=expand(
                f"data/splits/{_dataset}/{{seed}}/manifest.json",
                seed=PLAN.dataset_seeds(_dataset),
            ),
            run=f"data/splits/{_dataset}/run.json",
        log:
            f"logs/split/{_dataset}.log",
        benchmark:
            f"data/benchmarks/split/{_dataset}.jsonl"
        localrule: True
        threads: 1
        resources:
            mem_mb=2000,
            runtime=30,
            gpu=0,
        params:
            dataset=_dataset,
        message:
            "Split {params.dataset} for all its seeds"
        # The seeds stand in a file of their own: as parameters a dropped one would cut all anew.
        shell:
            "triptych split --conf {input.conf} --prepared data/prepared/{params.dataset}"
            " --seeds-of conf/seeds/{params.dataset}.json --out data/splits/{params.dataset}"
            " > {log} 2>&1"
