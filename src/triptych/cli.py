"""The command line: one verb per rule, and those that people type."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from triptych import __version__, surroundings
from triptych.errors import UserError, shown

if TYPE_CHECKING:
    Verbs: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]


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
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for register in (_data_verbs, _job_verbs, _report_verbs, _people_verbs):
        register(verbs)
    return parser


def _check_conf(options: argparse.Namespace) -> None:
    """Refuse a parameter file that is not one of this verb's."""
    keys = getattr(options, "keys", ())
    if not keys:
        return
    from triptych.files import read_object

    values = read_object(options.conf, *keys)
    if "seeds" in keys:
        _check_seeds(values["seeds"], options.conf)


def _check_seeds(seeds: object, path: Path) -> None:
    if not (isinstance(seeds, list) and seeds and all(type(seed) is int for seed in seeds)):
        raise UserError(f"{path}: expected a list of seeds, found {shown(seeds)}")


def _data_verbs(verbs: "Verbs") -> None:
    fetch = verbs.add_parser("fetch", help="download and verify a data set")
    fetch.add_argument("dataset", nargs="+")
    fetch.add_argument("--root", type=Path, default=Path("data/raw"))
    fetch.add_argument("--mirror", help="folder or address searched before the canonical address")
    fetch.set_defaults(verb=_fetch)

    prepare = verbs.add_parser("prepare", help="read raw files into arrays")
    prepare.add_argument("dataset")
    prepare.add_argument("--raw", type=Path, default=Path("data/raw"))
    prepare.add_argument("--out", type=Path, required=True)
    prepare.set_defaults(verb=_prepare)

    split = _job(
        verbs, "split", "cut a prepared data set into train, validation and test", "name", "split"
    )
    split.add_argument("--prepared", type=Path, required=True)
    which = split.add_mutually_exclusive_group(required=True)
    which.add_argument("--seeds", type=int, nargs="+")
    which.add_argument("--seeds-of", type=Path, metavar="FILE", help="a JSON list of seeds")
    split.set_defaults(verb=_split)

    shift = _job(verbs, "shift", "corrupt a test set at every severity", "kinds", "sets")
    shift.add_argument("--test", type=Path, required=True)
    shift.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    shift.set_defaults(verb=_shift)


def _job_verbs(verbs: "Verbs") -> None:
    job = ("panel", "kind", "dataset", "seeds")
    train = _job(verbs, "train", "train a model for a group of seeds", *job, "params")
    _splits(train)
    train.set_defaults(verb=_train)

    extractor = _job(
        verbs,
        "extractor",
        "train the feature extractor of a data set and seed",
        "dataset",
        "seeds",
        "params",
    )
    extractor.add_argument("--parts", type=Path, required=True)
    extractor.set_defaults(verb=_extractor)

    generative = _job(verbs, "evaluate-generative", "measure a generative model", *job, "measure")
    generative.add_argument("--train", type=Path, required=True)
    _splits(generative)
    generative.add_argument(
        "--extractors", type=Path, required=True, help="one folder per seed below"
    )
    generative.set_defaults(verb=_evaluate_generative)

    graphs = _job(verbs, "evaluate-graphs", "measure a graph model", *job, "measure")
    graphs.add_argument("--train", type=Path, required=True)
    _splits(graphs)
    graphs.set_defaults(verb=_evaluate_graphs)

    predict = _job(verbs, "predict", "logits of a method on every shifted test set", *job, "params")
    predict.add_argument("--train", type=Path, required=True)
    _splits(predict)
    predict.add_argument("--shifted", type=Path, required=True, help="one folder per seed below")
    predict.set_defaults(verb=_predict)

    uncertainty = _job(
        verbs, "evaluate-uncertainty", "measure a method from its logits", *job, "measure"
    )
    uncertainty.add_argument("--predict", type=Path, required=True)
    uncertainty.add_argument("--train", type=Path, required=True)
    uncertainty.set_defaults(verb=_evaluate_uncertainty)

    identities = _job(verbs, "identities", "run a panel's exact checks", "panel", "claims")
    identities.set_defaults(verb=_identities)


def _report_verbs(verbs: "Verbs") -> None:
    tables = ("records", "timings", "curves")
    collect = _job(verbs, "collect", "join the numbers of all jobs", *tables)
    collect.set_defaults(verb=_collect)

    prune = verbs.add_parser("prune", help="delete the results of jobs that are gone")
    prune.add_argument("--conf", type=Path, default=Path("conf/collect.json"))
    prune.set_defaults(verb=_prune, keys=("records",))

    claims = verbs.add_parser("claims", help="judge every claim")
    claims.add_argument("--records", type=Path, default=Path("reports/records.csv"))
    claims.add_argument("--timings", type=Path, default=Path("reports/timings.csv"))
    claims.add_argument("--checks", type=Path, nargs="*", default=[])
    claims.add_argument("--out", type=Path, default=Path("reports/claims.csv"))
    claims.set_defaults(verb=_claims)

    report = _job(verbs, "report", "render the pages", "title")
    report.set_defaults(verb=_report)

    panel = _job(verbs, "panel", "collect, judge and render one panel alone", "panels", *tables)
    panel.add_argument("--checks", type=Path, required=True)
    panel.set_defaults(verb=_panel)

    partial = verbs.add_parser("partial", help="report what there is, where jobs are missing")
    partial.add_argument("--conf", type=Path, default=Path("conf"))
    partial.add_argument("--out", type=Path, default=Path("reports/partial"))
    partial.set_defaults(verb=_partial)

    track = verbs.add_parser("track", help="send results to the tracking store")
    track.add_argument("--conf", type=Path, default=Path("conf/tracking.json"))
    track.add_argument("--jobs", type=Path, nargs="+", required=True)
    track.add_argument("--receipt", type=Path, default=Path("results/tracking/receipt.json"))
    track.set_defaults(verb=_track, keys=("store", "experiment"))


