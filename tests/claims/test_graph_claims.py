"""Effects of the graph claims, read off tables written by hand."""

import pandas as pd
import pytest

from triptych.claims.graphs import n02_homophily, n12_untrained
from triptych.claims.graphs._splits import test_train_ratio as ratio
from triptych.records import COLUMNS, Record

HOLD_OUT = "repeated hold-out 60%/20%/20%, drawn anew for each seed"
FEW = "50 training labels, all others test, drawn anew for each seed"


def rows(
    dataset: str, model: str, values: dict[int, float], sizes: tuple[int, int, int], rule: str
) -> list[Record]:
    made = []
    for seed, value in values.items():
        for split, metric, number, n in (
            ("train", "n_train", sizes[0], sizes[0]),
            ("validation", "accuracy", 0.9, sizes[1]),
            ("test", "accuracy", value, sizes[2]),
        ):
            made.append(
                Record(
                    "graphs", "node classification", dataset, model, seed, split, metric, number,
                    "fraction", "exact", n, rule,
                )
            )  # fmt: skip
    return made


def table(records: list[Record]) -> pd.DataFrame:
    return pd.DataFrame([vars(record) for record in records], columns=list(COLUMNS))


def both(
    name: str, gcn: dict[int, float], mlp: dict[int, float], sizes: tuple[int, int, int], rule: str
) -> list[Record]:
    return rows(name, "gcn", gcn, sizes, rule) + rows(name, "mlp", mlp, sizes, rule)


def mixing(dataset: str, same: float, chance: float, seeds: tuple[int, ...]) -> list[Record]:
    return [
        Record(
            "graphs", "node classification", dataset, "gcn", seed, "all", metric, value,
            "fraction", "exact", 1000, "",
        )
        for seed in seeds
        for metric, value in (("homophily", same), ("homophily/chance", chance))
    ]  # fmt: skip


def test_homophily_is_tested_where_there_is_some() -> None:
    made = []
    for name, same, chance in (
        ("like", 0.9, 0.5), ("unlike", 0.1, 0.5), ("by_chance", 0.5, 0.5), ("hardly", 0.54, 0.5),
        ("one_large_class", 0.82, 0.82), ("many_classes", 0.3, 0.1),
    ):  # fmt: skip
        made += both(name, {0: 0.9, 1: 0.8}, {0: 0.8, 1: 0.75}, (50, 50, 1697), FEW)
        made += mixing(name, same, chance, (0, 1))
    made += both("not_recorded", {0: 0.9}, {0: 0.8}, (50, 50, 1697), FEW)
    effects = {effect.dataset: effect for effect in n02_homophily.effects(table(made))}
    assert set(effects) == {"like", "many_classes"}
    assert effects["like"].values == pytest.approx({0: 0.1, 1: 0.05})
    assert effects["like"].test_train_ratio == 0
    found = {name: n02_homophily.assortativity(table(made), name) for name in ("like", "hardly")}
    assert found == pytest.approx({"like": 0.8, "hardly": 0.08})


def test_the_dial_compares_homophily_with_as_much_heterophily() -> None:
    """Edges that tell as much either way leave no effect, however much they tell."""
    sizes = (480, 160, 160)
    made = []
    for name, gcn, mlp in (
        ("m100", {0: 0.85}, {0: 0.5}), ("m050", {0: 0.9}, {0: 0.8}), ("000", {0: 0.6}, {0: 0.9}),
        ("p025", {0: 1.0}, {0: 0.5}), ("p050", {0: 0.9, 1: 0.9}, {0: 0.8, 1: 0.8}),
        ("p100", {0: 0.95, 2: 1.0}, {0: 0.5, 2: 0.5}),
    ):  # fmt: skip
        made += both(f"csbm_phi_{name}", gcn, mlp, sizes, HOLD_OUT)
    half, whole = n02_homophily.effects(table(made))
    assert {half.dataset, whole.dataset} == {"csbm dial"}
    assert half.values == pytest.approx({0: 0.0})
    assert whole.values == pytest.approx({0: 0.45 - 0.35})  # the seed that both ends have
    assert whole.comparison == "gain (gcn − mlp) at φ = 1 − at φ = −1"
    assert half.test_train_ratio == pytest.approx(1 / 3)


def test_no_baseline_no_effect() -> None:
    made = rows("karate", "gcn", {0: 0.9}, (4, 4, 26), FEW)
    assert n02_homophily.effects(table(made)) == []


@pytest.mark.parametrize(
    ("sizes", "rule", "expected"),
    [
        ((50, 50, 1697), FEW, 0.0),
        ((4, 4, 26), FEW, 0.0),  # the karate club: 12 % overlap
        ((480, 160, 160), HOLD_OUT, 1 / 3),
        ((480, 160, 160), "the standard train, validation and test parts", 0.0),
        ((480, 160, 160), "the standard test part; drawn anew for each seed", 0.0),
    ],
)
def test_ratio(sizes: tuple[int, int, int], rule: str, expected: float) -> None:
    assert ratio(table(rows("d", "gcn", {0: 0.9, 1: 0.8}, sizes, rule)), "d", "gcn") == expected


def test_dial_positions() -> None:
    assert [n02_homophily.dial(f"csbm_phi_{n}") for n in ("m025", "000", "p100")] == [-0.25, 0, 1]
    assert n02_homophily.dial("karate") is None


def test_separation_against_both_controls() -> None:
    made = [
        Record(
            "graphs", "node embedding", "karate", "untrained_gcn", seed, "all", metric, value,
            "fraction", "estimate", 680, "",
        )
        for seed, values in {0: (0.8, 0.5, 0.4), 1: (0.9, 0.6, 0.6)}.items()
        for metric, value in zip(
            ("separation", "separation/shuffled", "separation/no_graph"), values, strict=True
        )
    ]  # fmt: skip
    shuffled, without = n12_untrained.effects(table(made))
    assert shuffled.values == pytest.approx({0: 0.3, 1: 0.3})
    assert without.values == pytest.approx({0: 0.4, 1: 0.3})
    assert shuffled.comparison != without.comparison
