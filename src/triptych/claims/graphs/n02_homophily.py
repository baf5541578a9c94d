"""N02: connected nodes are informative about each other."""

import re

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.graphs._splits import test_train_ratio
from triptych.claims.tables import by_seed, datasets, paired

GRAPH, BASELINE = "gcn", "mlp"
CLEAR = 0.1  # of the way from chance to all edges within classes: less is no homophily to test
DIAL = re.compile(r"^csbm_phi_([mp])?(\d{3})$")


def effects(table: pd.DataFrame) -> list[Effect]:
    """What the graph adds where it is homophilous, and more so than where it is heterophilous."""
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
        if assortativity(table, name) > CLEAR
    ]
    return found + _dial(table, gains)


def assortativity(table: pd.DataFrame, dataset: str) -> float:
    """(h − c) / (1 − c) of edge homophily h and what chance gives, c; nan if not recorded.

    Newman's coefficient (https://arxiv.org/abs/cond-mat/0209450): 0 where edges ignore the classes,
    1 where all of them lie within one.
    """
    h, c = (
        by_seed(table, panel="graphs", dataset=dataset, model=GRAPH, split="all", metric=metric)
        for metric in ("homophily", "homophily/chance")
    )
    return float(((h - c) / (1 - c)).mean())


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
    """The gain at φ minus the gain at −φ, where edges say as much, seed by seed."""
    phis = {phi: name for name in gains if (phi := dial(name)) is not None}
    found = []
    for phi in sorted(phi for phi in phis if phi > 0 and -phi in phis):
        like, unlike = gains[phis[phi]], gains[phis[-phi]]
        values = {seed: like[seed] - unlike[seed] for seed in like if seed in unlike}
        if values:
            found.append(
                Effect(
                    dataset="csbm dial",
                    values=values,
                    unit="fraction",
                    comparison=f"gain ({GRAPH} − {BASELINE}) at φ = {phi:g} − at φ = −{phi:g}",
                    test_train_ratio=test_train_ratio(table, phis[phi], GRAPH),
                )
            )
    return found


CLAIMS = [
    Statistical(
        id="N02",
        panel="graphs",
        deck="A",
        statement="Homophily: connected nodes are informative about each other.",
        experiment="Test accuracy of a network that averages over neighbours minus that of the "
        "same network without the graph, on every graph whose share of edges within a class lies "
        "more than a tenth of the way from chance (ends of edges paired at random) to 1: elsewhere "
        "homophily is not put to the test. And on the contextual stochastic block model, that gain "
        "under homophily (φ > 0) minus that under as much heterophily (−φ), where the edges say as "
        "much. All sets stand in the figures.",
        effects=effects,
    )
]