def _people_verbs(verbs: "Verbs") -> None:
    verify = verbs.add_parser("verify", help="compare fresh numbers with the reference")
    verify.add_argument("--reports", type=Path, default=Path("reports"))
    verify.add_argument("--results", type=Path, default=Path("results"))
    verify.add_argument("--reference", type=Path, default=Path("reports/reference"))
    verify.add_argument(
        "--update", action="store_true", help="make the fresh numbers the reference"
    )
    verify.set_defaults(verb=_verify)

    restore = verbs.add_parser(
        "restore", help="after a clone: pull results and leave nothing to do"
    )
    restore.set_defaults(verb=_restore)

    schema = verbs.add_parser("schema", help="write the JSON schema of params.yaml")
    schema.add_argument("--out", type=Path, default=Path("workflow/schemas/params.schema.json"))
    schema.set_defaults(verb=_schema)


def _job(verbs: "Verbs", name: str, text: str, *keys: str) -> argparse.ArgumentParser:
    """A verb whose parameter file has at least these keys."""
    parser = verbs.add_parser(name, help=text)
    parser.set_defaults(keys=keys)
    parser.add_argument("--conf", type=Path, required=True, help="the job's parameter file")
    parser.add_argument("--out", type=Path, required=True, help="folder for its results")
    parser.add_argument("--gpus", type=int, help="GPUs granted by the scheduler; 0 means the CPU")
    return parser


def _splits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--splits", type=Path, required=True, help="one folder per seed below")


def _per_seed(options: argparse.Namespace, folder: Path) -> list[Path]:
    """The folder of each seed that the job's parameters name."""
    from triptych.files import read_json

    return [folder / str(seed) for seed in read_json(options.conf)["seeds"]]


def _fetch(options: argparse.Namespace) -> None:
    from triptych.data.fetch import fetch

    for name in options.dataset:
        print(fetch(name, options.root, options.mirror))


def _prepare(options: argparse.Namespace) -> None:
    from triptych.data.prepare import prepare

    print(prepare(options.dataset, options.raw, options.out))


def _split(options: argparse.Namespace) -> None:
    from triptych.data import cut
    from triptych.files import read_json

    seeds = read_json(options.seeds_of) if options.seeds_of else options.seeds
    _check_seeds(seeds, options.seeds_of)
    cut.run(options.conf, options.prepared, seeds, options.out)


def _shift(options: argparse.Namespace) -> None:
    from triptych.uncertainty import shift

    shift.run(options.conf, options.test, options.out, options.prepared)


def _train(options: argparse.Namespace) -> None:
    from triptych import train

    train.run(options.conf, _per_seed(options, options.splits), options.out)


def _extractor(options: argparse.Namespace) -> None:
    from triptych.generative import extractor

    extractor.run(options.conf, options.parts, options.out)


def _evaluate_generative(options: argparse.Namespace) -> None:
    from triptych.generative import evaluate

    evaluate.run(
        options.conf,
        options.train,
        _per_seed(options, options.splits),
        _per_seed(options, options.extractors),
        options.out,
    )


def _evaluate_graphs(options: argparse.Namespace) -> None:
    from triptych.graphs import evaluate

    evaluate.run(options.conf, options.train, _per_seed(options, options.splits), options.out)


def _predict(options: argparse.Namespace) -> None:
    from triptych.uncertainty import predict

    predict.run(
        options.conf,
        options.train,
        _per_seed(options, options.splits),
        _per_seed(options, options.shifted),
        options.out,
    )


def _evaluate_uncertainty(options: argparse.Namespace) -> None:
    from triptych.uncertainty import evaluate

    evaluate.run(options.conf, options.predict, options.train, options.out)


def _identities(options: argparse.Namespace) -> None:
    from triptych.claims import identities

    identities.run(options.conf, options.out)


def _collect(options: argparse.Namespace) -> None:
    from triptych import collect

    collect.run(options.conf, options.out)


def _prune(options: argparse.Namespace) -> None:
    from triptych import collect

    collect.prune_all(options.conf)


def _claims(options: argparse.Namespace) -> None:
    from triptych.claims import evaluate

    evaluate.run(options.records, options.timings, options.checks, options.out)


def _report(options: argparse.Namespace) -> None:
    from triptych import partial
    from triptych.report import site

    site.run(options.conf, options.out)
    partial.discard(options.out)


def _partial(options: argparse.Namespace) -> None:
    from triptych import partial

    partial.run(options.conf, options.out)


def _panel(options: argparse.Namespace) -> None:
    from triptych import panel

    panel.run(options.conf, options.checks, options.out)


def _track(options: argparse.Namespace) -> None:
    from triptych import tracking

    tracking.run(options.conf, options.jobs, options.receipt)


def _verify(options: argparse.Namespace) -> int:
    from triptych import verify

    return verify.run(options.reports, options.results, options.reference, options.update)


def _restore(options: argparse.Namespace) -> None:
    from triptych import restore

    restore.run()


def _schema(options: argparse.Namespace) -> None:
    from triptych import configuration
    from triptych.files import canonical_json, write_if_changed

    write_if_changed(options.out, canonical_json(configuration.schema()))


if __name__ == "__main__":
    sys.exit(main())
