# Triptych: three panels, one graph of jobs. `snakemake --cores all` makes every result.
from snakemake.utils import min_version

min_version("9.19")


include: "workflow/rules/parameters.smk"


configfile: "params.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/generative.smk"
include: "workflow/rules/graphs.smk"
include: "workflow/rules/uncertainty.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/tracking.smk"
include: "workflow/rules/targets.smk"


localrules:
    all,


rule all:
    default_target: True
    input:
        "reports/index.html",
        "results/tracking/receipt.json",


onerror:
    # The jobs that are done are shown all the same, beside the names of those that are not.
    if {job.rule.name for job in workflow.dag.jobs} & {"report", "panel_report"}:
        shell("triptych partial 2>&1 | tee logs/partial.log || true")


onstart:
    remember()  # what source files import, so that jobs need not parse them
    # Snakemake's default limit, 100 jobs a second, leaves a timer behind every finished job that
    # looks through all ready jobs again each second, for ever: most of a core after fifty jobs.
    # A limit that someone asks for (for a cluster) stays.
    limiter = getattr(workflow.scheduler, "job_rate_limiter", None)
    if limiter is not None and (limiter.max_jobs, limiter.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
