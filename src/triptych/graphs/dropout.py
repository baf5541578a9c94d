"""Dropout from an explicit generator, for dense and sparse features."""

import torch
from torch import Tensor

from triptych.graphs.sparse import Features, Sparse

LEVELS = 256  # eight random bits an entry, eight entries from one 64-bit draw
PER_WORD = 8


def dropout(features: Features, rate: float, rng: torch.Generator | None) -> Features:
    """Set entries to zero with probability ``rate`` and scale the others so that the mean stays.

    In a sparse matrix only the stored entries are drawn for: a zero stays zero either way
    (Kipf and Welling 2017, reference code).

    Args:
        features: X [N, F].
        rate: Probability of a zero, rounded to a multiple of 1/256; the scale is that of the
            rounded rate, so that the expectation is exact.
        rng: Source of the draws; None leaves X as it is (evaluation).

    Returns:
        X with dropout, of the same kind.
    """
    if rng is None or rate == 0:
        return features
    if isinstance(features, Sparse):
        return features.with_values(features.values * factors(features.values, rate, rng))
    return features * factors(features, rate, rng)


def factors(like: Tensor, rate: float, rng: torch.Generator) -> Tensor:
    """What dropout multiplies entries by, 0 or the scale: of the shape and type of ``like``."""
    return _keep(_words(like), like, rate, rng).to(like.dtype).mul_(_scale(rate))


class InputDropout:
    """Dropout of features that stay the same from step to step, such as a network's input.

    The same draws give the same result as :func:`dropout`. The memory is kept between calls: on
    wide features, fresh pages would cost more than the draws. A result is therefore valid until the
    next call, and no gradient reaches the features.
    """

    def __init__(self, features: Features, rate: float) -> None:
        self.features, self.rate = features, rate
        self._scratch: tuple[Tensor, Tensor, Tensor] | None = None

    def __call__(self, rng: torch.Generator | None) -> Features:
        """The features with the dropout of the next draws; without any if ``rng`` is None."""
        if rng is None or self.rate == 0 or isinstance(self.features, Sparse):
            return dropout(self.features, self.rate, rng)
        if self._scratch is None:
            scaled = self.features * _scale(self.rate)
            self._scratch = scaled, torch.empty_like(scaled), _words(scaled)
        scaled, out, words = self._scratch
        return torch.mul(scaled, _keep(words, scaled, self.rate, rng), out=out)


def _dropped(rate: float) -> int:
    return min(round(rate * LEVELS), LEVELS - 1)


def _scale(rate: float) -> float:
    return LEVELS / (LEVELS - _dropped(rate))


def _words(like: Tensor) -> Tensor:
    """Room for eight bits an entry."""
    return torch.empty(-(-like.numel() // PER_WORD), dtype=torch.int64, device=like.device)


def _keep(words: Tensor, like: Tensor, rate: float, rng: torch.Generator) -> Tensor:
    """Which entries stay: int8, 1 or 0, of the shape of ``like``, in the memory of ``words``."""
    # Several times faster than a uniform number an entry; on wide features, most of a step.
    words.random_(-(1 << 63), None, generator=rng)
    bits = words.view(torch.int8)[: like.numel()].view(like.shape)
    least = _dropped(rate) - LEVELS // 2  # the bits are uniform on -128 to 127
    if least == -LEVELS // 2:
        return bits.fill_(1)
    # A comparison would give bool and take ten times as long; so a product with it, three times.
    return bits.clamp_(least - 1, least).sub_(least - 1)
