"""Tracking against real stores: one run a job, nothing twice, no result lost to a dead server."""

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tracked_jobs import STEPS, Workplace, make_job, numbers, points, row
from triptych import records, stores, tracked, tracking
from triptych.errors import UserError
from triptych.files import read_json, write_json, write_text

# Seconds: two tries of the five that `tracking.PATIENCE` gives each, and as much again for imports
# beside other tests. MLflow left to itself tries for more than a minute.
SOON = 20.0

# ---------------------------------------------------------------------------------- description


def test_a_job_is_described_by_its_own_files(tmp_path: Path) -> None:
    run = tracked.read(make_job(tmp_path))
    assert run.name == "generative/vae/digits/0-1"
    assert run.started == 1_700_000_000_000
    assert run.ended == 1_700_000_020_000  # evaluate starts 10 s later and takes 10 s
    assert run.params["learning_rate"] == "0.001"
    assert run.params["betas"] == "[0.9, 0.999]"
    assert run.params["ema"] == "null"
    assert run.params["evaluate.importance_samples"] == "64"
    assert run.params["evaluate.measure.kid.subsets"] == "10"
    assert run.tags["diverged_seeds"] == "1"
    assert run.tags["git_commit"] == "c0ffee"
    files = {(path.name, folder) for path, folder in run.artefacts}
    assert files == {
        ("run.json", "train"), ("curves.csv", "train"), ("run.json", "evaluate"),
        ("records.csv", "evaluate"), ("timings.csv", "evaluate"), ("samples.png", "evaluate"),
    }  # fmt: skip


def test_final_numbers_have_one_point_a_seed_and_their_mean(tmp_path: Path) -> None:
    final = {p.key: p.value for p in tracked.read(make_job(tmp_path)).points if p.step == 0}
    assert final["test/bits_per_dim/seed0"] == 2.0
    assert final["test/bits_per_dim/seed1"] == 3.0
    assert final["test/bits_per_dim"] == 2.5
    assert final["test/bits_per_dim/code-8/seed0"] == 4.0
    assert final["test/karate"] == 5.0  # no seed moves it: one number
    assert "test/karate/seed-1" not in final
    assert final["test/sampling_seconds"] == 0.375
    assert "test.rotate-3/accuracy/seed0" in final
    assert final["cost/train/wall_seconds"] == 10.0


def test_a_metric_in_two_kinds_stays_two_metrics(tmp_path: Path) -> None:
    folder = make_job(tmp_path)
    rows = [row("nll", 0, 1.0, "vae"), row("nll", 0, 2.0, "vae", kind="upper bound")]
    records.write(folder / "evaluate" / "records.csv", rows)
    final = {p.key: p.value for p in tracked.read(folder).points if p.step == 0}
    assert final["test/nll/density/exact/seed0"] == 1.0
    assert final["test/nll/density/upper_bound/seed0"] == 2.0


def test_parts_are_named_where_there_are_several(tmp_path: Path) -> None:
    one = {p.key for p in tracked.read(make_job(tmp_path / "1")).points}
    two = {p.key for p in tracked.read(make_job(tmp_path / "2", parts=("encoder", "prior"))).points}
    assert "seed0/validation_loss" in one
    assert "seed0/encoder/validation_loss" in two
    assert "seed1/prior/train_loss" in two


def test_different_names_stay_different() -> None:
    names = tracked.metric_names(["a+b", "a.b", "c@1", "µ", "x" * 300])
    assert len(set(names.values())) == len(names)
    assert names["c@1"] == "c-1"
    assert all(len(name) <= 250 for name in names.values())


def test_a_long_parameter_keeps_its_digest(tmp_path: Path) -> None:
    folder = make_job(tmp_path)
    value = read_json(folder / "train" / "run.json")
    value["conf"]["values"]["params"]["layers"] = list(range(5000))
    write_json(folder / "train" / "run.json", value)
    first = tracked.read(folder).params["layers"]
    value["conf"]["values"]["params"]["layers"][-1] = -1
    write_json(folder / "train" / "run.json", value)
    assert len(first) <= 6000
    assert tracked.read(folder).params["layers"] != first


