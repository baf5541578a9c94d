# Panel two: measures of every graph model.
rule graphs_evaluate:
    input:
        conf="conf/graphs/{model}/{dataset}/{seeds}/evaluate.json",
        code=graphs_evaluate_code,
        weights="results/graphs/{model}/{dataset}/{seeds}/train/weights.safetensors",
        trained="results/graphs/{model}/{dataset}/{seeds}/train/run.json",
        origin=split_origin,
        parts=graphs_parts,
    output:
        records="results/graphs/{model}/{dataset}/{seeds}/evaluate/records.csv",
        timings="results/graphs/{model}/{dataset}/{seeds}/evaluate/timings.csv",
        outputs="results/graphs/{model}/{dataset}/{seeds}/evaluate/outputs.safetensors",
        run="results/graphs/{model}/{dataset}/{seeds}/evaluate/run.json",
    log:
        "logs/evaluate/graphs/{model}/{dataset}/{seeds}.log",
    benchmark:
        "results/graphs/{model}/{dataset}/{seeds}/evaluate/benchmark.jsonl"
    threads: 1
    resources:
        mem_mb=grown(4000),
        runtime=grown(240),
        gpu=GPUS,
    message:
        "Measure {wildcards.model} on {wildcards.dataset}, seeds {wildcards.seeds}"
    shell:
        "triptych evaluate-graphs --gpus {resources.gpu} --conf {input.conf}"
        " --train $(dirname {input.trained}) --splits data/splits/{wildcards.dataset}"
        " --out $(dirname {output.run}) > {log} 2>&1"
