"""Models of whole graphs and of links, from parameter files to records."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from triptych import records, train
from triptych.data import cut, made_graphs, springs
from triptych.data.catalogue import HoldOut
from triptych.data.parts import PARTS
from triptych.data.prepared import Prepared
from triptych.data.splits import split
from triptych.errors import UserError
from triptych.files import read_arrays, write_arrays, write_json
from triptych.graphs import evaluate
from triptych.graphs.models import graph_classifier, nri
from triptych.params import split_stages
from triptych.registry import model_class

SEEDS = [0, 1]
RULE = HoldOut(rule="hold_out", train=0.6, validation=0.2, test=0.2)
REGULAR = made_graphs.regular(None, 60, [3, 4, 5], 8, 12, seed=0)
SETS = {
    "regular": REGULAR,
    "communities": made_graphs.communities(None, 30, 6, 10, [0.9, 0.5], 0.1, seed=0),
    "springs": springs.data_set(None, 40, 4, 0.5, 1.0, 6, 0.3, 10, seed=0),
}


def write_parts(content: Prepared, name: str, root: Path) -> list[Path]:
    folders = []
    for seed in SEEDS:
        chosen = split(content, name, seed, RULE)
        for part in PARTS:
            meta = content.meta | {
                "dataset": name, "part": part, "seed": seed, "split_rule": chosen.rule,
            }  # fmt: skip
            write_arrays(
                root / f"{seed}/{part}.safetensors",
                cut._cut(content, chosen, part),
                {"meta": json.dumps(meta, sort_keys=True)},
            )
        folders.append(root / str(seed))
    return folders


def run(root: Path, kind: str, folders: list[Path], dataset: str, **entry: Any) -> pd.DataFrame:
    """Train and evaluate as the two rules do; the records as a table."""
    params, late = split_stages(model_class("graphs", kind).Params(model=kind, **entry))
    head = {
        "panel": "graphs", "model": kind, "kind": kind, "dataset": dataset, "seeds": SEEDS,
        "device": "cpu",
    }  # fmt: skip
    write_json(root / "train.json", head | {"params": params})
    write_json(root / "evaluate.json", head | {"params": late, "measure": {}})
    train.run(root / "train.json", folders, root / "train")
    evaluate.run(root / "evaluate.json", root / "train", folders, root / "evaluate")
    rows = records.read(root / "evaluate/records.csv")
    return pd.DataFrame([vars(row) for row in rows])


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


JOBS = {
    "graph_classifier": ("regular", {"hidden": 4, "steps": 6, "batch_norm": True, "dropout": 0.2}),
    "expressiveness": ("regular", {"width": 4, "depth": 2}),
    "graph_vae": ("communities", {"hidden": 4, "code": 2, "steps": 6, "samples": 12}),
    "nri": ("springs", {"hidden": 4, "message": 4, "steps": 6}),
}
NUMBERS = {
    "graph_classifier": {"test/accuracy", "test/nll"},
    "expressiveness": {"all/confused_pairs/sum, sum", "all/confused_pairs/refinement"},
    "graph_vae": {"test/degree_mmd", "test/clustering_mmd/random", "test/n_test"},
    "nri": {"test/edge_accuracy", "test/edge_accuracy/correlation", "validation/edge_auc"},
}


@pytest.mark.parametrize("kind", JOBS)
def test_a_job_end_to_end_twice(kind: str, tmp_path: Path) -> None:
    dataset, entry = JOBS[kind]
    folders = write_parts(SETS[dataset], dataset, tmp_path / "splits")
    tables = [run(tmp_path / name, kind, folders, dataset, **entry) for name in ("a", "b")]
    for name in ("records.csv", "outputs.safetensors"):
        first, second = ((tmp_path / run / "evaluate" / name).read_bytes() for run in ("a", "b"))
        assert first == second
    table = tables[0]
    assert set(table["seed"]) == set(SEEDS)
    assert set(table["split"] + "/" + table["metric"]) >= NUMBERS[kind] | {"train/n_train"}
    assert np.isfinite(table["value"]).all()
    assert table["protocol"].str.len().min() > 0
    assert not table.duplicated(["seed", "split", "metric"]).any()


@pytest.mark.parametrize("kind", ["gae", "vgae"])
def test_link_predictors_on_one_graph(kind: str, tmp_path: Path, folders: list[Path]) -> None:
    table = run(tmp_path, kind, folders, "toy", hidden=4, code=3, steps=30)
    wide = table.set_index(["seed", "split", "metric"])["value"]
    for seed in SEEDS:
        assert 0 <= wide[seed, "test", "link_auc"] <= 1
        # What knows nothing of the model is the same for both of them: one split a seed.
        assert wide[seed, "test", "n_test"] == int(0.1 * (wide[seed, "train", "n_train"] / 0.85))
    assert set(table.loc[table["metric"] == "probe_accuracy", "split"]) == {"test"}
    arrays = read_arrays(tmp_path / "evaluate/outputs.safetensors")
    assert arrays["1/embedding"].shape == (40, 3)
    assert not np.array_equal(arrays["0/embedding"], arrays["1/embedding"])


def test_training_an_encoder_on_links_beats_its_start(tmp_path: Path, folders: list[Path]) -> None:
    table = run(tmp_path, "gae", folders, "toy", steps=60)
    mean = table[table["split"] == "train"].groupby("metric")["value"].mean()
    assert mean["n_train"] > 60
    curves = pd.read_csv(tmp_path / "train/curves.csv")
    losses = curves[(curves["split"] == "train") & (curves["metric"] == "loss")]
    assert losses.groupby("seed")["value"].agg(lambda v: v.iloc[-1] < v.iloc[0]).all()


def test_a_mean_is_at_chance_where_only_degrees_differ(tmp_path: Path) -> None:
    """Constant features: all outputs of the mean are one number, of the sum a function of d."""
    folders = write_parts(REGULAR, "regular", tmp_path / "splits")
    hits = {}
    for aggregator in ("sum", "mean"):
        table = run(
            tmp_path / aggregator, "graph_classifier", folders, "regular",
            aggregator=aggregator, hidden=16, steps=120, batch_size=36, cosine=True,
        )  # fmt: skip
        chosen = table[(table["split"] == "test") & (table["metric"] == "accuracy")]
        hits[aggregator] = chosen["value"].to_numpy()
    assert (hits["sum"] == 1).all()
    np.testing.assert_allclose(hits["mean"], 1 / 3, rtol=0, atol=1e-12)  # equal classes


def test_two_initialisations_from_one_seed_are_equal() -> None:
    made = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        params = graph_classifier.Entry.Params(batch_norm=True)
        made.append(graph_classifier.Entry(params, REGULAR.meta).state_dict())
    assert all(torch.equal(made[0][name], made[1][name]) for name in made[0])
    assert any(not torch.equal(made[0][name], made[2][name]) for name in made[0])


def test_a_step_draws_graphs_without_replacement(monkeypatch: pytest.MonkeyPatch) -> None:
    from triptych.data.parts import Part

    part = Part(cut._cut_graphs(REGULAR.arrays, np.arange(60)), REGULAR.meta)
    torch.manual_seed(0)
    model = graph_classifier.Entry(graph_classifier.Entry.Params(batch_size=20), part.meta)
    batch, _ = model.tensors(part, part)
    blocks, seen = model._blocks(batch), []
    taken = type(blocks).take
    monkeypatch.setattr(
        type(blocks), "take", lambda self, chosen: seen.append(chosen) or taken(self, chosen)
    )
    rng = torch.Generator().manual_seed(0)
    for _ in range(30):
        model.loss(batch, rng)
    assert all(len(set(chosen.tolist())) == 20 for chosen in seen)
    assert len(set(torch.cat(seen).tolist())) == 60


def test_other_graphs_are_refused(tmp_path: Path) -> None:
    folders = write_parts(REGULAR, "regular", tmp_path / "splits")
    with pytest.raises(UserError, match="expected trajectories of systems of one size"):
        run(tmp_path, "nri", folders, "regular", steps=2)
    meta = SETS["springs"].meta
    with pytest.raises(UserError, match="expected classes to tell apart"):
        graph_classifier.Entry(graph_classifier.Entry.Params(), meta)


def test_springs_of_a_part_are_its_edges(tmp_path: Path) -> None:
    from triptych.data.parts import Part

    content = SETS["springs"]
    part = Part(cut._cut_graphs(content.arrays, np.array([3, 17])), content.meta)
    found = nri.joined(part)
    first, second = np.triu_indices(4, k=1)
    edges = {tuple(pair) for pair in content.arrays["edge_index"].T.tolist()}
    for row, system in zip(found, (3, 17), strict=True):
        expected = [
            (4 * system + i, 4 * system + j) in edges for i, j in zip(first, second, strict=True)
        ]
        assert row.tolist() == [int(each) for each in expected]
