"""The verb ``shift``: shifted copies of a test part, checked and stored once for all models."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from triptych import jobs
from triptych.data import corruptions, prepare, shifts
from triptych.data.cifar_c import of_test_images
from triptych.data.corruptions.base import ConstantSet
from triptych.data.levels import inputs
from triptych.data.parts import SETS, Part, read_part
from triptych.data.prepared import Prepared
from triptych.errors import UserError
from triptych.files import Array, open_arrays, read_json, sha256_file, write_arrays, write_json
from triptych.records import named
from triptych.uncertainty.params import ShiftParams

PREPARED = Path("data/prepared")


def modules(kinds: Iterable[str], sets: Iterable[str] = ()) -> list[str]:
    """Entry modules of the verb: this one and the files of what is made."""
    return ["triptych.uncertainty.shift", *corruptions.modules(kinds), *shifts.modules(sets)]


def run(conf: Path, test: Path, out: Path, prepared: Path = PREPARED) -> None:
    """Shift a test part.

    Writes ``<kind>.safetensors`` for every corruption (key "<severity>"), ``sets.safetensors`` for
    all other sets (keys "<split>" and "<split>#<array>", ``y`` being the labels where there are
    any) and ``manifest.json``. A kind that needs colour has an empty file for grey images and no
    place in the manifest. The images are stretched to 0..255 first. The draws are keyed by the
    split's seed too, so that an image that two seeds both test is corrupted anew for each.

    Args:
        conf: ``conf/shift/<dataset>.json``: the values of ``uncertainty.shift`` for this data set,
            and the ``companions`` it needs.
        test: ``data/splits/<dataset>/<seed>/test.safetensors``.
        out: ``data/shifted/<dataset>/<seed>``.
        prepared: Where the prepared arrays of other data sets lie.

    Raises:
        UserError: A kind does not move the images further with severity; nothing of it is written.
    """
    values = dict(read_json(conf))
    others = _Others(prepared, tuple(values.pop("companions", ())))
    params = ShiftParams(**values)
    entry = modules(params.kinds, params.sets)
    inputs_read = [test, *others.manifests()]
    with jobs.running("shift", conf, inputs_read, out, entry, computes=False) as job:
        part = read_part(test)
        clean = inputs(part)
        facts: dict[str, Any] = {}
        ready = part.meta["dataset"] in params.published
        for kind in params.kinds:
            if corruptions.find(kind).colour and clean.shape[3] == 1:
                write_arrays(out / f"{kind}.safetensors", {})  # a rule's outputs are fixed
                continue
            if ready:
                made = others.published(part, kind, params.severities)
            else:
                pictures = others.of(kind)
                made = make(part, clean, kind, params.severities, params.constants, pictures)
            facts[kind] = _gated(clean, kind, params.constants, made, ready)
            path = out / f"{kind}.safetensors"
            write_arrays(path, {str(severity): x for severity, x in made.items()})
            facts[kind]["sha256"] = sha256_file(path)
        sets, arrays = make_sets(shifts.Source(part, clean, others.read), params.sets)
        write_arrays(out / SETS, arrays)
        manifest = {
            "dataset": part.meta["dataset"],
            "seed": part.meta["seed"],
            "constants": params.constants,
            "severities": params.severities,
            "n": len(clean),
            "kinds": facts,
            "sets": sets,
            "sets_sha256": sha256_file(out / SETS),
        }
        # The rules follow this file alone: it holds the digests of all others.
        write_json(out / "manifest.json", manifest)
        job.facts["gate"] = "passed"


def make(
    part: Part,
    clean: Array,
    kind: str,
    severities: list[int],
    constants: ConstantSet,
    pictures: Mapping[str, Array] | None = None,
) -> dict[int, Array]:
    """One kind at every severity."""
    ids = part.arrays["index"].astype(np.int64)
    dataset, seed = part.meta["dataset"], part.meta["seed"]
    return {
        severity: corruptions.corrupt(
            clean, kind, severity, ids, dataset, seed, constants, pictures
        )
        for severity in severities
    }


def make_sets(
    source: shifts.Source, names: Iterable[str]
) -> tuple[dict[str, Any], dict[str, Array]]:
    """All other sets: what the manifest says of each, and the arrays of all.

    Raises:
        ValueError: A set has inputs of another type or shape, values that are no number, labels
            where its kind has none, or arrays of another length.
    """
    described: dict[str, Any] = {}
    arrays: dict[str, Array] = {}
    for name in names:
        shift = shifts.find(name)
        splits: dict[str, Any] = {}
        for variant, made in shift.make(source).items():
            split = named(name, variant)
            _check(split, made, source.x, shift.kind in shifts.LABELLED)
            parts = dict(made.attributes) | ({} if made.y is None else {"y": made.y})
            arrays |= {split: made.x} | {f"{split}#{key}": array for key, array in parts.items()}
            splits[split] = {
                "n": len(made.x), "arrays": sorted(parts), "facts": dict(made.facts),
            }  # fmt: skip
        described[name] = {"shift": shift.kind, "splits": splits}
    return described, arrays


def _check(split: str, made: shifts.Made, clean: Array, labelled: bool) -> None:
    if made.x.dtype != clean.dtype or made.x.shape[1:] != clean.shape[1:] or not len(made.x):
        raise ValueError(
            f"{split}: expected {clean.dtype} [n, {', '.join(map(str, clean.shape[1:]))}], found "
            f"{made.x.dtype} {list(made.x.shape)}"
        )
    if not np.isfinite(made.x).all():
        raise ValueError(f"{split}: expected finite values, found some that are not")
    if labelled != (made.y is not None):
        raise ValueError(f"{split}: expected {'labels' if labelled else 'no labels'}")
    for key, array in {"y": made.y, **made.attributes}.items():
        if array is not None and len(array) != len(made.x):
            raise ValueError(f"{split}#{key}: expected {len(made.x)} rows, found {len(array)}")


def _gated(
    clean: Array, kind: str, constants: ConstantSet, made: dict[int, Array], ready: bool
) -> dict[str, Any]:
    """The distances of one kind; published images are taken as they are, ours must pass."""
    scales = corruptions.find(kind).severity_scales(constants)
    result = corruptions.gate(clean, made, scales)
    if result.problems and not ready:
        raise UserError(
            f"corruption {kind}: {'; '.join(result.problems)}. On these images its severities are "
            "no scale: leave it out of uncertainty.shift.kinds or choose other "
            "uncertainty.shift.constants"
        )
    return {
        "gate": "; ".join(["as published", *result.problems]) if ready else "passed",
        "rmse": {str(severity): value for severity, value in result.rmse.items()},
        "mean_shift": {str(severity): value for severity, value in result.mean_shift.items()},
    }


@dataclass(frozen=True)
class _Others:
    """Prepared arrays of other data sets: those that the job's inputs name, and no others."""

    root: Path
    names: tuple[str, ...]

    def manifests(self) -> list[Path]:
        return [self.root / name / prepare.MANIFEST for name in self.names]

    def read(self, name: str) -> Prepared:
        if name not in self.names:
            raise ValueError(f"{name}: expected one of the companions {list(self.names)}")
        return prepare.load(self.root / name)

    def published(self, part: Part, kind: str, severities: list[int]) -> dict[int, Array]:
        """The published images of a test part, read one corruption at a time."""
        folder = self.root / corruptions.PUBLISHED[part.meta["dataset"]]
        with open_arrays(folder / prepare.ARRAYS) as handle:
            found = set(handle.keys())
            if kind not in found:
                raise UserError(
                    f"corruption {kind}: expected it among the published ones, found none; leave "
                    "it out of uncertainty.shift.kinds or its data set out of "
                    "uncertainty.shift.published"
                )
            x, y = handle.get_tensor(kind), handle.get_tensor("y")
        rows = part.arrays["index"] - (part.meta["n"] - len(y))  # the test part comes last
        images = of_test_images(x, y, rows, part.arrays["y"])
        return {severity: images[severity] for severity in severities}

    def of(self, kind: str) -> Mapping[str, Array] | None:
        companion = corruptions.find(kind).companion
        return self.read(companion).arrays if companion else None
