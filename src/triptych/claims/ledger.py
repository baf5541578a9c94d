"""Every claim of the decks: those that are measured, by file, and those that are not yet."""

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from triptych.claims import files
from triptych.claims.base import Claim, Identity, Statistical
from triptych.errors import UserError
from triptych.registry import PANELS

Kind = Literal["statistical", "identity"]


@dataclass(frozen=True)
class Unmeasured(Claim):
    """A claim of the decks without a measurement in this release, and the kind it will be."""

    kind: Kind


def kind_of(claim: Claim) -> Kind:
    """Whether an effect over seeds or an agreement of two computations decides."""
    if isinstance(claim, Unmeasured):
        return claim.kind
    return "identity" if isinstance(claim, Identity) else "statistical"


@cache
def measured(panel: str) -> tuple[Claim, ...]:
    """The parts of a panel's measured claims, by id; one id may have several parts.

    Raises:
        UserError: A file defines no ``CLAIMS``, or a claim of another id or panel than its own.
    """
    found: list[Claim] = []
    for module in files.modules(panel):
        claims = getattr(importlib.import_module(module), "CLAIMS", None)
        if not isinstance(claims, list) or not claims:
            raise UserError(f"{module}: expected a list CLAIMS of claims, found {claims!r}")
        stem = module.rsplit(".", 1)[1]
        for claim in claims:
            _check_place(claim, panel, stem)
        found += claims
    return tuple(sorted(found, key=lambda claim: claim.id))


def _check_place(claim: Claim, panel: str, stem: str) -> None:
    if not isinstance(claim, Statistical | Identity):
        raise UserError(
            f"claims/{panel}/{stem}.py: expected Statistical or Identity, found {claim!r}"
        )
    if claim.panel != panel or not stem.startswith(f"{claim.id.lower()}_"):
        raise UserError(
            f"claims/{panel}/{stem}.py: claim {claim.id!r} of panel {claim.panel!r} belongs into "
            f"claims/{claim.panel}/{claim.id.lower()}_<name>.py"
        )


@cache
def unmeasured(path: Path = files.UNMEASURED) -> tuple[Unmeasured, ...]:
    """Claims of the decks that this release does not measure, in the order of their ids.

    Raises:
        UserError: An entry lacks a field or has one that is unknown.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    try:
        claims = [Unmeasured(**entry) for entry in entries]
    except TypeError as error:
        raise UserError(
            f"{path.name}: expected id, panel, deck, kind, statement and experiment ({error})"
        ) from None
    return tuple(sorted(claims, key=lambda claim: claim.id))


def every_claim() -> list[Claim]:
    """All claims, measured and not, by id.

    Raises:
        UserError: A claim has a file and is also listed as not measured, or two statements.
    """
    files_ = [claim for panel in PANELS for claim in measured(panel)]
    check_disjoint(files_, unmeasured())
    return sorted([*files_, *unmeasured()], key=lambda claim: claim.id)


def check_disjoint(by_file: Iterable[Claim], listed: Iterable[Claim]) -> None:
    """Raise where a claim is both measured and listed as not measured, or is listed twice.

    Raises:
        UserError: Names the claims and what to delete.
    """
    names = [claim.id for claim in listed]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(
            f"unmeasured.yaml: expected each claim once, found {', '.join(twice)} twice"
        )
    both = sorted({claim.id for claim in by_file} & set(names))
    if both:
        raise UserError(
            f"unmeasured.yaml: {', '.join(both)} have a file under claims/ and are measured; "
            "delete their entries"
        )


def identities(panel: str, wanted: Iterable[str] | None = None) -> list[Identity]:
    """The identities of a panel, those of ``wanted`` ids only where given.

    Raises:
        UserError: An id has no file.
    """
    chosen = set(files.ids(panel) if wanted is None else wanted)
    missing = sorted(chosen - set(files.ids(panel)))
    if missing:
        raise UserError(
            f"{panel}: expected a file claims/{panel}/<id>_<name>.py for each of "
            f"{', '.join(missing)}, found none; take them out of the list or add the files"
        )
    return [c for c in measured(panel) if isinstance(c, Identity) and c.id in chosen]


def statistical() -> list[Statistical]:
    """Every claim that is read off the table of records."""
    return [c for panel in PANELS for c in measured(panel) if isinstance(c, Statistical)]
