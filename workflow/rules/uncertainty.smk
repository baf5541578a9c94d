# Panel three: shifted test sets, cached logits, and everything that is computed from them.


rule shift:
    input:
        conf="conf/shift/{dataset}.json",
        code=shift_code,
        origin=split_origin,
        test=shift_parts,
        companions=shift_companions,
    output:
        kinds=expand(
            "data/shifted/{{dataset}}/{{seed}}/{kind}.safetensors", kind=SHIFT_KINDS
        ),
        sets="data/shifted/{dataset}/{seed}/sets.safetensors",
        manifest="data/shifted/{dataset}/{seed}/manifest.json",
        run="data/shifted/{dataset}/{seed}/run.json",
    log:
        "logs/shift/{dataset}/{seed}.log",
    benchmark:
        "data/benchmarks/shift/{dataset}/{seed}.jsonl"
    wildcard_constraints:
        dataset=one_of(CORRUPTED),
    threads: 1
    resources:
        mem_mb=grown(4000),
        runtime=grown(240),
        gpu=0,
    message:
        "Shift the test part of {wildcards.dataset}, seed {wildcards.seed}"
    shell:
        "triptych shift --conf {input.conf} --test {input.test}"
        " --out $(dirname {output.run}) > {log} 2>&1"


# The same for data sets without corruptions: tables, and those that `uncorrupted` names.
use rule shift as shift_uncorrupted with:
    output:
        sets="data/shifted/{dataset}/{seed}/sets.safetensors",
        manifest="data/shifted/{dataset}/{seed}/manifest.json",
        run="data/shifted/{dataset}/{seed}/run.json",
    wildcard_constraints:
        dataset=one_of(UNCORRUPTED),


rule predict:
    input:
        conf="conf/uncertainty/{model}/{dataset}/{seeds}/predict.json",
        code=predict_code,
        weights="results/uncertainty/{model}/{dataset}/{seeds}/train/weights.safetensors",
        trained="results/uncertainty/{model}/{dataset}/{seeds}/train/run.json",
        origin=split_origin,
        parts=predict_parts,
        shifted=shifted_sets,
    output:
        logits="results/uncertainty/{model}/{dataset}/{seeds}/predict/logits.safetensors",
        timings="results/uncertainty/{model}/{dataset}/{seeds}/predict/timings.csv",
        run="results/uncertainty/{model}/{dataset}/{seeds}/predict/run.json",
    log:
        "logs/predict/{model}/{dataset}/{seeds}.log",
    benchmark:
        "results/uncertainty/{model}/{dataset}/{seeds}/predict/benchmark.jsonl"
    threads: 1
    resources:
        mem_mb=grown(4000),
        runtime=grown(240),
        gpu=GPUS,
    message:
        "Logits of {wildcards.model} on {wildcards.dataset} and its shifts, seeds {wildcards.seeds}"
    shell:
        "triptych predict --gpus {resources.gpu} --conf {input.conf}"
        " --train $(dirname {input.trained}) --splits data/splits/{wildcards.dataset}"
        " --shifted data/shifted/{wildcards.dataset} --out $(dirname {output.run}) > {log} 2>&1"


rule uncertainty_evaluate:
    input:
        conf="conf/uncertainty/{model}/{dataset}/{seeds}/evaluate.json",
        code=uncertainty_evaluate_code,
        logits="results/uncertainty/{model}/{dataset}/{seeds}/predict/logits.safetensors",
        trained="results/uncertainty/{model}/{dataset}/{seeds}/train/run.json",
    output:
        records="results/uncertainty/{model}/{dataset}/{seeds}/evaluate/records.csv",
        reliability="results/uncertainty/{model}/{dataset}/{seeds}/evaluate/reliability.csv",
        confidences="results/uncertainty/{model}/{dataset}/{seeds}/evaluate/confidences.csv",
        outputs="results/uncertainty/{model}/{dataset}/{seeds}/evaluate/outputs.safetensors",
        run="results/uncertainty/{model}/{dataset}/{seeds}/evaluate/run.json",
    log:
        "logs/evaluate/uncertainty/{model}/{dataset}/{seeds}.log",
    benchmark:
        "results/uncertainty/{model}/{dataset}/{seeds}/evaluate/benchmark.jsonl"
    threads: 1
    resources:
        mem_mb=grown(4000),
        runtime=grown(60),
        gpu=0,
    message:
        "Measure {wildcards.model} on {wildcards.dataset}, seeds {wildcards.seeds}"
    shell:
        "triptych evaluate-uncertainty --conf {input.conf}"
        " --predict $(dirname {input.logits}) --train $(dirname {input.trained})"
        " --out $(dirname {output.run}) > {log} 2>&1"
