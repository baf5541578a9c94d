"""Networks that keep something of their weights while they are trained."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from triptych.model import Batch, Trainable
from triptych.uncertainty.networks import Network


class Trajectory(Trainable):
    """A network that looks at its weights between two updates.

    What is kept is part of the state, so that a run killed and resumed keeps the same.
    """

    updates: Tensor

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the network as it stands."""
        logits: Tensor = self.network(x)
        return logits

    def parameter_groups(self) -> dict[str, list[dict[str, object]]]:
        """The network's own weights."""
        return {"model": [{"params": list(self.network.parameters())}]}

    def objectives(self, batch: Batch, rng: torch.Generator) -> Iterator[tuple[str, Tensor]]:
        """The network's loss, once the weights of this moment have been looked at."""
        with torch.no_grad():
            self.visit(int(self.updates))
        self.updates += 1
        yield "model", self.loss(batch, rng)

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """The network's loss."""
        return self.network.loss(batch, rng)

    def visit(self, updates: int) -> None:
        """Keep what is to be kept of the weights after so many updates."""
        raise NotImplementedError(f"{type(self).__name__} keeps nothing")


class Snapshots(Trajectory):
    """Keeps copies of the weights after given numbers of updates."""

    taken: Tensor

    def __init__(self, network: Network, copies: list[Network], moments: list[int]) -> None:
        """Prepare the copies.

        Args:
            network: Trained.
            copies: One for every moment; overwritten when it comes.
            moments: Ascending numbers of updates.
        """
        super().__init__(network)
        self.moments = moments
        self.copies = nn.ModuleList(copies).requires_grad_(False)
        self.register_buffer("taken", torch.zeros((), dtype=torch.int64))

    def visit(self, updates: int) -> None:
        """Copy the weights if their moment has come."""
        if updates in self.moments:
            self.copies[self.moments.index(updates)].load_state_dict(self.network.state_dict())
            self.taken += 1

    def networks(self) -> list[nn.Module]:
        """The copies that were taken, and the network as it stands."""
        return [*list(self.copies)[: int(self.taken)], self.network]


class Moments(Trajectory):
    r"""Keeps mean, variance and last deviations of the weights (Maddox et al. 2019).

    .. math:: \bar\theta = \tfrac1n \sum_i \theta_i, \quad
              \Sigma_{diag} = \overline{\theta^2} - \bar\theta^2, \quad
              \hat D = (\theta_i - \bar\theta_i)_{i > n - K}

    where :math:`\bar\theta_i` is the mean of the first i.
    """

    count: Tensor
    mean: Tensor
    square: Tensor
    deviations: Tensor

    def __init__(self, network: Network, start: int, every: int, rank: int) -> None:
        """Prepare the moments.

        Args:
            network: Trained.
            start: Updates before the first visit.
            every: Updates between two visits.
            rank: K, deviations kept.
        """
        super().__init__(network)
        self.start, self.every, self.rank = start, every, rank
        size = parameters_to_vector(network.parameters()).numel()
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("square", torch.zeros(size))
        self.register_buffer("deviations", torch.zeros(rank, size))

    def visit(self, updates: int) -> None:
        """Take the weights in, every so often from the start on."""
        if updates >= self.start and (updates - self.start) % self.every == 0:
            self.take(parameters_to_vector(self.network.parameters()))

    def take(self, weights: Tensor) -> None:
        """Update the moments with one more vector of weights."""
        n = int(self.count)
        self.mean.mul_(n / (n + 1)).add_(weights / (n + 1))
        self.square.mul_(n / (n + 1)).add_(weights**2 / (n + 1))
        self.deviations[n % self.rank] = weights - self.mean
        self.count += 1

    def draw(self, rng: torch.Generator) -> Tensor:
        r"""Weights from the fitted Gaussian.

        .. math:: \bar\theta + \tfrac{1}{\sqrt2} \Sigma_{diag}^{1/2} z_1
                  + \tfrac{1}{\sqrt{2(K - 1)}} \hat D z_2
        """
        k = min(int(self.count), self.rank)
        first = torch.randn(self.mean.shape, generator=rng).to(self.mean)
        second = torch.randn(k, generator=rng).to(self.mean)
        variance = (self.square - self.mean**2).clamp_min(0)
        low_rank = self.deviations[:k].T @ second / (2 * max(k - 1, 1)) ** 0.5
        weights: Tensor = self.mean + (variance / 2).sqrt() * first + low_rank
        return weights
