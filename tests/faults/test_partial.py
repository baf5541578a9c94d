"""A job fails: the others go on, and a report says what is missing and why."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from triptych import partial
from workflow_project import Project, copy

pytestmark = pytest.mark.workflow

Copy = Callable[[Project], Project]
BROKEN = "generative/vae/digits/0-1"


@pytest.fixture(scope="module")
def broken(
    computed: Project, tmp_path_factory: pytest.TempPathFactory, braved: Callable[..., None]
) -> tuple[Project, str]:
    """All results, but for a model whose code has since come to fail; and what Snakemake said."""
    project = copy(computed, tmp_path_factory.mktemp("broken") / "project")
    project.edit(
        "src/triptych/generative/models/vae.py",
        "\n\nfrom triptych.errors import UserError\n\n\n"
        "def _fail(self):\n    raise UserError('the encoder fell off')\n\n\n"
        "Entry.parameter_groups = _fail\n",
    )
    project.set(("generative.models.ppca.latent", 3))  # has to be made anew, and can be
    said = project.run("snakemake", "--cores", "2", fails=True)
    braved("faults injected", 1)
    return project, said


def test_the_other_jobs_go_on(broken: tuple[Project, str]) -> None:
    project, _ = broken
    made = project.json("results/generative/ppca/digits/0-1/evaluate/run.json")
    assert made["conf"]["values"]["model"] == "ppca"
    trained = project.json("results/generative/ppca/digits/0-1/train/run.json")
    assert trained["conf"]["values"]["params"]["latent"] == 3


def test_the_report_names_the_job_the_reason_and_the_log(broken: tuple[Project, str]) -> None:
    project, said = broken
    assert "1 jobs are missing: reports/partial/index.html names them" in said
    page = (project / "reports/partial/index.html").read_text()
    for words in (BROKEN, "the encoder fell off", f"logs/train/{BROKEN}.log"):
        assert words in page
    text = (project / "reports/partial/report.md").read_text()
    assert "the encoder fell off" in text


def test_old_numbers_of_the_failed_job_are_not_shown(broken: tuple[Project, str]) -> None:
    project, _ = broken
    old = project / "results" / BROKEN / "evaluate/records.csv"
    assert old.exists()  # left by the run before: nothing removes it until it is made again
    rows = pd.read_csv(project / "reports/partial/records.csv")
    assert "vae" not in set(rows["model"]) and "ppca" in set(rows["model"])


def test_claims_that_need_it_are_not_measured(broken: tuple[Project, str]) -> None:
    project, _ = broken
    whole = pd.read_csv(project / "reports/claims.csv").set_index("id")["verdict"]
    rest = pd.read_csv(project / "reports/partial/claims.csv").set_index("id")["verdict"]
    assert set(rest.index) == set(whole.index)  # none is silently absent
    lost = {
        name
        for name in rest.index.unique()
        if (rest[[name]] == "not measured").all() and not (whole[[name]] == "not measured").all()
    }
    assert lost


def test_every_row_of_a_claim_that_lost_some_says_so(broken: tuple[Project, str]) -> None:
    project, _ = broken
    keys = ["id", "dataset", "comparison", "unit"]
    tables = [
        pd.read_csv(project / f"reports/{name}claims.csv", keep_default_na=False)
        for name in ("", "partial/")
    ]
    assert "partly" not in tables[0]
    whole, rest = (table[table["verdict"] != "not measured"] for table in tables)
    both = whole[keys].merge(rest[[*keys, "partly"]], "outer", keys, indicator="where")
    thinner = set(both[both["where"] == "left_only"]["id"])
    assert len(thinner & set(rest["id"])) > 3
    for name, said in zip(rest["id"], rest["partly"], strict=True):
        assert name not in thinner or ("without" in said and "vae on digits" in said), name
    # No other job is missing, so that the other panels have all their rows.
    assert not rest[(rest["panel"] != "generative") & (rest["partly"] != "")].size
    page = (project / "reports/partial/generative.html").read_text()
    assert "comparisons, without those of vae on digits" in page


def test_once_it_is_mended_the_whole_report_replaces_it(broken: tuple[Project, str]) -> None:
    project, _ = broken
    (project / "src/triptych/generative/models/vae.py").write_text(
        (Path(partial.__file__).parent / "generative/models/vae.py").read_text()
    )
    project.snakemake()
    assert not (project / "reports/partial").exists()
    rows = pd.read_csv(project / "reports/records.csv")
    assert {"vae", "ppca"} <= set(rows["model"])


def test_without_anything_missing_nothing_is_made(
    computed: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(computed.folder)
    assert partial.run(Path("conf"), tmp_path / "partial") == 0
    assert not (tmp_path / "partial").exists()
