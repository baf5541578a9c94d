# Inputs as functions of wildcards. What a job reads: its parameters, its source files, its data.
import re
from functools import cache

from triptych.origin import unchanged
from triptych.claims import files as claim_files

SHIFT_KINDS = PLAN.sections["uncertainty"]["shift"]["kinds"]
CORRUPTED = [name for name, shift in PLAN.shifts.items() if shift["kinds"]]
UNCORRUPTED = [name for name in PLAN.shifts if name not in CORRUPTED]


def one_of(names):
    """A pattern of these names alone, for a wildcard of one rule; of none, it matches nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


def job_of(wildcards, panel=None):
    """The job that a rule's wildcards name."""
    return PLAN.job(
        panel or wildcards.panel, wildcards.model, wildcards.dataset, wildcards.seeds
    )


def split_files(dataset, seeds, *parts):
    """Files of the given parts of some splits, seed by seed, and what all seeds share.

    One job cuts all seeds of a set, and cuts them anew when a seed joins. What it makes of the others
    is then the same, so nothing may follow from that: the files are `ancient`. Where the arrays or
    the cut itself changed they are not: Snakemake would leave jobs alone, for one run, that read
    ancient files of a pending job, whatever other reasons they have.
    """
    files = [
        f"data/splits/{dataset}/{seed}/{part}.safetensors"
        for seed in seeds
        for part in parts
    ] + shared_files(dataset)
    return ancient(files) if cut_as_now(dataset) else files


@cache
def cut_as_now(dataset):
    """Whether the splits on disk follow from the present arrays and the present code."""
    return unchanged(
        Path(f"data/splits/{dataset}/run.json"),
        Path(f"conf/data/{dataset}.json"),
        closure("triptych.data.cut"),
        [Path(f"data/prepared/{dataset}/manifest.json")],
    )


def split_origin(wildcards):
    """What the content of every split of a data set follows from: its arrays, and how it is cut."""
    manifest = f"data/prepared/{wildcards.dataset}/manifest.json"
    return [manifest, code("cut", "triptych.data.cut")]


def shared_files(dataset):
    """The graph itself, where a data set is one graph: all seeds see all of it."""
    graph = PLAN.datasets[dataset]["kind"] == "graph"
    return [f"data/splits/{dataset}/graph.safetensors"] if graph else []


def raw_manifest(wildcards):
    """The manifest of verified raw files, for sets that are not embedded in a library."""
    embedded = PLAN.datasets[wildcards.dataset]["embedded"]
    return [] if embedded else [f"data/raw/{wildcards.dataset}/manifest.json"]


def prepare_code(wildcards):
    """Source files of the reader of a data set."""
    reader = PLAN.datasets[wildcards.dataset]["reader"].split(".")[0]
    return code(f"prepare/{reader}", "triptych.data.prepare", f"triptych.data.{reader}")


def train_conf(wildcards):
    """Parameters that training reads."""
    return f"conf/{job_of(wildcards).name}/train.json"


def train_code(wildcards):
    """Source files of the loop and of the model's own file."""
    job = job_of(wildcards)
    model = f"triptych.{job.panel}.models.{job.kind}"
    return code(f"train/{job.panel}/{job.kind}", "triptych.train", model)


def train_parts(wildcards):
    """Training and validation parts; the test part is not among them, by construction."""
    job = job_of(wildcards)
    return split_files(job.dataset, job.seeds, "train", "validation")


def extractor_parts(wildcards):
    """Training and validation parts."""
    return split_files(wildcards.dataset, [wildcards.seed], "train", "validation")


def extractors(wildcards):
    """The extractor of each seed: weights that Fréchet distance and KID are named after."""
    job = job_of(wildcards, "generative")
    return [
        f"results/instruments/extractor/{job.dataset}/{seed}/weights.safetensors"
        for seed in job.seeds
    ]


def inception_weights(wildcards):
    """The Inception network's weights, where they are named: other ones are another measure."""
    weights = PLAN.sections["generative"]["measure"]["inception_weights"]
    return [] if weights is None else [weights]


