"""Shared by all tests: downloaded data sets, one real small run, counts of what was braved."""

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tracked_jobs import Workplace
from triptych import tracking
from workflow_project import Project, checkout, copy

BRAVED = pytest.StashKey[Counter[str]]()
SORTS = ("kills survived", "faults injected", "inputs fuzzed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Numbers of the long tests; the defaults are what every change must pass."""
    parser.addoption(
        "--kills", type=int, default=3, help="SIGKILLs of each kill test (default 3; full 10)"
    )
    parser.addoption(
        "--fuzz", type=int, default=100, help="inputs of each fuzz test (default 100; full 2000)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count; and where a limit of time ends the tests, let them end what they started."""
    config.stash[BRAVED] = Counter()
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts."""
    counts = terminalreporter.config.stash[BRAVED]
    if counts:
        terminalreporter.section("failures braved")
        terminalreporter.line(", ".join(f"{counts[sort]} {sort}" for sort in SORTS))


@pytest.fixture(scope="session")
def braved(pytestconfig: pytest.Config) -> Callable[[str, int], None]:
    """Count, after the fact, what was survived: ``braved("faults injected", 1)``."""

    def count(sort: str, times: int = 1) -> None:
        assert sort in SORTS
        pytestconfig.stash[BRAVED][sort] += times

    return count


@pytest.fixture(scope="session")
def mirror() -> str:
    """The mirror of downloaded data sets; the test is skipped where there is none."""
    location = os.environ.get("TRIPTYCH_MIRROR")
    if not location:
        pytest.skip("set TRIPTYCH_MIRROR to a folder or address that holds the data sets")
    return location


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project, nothing computed; for questions that need no results."""
    return checkout(tmp_path_factory.mktemp("fresh") / "project")


@pytest.fixture(scope="session")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All results at the ten-second scale, by Snakemake alone. Only to be copied or read."""
    project = checkout(tmp_path_factory.mktemp("computed") / "project")
    project.snakemake()
    return project


@pytest.fixture(scope="session")
def finished(computed: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All results, committed to DVC and git. Only to be copied or read."""
    project = copy(computed, tmp_path_factory.mktemp("finished") / "project")
    project.dvc("commit", "--force", "--quiet")
    project.commit("results")
    return project


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Project], Project]:
    """Makes copies to work on."""
    return lambda project: copy(project, tmp_path / "project")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """An empty folder that tracks into a SQLite store, unless a test names a server."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for name in tracking.PATIENCE:
        monkeypatch.setenv(name, tracking.PATIENCE[name])  # so that a test's end restores it
    folder = tmp_path / "a place with spaces"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Workplace(folder)
