"""G13: what gated layers, short-cuts and the logistic loss each bring."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.generative._samples import costs
from triptych.claims.tables import by_seed, datasets, hold_out_ratio, paired

# (entry without it, entry with it, what it is)
STEPS = (
    ("pixelcnn", "gated_pixelcnn", "gated layers in two stacks"),
    ("pixelcnn", "pixelcnn_logistic", "mixture of discretised logistics in place of a softmax"),
    ("pixelcnnpp_plain", "pixelcnnpp", "short-cuts from the way down to the way up"),
    ("pixelcnn", "pixelcnnpp", "all of PixelCNN++"),
)


def effects(table: pd.DataFrame) -> list[Effect]:
    """Test bits/dim saved by each."""
    found = []
    for dataset in datasets(table, "generative"):
        ratio = hold_out_ratio(table, "generative", dataset)
        where = {"dataset": dataset, "metric": "bits_per_dim", "split": "test"}
        for without, with_it, what in STEPS:
            saved = paired(
                by_seed(table, model=without, **where), by_seed(table, model=with_it, **where)
            )
            if saved:
                label = f"{what}: {without} − {with_it}{costs(table, dataset, without, with_it)}"
                found.append(Effect(dataset, saved, "bits/dim", label, test_train_ratio=ratio))
    return found


CLAIMS = [
    Statistical(
        id="G13",
        panel="generative",
        deck="B",
        statement="Gated layers, short-cuts and the discretised logistic loss improve PixelCNN.",
        experiment="Test bits/dim of PixelCNN, Gated PixelCNN and PixelCNN++, of PixelCNN with a "
        "mixture of logistics in place of its softmax, and of PixelCNN++ without short-cuts; every "
        "network trained with the counted multiply-adds that its row says.",
        effects=effects,
    )
]
