"""Colours, markers and typography of every figure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# Okabe and Ito's palette, told apart under all common colour-vision deficiencies. Their black is
# the ink of axes and references here, so no model's; yellow, faint on white, comes last.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#C9B800")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h")  # 11: coprime with 7 colours
LINES = ("-", "--", "-.", ":")

INK = "#1d242b"
MUTED = "#5c6773"
GRID = "#dde2e7"
PAPER = "#ffffff"
BAND = "#eef3f7"
# What each becomes where the reader's screen is dark; the figures' own colours stay.
DARK = {INK: "#e8ecf0", MUTED: "#a3aeb9", GRID: "#39424b", PAPER: "#1b2127", BAND: "#232c34"}

VERDICT_COLOURS = {
    "holds": "#00735c",
    "contradicted": "#b8460e",
    "undecided": "#6b6f76",
    "not measured": "#8a9199",
}

WIDTH = (
    5.6  # inches; at 96 dots per inch a figure of one panel fits beside a phone's margins at 65 %
)


@dataclass(frozen=True)
class Style:
    """How a model looks in every figure."""

    colour: str
    marker: str
    line: str


def styles(models: Iterable[str]) -> dict[str, Style]:
    """Styles in the order of ``models``, so that a model added at the end changes no other.

    Colours and markers cycle with coprime lengths: the first 77 models all differ in the pair.
    """
    return {
        model: Style(
            PALETTE[index % len(PALETTE)],
            MARKERS[index % len(MARKERS)],
            LINES[(index // len(PALETTE)) % len(LINES)],
        )
        for index, model in enumerate(models)
    }


def settings() -> dict[str, Any]:
    """Matplotlib settings of the report; the same input gives the same bytes."""
    return {
        "axes.axisbelow": True,
        "axes.edgecolor": MUTED,
        "axes.facecolor": PAPER,
        "axes.grid": True,
        "axes.labelcolor": INK,
        "axes.labelsize": 10,
        "axes.linewidth": 0.8,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlecolor": INK,
        "axes.titlelocation": "left",
        "axes.titlepad": 7,
        "axes.titlesize": 10.5,
        "errorbar.capsize": 2.5,
        "figure.constrained_layout.h_pad": 0.07,
        "figure.constrained_layout.hspace": 0.06,
        "figure.constrained_layout.use": True,
        "figure.constrained_layout.w_pad": 0.07,
        "figure.constrained_layout.wspace": 0.05,
        "figure.facecolor": PAPER,
        "figure.titlesize": 12.5,
        "figure.titleweight": "bold",
        "font.family": "DejaVu Sans",  # ships with matplotlib: the same text everywhere
        "font.size": 10,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "hatch.linewidth": 1.2,
        "image.cmap": "gray",
        "image.interpolation": "nearest",
        "legend.fontsize": 9.5,
        "legend.frameon": False,
        "legend.handlelength": 1.8,
        "lines.linewidth": 1.8,
        "lines.markeredgecolor": PAPER,
        "lines.markeredgewidth": 0.7,
        "lines.markersize": 7,
        "savefig.facecolor": PAPER,
        "svg.fonttype": "path",
        "svg.hashsalt": "triptych",
        "text.color": INK,
        "xtick.color": MUTED,
        "xtick.labelcolor": INK,
        "xtick.labelsize": 9.5,
        "ytick.color": MUTED,
        "ytick.labelcolor": INK,
        "ytick.labelsize": 9.5,
    }


def columns_for(count: int, most: int = 2) -> tuple[int, int]:
    """(rows, columns) of a grid of ``count`` axes, at most ``most`` side by side, rows alike.

    Example:
        >>> columns_for(4, most=3), columns_for(5, most=3)
        ((2, 2), (2, 3))
    """
    rows = math.ceil(count / most)
    return rows, math.ceil(count / rows)
