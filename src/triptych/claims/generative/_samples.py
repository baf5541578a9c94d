"""Reading the quality of samples, and what the training cost, off the table of records."""

import math

import pandas as pd

from triptych.claims.tables import by_seed


def frechet(table: pd.DataFrame, dataset: str, model: str) -> pd.Series:
    """Fréchet distance of a model's samples to test images, per seed, whatever the extractor."""
    rows = table[table["metric"].str.startswith("frechet_distance/cnn")]
    return by_seed(rows, panel="generative", dataset=dataset, model=model, split="test")


def training_cost(table: pd.DataFrame, dataset: str, model: str) -> float:
    """Counted multiply-adds of a training, mean over seeds; nan where they were not counted."""
    metric = "training_multiply_adds"
    counted = by_seed(
        table, panel="generative", dataset=dataset, model=model, metric=metric, split="train"
    )
    return float(counted.mean())


def costs(table: pd.DataFrame, dataset: str, first: str, second: str) -> str:
    """For labels: what both trainings cost; empty where that was not counted."""
    one, other = (training_cost(table, dataset, model) for model in (first, second))
    if math.isnan(one) or math.isnan(other):
        return ""
    return f", trained with {one:.2g} and {other:.2g} counted multiply-adds"
