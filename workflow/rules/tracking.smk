# MLflow hears of results after they exist; no job talks to it.
RECEIPT = "results/tracking/receipt.json"
if MAIN:
    from triptych.tracking import drop_pending_receipt

    drop_pending_receipt(RECEIPT)  # a sync that found no server is tried again


rule track:
    input:
        conf="conf/tracking.json",
        code=code("track", "triptych.tracking"),
        runs=[f"results/{job.name}/evaluate/run.json" for job in PLAN.jobs],
    output:
        receipt=RECEIPT,
    log:
        "logs/track.log",
    benchmark:
        "results/tracking/benchmark.jsonl"
    localrule: True
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
        gpu=0,
    message:
        "Send the results to the tracking store"
    shell:
        "triptych track --conf {input.conf} --receipt {output.receipt} 2>&1 | tee {log}"
