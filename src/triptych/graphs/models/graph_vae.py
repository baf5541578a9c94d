"""A variational autoencoder of whole graphs with one code per node, for graphs of any size."""

import math
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from triptych.data.parts import Part
from triptych.files import Array
from triptych.graphs.base import GraphModel, Measured, Number, Parts
from triptych.graphs.dense import adjacencies, normalised, padded
from triptych.graphs.generated import Statistics, compare, random_graphs
from triptych.graphs.models.vgae import LARGEST
from triptych.model import Batch, Meta
from triptych.params import TrainingParams, at_evaluation
from triptych.seeding import derive_seed

PICTURES = 4  # graphs kept for the report, the first ones


class GraphVAEParams(TrainingParams):
    """A small network."""

    steps: int = Field(300, ge=1, description="Updates")
    batch_size: int = Field(32, ge=1, description="Graphs per update")
    learning_rate: float = Field(0.02, gt=0, le=1, description="Adam's step size")
    cosine: bool = Field(True, description="Cosine decay of the learning rate to zero")
    validate_every: int = Field(50, ge=1, description="Updates between validation losses")
    keep: Literal["last", "best"] = Field(
        "best",
        description="Weights to keep: the last step's or those of the lowest validation loss",
    )
    hidden: int = Field(32, ge=1, le=4096, description="Width of the hidden layers")
    code: int = Field(4, ge=1, le=1024, description="Numbers in a node's code")
    components: int = Field(4, ge=1, le=256, description="Gaussians in the prior of a node's code")
    warmup: int = Field(
        200, ge=0, description="Updates until the divergence counts in full: before, it grows"
    )
    samples: int = at_evaluation(200, ge=2, description="Graphs drawn to compare")


