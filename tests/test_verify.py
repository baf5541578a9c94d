"""Verification: moved numbers and stale results are found and named, chance is not."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triptych import comparison, jobs, provenance, records, verify
from triptych.comparison import compare
from triptych.errors import UserError
from triptych.files import read_json, sha256_json, write_json, write_text
from triptych.records import Record

SEEDS = (0, 1, 2, 3)


def record(seed: int, value: float, metric: str = "bits_per_dim", **other: Any) -> Record:
    fields = {
        "panel": "generative", "task": "density", "dataset": "digits", "model": "vae",
        "seed": seed, "split": "test", "metric": metric, "value": value, "unit": "bits/dim",
        "kind": "upper bound", "n": 360, "protocol": "p",
    }  # fmt: skip
    return Record(**(fields | other))


def four(*values: float, **other: Any) -> list[Record]:
    return [record(seed, value, **other) for seed, value in zip(SEEDS, values, strict=True)]


# --------------------------------------------------------------------------------- comparison


def test_the_allowance_is_the_one_of_the_docstring() -> None:
    # Values 1, 2, 3, 4: s² = 5/3. t_{0.995, 3} = 5.8409 (any table of Student's t).
    half_width = 5.840909 * math.sqrt(5 / 3) * math.sqrt(2 / 4)
    rounding = 1e-5 * 4 + 2.0**-23
    assert comparison.allowance(four(1, 2, 3, 4)) == pytest.approx(half_width + rounding, rel=1e-6)
    # Two of the four seeds: the mean of two varies by √2 more.
    assert comparison.allowance(four(1, 2, 3, 4), 2) == pytest.approx(
        math.sqrt(2) * half_width + rounding, rel=1e-6
    )


def test_elsewhere_the_mean_may_move_by_the_allowance_and_no_further() -> None:
    reference = four(1, 2, 3, 4)
    allowed = comparison.allowance(reference)
    assert allowed is not None
    inside = [replace(r, value=r.value + 0.999 * allowed) for r in reference]
    outside = [replace(r, value=r.value + 1.001 * allowed) for r in reference]
    assert compare(inside, reference, bitwise=False).passed
    (moved,) = compare(outside, reference, bitwise=False).moved
    assert moved.seeds == SEEDS
    assert moved.reference == 2.5
    assert moved.change == pytest.approx(1.001 * allowed)
    assert moved.excess == pytest.approx(1.001)


def test_in_the_worst_case_one_number_in_a_hundred_moves_by_chance() -> None:
    # Fresh draws of every seed: the stated level, checked over 4000 numbers. The count is
    # binomial(4000, 0.01): 40 ± 4 standard deviations of 6.3.
    rng = np.random.default_rng(0)
    trials = 4000
    reference = [
        record(seed, float(rng.normal()), metric=f"m{k}") for k in range(trials) for seed in SEEDS
    ]
    fresh = [replace(row, value=float(rng.normal())) for row in reference]
    outcome = compare(fresh, reference, bitwise=False)
    assert outcome.compared == trials * len(SEEDS)
    assert 40 - 4 * 6.3 < len(outcome.moved) < 40 + 4 * 6.3


def test_on_the_same_platform_the_last_bit_counts() -> None:
    reference = four(1, 2, 3, 4)
    assert compare(reference, reference, bitwise=True).passed
    fresh = [*reference[:3], replace(reference[3], value=math.nextafter(4, 5))]
    outcome = compare(fresh, reference, bitwise=True)
    (moved,) = outcome.moved
    assert (moved.seeds, moved.allowance, moved.excess) == ((3,), 0.0, math.inf)
    assert outcome.compared == 4
    assert compare(fresh, reference, bitwise=False).passed


def test_numbers_that_no_seed_moves_may_only_round() -> None:
    reference = four(0.5, 0.5, 0.5, 0.5)
    rounded = [replace(r, value=r.value * (1 + 0.9e-5)) for r in reference]
    moved = [replace(r, value=r.value * (1 + 1.1e-5)) for r in reference]
    assert compare(rounded, reference, bitwise=False).passed
    assert not compare(moved, reference, bitwise=False).passed


def test_a_fraction_may_move_by_one_example() -> None:
    reference = four(1, 1, 1, 1, unit="fraction", n=100)
    one = [replace(r, value=0.99) for r in reference]
    two = [replace(r, value=0.98) for r in reference]
    assert compare(one, reference, bitwise=False).passed
    assert not compare(two, reference, bitwise=False).passed


def test_a_single_exact_row_has_a_tolerance_and_a_single_estimate_has_none() -> None:
    exact = record(0, 2.0, kind="exact")
    seedless = record(records.ALL_SEEDS, 2.0, kind="estimate")
    for row in (exact, seedless):
        assert compare([replace(row, value=2.00001)], [row], bitwise=False).passed
        assert not compare([replace(row, value=2.001)], [row], bitwise=False).passed
    outcome = compare([record(0, 9.0)], [record(0, 2.0)], bitwise=False)
    assert outcome.passed
    assert outcome.compared == 0
    assert [entry.seeds for entry in outcome.unjudged] == [(0,)]  # named, not silently passed


def test_nan_equals_nan_and_nothing_else() -> None:
    reference = four(1, 2, 3, math.nan)
    for bitwise in (True, False):
        assert compare(reference, reference, bitwise).passed
        healed = compare(four(1, 2, 3, 4), reference, bitwise)
        assert [m.seeds for m in healed.moved] == [(3,)]
        ill = compare(four(1, 2, math.nan, math.nan), reference, bitwise)
        assert [m.seeds for m in ill.moved] == [(2,)]


def test_missing_new_and_redefined_rows_are_named() -> None:
    reference = four(1, 2, 3, 4)
    fresh = [*reference[:3], record(0, 5.0, metric="fresh"), record(9, 1.0)]
    fresh[0] = replace(fresh[0], protocol="other extractor")
    outcome = compare(fresh, reference, bitwise=True)
    assert [(e.name, e.seeds) for e in outcome.missing] == [
        ("generative/digits/vae test bits_per_dim (upper bound, density)", (3,))
    ]
    assert {(e.name.split()[2], e.seeds) for e in outcome.new} == {
        ("bits_per_dim", (9,)), ("fresh", (0,))
    }  # fmt: skip
    (redefined,) = outcome.redefined
    assert redefined.seeds == (0,)
    assert redefined.reason == "protocol 'p' -> 'other extractor'"
    assert not outcome.passed
    assert compare([*reference, record(0, 1.0, metric="fresh")], reference, True).passed


# --------------------------------------------------------------------------------- provenance


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results of two jobs, written by the code that writes all results."""
    monkeypatch.chdir(tmp_path)
    write_text("data/splits/digits/0/train.safetensors", "examples")
    for model in ("vae", "gan"):
        conf = Path(f"conf/generative/{model}/digits/0/train.json")
        write_json(conf, {"model": model, "device": "cpu", "params": {"steps": 10}})
        out = Path(f"results/generative/{model}/digits/0/train")
        inputs = [Path("data/splits/digits/0/train.safetensors")]
        with jobs.running("train", conf, inputs, out, ["triptych.records"]):
            pass
    return tmp_path


