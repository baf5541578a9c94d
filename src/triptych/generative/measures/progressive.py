"""How an image emerges: frequencies of x̂_0 along the reverse process, rate and distortion."""

import math

import numpy as np

from triptych.generative.diffusion import Variance
from triptych.generative.measures.base import Measured, Trained
from triptych.generative.observation import quantise
from triptych.generative.progressive import (
    Diffusion,
    agreement,
    bounds_by_variance,
    rate_distortion,
    settled,
    step_at,
)
from triptych.metrics.spectra import bands

IMAGES = 64  # drawn side by side, and test images whose bound is taken apart
EDGES = (0.2, 0.35)  # cycles per pixel; half a cycle per pixel is the finest stripe there is
BANDS = ("low", "middle", "high")
FRACTIONS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05)  # t / T of recorded curves
# The last steps carry most of the bits; at t = 0 all have come and the image is known.
RATE_FRACTIONS = (*FRACTIONS, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0)
SETTLED = 0.9  # correlation from which a band counts as decided
SIGMA: dict[Variance, str] = {"beta": "σ_t² = β_t", "posterior": "σ_t² = β̃_t"}
FIRST: dict[Variance, str] = {"beta": "σ₁² = β₁", "posterior": "σ₁² = β̃₂"}
SHOWN = 6
COLUMNS = (1.0, 0.8, 0.6, 0.4, 0.3, 0.2, 0.1, 0.0)  # t / T of the picture


def measure(trained: Trained) -> Measured:
    """Correlations per band, the time each settles, and the rate–distortion curve."""
    out = Measured()
    if isinstance(trained.model, Diffusion):
        _spectra(trained, trained.model, out)
        _rate(trained, trained.model, out)
    return out


def _spectra(trained: Trained, model: Diffusion, out: Measured) -> None:
    states = list(model.progress(IMAGES, trained.rng("progressive")))
    total, (_, height, width) = model.diffusion_steps, trained.model.shape
    masks = dict(zip(BANDS, bands(height, width, EDGES), strict=True))
    times = np.array([state.time for state in states])
    how = (
        f"x̂₀(t) against the final sample, {IMAGES} ancestral samples, centred by their mean "
        f"image; bands of spatial frequency up to {EDGES[0]}, {EDGES[1]} and above, in cycles per "
        f"pixel; {trained.split_rule}"
    )
    for band, values in agreement(states, masks).items():
        found = {
            f"frequency_correlation/{band}": float(np.nanmean(values)),
            f"frequency_settled/{band}": settled(times, values, SETTLED) / total,
        }
        for fraction in FRACTIONS:
            found[f"frequency_curve/{band},t={fraction:g}"] = float(
                values[total - step_at(fraction, total)]
            )
        for name, value in found.items():
            out.records.append(trained.record(name, value, "1", "estimate", IMAGES, how))
    rows = [quantise(states[total - step_at(f, total)].x0[:SHOWN], trained.model.levels)
            for f in COLUMNS if f > 0]  # fmt: skip
    rows.append(quantise(states[-1].x[:SHOWN], trained.model.levels))
    picture = np.stack([row.permute(0, 2, 3, 1).cpu().numpy() for row in rows], axis=1)
    out.arrays["progressive"] = picture


def _rate(trained: Trained, model: Diffusion, out: Measured) -> None:
    x = trained.test_images(IMAGES)
    found = model.bound_by_step(x, trained.rng("rate"))
    rate, distortion = rate_distortion(found, trained.model.levels, trained.model.dimensions)
    total = model.diffusion_steps
    how = f"{len(x)} test images, one noise draw per image and t; {trained.split_rule}"
    for fraction in RATE_FRACTIONS:
        if fraction and fraction not in FRACTIONS and fraction * total < 1:
            continue  # below the first step
        row = step_at(fraction, total) if fraction else 0
        out.records += [
            trained.record(
                f"progressive_rate/t={fraction:g}", rate[row], "bits/dim", "estimate", len(x),
                f"L_T and all L_(s−1) with s above t; {how}",
            ),
            trained.record(
                f"progressive_distortion/t={fraction:g}", distortion[row], "levels", "estimate",
                len(x), f"root mean squared error of x̂₀(x_t); {how}",
            ),
        ]  # fmt: skip
    for (choice, first), nats in bounds_by_variance(
        found, model.schedule, trained.model.dimensions
    ).items():
        bits = float(nats.mean()) / (trained.model.dimensions * math.log(2.0))
        out.records.append(
            trained.record(
                f"bound_by_variance/{choice}, first {first}", bits, "bits/dim", "upper bound",
                len(x), f"the bound under {SIGMA[choice]} and {FIRST[first]}; {how}",
            )
        )  # fmt: skip
    out.arrays["rate"], out.arrays["distortion"] = rate, distortion
    out.arrays["bound_by_step"] = found.terms.mean(1).cpu().numpy()
