"""Mean corruption error of ImageNet-C (Hendrycks & Dietterich 2019)."""

from collections.abc import Mapping, Sequence

import numpy as np

Errors = Mapping[str, Sequence[float]]  # corruption -> error at every severity

# AlexNet's error on ImageNet-C, mean over the five severities: what published values divide by.
ALEXNET: Mapping[str, float] = {
    "gaussian_noise": 0.886428, "shot_noise": 0.894468, "impulse_noise": 0.922640,
    "defocus_blur": 0.819880, "glass_blur": 0.826268, "motion_blur": 0.785948,
    "zoom_blur": 0.798360, "snow": 0.866816, "frost": 0.826572, "fog": 0.819324,
    "brightness": 0.564592, "contrast": 0.853204, "elastic_transform": 0.646056,
    "pixelate": 0.717840, "jpeg_compression": 0.606500,
}  # fmt: skip


def normalised(errors: Errors, baseline: Errors) -> float:
    r"""Mean over corruptions of the error relative to a baseline's; for ImageNet-C alone.

    .. math:: \mathrm{mCE} = \frac1{|C|}\sum_c \frac{\sum_s E_{c,s}}{\sum_s E^\text{base}_{c,s}}

    Sums over severities, a ratio per corruption, then the mean: not a ratio of means.

    Args:
        errors: The model's.
        baseline: AlexNet's for published values; the same corruptions and numbers of severities.

    Raises:
        ValueError: The two do not have the same corruptions and severities.
    """
    return _mean(_ratio(errors, baseline, 0.0, 0.0))


def relative(errors: Errors, clean: float, baseline: Errors, baseline_clean: float) -> float:
    r"""The same for what corruptions add to the error on clean images.

    .. math:: \frac1{|C|}\sum_c \frac{\sum_s (E_{c,s} - E_\text{clean})}
              {\sum_s (E^\text{base}_{c,s} - E^\text{base}_\text{clean})}

    Raises:
        ValueError: As :func:`normalised`.
    """
    return _mean(_ratio(errors, baseline, clean, baseline_clean))


def mean_error(errors: Errors, clean: float = 0.0) -> float:
    """Mean over corruptions and severities, less ``clean``; what CIFAR-10-C is reported by.

    No baseline divides it: on these images the literature takes the plain mean.
    """
    return _mean([float(np.mean(values)) - clean for values in errors.values()])


def alexnet(severities: int = 5) -> Errors:
    """AlexNet's errors; only their sums over severities are used."""
    return {kind: [error] * severities for kind, error in ALEXNET.items()}


def _ratio(errors: Errors, baseline: Errors, clean: float, base_clean: float) -> list[float]:
    shapes = [{kind: len(values) for kind, values in table.items()} for table in (errors, baseline)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"corruption error: expected the corruptions and severities of the baseline "
            f"({shapes[1]}), found {shapes[0]}"
        )
    return [
        float(np.sum(np.asarray(values) - clean) / np.sum(np.asarray(baseline[kind]) - base_clean))
        for kind, values in errors.items()
    ]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
