"""Whether the texts of a figure can be read: none cut, none over another."""

from matplotlib.figure import Figure as Canvas
from matplotlib.text import Text


def _texts(canvas: Canvas) -> list[Text]:
    """Every text that a reader sees, tick labels outside the view left out."""
    found = [*canvas.texts]  # the figure's title included
    legends = [*canvas.legends]
    for ax in canvas.axes:
        if not ax.axison:
            found.append(ax.title if ax.title.get_text() else ax._left_title)  # type: ignore[attr-defined]
            continue
        found += [ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label, *ax.texts]  # type: ignore[attr-defined]
        legends += [ax.get_legend()] if ax.get_legend() else []
        for axis, limits in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
            low, high = sorted(limits)
            for tick in axis.get_major_ticks():
                if low <= tick.get_loc() <= high and tick.label1.get_visible():
                    found.append(tick.label1)
    found += [text for legend in legends for text in legend.get_texts()]
    return [t for t in found if t.get_visible() and t.get_text().strip()]


def layout_problems(canvas: Canvas) -> list[str]:
    """Texts that leave the figure or overlap another one; boxes may touch by a pixel."""
    canvas.draw_without_rendering()
    renderer = canvas.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes = [(t.get_text(), t.get_window_extent(renderer).padded(-1)) for t in _texts(canvas)]
    inside = canvas.bbox
    problems = [
        f"{text!r} is cut"
        for text, box in boxes
        if box.x0 < inside.x0 or box.y0 < inside.y0 or box.x1 > inside.x1 or box.y1 > inside.y1
    ]
    for index, (text, box) in enumerate(boxes):
        problems += [
            f"{text!r} overlaps {other!r}"
            for other, second in boxes[:index]
            if box.overlaps(second)
        ]
    return problems
