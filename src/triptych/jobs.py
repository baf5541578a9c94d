"""A job: reads files, computes, writes files, and says in ``run.json`` what made them."""

import csv
import io
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triptych import closure, runtime
from triptych.beginning import Beginning
from triptych.errors import UserError
from triptych.files import (
    read_object,
    remove_leftovers,
    sha256_json,
    write_json,
    write_text,
)

if TYPE_CHECKING:
    from triptych.checkpoint import Checkpoint
    from triptych.resume import CurvePoint

CHECKPOINTS = Path("checkpoints")
CURVE_COLUMNS = ("seed", "part", "step", "split", "metric", "value", "time")


@dataclass
class Job:
    """What a running verb knows about itself.

    Attributes:
        conf: The job's parameter file, parsed.
        out: Folder of its results.
        device: Where it computes.
        key: Digest of parameters, inputs and code: equal keys mean equal results on one platform.
        beginning: What all of that was when the job began.
        facts: Whatever the verb adds to ``run.json`` (status per seed, seconds per phase).
    """

    conf: Mapping[str, Any]
    out: Path
    device: Any  # torch.device; untyped here so that jobs without torch need not import it
    key: str
    beginning: Beginning
    facts: dict[str, Any] = field(default_factory=dict)

    def checkpoint(self, name: str) -> "Checkpoint":
        """Where a fit of this job keeps its state in case the process is killed."""
        from triptych.checkpoint import Checkpoint

        path = CHECKPOINTS / f"{sha256_json([str(self.out), name])[:24]}.safetensors"
        return Checkpoint(path, self.key, _checkpoint_seconds())


def _checkpoint_seconds() -> float:
    text = os.environ.get("TRIPTYCH_CHECKPOINT_SECONDS", "60")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise UserError(
            f"TRIPTYCH_CHECKPOINT_SECONDS: expected seconds between checkpoints, 0 or more, found "
            f"{text!r}; unset it for 60"
        )
    return seconds


@contextmanager
def running(
    verb: str,
    conf: Path,
    inputs: Iterable[Path],
    out: Path,
    modules: Sequence[str],
    *,
    computes: bool = True,
) -> Iterator[Job]:
    """Prepare the process, run the block, and write ``out/run.json`` if it succeeds.

    Parameters, inputs or code that change while the job runs make its results those of neither the
    old nor the new ones: it then fails, and no ``run.json`` stays. A verb that computes for long
    asks :meth:`Beginning.check` before it writes, so that what a younger job of the same name wrote
    stays whole.

    Args:
        verb: Name of the step.
        conf: The job's parameter file.
        inputs: Every other file the job reads; their digests are embedded.
        out: Folder for results.
        modules: Entry modules of the code; the files they import are embedded as a digest.
        computes: Whether the job needs torch; jobs that move files start faster without it.
    """
    started = time.time()
    values = read_object(conf)
    device = runtime.prepare(values.get("device", "cpu")) if computes else None
    watch = runtime.Stopwatch()
    code = closure.closure(*modules)
    beginning = Beginning(conf, values, inputs, code)
    digests, conf_digest, code_digest = beginning.inputs, beginning.conf, beginning.code
    key = sha256_json([verb, conf_digest, sorted(digests.items()), code_digest])
    job = Job(values, Path(out), device, key, beginning)
    yield job
    try:
        beginning.check()
    except UserError:
        (job.out / "run.json").unlink(missing_ok=True)  # what lies beside it is no result now
        raise
    remove_leftovers(job.out, before=started)
    write_json(
        job.out / "run.json",
        {
            "verb": verb,
            "key": key,
            "conf": {"path": str(conf), "sha256": conf_digest, "values": values},
            "inputs": digests,
            "code": {"sha256": code_digest, "modules": list(modules), "files": code},
            "git": runtime.git_state(),
            "versions": runtime.versions(),
            "hardware": runtime.hardware(device),
            "time": watch.read(),
            "facts": job.facts,
        },
    )


def write_curves(path: Path, rows: Iterable[tuple[int, str, "CurvePoint"]]) -> None:
    """Write training curves: (seed, part, point) per line; ``time`` is the original one."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CURVE_COLUMNS)
    for seed, part, point in rows:
        writer.writerow(
            [seed, part, point.step, point.split, point.metric, repr(point.value), point.time]
        )
    write_text(path, stream.getvalue())
