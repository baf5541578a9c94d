"""From parameters to jobs: what exists, where it lies, and one small parameter file for each.

Parameters reach jobs as files: the tree is divided here into one canonical JSON per job, rewritten
only when its content changes, and every rule takes its file as an input. A changed number therefore
reruns exactly the jobs that read it, under Snakemake, under DVC, and in a clone that has no record
of earlier runs. Nothing on this page imports torch; parameters that were checked before are read
back from a cache.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triptych import closure, plain_yaml
from triptych.claims import files as claim_files
from triptych.errors import UserError
from triptych.files import canonical_json, read_json, sha256_json, write_if_changed, write_json

if TYPE_CHECKING:
    from triptych.data.catalogue import DataSet
    from triptych.uncertainty.params import ShiftParams

PANELS = ("generative", "graphs", "uncertainty")
CACHE = Path(".triptych")


@dataclass(frozen=True)
class Job:
    """One (panel, model entry, data set, seeds): the unit that is trained and evaluated.

    Attributes:
        panel: Panel.
        model: Name of the entry in ``params.yaml``.
        kind: Model file of the panel.
        dataset: Catalogue name.
        seeds: Seeds that one process handles.
        train: Parameters that training reads.
        evaluate: Parameters of the model that only its evaluation reads.
    """

    panel: str
    model: str
    kind: str
    dataset: str
    seeds: tuple[int, ...]
    train: Mapping[str, Any]
    evaluate: Mapping[str, Any]

    @cached_property
    def name(self) -> str:
        """Path below ``results/`` and ``conf/``."""
        return f"{self.panel}/{self.model}/{self.dataset}/{seeds_name(self.seeds)}"


@dataclass(frozen=True)
class Plan:
    """Everything the rules need to know, as plain values.

    Attributes:
        jobs: Every job.
        sections: The parameters by section.
        datasets: The catalogue's entries of every data set in use: those of jobs, and those that
            their shifted test sets are made with.
        shifts: Data set of the uncertainty panel -> what its test parts are shifted by.
    """

    jobs: tuple[Job, ...]
    sections: Mapping[str, Any]
    datasets: Mapping[str, Any]
    shifts: Mapping[str, Any]

    def of(self, panel: str | None = None, model: str | None = None) -> list[Job]:
        """The jobs of a panel, of a model entry, or all."""
        return [
            job
            for job in self.jobs
            if (panel is None or job.panel == panel) and (model is None or job.model == model)
        ]

    def job(self, panel: str, model: str, dataset: str, seeds: str) -> Job:
        """The job behind a set of wildcards."""
        return self._by_name[f"{panel}/{model}/{dataset}/{seeds}"]

    @cached_property
    def _by_name(self) -> dict[str, Job]:
        return {job.name: job for job in self.jobs}

    def models(self) -> dict[str, str]:
        """Entry name -> panel, in the order of the parameter file."""
        return {job.model: job.panel for job in self.jobs}

    def seeds(self, panel: str, dataset: str) -> list[int]:
        """Seeds with which some job of a panel runs on a data set."""
        return sorted({s for job in self.of(panel) if job.dataset == dataset for s in job.seeds})

    def split_datasets(self) -> list[str]:
        """Data sets that some job runs on."""
        return sorted({job.dataset for job in self.jobs})

    def dataset_seeds(self, dataset: str) -> list[int]:
        """Every seed that some job splits a data set with."""
        return sorted({seed for job in self.jobs if job.dataset == dataset for seed in job.seeds})

    def panel_datasets(self, panel: str, kind: str = "images") -> list[str]:
        """Data sets of a kind that the jobs of a panel run on, in their order."""
        used = dict.fromkeys(job.dataset for job in self.of(panel))
        return [name for name in used if self.datasets[name]["kind"] == kind]


def seeds_name(seeds: Iterable[int]) -> str:
    """Folder name of a group of seeds.

    Example:
        >>> seeds_name([0]), seeds_name([0, 1, 2]), seeds_name([0, 2])
        ('0', '0-2', '0.2')
    """
    ordered = sorted(seeds)
    if len(ordered) == 1:
        return str(ordered[0])
    if ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"{ordered[0]}-{ordered[-1]}"
    return ".".join(map(str, ordered))


def group_seeds(seeds: Iterable[int], size: int) -> list[tuple[int, ...]]:
    """Group seeds by value, so that dropping one changes its own group alone.

    Example:
        >>> group_seeds([0, 1, 2, 5], 2)
        [(0, 1), (2,), (5,)]
    """
    groups: dict[int, list[int]] = {}
    for seed in sorted(seeds):
        groups.setdefault(seed // size, []).append(seed)
    return [tuple(group) for group in groups.values()]


def load(config: Mapping[str, Any]) -> Plan:
    """The plan for a merged configuration.

    Raises:
        UserError: The parameters are wrong.
    """
    plain_yaml.check_values(config, "parameters")
    sources = closure.digest(sorted(str(p) for p in closure.ROOT.rglob("*") if _defines(p)))
    cached = CACHE / f"plan-{sha256_json([dict(config), sources])[:16]}.json"
    if cached.exists():
        with suppress(UserError, LookupError, TypeError, AttributeError):  # damaged: made anew
            return _from_json(read_json(cached))
    plan = make(config)
    write_json(cached, _to_json(plan))
    return plan


def _defines(path: Path) -> bool:
    return path.suffix in (".py", ".yaml")


def make(config: Mapping[str, Any]) -> Plan:
    """Validate and expand, without the cache."""
    from triptych import configuration, params
    from triptych.data import catalogue

    resolved = configuration.resolve(config)
    jobs = []
    for panel in PANELS:
        section = resolved.panel(panel)
        for name, entry in section.models.items():
            if not section.runs(name):
                continue
            train, evaluate = params.split_stages(entry)
            for dataset in entry.datasets or section.datasets:
                for seeds in group_seeds(entry.seeds or section.seeds, entry.seeds_per_job):
                    jobs.append(Job(panel, name, entry.model, dataset, seeds, train, evaluate))
    shifts = {
        dataset: _shift(resolved.uncertainty.shift, catalogue.get(dataset))
        for dataset in dict.fromkeys(job.dataset for job in jobs if job.panel == "uncertainty")
    }
    used = {job.dataset for job in jobs} | {n for s in shifts.values() for n in s["companions"]}
    return Plan(
        tuple(jobs),
        resolved.model_dump(mode="json"),
        {name: catalogue.get(name).model_dump(mode="json") for name in sorted(used)},
        shifts,
    )


def _shift(chosen: "ShiftParams", dataset: "DataSet") -> dict[str, Any]:
    """What the test parts of one data set are shifted by, and the data sets that this needs.

    Corruptions are of images; the other sets are those that mean something on the data set.
    """
    from triptych.data import corruptions, shifts

    corrupted = dataset.kind == "images" and dataset.name not in chosen.uncorrupted
    kinds = chosen.kinds if corrupted else []
    sets = shifts.applicable(chosen.sets, dataset)
    published = [dataset.name] if kinds and dataset.name in chosen.published else []
    laid_over = [] if published else corruptions.companions(kinds)
    ready = [corruptions.PUBLISHED[name] for name in published]
    needed = {*laid_over, *ready, *shifts.companions(sets, dataset)}
    return chosen.model_dump(mode="json", exclude={"uncorrupted"}) | {
        "kinds": list(kinds), "sets": sets, "published": published, "companions": sorted(needed),
    }  # fmt: skip


def _to_json(plan: Plan) -> dict[str, Any]:
    return {
        "jobs": [asdict(job) for job in plan.jobs],
        "sections": plan.sections,
        "datasets": plan.datasets,
        "shifts": plan.shifts,
    }


def _from_json(value: Mapping[str, Any]) -> Plan:
    jobs = tuple(Job(**{**job, "seeds": tuple(job["seeds"])}) for job in value["jobs"])
    return Plan(jobs, value["sections"], value["datasets"], value["shifts"])


def write_conf(plan: Plan, root: Path | str = "conf") -> None:
    """Write every job's parameter file whose content changed, and remove those of no job."""
    root = Path(root)
    wanted = dict(_conf_files(plan))
    for name, value in wanted.items():
        write_if_changed(root / name, canonical_json(value))
    if root.exists():
        for path in sorted(root.rglob("*.json")):
            below = path.relative_to(root)
            if str(below) not in wanted and below.parts[0] != "code":  # the rules write those
                path.unlink()


