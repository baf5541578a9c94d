"""Which jobs rerun when a parameter changes: exactly those that read it."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, get_args

import pytest

from triptych import configuration, registry
from triptych.data import catalogue
from triptych.errors import UserError
from workflow_project import (
    COLLECTED,
    ROOT,
    Job,
    Project,
    as_yaml,
    change,
    copy,
    matching,
    name_of,
    running,
    small_tree,
)

pytestmark = pytest.mark.workflow

TREE = small_tree(ROOT)
CHOICES = {  # another valid value, where adding one does not give it
    "runtime.device": "cpu",
    "uncertainty.shift.kinds": ["contrast", "rotate"],
    "uncertainty.shift.constants": "cifar_c",
    "uncertainty.shift.severities": [1],
    "uncertainty.shift.sets": ["photographs", "known_truth"],  # one that is made of digits less
    "uncertainty.shift.uncorrupted": ["digits"],
    "tracking.store": "mlflow/other.db",
    "tracking.experiment": "other",
    "report.title": "Other",
}
ONE_MORE = {"graph": "digits_knn", "graphs": "digits_pixels", "molecules": "motif_screen"}
OWN = ("seeds", "datasets")  # of a panel: they decide which jobs there are; tested one by one


def leaves(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted path and value of everything that is no mapping."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def other(path: str, value: Any) -> Any:
    """A valid value that differs."""
    if path in CHOICES:
        return CHOICES[path]
    if path.startswith("graphs.models.") and path.endswith(".datasets"):
        return [*value, ONE_MORE[catalogue.get(value[0]).kind]]
    if path.startswith("uncertainty.models.") and path.endswith(".datasets"):
        return [*value, "wine" if "digits" in value else "diabetes"]
    if value is None:
        return next(found for found in ("name", 10, 0.5, [1]) if valid(path, found))
    if path.endswith(".seeds_per_job"):
        return 1  # with two seeds: other groups
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value / 2 or 0.1
    if isinstance(value, list):
        return [*value[:-1], other("", value[-1])]
    if isinstance(value, str) and path.count(".") == 3:
        return next(choice for choice in allowed(path) if choice != value)
    raise AssertionError(f"{path}: name another valid value in CHOICES")


def allowed(path: str) -> tuple[str, ...]:
    """The values of a model's parameter that is one of several words."""
    panel, _, name, key = path.split(".")
    kind = TREE[panel]["models"][name].get("model", name)
    return get_args(registry.model_class(panel, kind).Params.model_fields[key].annotation)


def valid(path: str, value: Any) -> bool:
    """Whether a parameter may have the value."""
    try:
        configuration.resolve(with_changes(TREE, (path, value)))
    except UserError:
        return False
    return True


def with_changes(tree: dict[str, Any], *changes: tuple[str, Any]) -> dict[str, Any]:
    """A copy of ``tree`` with other values by dotted path."""
    tree = json.loads(json.dumps(tree))
    for path, value in changes:
        change(tree, path, value)
    return tree


PATHS = [
    path
    for path, _ in leaves(TREE)
    if not (path.split(".")[1] in OWN and path.count(".") == 1)
    and not path.endswith((".model", ".inception_weights"))  # the latter must be there: an input
]


