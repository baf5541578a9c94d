"""What every trained thing in every panel has in common."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from triptych.data.parts import Part
from triptych.params import ModelParams

Batch = Mapping[str, Tensor]
Meta = Mapping[str, Any]


class Trainable(nn.Module):
    """A module that the one training loop can fit.

    The loop calls :meth:`objectives` once per step and updates, for every (name, loss) it yields,
    the parameters that :meth:`parameter_groups` lists under that name, before it asks for the next
    pair. Alternating games (a GAN) are therefore written down in the order they are played.
    """

    def parameter_groups(self) -> dict[str, list[dict[str, Any]]]:
        """Optimiser name -> torch parameter groups (may override ``weight_decay``, ``lr``)."""
        return {"model": [{"params": list(self.parameters())}]}

    def objectives(self, batch: Batch, rng: torch.Generator) -> Iterator[tuple[str, Tensor]]:
        """Yield (optimiser name, scalar loss) in the order of the updates."""
        yield "model", self.loss(batch, rng)

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """The scalar training loss of one batch."""
        raise NotImplementedError(f"{type(self).__name__} defines neither loss nor objectives")

    def validation_loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Scalar, lower is better, in evaluation mode; by default the training loss."""
        return self.loss(batch, rng)

    def refresh(self, batch: Batch, rng: torch.Generator) -> Batch:
        """A training batch as this step is to see it, where data are drawn anew at every step."""
        return batch

    def diagnostics(self, batch: Batch, rng: torch.Generator) -> dict[str, float]:
        """Further numbers for the training curves, on held-out data, in evaluation mode.

        They describe the state that is being trained, not the averaged weights.
        """
        return {}


class Model(Trainable):
    """A family member: parameters in, trained state out.

    Attributes:
        Params: The typed entry under ``models:`` of the panel in ``params.yaml``.
        family: What the deck calls the family; the report groups by it.
        full_batch: Whether a training step sees all training tensors at once (transductive graphs).
        data_kinds: Kinds of data sets (catalogue) that it reads.
    """

    Params: ClassVar[type[ModelParams]] = ModelParams
    family: ClassVar[str]
    full_batch: ClassVar[bool] = False
    data_kinds: ClassVar[tuple[str, ...]] = ("images",)

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__()
        self.params = params
        self.meta = dict(meta)

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """What a training step and a validation see, from the stored parts of the data set."""
        raise NotImplementedError(f"{cls.__name__} does not say how to read its data")

    def trainables(self) -> dict[str, Trainable]:
        """The modules to fit one after the other, by name; by default the model itself."""
        return {"model": self}

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """Set the state directly from the training data where that is possible.

        Returns:
            True if the model is now fitted and the training loop is not needed.
        """
        return False

    def data_for(self, name: str, train: Batch) -> Batch:
        """The training data of one of :meth:`trainables`; by default all of it.

        Args:
            name: Which of them.
            train: The training part, as :meth:`tensors` made it.
        """
        return train

    def complete(self, train: Batch, validation: Batch) -> None:
        """Set what is computed once from the fitted weights, by default nothing (a posterior).

        Called without gradients after the training loop, unless it diverged.

        Args:
            train: The training part, on the model's device.
            validation: The validation part, likewise.
        """
