"""The verb ``restore``: results from the DVC remote instead of computing them, after ``git clone``.

Snakemake then has to be told that the files are up to date: it compares times, and a clone's are
arbitrary. ``--touch`` declares whatever lies there current, so it may run only where that is true:
parameters and lock as committed, and every output and dependency as the lock says.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from triptych.errors import UserError

COMMITTED = ("params.yaml", "dvc.yaml", "dvc.lock")
REPORT = "reports/index.html"
RECEIPT = "results/tracking/receipt.json"
SHOWN = 15  # lines of a failed command's own words
COMPUTE = "compute with `snakemake --cores all`"
NOT_PUSHED = f"whoever committed dvc.lock did not `dvc push` these files: ask for it, or {COMPUTE}"
NOT_ALLOWED = (
    "the remote wants credentials that it knows: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
    "or a profile with `dvc remote modify --local <name> profile <profile>`"
)
PULL_HINTS = {  # the first that fits; other words come along with "failed to connect"
    "no remote": "name the place that holds the results with `dvc remote add --default <name> "
    f"<folder or address>`, or {COMPUTE}",
    "missing dependencies": "remotes on S3 need a package more: "
    "`pip install -c constraints.txt -e '.[s3]'`",
    "credentials": NOT_ALLOWED,
    "forbidden": NOT_ALLOWED,
    "access denied": NOT_ALLOWED,
    "failed to connect": "check the network and the remote's address (`dvc remote list`), or "
    f"{COMPUTE}",
    "missing cache": NOT_PUSHED,
    "missing from": NOT_PUSHED,
    "key does not exist": NOT_PUSHED,
    "no such file": NOT_PUSHED,
    "without confirmation": "files here differ from the committed results and no cache holds them: "
    "move them away (or discard them with `dvc checkout --force`)",
}

Command = tuple[str, ...]
Runner = Callable[["Step"], "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Step:
    """One command, and what its failure means.

    Attributes:
        command: Program and arguments.
        expected: What must hold for it to succeed.
        advice: What to do if it fails.
        explain: A command whose output says more about the failure, if there is one.
        hints: Piece of the command's output, in lower case -> more exact advice.
        says: What the output of a success contains; by default only the exit status counts.
        visible: Whether a person wants to see it at work: its words then go to the terminal.
    """

    command: Command
    expected: str
    advice: str
    explain: Command | None = None
    hints: Mapping[str, str] | None = None
    says: str = ""
    visible: bool = False


def steps(report: str = REPORT, receipt: str = RECEIPT) -> list[Step]:
    """The commands of a restore, in their order.

    Args:
        report: The file that every number ends in: nothing above it may be left to compute.
        receipt: The tracking receipt, which no clone has: this machine's store is empty.
    """
    return [
        Step(
            ("git", "ls-files", "--error-unmatch", "--", *COMMITTED),
            f"{', '.join(COMMITTED)} committed in a git repository",
            "run restore in the root of a clone whose results were committed (`dvc commit`, then "
            "`git commit` of dvc.lock)",
        ),
        Step(
            ("git", "diff", "--quiet", "HEAD", "--", *COMMITTED),
            f"{', '.join(COMMITTED)} as committed",
            "restored results belong to the committed parameters: undo the change with "
            f"`git checkout HEAD -- <file>`, or {COMPUTE}",
            explain=("git", "diff", "--stat", "HEAD", "--", *COMMITTED),
        ),
        Step(
            ("dvc", "pull"),
            "every result in the DVC remote",
            f"check the remote (`dvc remote list`), or {COMPUTE}",
            explain=("dvc", "pull"),  # fails again at once, with words that can be read
            visible=True,
            hints=PULL_HINTS,
        ),
        Step(
            ("dvc", "status", "--quiet"),
            "results, code and parameters as dvc.lock says",
            f"what is listed changed after the results were committed: undo it, or {COMPUTE}",
            explain=("dvc", "status"),
        ),
        Step(
            # Targets come first: --quiet takes several values and would swallow them.
            ("snakemake", "all", "--touch", "--forceall", "--cores", "1", "--quiet", "all"),
            "every file of the workflow present",
            f"mend what it names, or {COMPUTE}",
        ),
        Step(
            # Touching passes over a missing file without a word.
            ("snakemake", report, "--dry-run"),
            "nothing left to do",
            "what it lists is not among the DVC outputs: compute it with `snakemake --cores all`",
            says="Nothing to be done",
        ),
        Step(
            # Only this rule may run: a restore never computes. A dead server is its own warning.
            ("snakemake", receipt, "--cores", "1", "--quiet", "all", "--allowed-rules", "track"),
            "the restored results sent to the tracking store",
            "the results themselves are restored; logs/track.log says why they could not be sent",
            visible=True,
        ),
    ]


def run() -> None:
    """Pull the committed results into the working directory and leave nothing to compute.

    Raises:
        UserError: The clone was changed, the remote lacks results, or a tool is not installed.
    """
    restore(_execute, steps())
    print("restore: results are those of dvc.lock; `snakemake --dry-run` finds nothing to do")


def restore(execute: Runner, sequence: Sequence[Step]) -> None:
    """Execute the steps in turn and stop at the first that fails.

    Raises:
        UserError: A step failed; the message quotes the command's own words.
    """
    for step in sequence:
        done = execute(step)
        words = _words(done)
        if done.returncode == 0 and step.says in words:
            continue
        if step.explain is not None:
            words = _words(execute(replace(step, command=step.explain, visible=False))) or words
        raise UserError(failure(step, words))


def failure(step: Step, words: str) -> str:
    """What was expected, what was found and what to do."""
    matching = [advice for piece, advice in (step.hints or {}).items() if piece in words.casefold()]
    lines = words.splitlines()
    quoted = "\n".join(f"    {line}" for line in lines[-SHOWN:])
    advice = matching[0] if matching else step.advice
    return (
        f"restore: expected {step.expected}, but `{' '.join(step.command)}` failed:\n"
        f"{quoted or '    (it said nothing)'}\n{advice}"
    )


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """``base`` with the programs of this very Python environment first on PATH."""
    here = str(Path(sys.executable).parent)
    return {
        "AWS_MAX_ATTEMPTS": "1",  # s3fs tries again by itself; both together wait for minutes
        **base,
        "PATH": os.pathsep.join([here, base.get("PATH", os.defpath)]),
        "DVC_NO_ANALYTICS": "1",
    }


def _words(done: "subprocess.CompletedProcess[str]") -> str:
    return "\n".join(text.strip() for text in (done.stdout, done.stderr) if text and text.strip())


def _execute(step: Step) -> "subprocess.CompletedProcess[str]":
    print(f"restore: {' '.join(step.command)}", file=sys.stderr)
    pipe = None if step.visible else subprocess.PIPE
    try:
        return subprocess.run(
            step.command,
            env=environment(os.environ),
            stdin=subprocess.DEVNULL,  # no question is left waiting for an answer
            stdout=pipe,
            stderr=pipe,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise UserError(
            f"restore: expected the program {step.command[0]}, found none on PATH; "
            "install it (git comes with the system, the others with triptych)"
        ) from None
