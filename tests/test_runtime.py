"""The machine a job runs on, and what a job says about itself."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
import torch

from triptych import closure, jobs, runtime
from triptych.errors import UserError
from triptych.files import sha256_json, write_json


def test_device_is_chosen_or_demanded():
    assert runtime.prepare("cpu") == torch.device("cpu")
    assert torch.get_num_threads() == 1
    if not torch.cuda.is_available():
        assert runtime.prepare("auto") == torch.device("cpu")
        with pytest.raises(UserError, match="expected a CUDA GPU"):
            runtime.prepare("cuda")


def test_no_gpu_granted_means_the_cpu(monkeypatch):
    monkeypatch.setenv("TRIPTYCH_GPUS", "0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert runtime.prepare("auto") == torch.device("cpu")


PICK = """
import sys
import time
from types import SimpleNamespace as Fake
sys.modules["torch"] = Fake(cuda=Fake(device_count=lambda: int(sys.argv[1])))
from triptych import runtime
print(runtime._pick_gpu(), flush=True)
sys.stdin.read()  # holds the GPU until it is told to end
"""


@contextmanager
def picking(folder, count, visible=None):
    """A process that has picked one of so many GPUs, and which."""
    environment = {k: v for k, v in os.environ.items() if k != "CUDA_VISIBLE_DEVICES"}
    environment |= {"TMPDIR": str(folder)} | ({"CUDA_VISIBLE_DEVICES": visible} if visible else {})
    with subprocess.Popen(
        [sys.executable, "-c", PICK, str(count)],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield int(process.stdout.readline())
        process.stdin.close()


def test_jobs_on_one_machine_take_different_gpus(tmp_path):
    with picking(tmp_path, 2) as first:
        with picking(tmp_path, 2) as second:
            assert (first, second) == (0, 1)
        with picking(tmp_path, 2, visible="1,5") as restricted:
            assert restricted == 0  # device 1 of the machine, which is free again
            with picking(tmp_path, 2) as shared:
                assert shared in (0, 1)  # more jobs than GPUs
    with picking(tmp_path, 1, visible="1") as granted:
        assert granted == 0  # a scheduler has chosen


def run_once(tmp_path, out, text="data"):
    data = tmp_path / "input"
    data.write_text(text)
    write_json(tmp_path / "conf.json", {"device": "cpu", "x": 1})
    with jobs.running("train", tmp_path / "conf.json", [data], out, ["triptych.records"]) as job:
        job.facts["status"] = "complete"
    return json.loads((out / "run.json").read_text())


def test_run_file_says_where_numbers_come_from(tmp_path):
    found = run_once(tmp_path, tmp_path / "a")
    assert found["conf"]["sha256"] == sha256_json({"device": "cpu", "x": 1})
    assert found["code"]["sha256"] == closure.digest(closure.closure("triptych.records"))
    assert set(found["inputs"]) == {str(tmp_path / "input")}
    assert found["hardware"]["threads"] == 1 and found["versions"]["torch"]
    assert {"wall_seconds", "cpu_seconds", "peak_memory_mb", "started", "ended"} <= set(
        found["time"]
    )


def test_key_follows_content_not_place_or_time(tmp_path):
    first, second = run_once(tmp_path, tmp_path / "a"), run_once(tmp_path, tmp_path / "b")
    other = run_once(tmp_path, tmp_path / "c", "other data")
    assert first["key"] == second["key"] != other["key"]


def test_a_failed_job_leaves_no_run_file(tmp_path):
    write_json(tmp_path / "conf.json", {"device": "cpu"})
    out = tmp_path / "out"
    with (
        pytest.raises(RuntimeError),
        jobs.running("train", tmp_path / "conf.json", [], out, ["triptych.records"]),
    ):
        raise RuntimeError
    assert not (out / "run.json").exists()


@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize("what", ["conf.json", "input", "source"])
def test_what_changes_under_a_job_makes_it_fail(tmp_path, monkeypatch, what, gone):
    """Its results would be newer than files that they do not follow from."""
    out, package = tmp_path / "out", tmp_path / "source"
    run_once(tmp_path, out)
    package.write_text("x = 1")
    monkeypatch.setattr(closure, "closure", lambda *_: [str(package)])
    with (
        pytest.raises(UserError, match="while the job ran") as error,
        jobs.running("train", tmp_path / "conf.json", [tmp_path / "input"], out, []),
    ):
        if gone:
            (tmp_path / what).unlink()
        else:
            change = '{"device": "cpu", "x": 2}' if what == "conf.json" else "other"
            (tmp_path / what).write_text(change)
    assert ("source files" if what == "source" else what) in str(error.value)
    assert not (out / "run.json").exists()


def test_an_old_job_leaves_alone_what_a_younger_one_made(tmp_path):
    """Its Snakemake was killed, parameters were changed, and the next one ran the job again."""
    out = tmp_path / "out"
    run_once(tmp_path, out)
    with (
        pytest.raises(UserError, match=r"conf\.json"),
        jobs.running("train", tmp_path / "conf.json", [], out, ["triptych.records"]) as old,
    ):
        write_json(tmp_path / "conf.json", {"device": "cpu", "x": 2})
        with jobs.running("train", tmp_path / "conf.json", [], out, ["triptych.records"]):
            write_json(out / "weights.json", 2)
        old.beginning.check()
        write_json(out / "weights.json", 1)
    assert json.loads((out / "weights.json").read_text()) == 2
    assert json.loads((out / "run.json").read_text())["conf"]["values"]["x"] == 2


def test_files_rewritten_with_equal_content_change_nothing(tmp_path):
    out, source = tmp_path / "out", tmp_path / "input"
    run_once(tmp_path, out)
    with jobs.running("train", tmp_path / "conf.json", [source], out, ["triptych.records"]):
        source.write_text("data")
        os.utime(source, ns=(1, 1))
    assert (out / "run.json").exists()


def test_only_what_was_left_before_the_job_began_is_removed(tmp_path):
    """Another process may be writing a neighbour; what it writes is not taken from it."""
    out = tmp_path / "out"
    out.mkdir()
    left, fresh = out / ".weights.a.part", out / ".weights.b.part"
    left.touch()
    os.utime(left, (1, 1))
    write_json(tmp_path / "conf.json", {"device": "cpu"})
    with jobs.running("train", tmp_path / "conf.json", [], out, ["triptych.records"]):
        time.sleep(0.01)
        fresh.touch()
    assert fresh.exists() and not left.exists()


def test_mistakes_of_a_user_end_without_a_traceback(tmp_path):
    command = [sys.executable, "-m", "triptych.cli", "train"]
    options = ["--conf", str(tmp_path / "none.json"), "--splits", "x", "--out", str(tmp_path)]
    done = subprocess.run(
        [*command, *options], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 2 and "expected a JSON file, found none" in done.stderr
    assert "Traceback" not in done.stderr


def test_parsing_parameters_imports_nothing_heavy():
    """A Snakefile with checked parameters must not pay for torch, pandas or mlflow."""
    code = (
        "import sys; import triptych.plan, triptych.closure, triptych.report, triptych.tracking, "
        "triptych.claims.files, triptych.generative.measures; "
        "assert 'numpy' not in sys.modules; import triptych.uncertainty.measures; "
        "print([m for m in ('torch', 'pandas', 'mlflow', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_preparing_is_deterministic_and_loads_no_compiler():
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, torch; from triptych import runtime; runtime.prepare('cpu'); "
            "print(torch.are_deterministic_algorithms_enabled(), "
            "torch.is_deterministic_algorithms_warn_only_enabled(), "
            "'torch._dynamo' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split() == ["True", "True", "False"]