def generative_evaluate_code(wildcards):
    """Source files of the measures and of the model's own file."""
    from triptych.generative.measures import modules

    kind = job_of(wildcards, "generative").kind
    return code(f"evaluate/generative/{kind}", *modules(kind))


def generative_parts(wildcards):
    """All parts: this is the last evaluation."""
    job = job_of(wildcards, "generative")
    return split_files(job.dataset, job.seeds, "train", "validation", "test")


def graphs_evaluate_code(wildcards):
    """Source files of the measures and of the model's own file."""
    kind = job_of(wildcards, "graphs").kind
    model = f"triptych.graphs.models.{kind}"
    return code(f"evaluate/graphs/{kind}", "triptych.graphs.evaluate", model)


def graphs_parts(wildcards):
    """All parts: this is the last evaluation."""
    job = job_of(wildcards, "graphs")
    return split_files(job.dataset, job.seeds, "train", "validation", "test")


def shift_code(wildcards):
    """Source files of the corruptions and other shifted sets in use."""
    from triptych.data import corruptions, shifts

    shift = PLAN.shifts[wildcards.dataset]
    made = corruptions.modules(shift["kinds"]) + shifts.modules(shift["sets"])
    return code(f"shift/{wildcards.dataset}", "triptych.uncertainty.shift", *made)


def shift_companions(wildcards):
    """Prepared arrays of other data sets that the shifted sets are made with."""
    return [
        f"data/prepared/{name}/{file}"
        for name in PLAN.shifts[wildcards.dataset]["companions"]
        for file in ("manifest.json", "arrays.safetensors")
    ]


def predict_code(wildcards):
    """Source files of the prediction and of the method's own file."""
    kind = job_of(wildcards, "uncertainty").kind
    model = f"triptych.uncertainty.models.{kind}"
    return code(f"predict/{kind}", "triptych.uncertainty.predict", model)


def shift_parts(wildcards):
    """The test part: shifted sets begin the last evaluation."""
    return split_files(wildcards.dataset, [wildcards.seed], "test")


def predict_parts(wildcards):
    """Validation parts (for temperatures) and test parts: logits begin the last evaluation."""
    job = job_of(wildcards, "uncertainty")
    manifests = [
        f"data/splits/{job.dataset}/{seed}/manifest.json" for seed in job.seeds
    ]
    parts = split_files(job.dataset, job.seeds, "validation", "test")
    return parts + (ancient(manifests) if cut_as_now(job.dataset) else manifests)


def shifted_sets(wildcards):
    """The shifted test sets of each seed: their manifest, which holds the digest of every file.

    As inputs one by one, twenty files of every seed made most of the graph's edges.
    """
    job = job_of(wildcards, "uncertainty")
    return [f"data/shifted/{job.dataset}/{seed}/manifest.json" for seed in job.seeds]


def uncertainty_evaluate_code(wildcards):
    """Source files of the measures, of the method's own file and of the corruptions in use."""
    from triptych.uncertainty.measures import modules

    job = job_of(wildcards, "uncertainty")
    label = f"evaluate/uncertainty/{job.kind}/{job.dataset}"
    return code(label, *modules(job.kind, PLAN.shifts[job.dataset]["kinds"]))


def identity_code(wildcards):
    """Source files of a panel's claims and of what they check."""
    modules = claim_files.identity_modules(wildcards.panel)
    return code(f"identities/{wildcards.panel}", *modules)


def claims_code(wildcards):
    """Source files that turn records into verdicts."""
    modules = [m for panel in planning.PANELS for m in claim_files.modules(panel)]
    return code("claims", "triptych.claims.evaluate", *modules)


def panel_tables(kind):
    """The tables of one panel's jobs that `collect` would join."""
    return lambda wildcards: planning.tables(PLAN.of(panel=wildcards.panel))[kind]


def evaluations(jobs):
    """The last file of each job."""
    return [f"results/{job.name}/evaluate/run.json" for job in jobs]
