"""Overlays (``--configfile``), looked at before Snakemake merges them.

Snakemake reads overlays, and walks through every alias in them, before it reads the Snakefile: a
few lines can keep it busy for ever. Its profile comes first, though, and may run Python: the
default one (``profiles/default``) calls :func:`check`.
"""

import argparse
import sys
from collections.abc import Sequence

from triptych import checked
from triptych.errors import UserError


def check(arguments: Sequence[str] | None = None) -> None:
    """End the program with a sentence if an overlay is none that Snakemake should read.

    Args:
        arguments: Of Snakemake's command line; by default those of this process.
    """
    for path in named(sys.argv[1:] if arguments is None else arguments):
        try:
            checked.check(path)
        except UserError as error:
            # No exception: Snakemake would print all of its options above the sentence.
            print(error, file=sys.stderr)
            sys.exit(1)


def named(arguments: Sequence[str]) -> list[str]:
    """The overlays that a command line names; of one that Snakemake refuses, none.

    Example:
        >>> named(["-n", "--configfile", "a.yaml", "b.yaml", "--config", "report={}"])
        ['a.yaml', 'b.yaml']
    """
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--configfile", "--configfiles", nargs="+", default=[])
    parser.add_argument("--config", "-C", nargs="*")  # or it would pass for a short --configfile
    try:
        files: list[str] = parser.parse_known_args(list(arguments))[0].configfile
    except argparse.ArgumentError:
        return []
    return files
