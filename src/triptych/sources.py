"""Code as an input of rules: a small file per closure, rewritten only when a digest in it changes.

A closure is fifty to a hundred source files. As inputs, one by one, of two thousand jobs they cost
more than all the rest of planning; one file that holds their digests decides the same.
"""

from pathlib import Path

from triptych import closure
from triptych.files import canonical_json, sha256_file, write_if_changed

FOLDER = Path("conf", "code")


class Sources:
    """The source files as they are now, each read once; made anew for each reading of the rules.

    Args:
        folder: Where the files with the digests lie.
        write: Whether to bring them up to date. A job of a cluster reads the rules, too, and finds
            them as they were when it was submitted.
    """

    def __init__(self, folder: Path = FOLDER, write: bool = True) -> None:
        self.folder, self.write = folder, write
        self._digests: dict[str, tuple[str, str]] = {}
        self._written: dict[str, tuple[str, ...]] = {}

    def file(self, label: str, *modules: str) -> str:
        """Path of the file with the digest of every source file that ``modules`` import.

        Args:
            label: Its name below the folder, without ending; one closure each.
            *modules: Entry modules; see :func:`triptych.closure.closure`.

        Raises:
            ValueError: The label was given to other modules before.
        """
        path = self.folder / f"{label}.json"
        if label not in self._written:
            if self.write:
                files = closure.closure(*modules)
                digests = dict(self._digest(name) for name in files)
                write_if_changed(path, canonical_json(digests))
            self._written[label] = modules
        if self._written[label] != modules:
            raise ValueError(f"{label}: two closures of one name")
        return str(path)

    def _digest(self, name: str) -> tuple[str, str]:
        if name not in self._digests:
            self._digests[name] = closure.package_name(name), sha256_file(name)
        return self._digests[name]
