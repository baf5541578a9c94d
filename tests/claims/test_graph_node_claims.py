"""Effects of the claims about operators and node tasks, read off tables written by hand."""

import math

import pandas as pd
import pytest

from triptych.claims.graphs import (
    n03_simplified,
    n05_attention,
    n06_few_labels,
    n11_depth,
    n14_linear,
    n15_inductive,
    n18_self_weight,
)
from triptych.records import COLUMNS, Record

FIXED = "the standard train, validation and test parts"
HOLD_OUT = "repeated hold-out 60%/20%/20%, drawn anew for each seed"


def row(
    model: str, metric: str, values: dict[int, float], split: str = "test", dataset: str = "d",
    n: int = 100, protocol: str = FIXED,
) -> list[Record]:  # fmt: skip
    return [
        Record(
            "graphs", "node classification", dataset, model, seed, split, metric, value,
            "fraction", "exact", n, protocol,
        )
        for seed, value in values.items()
    ]  # fmt: skip


def table(*parts: list[Record]) -> pd.DataFrame:
    return pd.DataFrame([vars(record) for part in parts for record in part], columns=list(COLUMNS))


def test_simplified_within_a_point_and_faster() -> None:
    made = table(
        row("sgc", "accuracy", {0: 0.800, 1: 0.81}),
        row("gcn", "accuracy", {0: 0.805, 1: 0.80}),
        row("sgc", "train_seconds", {0: 0.1, 1: 0.1}, "train"),
        row("gcn", "train_seconds", {0: 1.0, 1: 0.1}, "train"),
    )
    accuracy, seconds = n03_simplified.effects(made)
    assert accuracy.values == pytest.approx({0: -0.005, 1: 0.01})
    assert accuracy.margin == -0.01
    assert seconds.values == pytest.approx({0: 1.0, 1: 0.0})
    assert n03_simplified.effects(table(row("sgc", "accuracy", {0: 0.8}))) == []


def test_attention_against_its_controls() -> None:
    made = table(
        row("gat", "accuracy", {0: 0.83}),
        row("gat", "accuracy/uniform_attention", {0: 0.80}),
        row("gat", "attention_entropy/layer=1", {0: 0.97}, "all"),
        row("gat", "attention_entropy/layer=2", {0: 0.999}, "all"),
        row("gat", "untrained_attention_entropy/layer=1", {0: 0.5}, "all"),
        row("gat_one_head", "accuracy", {0: 0.82}),
        row("gcn", "accuracy", {0: 0.81}),
    )
    effects = {effect.comparison: effect for effect in n05_attention.effects(made)}
    found = {name.split(": ")[-1]: e.values[0] for name, e in effects.items() if "test" in name}
    assert found == pytest.approx(
        {
            "gat − gcn": 0.02,
            "gat − gat_one_head": 0.01,
            "gat − the same weights with every neighbour counted alike": 0.03,
        }
    )
    uneven = {k: e for k, e in effects.items() if "entropy" in k}
    assert [round(e.values[0], 6) for e in uneven.values()] == [0.03, 0.001]
    assert {e.margin for e in uneven.values()} == {n05_attention.UNEVEN}


def test_few_labels_and_where_the_graph_helps() -> None:
    parts = []
    for model, values in (
        ("gcn_labels", {"0.006": 0.70, "0.03": 0.90, "0.6": 0.92}),
        ("mlp_labels", {"0.006": 0.50, "0.03": 0.70, "0.6": 0.90}),
    ):
        parts.append(row(model, "n_train", {0: 300}, "train", n=300, protocol=HOLD_OUT))
        for share, value in values.items():
            parts.append(row(model, f"accuracy/share={share}", {0: value}))
        parts.append(row(model, "accuracy", {0: values["0.6"]}))
    few, more, gain = n06_few_labels.effects(table(*parts))
    assert few.values == pytest.approx({0: -0.22})
    assert more.values == pytest.approx({0: -0.02})
    assert few.margin == more.margin == -0.05
    assert "0.6% of the nodes" in few.comparison
    assert gain.values == pytest.approx({0: 0.2 - 0.02})
    assert gain.test_train_ratio == pytest.approx(1 / 3)


def test_regression_beyond_the_mean_and_beyond_no_graph() -> None:
    made = table(
        row("gcn_regression", "explained", {0: 0.4, 1: 0.5}),
        row("mlp_regression", "explained", {0: 0.3, 1: 0.6}),
    )
    own, gain = n06_few_labels.effects(made)
    assert own.values == pytest.approx({0: 0.4, 1: 0.5})
    assert gain.values == pytest.approx({0: 0.1, 1: -0.1})


def test_depth_smoothness_and_remedies() -> None:
    parts = [row("deep_gcn", "accuracy", {0: 0.9})]
    for depth, hit, energy in ((2, 0.9, 0.2), (8, 0.6, 0.05), (32, 0.1, 0.01)):
        parts.append(row("deep_gcn", f"accuracy/depth={depth}", {0: hit}))
        for prefix in ("", "untrained_"):
            parts.append(
                row("deep_gcn", f"{prefix}dirichlet_energy/depth={depth}", {0: energy}, "all")
            )
    parts.append(row("deep_gcn_gated", "accuracy/depth=32", {0: 0.85}))
    effects = {e.comparison: e for e in n11_depth.effects(table(*parts))}
    assert effects["test accuracy: 2 − 32 layers"].values == pytest.approx({0: 0.8})
    assert effects["test accuracy with 32 layers: gates − none"].values == pytest.approx({0: 0.75})
    energies = [e for name, e in effects.items() if "Dirichlet" in name]
    assert [e.values for e in energies] == [pytest.approx({0: 0.19})] * 2
    assert len(effects) == 4
    assert n11_depth.effects(table(*parts[:1])) == []


def test_slopes_on_both_sides() -> None:
    parts = [
        row("scaling", f"step_seconds/{where},edges={e}", {0: 1e-8 * e**power}, "all")
        for where, power in (("near", 1.0), ("far", 1.2))
        for e in (10_000, 100_000, 1_000_000)
    ]
    parts.append(row("scaling", "prepare_seconds/near,edges=10000", {0: 9.0}, "all"))
    values = [effect.values[0] for effect in n14_linear.effects(table(*parts))]
    assert values == pytest.approx([0.1, 0.1, 0.3, -0.1])
    assert math.isclose(n14_linear.slope({10: 3.0, 1000: 300.0}), 1.0)


def test_unseen_graphs() -> None:
    made = table(
        row("gcn_inductive", "accuracy", {0: 0.93}),
        row("gcn_inductive", "majority_accuracy", {0: 0.1}),
        row("mlp_inductive", "accuracy", {0: 0.9}),
        row("gcn_labels", "accuracy", {0: 0.97}),
    )
    chance, plain, seen = n15_inductive.effects(made)
    assert chance.values == pytest.approx({0: 0.83})
    assert plain.values == pytest.approx({0: 0.03})
    assert seen.values == pytest.approx({0: -0.04})
    assert seen.margin == -0.05


def test_weights_for_the_node_and_for_kinds() -> None:
    made = table(
        row("gcn_separate", "accuracy", {0: 0.65}),
        row("mlp", "accuracy", {0: 0.6}),
        row("rgcn", "accuracy", {0: 0.9}),
    )
    values = {e.comparison.split(": ")[1]: e.values[0] for e in n18_self_weight.effects(made)}
    assert list(values.values()) == pytest.approx([0.05, 0.25, 0.3])
    assert "no graph (gcn_separate − mlp)" in next(iter(values))
