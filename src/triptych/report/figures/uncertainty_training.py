"""Training curves of the panel."""

from triptych.report.curves import curves_figure

FIGURES = [curves_figure("uncertainty")]
