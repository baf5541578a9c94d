"""How many pairs of graphs each kind of network cannot tell apart."""

import pandas as pd
from matplotlib.figure import Figure as Canvas

from triptych.report import style
from triptych.report.data import ReportData, lines, spread
from triptych.report.figure import Figure

REFINEMENT = "refinement"
AGGREGATORS = {"sum": "sum (GIN)", "mean": "mean", "max": "maximum", "symmetric": "GCN"}
EVERY = 0.3  # inches of one row


def prepare(data: ReportData) -> pd.DataFrame:
    """Columns label, mean, std, pairs, reference; the fewest confused pairs first."""
    rows = data.select("graphs", "confused_pairs", split="all")
    table = spread(rows, ["dataset", "variant"]).assign(pairs=int(rows["n"].max()))
    table = table[table["dataset"] == table["dataset"].iloc[0]]
    table = table.assign(
        label=table["variant"].map(label), reference=table["variant"] == REFINEMENT
    )
    ordered: pd.DataFrame = table.sort_values(["mean", "reference"], ascending=[True, False])
    return ordered


def label(variant: str) -> str:
    """A row's name.

    Example:
        >>> label("sum, mean"), label("refinement")
        ('sum (GIN), then mean', 'colour refinement (1-WL)')
    """
    if variant == REFINEMENT:
        return "colour refinement (1-WL)"
    over, readout = variant.split(", ")
    return f"{AGGREGATORS.get(over, over)}, then {readout}"


def draw(data: ReportData, canvas: Canvas) -> None:
    """Bars on a logarithmic axis, the count beside each."""
    table = prepare(data)
    canvas.set_size_inches(style.WIDTH + 0.6, 1.35 + EVERY * len(table))
    ax = canvas.subplots()
    for position, row in enumerate(lines(table.iloc[::-1])):
        ax.barh(
            position, max(row.mean, 0.5), height=0.62,
            color=style.MUTED if row.reference else style.PALETTE[0],
        )  # fmt: skip
        ax.annotate(
            f"{row.mean:,.0f}", (1.0, position), xycoords=("axes fraction", "data"),
            xytext=(6, 0), textcoords="offset points", va="center", fontsize=9.5,
        )  # fmt: skip
    ax.set_yticks(range(len(table)), list(table["label"])[::-1])
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.set_xscale("log")
    ax.set_xlim(1, float(table["pairs"].max()))
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"pairs of graphs not told apart, of {int(table['pairs'].max()):,}")


FIGURES = [
    Figure(
        name="graphs_expressiveness",
        panel="graphs",
        title="Which graphs look the same to a network?",
        reading="All graphs of one to seven nodes, without features, in networks with random "
        "weights. The first word is the aggregation over neighbours, the second the readout over "
        "nodes. No message passing can do better than colour refinement (grey); with a mean over "
        "both, all graphs look alike.",
        draw=draw,
        claims=("N04",),
        order=60,
    )
]
