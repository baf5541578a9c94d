# Training: one rule for every model of every panel.
rule train:
    input:
        conf=train_conf,
        code=train_code,
        origin=split_origin,
        parts=train_parts,
    output:
        weights="results/{panel}/{model}/{dataset}/{seeds}/train/weights.safetensors",
        curves="results/{panel}/{model}/{dataset}/{seeds}/train/curves.csv",
        run="results/{panel}/{model}/{dataset}/{seeds}/train/run.json",
    log:
        "logs/train/{panel}/{model}/{dataset}/{seeds}.log",
    benchmark:
        "results/{panel}/{model}/{dataset}/{seeds}/train/benchmark.jsonl"
    threads: 1
    resources:
        mem_mb=grown(4000),
        runtime=grown(8 * 60),
        gpu=GPUS,
    message:
        "Train {wildcards.model} on {wildcards.dataset}, seeds {wildcards.seeds}"
    shell:
        "triptych train --gpus {resources.gpu} --conf {input.conf} --splits data/splits/{wildcards.dataset}"
        " --out $(dirname {output.run}) > {log} 2>&1"
