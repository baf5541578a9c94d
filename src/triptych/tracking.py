"""The verb ``track``: results on disk -> MLflow, one run a job, as often as one likes.

Jobs never talk to a tracking server: they write files, and this verb sends them afterwards with
their original times. A run is found again by the tag ``triptych.key`` and counts as sent once
``triptych.complete`` is set, which happens last; so a second sync adds nothing, and one that was
cut short is continued. A store that cannot be reached costs seconds and a warning, never a result.

This is the only module that imports mlflow, and only where a store is opened.
"""

import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock
from tqdm import tqdm

from triptych.errors import UserError
from triptych.files import canonical_json, read_object, write_json
from triptych.stores import Store, first_line, locate, silent, without_password
from triptych.tracked import Point, TrackedRun, read

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

KEY = "triptych.key"
CONTENT = "triptych.content"
COMPLETE = "triptych.complete"

PENDING = {"status": "pending"}

METRICS_PER_CALL = 1000
PARAMS_PER_CALL = 100
ATTEMPTS = 5  # the first sends, the second looks whether another machine did, too
# Read by mlflow at each request; its own defaults let a dead server stall a call for minutes.
# A user's own setting wins.
PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
}
NO_TELEMETRY = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
QUIET = {"MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}

T = TypeVar("T")


class Unreachable(Exception):
    """The store does not answer, or stopped answering; a later sync catches up."""


def run(conf: Path, jobs: Sequence[Path] | None, receipt: Path) -> None:
    """Send the results of ``jobs`` to the tracking store.

    Args:
        conf: ``conf/tracking.json``: the values of :class:`triptych.params.TrackingParams`, and the
            names of all ``jobs``, which would not fit into a command line.
        jobs: Result folders ``results/<panel>/<model>/<dataset>/<seeds>``; None: those named there.
        receipt: JSON to write. Its ``status`` is synced (then ``runs`` counts the jobs and ``keys``
            maps each to its content key), pending (the store did not answer: the same command sends
            everything later) or disabled. It holds no times and no addresses, so that equal results
            give equal bytes.

    Raises:
        UserError: A job is not finished, or the address of the store is of no known kind.
    """
    from triptych.params import TrackingParams

    values = read_object(conf)
    named = [Path("results", name) for name in values.pop("jobs", [])]
    settings = TrackingParams(**values)
    if not settings.enabled:
        write_json(receipt, {"status": "disabled"})
        return
    runs = [read(folder) for folder in jobs or named]
    store = locate(settings.store)
    try:
        sync(store, settings.experiment, runs)
    except Unreachable as reason:
        warning = (
            f"triptych track: warning: could not use the tracking store {store.uri} ({reason}). "
            "No result is lost: all stay in their files, and the next `triptych track` sends what "
            "is missing."
        )
        print(without_password(warning, store.uri), file=sys.stderr)
        write_json(receipt, PENDING)
        return
    keys = {run.name: run.key for run in runs}
    write_json(receipt, {"status": "synced", "runs": len(keys), "keys": keys})


def drop_pending_receipt(receipt: Path | str) -> bool:
    """Remove a receipt that says pending, so that Snakemake runs ``track`` again.

    Returns:
        Whether there was one.
    """
    path = Path(receipt)
    if not path.exists() or path.read_bytes() != canonical_json(PENDING).encode():
        return False
    path.unlink(missing_ok=True)  # another parse of the Snakefile may have been faster
    return True


def sync(store: Store, experiment: str, runs: Iterable[TrackedRun]) -> None:
    """Make the store hold every run once, complete.

    Raises:
        Unreachable: The store does not answer, or stopped answering on the way.
    """
    os.environ.update(NO_TELEMETRY | QUIET)
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    if (reason := silent(store.uri)) is not None:
        raise Unreachable(reason)

    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    for logger, level in (("mlflow", logging.WARNING), ("urllib3", logging.ERROR)):
        logging.getLogger(logger).setLevel(level)
    try:
        store.lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(store.lock):
            client = MlflowClient(tracking_uri=store.uri)
            identity = _experiment(client, experiment, store.artefacts)
            for item in tqdm(
                list(runs), desc="track", disable=not sys.stderr.isatty(), leave=False
            ):
                _send(client, identity, item)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        if getattr(error, "error_code", None) == "INVALID_PARAMETER_VALUE":
            raise  # what we sent is wrong: no later sync would mend that
        raise Unreachable(first_line(error)) from error


def _experiment(client: "MlflowClient", name: str, artefacts: str | None) -> str:
    """Id of the experiment, which exists afterwards.

    Runs are created with the id: by name, a fresh server asked by several clients at once files
    some of them under "Default".
    """
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=artefacts))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(name)  # another machine was faster
    if found is None or found.lifecycle_stage != "active":
        raise UserError(
            f"tracking.experiment: expected an active experiment, found {name!r} deleted; "
            "restore it in the store or choose another name"
        )
    return str(found.experiment_id)


