"""Damage done to valid inputs, so that what is left reaches the depths of a reader."""

import re
from typing import Any

from hypothesis import strategies as st

ODD_NUMBERS = (
    b"-1", b"0", b"1", b"255", b"65536", b"4294967296", b"9223372036854775807", b"1e999",
    b"18446744073709551616", b"1152921504606846976", b"nan", b"-inf", b"0.5", b"9" * 5000, b"",
)  # fmt: skip
ODD_BYTES = (
    b"\0",
    b"\xff",
    b"\xff" * 8,
    b"\0" * 8,
    b"\x80",
    "\u202e".encode(),
    b"\r\n",
    b'"',
    b",",
)
NUMBER = re.compile(rb"-?\d+")


@st.composite
def damaged(draw: st.DrawFn, valid: bytes, tokens: tuple[bytes, ...] = ()) -> bytes:
    """The content after one to three edits: a bit, a cut, a repeat, an odd number, a token."""
    content = valid
    for _ in range(draw(st.integers(1, 3))):
        content = _edited(draw, content, tokens)
    return content


def _edited(draw: st.DrawFn, content: bytes, tokens: tuple[bytes, ...]) -> bytes:
    at = draw(st.integers(0, len(content)))
    end = min(len(content), at + draw(st.sampled_from([1, 2, 4, 8, 64])))
    kind = draw(st.sampled_from(["flip", "cut", "drop", "repeat", "insert", "number", "big"]))
    if kind == "flip" and at < len(content):
        bit = 1 << draw(st.integers(0, 7))
        return content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :]
    if kind == "cut":
        return content[:at]
    if kind == "drop":
        return content[:at] + content[end:]
    if kind == "repeat":
        return content[:at] + content[at:end] * draw(st.sampled_from([2, 3, 200])) + content[end:]
    if kind == "number" and (found := list(NUMBER.finditer(content))):
        which = found[draw(st.integers(0, len(found) - 1))]
        odd = draw(st.sampled_from(ODD_NUMBERS))
        return content[: which.start()] + odd + content[which.end() :]
    if kind == "big":  # a length of 2^56 or more, wherever the format has one
        return (
            content[:at] + draw(st.sampled_from([b"\x7f" + b"\xff" * 7, b"\1" * 8])) + content[end:]
        )
    return content[:at] + draw(st.sampled_from((*ODD_BYTES, *tokens))) + content[at:]


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["digits", "vae", "../x", "-x", "{x}", "a b", "VAE", "\0", "é", 10**400]),
)  # fmt: skip
TREES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def changed(draw: st.DrawFn, tree: Any) -> Any:
    """A tree of mappings and lists with one to three of its branches replaced, added or removed."""
    for _ in range(draw(st.integers(1, 3))):
        tree = _changed(draw, tree)
    return tree


def _changed(draw: st.DrawFn, tree: Any) -> Any:
    deeper = isinstance(tree, dict | list) and len(tree) > 0 and draw(st.integers(0, 7)) > 0
    if not deeper:
        return draw(TREES)
    if isinstance(tree, list):
        at = draw(st.integers(0, len(tree) - 1))
        return [*tree[:at], _changed(draw, tree[at]), *tree[at + 1 :]]
    key = draw(st.sampled_from(list(tree)))
    action = draw(st.sampled_from(["change", "change", "change", "drop", "add", "rename"]))
    if action == "change":
        return tree | {key: _changed(draw, tree[key])}
    if action == "add":
        return tree | {draw(st.text(max_size=8) | st.integers()): draw(TREES)}
    rest = {name: value for name, value in tree.items() if name != key}
    return rest if action == "drop" else rest | {draw(SCALARS.filter(hashable)): tree[key]}


def hashable(value: Any) -> bool:
    """Whether a value can be a key."""
    return value is None or isinstance(value, str | int | float | bool)
