"""G04: the evidence lower bound is one, and importance weighting tightens it."""

from itertools import pairwise

import pandas as pd

from triptych.claims.base import Check, Effect, Identity, Statistical
from triptych.claims.tables import by_seed, datasets, hold_out_ratio, models, paired

STATEMENT = "E_q[log p(x|z)] − KL(q‖p) is a lower bound on log p(x) (Jensen)."


def effects(table: pd.DataFrame) -> list[Effect]:
    """Importance-weighted bound of the largest K less the bound itself; its rises from K to K."""
    found = []
    for dataset in datasets(table, "generative"):
        ratio = hold_out_ratio(table, "generative", dataset)
        for model in models(table, "generative", dataset):
            rows = table[
                (table["model"] == model)
                & (table["dataset"] == dataset)
                & table["metric"].str.startswith("iw_bound/k=")
            ]
            sizes = sorted({int(name.split("=")[1]) for name in rows["metric"]})
            if not sizes:
                continue
            bounds = {k: by_seed(rows, metric=f"iw_bound/k={k}") for k in sizes}
            own = by_seed(table, model=model, dataset=dataset, metric="evidence_bound")
            over = paired(bounds[sizes[-1]], own)
            if over:
                label = f"{model}: L_{sizes[-1]} − bound with the KL in closed form, other draws"
                found.append(Effect(dataset, over, "nats", label, test_train_ratio=ratio))
            for small, large in pairwise(sizes):
                # On the same draws the mean of logarithms is below the logarithm of the mean.
                label = f"{model}: L_{large} − L_{small} (never negative: read its size)"
                rise = paired(bounds[large], bounds[small])
                found.append(Effect(dataset, rise, "nats", label, test_train_ratio=ratio))
    return found


def check() -> list[Check]:
    """On a linear-Gaussian model no q, random ones included, lifts the bound above log p."""
    from triptych.generative.linear_gaussian import excess_of_bound

    excess, cases = excess_of_bound(models=20, examples=50)
    return [
        Check(
            "linear-Gaussian model",
            max(excess, 0.0),
            1e-10,  # float64: log p is of order 10, and a few hundred operations of 1e-16 each
            "nats",
            "largest excess of the closed-form bound over the exact log p(x), random q",
            cases,
        )
    ]


CLAIMS = [
    Statistical(
        id="G04",
        panel="generative",
        deck="A",
        statement=STATEMENT,
        experiment="Trained VAE on test images: the bound with its KL in closed form must lie "
        "below the importance-weighted bound L_K of the largest K, which is estimated by other "
        "draws and lies below log p(x) too. Beside it, how much each larger K lifts L_K.",
        effects=effects,
    ),
    Identity(
        id="G04",
        panel="generative",
        deck="A",
        statement=STATEMENT,
        experiment="Linear-Gaussian model: closed-form bound against the exact log p(x), random q.",
        check=check,
    ),
]
