"""Diffusion in few steps: samples of one, five, ten … network evaluations, and x̂_0 of one."""

import numpy as np
from torch import Tensor

from triptych.generative.measures.base import Measured, Trained
from triptych.generative.observation import quantise
from triptych.generative.progressive import Diffusion, SamplerName, step_at
from triptych.metrics.frechet import frechet_from_features
from triptych.records import Record

STEPS = (1, 5, 10, 50)  # and all T
FRACTIONS = (0.1, 0.25, 0.5, 0.75, 1.0)  # t / T from which x̂_0 is guessed in one step
SHOWN = 6


def measure(trained: Trained) -> Measured:
    """Fréchet distances of few-step samples to test, and of one-step guesses to training images."""
    model, out = trained.model, Measured()
    if not isinstance(model, Diffusion):
        return out
    test = trained.images(trained.test)
    real = trained.features(test)
    total = model.diffusion_steps
    # Half of the samples that the model is judged by: equal for all, as the distance depends on it.
    n = trained.params.samples // 2
    for steps in sorted({*(s for s in STEPS if s < total), total}):
        samplers: tuple[SamplerName, ...] = ("ancestral", "ddim")
        # One step is x̂_0 of pure noise in both, and all steps of ddim would show little new.
        for sampler in samplers if 1 < steps < total else samplers[:1]:
            found = _drawn(trained, model, steps, sampler, n)
            distance = frechet_from_features(trained.features(found), real)
            names = [f"{sampler}_frechet/steps={steps}"]
            names += ["ddim_frechet/steps=1"] if steps == 1 else []
            names += ["ancestral_frechet/all"] if steps == total else []
            out.records += [_record(trained, model, name, distance, n, steps) for name in names]
            if sampler == "ancestral":
                out.arrays[f"few_steps/{steps}"] = _stored(found[:SHOWN])
    out.records += _guesses(trained, model, test, out)
    return out


def _drawn(trained: Trained, model: Diffusion, steps: int, sampler: SamplerName, n: int) -> Tensor:
    """The model's own samples where this is its own sampler, else new ones."""
    if model.own_sampler == (sampler, steps) and trained.samples is not None:
        return trained.samples[:n]
    return model.sample_in(steps, sampler, n, trained.rng(f"few steps {sampler} {steps}"))


def _guesses(trained: Trained, model: Diffusion, test: Tensor, out: Measured) -> list[Record]:
    """x̂_0 from x_t of test images; its distance to training images, as it is made from test's."""
    real = trained.features(trained.images(trained.train))
    rng = trained.rng("one-step guesses")
    records, columns = [], [test[:SHOWN]]
    for fraction in FRACTIONS:
        step = step_at(fraction, model.diffusion_steps)
        guess = quantise(model.restore(test, step, rng), trained.model.levels)
        distance = frechet_from_features(trained.features(guess), real)
        columns.append(guess[:SHOWN])
        records.append(
            trained.record(
                f"guess_frechet/t={fraction:g}", distance, "1", "estimate", len(test),
                f"one-step x̂₀ from test images noised to t = {step} of {model.diffusion_steps}, "
                f"against {len(real)} training images, features {trained.extractor.name}; "
                f"{trained.split_rule}",
            )
        )  # fmt: skip
    out.arrays["guesses"] = np.stack([_stored(column) for column in columns], axis=1)
    return records


def _record(
    trained: Trained, model: Diffusion, metric: str, value: float, n: int, steps: int
) -> Record:
    return trained.record(
        metric, value, "1", "estimate", n,
        f"{n} samples in {steps} evenly spaced steps, variances recomputed (ddim: η = "
        f"{model.eta:g}), against test images, features {trained.extractor.name}; "
        f"{trained.split_rule}",
    )  # fmt: skip


def _stored(x: Tensor) -> np.ndarray:
    """Levels [N, H, W, C]."""
    return x.permute(0, 2, 3, 1).cpu().numpy()