def _conf_files(plan: Plan) -> Iterable[tuple[str, Any]]:
    runtime = plan.sections["runtime"]
    for job in plan.jobs:
        head = {
            "panel": job.panel, "model": job.model, "kind": job.kind, "dataset": job.dataset,
            "seeds": list(job.seeds), "device": runtime["device"],
        }  # fmt: skip
        yield f"{job.name}/train.json", head | {"params": job.train}
        measures = {
            key: value
            for key, value in plan.sections[job.panel].items()
            if key not in ("seeds", "datasets", "models", "only")
        }
        # What the model itself was trained with reaches the evaluation through run.json.
        if job.panel == "uncertainty":  # logits are cached between the model and its measures
            own = {k: v for k, v in plan.shifts[job.dataset].items() if k != "companions"}
            measures["shift"] = own
            yield f"{job.name}/predict.json", head | {"params": job.evaluate}
            yield f"{job.name}/evaluate.json", head | {"params": {}, "measure": measures}
        else:
            yield f"{job.name}/evaluate.json", head | {"params": job.evaluate, "measure": measures}
    for name, entry in plan.datasets.items():
        yield f"data/{name}.json", entry
        yield f"seeds/{name}.json", plan.dataset_seeds(name)
    for dataset in plan.panel_datasets("generative"):
        for seed in plan.seeds("generative", dataset):
            yield (
                f"instruments/extractor/{dataset}/{seed}.json",
                {
                    "dataset": dataset, "seeds": [seed], "device": runtime["device"],
                    "params": plan.sections["generative"]["extractor"],
                },
            )  # fmt: skip
    for dataset, shift in plan.shifts.items():
        yield f"shift/{dataset}.json", shift
    yield "collect.json", tables(plan.jobs) | {"seeds": sorted(_seed_folders(plan))}
    yield "mirror.json", plan.sections["data"]["mirror"]
    for panel in PANELS:
        yield f"identities/{panel}.json", {"panel": panel, "claims": claim_files.ids(panel)}
    names = [job.name for job in plan.jobs]
    report = dict(plan.sections["report"])
    yield "report.json", report | {"jobs": names}
    for panel in PANELS:
        jobs = plan.of(panel=panel)
        only = {"panels": [panel], "jobs": [job.name for job in jobs]}
        yield f"panels/{panel}.json", report | tables(jobs) | only
    yield "tracking.json", plan.sections["tracking"] | {"jobs": names}


def _seed_folders(plan: Plan) -> Iterable[str]:
    """Folders of a seed that several jobs read, for :func:`triptych.collect.prune_seeds`."""
    for dataset in plan.split_datasets():
        yield from (f"data/splits/{dataset}/{seed}" for seed in plan.dataset_seeds(dataset))
    for dataset in plan.shifts:
        for seed in plan.seeds("uncertainty", dataset):
            yield f"data/shifted/{dataset}/{seed}"
    for dataset in plan.panel_datasets("generative"):
        for seed in plan.seeds("generative", dataset):
            yield f"results/instruments/extractor/{dataset}/{seed}"


def tables(jobs: Iterable[Job]) -> dict[str, list[str]]:
    """Every table that is collected: explicit lists, so that nothing of a dropped seed lingers."""
    lists: dict[str, list[str]] = {"records": [], "timings": [], "curves": []}
    for job in jobs:
        folder = f"results/{job.name}"
        lists["records"].append(f"{folder}/evaluate/records.csv")
        verb = "predict" if job.panel == "uncertainty" else "evaluate"
        lists["timings"].append(f"{folder}/{verb}/timings.csv")
        lists["curves"].append(f"{folder}/train/curves.csv")
    return lists
