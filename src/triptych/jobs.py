"""A job: reads files, computes, writes files, and says in ``run.json`` what made them."""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triptych import closure, runtime
from triptych.errors import UserError
from triptych.files import (
    read_object,
    remove_leftovers,
    sha256_file,
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
        facts: Whatever the verb adds to ``run.json`` (status per seed, seconds per phase).
    """

    conf: Mapping[str, Any]
    out: Path
    device: Any  # torch.device; untyped here so that jobs without torch need not import it
    key: str
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

    Args:
        verb: Name of the step.
        conf: The job's parameter file.
        inputs: Every other file the job reads; their digests are embedded.
        out: Folder for results.
        modules: Entry modules of the code; the files they import are embedded as a digest.
        computes: Whether the job needs torch; jobs that move files start faster without it.
    """
    values = read_object(conf)
    device = runtime.prepare(values.get("device", "cpu")) if computes else None
    watch = runtime.Stopwatch()
    digests = {str(path): sha256_file(path) for path in sorted(set(map(Path, inputs)))}
    code = closure.closure(*modules)
    code_digest = closure.digest(code)
    conf_digest = sha256_json(values)
    key = sha256_json([verb, conf_digest, sorted(digests.items()), code_digest])
    job = Job(values, Path(out), device, key)
    yield job
    remove_leftovers(job.out)
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
