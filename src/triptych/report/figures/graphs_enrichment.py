"""Virtual screening: actives found against molecules examined."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from triptych.errors import UserError
from triptych.files import Array, read_arrays
from triptych.metrics.ranking import hits, ideal_hits
from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData
from triptych.report.figure import Figure

FIRST = 100
RARE = 0.2  # a screen looks for the few; sets of balanced classes are no screens
Curve = NDArray[np.float64]


@dataclass(frozen=True)
class Screen:
    """One data set: the share of actives found after k molecules, k = 0 … N, over seeds.

    Attributes:
        models: Model -> (mean, standard deviation), [N + 1] each.
        ideal: Of a ranking with all actives first.
        molecules: N, the mean over seeds.
    """

    models: dict[str, tuple[Curve, Curve]]
    ideal: Curve
    molecules: int


def prepare(data: ReportData) -> dict[str, Screen]:
    """Data set -> curves.

    Test parts differ by a few molecules from seed to seed: curves are cut at the smallest.
    """
    found: dict[str, dict[str, list[Curve]]] = {}
    ideals: dict[str, list[Curve]] = {}
    for model, dataset, seeds, folder in data.folders("graphs", "evaluate"):
        try:
            arrays = read_arrays(folder / "outputs.safetensors")
        except UserError:
            continue
        for seed in seeds:
            pair = _scores(arrays, seed)
            if pair is None:
                continue
            scores, y = pair
            curves = found.setdefault(dataset, {}).setdefault(model, [])
            curves.append(hits(scores, y) / y.sum())
            ideals.setdefault(dataset, []).append(ideal_hits(y) / y.sum())
    if not found:
        raise MissingData("no ranking of molecules with rare actives in the graphs panel")
    return {dataset: _screen(found[dataset], ideals[dataset]) for dataset in sorted(found)}


def _scores(arrays: dict[str, Array], seed: int) -> tuple[Array, Array] | None:
    """Scores and classes of the test part of a seed, where it was a screen."""
    logits, y = arrays.get(f"{seed}/test_logits"), arrays.get(f"{seed}/test_y")
    if logits is None or y is None or len(y) <= FIRST or y.mean() > RARE:
        return None
    return logits[:, 1] - logits[:, 0], y


def _screen(models: dict[str, list[Curve]], ideals: list[Curve]) -> Screen:
    shortest = min(map(len, ideals))
    stacked = {m: np.stack([c[:shortest] for c in curves]) for m, curves in models.items()}
    return Screen(
        {m: (each.mean(axis=0), each.std(axis=0)) for m, each in stacked.items()},
        np.stack([ideal[:shortest] for ideal in ideals]).mean(axis=0),
        round(float(np.mean([len(ideal) - 1 for ideal in ideals]))),
    )


def draw(data: ReportData, canvas: Canvas) -> None:
    """One axes a data set; molecules examined on a logarithmic axis, as budgets are."""
    screens = prepare(data)
    styles = data.styles("graphs")
    axes = plots.axes_grid(canvas, len(screens), height=3.3, extra=0.8)
    for ax, (dataset, screen) in zip(axes, screens.items(), strict=True):
        _draw_screen(ax, screen, styles)
        ax.set_title(f"share of actives found, {dataset}")
    shown = [m for m in data.models("graphs") if any(m in s.models for s in screens.values())]
    handles = [Line2D([], [], color=styles[m].colour, ls=styles[m].line, label=m) for m in shown]
    handles += [
        Line2D([], [], color=style.INK, ls="--", lw=1.2, label="ideal"),
        Line2D([], [], color=style.MUTED, ls=":", lw=1.6, label="chance"),
    ]
    canvas.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 4))


def _draw_screen(ax: Axes, screen: Screen, styles: dict[str, style.Style]) -> None:
    k = np.arange(1, len(screen.ideal))
    ax.axvline(FIRST, color=style.GRID, lw=1.6)
    ax.plot(k, k / screen.molecules, color=style.MUTED, ls=":", lw=1.6)
    ax.plot(k, screen.ideal[1:], color=style.INK, ls="--", lw=1.2)
    for model, (mean, std) in screen.models.items():
        look = styles[model]
        ax.plot(k, mean[1:], color=look.colour, ls=look.line, zorder=3)
        low, high = np.clip(mean - std, 0, 1)[1:], np.clip(mean + std, 0, 1)[1:]
        ax.fill_between(k, low, high, color=look.colour, alpha=0.14, lw=0, zorder=1)
    plots.log_ticks(ax, "x", [t for t in (1, 10, FIRST, 1000, 10_000) if t <= len(k)])
    ax.set_ylim(0, 1.03)
    ax.set_xlabel(f"molecules examined, of {screen.molecules}")


FIGURES = [
    Figure(
        name="graphs_enrichment",
        panel="graphs",
        title="Which molecules to examine first?",
        reading="Higher and further left is better: the share of a held-out part's actives among "
        "the molecules ranked first, where no scaffold of the test part was seen in training. The "
        "upright line stands at 100, the deck's number. Bands are ± one standard deviation over "
        "seeds, which redraw the split.",
        draw=draw,
        claims=("N17",),
        order=60,
    )
]
