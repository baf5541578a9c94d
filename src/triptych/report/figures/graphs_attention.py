"""How far attention departs from counting every neighbour alike."""

import numpy as np
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from triptych.files import Array
from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData
from triptych.report.figure import Figure

PREFIX = "attention_entropy/layer="


def prepare(data: ReportData) -> dict[str, dict[tuple[str, int], Array]]:
    """Data set -> (entry, layer) -> relative entropies of all nodes and heads, flat."""
    found: dict[str, dict[tuple[str, int], Array]] = {}
    for (model, dataset), arrays in data.first_outputs("graphs").items():
        for name, values in arrays.items():
            if name.startswith(PREFIX):
                key = (model, int(name.removeprefix(PREFIX)))
                found.setdefault(dataset, {})[key] = values.ravel()
    if not found:
        raise MissingData("no attention was measured")
    return dict(sorted(found.items()))


def draw(data: ReportData, canvas: Canvas) -> None:
    """Distributions over nodes and heads, one axes per data set."""
    found = prepare(data)
    order = {model: place for place, model in enumerate(data.models("graphs"))}
    styles = data.styles("graphs")
    most = max(len(each) for each in found.values())
    axes = plots.axes_grid(
        canvas, len(found), most=2, height=1.2 + 0.5 * most, width=4.8, extra=0.5
    )
    for ax, (dataset, each) in zip(axes, found.items(), strict=True):
        rows = sorted(each, key=lambda key: (order[key[0]], key[1]))
        low = min(float(values.min()) for values in each.values())
        for place, key in enumerate(reversed(rows)):
            marks = np.quantile(each[key], (0.0, 0.1, 0.5, 0.9))
            look = styles[key[0]]
            ax.plot(marks[[0, 3]], [place] * 2, color=look.colour, lw=1.2)
            ax.plot(marks[[1, 3]], [place] * 2, color=look.colour, lw=5, solid_capstyle="butt")
            ax.plot(marks[2], place, look.marker, color=look.colour, ms=8)
        ax.axvline(1.0, color=style.MUTED, ls=":", lw=1.6)
        ax.set_xlim(min(low, 0.9) - 0.02, 1.012)
        ax.set_ylim(-0.6, len(rows) - 0.4)
        labels = [f"{model}, layer {layer}" for model, layer in reversed(rows)]
        ax.set_yticks(range(len(rows)), labels)
        ax.grid(axis="y", visible=False)
        ax.xaxis.set_major_locator(MaxNLocator(4))
        ax.set_title(dataset)
        ax.set_xlabel("entropy / that of even weights")


FIGURES = [
    Figure(
        name="graphs_attention",
        panel="graphs",
        title="Does attention choose among neighbours?",
        reading="Entropy of each node's attention weights over that of even weights, which the "
        "dotted line marks. The mark is the median over nodes and heads of one seed, the thick "
        "line holds the middle four fifths, the thin one reaches down to the most selective node.",
        draw=draw,
        claims=("N05",),
        order=25,
    )
]
