"""What the models draw, and the training image nearest to each drawing."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure as Canvas

from triptych.files import Array
from triptych.report import plots
from triptych.report.data import MissingData, ReportData
from triptych.report.figure import Figure

COLUMNS, ROWS, PAIRS = 6, 4, 6
Outputs = dict[tuple[str, str], dict[str, Array]]


def prepare(data: ReportData) -> Outputs:
    """(model, data set) -> arrays, for the models that draw images, in the order of the plan."""
    outputs = data.first_outputs("generative")
    found = {k: v for k, v in outputs.items() if {"samples", "neighbours"} <= v.keys()}
    if not found:
        raise MissingData("no model of the generative panel has drawn samples")
    return found


def levels(arrays: Sequence[dict[str, Array]]) -> float:
    """The level that is shown as white: the brightest pixel of any training image shown."""
    return float(max(max(int(a["neighbours"].max()) for a in arrays), 1))


def draw_samples(data: ReportData, canvas: Canvas) -> None:
    """A block of samples per model, from its first seed."""
    found = prepare(data)
    tops = {d: levels([v for (_, e), v in found.items() if e == d]) for _, d in found}
    axes = plots.picture_axes(canvas, len(found), most=3, aspect=ROWS / COLUMNS)
    for ax, ((model, dataset), arrays) in zip(axes, found.items(), strict=True):
        chosen = arrays["samples"][: COLUMNS * ROWS]
        picture = plots.montage(chosen, COLUMNS, tops[dataset])
        plots.show_picture(ax, picture, model if len(tops) == 1 else f"{model}, {dataset}")


def draw_neighbours(data: ReportData, canvas: Canvas) -> None:
    """Samples above, nearest training images below, per model."""
    found = prepare(data)
    tops = {d: levels([v for (_, e), v in found.items() if e == d]) for _, d in found}
    axes = plots.picture_axes(canvas, len(found), most=3, aspect=2 / PAIRS)
    for ax, ((model, dataset), arrays) in zip(axes, found.items(), strict=True):
        pairs = np.concatenate([arrays["samples"][:PAIRS], arrays["neighbours"][:PAIRS]])
        picture = plots.montage(pairs, PAIRS, tops[dataset])
        plots.show_picture(ax, picture, model if len(tops) == 1 else f"{model}, {dataset}")


FIGURES = [
    Figure(
        name="generative_samples",
        panel="generative",
        title="Samples of every model",
        reading="The first images that each model drew with its first seed, not chosen by hand.",
        draw=draw_samples,
        claims=("G25",),
        order=10,
    ),
    Figure(
        name="generative_neighbours",
        panel="generative",
        title="Samples and their nearest neighbours",
        reading="Above a sample, below the training image nearest to it. A model that copies "
        "would show equal rows.",
        draw=draw_neighbours,
        claims=("G25",),
        order=70,
    ),
]
