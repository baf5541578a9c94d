"""Shared by all tests: downloaded data sets, one real small run, counts of what was braved."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import workers
from tracked_jobs import Workplace
from triptych import tracking
from workflow_project import Project, checkout, copy

BRAVED = pytest.StashKey[Counter[str]]()
NODES = pytest.StashKey[list[Any]]()
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
    config.stash[NODES] = []
    workers.heed_interrupts(config)


# ---- several processes (pytest-xdist); without its `-n` none of this is asked


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Which process gets what, whatever ``--dist`` says: fixtures of files are dear here."""
    return workers.scheduler(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first."""
    items.sort(key=lambda item: workers.rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodeready(node: Any) -> None:
    """Know the processes."""
    node.config.stash[NODES].append(node)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A process says what it counted ..."""
    if exitstatus == pytest.ExitCode.INTERRUPTED and session.config.stash[NODES]:
        workers.pass_on_interrupt(session.config.stash[NODES])
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["braved"] = dict(session.config.stash[BRAVED])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """... and the first one adds it up; one that crashed has said nothing."""
    node.config.stash[BRAVED].update(getattr(node, "workeroutput", {}).get("braved", {}))


# ---- counts


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
    return workers.made_once(
        tmp_path_factory, "computed", lambda folder: checkout(folder).snakemake()
    )


@pytest.fixture(scope="session")
def finished(computed: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All results, committed to DVC and git. Only to be copied or read."""

    def make(folder: Path) -> None:
        project = copy(computed, folder)
        project.dvc("commit", "--force", "--quiet")
        project.commit("results")

    return workers.made_once(tmp_path_factory, "finished", make)


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
