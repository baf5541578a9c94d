"""What a job was told when it began, and whether that still holds.

Parameters and source files may change under a running job, and every reading of the rules rewrites
``conf/``. Its results would then be newer than files that they do not follow from, and the engines,
which look at times and at what is there when a job ends, would take them for current ones.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from triptych import closure
from triptych.errors import UserError
from triptych.files import read_object, sha256_file, sha256_json

Stamp = tuple[int, int] | None  # size and time of the last change, ns; None: there is no file


class Beginning:
    """Digests at the start of a job.

    Attributes:
        conf: Of the parameters.
        inputs: Of each other file that the job reads.
        code: Of the source files.
    """

    def __init__(
        self, conf: Path, values: Mapping[str, Any], inputs: Iterable[Path], code: list[str]
    ) -> None:
        """Digest everything.

        Args:
            conf: The job's parameter file.
            values: What it held.
            inputs: Every other file that the job reads.
            code: Its source files.
        """
        files = sorted(set(map(Path, inputs)))
        self._stamps = {path: _stamp(path) for path in files}
        self._conf_file, self._code_files = Path(conf), code
        self.conf = sha256_json(values)
        self.inputs = {str(path): sha256_file(path) for path in files}
        self.code = closure.digest(code)

    def check(self) -> None:
        """Compare with what is there now.

        Raises:
            UserError: Something changed.
        """
        changed = [*self._changed_inputs()]
        if self._now(lambda: sha256_json(read_object(self._conf_file))) != self.conf:
            changed.append(str(self._conf_file))
        if self._now(lambda: closure.digest(self._code_files)) != self.code:
            changed.append("its source files")
        if changed:
            raise UserError(
                f"expected {', '.join(changed)} to stay as this job found it, found it changed "
                "while the job ran: its results belong to neither; give the same command again"
            )

    @staticmethod
    def _now(digest: Callable[[], str]) -> str | None:
        """A digest; None where a file has gone or is no longer what it was."""
        try:
            return digest()
        except (OSError, UserError):
            return None

    def _changed_inputs(self) -> Iterable[str]:
        for path, stamp in self._stamps.items():
            # Gigabytes are not read twice: equal size and time are equal content.
            now = _stamp(path)
            if now != stamp and (now is None or sha256_file(path) != self.inputs[str(path)]):
                yield str(path)


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns
