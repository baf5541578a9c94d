"""Two processes: files stay whole, what is dear is made once, counts add up, an end is an end."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("xdist", reason="pytest-xdist comes with the extra test")

TESTS = Path(__file__).parent
COUNTED = """
import os
import workers

def test_one(tmp_path_factory, braved, pytestconfig):
    def make(folder):
        folder.mkdir()
        with (pytestconfig.rootpath / "made").open("a") as lines:
            lines.write("made ")
    assert workers.made_once(tmp_path_factory, "dear", make).folder.is_dir()
    with (pytestconfig.rootpath / f"{os.environ['PYTEST_XDIST_WORKER']}").open("a") as lines:
        lines.write(f"{__name__} ")
    braved("kills survived", 1)

test_two = test_three = test_four = test_one
"""
SERVED = """
import time
import pytest

@pytest.fixture(scope="session")
def service(pytestconfig):
    running = pytestconfig.rootpath / "running"
    running.touch()
    yield
    for _ in range(60):  # longer than pytest-xdist waits before it interrupts a worker by itself
        time.sleep(0.1)
    running.unlink()

def test_long(service):
    time.sleep(100)
"""


def start(folder: Path, *files: str) -> subprocess.Popen[str]:
    """``pytest -n 2`` on some files, with the hooks of these tests."""
    for number, text in enumerate(files):
        (folder / f"test_{number}.py").write_text(text)
    shutil.copy(TESTS / "conftest.py", folder)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    paths = os.pathsep.join([str(TESTS), *sys.path])
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "pytest", "-n", "2", "--rootdir", str(folder), str(folder)),
            *("-p", "no:cacheprovider", "--basetemp", str(folder / "temporary")),
        ],
        env=inherited | {"PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_files_stay_whole_and_counts_add_up(tmp_path: Path) -> None:
    run = start(tmp_path, COUNTED, COUNTED)
    said = run.communicate(timeout=300)[0]
    assert run.returncode == 0 and "8 passed" in said, said
    assert "8 kills survived, 0 faults injected" in said
    assert (tmp_path / "made").read_text() == "made "
    whole = {(tmp_path / f"gw{number}").read_text() for number in (0, 1)}
    assert whole == {"test_0 " * 4, "test_1 " * 4}


def test_a_limit_of_time_lets_a_worker_end_its_services(tmp_path: Path) -> None:
    run = start(tmp_path, SERVED)
    deadline = time.monotonic() + 300
    while not (tmp_path / "running").exists():
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.05)
    run.send_signal(signal.SIGTERM)
    said = run.communicate(timeout=300)[0]
    assert not (tmp_path / "running").exists(), said