class Entry(GraphModel):
    r"""z_i ~ N(0, I) for every node, edges independent given the codes:

    .. math:: P(i \sim j \mid z) = \sigma(f(z_i)^\top S f(z_j) + b)

    with a network f and a diagonal matrix S. Codes drawn alike for all nodes make the model blind
    to their order, and a graph of any size can be drawn: the size comes from the training graphs.
    It is the decoder of Kipf and Welling (2016) on many graphs instead of one, and the aim of
    Simonovsky and Komodakis, "GraphVAE" (2018, https://arxiv.org/abs/1802.03480), without the
    matching of nodes that their single code per graph needs.

    The encoder is two symmetric graph convolutions. Features after the first are eigenvectors,
    whose sign means nothing: training flips it at random, and every choice gives a bound.
    """  # noqa: D415

    Params = GraphVAEParams
    data_kinds = ("graphs",)
    family = "graph generator"
    task = "graph generation"

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__(params, meta)
        width, code = params.hidden, params.code
        self.first = nn.Linear(int(meta["n_features"]), width)
        self.second = nn.Linear(width, width)
        self.mean = nn.Linear(width, code)
        self.log_sigma = nn.Linear(width, code)
        self.decoder = nn.Sequential(nn.Linear(code, width), nn.ReLU(), nn.Linear(width, code))
        self.signs = nn.Parameter(torch.ones(code))
        self.bias = nn.Parameter(torch.zeros(()))
        self.weights = nn.Parameter(torch.zeros(params.components))
        self.centres = nn.Parameter(torch.randn(params.components, code))
        self.spreads = nn.Parameter(torch.zeros(params.components, code))
        self.updates: Tensor
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """``x`` [graphs, n, F], ``adjacency`` [graphs, n, n], ``mask`` [graphs, n], padded."""
        return padded(train.arrays), padded(validation.arrays)

    def encode(self, x: Tensor, adjacency: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log σ of every node's code: [graphs, n, code] each."""
        step = normalised(adjacency, mask)
        h = (step @ self.first(x)).relu()
        h = h + (step @ self.second(h)).relu()
        log_sigma: Tensor = self.log_sigma(h)
        return self.mean(h), log_sigma.clamp(max=LARGEST)

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The mean codes of the nodes of one graph: [N, code]."""
        adjacency = torch.zeros(len(x), len(x), dtype=x.dtype)
        adjacency[edge_index[0], edge_index[1]] = 1
        mask = torch.ones(1, len(x), dtype=x.dtype)
        return self.encode(x[None], adjacency[None], mask)[0][0]

    def logits(self, z: Tensor) -> Tensor:
        """Of every pair: [..., n, code] to [..., n, n], symmetric."""
        f = self.decoder(z)
        out: Tensor = (f * self.signs) @ f.transpose(-1, -2) + self.bias
        return out

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """The negative bound with the divergence weighted down at first, lest codes be given up.

        Without that the decoder has learnt to ignore the codes before they say anything.
        """
        self.updates += 1
        weight = min(1.0, float(self.updates) / max(self.params.warmup, 1))
        surprise, own = self._bound(batch, rng)
        loss: Tensor = (surprise + weight * own).mean()
        return loss

    def validation_loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """The negative bound of a graph in nats, a mean over graphs."""
        surprise, own = self._bound(batch, rng)
        return (surprise + own).mean()

    def _bound(self, batch: Batch, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """-log p(A | z) for one z, and the divergence of q(z) from the prior: [graphs] each."""
        x = batch["x"].clone()
        flip = torch.randint(2, (len(x), 1, x.shape[2] - 1), generator=rng, device=x.device)
        x[..., 1:] *= 2 * flip - 1
        mean, log_sigma = self.encode(x, batch["adjacency"], batch["mask"])
        noise = torch.randn(mean.shape, generator=rng, device=x.device)
        z = mean + log_sigma.exp() * noise
        logits = self.logits(z)
        each = functional.binary_cross_entropy_with_logits(
            logits, batch["adjacency"], reduction="none"
        )
        pairs = torch.triu(batch["mask"][:, :, None] * batch["mask"][:, None, :], diagonal=1)
        own = log_normal(noise, -log_sigma).sum(-1) - self.log_prior(z)
        return (each * pairs).sum((1, 2)), (own * batch["mask"]).sum(1)

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) of codes [..., code]: [...]."""
        away = (z[..., None, :] - self.centres) * (-self.spreads).exp()
        parts = log_normal(away, -self.spreads).sum(-1) + self.weights.log_softmax(0)
        return parts.logsumexp(-1)

    @torch.no_grad()
    def sample(self, sizes: Array, rng: torch.Generator) -> list[Array]:
        """One graph for each size: adjacency matrices [n, n] of zeros and ones."""
        drawn = []
        for size in sizes.tolist():
            which = torch.multinomial(self.weights.softmax(0), size, True, generator=rng)
            noise = torch.randn(size, self.params.code, generator=rng)
            z = self.centres[which] + self.spreads[which].exp() * noise
            chance = torch.sigmoid(self.logits(z))
            upper = torch.triu(torch.rand(size, size, generator=rng) < chance, diagonal=1)
            drawn.append((upper | upper.T).double().numpy())
        return drawn

    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Degrees and clustering of samples against held-out graphs; random graphs beside them."""
        known = {name: adjacencies(part.arrays) for name, part in parts.items()}
        rng = np.random.default_rng(derive_seed(*stream, "sizes"))
        sizes = np.array([len(a) for a in known["train"]])
        sizes = rng.choice(sizes, self.params.samples)
        generator = torch.Generator().manual_seed(derive_seed(*stream, "samples"))
        drawn = {
            "": self.sample(sizes, generator),
            "/random": random_graphs(known["train"], sizes, rng),
            "/train": known["train"],
        }
        protocol = self.protocol(parts["train"].meta)
        n_train, held = len(known["train"]), len(known["test"])
        numbers = [
            Number("train", "n_train", n_train, "examples", n_train, protocol),
            Number("test", "n_test", held, "examples", held, protocol),
        ]
        arrays: dict[str, Array] = {}
        for split in ("validation", "test"):
            target = Statistics.of(known[split])
            reference = Statistics.of(known["train"])
            for suffix, graphs in drawn.items():
                for name, value in compare(Statistics.of(graphs), target, reference).items():
                    numbers.append(
                        Number(split, f"{name}_mmd{suffix}", value, "1", held, protocol, "estimate")
                    )
        for suffix, graphs in (drawn | {"/test": known["test"]}).items():
            found = Statistics.of(graphs)
            for name, value in found.means().items():
                numbers.append(
                    Number("test", f"{name}_mean{suffix}", value, "1", len(graphs), protocol,
                           "estimate")
                )  # fmt: skip
            arrays |= {f"{name}{suffix}": v for name, v in found.values().items()}
            for number, graph in enumerate(graphs[:PICTURES]):
                arrays[f"graph{suffix}/{number}"] = graph.astype(np.uint8)
        return Measured(numbers, arrays)

    def protocol(self, meta: Meta) -> str:
        """What a comparison of this model means nothing without."""
        p = self.params
        return "; ".join(
            [
                f"split: {meta['split_rule']}",
                *map(str, meta["notes"]),
                f"{p.samples} graphs drawn, sizes from the training graphs; beside them as many "
                "Erdős–Rényi graphs of the same sizes and the training graphs' share of joined "
                "pairs, and the training graphs themselves",
                "maximum mean discrepancy (square root of the biased estimate), Gaussian kernel of "
                "the 1-Wasserstein distance between two graphs' histograms, its width the median "
                "distance of two training graphs",
            ]
        )


def log_normal(standard: Tensor, log_precision: Tensor) -> Tensor:
    """log N(z; m, σ²) from (z - m) / σ and -log σ."""
    return log_precision - 0.5 * standard.square() - 0.5 * math.log(2 * math.pi)