def test_the_key_follows_content_and_not_time(tmp_path: Path) -> None:
    run = tracked.read(make_job(tmp_path / "a"))
    later = tracked.read(make_job(tmp_path / "b", shift=1000.0))
    assert later.key == run.key
    assert later.content() != run.content()
    moved = make_job(tmp_path / "c")
    records.write(moved / "evaluate" / "records.csv", numbers("vae")[:-1])
    assert tracked.read(moved).key != run.key
    other = make_job(tmp_path / "d")
    value = read_json(other / "train" / "run.json")
    write_json(other / "train" / "run.json", value | {"key": "other code"})
    assert tracked.read(other).key != run.key


def test_an_unfinished_job_is_named(tmp_path: Path) -> None:
    folder = make_job(tmp_path)
    (folder / "evaluate" / "run.json").unlink()
    with pytest.raises(UserError, match=r"digits/0-1: expected a finished job, found no evaluate"):
        tracked.read(folder)


# ---------------------------------------------------------------------------------- SQLite store


def test_a_run_arrives_whole_and_a_second_sync_adds_nothing(place: Workplace) -> None:
    job = make_job(place.root)
    receipt = place.track(job)
    assert receipt == {
        "status": "synced",
        "runs": 1,
        "keys": {"generative/vae/digits/0-1": tracked.read(job).key},
    }
    client = place.client()
    (run,) = place.runs()
    assert (run.info.start_time, run.info.end_time) == (1_700_000_000_000, 1_700_000_020_000)
    assert run.info.status == "FINISHED"
    assert run.data.tags[tracking.COMPLETE] == "true"
    assert run.data.params["evaluate.measure.samples"] == "500"
    history = points(client, run)
    # The curve at its original steps and times, none lost between batches.
    assert history["seed1/validation_loss"] == [
        (step, 1_700_000_000_000 + 10 * step, repr(2 / step)) for step in range(1, STEPS + 1)
    ]
    assert {f.path for f in client.list_artifacts(run.info.run_id, "evaluate")} == {
        "evaluate/records.csv", "evaluate/run.json", "evaluate/samples.png", "evaluate/timings.csv"
    }  # fmt: skip
    assert (place.root / "mlflow" / "artifacts").is_dir()
    assert not (place.root / "mlruns").exists()

    before, first = (place.root / "mlflow" / "mlflow.db").read_bytes(), place.receipt.read_bytes()
    place.track(job)
    assert (place.root / "mlflow" / "mlflow.db").read_bytes() == before  # not a row, not a time
    assert place.receipt.read_bytes() == first

    # A new job joins; the old run is left alone.
    place.track(job, make_job(place.root, "gan"))
    assert sorted(run.data.tags["model"] for run in place.runs()) == ["gan", "vae"]
    assert points(client, run) == history


