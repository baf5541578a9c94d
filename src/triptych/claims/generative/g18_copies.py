"""G18: are samples nearer to training images than to images that the model never saw?"""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import by_seed, datasets, hold_out_ratio, models

EXPECTED = 0.05  # share of held-out images nearer than their own nearest 5 %
EVEN, SLACK = 0.5, 0.05  # share of a sampler of the data's law; what it may exceed that by


def effects(table: pd.DataFrame) -> list[Effect]:
    """Per sampler: share nearer to training than to held-out images; share of near copies."""
    found = []
    for dataset in datasets(table, "generative"):
        ratio = hold_out_ratio(table, "generative", dataset)
        for model in models(table, "generative", dataset):
            rows = table[(table["dataset"] == dataset) & (table["model"] == model)]
            for variant, space in _spaces(rows):
                for metric, expected, slack, label in (
                    (
                        "nearer_to_training", EVEN, SLACK,
                        f"½ − share of {model}'s samples nearer to a training image in {space} "
                        "than to any of as many held-out ones; the data's law has 0",
                    ),
                    (
                        "near_copies", EXPECTED, EXPECTED,
                        f"5 % − share of {model}'s samples nearer to a training image in {space} "
                        "than the nearest 5 % of held-out images; an exact copier's is −95 points",
                    ),
                ):  # fmt: skip
                    share = by_seed(rows, metric=metric + variant, split="test")
                    spared = {int(str(seed)): expected - float(v) for seed, v in share.items()}
                    if spared:
                        found.append(
                            Effect(
                                dataset, spared, "fraction", label, margin=-slack,
                                test_train_ratio=ratio,
                            )
                        )  # fmt: skip
    return found


def _spaces(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """(suffix of the metric, the space in words)."""
    prefix = "nearer_to_training"
    names = sorted({n for n in rows["metric"] if n == prefix or n.startswith(f"{prefix}/")})
    return [(n.removeprefix(prefix), "pixels" if n == prefix else "features") for n in names]


CLAIMS = [
    Statistical(
        id="G18",
        panel="generative",
        deck="B",
        statement="Generated images are not copies: their nearest neighbours in the training set "
        "differ from them.",
        experiment="Share of samples nearer to a training image than to any of as many held-out "
        "ones, in pixels and in features: a half where nothing is copied, judged with a margin of "
        "5 points; and that no more than twice as many samples as held-out images come very near "
        "to a training image, which tells exact copies only. kernel_density, which draws a "
        "training image and adds noise, is the positive control: its share should contradict.",
        effects=effects,
    )
]
