"""Rounds of several updates, the choice of the optimiser, and curves beside the losses."""

import pytest
import torch
from torch import nn

from triptych.model import Trainable
from triptych.params import TrainingParams
from triptych.report import curves
from triptych.report.data import ReportData
from triptych.training import Loop, fit

CPU = torch.device("cpu")
DATA = {"x": torch.ones(4, 1)}


class Game(Trainable):
    """Two players; the first moves twice a round, with losses 1 and 3 that it cannot change."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(()))

    def parameter_groups(self):
        return {"first": [{"params": [self.first]}], "second": [{"params": [self.second]}]}

    def objectives(self, batch, rng):
        yield "first", 0 * self.first + 1
        yield "first", 0 * self.first + 3
        yield "second", (self.second - 1).square()

    def validation_loss(self, batch, rng):
        return (self.second - 1).square()

    def diagnostics(self, batch, rng):
        assert not self.training and not torch.is_grad_enabled()
        return {"second": float(self.second)}


def settings(**values):
    return TrainingParams(**{"steps": 4, "validate_every": 2, "learning_rate": 0.1, **values})


def run(**values):
    return fit(Game(), DATA, DATA, settings(**values), seed=("rounds",), device=CPU)


def test_a_training_curve_is_the_mean_over_updates_not_their_sum():
    points = [p.value for p in run().curves if p.metric == "first_loss"]
    assert points == [2.0, 2.0]


def test_diagnostics_are_curves_of_the_state_in_training():
    """Even where averaged weights are validated: the average lags behind the state."""
    found = run(ema=0.999).curves
    second = [p for p in found if p.metric == "second"]
    assert [(p.step, p.split) for p in second] == [(2, "validation"), (4, "validation")]
    loss = [p.value for p in found if p.split == "validation" and p.metric == "loss"]
    assert all((p.value - 1) ** 2 < value for p, value in zip(second, loss, strict=True))


@pytest.mark.parametrize(
    ("name", "rule"), [("adam", torch.optim.Adam), ("rmsprop", torch.optim.RMSprop)]
)
def test_the_optimiser_is_the_one_asked_for_with_its_settings(name, rule):
    loop = Loop(Game(), settings(optimiser=name, weight_decay=0.25), CPU, ("rule",))
    for optimiser in loop.optimisers.values():
        assert isinstance(optimiser, rule)
        assert optimiser.param_groups[0]["lr"] == 0.1
        assert optimiser.param_groups[0]["weight_decay"] == 0.25


def test_rmsprop_takes_its_first_step_as_written_down():
    """v = (1 − 0.99) g², Δ = −lr g / (√v + 1e-8): a first step of lr / √0.01 = 10 lr."""
    model = Game()
    fit(model, DATA, DATA, settings(optimiser="rmsprop", steps=1), seed=("r",), device=CPU)
    assert float(model.second.detach()) == pytest.approx(1.0, rel=1e-6)  # g = −2 at 0


def test_figure_of_training_curves_shows_losses_alone():
    import pandas as pd

    rows = [
        {
            "panel": "generative", "model": "gan", "dataset": "digits", "step": step,
            "split": "validation", "metric": metric, "value": 1.0, "std": 0.0, "n": 1,
        }
        for step in (1, 2)
        for metric in ("loss", "generator_loss", "mean_d_of_fake")
    ]  # fmt: skip
    data = ReportData(pd.DataFrame({"panel": [], "model": []}), curves=pd.DataFrame(rows))
    ((_, _, table),) = curves.prepare(
        ReportData(data.records, curves=data.curves, jobs=("generative/gan/digits/0",)),
        "generative",
    )
    assert set(table["metric"]) == {"loss", "generator_loss"}
