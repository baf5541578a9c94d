"""Entropy and disagreement of the members."""

from triptych.metrics import disagreement as d
from triptych.uncertainty.measures.base import Number, Prediction


def measure(prediction: Prediction) -> list[Number]:
    """Entropy of the pooled prediction; with two members or more also what they disagree about."""
    entropy = float(d.entropy(prediction.log_p).mean())
    numbers = [Number("predictive_entropy", entropy, "nats", "exact", by_kind=False)]
    if len(prediction.members) < 2:  # of one member nothing can be said: left out, not 0
        return numbers
    split = d.entropy_split(prediction.members)
    how = "members' arithmetic mean"
    disagreement = float(d.pairwise_disagreement(prediction.members))
    return [
        *numbers,
        Number(
            "expected_entropy", float(split.expected.mean()), "nats", "estimate", how, by_kind=False
        ),
        Number(
            "mutual_information", float(split.mutual.mean()), "nats", "estimate", how, by_kind=False
        ),
        Number(
            "disagreement", disagreement, "fraction", "estimate", "mean over pairs of members",
            by_kind=False,
        ),
    ]  # fmt: skip