def test_an_interrupted_sync_is_continued(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    job = make_job(place.root)
    real, calls = MlflowClient.log_batch, []

    def killed_at_the_third(self: object, *args: object, **kwargs: object) -> object:
        calls.append(kwargs)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_batch", killed_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            place.track(job)
    assert not place.receipt.exists()
    (half,) = place.runs()
    assert tracking.COMPLETE not in half.data.tags

    place.track(job)
    (whole,) = place.runs()
    assert whole.info.run_id == half.info.run_id
    assert whole.data.tags[tracking.COMPLETE] == "true"
    sent = points(place.client(), whole)
    assert sum(map(len, sent.values())) == len(tracked.read(job).points)


def test_a_job_computed_again_after_an_interruption_is_not_mixed_with_the_old_one(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_artifact", stop)
        with pytest.raises(KeyboardInterrupt):
            place.track(make_job(place.root))
    again = make_job(place.root, shift=1000.0)
    place.track(again)
    (run,) = place.runs()
    sent = points(place.client(), run)
    assert sum(map(len, sent.values())) == len(tracked.read(again).points)
    assert run.info.start_time == 1_700_001_000_000


def test_two_runs_of_one_key_become_one(place: Workplace) -> None:
    job = make_job(place.root)
    place.track(job)
    (run,) = place.runs()
    key = run.data.tags[tracking.KEY]
    place.client().create_run(run.info.experiment_id, tags={tracking.KEY: key})  # a repeated POST
    assert len(place.runs()) == 2
    place.track(job)
    (left,) = place.runs()
    assert left.info.run_id == run.info.run_id


@pytest.mark.parametrize("deleted", [True, False])
def test_another_machine_sends_the_same_run_at_the_same_time(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, deleted: bool
) -> None:
    """It is done first, and may have deleted what looked like an interrupted run."""
    from mlflow import MlflowClient

    job = make_job(place.root)
    real = MlflowClient.set_terminated

    def too_late(self: MlflowClient, identity: str, **words: object) -> None:
        run = self.get_run(identity)
        tags = {tracking.KEY: run.data.tags[tracking.KEY], tracking.COMPLETE: "true"}
        self.create_run(run.info.experiment_id, tags=tags)
        if deleted:
            self.delete_run(identity)
        real(self, identity, **words)

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "set_terminated", too_late)
        assert place.track(job)["status"] == "synced"
    (left,) = place.runs()
    assert left.data.tags[tracking.COMPLETE] == "true"


def test_of_two_machines_that_delete_each_others_run_one_sends_again(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    job = make_job(place.root)
    place.track(job)
    (run,) = place.runs()
    key = {tracking.KEY: run.data.tags[tracking.KEY]}
    place.client().create_run(run.info.experiment_id, tags=key)
    real = MlflowClient.delete_run

    def both(self: MlflowClient, identity: str) -> None:
        real(self, identity)
        real(self, run.info.run_id)

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "delete_run", both)
        assert place.track(job)["status"] == "synced"
    (left,) = place.runs()
    assert left.info.run_id != run.info.run_id
    assert left.data.tags[tracking.COMPLETE] == "true"


def test_a_deleted_experiment_is_a_clear_error(place: Workplace) -> None:
    place.track(make_job(place.root))
    client = place.client()
    client.delete_experiment(client.get_experiment_by_name("triptych").experiment_id)
    with pytest.raises(UserError, match=r"tracking\.experiment: expected an active experiment"):
        place.track(make_job(place.root))


def test_disabled_tracking_touches_nothing(place: Workplace) -> None:
    place.configure(enabled=False)
    assert place.track(make_job(place.root)) == {"status": "disabled"}
    assert not (place.root / "mlflow").exists()


def test_a_file_that_is_no_database_is_pending_at_once(
    place: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    write_text(place.root / "mlflow" / "mlflow.db", "not a database at all, " * 100)
    began = time.monotonic()
    assert place.track(make_job(place.root)) == {"status": "pending"}
    assert time.monotonic() - began < SOON
    assert "not a database" in capsys.readouterr().err


PROCESS = """
import sys
from pathlib import Path
from triptych import tracking
jobs = sorted(Path("results").glob("*/*/*/*"))
tracking.run(Path("conf/tracking.json"), jobs, Path(f"receipt-{sys.argv[1]}.json"))
"""


@pytest.mark.workflow
def test_eight_processes_on_an_empty_store_leave_one_run_a_job(place: Workplace) -> None:
    jobs = [make_job(place.root, model) for model in ("vae", "gan", "ddpm")]
    environment = os.environ | {"PYTHONPATH": str(Path(tracking.__file__).parents[1])}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(number)],
            env=environment, stderr=subprocess.PIPE, text=True,
        )
        for number in range(8)
    ]  # fmt: skip
    for process in processes:
        _, errors = process.communicate(timeout=300)
        assert (process.returncode, errors) == (0, "")
    receipts = {(place.root / f"receipt-{number}.json").read_text() for number in range(8)}
    assert len(receipts) == 1
    assert json.loads(receipts.pop())["status"] == "synced"
    assert sorted(run.data.tags["model"] for run in place.runs()) == ["ddpm", "gan", "vae"]
    client = place.client()
    for run in place.runs():
        (job,) = (job for job in jobs if job.parts[-3] == run.data.tags["model"])
        sent = points(client, run)
        assert sum(map(len, sent.values())) == len(tracked.read(job).points)


# ---------------------------------------------------------------------------------- servers


