"""Parameter files that were looked through before, by their content.

Each start of Snakemake looks through the parameter files, on a cluster twice a job, and the reader
that is as exact as Snakemake's is slow. What a content was found to be does not change.
"""

from contextlib import suppress
from pathlib import Path

import yaml

from triptych import plain_yaml
from triptych.errors import UserError
from triptych.files import read_json, sha256_bytes, sha256_file, sha256_json, write_json

MEMORY = Path(".triptych", "checked.json")
MANY = 100  # contents remembered


def check(path: Path | str) -> None:
    """As :func:`triptych.plain_yaml.check_parameters`, but each content once.

    Only what passed is remembered, and only as long as the same code would look through it.

    Raises:
        UserError: The file is none that Snakemake should read.
    """
    try:
        key = sha256_bytes(Path(path).read_bytes())
    except OSError:
        key = ""  # the check says it
    by = sha256_json([sha256_file(plain_yaml.__file__), yaml.__version__])
    known = _remembered(by)
    if key in known:
        return
    plain_yaml.check_parameters(path)
    with suppress(OSError):  # where it cannot be written, the next start looks again
        write_json(MEMORY, {"by": by, "known": [*known[1 - MANY :], key]})


def _remembered(by: str) -> list[str]:
    try:
        memory = read_json(MEMORY)
        same = memory["by"] == by and all(isinstance(key, str) for key in memory["known"])
        return list(memory["known"]) if same else []
    except (UserError, OSError, KeyError, TypeError):
        return []
