"""Overlays on a command line; what Snakemake does with them is in ``faults/``."""

from pathlib import Path

import pytest

from triptych import overlays


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("all --cores 2", []),
        ("--configfile a.yaml b.yaml -n", ["a.yaml", "b.yaml"]),
        ("--configfiles=a.yaml all", ["a.yaml"]),
        ("--configfile a.yaml --configfile b.yaml", ["b.yaml"]),  # Snakemake takes the last
        ("--config report={} -C report={} --configfile a.yaml", ["a.yaml"]),
        ("--profile profiles/cpu --configfile a.yaml -- all", ["a.yaml"]),
        ("-- --configfile a.yaml", []),
        ("--configfile", []),
    ],
)
def test_overlays_of_a_command_line(arguments: str, found: list[str]) -> None:
    assert overlays.named(arguments.split()) == found


def test_a_sound_overlay_passes_and_another_ends_the_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("report: {title: A}")
    bad.write_text("report: {title: A, title: B}")
    overlays.check(["--configfile", str(good)])
    with pytest.raises(SystemExit) as ended:
        overlays.check(["--configfile", str(good), str(bad)])
    assert ended.value.code == 1
    assert "bad.yaml, line 1: expected each key once" in capsys.readouterr().err