def test_a_dead_port_costs_seconds_and_one_warning(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://user:secret@127.0.0.1:{port}")
    job = make_job(place.root)
    began = time.monotonic()
    assert place.track(job) == {"status": "pending"}
    assert time.monotonic() - began < SOON
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert f"http://127.0.0.1:{port}" in printed
    assert "refused" in printed
    assert "secret" not in printed

    # Snakemake tries again because the receipt goes; the next sync, to a store that answers,
    # catches up, and its receipt stays.
    assert tracking.drop_pending_receipt(place.receipt)
    assert not place.receipt.exists()
    assert not tracking.drop_pending_receipt(place.receipt)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert place.track(job)["status"] == "synced"
    assert not tracking.drop_pending_receipt(place.receipt)
    assert place.receipt.exists()


@pytest.mark.parametrize("scheme", ["http", "postgresql"])
def test_a_port_nobody_listens_to_is_silent(scheme: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert "refused" in str(stores.silent(f"{scheme}://127.0.0.1:{free.getsockname()[1]}/x"))


def test_a_port_that_never_answers_costs_seconds(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stores, "PROBE_SECONDS", 0.5)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()  # the kernel accepts, nobody reads
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{mute.getsockname()[1]}")
        job = make_job(place.root)
        began = time.monotonic()
        assert place.track(job) == {"status": "pending"}
        assert time.monotonic() - began < SOON
    assert "timed out" in capsys.readouterr().err


@pytest.fixture
def server() -> Iterator[Callable[[int | None], str]]:
    """Starts a server that is healthy but answers every other request so (None: never)."""
    running = []
    over = threading.Event()

    def start(status: int | None) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != "/health" and status is None:
                    over.wait(30)
                self.send_response(200 if self.path == "/health" else status or 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        found.daemon_threads = True
        threading.Thread(target=found.serve_forever, daemon=True).start()
        running.append(found)
        return f"http://127.0.0.1:{found.server_address[1]}"

    yield start
    over.set()
    for found in running:
        found.shutdown()
        found.server_close()


@pytest.mark.parametrize("status", [500, 503, 401, None])
def test_a_server_that_fails_after_the_first_word_is_pending(
    place: Workplace,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    server: Callable[[int | None], str],
    status: int | None,
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server(status))
    job = make_job(place.root)
    began = time.monotonic()
    assert place.track(job) == {"status": "pending"}
    # One second a try, two tries; the rest is the import of mlflow.
    assert time.monotonic() - began < SOON
    assert capsys.readouterr().err.count("\n") == 1


def test_a_gateway_without_its_server_is_silent(server: Callable[[int | None], str]) -> None:
    base = server(503)
    assert stores.silent(base) is None
    assert stores.silent(f"{base}/behind/a/proxy") == "HTTP status 503"
    assert stores.silent(f"{server(401)}/behind/a/password") is None


def test_an_address_of_no_known_kind_is_refused(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "./mlruns")
    with pytest.raises(UserError, match="MLFLOW_TRACKING_URI: expected sqlite"):
        place.track(make_job(place.root))


def test_a_named_sqlite_file_keeps_everything_beside_it(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///elsewhere/runs.db")
    store = stores.locate("mlflow/mlflow.db")
    assert store.uri == f"sqlite:///{place.root}/elsewhere/runs.db"
    assert store.lock == place.root / "elsewhere" / "runs.db.lock"
    assert store.artefacts == (place.root / "elsewhere" / "artifacts").as_uri()


@pytest.mark.workflow
def test_a_real_server_gets_each_run_once(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uri = f"http://127.0.0.1:{port}"
    job = make_job(place.root)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert place.track(job) == {"status": "pending"}  # before it is up
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    environment.pop("MLFLOW_TRACKING_URI")
    command = [
        sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{place.root}/server.db",
        "--artifacts-destination", str(place.root / "served"),
    ]  # fmt: skip
    with (place.root / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        patience = time.monotonic() + 90
        while stores.silent(uri) is not None and time.monotonic() < patience:
            time.sleep(0.5)
        assert place.track(job)["status"] == "synced"
        (run,) = place.runs(uri)
        history = points(place.client(uri), run)
        assert sum(map(len, history.values())) == len(tracked.read(job).points)
        assert len(place.client(uri).list_artifacts(run.info.run_id, "evaluate")) == 4
        place.track(job)
        (again,) = place.runs(uri)
        assert again.info.run_id == run.info.run_id
        assert points(place.client(uri), again) == history
    finally:
        process.terminate()
        process.wait(30)


def test_importing_tracking_imports_neither_mlflow_nor_torch() -> None:
    code = "import sys, triptych.tracking; print('mlflow' in sys.modules, 'torch' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(Path(tracking.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]
