"""Quality of a predicted law of a real target: likelihood, CRPS, pinball, coverage, width, PIT."""

import numpy as np

from triptych.files import Array
from triptych.metrics import regression as r
from triptych.uncertainty.measures.base import Number, Prediction
from triptych.uncertainty.regression_levels import LEVELS

TASKS = ("regression",)
NOMINAL = (0.5, 0.8, 0.9, 0.95)
PIT_BINS = 10
LEVEL_ARRAY = np.array(LEVELS)


def measure(prediction: Prediction) -> list[Number]:
    """The law's scores; likelihood, CRPS and the members' part only where it is a normal one."""
    law, y = prediction.log_p, np.asarray(prediction.labels, np.float64)
    quantiles = quantiles_of(law)
    centre = law[:, 0] if gaussian(law) else quantiles[:, LEVELS.index(0.5)]
    rmse = float(np.sqrt(((y - centre) ** 2).mean()))
    pinball = float(r.pinball(quantiles, LEVEL_ARRAY, y))
    numbers = [
        Number("rmse", rmse, "target", "exact", "of the mean; of the median of quantiles"),
        Number("pinball", pinball, "target", "exact", f"mean over {len(LEVELS)} levels"),
        *_intervals(quantiles, y),
        *_transform(law, quantiles, y),
    ]
    if not gaussian(law):
        return numbers
    return numbers + _normal(prediction, law, y) + _members(prediction, y)


def gaussian(law: Array) -> bool:
    """Whether a combined prediction is a mean and a variance, [N, 2], or quantiles, [N, Q]."""
    return bool(law.shape[-1] == 2)


def quantiles_of(law: Array) -> Array:
    """Quantiles at LEVELS: [N, 2] or [N, Q] -> [N, Q]."""
    return r.gaussian_quantiles(law[:, 0], law[:, 1], LEVEL_ARRAY) if gaussian(law) else law


def bounds(quantiles: Array, nominal: float) -> tuple[Array, Array]:
    """Ends of the central interval of a probability: [..., N, Q] -> [..., N] twice."""
    low, high = (int(np.argmin(np.abs(LEVEL_ARRAY - level))) for level in r.tails(nominal))
    return quantiles[..., low], quantiles[..., high]


def _intervals(quantiles: Array, y: Array) -> list[Number]:
    numbers = []
    for nominal in NOMINAL:
        low, high = bounds(quantiles, nominal)
        name, how = f"{nominal * 100:.0f}", "central interval, ends included"
        floor, covered = r.coverage_floor(nominal, len(y)), float(r.coverage(low, high, y))
        numbers += [
            Number(f"coverage/{name}", covered, "fraction", "estimate", how),
            Number(
                f"coverage_floor/{name}", floor, "fraction", "estimate",
                "mean |coverage − nominal| of perfect intervals on as many targets",
            ),
            Number(f"width/{name}", float((high - low).mean()), "target", "exact", how),
        ]  # fmt: skip
    return numbers


def _transform(law: Array, quantiles: Array, y: Array) -> list[Number]:
    """The histogram of F(y), flat for a calibrated law, as density per bin."""
    if gaussian(law):
        values = r.gaussian_pit(law[:, 0], law[:, 1], y)
    else:
        values = r.quantile_pit(quantiles, LEVEL_ARRAY, y)
    counts = np.histogram(values, bins=PIT_BINS, range=(0.0, 1.0))[0]
    density = counts * PIT_BINS / len(y)
    how = f"share of F(y) in the bin × {PIT_BINS}; 1 if calibrated"
    return [
        Number(f"pit/{(b + 0.5) / PIT_BINS:.2f}", float(value), "1", "estimate", how)
        for b, value in enumerate(density)
    ]


def _normal(prediction: Prediction, law: Array, y: Array) -> list[Number]:
    mean, variance = law[:, 0], law[:, 1]
    return [
        Number("nll", float(r.gaussian_nll(mean, variance, y)), "nats", "exact", "all constants"),
        Number("crps", float(r.gaussian_crps(mean, variance, y)), "target", "exact"),
    ]


def _members(prediction: Prediction, y: Array) -> list[Number]:
    """What single members score and cover, on average, and how much their means differ.

    Of one member nothing can be said: left out, not 0.
    """
    members = prediction.members.astype(np.float64)
    if len(members) < 2:
        return []
    means, variances = members[..., 0], members[..., 1]
    how = "mean over single members"
    numbers = [
        Number(f"{name}_members", float(score(means, variances, y).mean()), unit, "exact", how)
        for name, score, unit in (
            ("nll", r.gaussian_nll, "nats"), ("crps", r.gaussian_crps, "target"),
        )
    ]  # fmt: skip
    quantiles = r.gaussian_quantiles(means, variances, LEVEL_ARRAY)
    for nominal in NOMINAL:
        low, high = bounds(quantiles, nominal)
        covered = float(r.coverage(low, high, y).mean())
        name = f"coverage_members/{nominal * 100:.0f}"
        numbers.append(Number(name, covered, "fraction", "estimate", how))
    share = float((means.var(axis=0) / (variances.mean(axis=0) + means.var(axis=0))).mean())
    how = "of the mixture's variance, the share that is variance of the members' means"
    return [*numbers, Number("variance_of_means", share, "fraction", "estimate", how)]
