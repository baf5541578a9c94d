# What jobs ask of the machine that runs them, this one or those of a cluster.
#
# All of it is for schedulers: no result depends on it, and a change reruns nothing.

# Jobs run on this machine: not on a cluster (`--jobs` without `--cores`), and this is not one of its jobs.
HERE = workflow.is_main_process and workflow.resource_settings.nodes is None


def gpus_here():
    """How many GPUs jobs of this machine may see, found without asking a driver."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return len(
            [name for name in chosen.split(",") if name.strip() not in ("", "-1")]
        )
    return len(list(Path(os.sep, "dev").glob("nvidia[0-9]*")))


# GPUs that a job asks for if it can use one. `auto` takes one where there is one: here that can be
# seen, of a cluster's nodes it is assumed. `--resources gpu=0` keeps every job on the CPU.
DEVICE = PLAN.sections["runtime"]["device"]
GPUS = int(DEVICE == "cuda" or (DEVICE == "auto" and (not HERE or gpus_here() > 0)))

# Snakemake limits only what someone limits: two jobs would share a GPU while another is free. Slurm
# counts its own. Who says `--resources gpu=N`, there or in a profile, is obeyed.
if HERE and "gpu" not in workflow.global_resources:
    workflow.register_resource("gpu", max(1, gpus_here()))


def grown(first):
    """`first`, and as much again at each further attempt (`--retries`): memory, or time."""
    return lambda wildcards, attempt: first * attempt