def _send(client: "MlflowClient", experiment: str, item: TrackedRun) -> None:
    """Leave exactly one complete run for ``item``; do nothing where there is one.

    Another machine may send the same run at the same time: whoever finds several complete ones
    deletes all but one, then makes sure that nobody deleted that one meanwhile.
    """
    from mlflow.exceptions import MlflowException

    for _ in range(ATTEMPTS):
        identity = _claim(client, experiment, item)
        if identity is None:
            return
        try:
            _fill(client, identity, item)
        except MlflowException:
            if client.get_run(identity).info.lifecycle_stage == "active":
                raise
    raise Unreachable(f"others send {item.name} at the same time")


def _fill(client: "MlflowClient", identity: str, item: TrackedRun) -> None:
    """Send everything; what is there already is sent again and changes nothing."""
    from mlflow.entities import Param

    for params in _chunks((Param(k, v) for k, v in item.params.items()), PARAMS_PER_CALL):
        client.log_batch(identity, params=params)
    for metrics in _chunks(map(_metric, item.points), METRICS_PER_CALL):
        client.log_batch(identity, metrics=metrics)
    for path, folder in item.artefacts:
        client.log_artifact(identity, str(path), folder)
    client.set_terminated(identity, status="FINISHED", end_time=item.ended)
    client.set_tag(identity, COMPLETE, "true")


def _claim(client: "MlflowClient", experiment: str, item: TrackedRun) -> str | None:
    """Id of the run to fill: a new one, or the one that an interrupted sync left; None if done.

    Several runs of one key come from a request that was sent twice, from two machines at once, or
    from a job that was computed again after half of it was sent.
    """
    content = item.content()
    found = sorted(
        client.search_runs([experiment], f"tags.`{KEY}` = '{item.key}'"),
        key=lambda run: _preference(run, content),
    )
    if found and COMPLETE in found[0].data.tags:
        kept = found[0].info.run_id
        for run in found[1:]:
            client.delete_run(run.info.run_id)
        alone = len(found) == 1 or client.get_run(kept).info.lifecycle_stage == "active"
        return None if alone else _create(client, experiment, item, content)
    if found and found[0].data.tags.get(CONTENT) == content:
        return str(found[0].info.run_id)
    return _create(client, experiment, item, content)


def _create(client: "MlflowClient", experiment: str, item: TrackedRun, content: str) -> str:
    tags = {**item.tags, KEY: item.key, CONTENT: content}
    run = client.create_run(
        experiment, start_time=item.started, tags=tags, run_name=item.tags["mlflow.runName"]
    )
    return str(run.info.run_id)


def _preference(run: "Run", content: str) -> tuple[bool, bool, str]:
    tags = run.data.tags
    return COMPLETE not in tags, tags.get(CONTENT) != content, run.info.run_id


def _metric(point: Point) -> Any:
    from mlflow.entities import Metric

    return Metric(point.key, point.value, point.time, point.step)


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
