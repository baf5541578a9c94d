"""Two features, so that all of it can be seen: what each method predicts over the plane."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure as Canvas

from triptych.files import Array
from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData
from triptych.report.figure import Figure

COLOURS = "cividis"


@dataclass(frozen=True)
class Surface:
    """What one method says over a plane.

    Attributes:
        values: [S, S], the second feature falling from row to row.
        borders: Least and largest value of the first and of the second feature.
        points: Test points [n, 3]: two features and the class.
    """

    values: Array
    borders: tuple[float, float, float, float]
    points: Array


def prepare(data: ReportData, what: str) -> dict[str, Surface]:
    """Surfaces by model.

    Args:
        data: Data of the report.
        what: "confidence", the largest class probability; or "mutual_information", in nats.
    """
    stored = data.first_outputs("uncertainty")
    found: dict[str, Surface] = {}
    for model in data.models("uncertainty"):
        for (name, _), arrays in stored.items():
            if name != model or "plane" not in arrays:
                continue
            values = arrays["plane"].max(axis=1)
            if what == "mutual_information":
                if "plane_mutual" not in arrays:
                    continue
                values = arrays["plane_mutual"]
            side = round(len(values) ** 0.5)
            left, right, bottom, top = (float(v) for v in arrays["borders"])
            found[model] = Surface(
                values.reshape(side, side), (left, right, bottom, top), arrays["points"]
            )
    if not found:
        raise MissingData("no method was measured on a data set of two features")
    return found


def draw_confidence(data: ReportData, canvas: Canvas) -> None:
    """Largest class probability, from even odds to certainty."""
    _draw(data, canvas, "confidence", 0.5, 1.0, "largest class probability")


def draw_mutual(data: ReportData, canvas: Canvas) -> None:
    """Mutual information of class and member, up to the most there can be."""
    _draw(data, canvas, "mutual_information", 0.0, float(np.log(2)), "mutual information (nats)")


def _draw(data: ReportData, canvas: Canvas, what: str, low: float, high: float, label: str) -> None:
    found = prepare(data, what)
    axes = plots.picture_axes(canvas, len(found), most=4, aspect=1.0)
    canvas.set_figheight(canvas.get_figheight() + 0.55)
    for ax, (model, surface) in zip(axes, found.items(), strict=True):
        image = ax.imshow(
            surface.values, cmap=COLOURS, vmin=low, vmax=high, interpolation="bilinear",
            extent=surface.borders,
        )  # fmt: skip
        for kind, colour in ((0, style.PALETTE[1]), (1, style.PAPER)):
            own = surface.points[surface.points[:, 2] == kind]
            ax.plot(own[:, 0], own[:, 1], "o", ms=2.6, color=colour, mec=style.INK, mew=0.3)
        ax.set_title(model)
        ax.set_axis_off()
    bar = canvas.colorbar(image, ax=axes, location="bottom", shrink=0.6, aspect=30, pad=0.02)
    bar.set_label(label)
    bar.outline.set_visible(False)


FIGURES = [
    Figure(
        name="uncertainty_plane",
        panel="uncertainty",
        title="Confidence over the plane",
        reading="Two classes of points (first seed) and how sure each method is anywhere else. A "
        "method that knows what it does not know turns dark away from the points, not only "
        "between the classes.",
        draw=draw_confidence,
        claims=("U03",),
        order=60,
    ),
    Figure(
        name="uncertainty_plane_members",
        panel="uncertainty",
        title="What the members dispute, over the plane",
        reading="Mutual information of class and member: bright where members disagree, which is "
        "model uncertainty. It should be dark on the points and bright far from them. Methods "
        "without members that count alike have none.",
        draw=draw_mutual,
        claims=("U03", "U16"),
        order=61,
    ),
]
