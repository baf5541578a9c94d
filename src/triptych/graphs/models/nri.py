"""Neural relational inference: the springs of a system, from its motion alone."""

from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from triptych.data.parts import Part
from triptych.errors import UserError
from triptych.files import Array
from triptych.graphs.base import GraphModel, Measured, Number, Parts
from triptych.graphs.motion import best_rule, correlations, stiffnesses
from triptych.graphs.relations import (
    STATE,
    MotionDecoder,
    RelationEncoder,
    coin_divergence,
    into,
    ordered_pairs,
    relax,
)
from triptych.metrics.selection import auroc
from triptych.model import Batch, Meta
from triptych.params import TrainingParams

PICTURES = 3  # systems kept for the report, the first ones of the test


class NRIParams(TrainingParams):
    """A small network."""

    steps: int = Field(500, ge=1, description="Updates")
    batch_size: int = Field(32, ge=1, description="Systems per update")
    learning_rate: float = Field(0.005, gt=0, le=1, description="Adam's step size")
    cosine: bool = Field(True, description="Cosine decay of the learning rate to zero")
    validate_every: int = Field(100, ge=1, description="Updates between validation losses")
    hidden: int = Field(64, ge=1, le=4096, description="Width of the encoder's layers")
    message: int = Field(16, ge=1, le=4096, description="Width of the decoder's layers")
    variance: float = Field(5e-5, gt=0, description="Of an observed number given the prediction")
    temperature: float = Field(0.5, gt=0, description="Of the relaxed relations in training")
    prior: float = Field(0.5, gt=0, lt=1, description="Probability of a spring before motion")


class Entry(GraphModel):
    """A variational autoencoder whose code is a graph.

    q(z_ij | motion) says for each pair whether a spring joins it; the decoder predicts every moment
    from the one before under the springs drawn. No spring is ever shown: an edge is recovered if
    the most probable value of its z is right.
    """

    Params = NRIParams
    data_kinds = ("graphs",)
    family = "relational inference"
    task = "latent graph inference"

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__(params, meta)
        self.encoder = RelationEncoder(int(meta["n_features"]), params.hidden)
        self.decoder = MotionDecoder(params.message)

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """``x`` [systems, N, 4 T]: motion, and no edge."""
        return tuple({"x": torch.from_numpy(_motion(part))} for part in (train, validation))  # type: ignore[return-value]

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Expected springs at every particle of one system [N, 4 T], edges not looked at: [N]."""
        _, receiver, number = ordered_pairs(len(x))
        chance = torch.sigmoid(self.encoder(x[None]))
        return into(chance[:, number], receiver, len(x))[0]

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """The negative bound in nats per observed number, relations drawn relaxed."""
        x = batch["x"]
        states = x.view(*x.shape[:2], -1, STATE)
        odds = self.encoder(x)
        z = relax(odds, self.params.temperature, rng)
        missed = (self.decoder(states[:, :, :-1], z) - states[:, :, 1:]).square()
        own = coin_divergence(odds, self.params.prior).sum(dim=1)
        surprise = missed.sum((1, 2, 3)) / (2 * self.params.variance)
        loss: Tensor = (surprise + own).mean() / missed[0].numel()
        return loss

    @torch.no_grad()
    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Share of pairs rightly called joined or apart, with three other ways to call them."""
        motion = {name: _motion(part) for name, part in parts.items()}
        truth = {name: joined(part) for name, part in parts.items()}
        odds = {name: self.encoder(torch.from_numpy(x)).numpy() for name, x in motion.items()}
        states = {name: x.reshape(*x.shape[:2], -1, STATE) for name, x in motion.items()}
        alike = {name: correlations(x) for name, x in states.items()}
        called = best_rule(alike["train"], truth["train"])
        common = bool(truth["train"].mean() > 0.5)
        protocol = self.protocol(parts["train"].meta)
        n_train = len(motion["train"])
        held = len(motion["test"])
        numbers = [
            Number("train", "n_train", n_train, "examples", n_train, protocol),
            Number("test", "n_test", held, "examples", held, protocol),
        ]
        interval = float(self.meta["interval"])
        for split in ("validation", "test"):
            real = truth[split] > 0
            law = stiffnesses(states[split], interval)
            calls = {
                "": odds[split] > 0,
                "/correlation": called(alike[split]),
                "/majority": np.full(real.shape, common),
                "/law": law > law.max() / 2,
            }
            n = real.size
            for suffix, call in calls.items():
                hit = float((call == real).mean())
                numbers.append(
                    Number(split, f"edge_accuracy{suffix}", hit, "fraction", n, protocol)
                )
            auc = auroc(odds[split].ravel(), real.ravel())
            numbers.append(Number(split, "edge_auc", auc, "fraction", n, protocol))
        return Measured(
            numbers,
            {
                "positions": states["test"][:PICTURES, :, :, :2],
                "chance": 1 / (1 + np.exp(-odds["test"][:PICTURES].astype(np.float64))),
                "truth": truth["test"][:PICTURES],
            },
        )

    def protocol(self, meta: Meta) -> str:
        """What a share of recovered edges means nothing without."""
        return "; ".join(
            [
                f"split: {meta['split_rule']}",
                *map(str, meta["notes"]),
                "unsupervised: motion alone is seen, a pair is called joined where q(spring) > 1/2",
                "correlation: called joined above, below or beyond a cut, whichever suits the "
                "springs of the training systems best, which only this baseline is shown; law: "
                "least squares under the true equation of motion, cut at half the largest "
                "stiffness found",
            ]
        )


def joined(part: Part) -> Array:
    """Whether a spring joins each pair i < j of every system: int64 [systems, pairs]."""
    count = _particles(part)
    source, target = part.arrays["edge_index"]
    matrix = np.zeros((len(part.arrays["y"]), count, count), dtype=np.int64)
    matrix[source // count, source % count, target % count] = 1
    first, second = np.triu_indices(count, k=1)
    pairs: Array = matrix[:, first, second]
    return pairs


def _motion(part: Part) -> Array:
    """[systems, N, 4 T] from one row a particle."""
    x = part.arrays["x"]
    shaped: Array = x.reshape(-1, _particles(part), x.shape[1])
    return shaped


def _particles(part: Part) -> int:
    sizes = np.bincount(part.arrays["graph"])
    if len(set(sizes.tolist())) != 1 or "interval" not in part.meta:
        raise UserError(
            f"{part.meta.get('dataset', 'data set')}: expected trajectories of systems of one "
            "size, found other graphs; use springs"
        )
    return int(sizes[0])
