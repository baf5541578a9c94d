"""The verb ``shift``: corrupted copies of a test part, gated and stored once for all models."""

from pathlib import Path
from typing import Any

import numpy as np

from triptych import jobs
from triptych.data import corruptions
from triptych.data.corruptions.base import ConstantSet
from triptych.data.parts import Part, read_part
from triptych.errors import UserError
from triptych.files import Array, read_json, sha256_file, write_arrays, write_json
from triptych.uncertainty.images import to_bytes
from triptych.uncertainty.params import ShiftParams


def modules(kinds: list[str]) -> list[str]:
    """Entry modules of the verb: this one and the files of the kinds that are made."""
    return ["triptych.uncertainty.shift", *corruptions.modules(kinds)]


def run(conf: Path, test: Path, out: Path) -> None:
    """Corrupt a test part; write ``<kind>.safetensors`` (key "<severity>") and ``manifest.json``.

    The images are stretched to 0..255 first. The draws are keyed by the split's seed too, so that
    an image that two seeds both test is corrupted anew for each.

    Args:
        conf: ``conf/shift/<dataset>.json``: the values of ``uncertainty.shift``.
        test: ``data/splits/<dataset>/<seed>/test.safetensors``.
        out: ``data/shifted/<dataset>/<seed>``.

    Raises:
        UserError: A kind does not move the images further with severity; nothing of it is written.
    """
    params = ShiftParams(**read_json(conf))
    with jobs.running("shift", conf, [test], out, modules(params.kinds)) as job:
        part = read_part(test)
        clean = to_bytes(part.arrays["x"], part.meta)
        facts: dict[str, Any] = {}
        for kind in params.kinds:
            made = make(part, clean, kind, params.severities, params.constants)
            facts[kind] = _gated(clean, kind, made)
            path = out / f"{kind}.safetensors"
            write_arrays(path, {str(severity): x for severity, x in made.items()})
            facts[kind]["sha256"] = sha256_file(path)
        manifest = {
            "dataset": part.meta["dataset"],
            "seed": part.meta["seed"],
            "constants": params.constants,
            "severities": params.severities,
            "n": len(clean),
            "kinds": facts,
        }
        write_json(out / "manifest.json", manifest)
        job.facts["gate"] = "passed"


def make(
    part: Part, clean: Array, kind: str, severities: list[int], constants: ConstantSet
) -> dict[int, Array]:
    """One kind at every severity."""
    ids = part.arrays["index"].astype(np.int64)
    dataset, seed = part.meta["dataset"], part.meta["seed"]
    return {
        severity: corruptions.corrupt(clean, kind, severity, ids, dataset, seed, constants)
        for severity in severities
    }


def _gated(clean: Array, kind: str, made: dict[int, Array]) -> dict[str, Any]:
    result = corruptions.gate(clean, made)
    if result.problems:
        raise UserError(
            f"corruption {kind}: {'; '.join(result.problems)}. On these images its severities are "
            "no scale: leave it out of uncertainty.shift.kinds or choose other "
            "uncertainty.shift.constants"
        )
    return {
        "gate": "passed",
        "rmse": {str(severity): value for severity, value in result.rmse.items()},
        "mean_shift": {str(severity): value for severity, value in result.mean_shift.items()},
    }
