"""A service of the team breaks while results are sent: a warning, no failure, no run twice."""

import itertools
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from database import Database
from service import Service
from services import TrackingServer

from tracked_jobs import Workplace, make_job, points
from triptych import tracked, tracking

pytestmark = [pytest.mark.workflow, pytest.mark.cluster]

Count = Callable[[str, int], None]
SOON = 45.0  # seconds; two tries of 5 s and what the server waits for, on a busy machine


@dataclass(frozen=True)
class Fault:
    """What breaks, how, and how it is mended."""

    service: str  # a fixture
    breaks: Callable[[Service], None]
    mends: Callable[[Service], None] = lambda service: service.start()


FAULTS = {
    "server killed": Fault("server", lambda it: it.end(signal.SIGKILL)),
    "server frozen": Fault("server", lambda it: it.freeze(), lambda it: it.thaw()),
    "database stopped": Fault("database", lambda it: it.end()),
    "database crashed": Fault("database", lambda it: it.end(signal.SIGQUIT)),
    "storage killed": Fault("storage", lambda it: it.end()),
    "storage frozen": Fault("storage", lambda it: it.freeze(), lambda it: it.thaw()),
}


@pytest.fixture
def team(
    place: Workplace,
    server: TrackingServer,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Workplace:
    """A folder that sends to the team's server, in an experiment of the test's own."""
    for variable, value in server.client_variables().items():
        monkeypatch.setenv(variable, value)
    place.configure(experiment=request.node.name)
    return place


@pytest.fixture
def jobs(team: Workplace) -> list[Path]:
    """Two jobs: six files each."""
    return [make_job(team.root, model) for model in ("gan", "vae")]


def at_call(
    patch: pytest.MonkeyPatch, method: str, number: int, action: Callable[[], object]
) -> None:
    """Do something just before that call of a method of MLflow's client goes out."""
    from mlflow import MlflowClient

    real, calls = getattr(MlflowClient, method), itertools.count(1)

    def call(self: object, *args: object, **kwargs: object) -> object:
        if next(calls) == number:
            action()
        return real(self, *args, **kwargs)

    patch.setattr(MlflowClient, method, call)


def assert_whole(place: Workplace, jobs: list[Path], server: TrackingServer, into: Path) -> None:
    """Each job is one complete run whose numbers and files are the job's."""
    client = place.client(server.uri)
    runs = {run.data.tags["mlflow.runName"]: run for run in place.runs(server.uri)}
    assert len(place.runs(server.uri)) == len(runs) == len(jobs)
    for item in map(tracked.read, jobs):
        run = runs[item.name]
        assert run.info.status == "FINISHED" and run.data.tags[tracking.COMPLETE] == "true"
        assert dict(run.data.params) == dict(item.params)
        sent = {(k, s, t, v) for k, ps in points(client, run).items() for s, t, v in ps}
        assert sent == {(p.key, p.step, p.time, repr(float(p.value))) for p in item.points}
        folder = into / run.info.run_id
        folder.mkdir(parents=True)
        client.download_artifacts(run.info.run_id, "", str(folder))
        for path, where in item.artefacts:
            assert (folder / where / path.name).read_bytes() == path.read_bytes()


NUMBERS, FILES = ("log_batch", 6), ("log_artifact", 8)  # calls that send the second job
MOMENTS = [(name, m) for name in FAULTS for m in (NUMBERS, FILES)]


@pytest.mark.parametrize(
    ("name", "moment"),
    [(n, m) for n, m in MOMENTS if m == FILES or FAULTS[n].service != "storage"],
    ids=lambda it: it if isinstance(it, str) else it[0],
)
def test_a_service_breaks_on_the_way(
    name: str,
    moment: tuple[str, int],
    team: Workplace,
    jobs: list[Path],
    server: TrackingServer,
    database: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    braved: Count,
) -> None:
    """The first job is sent by then, the second in part."""
    fault = FAULTS[name]
    service = request.getfixturevalue(fault.service)
    began = 0.0

    def breaks() -> None:
        nonlocal began
        fault.breaks(service)
        began = time.monotonic()

    try:
        with monkeypatch.context() as patch:
            at_call(patch, *moment, breaks)
            assert team.track(*jobs) == {"status": "pending"}
            assert 0 < time.monotonic() - began < SOON
        warning = capsys.readouterr().err
        assert warning.count("\n") == 1
        assert warning.startswith("triptych track: warning: could not use the tracking store")
    finally:
        if began:
            fault.mends(service)

    assert tracking.drop_pending_receipt(team.receipt)  # so Snakemake runs the rule again
    assert team.track(*jobs)["status"] == "synced"
    assert_whole(team, jobs, server, tmp_path / "files")
    rows = database.rows()
    assert team.track(*jobs)["status"] == "synced"
    assert database.rows() == rows
    braved("faults injected", 1)


def test_a_database_that_restarts_on_the_way_is_not_even_noticed(
    team: Workplace,
    jobs: list[Path],
    server: TrackingServer,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    braved: Count,
) -> None:
    def restart() -> None:
        database.end()
        database.start()

    with monkeypatch.context() as patch:
        at_call(patch, "log_batch", 6, restart)
        assert team.track(*jobs)["status"] == "synced"
    assert_whole(team, jobs, server, tmp_path / "files")
    braved("faults injected", 1)
