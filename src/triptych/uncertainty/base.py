"""What a method of the uncertainty panel is: logits of its members, and how to pool them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from triptych import registry
from triptych.data.parts import Part
from triptych.errors import UserError
from triptych.files import Array
from triptych.metrics.pooling import arithmetic
from triptych.model import Batch, Model
from triptych.params import ModelParams, TrainingParams
from triptych.training import predict_in_batches
from triptych.uncertainty.cost import multiply_adds, training_multiply_adds
from triptych.uncertainty.images import network_input, to_bytes
from triptych.uncertainty.networks import Network
from triptych.uncertainty.tables import TableNetwork, rows, rows_and_targets, standardise

PASS = 2048  # inputs per pass where a whole part goes through a network


class MethodParams(TrainingParams):
    """The network that all methods share and how it is trained.

    Width and steps are few, so that every method takes seconds. At them the step size and the
    dropout rate are those of the lowest NLL on the validation parts of the digits.
    """

    steps: int = Field(300, ge=1, description="Optimiser updates, of each network")
    batch_size: int = Field(64, ge=1, description="Images per update")
    learning_rate: float = Field(5e-3, gt=0, le=1, description="Adam's step size")
    width: int = Field(8, ge=1, le=512, description="Channels of the first convolution")
    hidden: int = Field(64, ge=1, le=4096, description="Units of the dense layer")


@dataclass(frozen=True)
class HeldOut:
    """Cached predictions on the validation part, on which a method may fit what it fits last.

    Attributes:
        logits: float32 [M, N, K].
        labels: int64 [N].
    """

    logits: Array
    labels: Array


class Method(Model):
    """Image or row of a table in, logits of the members out.

    A member is whatever the method keeps several of: networks, dropout masks, samples of weights.
    Logits are predicted once per (model, shift) and cached; every measure is computed from them.

    Attributes:
        task: What it is asked to do, where that is not the data set's own task; decides which
            measures it meets.
        sets: Named shifted sets that it is predicted on, and no corruptions; None: all there are.
        exchangeable: Whether any of its members could stand for any other, so that a part of them
            is a smaller model of the same kind.
    """

    Params: ClassVar[type[ModelParams]] = MethodParams
    data_kinds: ClassVar[tuple[str, ...]] = ("images", "table")
    task: ClassVar[str] = ""
    sets: ClassVar[tuple[str, ...] | None] = None
    exchangeable: ClassVar[bool] = True

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """Inputs ``x`` float32 [N, C, H, W] or [N, F] and labels ``y`` int64 [N] of both parts."""
        return inputs_and_labels(train), inputs_and_labels(validation)

    @classmethod
    def inputs(cls, x: Array) -> Tensor:
        """What :meth:`member_logits` is given, for images 0..255 or rows of a table [N, ...]."""
        return network_input(np.asarray(x, dtype=np.uint8)) if x.ndim == 4 else rows(x)

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """Fit the scaling of tables; what is learnt by steps is left to the training loop."""
        standardise(list(self.modules()), train)
        return False

    def network(self, dropout: float = 0.0) -> Network:
        """A freshly initialised network for this data set.

        Raises:
            UserError: The data set has no classes.
        """
        if not self.meta.get("n_classes"):
            raise UserError(
                f"{self.meta.get('dataset', 'data set')}: expected classes to tell apart, found "
                f"task {self.meta.get('task')!r}; use a data set with classes"
            )
        if self.meta.get("kind") == "table":
            columns = len(self.meta["features"])
            return TableNetwork(columns, self.meta["n_classes"], self.params.hidden, dropout)
        return Network(
            self.meta["shape"],
            self.meta["n_classes"],
            self.params.width,
            self.params.hidden,
            dropout,
        )

    @property
    def evaluations_per_prediction(self) -> int:
        """Passes through a network for one prediction."""
        raise NotImplementedError(f"{type(self).__name__} does not say what a prediction costs")

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Logits of every member.

        Args:
            x: Images, float32 [N, C, H, W], on the model's device.
            rng: Generator on the CPU, for methods that sample.

        Returns:
            [M, N, K].
        """
        raise NotImplementedError(f"{type(self).__name__} does not predict")

    def prediction_cost(self, x: Tensor) -> float:
        """Multiply-adds of one prediction; of trees, comparisons.

        What does not depend on the input, such as drawing weights, is done once for all of them and
        is no part of it.

        Args:
            x: One input [1, ...], on the model's device.
        """
        return float(multiply_adds(lambda: self.member_logits(x, torch.Generator().manual_seed(0))))

    def training_cost(self, x: Tensor, steps: Mapping[str, int], n: int) -> float | None:
        """Multiply-adds of gradient training; of trees, examples looked at times features tried.

        Args:
            x: One input [1, ...], on the model's device.
            steps: Updates that each of :meth:`trainables` took.
            n: Training examples.

        Returns:
            None where it is not counted: nothing was fitted by steps.
        """
        if not isinstance(self.params, TrainingParams):
            return None
        return training_multiply_adds(self.trainables(), steps, min(self.params.batch_size, n), x)

    def prediction_protocol(self) -> str:
        """What a number about the predictions means nothing without."""
        return "one network"

    @classmethod
    def combine(cls, params: Any, members: Array, held_out: HeldOut) -> Array:
        """The method's log-probabilities, from the logits of its members.

        By default the arithmetic mean of the members' probabilities. The evaluation calls this on
        cached logits, without the weights.

        Args:
            params: The entry's ``Params``, those of the evaluation included.
            members: Logits, float32 [M, N, K].
            held_out: The same members on the validation part: never the test part.

        Returns:
            float64 [N, K].
        """
        return arithmetic(members)

    @classmethod
    def fitted_protocol(cls, params: Any, held_out: HeldOut) -> str:
        """What a combined number means nothing without, known once :meth:`combine` has its data.

        Empty where nothing is fitted last, or what is fitted needs no remark.
        """
        return ""


def in_passes(network: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """What a network makes of a whole part, some inputs at a time: [N, ...] -> [N, ...].

    All at once the channels of every image would lie in memory together.
    """
    return torch.cat([network(x[rows]) for rows in predict_in_batches(len(x), PASS)])


def inputs_and_labels(part: Part) -> dict[str, Tensor]:
    """The tensors of one part of a table or of an image set."""
    return rows_and_targets(part) if part.meta["kind"] == "table" else images_and_labels(part)


def images_and_labels(part: Part) -> dict[str, Tensor]:
    """The tensors of one part of an image set."""
    return {
        "x": network_input(to_bytes(part.arrays["x"], part.meta)),
        "y": torch.from_numpy(part.arrays["y"]),
    }


def method_class(kind: str) -> type[Method]:
    """The class of a method by the name of its file."""
    found = registry.model_class("uncertainty", kind)
    if not issubclass(found, Method):
        raise TypeError(f"uncertainty/models/{kind}.py: expected a Method, found {found!r}")
    return found


def resolved(training: Mapping[str, Any], prediction: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a training job with the parameters that only the prediction reads merged in."""
    return {**training, "params": {**training["params"], **prediction["params"]}}
