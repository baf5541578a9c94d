"""U08: whether intervals cover what they say."""

import numpy as np
import pandas as pd

from triptych.claims.base import Check, Effect, Identity, Statistical
from triptych.claims.tables import by_seed
from triptych.claims.uncertainty._reading import effect, models_with, panels, zero

STATEMENT = "In regression, calibration is the coverage of the confidence interval."
NOMINAL = ("50", "80", "90", "95")
TOLERANCE = 0.05  # of coverage, on either side
SCALES = (0.5, 0.8, 1.0, 1.25, 2.0)
TARGETS = 200_000


def check() -> list[Check]:
    """Normal forecasters whose standard deviation is wrong by a known factor."""
    from scipy import special

    from triptych.metrics import regression as r
    from triptych.seeding import numpy_generator

    gap, tolerance, exact = 0.0, 0.0, 0.0
    for factor in SCALES:
        rng = numpy_generator("U08", factor)
        mean, scale = rng.normal(0, 3, TARGETS), rng.uniform(0.1, 5, TARGETS)
        y = mean + scale * rng.standard_normal(TARGETS)
        for name in NOMINAL:
            nominal = int(name) / 100
            levels = np.array(r.tails(nominal))
            q = r.gaussian_quantiles(mean, (factor * scale) ** 2, levels)
            wanted = float(2 * special.ndtr(factor * special.ndtri(levels[1])) - 1)
            covered = float(r.coverage(q[:, 0], q[:, 1], y))
            known = r.known_coverage(q[:, 0], q[:, 1], mean, scale**2)
            gap = max(gap, abs(covered - wanted))
            exact = max(exact, float(np.abs(known - wanted).max()))
            # Five standard errors of a share of so many independent targets.
            tolerance = max(tolerance, 5 * (wanted * (1 - wanted) / TARGETS) ** 0.5)
    n = len(SCALES) * len(NOMINAL) * TARGETS
    # z is a difference of numbers below 25 over a scale of at least 0.1: its rounding, 25 / 0.1 of
    # 2^-52 and a few operations, enters the probability times a density below 0.4.
    rounding = 8 * 250 * 2.0**-52
    return [
        Check(
            "normal forecasters, deviation wrong by k = 0.5 to 2", gap, tolerance, "fraction",
            "coverage of simulated targets − (2Φ(kz) − 1)", n,
        ),
        Check(
            "normal forecasters, deviation wrong by k = 0.5 to 2", exact, rounding, "fraction",
            "probability of the interval under the law − (2Φ(kz) − 1)", n,
        ),
    ]  # fmt: skip


def effects(table: pd.DataFrame) -> list[Effect]:
    """Per method: that it covers no less, and no more, than it says, within the tolerance.

    Each side is judged at the level that is furthest off on that side: averaged, intervals that are
    too narrow at one level would make up for those that are too wide at another.
    """
    found: list[Effect] = []
    points, levels = f"{TOLERANCE * 100:.0f} points", "50, 80, 90 and 95 %"
    for dataset, rows in panels(table):
        for metric, whose in (("coverage", ""), ("coverage_members", "single members of ")):
            for model in models_with(rows, f"{metric}/{NOMINAL[0]}"):
                gap, floor = gaps(rows, model, metric), floors(rows, model)
                if gap.empty:
                    continue
                who = f"{whose}{model}"
                low, high = gap.min(axis=1), gap.max(axis=1)
                found += effect(
                    dataset, rows, low + TOLERANCE, zero(low), "fraction",
                    f"covers not too little: coverage − nominal + {points}, at the level furthest "
                    f"below of {levels}, {who}", at(floor, gap.idxmin(axis=1)),
                )  # fmt: skip
                found += effect(
                    dataset, rows, TOLERANCE - high, zero(high), "fraction",
                    f"covers not too much: nominal − coverage + {points}, at the level furthest "
                    f"above of {levels}, {who}", at(floor, gap.idxmax(axis=1)),
                )  # fmt: skip
    return found


def gaps(rows: pd.DataFrame, model: str, metric: str = "coverage") -> pd.DataFrame:
    """Coverage − nominal on the test part: a row per seed that has all, a column per level."""
    covered = {
        name: by_seed(rows, model=model, metric=f"{metric}/{name}", split="test") - int(name) / 100
        for name in NOMINAL
    }
    return pd.DataFrame(covered).dropna()


def floors(rows: pd.DataFrame, model: str) -> pd.DataFrame:
    """Mean |coverage − nominal| of perfect intervals on as many targets, per seed and level."""
    own = {
        name: by_seed(rows, model=model, metric=f"coverage_floor/{name}", split="test")
        for name in NOMINAL
    }
    return pd.DataFrame(own)


def at(table: pd.DataFrame, level: pd.Series) -> float:
    """Mean over seeds of a table's numbers, each at the level that its seed names."""
    return float(np.mean([table[name][seed] for seed, name in level.items()]))


CLAIMS = [
    Identity(
        "U08", "uncertainty", "B", STATEMENT,
        "intervals of a normal forecaster whose deviation is wrong by a factor k cover 2Φ(kz) − 1 "
        "in place of 2Φ(z) − 1: coverage reads the factor off",
        check,
    ),
    Statistical(
        "U08", "uncertainty", "B", STATEMENT,
        "coverage of 50, 80, 90 and 95 % intervals on held-out targets, every method: at the level "
        "that is furthest below what it says, and at the one furthest above, within five points of "
        "it; beyond the noise floor, by how much perfect intervals miss that level on as many "
        "targets",
        effects,
    ),
]  # fmt: skip
