"""How tests are spread over the processes of pytest-xdist, and what those make once for all."""

import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from workflow_project import Project

# Files that take minutes, in the order in which they begin, so that no process gets one of them
# when the others are about to end. The first need no results: one process computes those meanwhile.
LONG = (
    "workflow/test_workflow_run.py",
    "faults/test_kills.py",
    "faults/test_machine.py",
    "workflow/test_workflow_scale.py",
    "workflow/test_workflow_dvc.py",
    "cluster",
    "cluster/test_slurm.py",
    "workflow/test_workflow_reruns.py",
    "workflow/test_workflow_sources.py",
    "workflow/test_workflow_new_model.py",
    "faults/test_partial.py",
    "workflow/test_workflow_rules.py",
    "workflow/test_workflow_machines.py",
    "faults/test_parameter_files.py",
    "test_tracking.py",
    "data/test_real_sets.py",
)
SERVICES = "cluster"  # files of this folder share running services, so one process has them all
ALONE = ("cluster/test_slurm.py",)  # except those that use none of them


def together(nodeid: str) -> str:
    """What a test stays with: the tests of its file, whose fixtures are made for all of them."""
    file = nodeid.split("::")[0].removeprefix("tests/")
    return SERVICES if file.startswith(f"{SERVICES}/") and file not in ALONE else file


def rank(nodeid: str) -> int:
    """When a test begins: the long ones first, the others as they are collected."""
    name = together(nodeid)
    return LONG.index(name) if name in LONG else len(LONG)


def scheduler(config: pytest.Config, log: object) -> object:
    """Gives whole files (see :func:`together`) to processes, in the order of the collection."""
    from xdist.scheduler import LoadScopeScheduling

    class Files(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return together(nodeid)

    config.option.loadscopereorder = False  # by the number of tests, which is not what they take
    return Files(config, log)


def made_once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]
) -> Project:
    """A project that the first process to ask makes, while the others wait; only for reading."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"{name}-once"
    project, made = folder / "project", folder / "made"
    folder.mkdir(exist_ok=True)
    with FileLock(folder / "lock"):
        if not made.exists():
            shutil.rmtree(project, ignore_errors=True)  # left where another process failed
            make(project)
            made.touch()
    return Project(project)


# ---- an end before the end: each process closes what it started (services, a Slurm)


def heed_interrupts(config: pytest.Config) -> None:
    """Let a limit of time (SIGTERM) end the tests as Ctrl-C does; a worker is told but once.

    It may be told by the terminal, by the first process and by pytest-xdist, and the second
    interrupt would hit the closing that the first began.
    """

    def once(number: int, frame: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    if hasattr(config, "workerinput"):
        signal.signal(signal.SIGINT, once)
    signal.signal(
        signal.SIGTERM, once if hasattr(config, "workerinput") else signal.default_int_handler
    )


def pass_on_interrupt(nodes: list[Any]) -> None:
    """Tell the workers, and wait longer for them than the ten seconds of pytest-xdist."""
    from xdist.workermanage import NodeManager

    NodeManager.EXIT_TIMEOUT = 60
    for node in nodes:
        with suppress(ProcessLookupError):
            os.kill(node.gateway._rinfo().pid, signal.SIGTERM)