def expected(path: str) -> list[str]:
    """Patterns of the jobs that read a parameter; the table this file is about."""
    head, *rest = path.split(".")
    if path == "data.mirror":
        return []  # only downloaded sets ask it
    if head == "tracking":
        return ["track"]
    if head == "report":
        return ["report"]
    if path == "runtime.device":
        return ["train/*", "extractor/*", "predict/*", "evaluate/*", *COLLECTED]
    if rest[0] == "extractor":
        return ["extractor/*", "evaluate/generative/*", *COLLECTED]
    if rest[0] == "measure":
        return ["evaluate/generative/*", *COLLECTED]
    if rest[0] == "calibration":
        return ["evaluate/uncertainty/*", *COLLECTED]
    if path in ("uncertainty.shift.severities", "uncertainty.shift.constants"):
        return ["shift/*", "predict/*", "evaluate/uncertainty/*", *COLLECTED]
    if rest[0] == "shift":  # tables have no corruptions, and sets of their own
        return [*ON_DIGITS, *COLLECTED]
    assert rest[0] == "models", f"{path}: say which jobs read it"
    _, model, key = rest
    jobs = [f"train/{head}/{model}/*", f"evaluate/{head}/{model}/*", *COLLECTED]
    if head == "uncertainty":
        jobs.append(f"predict/{model}/*")
    if f"{model}.{key}" in AT_EVALUATION:
        return [name for name in jobs if not name.startswith("train/")]
    if key == "datasets":  # one more
        name = other(path, tree_value(path))[-1]
        made = [] if name == "digits_knn" else [f"prepare/{name}", f"split/{name}"]
        if head == "uncertainty":
            made += [f"shift/{name}/*", f"predict/{model}/{name}/*"]
        return [*made, f"*/{head}/{model}/{name}/*", *COLLECTED]
    return jobs


def tree_value(path: str) -> Any:
    """The value at a dotted path of the parameters."""
    return dict(leaves(TREE))[path]


ON_DIGITS = ["shift/digits/*", "predict/*/digits/*", "evaluate/uncertainty/*/digits/*"]
AT_EVALUATION = {
    "vae.importance_samples",
    "ddpm.variance",
    "ddpm.clip",
    "untrained_gcn.depth",
    "untrained_gcn.draws",
    "sampled_gcn.error_budgets",
    "sampled_gcn.error_draws",
    "sampled_gcn.cost_batches",
    "mc_dropout.samples",
}


