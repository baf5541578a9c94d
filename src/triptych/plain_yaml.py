"""YAML read within bounds, and refused where it means more or less than it says.

A few lines of YAML can stand for 10⁹ values (aliases of aliases), name Python objects (tags), or
silently drop a value (a key given twice). The text is looked through as a stream of events, which
costs no more than its length, before anything is built from it.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from triptych.errors import UserError, shown

FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
EXACT = yaml.SafeLoader  # as Snakemake reads; the fast one takes tabs where this one does not
BYTES, VALUES, DEPTH = 1_000_000, 100_000, 32
INTEGER = 2**63  # what every reader of JSON can hold
# What Snakemake takes for itself: a template, whose keys and values it runs as Python, and paths.
SPECIAL = ("__use_yte__", "pathvars")


def check_parameters(path: Path | str) -> None:
    """Check a parameter file before Snakemake reads it.

    Raises:
        UserError: It is missing, is no mapping, or :func:`read` refuses it.
    """
    tree = read(path)
    if not isinstance(tree, dict):
        found = "nothing" if tree is None else f"a {type(tree).__name__}"
        raise UserError(
            f"{path}: expected sections of parameters by name, found {found}; "
            "see the comments in params.yaml"
        )
    for name in SPECIAL:
        if name in tree:
            raise UserError(f"{path}: expected parameters, found {name!r}; take it away")


def read(path: Path | str) -> Any:
    """The content of a YAML file, read as Snakemake does.

    Raises:
        UserError: There is none, it is not UTF-8, or :func:`parse` refuses it.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            text = stream.read(BYTES + 1).decode()
    except OSError as error:
        raise UserError(f"{path}: expected a YAML file, found none ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: expected UTF-8 text, found other bytes ({error.reason} at byte "
            f"{error.start}); save it as UTF-8"
        ) from None
    return parse(text, str(path), EXACT)


def parse(text: str, source: str, loader: Any = FAST) -> Any:
    """The value of YAML text: mappings with names as keys, lists, text, numbers, booleans, null.

    Args:
        text: YAML; anchors, aliases and merge keys are allowed.
        source: Named in errors.
        loader: Of PyYAML.

    Raises:
        UserError: It is not YAML, holds a tag, a key twice, a key that is no text, a date or a
            number that is none, or stands for more than ``VALUES`` values.

    Example:
        >>> parse("{a: &x [1, 2], b: *x}", "example")
        {'a': [1, 2], 'b': [1, 2]}
    """
    if len(text) > BYTES:
        raise UserError(f"{source}: expected at most {BYTES} bytes, found more; shorten it")
    try:
        _scan(text, source, loader)
        value = yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        raise UserError(_not_yaml(error, text, source)) from None
    except (ValueError, OverflowError) as error:  # a date of month 13, a number of 5000 digits
        raise UserError(
            f"{source}: expected values of YAML, found one that is none ({error}); correct it, or "
            "put quotes around it"
        ) from None
    check_values(value, source)
    return value


def check_values(value: Any, source: str) -> None:
    """Check that a tree is nothing but mappings by name, lists, text, finite numbers, booleans.

    Raises:
        UserError: Something else is in it; the message names its path.
    """
    for path, found in _problems(value, "", DEPTH):
        where = f"{source}: {path}" if path else source
        raise UserError(
            f"{where}: expected text, a finite number, true, false or null, found {found}"
        )


def _problems(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth == 0:
        yield path, f"more than {DEPTH} levels"
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                yield path, f"the key {shown(key)}: put quotes around it"
            elif not _text(key):
                yield path, f"the key {key!a}"
            else:
                yield from _problems(inner, f"{path}.{key}" if path else key, depth - 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _problems(inner, f"{path}[{index}]", depth - 1)
    elif not (
        value is None
        or isinstance(value, bool)
        or (isinstance(value, str) and _text(value))
        or (isinstance(value, int) and abs(value) < INTEGER)
        or (isinstance(value, float) and math.isfinite(value))
    ):
        yield path, _kind(value)


def _text(value: str) -> bool:
    """Whether every program can be handed this text: no NUL, no half of a surrogate pair."""
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return f"{shown(value)}, which is no Unicode text"
    if isinstance(value, int):
        return f"an integer of {value.bit_length()} bits"
    return f"the {type(value).__name__} {shown(value)}"


@dataclass
class _Node:
    """A mapping or list that the events have opened and not closed."""

    anchor: str | None
    mapping: bool
    size: int = 1
    entries: int = 0
    keys: set[str] = field(default_factory=set)

    @property
    def at_key(self) -> bool:
        return self.mapping and self.entries % 2 == 0


def _scan(text: str, source: str, loader: Any) -> None:
    """Look through the events of a document without building it."""
    sizes: dict[str | None, int] = {}
    opened: list[_Node] = []

    def refuse(event: Any, problem: str) -> UserError:
        return UserError(f"{source}, line {event.start_mark.line + 1}: expected {problem}")

    def add(event: yaml.Event, size: int) -> None:
        if not opened:
            return
        opened[-1].size += size
        opened[-1].entries += 1
        if opened[-1].size > VALUES:
            raise refuse(event, f"at most {VALUES} values, found aliases that stand for more")

    event: Any
    for event in yaml.parse(text, Loader=loader):
        if getattr(event, "tag", None) is not None:
            raise refuse(event, f"plain values, found the tag {event.tag}; take it away")
        if opened and opened[-1].at_key and isinstance(event, yaml.NodeEvent):
            _check_key(event, opened[-1].keys, refuse)
        if isinstance(event, yaml.ScalarEvent):
            if event.anchor:
                sizes[event.anchor] = 1
            add(event, 1)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes and any(n.anchor == event.anchor for n in opened):
                raise refuse(event, f"a value, found *{event.anchor} inside of &{event.anchor}")
            add(event, sizes.get(event.anchor, 1))
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(opened) >= DEPTH:
                raise refuse(event, f"at most {DEPTH} levels, found more")
            opened.append(_Node(event.anchor, isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, yaml.CollectionEndEvent):
            node = opened.pop()
            if node.anchor:
                sizes[node.anchor] = node.size
            add(event, node.size)


def _check_key(event: Any, keys: set[str], refuse: Any) -> None:
    if not isinstance(event, yaml.ScalarEvent):
        raise refuse(event, "a name as a key, found a list, a mapping or an alias")
    if event.value in keys:
        raise refuse(event, f"each key once, found {event.value!r} again; take one away")
    keys.add(event.value)


def _not_yaml(error: yaml.YAMLError, text: str, source: str) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    if mark is None:
        return f"{source}: expected YAML, found something else ({problem}); correct it"
    lines = text.splitlines()
    tab = mark.line < len(lines) and "\t" in lines[mark.line]
    remedy = "indent with spaces, not tabs" if tab else "correct it"
    where = f"{source}, line {mark.line + 1}"
    return f"{where}: expected YAML, found something else ({problem}); {remedy}"
