"""Effects of the claims on links, whole graphs and latent graphs, off tables written by hand."""

import pandas as pd
import pytest

from triptych.claims.graphs import n04_sum, n07_links, n16_readout, n19_latent
from triptych.records import COLUMNS, Record

HOLD_OUT = "split: repeated hold-out 60%/20%/20% (train/validation/test), drawn anew for each seed"


def record(
    dataset: str, model: str, seed: int, metric: str, value: float, **more: object
) -> Record:
    values: dict[str, object] = {
        "split": "test", "unit": "fraction", "kind": "exact", "n": 100, "protocol": HOLD_OUT,
    } | more  # fmt: skip
    return Record(
        panel="graphs", task="t", dataset=dataset, model=model, seed=seed, metric=metric,
        value=value, **values,  # type: ignore[arg-type]
    )  # fmt: skip


def sizes(dataset: str, model: str, seed: int, train: int, test: int) -> list[Record]:
    return [
        record(dataset, model, seed, "n_train", train, split="train", n=train),
        record(dataset, model, seed, "n_test", test, n=test),
    ]


def table(rows: list[Record]) -> pd.DataFrame:
    return pd.DataFrame([vars(row) for row in rows], columns=list(COLUMNS))


def test_links_against_every_baseline() -> None:
    rows = []
    for seed in (0, 1):
        rows += sizes("cora", "gae", seed, 4488, 527)
        for metric, value in (
            ("link_auc", 0.9 + seed / 100), ("link_auc/untrained", 0.7),
            ("link_auc/common_neighbours", 0.72), ("link_auc/features", 0.95),
            ("probe_accuracy", 0.8), ("probe_accuracy/features", 0.6),
        ):  # fmt: skip
            rows.append(record("cora", "gae", seed, metric, value))
        rows.append(record("cora", "gae", seed, "same_class_auc", 0.75, split="all"))
        rows.append(record("cora", "gae", seed, "same_class_auc/features", 0.65, split="all"))
        # Validation numbers of the same name are not read.
        rows.append(record("cora", "gae", seed, "link_auc", 0.1, split="validation"))
    effects = n07_links.effects(table(rows))
    found = {effect.comparison: effect.values for effect in effects}
    assert list(found.values()) == [
        pytest.approx({0: 0.2, 1: 0.21}), pytest.approx({0: 0.18, 1: 0.19}),
        pytest.approx({0: -0.05, 1: -0.04}), pytest.approx({0: 0.2, 1: 0.2}),
        pytest.approx({0: 0.1, 1: 0.1}),
    ]  # fmt: skip
    assert all(effect.test_train_ratio == pytest.approx(527 / 4488) for effect in effects)
    assert n07_links.effects(table([])) == []


def accuracies(model: str, values: dict[int, float]) -> list[Record]:
    rows = []
    for seed, value in values.items():
        rows.append(record("digits_pixels", model, seed, "n_train", 300, split="train", n=300))
        rows.append(record("digits_pixels", model, seed, "accuracy", value))
        rows.append(record("digits_pixels", model, seed, "accuracy", 0.5, split="validation"))
    return rows


def test_sum_against_mean_and_against_no_edges() -> None:
    rows = accuracies("graph_gin", {0: 0.9, 1: 0.8}) + accuracies("graph_mean", {0: 0.7})
    rows += accuracies("graph_bag", {0: 0.6, 1: 0.6})
    for seed in (0, 1):
        for name, value in (("mean, sum", 557159), ("sum, sum", 26), ("mean, mean", 783126),
                            ("sum, mean", 78)):  # fmt: skip
            rows.append(
                record("atlas", "expressiveness", seed, f"confused_pairs/{name}", value,
                       split="all", unit="pairs")
            )  # fmt: skip
    found = {(e.dataset, e.comparison): e for e in n04_sum.effects(table(rows))}
    assert len(found) == 3
    accuracy = next(e for (d, _), e in found.items() if d == "digits_pixels")
    assert accuracy.values == pytest.approx({0: 0.2})
    assert accuracy.test_train_ratio == pytest.approx(100 / 300)
    counted = [e.values for (d, _), e in found.items() if d == "atlas"]
    assert counted == [{0: 557133, 1: 557133}, {0: 783048, 1: 783048}]
    rows.append(record("digits_pixels", "graph_gin", 0, "accuracy/majority", 0.1))
    chance, bag = n16_readout.effects(table(rows))
    assert chance.values == pytest.approx({0: 0.8}) and "commonest" in chance.comparison
    assert bag.values == pytest.approx({0: 0.3, 1: 0.2}) and "without edges" in bag.comparison


def test_latent_graphs_against_correlation_and_random_graphs() -> None:
    rows = []
    for seed in (0, 1):
        rows += sizes("springs", "nri", seed, 300, 100)
        rows.append(record("springs", "nri", seed, "edge_accuracy", 0.95))
        rows.append(record("springs", "nri", seed, "edge_accuracy/correlation", 0.6))
        rows += sizes("community_graphs", "graph_vae", seed, 180, 60)
        for name, ours, random in (("degree", 0.2, 0.25), ("clustering", 0.9, 0.8)):
            rows.append(record("community_graphs", "graph_vae", seed, f"{name}_mmd", ours))
            rows.append(record("community_graphs", "graph_vae", seed, f"{name}_mmd/random", random))
    springs, degree, clustering = sorted(
        n19_latent.effects(table(rows)), key=lambda e: (e.dataset != "springs", -e.values[0])
    )
    assert springs.values == pytest.approx({0: 0.35, 1: 0.35})
    assert degree.values == pytest.approx({0: 0.05, 1: 0.05}) and "degree" in degree.comparison
    assert clustering.values == pytest.approx({0: -0.1, 1: -0.1})
    assert springs.test_train_ratio == pytest.approx(1 / 3)
    assert degree.test_train_ratio == pytest.approx(1 / 3)
