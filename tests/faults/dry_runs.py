"""What ``snakemake -n`` says of several parameter files, without the imports for each.

Run as a program: JSON lines on standard input, a JSON line on standard output for each. A question
may give ``params`` (the bytes of a new ``params.yaml``, as latin-1), ``files`` (name: the same) and
``arguments``. Each is answered by a fork that may take so much computing and so much memory.
"""

import json
import os
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from snakemake.cli import main as snakemake

from triptych import configuration

SECONDS, MEMORY = 30, 4 << 30
COMMAND = ["data/prepared/digits/manifest.json", "--dry-run", "--cores", "1"]


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Exit status (negative: the signal that ended it) and output of one dry run."""
    for name, text in question.get("files", {}).items():
        Path(name).write_bytes(text.encode("latin-1"))
    if question.get("params") is not None:
        Path("params.yaml").write_bytes(question["params"].encode("latin-1"))
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            status = 1
            try:
                # The profile looks at the command line that Snakemake was called with.
                sys.argv = ["snakemake", *COMMAND, *question.get("arguments", [])]
                snakemake()
            except SystemExit as end:
                status = int(end.code or 0)
            finally:
                sys.stderr.flush()
                sys.stdout.flush()
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        output.seek(0)
        text = output.read().decode(errors="replace")
    return {"status": os.waitstatus_to_exitcode(ended), "output": text}


if __name__ == "__main__":
    # Loads every model, which a check of new parameters does, before the forks: once for all.
    configuration.resolve(yaml.safe_load(Path("params.yaml").read_text()))
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
