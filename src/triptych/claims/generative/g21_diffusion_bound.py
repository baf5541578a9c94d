"""G21: the diffusion bound."""

import math
from itertools import pairwise

import pandas as pd

from triptych.claims.base import Check, Effect, Identity, Statistical
from triptych.claims.tables import by_seed, datasets, hold_out_ratio, models

STATEMENT = "−log p(x_0) ≤ L_T + Σ L_{t−1} + L_0."


def effects(table: pd.DataFrame) -> list[Effect]:
    """Bits/dim by which the bound on real data beats the uniform code (log2 L bits per value)."""
    found = []
    for dataset in datasets(table, "generative"):
        ratio = hold_out_ratio(table, "generative", dataset)
        for model in models(table, "generative", dataset):
            where = {"dataset": dataset, "model": model, "split": "test"}
            if by_seed(table, metric="bound_term/L_T", **where).empty:
                continue
            levels = _levels(table, dataset, model)
            bits = by_seed(table, metric="bits_per_dim", **where)
            gain = {int(str(seed)): math.log2(levels) - value for seed, value in bits.items()}
            label = f"{model}: uniform code (log2 {levels}) − bound"
            found.append(Effect(dataset, gain, "bits/dim", label, test_train_ratio=ratio))
    return found


def _levels(table: pd.DataFrame, dataset: str, model: str) -> int:
    """L of the images that the bound was measured on: data sets differ in it."""
    rows = table[
        (table["dataset"] == dataset)
        & (table["model"] == model)
        & (table["metric"] == "bits_per_dim")
    ]
    return int(str(rows["protocol"].iloc[0]).split(" levels")[0].split()[-1])


def check() -> list[Check]:
    """Gaussian data with the optimal ε in closed form: never below −log p, and closing with T."""
    from triptych.generative.gaussian_diffusion import bound_gaps

    gaps = bound_gaps(variance=0.25, steps=(50, 100, 200, 500, 1000))
    below = max((-gap for gap in gaps.values()), default=0.0)
    ordered = [gaps[steps] for steps in sorted(gaps)]
    rise = max(later - earlier for earlier, later in pairwise(ordered))
    name = "N(0, 0.25), optimal ε, σ_t² = β_t"
    return [
        Check(
            name, max(below, 0.0), 1e-9, "bits/dim",
            "largest amount by which the bound lies below the exact −log p", len(gaps),
        ),
        Check(
            name, max(rise, 0.0), 1e-9, "bits/dim",
            "largest increase of the gap from one T to a larger one (50, 100, 200, 500, 1000)",
            len(gaps) - 1,
        ),
    ]  # fmt: skip


CLAIMS = [
    Identity(
        id="G21",
        panel="generative",
        deck="A",
        statement=STATEMENT,
        experiment="Gaussian data with the optimal ε in closed form: the bound is never below the "
        "exact value and tightens with T.",
        check=check,
    ),
    Statistical(
        id="G21",
        panel="generative",
        deck="A",
        statement=STATEMENT,
        experiment="Bits/dim of the bound on test images, against the uniform code.",
        effects=effects,
    ),
]
