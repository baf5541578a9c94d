"""G01: nonlinear codes against linear ones of the same size."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import by_seed, datasets, hold_out_ratio, paired

SIZES = (2, 4, 8, 16)


def effects(table: pd.DataFrame) -> list[Effect]:
    """PCA's test error minus the autoencoder's, and its probe accuracy over PCA's, per size."""
    found = []
    for dataset in datasets(table, "generative"):
        ratio = hold_out_ratio(table, "generative", dataset)
        for size in SIZES:
            for metric, unit, sign in (
                ("reconstruction_mse", "squared error", -1.0),
                ("probe_accuracy", "fraction", 1.0),
            ):
                where = {"dataset": dataset, "metric": f"{metric}/code={size}", "split": "test"}
                gain = paired(
                    sign * by_seed(table, model="autoencoder", **where),
                    sign * by_seed(table, model="pca", **where),
                )
                what = "PCA − autoencoder" if sign < 0 else "autoencoder − PCA"
                if gain:
                    label = f"{metric.replace('_', ' ')} at code size {size}: {what}"
                    found.append(Effect(dataset, gain, unit, label, test_train_ratio=ratio))
    return found


CLAIMS = [
    Statistical(
        id="G01",
        panel="generative",
        deck="A",
        statement="Nonlinear autoencoders learn more powerful codes than PCA at a given "
        "dimensionality.",
        experiment="Test reconstruction error and accuracy of a linear probe on the codes, "
        "autoencoder against PCA, at code sizes 2, 4, 8 and 16; paired per seed.",
        effects=effects,
    )
]
