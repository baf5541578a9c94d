"""Entropy and disagreement of members that count alike."""

from triptych.metrics import disagreement as d
from triptych.uncertainty.measures.base import Number, Prediction, noted


def measure(prediction: Prediction) -> list[Number]:
    """Entropy of the pooled prediction; with two members or more also what they disagree about.

    The split is of the arithmetic mixture of the members, in equal shares: where these are of
    different kinds and weighted, it says nothing of the method and is left out.
    """
    entropy = float(d.entropy(prediction.log_p).mean())
    numbers = [Number("predictive_entropy", entropy, "nats", "exact", by_kind=False)]
    if not prediction.disputes:  # of one member nothing can be said: left out, not 0
        return numbers
    split = d.split_of(prediction.log_members)
    how = noted("members' arithmetic mean", prediction.other_pool)
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
