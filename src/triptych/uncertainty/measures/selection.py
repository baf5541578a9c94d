"""Whether the confidence tells right predictions from wrong ones."""

import numpy as np

from triptych.metrics import selection as s
from triptych.metrics.classification import top_label
from triptych.uncertainty.measures.base import Number, Prediction


def measure(prediction: Prediction) -> list[Number]:
    """Detection of errors by 1 − confidence, and the error when only the surest are answered."""
    confidence, correct = top_label(prediction.log_p, prediction.labels)
    wrong = np.logical_not(correct)
    score = 1.0 - confidence
    how = "wrong predictions are positive, score 1 − confidence; nan without an error"
    return [
        Number("error_auroc", s.auroc(score, wrong), "fraction", "estimate", how, by_kind=False),
        Number(
            "error_aupr", s.aupr(score, wrong), "fraction", "estimate", f"{how}; step-wise",
            by_kind=False,
        ),
        Number(
            "error_fpr95", s.false_positive_rate(score, wrong), "fraction", "estimate",
            f"{how}; right predictions doubted when 95 % of the wrong ones are",
            by_kind=False,
        ),
        Number(
            "aurc", s.aurc(confidence, wrong), "fraction", "exact", "error, mean over coverage",
            by_kind=False,
        ),
        Number(
            "aurc_excess", s.aurc(confidence, wrong) - s.least_aurc(wrong), "fraction", "exact",
            "above the least possible at this number of errors", by_kind=False,
        ),
    ]  # fmt: skip
