"""One server for a team: everybody sends at once, and the server dies while a pipeline sends."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from database import Database
from services import Storage, TrackingServer

from triptych import tracked, tracking
from workflow_project import PROGRAMS, Project, copy

pytestmark = [pytest.mark.workflow, pytest.mark.cluster]

RECEIPT = "results/tracking/receipt.json"


@pytest.fixture(scope="module")
def project(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Results that the team's server has not seen."""
    project = copy(finished, tmp_path_factory.mktemp("team") / "project")
    (project / RECEIPT).unlink()
    return project


def results(project: Project) -> list[Path]:
    """Every job's folder."""
    found = sorted((project / "results").glob("*/*/*/*/evaluate/run.json"))
    return [path.parent.parent for path in found]


def held(server: TrackingServer, experiment: str) -> list[Any]:
    """Every run that the server shows."""
    from mlflow import MlflowClient

    client = MlflowClient(server.uri)
    found = client.get_experiment_by_name(experiment)
    return [] if found is None else list(client.search_runs([found.experiment_id]))


def assert_each_once(runs: list[Any], jobs: list[Path]) -> None:
    """One complete run a job, with all numbers of the job."""
    wanted = {item.key: item for item in map(tracked.read, jobs)}
    assert sorted(run.data.tags[tracking.KEY] for run in runs) == sorted(wanted)
    for run in runs:
        item = wanted[run.data.tags[tracking.KEY]]
        assert run.data.tags[tracking.COMPLETE] == "true"
        assert set(run.data.metrics) == {point.key for point in item.points}


def track(project: Project, receipt: str, **variables: str) -> "subprocess.Popen[str]":
    """The command of the rule, by hand."""
    jobs = [str(path.relative_to(project.folder)) for path in results(project)]
    return subprocess.Popen(
        [
            str(PROGRAMS / "triptych"), "track", "--conf", "conf/tracking.json",
            "--receipt", receipt, "--jobs", *jobs,
        ],
        cwd=project.folder,
        env=project.environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip


def test_parallel_calls_leave_each_run_once_with_its_files(
    project: Project, server: TrackingServer, database: Database, storage: Storage, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    variables = server.client_variables()
    calls = [track(project, f"receipt-{number}.json", **variables) for number in range(3)]
    said = [call.communicate(timeout=600)[0] for call in calls]
    assert [(call.returncode, words) for call, words in zip(calls, said, strict=True)] == [
        (0, "")
    ] * len(calls)
    receipts = {(project / f"receipt-{number}.json").read_text() for number in range(3)}
    assert [json.loads(text)["status"] for text in receipts] == ["synced"]

    jobs = results(project)
    runs = held(server, "triptych")
    assert len(jobs) > 10
    assert_each_once(runs, jobs)
    objects = storage.objects()
    by_name = {item.name: item for item in map(tracked.read, jobs)}
    assert sum(name.endswith("/evaluate/records.csv") for name in objects) >= len(jobs)
    client = MlflowClient(server.uri)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        for run in runs[:: max(1, len(runs) // 5)]:
            folder = tmp_path / run.info.run_id
            folder.mkdir()
            client.download_artifacts(run.info.run_id, "", str(folder))
            item = by_name[run.data.tags["mlflow.runName"]]
            got = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.*")}
            assert got == {f"{where}/{p.name}": p.read_bytes() for p, where in item.artefacts}

    rows = database.rows()
    again = track(project, "receipt-again.json", **variables)
    assert again.communicate(timeout=600)[0] == "" and again.returncode == 0
    assert (project / "receipt-again.json").read_text() in receipts
    assert database.rows() == rows
    assert storage.objects() == objects  # nor was a file written again


def test_clones_that_send_the_same_results_at_once_leave_each_run_once(
    project: Project, server: TrackingServer, tmp_path: Path
) -> None:
    """No lock holds between folders. Nothing fails; a call that met another may be pending."""
    project.set(("tracking.experiment", "clones"))
    project.ask({})  # writes conf/
    clones = [copy(project, tmp_path / str(number)) for number in range(2)]
    calls = [track(clone, "receipt.json", **server.client_variables()) for clone in clones]
    said = [call.communicate(timeout=600)[0] for call in calls]
    assert [call.returncode for call in calls] == [0] * len(calls), said
    if {clone.json("receipt.json")["status"] for clone in clones} != {"synced"}:
        last = track(project, "receipt.json", **server.client_variables())
        assert last.communicate(timeout=600)[0] == ""
    assert_each_once(held(server, "clones"), results(project))


def test_a_pipeline_outlives_its_server_and_the_next_run_catches_up(
    project: Project, server: TrackingServer, braved: Callable[[str, int], None]
) -> None:
    """SIGKILL after the third run has arrived, under the real rule."""
    project.set(("tracking.experiment", "killed"))
    variables = server.client_variables()
    with (project / "snakemake.txt").open("w") as words:
        pipeline = subprocess.Popen(
            [str(PROGRAMS / "snakemake"), "all", "--cores", "2", "--allowed-rules", "all", "track"],
            cwd=project.folder,
            env=project.environment(**variables),
            stdout=words,
            stderr=words,
        )
    try:
        while len(held(server, "killed")) < 3:
            assert pipeline.poll() is None, (project / "snakemake.txt").read_text()
            time.sleep(0.05)
        server.end()
        began = time.monotonic()
        assert pipeline.wait(120) == 0, (project / "snakemake.txt").read_text()
        assert time.monotonic() - began < 45  # two tries of 5 s on a quiet machine
    finally:
        if pipeline.poll() is None:
            pipeline.kill()
        server.end()
        server.start()
    assert project.json(RECEIPT) == {"status": "pending"}
    assert "warning: could not use the tracking store" in (project / "logs/track.log").read_text()
    jobs = results(project)
    assert 3 <= len(held(server, "killed")) < len(jobs)

    project.run("snakemake", "all", "--cores", "2", **variables)
    assert project.json(RECEIPT)["status"] == "synced"
    assert_each_once(held(server, "killed"), jobs)
    braved("faults injected", 1)
