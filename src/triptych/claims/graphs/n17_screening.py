"""N17: what a model ranks first is worth examining."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.graphs._splits import test_train_ratio
from triptych.claims.tables import by_seed, datasets, paired

NETWORKS = ("dmpnn", "gine")
ALONE = {"dmpnn": "atoms_alone"}  # the same network and training without a round of messages
FIRST = 100  # deck A's number
RULE = "scaffold split"
METRIC = f"precision_at_{FIRST}"


def effects(table: pd.DataFrame) -> list[Effect]:
    """Actives among the first 100 of a network's ranking, less those of its controls.

    Chance is a random order: the share of actives in the part, whatever is examined of it.
    """
    found = []
    for dataset in datasets(table, "graphs"):
        for model in NETWORKS:
            ours = _number(table, dataset, model, METRIC)
            controls = {"chance": _number(table, dataset, model, "positives")}
            if model in ALONE:
                theirs = _number(table, dataset, ALONE[model], METRIC)
                controls["the same without messages between atoms"] = theirs
            for words, theirs in controls.items():
                if values := paired(FIRST * ours, FIRST * theirs):
                    comparison = f"actives among the first {FIRST} ranked: {model} − {words}"
                    ratio = test_train_ratio(table, dataset, model)
                    found.append(
                        Effect(dataset, values, "actives", comparison, test_train_ratio=ratio)
                    )
    return found


def _number(table: pd.DataFrame, dataset: str, model: str, metric: str) -> pd.Series:
    """Of the test part, where it shares no scaffold with the training part."""
    screened = table[table["protocol"].str.contains(RULE)]
    return by_seed(
        screened, panel="graphs", dataset=dataset, model=model, split="test", metric=metric
    )


CLAIMS = [
    Statistical(
        id="N17",
        panel="graphs",
        deck="A",
        statement="Virtual screening: rank known molecules and examine the top 100.",
        experiment="Actives among the first 100 held-out molecules of the ranking, less those "
        "among 100 drawn at random, under a split that keeps every scaffold in one part: on the "
        "antibiotics data where they are downloaded, else on generated molecules with a planted "
        "motif, whose actives are known; and, of the directed message-passing network, less those "
        "of the same network trained alike without messages. Logistic regression on fingerprints "
        "stands beside them in the table and the figure.",
        effects=effects,
    )
]
