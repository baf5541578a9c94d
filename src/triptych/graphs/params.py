"""What the graph panel lets a person set besides its models."""

from triptych.params import PanelParams


class GraphParams(PanelParams):
    """Panel two."""
