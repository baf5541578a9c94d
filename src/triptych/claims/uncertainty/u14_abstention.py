"""U14: the cost of decisions with and without the possibility to abstain."""

import pandas as pd

from triptych.claims.base import Check, Effect, Identity, Statistical
from triptych.claims.tables import by_seed
from triptych.claims.uncertainty._reading import effect, models_with, panels
from triptych.records import named

STATEMENT = "Knowing when to abstain lowers the cost of decisions."
SET = "feature_noise"
COSTS = {  # metric: by which probabilities
    "decision_cost": "",
    "decision_cost_tempered": ", probabilities at a temperature of the validation part",
}
GRID = 100_000


def check() -> list[Check]:
    """The rule with thresholds 0.05 and 0.5 against the cheapest action, at every probability."""
    import numpy as np

    from triptych.metrics import decisions as d

    q = np.arange(GRID + 1) / GRID
    by_hand = np.stack([10 * q, 1 - q, np.full_like(q, 0.5)])
    rule = np.where(q <= 0.05, d.HEALTHY, np.where(q >= 0.5, d.DISEASED, d.ABSTAIN))
    ours = by_hand[d.best_action(q), np.arange(len(q))]
    ruled = by_hand[rule, np.arange(len(q))]
    low, high = d.thresholds()
    # Costs are sums and products of a few numbers up to 10.
    rounding = 8 * 10 * 2.0**-52
    return [
        Check(
            "every probability from 0 to 1 in steps of 1e-5",
            float(np.abs(ours - by_hand.min(axis=0)).max()), rounding, "cost",
            "expected cost of the chosen action − of the cheapest of the three", len(q),
        ),
        Check(
            "every probability from 0 to 1 in steps of 1e-5",
            float(np.abs(ruled - by_hand.min(axis=0)).max()), rounding, "cost",
            "expected cost of the rule (healthy to 0.05, diseased from 0.5) − of the cheapest",
            len(q),
        ),
        Check(
            "the deck's table", max(abs(low - 0.05), abs(high - 0.5)), rounding, "probability",
            "thresholds derived from the table − 0.05 and 0.5", 2,
        ),
    ]  # fmt: skip


def effects(table: pd.DataFrame) -> list[Effect]:
    """What always deciding costs more than abstaining, by each method's probabilities."""
    found: list[Effect] = []
    for dataset, rows in panels(table):
        for cost, how in COSTS.items():
            for model in models_with(rows, f"{cost}/abstain"):
                found += _saved(dataset, rows, model, cost, how)
    return found


def _saved(dataset: str, rows: pd.DataFrame, model: str, cost: str, how: str) -> list[Effect]:
    what = "cost per patient, always decide − abstain"
    decide, abstain = f"{cost}/decide", f"{cost}/abstain"
    left, right = (
        by_seed(rows, model=model, metric=metric, split="test") for metric in (decide, abstain)
    )
    clean = effect(dataset, rows, left, right, "cost", f"{what}: clean, {model}{how}")
    left, right = (shifted_mean(rows, model, metric) for metric in (decide, abstain))
    noisy = f"{what}: noisy measurements, mean over severities, {model}{how}"
    return clean + effect(dataset, rows, left, right, "cost", noisy)


def shifted_mean(rows: pd.DataFrame, model: str, metric: str) -> pd.Series:
    """A number per seed, mean over the severities of the covariate shift."""
    prefix = named(SET, "x").removesuffix("x")
    splits = sorted({str(s) for s in rows["split"].unique() if str(s).startswith(prefix)})
    if not splits:
        return pd.Series(dtype=float)
    found = [by_seed(rows, model=model, metric=metric, split=split) for split in splits]
    return pd.concat(found, axis=1).mean(axis=1, skipna=False)


CLAIMS = [
    Identity(
        "U14", "uncertainty", "B", STATEMENT,
        "the rule that abstains between 0.05 and 0.5 is the cheapest action at every probability "
        "of disease, by enumeration of the deck's table",
        check,
    ),
    Statistical(
        "U14", "uncertainty", "B", STATEMENT,
        "realised cost per patient under the deck's table (missed disease 10, false alarm 1, "
        "abstaining 0.5), always deciding by the cheaper answer minus abstaining where that is "
        "cheapest, by each method's probabilities, on clean and on noisier measurements",
        effects,
    ),
]  # fmt: skip
