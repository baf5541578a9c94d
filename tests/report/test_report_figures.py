"""What figures show: the prepared numbers, apart from the drawing."""

import numpy as np
import pandas as pd
import pytest

from triptych.errors import UserError
from triptych.records import COLUMNS, HELD_OUT
from triptych.report import drawing, figure, plots
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figures.generative_tradeoff import pareto_front
from triptych.report.figures.graphs_homophily import phi
from triptych.report.figures.uncertainty_rank import prepare as prepare_rank
from triptych.report.figures.uncertainty_reliability import prepare as prepare_reliability
from triptych.report.figures.uncertainty_shift import prepare_boxes
from triptych.report.shifts import parse
from triptych.report.style import LINES, MARKERS, PALETTE, styles


def row(model: str, seed: int, value: float, **more: object) -> dict[str, object]:
    base = {
        "panel": "uncertainty", "task": "classification", "dataset": "digits", "model": model,
        "seed": seed, "split": "test", "metric": "nll", "value": value, "unit": "nats",
        "kind": "exact", "n": 360, "protocol": "",
    }  # fmt: skip
    return base | more


def table(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(COLUMNS))


def test_first_styles_differ_in_colour_and_marker() -> None:
    found = styles([f"model{i}" for i in range(77)])
    assert len({(s.colour, s.marker) for s in found.values()}) == 77
    assert len({s.colour for s in list(found.values())[:7]}) == len(PALETTE)
    assert np.gcd(len(PALETTE), len(MARKERS)) == 1
    assert found["model7"].line == LINES[1]


def test_a_new_model_changes_no_other_style() -> None:
    before, after = styles(["vae", "gan"]), styles(["vae", "gan", "aardvark"])
    assert {name: after[name] for name in before} == before


def test_models_come_in_the_order_of_the_plan_and_new_ones_last() -> None:
    data = ReportData(
        table(row("a", 0, 1.0), row("z", 0, 1.0), row("new", 0, 1.0)),
        jobs=("uncertainty/z/digits/0", "uncertainty/a/digits/0", "graphs/gcn/karate/0"),
    )
    assert data.models("uncertainty") == ["z", "a", "new"]


def test_spread_over_seeds_by_hand() -> None:
    found = spread(table(row("a", 0, 1.0), row("a", 1, 3.0), row("b", 0, 5.0)), ["model"])
    assert found["mean"].tolist() == [2.0, 5.0]
    assert found["std"].tolist() == [pytest.approx(2**0.5), 0.0]
    assert found["n"].tolist() == [2, 1]


def test_select_finds_variants_but_not_other_names() -> None:
    data = ReportData(
        table(
            row("a", 0, 1.0, metric="frechet_distance/cnn32"),
            row("a", 0, 9.0, metric="frechet_distance_of_data/cnn32"),
            row("a", 1, float("nan"), metric="frechet_distance/cnn32"),
        )
    )
    found = data.select("uncertainty", "frechet_distance")
    assert found["value"].tolist() == [1.0]
    assert found["variant"].tolist() == ["cnn32"]
    with pytest.raises(MissingData, match="no record of accuracy"):
        data.select("uncertainty", "accuracy")


def test_pareto_front_by_hand() -> None:
    cost = np.array([1.0, 2.0, 3.0, 1.0, 4.0])
    loss = np.array([5.0, 3.0, 4.0, 6.0, 3.0])
    # (1, 5) and (2, 3) stay; (3, 4), (1, 6) and (4, 3) are beaten or tied at a higher cost
    assert pareto_front(cost, loss) == [0, 1]


@pytest.mark.parametrize(
    ("name", "value"), [("csbm_phi_m075", -0.75), ("csbm_phi_000", 0.0), ("csbm_phi_p100", 1.0)]
)
def test_dial(name: str, value: float) -> None:
    assert phi(name) == value


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("test", ("", 0)), ("test+rotate@3", ("rotate", 3)), ("train", None), ("validation", None),
        ("all", None), ("test+gaussian_noise@5", ("gaussian_noise", 5)),
    ],
)  # fmt: skip
def test_shifts(split: str, expected: tuple[str, int] | None) -> None:
    assert parse(split) == expected


def test_ranks_by_hand() -> None:
    """Two kinds at severity 1: a is 1st and 2nd (mean 1.5), b 2nd and 1st, c always 3rd."""
    places = {"rotate": (1.0, 2.0, 3.0), "shear": (2.0, 1.0, 3.0)}
    rows = [
        row(model, 0, values[i], split=f"test+{kind}@1")
        for kind, values in places.items()
        for i, model in enumerate("abc")
    ]
    rows += [row(m, 0, 1.0, split="test+mean@1") for m in "abc"]  # no kind of its own
    rows += [row("a", 0, 1.0, split="test+contrast@1")]  # a rank needs all methods
    found = prepare_rank(ReportData(table(*rows)), "nll")
    assert dict(zip(found["model"], found["mean"], strict=True)) == {"a": 1.5, "b": 1.5, "c": 3.0}


def test_ranks_are_among_the_methods_of_a_data_set() -> None:
    """Other methods on another data set take nothing away here; one method alone has no rank."""
    here = {"digits": ("a", "b"), "cifar10": ("b", "c", "d"), "moons": ("a",)}
    rows = [
        row(model, 0, float(place), split="test+rotate@1", dataset=dataset)
        for dataset, models in here.items()
        for place, model in enumerate(models)
    ]
    found = prepare_rank(ReportData(table(*rows)), "nll")
    for dataset in ("digits", "cifar10"):
        own = found[found["dataset"] == dataset]
        ranks = {model: float(place) for place, model in enumerate(here[dataset], 1)}
        assert dict(zip(own["model"], own["mean"], strict=True)) == ranks
    assert set(found["dataset"]) == {"digits", "cifar10"}
    with pytest.raises(MissingData):
        prepare_rank(ReportData(table(*[r for r in rows if r["dataset"] == "moons"])), "nll")


