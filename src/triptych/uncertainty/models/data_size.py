"""A study: what more training data, and more to look at, do to the two kinds of uncertainty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from triptych.data.parts import Part
from triptych.model import Batch, Trainable
from triptych.params import Count, Distinct, TrainingParams
from triptych.seeding import derive_seed
from triptych.uncertainty.base import Method
from triptych.uncertainty.stacked import Stack

Hypothesis = Literal["linear", "network"]


class DataSizeParams(TrainingParams):
    """Sizes, members and conditions.

    Step size and penalty are those of the lowest NLL on the validation part of the digits.
    """

    steps: int = Field(400, ge=1, description="Optimiser updates of every member")
    batch_size: int = Field(32, ge=1, description="Images per member and update")
    learning_rate: float = Field(1e-2, gt=0, le=1, description="Adam's step size")
    cosine: bool = Field(True, description="Cosine decay of the learning rate to zero")
    weight_decay: float = Field(
        1e-3, ge=0, description="L2 penalty inside the optimiser (not AdamW)"
    )
    sizes: Distinct[Count] = Field(
        [50, 150, 450, 1050], min_length=2, description="Training images, ascending"
    )
    members: int = Field(5, ge=2, le=100, description="Networks per size and condition")
    hidden: int = Field(64, ge=1, le=4096, description="Units of the hidden layer")
    label_noise: float = Field(
        0.2, gt=0, lt=0.9, description="Share of the labels replaced by another class, at random"
    )
    views: int = Field(8, ge=2, le=1000, description="Noisy looks at an image, averaged; against 1")
    view_noise: float = Field(
        0.5, gt=0, le=10, description="Standard deviation of a look's noise; 1 is white"
    )


@dataclass(frozen=True)
class Condition:
    """One curve over training-set sizes.

    Attributes:
        name: Of the trainable, and in the records.
        hypothesis: Class of the models.
        noisy_labels: Whether the training labels are.
        views: Noisy looks averaged; 0 for the image itself.
    """

    name: str
    hypothesis: Hypothesis
    noisy_labels: bool = False
    views: int = 0


def conditions(params: Any) -> list[Condition]:
    """Every curve, in the order of the members."""
    return [
        Condition("linear", "linear"),
        Condition("network", "network"),
        Condition("label_noise", "network", noisy_labels=True),
        Condition("views_1", "network", views=1),
        Condition(f"views_{params.views}", "network", views=params.views),
    ]


def members_of(params: Any) -> dict[tuple[str, int], slice]:
    """(condition, size) -> which members of [M, N, K] they are."""
    keys = [(c.name, size) for c in conditions(params) for size in params.sizes]
    return {
        key: slice(index * params.members, (index + 1) * params.members)
        for index, key in enumerate(keys)
    }


class Entry(Method):
    """Ensembles on nested subsets of the training part, per hypothesis class and condition.

    The subsets are the first images of one shuffled order. Members differ in initialisation and in
    the bootstrap resample of their subset, so that what they disagree about is what that much data
    leaves open within a class of models; the step size decays to zero, so that the noise of the
    steps adds little.
    """

    Params = DataSizeParams
    family = "study of data size"
    data_kinds: ClassVar[tuple[str, ...]] = ("images",)
    task = "data size"
    sets = ()
    exchangeable = False
    full_batch = True  # every member draws from its own subset

    def __init__(self, params: DataSizeParams, meta: Mapping[str, Any]) -> None:
        super().__init__(params, meta)
        inputs = 1
        for length in meta["shape"]:
            inputs *= length
        self.conditions = conditions(params)
        sizes = [size for size in params.sizes for _ in range(params.members)]
        self.stacks = torch.nn.ModuleDict()
        for condition in self.conditions:
            hidden = [] if condition.hypothesis == "linear" else [params.hidden]
            widths = [inputs, *hidden, int(meta["n_classes"])]
            self.stacks[condition.name] = Stack(widths, sizes, params.batch_size)

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """Flat images ``x`` [N, D] in an order of the seed's own, and labels ``y`` [N]."""
        found, held_out = super().tensors(train, validation)
        rng = torch.Generator().manual_seed(
            derive_seed("data size", train.meta["dataset"], train.meta["seed"], "order")
        )
        order = torch.randperm(len(found["y"]), generator=rng)
        flat = {"x": found["x"].flatten(1)[order], "y": found["y"][order]}
        return flat, {"x": held_out["x"].flatten(1), "y": held_out["y"]}

    def trainables(self) -> dict[str, Trainable]:
        """A stack of networks per condition."""
        return {name: s for name, s in self.stacks.items() if isinstance(s, Trainable)}

    def data_for(self, name: str, train: Batch) -> Batch:
        """The training part under a condition: with noisy labels, or looked at through noise."""
        if max(self.params.sizes) > len(train["y"]):
            raise ValueError(
                f"sizes: expected at most {len(train['y'])} training images, found "
                f"{max(self.params.sizes)}"
            )
        condition = next(c for c in self.conditions if c.name == name)
        rng = torch.Generator().manual_seed(
            derive_seed("data size", self.meta["dataset"], self.meta["seed"], name)
        )
        x, y = train["x"], train["y"]
        if condition.noisy_labels:
            y = with_noise(y, int(self.meta["n_classes"]), self.params.label_noise, rng)
        return {"x": looked_at(x, condition.views, self.params.view_noise, rng), "y": y}

    @property
    def evaluations_per_prediction(self) -> int:
        """One per member."""
        return len(members_of(self.params)) * int(self.params.members)

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Logits of all members of all conditions, in the order of :func:`members_of`."""
        flat = x.flatten(1)
        found = []
        for condition in self.conditions:
            seen = looked_at(flat.cpu(), condition.views, self.params.view_noise, rng)
            found.append(self.stacks[condition.name](seen.to(x.device)))
        return torch.cat(found)

    def prediction_protocol(self) -> str:
        """What every number of the study means nothing without."""
        return f"{self.params.members} members per size, each on a bootstrap resample"


def with_noise(y: Tensor, classes: int, share: float, rng: torch.Generator) -> Tensor:
    """Labels, each replaced with probability ``share`` by one of the other classes, all alike."""
    replaced = torch.rand(len(y), generator=rng) < share
    others = (y + torch.randint(1, classes, (len(y),), generator=rng)) % classes
    return torch.where(replaced, others, y)


def looked_at(x: Tensor, views: int, noise: float, rng: torch.Generator) -> Tensor:
    """The mean of noisy looks at every image; 0 views are the image itself.

    Args:
        x: [N, D].
        views: How many; each adds normal noise of its own.
        noise: Standard deviation of one look.
        rng: Generator on the CPU.
    """
    if not views:
        return x
    draws: Sequence[Tensor] = [torch.randn(x.shape, generator=rng) for _ in range(views)]
    return x + noise * torch.stack(list(draws)).mean(dim=0)