VAE = Path("results/generative/vae/digits/0/train/run.json")


def edit(change: Callable[[dict[str, Any]], Any]) -> None:
    run = read_json(VAE)
    change(run)
    VAE.write_text(json.dumps(run))


def only_finding() -> provenance.Finding:
    found = provenance.check(Path("results"))
    assert not found.passed
    (finding,) = found.mismatches
    assert finding.job == VAE.parent.as_posix()  # and not the job beside it
    return finding


def test_untouched_results_pass(place: Path) -> None:
    found = provenance.check(Path("results"))
    assert found.passed
    assert (found.jobs, found.mismatches, found.unchecked) == (2, (), ())
    assert len(found.platforms) == 1
    assert found.platforms[0]["threads"] == "1"


def test_changed_parameters_are_stale_and_the_key_is_named(place: Path) -> None:
    conf = Path("conf/generative/vae/digits/0/train.json")
    write_json(conf, read_json(conf) | {"params": {"steps": 11}})
    finding = only_finding()
    assert finding.subject == "parameters"
    assert "stale: made with other parameters" in finding.message
    assert "params.steps: 10 -> 11" in finding.message


def test_embedded_parameters_that_were_edited_are_found(place: Path) -> None:
    edit(lambda run: run["conf"]["values"]["params"].update(steps=11))
    subjects = {f.message.split(";")[0] for f in provenance.check(Path("results")).mismatches}
    assert len(subjects) == 2  # the digest inside, and the file on disk
    # With file and digest edited to match, the key still tells.
    values = read_json(VAE)["conf"]["values"]
    write_json(Path("conf/generative/vae/digits/0/train.json"), values)
    edit(lambda run: run["conf"].update(sha256=sha256_json(values)))
    assert "the key does not follow" in only_finding().message


