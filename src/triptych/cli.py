"""The command line: one verb per rule, and those that people type."""

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from triptych import __version__, surroundings, verbs
from triptych.errors import UserError

if TYPE_CHECKING:
    Parsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]


OBJECTS = 100_000  # made before the collector looks for cycles; the default, 700, is for small ones


def program() -> int:
    """:func:`main` in a process of its own, as the command ``triptych`` and rules run it.

    Importing torch makes half a million objects and no garbage. To look through them again and
    again, and once more at the end, is a fifth of the processor time of a short job.
    """
    gc.set_threshold(OBJECTS)
    status = main()
    gc.freeze()
    return status


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; what is wrong outside the code is printed without a traceback, status 2.

    That is a :class:`UserError`, whatever the file system refuses, and memory that is not there.
    """
    options = _parser().parse_args(arguments)
    if getattr(options, "gpus", None) is not None:
        os.environ["TRIPTYCH_GPUS"] = str(options.gpus)
    try:
        _check_conf(options)
        status = options.verb(options)
    except Exception as error:
        explained = surroundings.explain(error)
        if explained is None and not isinstance(error, UserError | OSError):
            raise
        print(f"triptych: {explained or error}", file=sys.stderr)
        return 2
    return int(status or 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="triptych", description=__doc__)
    parser.add_argument("--version", action="version", version=f"triptych {__version__}")
    parsers = parser.add_subparsers(required=True, metavar="VERB")
    for register in (_data_verbs, _job_verbs, _report_verbs, _people_verbs):
        register(parsers)
    return parser


def _check_conf(options: argparse.Namespace) -> None:
    """Refuse a parameter file that is not one of this verb's."""
    keys = getattr(options, "keys", ())
    if not keys:
        return
    from triptych.files import read_object

    values = read_object(options.conf, *keys)
    if "seeds" in keys:
        verbs.check_seeds(values["seeds"], options.conf)


def _data_verbs(parsers: "Parsers") -> None:
    fetch = parsers.add_parser("fetch", help="download and verify a data set")
    fetch.add_argument("dataset", nargs="+")
    fetch.add_argument("--root", type=Path, default=Path("data/raw"))
    mirror = fetch.add_mutually_exclusive_group()
    mirror.add_argument("--mirror", help="folder or address searched before the canonical address")
    mirror.add_argument("--mirror-of", type=Path, metavar="FILE", help="JSON: a mirror, or null")
    fetch.set_defaults(verb=verbs.fetch)

    prepare = parsers.add_parser("prepare", help="read raw files into arrays")
    prepare.add_argument("dataset")
    prepare.add_argument("--raw", type=Path, default=Path("data/raw"))
    prepare.add_argument("--out", type=Path, required=True)
    prepare.set_defaults(verb=verbs.prepare)

    split = _job(
        parsers, "split", "cut a prepared data set into train, validation and test", "name", "split"
    )
    split.add_argument("--prepared", type=Path, required=True)
    which = split.add_mutually_exclusive_group(required=True)
    which.add_argument("--seeds", type=int, nargs="+")
    which.add_argument("--seeds-of", type=Path, metavar="FILE", help="a JSON list of seeds")
    split.set_defaults(verb=verbs.split)

    shift = _job(parsers, "shift", "corrupt a test set at every severity", "kinds", "sets")
    shift.add_argument("--test", type=Path, required=True)
    shift.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    shift.set_defaults(verb=verbs.shift)


def _job_verbs(parsers: "Parsers") -> None:
    job = ("panel", "kind", "dataset", "seeds")
    train = _job(parsers, "train", "train a model for a group of seeds", *job, "params")
    _splits(train)
    train.set_defaults(verb=verbs.train)

    extractor = _job(
        parsers,
        "extractor",
        "train the feature extractor of a data set and seed",
        "dataset",
        "seeds",
        "params",
    )
    extractor.add_argument("--parts", type=Path, required=True)
    extractor.set_defaults(verb=verbs.extractor)

    generative = _job(parsers, "evaluate-generative", "measure a generative model", *job, "measure")
    generative.add_argument("--train", type=Path, required=True)
    _splits(generative)
    generative.add_argument(
        "--extractors", type=Path, required=True, help="one folder per seed below"
    )
    generative.set_defaults(verb=verbs.evaluate_generative)

    graphs = _job(parsers, "evaluate-graphs", "measure a graph model", *job, "measure")
    graphs.add_argument("--train", type=Path, required=True)
    _splits(graphs)
    graphs.set_defaults(verb=verbs.evaluate_graphs)

    predict = _job(
        parsers, "predict", "logits of a method on every shifted test set", *job, "params"
    )
    predict.add_argument("--train", type=Path, required=True)
    _splits(predict)
    predict.add_argument("--shifted", type=Path, required=True, help="one folder per seed below")
    predict.set_defaults(verb=verbs.predict)

    uncertainty = _job(
        parsers, "evaluate-uncertainty", "measure a method from its logits", *job, "measure"
    )
    uncertainty.add_argument("--predict", type=Path, required=True)
    uncertainty.add_argument("--train", type=Path, required=True)
    uncertainty.set_defaults(verb=verbs.evaluate_uncertainty)

    identities = _job(parsers, "identities", "run a panel's exact checks", "panel", "claims")
    identities.set_defaults(verb=verbs.identities)


