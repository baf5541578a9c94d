"""Do results still belong to the parameters, the code and the inputs that are here now?

Every ``run.json`` embeds what its job was made from. Here the digests are computed again, from the
embedded values and from the files on disk.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from triptych import closure
from triptych.errors import UserError
from triptych.files import read_json, sha256_file, sha256_json

Subject = Literal["run.json", "parameters", "code", "inputs"]

# What bits may depend on. The number of cores is absent: a job has a fixed number of threads.
VERSIONS = ("python", "torch", "numpy", "scipy", "scikit-learn", "torch-geometric")
HARDWARE = ("machine", "system", "processor", "instructions", "threads", "device", "gpu")

Platform = dict[str, str]


@dataclass(frozen=True)
class Finding:
    """One disagreement, or one thing that could not be checked.

    Attributes:
        job: Folder of the ``run.json``.
        subject: What it is about.
        message: What was expected and what was found.
    """

    job: str
    subject: Subject
    message: str


@dataclass(frozen=True)
class Provenance:
    """Outcome of checking every ``run.json`` below a folder.

    Attributes:
        jobs: How many there are.
        mismatches: What does not fit; any makes the verification fail.
        unchecked: What could not be checked because a file is absent.
        platforms: The distinct platforms that made the results.
    """

    jobs: int
    mismatches: tuple[Finding, ...]
    unchecked: tuple[Finding, ...]
    platforms: tuple[Platform, ...]

    @property
    def passed(self) -> bool:
        """There are results, and nothing contradicts them."""
        return self.jobs > 0 and not self.mismatches


@dataclass
class _Findings:
    mismatches: list[Finding] = field(default_factory=list)
    unchecked: list[Finding] = field(default_factory=list)


@dataclass
class _Digests:
    """Digests of files and of code, computed once however many jobs share them."""

    files: dict[str, str | None] = field(default_factory=dict)
    code: dict[tuple[str, ...], tuple[str, frozenset[str]] | str] = field(default_factory=dict)

    def file(self, name: str) -> str | None:
        """SHA-256, or None where there is no such file."""
        if name not in self.files:
            path = Path(name)
            self.files[name] = sha256_file(path) if path.is_file() else None
        return self.files[name]

    def closure(self, modules: tuple[str, ...]) -> tuple[str, frozenset[str]] | str:
        """(digest, files) of what ``modules`` import now, or why it cannot be found."""
        if modules not in self.code:
            try:
                files = closure.closure(*modules)
                self.code[modules] = (closure.digest(files), frozenset(files))
            except ModuleNotFoundError as error:
                self.code[modules] = str(error)
        return self.code[modules]


def check(results: Path) -> Provenance:
    """Check every ``run.json`` below ``results``; relative names start at the working directory."""
    findings, digests = _Findings(), _Digests()
    platforms: list[Platform] = []
    paths = sorted(results.rglob("run.json"))
    for path in paths:
        job = path.parent.as_posix()
        try:
            run = read_json(path)
            _check_run(job, run, digests, findings)
            made_on = platform_of(run)
        except (UserError, KeyError, TypeError, AttributeError) as error:
            text = f"expected the record of a run, found a damaged file ({error!r}); rerun its job"
            findings.mismatches.append(Finding(job, "run.json", text))
            continue
        if made_on not in platforms:
            platforms.append(made_on)
    return Provenance(
        len(paths), tuple(findings.mismatches), tuple(findings.unchecked), tuple(platforms)
    )


def platform_of(run: Mapping[str, Any]) -> Platform:
    """What the bits of a run may depend on, flat."""
    versions = {name: str(run["versions"].get(name, "unknown")) for name in VERSIONS}
    hardware = {name: str(run["hardware"].get(name, "none")) for name in HARDWARE}
    return versions | hardware


def _check_run(job: str, run: Mapping[str, Any], digests: _Digests, findings: _Findings) -> None:
    conf, code, inputs = run["conf"], run["code"], run["inputs"]
    for subject, message in _contradictions(run):
        findings.mismatches.append(Finding(job, subject, message))
    _check_conf_file(job, conf, findings)
    _check_code(job, code, digests, findings)
    _check_inputs(job, inputs, digests, findings)


def _contradictions(run: Mapping[str, Any]) -> Iterator[tuple[Subject, str]]:
    """Where a ``run.json`` contradicts itself: it was edited, or not written by this package."""
    conf, code = run["conf"], run["code"]
    digest = sha256_json(conf["values"])
    if digest != conf["sha256"]:
        yield (
            "parameters",
            f"the embedded values have the digest {digest[:12]}, run.json says "
            f"{str(conf['sha256'])[:12]}: it was edited; rerun the job",
        )
    parts = [run["verb"], conf["sha256"], sorted(run["inputs"].items()), code["sha256"]]
    if sha256_json(parts) != run["key"]:
        yield (
            "run.json",
            "the key does not follow from parameters, inputs and code: run.json was edited; "
            "rerun the job",
        )


def _check_conf_file(job: str, conf: Mapping[str, Any], findings: _Findings) -> None:
    path = Path(conf["path"])
    if not path.exists():
        text = f"{path} is absent: no job of the present parameters, or none were split yet"
        findings.unchecked.append(Finding(job, "parameters", text))
        return
    now = read_json(path)
    if now != conf["values"]:
        changed = ", ".join(_changes(conf["values"], now))
        text = f"stale: made with other parameters than {path} holds now ({changed}); rerun the job"
        findings.mismatches.append(Finding(job, "parameters", text))


def _changes(made_with: Any, now: Any, prefix: str = "") -> Iterator[str]:
    """``key: then -> now`` for every leaf that differs."""
    if isinstance(made_with, Mapping) and isinstance(now, Mapping):
        for key in sorted(made_with.keys() | now.keys()):
            yield from _changes(
                made_with.get(key, "absent"), now.get(key, "absent"), f"{prefix}{key}."
            )
    elif made_with != now:
        yield f"{prefix.rstrip('.')}: {made_with!r} -> {now!r}"


def _check_code(job: str, code: Mapping[str, Any], digests: _Digests, findings: _Findings) -> None:
    now = digests.closure(tuple(code["modules"]))
    if isinstance(now, str):
        text = f"stale: made by code that is gone ({now}); rerun the job"
        findings.mismatches.append(Finding(job, "code", text))
        return
    digest, files = now
    if digest != code["sha256"]:
        joined = _names(files) ^ _names(code["files"])
        changed = f"files that joined or left: {', '.join(sorted(joined))}" if joined else "edited"
        text = f"stale: made by other code of {', '.join(code['modules'])} ({changed}); rerun it"
        findings.mismatches.append(Finding(job, "code", text))


def _names(files: Iterable[str]) -> set[str]:
    """Paths below the package, wherever it was installed."""
    return {file.rpartition(f"{closure.NAME}/")[2] for file in files}


def _check_inputs(
    job: str, inputs: Mapping[str, str], digests: _Digests, findings: _Findings
) -> None:
    for name, expected in sorted(inputs.items()):
        found = digests.file(name)
        if found is None:
            findings.unchecked.append(Finding(job, "inputs", f"{name} is absent"))
        elif found != expected:
            text = (
                f"{name}: expected the digest {expected[:12]} that the job read, found "
                f"{found[:12]}; rerun the job or restore the file"
            )
            findings.mismatches.append(Finding(job, "inputs", text))