def test_validation_kinds_are_in_neither_ranks_nor_boxes() -> None:
    rows = [
        row(model, 0, value, split=f"test+{kind}@1", protocol=protocol)
        for kind, protocol, values in (
            ("rotate", "one network", (1.0, 2.0)), ("spatter", f"{HELD_OUT}; one", (9.0, 3.0)),
        )
        for model, value in zip("ab", values, strict=True)
    ]  # fmt: skip
    data = ReportData(table(*rows))
    found = prepare_rank(data, "nll")
    assert dict(zip(found["model"], found["mean"], strict=True)) == {"a": 1.0, "b": 2.0}
    assert set(prepare_boxes(data, "nll")["shift"]) == {"rotate"}


def test_reliability_pools_seeds_by_count(tmp_path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "uncertainty/single/digits/0-1/evaluate"
    folder.mkdir(parents=True)
    (folder / "reliability.csv").write_text(
        "seed,split,bin,lower,upper,count,accuracy,confidence\n"
        "0,test,0,0,0.5,10,1.0,0.4\n1,test,0,0,0.5,30,0.0,0.2\n0,test,1,0.5,1,0,,\n"
        "0,test,2,0.5,1,9,1.0,0.9\n"  # too few to draw
        "0,test+mean@1,0,0,0.5,20,0.5,0.5\n0,test+mean@5,0,0,0.5,20,0.5,0.5\n"
    )
    data = ReportData(table(), results=tmp_path, jobs=("uncertainty/single/digits/0-1",))
    found = prepare_reliability(data)
    assert set(found["split"]) == {"test", "test+mean@5"}
    assert len(found) == 2
    clean = found[found["split"] == "test"].iloc[0]
    assert (clean["count"], clean["accuracy"]) == (40, 0.25)
    assert clean["confidence"] == pytest.approx(0.25)


def test_montage_puts_images_row_by_row() -> None:
    images = np.zeros((3, 2, 2, 1), dtype=np.uint8)
    images[1] = 16
    picture = plots.montage(images, 2, 16.0)
    assert picture.shape == (5, 5, 3)
    assert (picture[:2, :2] == 0).all()
    assert (picture[:2, 3:] == 1).all()
    assert (picture[:, 2] == 1).all()  # the pixel between
    assert (picture[3:, 3:] == 1).all()  # no fourth image: paper


def test_figures_without_data_say_what_is_missing(tmp_path) -> None:  # type: ignore[no-untyped-def]
    data = ReportData(table(), results=tmp_path)
    for chosen in figure.discover():
        drawn = figure.render(chosen, data, tmp_path, 80)
        assert drawn.svg == ""
        assert len(drawn.note) > 10
    assert list(tmp_path.glob("*.svg")) == []


def test_picture_of_an_earlier_run_is_removed_where_its_data_is_gone(tmp_path) -> None:  # type: ignore[no-untyped-def]
    chosen = figure.discover()[0]
    (tmp_path / f"{chosen.name}.svg").write_text("old")
    figure.render(chosen, ReportData(table(), results=tmp_path), tmp_path, 80)
    assert not (tmp_path / f"{chosen.name}.svg").exists()


def test_same_data_gives_the_same_bytes(world, tmp_path) -> None:  # type: ignore[no-untyped-def]
    for name in ("generative_samples", "uncertainty_kinds"):
        chosen = next(f for f in figure.discover() if f.name == name)
        for folder in ("a", "b"):
            figure.render(chosen, world.data(), tmp_path / folder, 80)
        for kind in ("svg", "png"):
            first, second = (tmp_path / f / f"{name}.{kind}" for f in ("a", "b"))
            assert first.read_bytes() == second.read_bytes()


def test_every_figure_is_complete() -> None:
    for chosen in figure.discover():
        assert chosen.panel in ("generative", "graphs", "uncertainty")
        assert chosen.name.startswith(chosen.panel)
        assert chosen.title and not chosen.title.endswith(".")
        assert chosen.reading.endswith(".")


def test_several_processes_draw_the_same_bytes(world, tmp_path) -> None:  # type: ignore[no-untyped-def]
    names = ("generative_samples", "uncertainty_kinds", "graphs_scaling")
    chosen = [f for f in figure.discover() if f.name in names]
    alone = drawing.render_all(chosen, world.data(), tmp_path / "1", 80)
    together = drawing.render_all(chosen, world.data(), tmp_path / "2", 80, processes=2)
    assert together == alone and len(alone) == len(names)
    written = sorted(path.name for path in (tmp_path / "1").iterdir())
    assert written == sorted(path.name for path in (tmp_path / "2").iterdir())
    assert len(written) == 2 * sum(bool(each.svg) for each in alone) > 0
    for name in written:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_what_a_drawing_process_raises_is_raised_here(world, tmp_path) -> None:  # type: ignore[no-untyped-def]
    def fails(data: ReportData, canvas: object) -> None:
        raise UserError("expected a picture, found none")

    broken = [figure.Figure(f"broken{i}", "graphs", "", "", fails) for i in range(2)]
    with pytest.raises(UserError, match="expected a picture"):
        drawing.render_all(broken, world.data(), tmp_path, 80, processes=2)
