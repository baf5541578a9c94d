"""From ``uncertainty.shift`` to what is made for each data set."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from triptych import plan
from triptych.data.catalogue import get
from triptych.errors import UserError

ROOT = Path(__file__).parents[2]
BASE = yaml.safe_load((ROOT / "params.yaml").read_text())
SETS = ["photographs", "unknown_classes", "strokes", "other_set", "label_shift"]


def config(datasets: list[str], **shift: Any) -> dict[str, Any]:
    """The parameters with one method on some data sets."""
    changed = copy.deepcopy(BASE)
    changed["generative"]["only"] = changed["graphs"]["only"] = []
    changed["uncertainty"] |= {"only": ["single"], "seeds": [0], "datasets": datasets}
    changed["uncertainty"]["models"]["single"] = {"steps": 10}
    changed["uncertainty"]["shift"] = {
        "kinds": ["contrast", "gaussian_noise"], "constants": "small", **shift,
    }  # fmt: skip
    return changed


def test_sets_are_made_where_they_mean_something() -> None:
    made = plan.make(config(["digits", "digits_known", "fashion_mnist"], sets=SETS))
    assert made.shifts["digits"]["sets"] == ["photographs", "strokes", "label_shift"]
    assert made.shifts["digits_known"]["sets"] == ["photographs", "unknown_classes", "label_shift"]
    assert made.shifts["fashion_mnist"]["sets"] == ["photographs", "other_set", "label_shift"]


def test_other_data_sets_that_they_need_are_prepared_and_not_split() -> None:
    made = plan.make(config(["fashion_mnist"], sets=SETS))
    assert made.shifts["fashion_mnist"]["companions"] == ["mnist", "photographs"]
    assert set(made.datasets) == {"fashion_mnist", "mnist", "photographs"}
    assert made.split_datasets() == ["fashion_mnist"]
    frosty = plan.make(config(["fashion_mnist"], kinds=["frost"], constants="cifar_c"))
    assert frosty.shifts["fashion_mnist"]["companions"] == ["frost"]


def test_some_data_sets_stay_without_corruptions() -> None:
    made = plan.make(config(["digits", "digits_known"], uncorrupted=["digits_known"]))
    assert made.shifts["digits"]["kinds"] == ["contrast", "gaussian_noise"]
    assert made.shifts["digits_known"]["kinds"] == []


def test_each_job_is_told_of_its_own_shifts(tmp_path: Path) -> None:
    made = plan.make(config(["digits", "digits_known"], sets=SETS, uncorrupted=["digits_known"]))
    files = dict(plan._conf_files(made))
    for dataset, shift in made.shifts.items():
        assert files[f"shift/{dataset}.json"] == shift
        own = files[f"uncertainty/single/{dataset}/0/evaluate.json"]["measure"]["shift"]
        assert own == {key: value for key, value in shift.items() if key != "companions"}
    plan.write_conf(made, tmp_path)
    again = plan._from_json(plan._to_json(made))
    assert again.shifts == made.shifts


def test_published_corruptions_take_the_place_of_ours() -> None:
    made = plan.make(config(["cifar10", "digits"], published=["cifar10"]))
    assert made.shifts["cifar10"]["published"] == ["cifar10"]
    assert made.shifts["cifar10"]["companions"] == ["cifar10_c"]
    assert made.shifts["digits"]["published"] == [] == made.shifts["digits"]["companions"]
    frosty = config(["cifar10"], published=["cifar10"], kinds=["frost"], constants="cifar_c")
    assert plan.make(frosty).shifts["cifar10"]["companions"] == [
        "cifar10_c"
    ]  # no frost to lay over
    assert get("cifar10_c").kind == "shifted"


@pytest.mark.parametrize(
    "shift, expected",
    [
        ({"sets": ["stroke"]}, ["sets[0]", "'stroke' is no shifted test set", "'strokes'"]),
        ({"uncorrupted": ["digit"]}, ["uncorrupted[0]", "'digit' is no data set", "'digits'"]),
        ({"published": ["mnist"]}, ["published[0]", "'mnist'", "cifar10"]),
        ({"sets": ["strokes", "strokes"]}, ["shift.sets", "once"]),
    ],
)
def test_mistakes_are_named(shift: dict[str, Any], expected: list[str]) -> None:
    with pytest.raises(UserError) as error:
        plan.make(config(["digits"], **shift))
    for text in expected:
        assert text in str(error.value), error.value


def test_the_overlay_of_fashion_mnist_fits_the_parameters() -> None:
    overlay = yaml.safe_load((ROOT / "params" / "fashion_mnist.yaml").read_text())
    chosen = overlay["uncertainty"]
    assert len(chosen["seeds"]) >= 3
    changed = copy.deepcopy(BASE)
    for panel in ("generative", "graphs"):
        changed[panel]["only"] = []
    section = changed["uncertainty"]
    section |= {key: value for key, value in chosen.items() if key not in ("models", "shift")}
    section["shift"] |= chosen["shift"]
    for name, entry in chosen["models"].items():
        section["models"][name] = (section["models"].get(name) or {}) | entry
    made = plan.make(changed)
    assert {job.dataset for job in made.jobs} == {"fashion_mnist"}
    assert {job.model for job in made.jobs} == set(chosen["only"])
    shift = made.shifts["fashion_mnist"]
    assert len(shift["kinds"]) == 18 and shift["companions"] == ["frost", "mnist", "photographs"]
    networks = ("steps", "batch_size", "learning_rate", "width", "hidden", "cosine")
    budgets = {tuple(job.train[key] for key in networks) for job in made.jobs}
    assert len(budgets) == 1  # the methods differ in nothing but the method
