"""Which jobs rerun when a source file changes: those that import it, and no data for others."""

import pytest

from workflow_project import COLLECTED, Job, Project, copy, matching, name_of, running

pytestmark = pytest.mark.workflow

ON_DIGITS = ["shift/digits/*", "predict/*/digits/*", "evaluate/uncertainty/*/digits/*"]
EVALUATIONS = ["evaluate/*", *COLLECTED]
EDITS = {
    "training.py": (["train/*", "extractor/*", "predict/*", *EVALUATIONS], ["identities/*"]),
    "data/dealing.py": (  # how parts are cut: what was trained on them is out of date at once
        ["split/*", "train/*", "extractor/*", "shift/*", "predict/*", *EVALUATIONS],
        ["identities/*"],
    ),
    "generative/models/vae.py": (
        [
            "train/generative/vae/*",
            "evaluate/generative/vae/*",
            "identities/generative",  # checked with it
            *COLLECTED,
        ],
        [],
    ),
    "metrics/frechet.py": (["evaluate/generative/*", *COLLECTED], ["identities/*"]),
    "graphs/operators/mean.py": (
        ["train/graphs/gcn/*", "evaluate/graphs/gcn/*", "identities/graphs", *COLLECTED],
        ["train/graphs/*", "evaluate/graphs/*"],
    ),
    "uncertainty/models/mc_dropout.py": (
        ["*/uncertainty/mc_dropout/*", "predict/mc_dropout/*", *COLLECTED],
        ["identities/uncertainty"],
    ),
    "data/corruptions/kinds/rotate.py": ([*ON_DIGITS, *COLLECTED], []),
    "data/shifts/sets/strokes.py": (
        ["shift/digits/*", "predict/*/digits/*", "evaluate/uncertainty/*/digits/*", *COLLECTED],
        [],
    ),
    "data/shifts/sets/known_truth.py": (
        [
            "shift/heteroscedastic/*",
            "predict/*/heteroscedastic/*",
            "evaluate/uncertainty/*/heteroscedastic/*",
            *COLLECTED,
        ],
        [],
    ),
    "data/corruptions/kinds/shear.py": ([], []),  # not among the kinds of this scale
    "report/style.py": (["report"], []),
    "report/templates/style.css": (["report"], []),
    "claims/unmeasured.yaml": (["claims", "report"], []),
    "tracking.py": (["track"], []),
    "collect.py": (["collect", "claims", "report"], []),
    "cli.py": ([], []),
    "verbs.py": ([], []),
    "verify.py": ([], []),
}


@pytest.fixture(scope="module")
def project(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Results whose code the tests of this file change, and change back."""
    return copy(finished, tmp_path_factory.mktemp("sources") / "project")


@pytest.fixture(scope="module")
def after_edits(project: Project) -> dict[str, list[Job]]:
    """The graph of jobs while each single file has one line more."""
    answers = project.ask(*({"edit": f"src/triptych/{name}"} for name in EDITS))
    return dict(zip(EDITS, answers, strict=True))


@pytest.mark.parametrize("name", EDITS)
def test_one_source_file(after_edits: dict[str, list[Job]], name: str) -> None:
    """Exactly the jobs that import it, directly or not, and what reads their results.

    The second list names jobs that may run too: whether the identities of a panel use a module is
    theirs to decide.
    """
    jobs = after_edits[name]
    must, may = EDITS[name]
    found = running(jobs)
    assert matching(jobs, must) <= found
    assert found <= matching(jobs, [*must, *may])


def test_an_edit_taken_back_leaves_nothing_to_do(project: Project) -> None:
    assert project.pending() == set()


def test_training_code_is_not_an_input_of_the_data(project: Project) -> None:
    """The loop is edited often; data sets are not prepared and cut anew for it."""
    jobs = project.jobs()
    for verb in ("prepare", "split", "shift"):
        data = [job for job in jobs if job["shell"] and name_of(job).startswith(f"{verb}/")]
        assert data
        for job in data:
            assert not [n for n in job["input"] if n.endswith(("/training.py", "/model.py"))], job
