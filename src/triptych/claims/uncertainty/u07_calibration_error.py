"""U07: the expected calibration error on forecasters whose error is known."""

from triptych.claims.base import Check, Identity

STATEMENT = "ECE = Σ n_b/N |acc(b) − conf(b)| tells over- from under-confidence."
# By hand, bins (lower, upper]: confidences, correct, bins, norm, value.
EDGES = (
    ((0.95, 1.0), (1, 0), 15, "l1", 0.475),
    ((0.5, 0.5, 0.5, 0.5), (1, 0, 1, 1), 10, "l1", 0.25),
    ((0.0,), (1,), 15, "l1", 1.0),
    ((1.0,), (1,), 15, "l1", 0.0),
    ((0.25, 0.25, 0.55, 0.75, 0.75), (0, 0, 1, 1, 1), 2, "l1", 0.29),
    ((0.25, 0.25, 0.55, 0.75, 0.75), (0, 0, 1, 1, 1), 2, "l2", (0.025 + 0.95**2 / 15) ** 0.5),
    ((0.25, 0.25, 0.55, 0.75, 0.75), (0, 0, 1, 1, 1), 2, "max", 0.95 / 3),
)
SHIFTS = (-0.2, -0.1, -0.05, 0.05, 0.1, 0.2)
FORECASTS = 200_000


def check() -> list[Check]:
    """Hand-made tables, and simulated forecasters that are over- or underconfident by δ."""
    return [_by_hand(), *_simulated()]


def _by_hand() -> Check:
    import numpy as np

    from triptych.metrics.calibration import Norm, calibration_error, reliability

    def error(
        confidence: tuple[float, ...], correct: tuple[int, ...], bins: int, norm: str
    ) -> float:
        kind: Norm = "l1" if norm == "l1" else "l2" if norm == "l2" else "max"
        diagram = reliability(np.array(confidence), np.array(correct, dtype=bool), bins)
        return float(calibration_error(diagram, kind))

    worst = max(abs(error(c, y, bins, norm) - value) for c, y, bins, norm, value in EDGES)
    # A handful of additions of numbers below 1: each rounds by half of 2^-52 at most.
    return Check(
        "hand-made tables, confidences 0, 1 and on bin edges included", worst, 16 * 2.0**-52,
        "fraction", "calibration error: computed − by hand", len(EDGES),
    )  # fmt: skip


def _simulated() -> list[Check]:
    import numpy as np

    from triptych.metrics.calibration import expected_calibration_error
    from triptych.seeding import numpy_generator

    size, sign, tolerance = 0.0, 0.0, 0.0
    for shift in SHIFTS:
        rng = numpy_generator("U07", shift)
        confidence = rng.uniform(0.6, 0.75, FORECASTS)
        truth = confidence - shift  # the chance of being right, at every confidence
        correct = rng.random(FORECASTS) < truth
        size = max(size, abs(float(expected_calibration_error(confidence, correct)) - abs(shift)))
        sign = max(sign, abs(float(confidence.mean() - correct.mean()) - shift))
        # Both are a mean of Bernoulli draws (in every bin the gap has the sign of δ, whose size is
        # more than ten standard errors of a bin); five standard errors.
        tolerance = max(tolerance, 5 * float(np.sqrt((truth * (1 - truth)).sum())) / FORECASTS)
    n = len(SHIFTS) * FORECASTS
    return [
        Check(
            "simulated forecasters, overconfident by δ = −0.2 to 0.2", size, tolerance, "fraction",
            "ECE − |δ|", n,
        ),
        Check(
            "simulated forecasters, overconfident by δ = −0.2 to 0.2", sign, tolerance, "fraction",
            "mean confidence − accuracy − δ: the side on which the error lies", n,
        ),
    ]  # fmt: skip


CLAIMS = [
    Identity(
        "U07", "uncertainty", "B", STATEMENT,
        "ECE of hand-made tables and of simulated forecasters whose calibration error is known; "
        "the side (over- or underconfident) is read off confidence − accuracy",
        check,
    )
]  # fmt: skip
