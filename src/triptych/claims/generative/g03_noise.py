"""G03: without observation noise a low-dimensional code gives unseen data no probability."""

import math

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import by_seed, datasets, hold_out_ratio, models, paired

CURVES = {
    "noise_bits": "codelength",
    "noise_floor_bits": "least codelength under any code found",
}


def effects(table: pd.DataFrame) -> list[Effect]:
    """What the best other noise saves over the least one, and whether the loss accelerates there.

    As η → 0 the codelength grows like 1/η², by four times as much at each halving: the logarithm to
    base 2 of the ratio of its last two rises is then 2. Any positive value means rises that grow,
    and no limit.
    """
    found = []
    for dataset in datasets(table, "generative"):
        ratio = hold_out_ratio(table, "generative", dataset)
        for model in models(table, "generative", dataset):
            for metric, what in CURVES.items():
                curve = _curve(table, dataset, model, metric)
                if len(curve) < 3:
                    continue
                least = min(curve)
                others = [values for eta, values in curve.items() if eta > least]
                rise = paired(curve[least], pd.concat(others, axis=1).min(axis=1))
                growth = _acceleration(curve)
                # A curve that does not rise has no such ratio: who is left out is said.
                kept = "" if len(growth) == len(rise) else f", {len(growth)} of {len(rise)} seeds"
                for values, unit, label in (
                    (rise, "bits/dim", f"{what} at η = {least:g} − at the best larger η"),
                    (growth, "log2 ratio", f"last rise of the {what} / the one before{kept}"),
                ):
                    found.append(
                        Effect(dataset, values, unit, f"{model}: {label}", test_train_ratio=ratio)
                    )
    return found


def _curve(table: pd.DataFrame, dataset: str, model: str, metric: str) -> dict[float, pd.Series]:
    """η -> bits/dim by seed."""
    rows = table[(table["dataset"] == dataset) & (table["model"] == model)]
    names = sorted({m for m in rows["metric"] if m.startswith(f"{metric}/eta=")})
    return {float(name.split("=")[1]): by_seed(rows, metric=name) for name in names}


def _acceleration(curve: dict[float, pd.Series]) -> dict[int, float]:
    """Log2 of the last rise over the one before, seeds whose curve does not rise there left out."""
    last, second, third = (curve[eta] for eta in sorted(curve)[:3])
    late, early = paired(last, second), paired(second, third)
    return {
        seed: math.log2(late[seed] / early[seed])
        for seed in late
        if late[seed] > 0 and early.get(seed, 0.0) > 0
    }


CLAIMS = [
    Statistical(
        id="G03",
        panel="generative",
        deck="A",
        statement="With a low-dimensional z and a deterministic decoder p(x) = 0 almost "
        "everywhere; the observation noise η mends it.",
        experiment="Codelength of test images as the decoder's noise η is halved again and again, "
        "all else as trained: exact for probabilistic PCA (a linear decoder); for a VAE a bound "
        "on it from above and, by the likeliest code that gradient steps find, from below. The "
        "last two rises are compared on seeds that have both.",
        effects=effects,
    )
]
