"""A picture of the report: its name, how to read it, how to draw it, how to save it."""

import base64
import importlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas

from triptych.errors import UserError
from triptych.files import write_bytes, write_text
from triptych.report import style
from triptych.report.data import MissingData, ReportData

FOLDER = Path(__file__).parent / "figures"
Draw = Callable[[ReportData, Canvas], None]


@dataclass(frozen=True)
class Figure:
    """One picture, drawn from the report's data alone.

    Attributes:
        name: Stem of its files, unique over the report.
        panel: Page it stands on.
        title: Heading inside the picture.
        reading: One plain sentence: what to look for.
        draw: Fills an empty canvas; raises :class:`MissingData` where numbers are lacking. It adds
            no title and may change the canvas's size.
        claims: Ids of the claims it is evidence for.
        size: Width and height in inches before ``draw``.
        order: Place on the page; pictures of equal order come by name.
    """

    name: str
    panel: str
    title: str
    reading: str
    draw: Draw
    claims: tuple[str, ...] = ()
    size: tuple[float, float] = (style.WIDTH, 3.6)
    order: int = 50


@dataclass(frozen=True)
class Drawn:
    """A figure as it stands on a page; without a picture where data lacks, ``note`` says which."""

    figure: Figure
    svg: str = ""
    width: int = 0
    note: str = ""

    @property
    def uri(self) -> str:
        """The picture as a data address that follows the screen's light or dark scheme."""
        return data_uri(self.svg)


def modules() -> list[str]:
    """Dotted modules of all figure files."""
    stems = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
    return [f"triptych.report.figures.{stem}" for stem in stems]


def discover() -> list[Figure]:
    """Every figure of ``report/figures``, in the order of the pages.

    Raises:
        UserError: A file defines no ``FIGURES``, or two figures share a name.
    """
    found: list[Figure] = []
    for module in modules():
        figures = getattr(importlib.import_module(module), "FIGURES", None)
        if not isinstance(figures, list) or not all(isinstance(f, Figure) for f in figures):
            raise UserError(f"{module}: expected a list FIGURES of Figure, found {figures!r}")
        found += figures
    names = [figure.name for figure in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"report/figures: expected unique names, found {', '.join(twice)} twice")
    return sorted(found, key=lambda figure: (figure.panel, figure.order, figure.name))


@contextmanager
def drawn(figure: Figure, data: ReportData) -> Iterator[Canvas]:
    """The canvas of a figure, under the report's style.

    Raises:
        MissingData: The data does not hold what the figure shows.
    """
    with mpl.rc_context(style.settings()):  # type: ignore[arg-type]
        canvas = Canvas(figsize=figure.size)
        FigureCanvasAgg(canvas)
        figure.draw(data, canvas)
        canvas.suptitle(figure.title, x=0.012, ha="left")
        layout = canvas.get_layout_engine()
        assert layout is not None
        layout.execute(canvas)
        canvas.set_layout_engine("none")  # placed once: both files agree, and neither pays again
        yield canvas


def render(figure: Figure, data: ReportData, folder: Path, dpi: int) -> Drawn:
    """Draw a figure to ``folder/<name>.svg`` and ``.png`` and return it for a page.

    Where data is missing, files of an earlier run are removed, so that no page links to them.
    """
    svg_file, png_file = folder / f"{figure.name}.svg", folder / f"{figure.name}.png"
    try:
        with drawn(figure, data) as canvas:
            svg, png = to_svg(canvas), to_png(canvas, dpi)
            width = round(canvas.get_figwidth() * 96)
    except MissingData as missing:
        svg_file.unlink(missing_ok=True)
        png_file.unlink(missing_ok=True)
        return Drawn(figure, note=str(missing))
    write_text(svg_file, svg)
    write_bytes(png_file, png)
    return Drawn(figure, svg, width)


def to_svg(canvas: Canvas) -> str:
    """SVG text without date, equal for equal figures.

    (The printers are called directly: ``savefig`` would draw everything once more for the layout.)
    """
    stream = io.StringIO()
    FigureCanvasSVG(canvas).print_svg(  # type: ignore[no-untyped-call]
        stream, metadata={"Date": None, "Creator": None}
    )
    return stream.getvalue()


def to_png(canvas: Canvas, dpi: int) -> bytes:
    """PNG bytes."""
    stream = io.BytesIO()
    canvas.set_dpi(dpi)
    FigureCanvasAgg(canvas).print_png(  # type: ignore[no-untyped-call]
        stream, metadata={"Software": None}
    )
    return stream.getvalue()


def data_uri(svg: str) -> str:
    """An SVG as a data address, with a style sheet that answers to a dark screen."""
    rules = "".join(
        f'[style*="{name}: {light}"]{{{name}:{dark}!important}}'
        for light, dark in style.DARK.items()
        for name in ("fill", "stroke")
    )
    sheet = f"<style>@media screen and (prefers-color-scheme: dark){{{rules}}}</style>"
    head, tag, rest = svg.partition("<defs>")
    content = f"{head}{sheet}{tag}{rest}"
    return "data:image/svg+xml;base64," + base64.b64encode(content.encode()).decode()
