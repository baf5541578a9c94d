"""Which pairs of particles act on each other, from their motion: encoder and decoder of NRI.

After Kipf, Fetaya, Wang, Welling and Zemel, "Neural Relational Inference for Interacting Systems"
(ICML 2018, https://arxiv.org/abs/1802.04687). Two things are simpler here: both networks see
differences of states (the laws are the same everywhere, and from every moving frame), and a spring
has no direction, so that there is one relation for a pair i < j.
"""

from functools import cache

import torch
from torch import Tensor, nn

STATE = 4  # two coordinates, two velocities


@cache
def ordered_pairs(particles: int) -> tuple[Tensor, Tensor, Tensor]:
    """Sender and receiver of every ordered pair, and its number among the pairs i < j.

    Returns:
        int64 [N (N - 1)] each; the pairs i < j are numbered row by row.
    """
    i, j = torch.triu_indices(particles, particles, offset=1)
    number = torch.arange(len(i)).repeat(2)
    return torch.cat([i, j]), torch.cat([j, i]), number


def into(values: Tensor, index: Tensor, size: int) -> Tensor:
    """Sum over the second axis by ``index``: [B, k, ...] to [B, size, ...]."""
    total = values.new_zeros(len(values), size, *values.shape[2:])
    return total.index_add(1, index.to(values.device), values)


def two_layers(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """A hidden layer with ELU."""
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ELU(), nn.Linear(hidden, outputs))


class RelationEncoder(nn.Module):
    """From trajectories to the log-odds of a relation: pairs to particles and back to pairs.

    e_ij = f(x_i - x_j),  v_j = g(mean_i e_ij),  l_ij = h(v_i, v_j, e_ij) + h(v_j, v_i, e_ji)
    """

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.pair = two_layers(features, hidden, hidden)
        self.particle = two_layers(hidden, hidden, hidden)
        self.relation = two_layers(3 * hidden, hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Trajectories [B, N, F] to log-odds [B, N (N - 1) / 2]."""
        count = x.shape[1]
        sender, receiver, number = ordered_pairs(count)
        e = self.pair(x[:, sender] - x[:, receiver])
        v = self.particle(into(e, receiver, count) / max(count - 1, 1))
        odds = self.relation(torch.cat([v[:, sender], v[:, receiver], e], dim=-1))
        return into(odds[..., 0], number, len(number) // 2)


class MotionDecoder(nn.Module):
    """One observed moment to the next, under given relations.

    x_j(t + 1) = x_j(t) + u(x_j(t), Σ_i z_ij m(x_i(t) - x_j(t))): no relation, no message, so that
    the relation has a meaning and not only a label.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.message = two_layers(STATE, hidden, hidden)
        self.update = two_layers(STATE + hidden, hidden, STATE)

    def forward(self, states: Tensor, z: Tensor) -> Tensor:
        """States [B, N, T, 4] and relations [B, pairs] to the states one moment later."""
        count = states.shape[1]
        sender, receiver, number = ordered_pairs(count)
        messages = self.message(states[:, sender] - states[:, receiver])
        received = into(messages * z[:, number, None, None], receiver, count)
        out: Tensor = states + self.update(torch.cat([states, received], dim=-1))
        return out


def relax(odds: Tensor, temperature: float, rng: torch.Generator) -> Tensor:
    """A draw of the binary concrete distribution (Maddison et al. 2017; Jang et al. 2017).

    σ((l + logit u) / τ) with uniform u: near 0 or 1, and differentiable in l.
    """
    tiny = torch.finfo(odds.dtype).eps
    u = torch.rand(odds.shape, generator=rng, device=odds.device).clamp(tiny, 1 - tiny)
    return torch.sigmoid((odds + u.logit()) / temperature)


def coin_divergence(odds: Tensor, prior: float) -> Tensor:
    """KL(Bernoulli(σ(l)) ‖ Bernoulli(p)) in nats, entry by entry."""
    p = torch.sigmoid(odds)
    other = torch.tensor(prior, dtype=odds.dtype, device=odds.device).logit()
    log = nn.functional.logsigmoid
    return p * (log(odds) - log(other)) + (1 - p) * (log(-odds) - log(-other))