def _report_verbs(parsers: "Parsers") -> None:
    tables = ("records", "timings", "curves")
    collect = _job(parsers, "collect", "join the numbers of all jobs", *tables)
    collect.set_defaults(verb=verbs.collect)

    prune = parsers.add_parser("prune", help="delete the results of jobs that are gone")
    prune.add_argument("--conf", type=Path, default=Path("conf/collect.json"))
    prune.set_defaults(verb=verbs.prune, keys=("records",))

    claims = parsers.add_parser("claims", help="judge every claim")
    claims.add_argument("--records", type=Path, default=Path("reports/records.csv"))
    claims.add_argument("--timings", type=Path, default=Path("reports/timings.csv"))
    claims.add_argument("--checks", type=Path, nargs="*", default=[])
    claims.add_argument("--out", type=Path, default=Path("reports/claims.csv"))
    claims.set_defaults(verb=verbs.claims)

    report = _job(parsers, "report", "render the pages", "title")
    _processes(report)
    report.set_defaults(verb=verbs.report)

    panel = _job(parsers, "panel", "collect, judge and render one panel alone", "panels", *tables)
    panel.add_argument("--checks", type=Path, required=True)
    _processes(panel)
    panel.set_defaults(verb=verbs.panel)

    partial = parsers.add_parser("partial", help="report what there is, where jobs are missing")
    partial.add_argument("--conf", type=Path, default=Path("conf"))
    partial.add_argument("--out", type=Path, default=Path("reports/partial"))
    partial.set_defaults(verb=verbs.partial)

    track = parsers.add_parser("track", help="send results to the tracking store")
    track.add_argument("--conf", type=Path, default=Path("conf/tracking.json"))
    track.add_argument(
        "--jobs", type=Path, nargs="+", help="result folders; default: all of --conf"
    )
    track.add_argument("--receipt", type=Path, default=Path("results/tracking/receipt.json"))
    track.set_defaults(verb=verbs.track, keys=("store", "experiment"))


def _people_verbs(parsers: "Parsers") -> None:
    verify = parsers.add_parser("verify", help="compare fresh numbers with the reference")
    verify.add_argument("--reports", type=Path, default=Path("reports"))
    verify.add_argument("--results", type=Path, default=Path("results"))
    verify.add_argument("--reference", type=Path, default=Path("reports/reference"))
    verify.add_argument(
        "--update", action="store_true", help="make the fresh numbers the reference"
    )
    verify.set_defaults(verb=verbs.verify)

    restore = parsers.add_parser(
        "restore", help="after a clone: pull results and leave nothing to do"
    )
    restore.set_defaults(verb=verbs.restore)

    schema = parsers.add_parser("schema", help="write the JSON schema of params.yaml")
    schema.add_argument("--out", type=Path, default=Path("workflow/schemas/params.schema.json"))
    schema.set_defaults(verb=verbs.schema)


def _job(parsers: "Parsers", name: str, text: str, *keys: str) -> argparse.ArgumentParser:
    """A verb whose parameter file has at least these keys."""
    parser = parsers.add_parser(name, help=text)
    parser.set_defaults(keys=keys)
    parser.add_argument("--conf", type=Path, required=True, help="the job's parameter file")
    parser.add_argument("--out", type=Path, required=True, help="folder for its results")
    parser.add_argument("--gpus", type=int, help="GPUs granted by the scheduler; 0 means the CPU")
    return parser


def _processes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--processes", type=int, default=1, help="that draw figures; default: 1")


def _splits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--splits", type=Path, required=True, help="one folder per seed below")


if __name__ == "__main__":
    sys.exit(program())
