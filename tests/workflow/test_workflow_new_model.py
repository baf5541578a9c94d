"""A generative model is one file and one entry; everything else finds it."""

import csv
import re
from collections.abc import Callable

import pytest

from workflow_project import COLLECTED, Project

pytestmark = pytest.mark.workflow

HISTOGRAM = '''
"""Independent pixels: a histogram of levels for each pixel, smoothed by one pseudo-count."""

import torch
from pydantic import Field
from torch import Tensor

from triptych.generative.base import GenerativeModel, Likelihood
from triptych.model import Batch, Meta
from triptych.params import ModelParams


class HistogramParams(ModelParams):
    """Parameters of the histogram."""

    pseudo_count: float = Field(1.0, gt=0, description="Added to the count of every level")


class Entry(GenerativeModel):
    """p(x) = product over pixels of the smoothed frequency of the pixel's level."""

    Params = HistogramParams
    family = "Histogram"
    evaluations_per_sample = 1

    log_p: Tensor

    def __init__(self, params: HistogramParams, meta: Meta) -> None:
        super().__init__(params, meta)
        self.register_buffer("log_p", torch.zeros(self.dimensions, self.levels))

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """Count."""
        levels = torch.arange(self.levels)
        counts = (train["x"].flatten(1)[:, :, None] == levels).sum(0) + self.params.pseudo_count
        self.log_p.copy_((counts / counts.sum(1, keepdim=True)).log())
        return True

    def log_likelihood(self, x: Tensor, rng: torch.Generator) -> Likelihood:
        """Exact."""
        chosen = self.log_p.gather(1, x.flatten(1).long().T)
        return Likelihood(chosen.sum(0), "exact", "independent pixels")

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """Each pixel by itself."""
        drawn = torch.multinomial(self.log_p.exp(), n, replacement=True, generator=rng)
        return drawn.T.reshape(n, *self.shape).to(torch.uint8)

    def sampling_protocol(self) -> str:
        """Ancestral, one draw a pixel."""
        return "independent pixels"
'''


def rows(project: Project, name: str) -> list[dict[str, str]]:
    with (project / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_one_file_and_one_entry(finished: Project, copy_of: Callable[[Project], Project]) -> None:
    project = copy_of(finished)
    (project / "src/triptych/generative/models/histogram.py").write_text(HISTOGRAM)
    project.set(("generative.models.histogram", {"seeds_per_job": 2}))
    before = project.marks()
    project.snakemake()

    jobs = {f"{verb}/generative/histogram/digits/0-1" for verb in ("train", "evaluate")}
    # The identities of a panel run over all of its models, so over this one too.
    assert project.ran_since(before) - {"identities/generative"} == {*jobs, *COLLECTED}

    records = rows(project, "reports/records.csv")
    own = {r["metric"]: r for r in records if r["model"] == "histogram" and r["split"] == "test"}
    assert own["bits_per_dim"]["kind"] == "exact"
    # Independent pixels cost less than uniform ones, log2(17), and more than nothing.
    assert 0.5 < float(own["bits_per_dim"]["value"]) < 4.0875
    assert any(metric.startswith("frechet_distance/") for metric in own)

    compared = [r for r in rows(project, "reports/effects.csv") if r["id"] == "G25"]
    assert compared and all("histogram" in " ".join(r.values()) for r in compared)
    page = (project / "reports/index.html").read_text()
    tables = re.findall(r"<table.*?</table>", page, flags=re.DOTALL)
    trade_off = next(table for table in tables if ">pixelcnn<" in table)
    assert ">histogram<" in trade_off and "Histogram" in trade_off
    assert "histogram" in (project / "reports/generative.html").read_text()

    stages = project.dvc("stage", "list", "--name-only").split()
    assert "generative@histogram" in stages
    assert project.pending() == set()
