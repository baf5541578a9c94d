"""G15: convolutional against fully connected players at equal training cost."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.generative._samples import costs, frechet, training_cost
from triptych.claims.tables import datasets, hold_out_ratio, paired

FLAT, DEEP = "gan", "dcgan"
EQUAL = 1.25  # costs whose ratio lies within this factor count as equal


def effects(table: pd.DataFrame) -> list[Effect]:
    """Distance of the fully connected GAN minus DCGAN's; nothing where the costs differ."""
    found = []
    for dataset in datasets(table, "generative"):
        flat, deep = (training_cost(table, dataset, model) for model in (FLAT, DEEP))
        gain = paired(frechet(table, dataset, FLAT), frechet(table, dataset, DEEP))
        if gain and max(flat, deep) <= EQUAL * min(flat, deep):
            label = f"Fréchet distance: {FLAT} − {DEEP}{costs(table, dataset, FLAT, DEEP)}"
            ratio = hold_out_ratio(table, "generative", dataset)
            found.append(Effect(dataset, gain, "1", label, test_train_ratio=ratio))
    return found


CLAIMS = [
    Statistical(
        id="G15",
        panel="generative",
        deck="B",
        statement="Convolutional GANs (DCGAN) give much better samples.",
        experiment="Fréchet distance of a fully connected GAN minus that of a DCGAN with the same "
        "objective whose training takes as many multiply-adds, counted, not timed.",
        effects=effects,
    )
]