def test_edited_code_is_stale(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = provenance.closure.digest
    edited = str(Path(records.__file__))

    def digest(files: list[str]) -> str:
        """As if a line had been added to the module."""
        resolved = {str(Path(file).resolve()) for file in files}
        return "f" * 64 if edited in resolved else real(files)

    monkeypatch.setattr(provenance.closure, "digest", digest)
    findings = provenance.check(Path("results")).mismatches
    assert {f.subject for f in findings} == {"code"}
    assert len(findings) == 2
    assert "triptych.records (edited)" in findings[0].message


def test_code_that_gained_a_module_says_which(place: Path) -> None:
    def older(run: dict[str, Any]) -> None:
        run["code"]["files"] = [f for f in run["code"]["files"] if not f.endswith("files.py")]
        run["code"]["sha256"] = "0" * 64
        parts = [run["verb"], run["conf"]["sha256"], sorted(run["inputs"].items()), "0" * 64]
        run["key"] = sha256_json(parts)

    edit(older)
    assert "files that joined or left: files.py" in only_finding().message


def test_code_that_is_gone_is_stale(place: Path) -> None:
    edit(lambda run: run["code"].update(modules=["triptych.no_such_module"]))
    assert "code that is gone" in only_finding().message


def test_a_changed_input_is_found_for_every_job_that_read_it(place: Path) -> None:
    write_text("data/splits/digits/0/train.safetensors", "other examples")
    found = provenance.check(Path("results"))
    assert [(f.subject, f.job.split("/")[2]) for f in found.mismatches] == [
        ("inputs", "gan"), ("inputs", "vae")
    ]  # fmt: skip


def test_what_is_absent_is_named_and_not_passed_over(place: Path) -> None:
    Path("data/splits/digits/0/train.safetensors").unlink()
    Path("conf/generative/vae/digits/0/train.json").unlink()
    found = provenance.check(Path("results"))
    assert found.passed
    assert [(f.subject, f.job.split("/")[2]) for f in found.unchecked] == [
        ("inputs", "gan"), ("parameters", "vae"), ("inputs", "vae")
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "{", "[]", '{"verb": "train"}'])
def test_a_damaged_record_of_a_run_is_a_mismatch(place: Path, text: str) -> None:
    VAE.write_text(text)
    assert only_finding().subject == "run.json"


def test_no_results_do_not_pass(tmp_path: Path) -> None:
    assert not provenance.check(tmp_path).passed


# --------------------------------------------------------------------------------- the verb


@pytest.fixture
def reported(place: Path) -> list[Record]:
    rows = [*four(1, 2, 3, 4), *four(5, 5, 5, 5, metric="n_train", kind="exact")]
    records.write("reports/records.csv", rows)
    verify.run(update=True)
    return rows


