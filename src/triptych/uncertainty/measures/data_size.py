"""The two kinds of uncertainty against the size of the training set."""

from dataclasses import replace

import numpy as np

from triptych.files import Array
from triptych.metrics import classification as c
from triptych.metrics import disagreement as d
from triptych.metrics.pooling import arithmetic
from triptych.uncertainty.measures.base import Number, Prediction
from triptych.uncertainty.models.data_size import conditions, members_of

TASKS = ("data size",)
CLASSES = ("linear", "network")  # hypothesis classes whose members are compared with each other


def measure(prediction: Prediction) -> list[Number]:
    """Per condition and size: entropies, disagreement, accuracy; across classes: disagreement."""
    params, labels = prediction.params, prediction.labels
    noisy = {condition.name for condition in conditions(params) if condition.noisy_labels}
    numbers = []
    for (name, size), members in members_of(params).items():
        noise = params.label_noise if name in noisy else 0.0
        found = _one(prediction.members[members], labels, noise)
        numbers += [replace(n, metric=f"data_size_{n.metric}/{name},n={size}") for n in found]
    groups = members_of(params)
    for size in params.sizes:
        left, right = (prediction.members[groups[name, size]] for name in CLASSES)
        numbers.append(
            Number(
                f"data_size_disagreement/across,n={size}", across(left, right), "fraction",
                "estimate", "mean over pairs of a linear model and a network",
            )
        )  # fmt: skip
    return numbers


def _one(members: Array, labels: Array, noise: float) -> list[Number]:
    """Numbers of one group of members [M, N, K], by their plain names."""
    split = d.entropy_split(members)
    log_p = arithmetic(members)
    how = "members' arithmetic mean"
    apart = float(d.pairwise_disagreement(members))
    found = [
        Number("accuracy", float(c.accuracy(log_p, labels)), "fraction", "exact", "true labels"),
        Number("nll", expected_nll(log_p, labels, noise), "nats", "exact", "mean over label noise"),
        Number("expected_entropy", float(split.expected.mean()), "nats", "estimate", how),
        Number("mutual_information", float(split.mutual.mean()), "nats", "estimate", how),
        Number("disagreement", apart, "fraction", "estimate", "mean over pairs of members"),
    ]
    if noise:
        best = noise_entropy(noise, log_p.shape[-1])
        how = "of a label whose true class is known"
        found.append(Number("noise_entropy", best, "nats", "exact", how))
    return found


def expected_nll(log_p: Array, labels: Array, noise: float) -> float:
    r"""Mean NLL of labels of which a share ε is replaced, over all replacements.

    .. math:: -(1 - ε) \log p_y - \frac{ε}{K - 1} \sum_{k \ne y} \log p_k

    Never below :func:`noise_entropy`, which the true conditional distribution attains.
    """
    right = log_p[np.arange(len(labels)), labels]
    others = log_p.sum(axis=-1) - right
    classes = log_p.shape[-1]
    return float(-((1 - noise) * right + noise / (classes - 1) * others).mean())


def noise_entropy(noise: float, classes: int) -> float:
    """−(1 − ε) ln(1 − ε) − ε ln(ε / (K − 1)), what symmetric noise leaves uncertain for ever."""
    return float(-(1 - noise) * np.log(1 - noise) - noise * np.log(noise / (classes - 1)))


def across(left: Array, right: Array) -> float:
    """Share of examples on which two members predict differently, over pairs of the two groups.

    Args:
        left: Logits [M, N, K].
        right: Logits [L, N, K].
    """
    first, second = left.argmax(axis=-1), right.argmax(axis=-1)
    return float((first[:, None] != second[None]).mean())