@pytest.fixture(scope="module")
def project(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Results whose parameters the tests of this file change, and change back."""
    return copy(finished, tmp_path_factory.mktemp("reruns") / "project")


def changed(*paths: str) -> dict[str, Any]:
    """The parameters with other values there; sets of constants know other corruptions."""
    values = dict(leaves(TREE))
    changes = [(path, other(path, values[path])) for path in paths]
    if "uncertainty.shift.constants" in paths:
        changes.append(("uncertainty.shift.kinds", ["contrast", "gaussian_noise"]))
    return with_changes(TREE, *changes)


def swapped() -> dict[str, Any]:
    models = TREE["generative"]["models"]
    vae, gan = models["vae"]["learning_rate"], models["gan"]["learning_rate"]
    assert vae != gan
    return with_changes(
        TREE,
        ("generative.models.vae.learning_rate", gan),
        ("generative.models.gan.learning_rate", vae),
    )


def turned(tree: Any) -> Any:
    """The same values, keys in another order; models keep theirs, it is that of the report."""
    if not isinstance(tree, dict):
        return tree
    return {
        key: {name: turned(entry) for name, entry in tree[key].items()}
        if key == "models"
        else turned(tree[key])
        for key in reversed(tree)
    }


def models(panel: str, without: str = "", **more: Any) -> tuple[str, Any]:
    """The models of a panel, with one less or some more."""
    entries = {name: e for name, e in TREE[panel]["models"].items() if name != without}
    return f"{panel}.models", entries | more


def trained_again(*names: str) -> list[str]:
    """Patterns of the jobs of some generative models."""
    return [f"{verb}/generative/{name}/*" for verb in ("train", "evaluate") for name in names]


VAE = TREE["generative"]["models"]["vae"]
CASES: dict[str, tuple[dict[str, Any], list[str]]] = {  # -> parameters, jobs that run
    "nothing": (TREE, []),
    "two values of two models swapped": (swapped(), [*trained_again("vae", "gan"), *COLLECTED]),
    # The set of values stays, so that Snakemake's own trigger on parameters would not see it.
    "two values of one model swapped": (
        with_changes(TREE, ("generative.models.gan.betas", [0.999, 0.5])),
        [*trained_again("gan"), *COLLECTED],
    ),
    "keys in another order": (turned(TREE), []),
    # Groups of seeds that it does not join stay, and so does the other panel on these images.
    "one more seed": (
        with_changes(TREE, ("generative.seeds", [0, 1, 2])),
        [
            "split/digits",
            "extractor/digits/2",
            "*/generative/*/digits/2",
            "*/generative/pca/digits/0-2",  # these take all seeds in one process
            "*/generative/ppca/digits/0-2",
            *COLLECTED,
        ],
    ),
    "one seed less": (  # nothing is split anew
        with_changes(TREE, ("uncertainty.seeds", [0]), ("graphs.seeds", [1])),
        [
            "*/graphs/*/*/1",
            "*/uncertainty/*/*/0",
            "predict/*/*/0",
            *COLLECTED,
        ],
    ),
    "one model less": (with_changes(TREE, models("generative", without="gan")), [*COLLECTED]),
    "one data set less": (with_changes(TREE, ("graphs.datasets", ["karate"])), [*COLLECTED]),
    "one data set more": (
        with_changes(TREE, ("graphs.datasets", [*TREE["graphs"]["datasets"], "csbm_phi_000"])),
        ["*csbm_phi_000*", *COLLECTED],
    ),
    "a model under a second name": (
        with_changes(TREE, models("generative", wide_vae=VAE | {"model": "vae", "latent": 8})),
        ["*/generative/wide_vae/*", *COLLECTED],
    ),
}


# ---- which parameters change together, because each question costs a second


def owner(path: str) -> str:
    """The model that a parameter belongs to, and no other; "" for those of a panel or of all."""
    parts = path.split(".")
    return ".".join(parts[:3]) if parts[1] == "models" else ""


OWNED = {
    model: [path for path in PATHS if owner(path) == model]
    for model in dict.fromkeys(map(owner, PATHS))
    if model
}
# One parameter of each model at most. As a job runs if any of its inputs changed, what ran because
# of one of them is told by its model, once all of each model together are seen to touch no other's.
ROUNDS = [
    [paths[n] for paths in OWNED.values() if n < len(paths)]
    for n in range(max(map(len, OWNED.values())))
]
TOGETHER = [[path] for path in PATHS if not owner(path)] + ROUNDS + list(OWNED.values())


def round_of(path: str) -> list[str]:
    """The first question that changes a parameter."""
    return next(paths for paths in TOGETHER if path in paths)


def all_expected(paths: Iterable[str]) -> list[str]:
    """Patterns of the jobs that read any of some parameters."""
    return [pattern for path in paths for pattern in expected(path)]


@pytest.fixture(scope="module")
def answers(project: Project) -> dict[str, list[Job]]:
    """The graph of jobs after each change, by its name; at the end all is as before."""
    assert as_yaml(project.params()) == as_yaml(TREE)
    trees = {" ".join(paths): changed(*paths) for paths in TOGETHER}
    trees |= {name: tree for name, (tree, _) in CASES.items()}
    found = project.ask(*({"params": tree} for tree in [*trees.values(), TREE]))
    assert running(found.pop()) == set()
    return dict(zip(trees, found, strict=True))


@pytest.mark.parametrize("path", PATHS)
def test_one_parameter(answers: dict[str, list[Job]], path: str) -> None:
    paths = round_of(path)
    jobs = answers[" ".join(paths)]
    others = matching(jobs, all_expected(other for other in paths if other != path))
    assert running(jobs) - others == matching(jobs, expected(path)) - others
    assert others <= running(jobs)


@pytest.mark.parametrize("model", OWNED)
def test_the_parameters_of_a_model_touch_no_other(
    answers: dict[str, list[Job]], model: str
) -> None:
    jobs = answers[" ".join(OWNED[model])]
    assert running(jobs) == matching(jobs, all_expected(OWNED[model]))


@pytest.mark.parametrize("name", CASES)
def test_another_change(answers: dict[str, list[Job]], name: str) -> None:
    jobs = answers[name]
    assert running(jobs) == matching(jobs, CASES[name][1])


def test_a_dropped_model_has_no_job_left(answers: dict[str, list[Job]]) -> None:
    names = {name_of(job) for job in answers["one model less"] if job["shell"]}
    assert "train/generative/vae/digits/0-1" in names
    assert not [name for name in names if "/gan/" in name]
