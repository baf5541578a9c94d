"""Inference of z for one image at a time: gradient steps on the bound instead of an encoder."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from triptych.generative.latent import GaussianEncoder, evidence_lower_bound, noise
from triptych.optimisers import adam

RATE = 0.05  # Adam's step size; means and log σ are of order 1
DRAWS = 4  # of z per image and step
JUDGING_DRAWS = 100  # of z per image, the same at every step: decides which q is kept


@dataclass(frozen=True)
class Posterior:
    """q(z|x) of N images after some gradient steps.

    Attributes:
        mean: [N, latent].
        log_deviation: [N, latent].
        judged: Bound in nats [N] under the draws that decided which q to keep.
        seconds: Spent on the steps so far, for all images together.
    """

    mean: Tensor
    log_deviation: Tensor
    judged: Tensor
    seconds: float = 0.0


def fitted_posteriors(
    model: GaussianEncoder,
    x: Tensor,
    start: tuple[Tensor, Tensor],
    checkpoints: Sequence[int],
    rng: torch.Generator,
) -> dict[int, Posterior]:
    """The best q found by each checkpoint, from ``start``, with the decoder held fixed.

    For every image the q of the highest bound so far is kept, so that more steps never lower its
    judged bound (Cremer, Li & Duvenaud 2018 call the rise from the encoder's q the amortisation
    gap). That choice is optimistic by the noise of its own draws: report the bound under others.

    Args:
        model: In evaluation mode.
        x: Levels [N, C, H, W].
        start: Mean and log σ, [N, latent].
        checkpoints: Numbers of steps, ascending.
        rng: For all draws.
    """
    mean, log_deviation = (part.detach().clone().requires_grad_(True) for part in start)
    judge = noise(JUDGING_DRAWS, mean.detach(), rng)
    best = Posterior(*start, _judged(model, x, *start, judge))
    optimiser = adam([mean, log_deviation], RATE)
    found, done, seconds = {}, 0, 0.0
    for checkpoint in checkpoints:
        began = time.perf_counter()
        while done < checkpoint:
            epsilon = noise(DRAWS, mean.detach(), rng)
            bound = evidence_lower_bound(model, x, mean, log_deviation, epsilon).sum()
            gradients = torch.autograd.grad(-bound, [mean, log_deviation])
            mean.grad, log_deviation.grad = gradients
            optimiser.step()
            done += 1
        seconds += time.perf_counter() - began
        here = (mean.detach().clone(), log_deviation.detach().clone())
        best = replace(
            _better(best, Posterior(*here, _judged(model, x, *here, judge))), seconds=seconds
        )
        found[checkpoint] = best
    return found


@torch.no_grad()
def _judged(
    model: GaussianEncoder, x: Tensor, mean: Tensor, log_deviation: Tensor, epsilon: Tensor
) -> Tensor:
    return evidence_lower_bound(model, x, mean, log_deviation, epsilon)


def _better(old: Posterior, new: Posterior) -> Posterior:
    """The one of the higher judged bound, image by image."""
    wins = new.judged > old.judged
    return Posterior(
        torch.where(wins[:, None], new.mean, old.mean),
        torch.where(wins[:, None], new.log_deviation, old.log_deviation),
        torch.where(wins, new.judged, old.judged),
    )