def test_fresh_results_pass_with_one_line(
    reported: list[Record], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert verify.run() == 0
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert printed.startswith("verify: passed: 8 numbers compared bit for bit, 0 moved")


def test_a_moved_number_fails_and_is_named(
    reported: list[Record], capsys: pytest.CaptureFixture[str]
) -> None:
    records.write("reports/records.csv", [replace(reported[0], value=1.5), *reported[1:]])
    assert verify.run() == 1
    printed = capsys.readouterr().out
    assert (
        "generative/digits/vae test bits_per_dim (upper bound, density), seed 0: 1 -> 1.5 bits/dim "
        "(change +0.5, allowed 0)"
    ) in printed
    assert "FAILED" in printed


def test_elsewhere_the_same_change_is_within_the_spread(
    reported: list[Record], capsys: pytest.CaptureFixture[str]
) -> None:
    made_on = read_json("reports/reference/platform.json")
    write_json("reports/reference/platform.json", made_on | {"processor": "another"})
    records.write("reports/records.csv", [replace(reported[0], value=1.5), *reported[1:]])
    assert verify.run() == 0
    assert "reference another" in capsys.readouterr().out


def test_a_stale_result_fails_though_the_numbers_agree(
    reported: list[Record], capsys: pytest.CaptureFixture[str]
) -> None:
    write_text("data/splits/digits/0/train.safetensors", "other examples")
    assert verify.run() == 1
    assert "Results that do not fit" in capsys.readouterr().out


def test_results_of_two_platforms_are_compared_within_the_spread(reported: list[Record]) -> None:
    edit(lambda run: run["versions"].update(torch="9.9"))
    outcome = verify.verify(Path("reports"), Path("results"), Path("reports/reference"))
    assert not outcome.comparison.bitwise
    assert len(outcome.differences) == 1
    assert outcome.differences[0].startswith("torch: ")
    assert "9.9" in outcome.differences[0]
    with pytest.raises(UserError, match=r"expected results of one platform, found 2 \(torch"):
        verify.run(update=True)


def test_a_processor_without_a_name_proves_nothing() -> None:
    platform = {"processor": "unknown", "torch": "2"}
    assert list(verify.platform_differences([platform], platform))
    named = platform | {"processor": "x"}
    assert not list(verify.platform_differences([named], named))


def test_update_refuses_stale_results(reported: list[Record]) -> None:
    write_text("data/splits/digits/0/train.safetensors", "other examples")
    before = Path("reports/reference/records.csv.gz").read_bytes()
    with pytest.raises(UserError, match="found 2 mismatches below results"):
        verify.run(update=True)
    assert Path("reports/reference/records.csv.gz").read_bytes() == before


def test_without_a_reference_it_says_how_to_get_one(place: Path) -> None:
    records.write("reports/records.csv", four(1, 2, 3, 4))
    with pytest.raises(UserError, match="verify --update"):
        verify.run()


def test_long_lists_are_cut_and_counted(
    reported: list[Record], capsys: pytest.CaptureFixture[str]
) -> None:
    many = [record(0, 1.0, metric=f"m{k}") for k in range(verify.LISTED + 5)]
    records.write("reports/records.csv", [*reported, *many])
    verify.run()
    assert "... and 5 more" in capsys.readouterr().out


def test_reference_holds_means_over_kinds_instead_of_each_kind() -> None:
    splits = ("test", "test+mean@3", "test+rotate@3", "train")
    rows = [record(0, 1.0, split=split) for split in splits]
    assert [r.split for r in comparison.essential(rows)] == ["test", "test+mean@3", "train"]


def test_elsewhere_a_few_numbers_may_lie_outside_but_not_many() -> None:
    """One number in a hundred lies outside by chance; five in a hundred are too many."""
    reference = [
        record(s, float(s), metric=f"m{k}", unit="1") for k in range(100) for s in range(5)
    ]

    def fresh(moved: int) -> list[Record]:
        return [
            replace(r, value=r.value + 100.0) if int(r.metric[1:]) < moved else r for r in reference
        ]

    few, many = (comparison.compare(fresh(k), reference, bitwise=False) for k in (5, 6))
    assert few.passed and len(few.moved) == 5 and few.numbers == 100
    assert not many.passed
    assert not comparison.compare(fresh(1), reference, bitwise=True).passed
