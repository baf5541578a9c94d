"""G16: the later objectives against the first one, with the same generator."""

from collections.abc import Iterator

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.generative._samples import costs, frechet
from triptych.claims.tables import by_seed, datasets, hold_out_ratio, paired

BASE = "gan"
VARIANTS = ("lsgan", "wgan", "wgan_gp", "began")


def effects(table: pd.DataFrame) -> list[Effect]:
    """Distance and its spread over seeds, modes reached, divergence: variant against GAN."""
    found = []
    for dataset in datasets(table, "generative"):
        ratio = hold_out_ratio(table, "generative", dataset)
        for model in VARIANTS:
            for label, unit, gain, redrawn in _comparisons(table, dataset, model):
                if gain:
                    share = ratio if redrawn else 0.0
                    found.append(Effect(dataset, gain, unit, label, test_train_ratio=share))
    return found


def _comparisons(
    table: pd.DataFrame, dataset: str, model: str
) -> Iterator[tuple[str, str, dict[int, float], bool]]:
    """(comparison, unit, effect per seed, whether the seeds redraw the data it is measured on)."""
    base, own = (frechet(table, dataset, name) for name in (BASE, model))
    cost = costs(table, dataset, BASE, model)
    yield f"Fréchet distance: {BASE} − {model}{cost}", "1", paired(base, own), True
    yield (
        f"distance of a seed's Fréchet distance from the median over seeds: {BASE} − {model}{cost}",
        "1", paired((base - base.median()).abs(), (own - own.median()).abs()), True,
    )  # fmt: skip
    for metric, words, unit, sign in (
        ("modes_covered", "modes reached on a grid of 25 Gaussians", "modes", 1.0),
        ("points_near_modes", "share of points near a mode of the grid", "fraction", 1.0),
        ("diverged", "trainings that diverged", "1", -1.0),
    ):
        first, second = (
            sign * by_seed(table, dataset=dataset, model=name, metric=metric)
            for name in (BASE, model)
        )
        order = f"{model} − {BASE}" if sign > 0 else f"{BASE} − {model}"
        yield f"{words}: {order}", unit, paired(second, first), False


CLAIMS = [
    Statistical(
        id="G16",
        panel="generative",
        deck="B",
        statement="LSGAN, WGAN, improved WGAN (gradient penalty) and BEGAN train better.",
        experiment="Each against the non-saturating GAN with the same generator, trained with the "
        "counted multiply-adds that the rows say: Fréchet distance and its spread over seeds; "
        "trainings that diverged; and, after as many updates, counted over both players, modes "
        "reached and points near a mode on a grid of 25 Gaussians.",
        effects=effects,
    )
]
