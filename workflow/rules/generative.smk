# Panel one: the feature extractor that judges samples, and the measures of every model.
rule extractor:
    input:
        conf="conf/instruments/extractor/{dataset}/{seed}.json",
        code=code("extractor", "triptych.generative.extractor"),
        origin=split_origin,
        parts=extractor_parts,
    output:
        weights="results/instruments/extractor/{dataset}/{seed}/weights.safetensors",
        curves="results/instruments/extractor/{dataset}/{seed}/curves.csv",
        run="results/instruments/extractor/{dataset}/{seed}/run.json",
    log:
        "logs/extractor/{dataset}/{seed}.log",
    benchmark:
        "results/instruments/extractor/{dataset}/{seed}/benchmark.jsonl"
    threads: 1
    resources:
        mem_mb=grown(4000),
        runtime=grown(60),
        gpu=GPUS,
    message:
        "Train the feature extractor of {wildcards.dataset}, seed {wildcards.seed}"
    shell:
        "triptych extractor --gpus {resources.gpu} --conf {input.conf}"
        " --parts data/splits/{wildcards.dataset}/{wildcards.seed}"
        " --out $(dirname {output.run}) > {log} 2>&1"


rule generative_evaluate:
    input:
        conf="conf/generative/{model}/{dataset}/{seeds}/evaluate.json",
        code=generative_evaluate_code,
        weights="results/generative/{model}/{dataset}/{seeds}/train/weights.safetensors",
        trained="results/generative/{model}/{dataset}/{seeds}/train/run.json",
        origin=split_origin,
        parts=generative_parts,
        extractors=extractors,
        inception=inception_weights,
    output:
        records="results/generative/{model}/{dataset}/{seeds}/evaluate/records.csv",
        timings="results/generative/{model}/{dataset}/{seeds}/evaluate/timings.csv",
        outputs="results/generative/{model}/{dataset}/{seeds}/evaluate/outputs.safetensors",
        run="results/generative/{model}/{dataset}/{seeds}/evaluate/run.json",
    log:
        "logs/evaluate/generative/{model}/{dataset}/{seeds}.log",
    benchmark:
        "results/generative/{model}/{dataset}/{seeds}/evaluate/benchmark.jsonl"
    threads: 1
    resources:
        mem_mb=grown(4000),
        runtime=grown(8 * 60),
        gpu=GPUS,
    message:
        "Measure {wildcards.model} on {wildcards.dataset}, seeds {wildcards.seeds}"
    shell:
        "triptych evaluate-generative --gpus {resources.gpu} --conf {input.conf}"
        " --train $(dirname {input.trained}) --splits data/splits/{wildcards.dataset}"
        " --extractors results/instruments/extractor/{wildcards.dataset} --out $(dirname {output.run}) > {log} 2>&1"
