"""The one exception a user is meant to read."""

import difflib
from collections.abc import Iterable

SHOWN = 100  # characters of a value in a message


class UserError(Exception):
    """Something outside the code is wrong: a parameter, a file, an argument, a server.

    The message says what was expected, what was found and what to do. The command line prints it
    without a traceback and exits with status 2.
    """


def nearest(name: str, allowed: Iterable[str]) -> str:
    """A clause that names the valid spelling nearest to ``name`` and then all that are allowed.

    Example:
        >>> nearest("vea", ["vae", "gan"])
        "did you mean 'vae'? Allowed: gan, vae"
    """
    names = sorted(str(a) for a in allowed)
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}Allowed: {', '.join(names) if names else '(nothing)'}"


def shown(value: object) -> str:
    """A value for a message: its start, if it is long."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"
