"""Molecules from prepared set to records: the verbs, the numbers of a ranking, the baseline."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from triptych import records, train
from triptych.data import motifs
from triptych.data.catalogue import Scaffold
from triptych.data.cut import _cut
from triptych.data.parts import PARTS, Part, read_part
from triptych.data.prepared import Prepared
from triptych.data.splits import split
from triptych.errors import UserError
from triptych.files import read_arrays, write_arrays, write_json
from triptych.graphs import evaluate, screening
from triptych.graphs.base import Measured, Number
from triptych.graphs.models import dmpnn, fingerprint, gine
from triptych.params import split_stages
from triptych.registry import model_class

SEEDS = [0, 1]
RULE = Scaffold(rule="scaffold", train=0.4, validation=0.2, test=0.4)


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return motifs.data_set(None, 300, 0.2, 0.2, 60, 0)


def make_parts(prepared: Prepared, seed: int = 0) -> dict[str, Part]:
    chosen = split(prepared, "toy", seed, RULE)
    meta = prepared.meta | {"dataset": "toy", "seed": seed, "split_rule": chosen.rule}
    return {name: Part(_cut(prepared, chosen, name), meta | {"part": name}) for name in PARTS}


@pytest.fixture
def folders(prepared: Prepared, tmp_path: Path) -> list[Path]:
    import json

    made = []
    for seed in SEEDS:
        for name, part in make_parts(prepared, seed).items():
            path = tmp_path / f"splits/{seed}/{name}.safetensors"
            write_arrays(path, part.arrays, {"meta": json.dumps(part.meta)})
        made.append(tmp_path / f"splits/{seed}")
    return made


def run(root: Path, kind: str, folders: list[Path], **entry: Any) -> Path:
    """Train and evaluate as the two rules do."""
    params, late = split_stages(model_class("graphs", kind).Params(model=kind, **entry))
    head = {
        "panel": "graphs", "model": kind, "kind": kind, "dataset": "toy", "seeds": SEEDS,
        "device": "cpu",
    }  # fmt: skip
    write_json(root / "train.json", head | {"params": params})
    write_json(root / "evaluate.json", head | {"params": late, "measure": {}})
    train.run(root / "train.json", folders, root / "train")
    evaluate.run(root / "evaluate.json", root / "train", folders, root / "evaluate")
    return root / "evaluate"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_parts_are_the_molecules_of_their_index(prepared: Prepared) -> None:
    from triptych.data.molecules import unpack

    texts = unpack(prepared.arrays["smiles"], prepared.arrays["smiles_offsets"])
    sizes = np.bincount(prepared.arrays["graph"])
    for part in make_parts(prepared).values():
        index, arrays = part.arrays["index"], part.arrays
        assert unpack(arrays["smiles"], arrays["smiles_offsets"]) == [texts[i] for i in index]
        assert np.bincount(arrays["graph"]).tolist() == sizes[index].tolist()
        for key in ("y", "scaffold", "fingerprint"):
            np.testing.assert_array_equal(arrays[key], prepared.arrays[key][index])
        assert len(arrays["edge_label"]) == arrays["edge_index"].shape[1]


FAST = {"steps": 120, "hidden": 16, "learning_rate": 0.01, "batch_norm": True}


@pytest.mark.parametrize(("kind", "entry"), [("dmpnn", FAST), ("gine", FAST), ("fingerprint", {})])
def test_a_screen_end_to_end_twice(
    tmp_path: Path, folders: list[Path], kind: str, entry: dict[str, Any]
) -> None:
    outs = [run(tmp_path / name, kind, folders, **entry) for name in ("a", "b")]
    for name in ("records.csv", "outputs.safetensors"):
        assert (outs[0] / name).read_bytes() == (outs[1] / name).read_bytes()
    table = pd.DataFrame([vars(row) for row in records.read(outs[0] / "records.csv")])
    wide = table.pivot(index="seed", columns=["split", "metric"], values="value")
    test = {m for s, m in wide.columns if s == "test"} - {"accuracy/majority"}
    assert test == {
        "accuracy", "nll", "positives", "auroc", "average_precision", "precision_at_100",
        "enrichment_at_100",
    }  # fmt: skip
    assert {m for s, m in wide.columns if s == "validation"} - {"accuracy/majority"} == {
        "accuracy", "nll", "positives", "auroc", "average_precision",
    }  # fmt: skip
    assert (wide["test", "auroc"] > 0.6).all()  # the motif is there to be found
    arrays = read_arrays(outs[0] / "outputs.safetensors")
    for seed in SEEDS:
        y, logits = arrays[f"{seed}/test_y"], arrays[f"{seed}/test_logits"]
        first = np.argsort(logits[:, 0] - logits[:, 1], kind="stable")[:100]
        # No ties among continuous scores, so that a sort is the definition.
        assert wide.loc[seed, ("test", "precision_at_100")] == pytest.approx(y[first].mean())
        ratio = y[first].mean() / y.mean()
        assert wide.loc[seed, ("test", "enrichment_at_100")] == pytest.approx(ratio)
    chosen = table[(table["metric"] == "enrichment_at_100")]["protocol"].iloc[0]
    assert "scaffold split" in chosen and "1 is chance" in chosen and "are active" in chosen


def test_the_numbers_of_a_ranking_by_hand() -> None:
    y = np.repeat([1, 0], [3, 117])
    scores = -np.arange(120.0)
    found = {n.metric: n for n in screening.rank(scores, y, "test", "p")}
    assert found["precision_at_100"].value == 0.03
    assert found["enrichment_at_100"].value == pytest.approx(0.03 / (3 / 120))
    assert "1.2 the most there can be" in found["enrichment_at_100"].protocol
    assert found["auroc"].value == found["average_precision"].value == 1.0
    assert found["positives"].value == 3 / 120 and "3 of 120 are active" in found["auroc"].protocol


def test_small_parts_and_validation_have_no_first_hundred() -> None:
    y = np.repeat([1, 0], [3, 97])
    assert not any("100" in n.metric for n in screening.rank(-np.arange(100.0), y, "test", "p"))
    y = np.repeat([1, 0], [3, 197])
    found = screening.rank(-np.arange(200.0), y, "validation", "p")
    assert not any("100" in n.metric for n in found)


def test_more_than_two_classes_are_not_ranked() -> None:
    measured = Measured([Number("train", "n_train", 1, "examples", 1, "p")], {})
    part = Part({}, {"n_classes": 3})
    assert screening.with_ranking(measured, dict.fromkeys(PARTS, part)) is measured


def test_the_baseline_is_scikit_learn_and_no_seed_moves_it(prepared: Prepared) -> None:
    parts = make_parts(prepared)
    models = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        model = fingerprint.Entry(fingerprint.FingerprintParams(), parts["train"].meta)
        data, _ = model.tensors(parts["train"], parts["validation"])
        assert model.fit_closed_form(data, torch.Generator().manual_seed(seed))
        models.append(model)
    found = [model.predict(parts["test"]) for model in models]
    np.testing.assert_array_equal(found[0], found[1])
    bits = {name: np.unpackbits(p.arrays["fingerprint"], axis=1) for name, p in parts.items()}
    theirs = LogisticRegression(max_iter=1000).fit(bits["train"], parts["train"].arrays["y"])
    odds = theirs.decision_function(bits["test"])
    # Single against double precision: some 50 bits set, coefficients below 2.
    np.testing.assert_allclose(found[0][:, 1] - found[0][:, 0], odds, atol=100 * 2 * 2**-23)


def test_a_class_without_examples_gets_no_probability(prepared: Prepared) -> None:
    parts = make_parts(prepared)
    meta = parts["train"].meta | {"n_classes": 3}
    model = fingerprint.Entry(fingerprint.FingerprintParams(), meta)
    data, _ = model.tensors(parts["train"], parts["validation"])
    model.fit_closed_form(data, torch.Generator())
    assert (model.predict(parts["test"])[:, 2] == -np.inf).all()


@pytest.mark.parametrize("kind", [dmpnn.Entry, gine.Entry, fingerprint.Entry])
def test_regression_is_refused_by_name(prepared: Prepared, kind: Any) -> None:
    meta = prepared.meta | {"n_classes": None, "task": "regression", "dataset": "esol"}
    with pytest.raises(UserError, match="esol: expected classes"):
        kind(kind.Params(), meta)


def test_training_sees_no_test_molecule(tmp_path: Path, folders: list[Path]) -> None:
    for folder in folders:
        (folder / "test.safetensors").unlink()
    with pytest.raises(Exception, match=r"test\.safetensors"):
        run(tmp_path / "a", "dmpnn", folders, steps=2)
    assert (tmp_path / "a/train/weights.safetensors").exists()
    assert read_part(folders[0] / "train.safetensors").meta["part"] == "train"
