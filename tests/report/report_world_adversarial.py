"""Made-up games: distances, modes, gradients, costs; and how near samples come to their data."""

from collections.abc import Callable

import numpy as np

from triptych.files import Array
from triptych.metrics.modes import grid_points

# entry: (family, bits/dim, kind, Fréchet distance, evaluations, seconds per image)
MODELS = {
    "gan": ("GAN", None, "", 5.0, 1, 1e-5),
    "gan_minimax": ("GAN", None, "", 5.5, 1, 1e-5),
    "lsgan": ("GAN", None, "", 4.8, 1, 1e-5),
    "wgan": ("GAN", None, "", 5.1, 1, 1e-5),
    "wgan_gp": ("GAN", None, "", 4.2, 1, 1e-5),
    "began": ("GAN", None, "", 7.5, 1, 1e-5),
    "dcgan": ("GAN", None, "", 4.0, 1, 4e-5),
}
RECORDED = ("gan", "gan_minimax", "dcgan")
Noise = Callable[[float], float]
Numbers = dict[str, tuple[float, dict[str, object]]]


def numbers(noise: Noise, model: str, sampler: bool) -> Numbers:
    """Metric -> (value, further fields of the record) of one seed."""
    found: Numbers = {}
    estimate: dict[str, object] = {"kind": "estimate"}
    if sampler:
        for variant, scale in (("", 1.0), ("/cnn32", 4.0)):
            found[f"nearest_train_distance{variant}"] = (1.3 * scale + noise(0.02), estimate)
            found[f"nearest_train_distance_of_test{variant}"] = (scale, estimate)
            found[f"nearer_to_training{variant}"] = (0.5 + noise(0.02), estimate)
            found[f"near_copies{variant}"] = (0.02 + abs(noise(0.01)), estimate)
        for name in ("precision", "recall", "density", "coverage"):
            found[f"{name}/cnn32"] = (0.7 + noise(0.05), estimate)
    if model == "autoencoder":
        for law, distance in (("standard", 12.0), ("fitted", 8.0)):
            for size in (2, 16):
                name = f"decoded_frechet_distance/{law}, code={size}"
                found[name] = (distance + noise(0.3), estimate)
    if model in MODELS:
        found["training_multiply_adds"] = (2.2e10, {"split": "train", "unit": "multiply-adds"})
    if model in MODELS and model != "dcgan":
        found["modes_covered"] = (20 + round(noise(2)), {"split": "all", "unit": "modes"})
        found["points_near_modes"] = (0.5 + noise(0.05), {"split": "all", "unit": "fraction"})
    if model in RECORDED:
        more: dict[str, object] = {"split": "train", "kind": "estimate"}
        found["lowest_mean_d_of_fake"] = (0.05, more)
        for objective, norm in (("non_saturating", 5.0), ("minimax", 0.3)):
            name = f"gradient_norm_at_lowest_d/{objective}"
            found[name] = (norm * float(np.exp(noise(0.1))), more)
    return found


def arrays(
    rng: np.random.Generator, pictures: Callable[[int], Array], model: str
) -> dict[str, Array]:
    """What the figures draw."""
    found: dict[str, Array] = {}
    if model == "autoencoder":
        found = {f"decoded_{law}": pictures(24) for law in ("standard", "fitted")}
    if model in MODELS and model != "dcgan":
        found["grid_points"] = grid_points(300, rng)
    if model in RECORDED:
        d = np.geomspace(0.02, 0.5, 12)
        norms = np.exp(rng.normal(0, 0.2, (2, 12)))
        found["gradient_curve"] = np.stack(
            [50.0 * np.arange(1, 13), d, (1 - d) * norms[0], d * norms[1]], axis=1
        )
    return found
