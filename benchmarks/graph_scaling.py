#!/usr/bin/env python3
"""CPU seconds of a GCN training step against the number of edges, and the slope on log axes.

Random lifts of the nearest-neighbour graph of the wines (its degrees, any size), neighbours near
each other in memory and anywhere; one process, one thread. The slope of an O(E) algorithm is 1 as
long as the caches hold what the neighbours bring; the claim N14 asks for 0.9 to 1.1. The process
keeps the memory that it frees, as the pipeline's job does (`triptych.heap`).

    python benchmarks/graph_scaling.py                          # 1e5 to 1e7 edges, 2 GB at most
    python benchmarks/graph_scaling.py --edges 10000 100000 1000000
"""

import argparse
import resource

import numpy as np
import torch

from triptych.claims.graphs.n14_linear import slope
from triptych.data.graphs import nearest_neighbours
from triptych.graphs.lift import lifted
from triptych.graphs.models.scaling import REACH, Entry
from triptych.seeding import numpy_generator


def main() -> None:
    """Print a table and the slopes."""
    options = parse()
    torch.set_num_threads(1)
    base = nearest_neighbours(None, "wine", 10, "euclidean").arrays
    nodes, edges = len(base["x"]), base["edge_index"]
    model = Entry(Entry.Params(width=options.width, repeats=options.repeats), {})
    print(f"{'neighbours':>10} {'edges':>11} {'prepare s':>10} {'step s':>9} {'ns per edge':>12}")
    for where in options.where:
        steps = {}
        for wanted in options.edges:
            copies = max(1, round(wanted / edges.shape[1]))
            rng = numpy_generator("benchmark", where, copies)
            large = lifted(edges, nodes, copies, rng, REACH[where])
            prepare, step = model.time(large, nodes * copies, 0)
            count = large.shape[1]
            steps[count] = step
            print(f"{where:>10} {count:11,} {prepare:10.2f} {step:9.4f} {1e9 * step / count:12.1f}")
        print(f"{where:>10} slope {slope(steps):.3f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory of the process: {peak:.2f} GB, numpy {np.__version__}, {torch.__version__}")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--edges", type=int, nargs="+", default=[100_000, 300_000, 1_000_000, 3_000_000, 10_000_000]
    )
    parser.add_argument("--where", nargs="+", choices=sorted(REACH), default=sorted(REACH))
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3, help="timed steps; the median counts")
    return parser.parse_args()


if __name__ == "__main__":
    main()
