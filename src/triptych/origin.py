"""Whether finished work was made from what is here now; for rules, which import nothing heavy."""

from collections.abc import Sequence
from pathlib import Path

from triptych import closure
from triptych.errors import UserError
from triptych.files import read_json, sha256_file


def unchanged(run: Path, conf: Path, code: Sequence[str], inputs: Sequence[Path]) -> bool:
    """Whether a ``run.json`` names these parameters, this code and these inputs.

    Args:
        run: The record of a job; one that is absent or damaged names nothing.
        conf: Its parameter file.
        code: Its source files.
        inputs: Some of its other inputs.
    """
    try:
        made = read_json(run)
        digests = {str(path): sha256_file(path) for path in inputs if path.is_file()}
        return bool(
            made["conf"]["values"] == read_json(conf)
            and made["code"]["sha256"] == closure.digest(code)
            and len(digests) == len(inputs)
            and digests.items() <= made["inputs"].items()
        )
    except (UserError, OSError, KeyError, TypeError, AttributeError):
        return False
