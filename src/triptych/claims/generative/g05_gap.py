"""G05: what the bound leaves out is the divergence of q from the posterior."""

import pandas as pd

from triptych.claims.base import Check, Effect, Identity, Statistical
from triptych.claims.tables import by_seed, datasets, hold_out_ratio, models

STATEMENT = "The gap of the bound is KL(q(z) ‖ p(z|x))."


def effects(table: pd.DataFrame) -> list[Effect]:
    """The gap of the deep VAE by independent draws, and as the rise from K = 1 to the largest K."""
    found = []
    for dataset in datasets(table, "generative"):
        ratio = hold_out_ratio(table, "generative", dataset)
        for model in models(table, "generative", dataset):
            approximation, amortisation, rise = (
                by_seed(table, model=model, dataset=dataset, metric=metric)
                for metric in ("approximation_gap", "amortisation_gap", "bound_gap")
            )
            for gap, how in (
                (
                    approximation + amortisation,
                    "log p(x) by importance samples of a refined q − bound, other draws",
                ),
                (rise, "rise of L_K, same draws (never negative: read its size)"),
            ):
                values = {int(str(seed)): float(value) for seed, value in gap.dropna().items()}
                if values:
                    label = f"{model}: estimated KL(q(z|x) ‖ p(z|x)): {how}"
                    found.append(Effect(dataset, values, "nats", label, test_train_ratio=ratio))
    return found


def check() -> list[Check]:
    """Log p − bound against the closed-form KL to the exact posterior, per example."""
    from triptych.generative.linear_gaussian import gap_against_kl

    difference, cases = gap_against_kl(models=20, examples=50)
    return [
        Check(
            "linear-Gaussian model",
            difference,
            1e-5,  # the claim's own
            "nats",
            "log p(x) − bound, against KL(q ‖ posterior) in closed form",
            cases,
        )
    ]


CLAIMS = [
    Identity(
        id="G05",
        panel="generative",
        deck="A",
        statement=STATEMENT,
        experiment="Linear-Gaussian model: log p − bound equals the closed-form KL within 1e-5.",
        check=check,
    ),
    Statistical(
        id="G05",
        panel="generative",
        deck="A",
        statement=STATEMENT,
        experiment="Deep VAE: the gap estimated from below, as log p(x) by importance samples less "
        "a bound of other draws with the KL in closed form, which could come out negative; and as "
        "the rise of the importance-weighted bound from K = 1 to the largest K, which could not.",
        effects=effects,
    ),
]
