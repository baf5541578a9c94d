"""SNGP (Liu et al. 2020): a network aware of distance, its last layer a Gaussian process."""

import math
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from triptych.model import Batch, Trainable
from triptych.params import at_evaluation
from triptych.uncertainty import draws, spectral
from triptych.uncertainty.base import Method, MethodParams, in_passes
from triptych.uncertainty.cost import multiply_adds
from triptych.uncertainty.random_features import GaussianProcess, mean_field


class SngpParams(MethodParams):
    """The bound on the layers and the Gaussian process on top.

    On the validation parts of the digits the NLL is level for length scales from 0.5 to 2 and rises
    beyond. The bound is the largest of those tried that holds any layer back, as without one there
    is nothing to keep distances.
    """

    bound: float = Field(3.0, gt=0, description="Largest singular value that a layer may have")
    features: int = Field(256, ge=1, le=8192, description="Random features M")
    lengthscale: float = Field(2.0, gt=0, description="ℓ of the Gaussian kernel")
    ridge: float = Field(1.0, gt=0, description="Precision of the prior over the last weights")
    weights: Literal["unit", "curvature"] = Field(
        "unit",
        description="What a training image adds to the precision: 1, or the largest p (1 − p) of "
        "its classes (Laplace)",
    )
    samples: int = at_evaluation(
        10, ge=0, le=1000, description="Draws from the posterior; 0: mean-field logits instead"
    )


class GaussianProcessNetwork(Trainable):
    """The panel's network with bounded layers, its last layer a Gaussian process."""

    def __init__(self, body: nn.Sequential, process: GaussianProcess, rate: float) -> None:
        super().__init__()
        self.body, self.process, self.rate = body, process, rate

    def forward(self, x: Tensor) -> Tensor:
        """Mean logits [N, K]."""
        logits: Tensor = self.process(self.body(x))
        return logits

    def parameter_groups(self) -> dict[str, list[dict[str, Any]]]:
        """The last weights with a step size of their own."""
        return {
            "model": [
                {"params": list(self.body.parameters())},
                {"params": list(self.process.parameters()), "lr": self.rate},
            ]
        }

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Mean cross-entropy of the mean logits, in nats."""
        return functional.cross_entropy(self(batch["x"]), batch["y"])


class Entry(Method):
    r"""Distance-preserving layers below a Gaussian process.

    .. math:: z_k = \Phi(h(x))^T \beta_k, \quad \beta_k \sim N(\hat\beta_k, \Lambda^{-1})

    Away from the training images the features Φ turn in directions that Λ knows nothing of, and the
    logits' variance rises to the prior's. The bound keeps the layers from stretching distances
    arbitrarily; that they do not shrink them either takes residual connections, which the network
    that all methods share does not have.
    """

    Params = SngpParams
    family = "SNGP"

    def __init__(self, params: SngpParams, meta: dict[str, Any]) -> None:
        super().__init__(params, meta)
        network = self.network()
        layers = [*network.trunk, *network.head][:-1]
        size = tuple(meta["shape"][:2]) if "shape" in meta else ()
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                spectral.bound_layer(layer, params.bound, size)
            elif isinstance(layer, nn.Linear):
                spectral.bound_layer(layer, params.bound)
            elif isinstance(layer, nn.MaxPool2d):
                size = tuple(side // 2 for side in size)
        last = network.head[-1]
        assert isinstance(last, nn.Linear)
        process = GaussianProcess(
            last.in_features, last.out_features, params.features, params.lengthscale, params.ridge
        )
        # Features are of size √(2/M): the weights that make logits of them are larger accordingly.
        rate = params.learning_rate * math.sqrt(params.features / 2)
        self.member = GaussianProcessNetwork(nn.Sequential(*layers), process, rate)
        self._kept = draws.Kept[Tensor]()

    def trainables(self) -> dict[str, Trainable]:
        """The network; random features and precision are not trained."""
        return {"model": self.member}

    def complete(self, train: Batch, validation: Batch) -> None:
        """Settle the bounds, then pass once over the training images for the precision."""
        spectral.settle(self.member)
        self.member.eval()
        h, process = in_passes(self.member.body, train["x"]), self.member.process
        p = torch.softmax(process(h), dim=1)
        curvature = (p * (1 - p)).amax(dim=1)
        process.condition(h, curvature if self.params.weights == "curvature" else None)

    @property
    def evaluations_per_prediction(self) -> int:
        """One: draws are of the last layer alone."""
        return 1

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Logits [S, N, K] under draws of the last layer, or mean-field ones [1, N, K]."""
        return self._under(self._drawn(), x)

    def prediction_cost(self, x: Tensor) -> float:
        """Multiply-adds, without drawing the last layers: that is done once for all inputs."""
        drawn = self._drawn()
        return float(multiply_adds(lambda: self._under(drawn, x)))

    def _drawn(self) -> Tensor | None:
        """Draws of the last layer; none for mean-field logits."""
        if not self.params.samples:
            return None
        process, own = self.member.process, draws.generator(self.meta, "sngp")
        return self._kept((process.root,), lambda: process.draw(self.params.samples, own))

    def _under(self, drawn: Tensor | None, x: Tensor) -> Tensor:
        """Logits [S, N, K] under draws of the last layer; mean-field ones [1, N, K] under none."""
        h, process = self.member.body(x), self.member.process
        if drawn is None:
            return mean_field(process(h), process.variance(h))[None]
        return process.under(drawn, h)

    def prediction_protocol(self) -> str:
        """Features, and how the posterior enters."""
        how = f"{self.params.samples} draws of the last layer, probabilities averaged"
        return f"{self.params.features} random features, " + (
            how if self.params.samples else "mean-field logits"
        )
