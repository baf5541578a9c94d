"""The graph autoencoder of Kipf and Welling, "Variational Graph Auto-Encoders" (2016)."""

from triptych.graphs.link_prediction import LinkPredictor


class Entry(LinkPredictor):
    """Z = Â ReLU(Â X W₀) W₁, P(i ~ j) = σ(z_i · z_j) (https://arxiv.org/abs/1611.07308)."""

    family = "graph autoencoder"
