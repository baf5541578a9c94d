"""N02: connected nodes are informative about each other."""

import re

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.graphs._splits import test_train_ratio
from triptych.claims.tables import by_seed, datasets, paired

GRAPH, BASELINE = "gcn", "mlp"
DIAL = re.compile(r"^csbm_phi_([mp])?(\d{3})$")


def effects(table: pd.DataFrame) -> list[Effect]:
    """What the graph adds on every data set, and how that grows towards homophily."""
    gains = {name: gain for name in datasets(table, "graphs") if (gain := _gain(table, name))}
    found = [
        Effect(
            dataset=name,
            values=gain,
            unit="fraction",
            comparison=f"test accuracy: {GRAPH} − {BASELINE}",
            test_train_ratio=test_train_ratio(table, name, GRAPH),
        )
        for name, gain in gains.items()
    ]
    return found + _dial(table, gains)


def dial(dataset: str) -> float | None:
    """φ of a contextual stochastic block model, by the name of its data set.

    Example:
        >>> dial("csbm_phi_m025"), dial("csbm_phi_p100"), dial("karate")
        (-0.25, 1.0, None)
    """
    match = DIAL.match(dataset)
    if match is None:
        return None
    value = int(match[2]) / 100
    return -value if match[1] == "m" else value


def _gain(table: pd.DataFrame, dataset: str) -> dict[int, float]:
    accuracy = {
        model: by_seed(
            table, panel="graphs", dataset=dataset, model=model, split="test", metric="accuracy"
        )
        for model in (GRAPH, BASELINE)
    }
    return paired(accuracy[GRAPH], accuracy[BASELINE])


def _dial(table: pd.DataFrame, gains: dict[str, dict[int, float]]) -> list[Effect]:
    """The gain at the largest φ minus the gain at φ = 0, seed by seed."""
    phis = {phi: name for name in gains if (phi := dial(name)) is not None}
    if 0.0 not in phis or max(phis) <= 0:
        return []
    top, zero = gains[phis[max(phis)]], gains[phis[0.0]]
    return [
        Effect(
            dataset="csbm dial",
            values={seed: top[seed] - zero[seed] for seed in top if seed in zero},
            unit="fraction",
            comparison=f"gain ({GRAPH} − {BASELINE}) at φ = {max(phis):g} − gain at φ = 0",
            test_train_ratio=test_train_ratio(table, phis[0.0], GRAPH),
        )
    ]


CLAIMS = [
    Statistical(
        id="N02",
        panel="graphs",
        deck="A",
        statement="Homophily: connected nodes are informative about each other.",
        experiment="Test accuracy of a graph network minus that of the same network without the "
        "graph; the same over the dial of the contextual stochastic block model, from heterophily "
        "(φ = -1) over features alone (φ = 0) to homophily (φ = 1).",
        effects=effects,
    )
]
