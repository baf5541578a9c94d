"""Made-up numbers and pictures of the measures of diffusion and of representations."""

from collections.abc import Callable

import numpy as np

from triptych.files import Array
from triptych.generative.measures import few_steps, progressive

CODERS = {"pca": 0.1, "autoencoder": 0.2, "vae": 0.3}  # model: how well arithmetic works
PROBED = {"pca": 0.8, "autoencoder": 0.82, "vae": 0.84, "pixelcnn": 0.78, "gan": 0.81, "ddpm": 0.9}
Numbers = dict[str, tuple[float, dict[str, object]]]


def numbers(noise: Callable[[float], float], model: str) -> Numbers:
    """Metric -> (value, further fields of the record) of one seed."""
    found: Numbers = {}
    if model in CODERS:
        for path, distance in (
            ("lerp", 3.0),
            ("slerp", 2.8),
            ("pixels", 5.0),
            ("reconstructions", 4.5),
        ):
            found[f"interpolation_frechet/{path}"] = (distance + noise(0.2), {"kind": "estimate"})
    if model in CODERS or model == "gan":
        gain = CODERS.get(model, 0.25)
        for attribute in ("thickness", "slant"):
            for name, value in (("success", 0.5 + gain), ("control", 0.4), ("kept", 0.9)):
                more: dict[str, object] = {"unit": "fraction"}
                found[f"attribute_{name}/{attribute}"] = (value + noise(0.02), more)
            found[f"attribute_shift/{attribute}"] = (0.2 + noise(0.02), {})
    if model in PROBED:
        more = {"unit": "fraction"}
        found["feature_probe_10_per_class"] = (PROBED[model] + noise(0.01), more)
        found["feature_probe_10_per_class/raw pixels"] = (0.83 + noise(0.01), more)
    return found | (_diffusion(noise) if model == "ddpm" else {})


def _diffusion(noise: Callable[[float], float]) -> Numbers:
    found: dict[str, float] = {}
    for steps in (*few_steps.STEPS, 200):
        for sampler, factor in (("ancestral", 1.0), ("ddim", 0.9)):
            value = 2.5 + factor * 40 / steps + noise(0.1)
            found[f"{sampler}_frechet/steps={steps}"] = value
    found["ancestral_frechet/all"] = 2.7 + noise(0.1)
    for t in few_steps.FRACTIONS:
        found[f"guess_frechet/t={t:g}"] = 1 + 30 * t**2 + noise(0.1)
    for place, band in enumerate(progressive.BANDS):
        found[f"frequency_correlation/{band}"] = 0.8 - 0.2 * place + noise(0.01)
        found[f"frequency_settled/{band}"] = 0.5 - 0.2 * place + noise(0.01)
        for t in progressive.FRACTIONS:
            found[f"frequency_curve/{band},t={t:g}"] = (1 - t) ** (1 / (1 + place)) + noise(0.01)
    more: Numbers = {}
    for t in progressive.RATE_FRACTIONS:
        more[f"progressive_rate/t={t:g}"] = (2.0 * (1 - t) ** 4 + noise(0.01), {"unit": "bits/dim"})
        more[f"progressive_distortion/t={t:g}"] = (5.0 * t + noise(0.05), {"unit": "levels"})
    return more | {name: (value, {"kind": "estimate"}) for name, value in found.items()}


def pictures(draw: Callable[[int], Array], model: str) -> dict[str, Array]:
    """Arrays of ``outputs.safetensors``; ``draw(n)`` makes n images [n, H, W, C]."""

    def grid(rows: int, columns: int) -> Array:
        images = draw(rows * columns)
        return np.asarray(images.reshape(rows, columns, *images.shape[1:]))

    found: dict[str, Array] = {}
    if model in CODERS:
        found |= {f"interpolation/{path}": grid(4, 7) for path in ("lerp", "slerp", "pixels")}
    if model in CODERS or model == "gan":
        found |= {f"arithmetic/{name}": grid(6, 5) for name in ("thickness", "slant")}
    if model == "ddpm":
        found |= {"progressive": grid(6, 8), "guesses": grid(6, 6)}
        found |= {f"few_steps/{steps}": draw(6) for steps in (*few_steps.STEPS, 200)}
    return found
