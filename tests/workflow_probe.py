"""What Snakemake would do in the working directory, for several parameter files, without doing it.

Run as a program: JSON lines on standard input, a JSON line on standard output for each. A question
may give ``params`` (the text of a new ``params.yaml``), ``edit`` (a file that has one more line
while the question is answered), ``target`` (default ``all``: the answer is the list of its jobs) or
``about`` ("rules"). One process answers many questions because imports dominate the cost of one.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import yaml
from snakemake.api import SnakemakeApi
from snakemake.settings.types import (
    DAGSettings,
    OutputSettings,
    Quietness,
    ResourceSettings,
)

PROFILE = Path("profiles/default/profile.yaml")
UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9}


def threshold() -> int:
    """Bytes up to which the profile compares contents; the API does not read profiles."""
    text = str(yaml.safe_load(PROFILE.read_text())["max-checksum-file-size"])
    return int(text[:-2]) * UNITS[text[-2:]] if text[-2:] in UNITS else int(text)


def jobs(target: str) -> list[dict[str, object]]:
    """Every job of the graph, with whether and why it would run."""
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(ResourceSettings(cores=2), snakefile=Path("Snakefile"))
        settings = DAGSettings(targets={target}, max_checksum_file_size=threshold())
        graph = workflow.dag(settings)
        graph.execute_workflow(executor="dryrun")
        dag = workflow._workflow.dag
        return [
            {
                "rule": job.rule.name,
                "input": [str(name) for name in job.input],
                "output": [str(name) for name in job.output],
                "log": [str(name) for name in job.log],
                "benchmark": str(job.benchmark or ""),
                "message": str(job.message or ""),
                "shell": str(job.shellcmd or ""),
                "declared": sorted(job.rule.resources),
                "threads": int(job.threads),
                "asks": {name: job.resources.get(name) for name in ("mem_mb", "runtime", "gpu")},
                "local": job.rule.name in workflow._workflow._localrules or job.rule.norun,
                "runs": dag.needrun(job),
                "reason": str(dag.reason(job)),
            }
            for job in dag.jobs
        ]


def rules() -> list[dict[str, object]]:
    """Every rule, with what it declares."""
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(ResourceSettings(cores=2), snakefile=Path("Snakefile"))
        graph = workflow.dag(DAGSettings(targets={"all"}))
        graph.execute_workflow(executor="dryrun")
        return [
            {
                "name": rule.name,
                "shell": rule.shellcmd,
                "log": len(rule.log),
                "benchmark": str(rule.benchmark or ""),
                "message": rule.message,
                "resources": sorted(rule.resources),
            }
            for rule in workflow._workflow.rules
        ]


@contextmanager
def edited(name: str | None) -> Iterator[None]:
    """Within the block the file has one line more; afterwards it is as before, but newer."""
    if name is None:
        yield
        return
    path = Path(name)
    before = path.read_bytes()
    path.write_bytes(before + (b"/* edited */\n" if path.suffix == ".css" else b"# edited\n"))
    try:
        yield
    finally:
        path.write_bytes(before)


def main() -> None:
    """Answer line by line."""
    for line in sys.stdin:
        question = json.loads(line)
        if question.get("params") is not None:
            Path("params.yaml").write_text(question["params"])
        with redirect_stdout(sys.stderr), edited(question.get("edit")):
            rules_wanted = question.get("about") == "rules"
            answer = rules() if rules_wanted else jobs(question.get("target", "all"))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
