"""The README's numbers are those of the reference records, its commands those that are tested."""

import runpy
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_results_are_those_of_the_reference():
    script = runpy.run_path(str(ROOT / "workflow/readme-results"))
    expected = script["block"](pd.read_csv(ROOT / "reports/reference/records.csv.gz"))
    assert expected in README, "run workflow/readme-results --write"


@pytest.mark.parametrize(("name", "words"), [("run", "snakemake --cores all"), ("test", "pytest")])
def test_commands_are_found_and_set_up_everything(name, words):
    done = subprocess.run(
        [sys.executable, str(ROOT / "workflow/readme-command"), name],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert words in done.stdout and "-m venv .venv" in done.stdout
    assert "-c constraints.txt" in done.stdout


def test_files_it_names_exist():
    for name in ("CONTRIBUTING.md", "CITATION.cff", "params/paper.yaml", "profiles/slurm"):
        assert name in README and (ROOT / name).exists()
