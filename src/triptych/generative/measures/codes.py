"""Are the codes useful: reconstruction error, and a linear probe against raw pixels."""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from triptych.data.parts import Part
from triptych.files import Array
from triptych.generative.base import Coder
from triptych.generative.measures.base import Measured, Trained
from triptych.seeding import numpy_generator


@torch.no_grad()
def measure(trained: Trained) -> Measured:
    """Error and probe accuracy at every code size; the largest also under the plain names."""
    model, out = trained.model, Measured()
    if not isinstance(model, Coder) or "y" not in trained.test.arrays:
        return out
    test = trained.images(trained.test)
    for size in sorted(model.code_sizes):
        codes = {name: _codes(trained, model, part, size) for name, part in _parts(trained)}
        error = (model.decode(model.encode(test, size)) - model.normalised(test)).square().mean()
        names = [f"/code={size}"] + ([""] if size == max(model.code_sizes) else [])
        accuracy = _accuracy(codes["train"], codes["test"], trained)
        few = _few_labels(codes["train"], codes["test"], trained)
        for suffix in names:
            out.records.append(
                trained.record(
                    f"reconstruction_mse{suffix}", float(error), "1", "exact", len(test),
                    f"per dimension, pixels in [−1, 1], code size {size}; {trained.split_rule}",
                )
            )  # fmt: skip
            out.records.append(
                trained.record(
                    f"probe_accuracy{suffix}", accuracy, "fraction", "exact", len(test),
                    f"logistic regression on codes of size {size}, standardised, all "
                    f"{len(trained.train.arrays['y'])} training labels; {trained.split_rule}",
                )
            )  # fmt: skip
            for labels, value in few.items():
                out.records.append(
                    trained.record(
                        f"probe_accuracy_{labels}_per_class{suffix}", value, "fraction", "exact",
                        len(test),
                        f"logistic regression on codes of size {size}, standardised, {labels} "
                        f"labels per class; {trained.split_rule}",
                    )
                )  # fmt: skip
    pixels = {name: _pixels(part) for name, part in _parts(trained)}
    out.records.append(
        trained.record(
            "probe_accuracy/raw pixels", _accuracy(pixels["train"], pixels["test"], trained),
            "fraction", "exact", len(test),
            f"logistic regression on raw pixels, all training labels; {trained.split_rule}",
        )
    )  # fmt: skip
    return out


def _parts(trained: Trained) -> list[tuple[str, Part]]:
    return [("train", trained.train), ("test", trained.test)]


def _codes(trained: Trained, model: Coder, part: Part, size: int) -> Array:
    return model.encode(trained.images(part), size).cpu().numpy().astype(np.float64)


def _pixels(part: Part) -> Array:
    return part.arrays["x"].reshape(len(part.arrays["x"]), -1).astype(np.float64)


def _accuracy(train: Array, test: Array, trained: Trained, rows: Array | None = None) -> float:
    rows = np.arange(len(train)) if rows is None else rows
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2000))
    probe.fit(train[rows], trained.train.arrays["y"][rows])
    return float(probe.score(test, trained.test.arrays["y"]))


def _few_labels(train: Array, test: Array, trained: Trained) -> dict[int, float]:
    """Accuracy by labels per class; the same labelled images for every model of a seed."""
    y = trained.train.arrays["y"]
    found = {}
    for labels in trained.params.probe_labels:
        rng = numpy_generator("probe", trained.dataset, trained.seed, labels)
        rows = np.concatenate(
            [rng.permutation(np.flatnonzero(y == c))[:labels] for c in np.unique(y)]
        )
        found[labels] = _accuracy(train, test, trained, np.sort(rows))
    return found
