"""What each verb calls with its options. Imports stand inside: a verb loads what it needs alone."""

from argparse import Namespace
from pathlib import Path

from triptych.errors import UserError, shown
from triptych.files import read_json


def check_seeds(seeds: object, path: Path) -> None:
    """Refuse what is no list of seeds."""
    if not (isinstance(seeds, list) and seeds and all(type(seed) is int for seed in seeds)):
        raise UserError(f"{path}: expected a list of seeds, found {shown(seeds)}")


def _per_seed(options: Namespace, folder: Path) -> list[Path]:
    """The folder of each seed that the job's parameters name."""
    return [folder / str(seed) for seed in read_json(options.conf)["seeds"]]


def fetch(options: Namespace) -> None:
    """Download and verify data sets."""
    from triptych.data.fetch import fetch

    mirror = read_json(options.mirror_of) if options.mirror_of else options.mirror
    if not (mirror is None or isinstance(mirror, str)):
        raise UserError(f"{options.mirror_of}: expected a mirror or null, found {shown(mirror)}")
    for name in options.dataset:
        print(fetch(name, options.root, mirror))


def prepare(options: Namespace) -> None:
    """Read raw files into arrays."""
    from triptych.data.prepare import prepare

    print(prepare(options.dataset, options.raw, options.out))


def split(options: Namespace) -> None:
    """Cut a prepared data set into its parts."""
    from triptych.data import cut

    seeds = read_json(options.seeds_of) if options.seeds_of else options.seeds
    check_seeds(seeds, options.seeds_of)
    cut.run(options.conf, options.prepared, seeds, options.out)


def shift(options: Namespace) -> None:
    """Shift a test part at every severity."""
    from triptych.uncertainty import shift

    shift.run(options.conf, options.test, options.out, options.prepared)


def train(options: Namespace) -> None:
    """Train a model of any panel."""
    from triptych import train

    train.run(options.conf, _per_seed(options, options.splits), options.out)


def extractor(options: Namespace) -> None:
    """Train the feature extractor of a data set."""
    from triptych.generative import extractor

    extractor.run(options.conf, options.parts, options.out)


def evaluate_generative(options: Namespace) -> None:
    """Measure a generative model."""
    from triptych.generative import evaluate

    evaluate.run(
        options.conf,
        options.train,
        _per_seed(options, options.splits),
        _per_seed(options, options.extractors),
        options.out,
    )


def evaluate_graphs(options: Namespace) -> None:
    """Measure a graph model."""
    from triptych.graphs import evaluate

    evaluate.run(options.conf, options.train, _per_seed(options, options.splits), options.out)


def predict(options: Namespace) -> None:
    """Logits on every shifted test set."""
    from triptych.uncertainty import predict

    predict.run(
        options.conf,
        options.train,
        _per_seed(options, options.splits),
        _per_seed(options, options.shifted),
        options.out,
    )


def evaluate_uncertainty(options: Namespace) -> None:
    """Measure a method from its logits."""
    from triptych.uncertainty import evaluate

    evaluate.run(options.conf, options.predict, options.train, options.out)


def identities(options: Namespace) -> None:
    """Run a panel's exact checks."""
    from triptych.claims import identities

    identities.run(options.conf, options.out)


def collect(options: Namespace) -> None:
    """Join the numbers of all jobs."""
    from triptych import collect

    collect.run(options.conf, options.out)


def prune(options: Namespace) -> None:
    """Delete the results of jobs that are gone."""
    from triptych import collect

    collect.prune_all(options.conf)


def claims(options: Namespace) -> None:
    """Judge every claim."""
    from triptych.claims import evaluate

    evaluate.run(options.records, options.timings, options.checks, options.out)


def report(options: Namespace) -> None:
    """Render the pages; a partial report of an earlier run goes."""
    from triptych import partial
    from triptych.report import site

    site.run(options.conf, options.out, processes=options.processes)
    partial.discard(options.out)


def partial(options: Namespace) -> None:
    """Report what there is, where jobs are missing."""
    from triptych import partial

    partial.run(options.conf, options.out)


def panel(options: Namespace) -> None:
    """Collect, judge and render one panel alone."""
    from triptych import panel

    panel.run(options.conf, options.checks, options.out, options.processes)


def track(options: Namespace) -> None:
    """Send results to the tracking store."""
    from triptych import tracking

    tracking.run(options.conf, options.jobs, options.receipt)


def verify(options: Namespace) -> int:
    """Compare fresh numbers with the reference; 0 where they agree."""
    from triptych import verify

    return verify.run(options.reports, options.results, options.reference, options.update)


def restore(options: Namespace) -> None:
    """Get the results from the DVC remote."""
    from triptych import restore

    restore.run()


def schema(options: Namespace) -> None:
    """Write the schema of the parameters."""
    from triptych import configuration
    from triptych.files import canonical_json, write_if_changed

    write_if_changed(options.out, canonical_json(configuration.schema()))
