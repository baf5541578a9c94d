"""Logistic regression on circular fingerprints: the screen without a network."""

from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.data.parts import Part
from triptych.errors import UserError
from triptych.files import Array
from triptych.graphs import screening
from triptych.graphs.base import GraphModel, Measured, Parts
from triptych.graphs.class_numbers import class_numbers
from triptych.model import Batch, Meta
from triptych.params import ModelParams

BITS = 2048
ITERATIONS = 1000


class FingerprintParams(ModelParams):
    """The regression's own parameter."""

    strength: float = Field(
        1.0, gt=0, description="Inverse of the L2 penalty (C of scikit-learn); larger fits closer"
    )


class Entry(GraphModel):
    """log p(y | bits) is linear in the 2048 bits of Morgan's fingerprint of radius 2.

    D. Rogers and M. Hahn, "Extended-Connectivity Fingerprints" (2010, doi:10.1021/ci100050t). The
    optimum is unique: no seed moves it on one split.
    """

    Params = FingerprintParams
    family = "molecular"
    task = "graph classification"
    symmetry: ClassVar[Literal["equivariant", "invariant"]] = "invariant"
    data_kinds: ClassVar[tuple[str, ...]] = ("molecules",)

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__(params, meta)
        if not meta["n_classes"]:
            raise UserError(
                f"{meta.get('dataset', 'data set')}: expected classes to tell apart, found "
                f"task {meta.get('task')!r}; use a set of molecules with classes"
            )
        self.linear = nn.Linear(BITS, int(meta["n_classes"]))

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """Both hold ``bits`` [N, 2048] and ``y`` [N]."""
        return _tensors(train), _tensors(validation)

    @torch.no_grad()
    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """The optimum, by L-BFGS."""
        from sklearn.linear_model import LogisticRegression  # a second, for this alone

        y = train["y"].numpy()
        model = LogisticRegression(C=self.params.strength, max_iter=ITERATIONS)
        model.fit(train["bits"].numpy(), y)
        self.linear.weight.zero_()
        self.linear.bias.fill_(-torch.inf)  # of a class without examples
        coefficients, intercepts = model.coef_, model.intercept_
        if len(model.classes_) == 2:  # scikit-learn keeps the log-odds of the second class alone
            coefficients = np.concatenate([0 * coefficients, coefficients])
            intercepts = np.concatenate([0 * intercepts, intercepts])
        for c, row, intercept in zip(model.classes_, coefficients, intercepts, strict=True):
            self.linear.weight[c] = torch.from_numpy(row)
            self.linear.bias[c] = float(intercept)
        return True

    @torch.no_grad()
    def predict(self, part: Part) -> Array:
        """Logits of the molecules of a part: float32 [N, classes]."""
        out: Tensor = self.linear(_tensors(part)["bits"])
        return out.numpy()

    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Accuracy and negative log-likelihood, and the ranking where there are two classes."""
        measured = class_numbers(self.predict, parts, self.protocol(parts["train"].meta))
        return screening.with_ranking(measured, parts)

    def protocol(self, meta: Meta) -> str:
        """What an accuracy of this model means nothing without."""
        return "; ".join(
            [
                f"split: {meta['split_rule']}",
                *map(str, meta["notes"]),
                f"Morgan fingerprints, radius 2, {BITS} bits; logistic regression, C = "
                f"{self.params.strength:g}; a seed draws the split alone",
            ]
        )


def _tensors(part: Part) -> dict[str, Tensor]:
    bits = np.unpackbits(part.arrays["fingerprint"], axis=1).astype(np.float32)
    return {"bits": torch.from_numpy(bits), "y": torch.from_numpy(part.arrays["y"])}
