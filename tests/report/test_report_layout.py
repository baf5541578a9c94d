"""No text of any figure is cut or lies over another."""

import matplotlib as mpl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from triptych.report import figure, style
from triptych.report.data import ReportData
from triptych.report.forest import forest_figure

ALL = figure.discover()


@pytest.mark.parametrize("name", [f.name for f in ALL])
def test_figure(name, world, layout_problems) -> None:  # type: ignore[no-untyped-def]
    chosen = next(f for f in ALL if f.name == name)
    with figure.drawn(chosen, world.data()) as canvas:
        assert layout_problems(canvas) == []


def test_forest_of_every_measured_claim(world, layout_problems) -> None:  # type: ignore[no-untyped-def]
    data = world.data()
    measured = data.claims[data.claims["verdict"] != "not measured"]
    for claim, panel in sorted(set(zip(measured["id"], measured["panel"], strict=True))):
        with figure.drawn(forest_figure(claim, panel), data) as canvas:
            assert layout_problems(canvas) == [], claim


def test_forest_with_long_labels_one_seed_and_several_units(layout_problems) -> None:  # type: ignore[no-untyped-def]
    import pandas as pd

    line = {
        "id": "G99", "panel": "generative", "dataset": "digits", "kind": "statistical",
        "statement": "s", "effect": 0.5, "low": -float("inf"), "high": float("inf"), "margin": 0.0,
        "unit": "nats", "n_seeds": 1, "verdict": "undecided", "evidence": "",
        "comparison": "a comparison that needs very many words to be told apart from others " * 4,
    }  # fmt: skip
    other = line | {"unit": "fraction", "low": 0.4, "high": 0.6, "n_seeds": 5, "margin": 3.0}
    claims = pd.DataFrame([line, other])
    effects = pd.DataFrame(
        [{k: line[k] for k in ("id", "dataset", "comparison", "unit")} | {"seed": 0, "value": 0.5}]
    )
    data = ReportData(pd.DataFrame(columns=["panel", "model"]), claims=claims, effects=effects)
    with figure.drawn(forest_figure("G99", "generative"), data) as canvas:
        assert layout_problems(canvas) == []
        second = canvas.axes[1]
        assert second.get_xlim()[1] > 3.0  # the margin is in sight although it is far away


def test_the_check_sees_cut_and_overlapping_text(layout_problems) -> None:  # type: ignore[no-untyped-def]
    with mpl.rc_context(style.settings() | {"figure.constrained_layout.use": False}):
        canvas = Canvas(figsize=(3, 2))
        FigureCanvasAgg(canvas)
        ax = canvas.subplots()
        ax.text(0.5, 0.5, "one text", transform=ax.transAxes)
        ax.text(0.5, 0.51, "another", transform=ax.transAxes)
        ax.text(0.9, 0.9, "far too long for this place", transform=ax.transAxes)
        found = layout_problems(canvas)
    assert any("'another' overlaps 'one text'" in problem for problem in found)
    assert any("'far too long for this place' is cut" in problem for problem in found)
