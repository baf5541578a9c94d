"""Node classifiers that are trained on one graph and asked about another."""

from pydantic import Field

from triptych.graphs.choice import CHOICES, MEANING, Choice
from triptych.graphs.inductive import InductiveClassifier
from triptych.graphs.layer import GraphLayer
from triptych.graphs.network import NetworkParams


class InductiveParams(NetworkParams):
    """A network of one operator."""

    aggregator: Choice = Field("symmetric", description=MEANING)


class Entry(InductiveClassifier):
    """As the transductive networks, layer by layer."""

    Params = InductiveParams
    family = "convolutional"

    def operator(self) -> type[GraphLayer]:
        """The aggregator of ``params.yaml``."""
        return CHOICES[self.params.aggregator]
