# Triptych: three panels, one graph of jobs. `snakemake --cores all` makes every result.
from snakemake.utils import min_version

min_version("9.19")


configfile: "params.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
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
