"""Node regression with any operator."""

from pydantic import Field

from triptych.graphs.choice import CHOICES, MEANING, Choice
from triptych.graphs.layer import GraphLayer
from triptych.graphs.network import NetworkParams
from triptych.graphs.regression import NodeRegressor


class RegressorParams(NetworkParams):
    """A network of one operator."""

    aggregator: Choice = Field("symmetric", description=MEANING)


class Entry(NodeRegressor):
    """H' = σ(Â H W), the last layer one number wide."""

    Params = RegressorParams
    family = "convolutional"

    def operator(self) -> type[GraphLayer]:
        """The aggregator of ``params.yaml``."""
        return CHOICES[self.params.aggregator]
