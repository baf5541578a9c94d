"""Runs a reader on many damaged inputs, within bounds of time and memory."""

import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

import workers
from triptych.errors import UserError
from workflow_project import Project, copy

SECONDS = 20.0  # of computing for one input; each takes milliseconds
MEMORY = 1 << 30  # bytes that all inputs of a test together may add to the process
LONGEST = 50_000  # characters of a message that somebody should read

Fuzz = Callable[[SearchStrategy[Any], Callable[[Any], Any]], Counter[str]]


class Hang(BaseException):
    """An input took too long; no reader's `except Exception` catches it."""


def tried(read: Callable[[], Any]) -> str:
    """Whether an input is "accepted" or "refused"; any other end is the test's failure."""
    try:
        read()
    except UserError as error:
        assert 0 < len(str(error)) < LONGEST
        return "refused"
    return "accepted"


@contextmanager
def bounded() -> Iterator[None]:
    """Within the block this process can hang no longer, and grow no further, than it may."""

    def hang(number: int, frame: object) -> None:
        raise Hang(f"{SECONDS:g} s of computing for one input")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform == "linux":
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + 4 * MEMORY, hard))
    old = signal.signal(signal.SIGPROF, hang)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    assert grown < MEMORY, f"one input took {grown} bytes of memory"


@pytest.fixture
def fuzz(pytestconfig: pytest.Config, braved: Callable[[str, int], None]) -> Fuzz:
    """Runs a reader on inputs of a strategy, as many as ``--fuzz`` says; counts what it did.

    The inputs are the same in every run.
    """

    def run(inputs: SearchStrategy[Any], read: Callable[[Any], Any]) -> Counter[str]:
        outcomes: Counter[str] = Counter()

        @settings(
            max_examples=pytestconfig.getoption("fuzz"),
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(inputs)
        def each(content: Any) -> None:
            with bounded():
                outcomes[tried(lambda: read(content))] += 1

        each()
        print("OUT", dict(outcomes))
        # A mutation that never reaches the checks would prove nothing.
        assert outcomes["refused"] * 20 >= outcomes.total(), outcomes
        braved("inputs fuzzed", outcomes.total())
        return outcomes

    return run


@pytest.fixture
def limits() -> Callable[[], Any]:
    """The bounds of time and memory, for one input."""
    return bounded


STEPS = 400  # per seed of one model: some seconds of training


@pytest.fixture(scope="session")
def prepared(fresh: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project with one longer job, its data cut and its extractors trained."""

    def make(folder: Path) -> None:
        project = copy(fresh, folder)
        project.set(("generative.models.ddpm.steps", STEPS))
        instruments = [f"results/instruments/extractor/digits/{seed}/run.json" for seed in (0, 1)]
        project.snakemake("data/splits/digits/run.json", *instruments)

    return workers.made_once(tmp_path_factory, "prepared", make)
