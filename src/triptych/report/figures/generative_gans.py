"""The adversarial games: what they draw, their gradients, the modes that they reach."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from triptych.files import Array
from triptych.metrics.modes import grid_centres
from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, lines, spread
from triptych.report.figure import Figure
from triptych.report.figures.generative_samples import levels
from triptych.report.numbers import significant

COLUMNS, ROWS = 6, 4
OBJECTIVES = {
    "−log D (non-saturating)": (2, style.PALETTE[0], "o"),
    "log(1 − D) (minimax)": (3, style.PALETTE[1], "s"),
}
Outputs = dict[tuple[str, str], dict[str, Array]]


def prepare_samples(data: ReportData) -> Outputs:
    """(model, data set) -> arrays, for the models of the GAN family."""
    families = data.select("generative", "family", split="train", protocol="GAN")
    gans = set(families["model"].astype(str))
    found = _with(data, "samples", "neighbours")
    found = {key: arrays for key, arrays in found.items() if key[0] in gans}
    if not found:
        raise MissingData("no adversarial model has drawn samples")
    return found


def draw_samples(data: ReportData, canvas: Canvas) -> None:
    """A block per model, its Fréchet distance above it."""
    found = prepare_samples(data)
    rows = data.select("generative", "frechet_distance")
    table = spread(rows[rows["variant"].str.startswith("cnn")], ["dataset", "model"])
    distances = {(str(r.model), str(r.dataset)): r.mean for r in lines(table)}
    tops = {d: levels([v for (_, e), v in found.items() if e == d]) for _, d in found}
    axes = plots.picture_axes(canvas, len(found), most=3, aspect=ROWS / COLUMNS)
    for ax, ((model, dataset), arrays) in zip(axes, found.items(), strict=True):
        picture = plots.montage(arrays["samples"][: COLUMNS * ROWS], COLUMNS, tops[dataset])
        name = model if len(tops) == 1 else f"{model}, {dataset}"
        distance = distances.get((model, dataset))
        plots.show_picture(
            ax, picture, name if distance is None else f"{name}: {significant(distance, 3)}"
        )


def prepare_gradients(data: ReportData) -> Outputs:
    """(model, data set) -> arrays with ``gradient_curve`` [T, 4]."""
    found = _with(data, "gradient_curve")
    if not found:
        raise MissingData("no training recorded gradient norms of a generator")
    return found


def draw_gradients(data: ReportData, canvas: Canvas) -> None:
    """One axes per training; both objectives at the same states."""
    found = prepare_gradients(data)
    axes = plots.axes_grid(canvas, len(found), most=3, height=2.7, width=3.6, extra=0.8)
    several = len({dataset for _, dataset in found}) > 1
    for ax, ((model, dataset), arrays) in zip(axes, found.items(), strict=True):
        curve = arrays["gradient_curve"]
        for column, colour, marker in OBJECTIVES.values():
            ax.plot(curve[:, 1], curve[:, column], marker, color=colour, ms=4, mew=0.3, alpha=0.8)
        plots.log_axis(ax, "x")
        plots.log_axis(ax, "y")
        ax.set_xlabel("mean D(G(z))")
        ax.set_title(plots.heading(f"gradient norm, {model}", dataset, several))
    handles = [
        Line2D([], [], color=colour, marker=marker, ls="", label=label)
        for label, (_, colour, marker) in OBJECTIVES.items()
    ]
    canvas.legend(handles=handles, loc="outside lower center", ncols=2)


def prepare_modes(data: ReportData) -> Outputs:
    """(model, data set) -> arrays with ``grid_points`` [n, 2]; one data set, it plays no part."""
    found = _with(data, "grid_points")
    if not found:
        raise MissingData("no adversarial objective was trained on the grid of Gaussians")
    first = next(iter(found))[1]
    return {key: arrays for key, arrays in found.items() if key[1] == first}


def draw_modes(data: ReportData, canvas: Canvas) -> None:
    """Points of the generator over the centres of the modes."""
    found = prepare_modes(data)
    styles = data.styles("generative")
    table = spread(data.select("generative", "modes_covered", split="all"), ["dataset", "model"])
    counts = {(str(r.model), str(r.dataset)): r.mean for r in lines(table)}
    axes = plots.picture_axes(canvas, len(found), most=3, aspect=1.0)
    for ax, (key, arrays) in zip(axes, found.items(), strict=True):
        _modes(ax, arrays["grid_points"], styles[key[0]].colour)
        count = f": {counts[key]:.3g} of 25" if key in counts else ""
        ax.set_title(f"{key[0]}{count}", fontsize=10)


def _modes(ax: Axes, points: Array, colour: str) -> None:
    centres = grid_centres()
    across, up = centres.T
    ax.scatter(
        across,
        up,
        s=70,
        facecolors="none",
        edgecolors=style.MUTED,
        linewidths=0.8,
    )
    ax.scatter(points[:, 0], points[:, 1], s=2.5, color=colour, alpha=0.5, linewidths=0, zorder=3)
    edge = float(np.abs(centres).max()) * 1.2
    ax.set_xlim(-edge, edge)
    ax.set_ylim(-edge, edge)
    ax.set_aspect("equal")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)


def _with(data: ReportData, *names: str) -> Outputs:
    outputs = data.first_outputs("generative")
    return {key: arrays for key, arrays in outputs.items() if set(names) <= arrays.keys()}


FIGURES = [
    Figure(
        name="generative_gan_samples",
        panel="generative",
        title="Samples of the adversarial models",
        reading="The first images that each model drew with its first seed, and the mean Fréchet "
        "distance over seeds (lower is better). All but dcgan have "
        "generators of one shape, and discriminators of one shape but began's, an autoencoder.",
        draw=draw_samples,
        claims=("G15", "G16"),
        order=72,
    ),
    Figure(
        name="generative_gradients",
        panel="generative",
        title="The generator's gradient where its samples are seen through",
        reading="Each mark is a state of the training; both objectives are evaluated at the same "
        "weights. To the left, where D finds the samples fake, the minimax objective falls below "
        "the other: its slope there is D / (1 − D) times as steep.",
        draw=draw_gradients,
        claims=("G14",),
        order=74,
    ),
    Figure(
        name="generative_modes",
        panel="generative",
        title="Which of 25 modes a game reaches",
        reading="Points drawn by generators that were trained with each objective on a grid of 25 "
        "narrow Gaussians (rings mark the centres); the number is the mean over seeds of modes "
        "reached.",
        draw=draw_modes,
        claims=("G16",),
        order=76,
    ),
]
