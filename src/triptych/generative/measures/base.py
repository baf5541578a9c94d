"""What a measure is given, and what it gives back."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from triptych.data.parts import Part
from triptych.files import Array
from triptych.generative.base import GenerativeModel, Sampler, images
from triptych.generative.extractor import Extractor, extract
from triptych.generative.params import MeasureParams
from triptych.records import Kind, Record
from triptych.seeding import derive_seed


@dataclass(frozen=True)
class Trained:
    """A trained model of one seed with everything its measures may look at.

    Attributes:
        model: On ``device``, in evaluation mode.
        name: Entry in ``params.yaml``.
        dataset: Catalogue name.
        seed: Seed.
        train: Training part.
        validation: Validation part.
        test: Test part: this object exists in the last evaluation only.
        extractor: Features for Fréchet distance and KID.
        params: How to measure.
        facts: The training run's facts for this seed (seconds, parameters, status).
        device: Where to compute.
    """

    model: GenerativeModel
    name: str
    dataset: str
    seed: int
    train: Part
    validation: Part
    test: Part
    extractor: Extractor
    params: MeasureParams
    facts: dict[str, Any]
    device: torch.device

    def rng(self, purpose: str) -> torch.Generator:
        """The generator of one purpose of this evaluation."""
        seed = derive_seed("generative", self.name, self.dataset, self.seed, purpose)
        return torch.Generator(self.device).manual_seed(seed)

    def subset(self, available: int, wanted: int, purpose: str) -> Array:
        """Rows of ``wanted`` of so many images at random, ascending; all where there are fewer.

        The same for every model of a data set and seed, so that models are compared with one set.
        """
        rng = np.random.default_rng(derive_seed("generative", self.dataset, self.seed, purpose))
        return np.sort(rng.permutation(available)[:wanted])

    def images(self, part: Part) -> Tensor:
        """Levels [N, C, H, W] on the device."""
        return images(part).to(self.device)

    def test_images(self, wanted: int | None) -> Tensor:
        """So many test images, evenly spaced; all of them for None.

        Not the first ones: test sets come in an order. The first thousand digits of MNIST's test
        part have more ink than the others, and cost a PixelCNN several nats more each.
        """
        every = self.images(self.test)
        if wanted is None or wanted >= len(every):
            return every
        return every[torch.arange(wanted, device=every.device) * len(every) // wanted]

    @cached_property
    def samples(self) -> Tensor | None:
        """``params.samples`` images of the model, uint8 [n, C, H, W]; None if it draws none."""
        if not isinstance(self.model, Sampler):
            return None
        return self.model.sample(self.params.samples, self.rng("sample"))

    def features(self, x: Tensor) -> Array:
        """Extractor features, float64 [N, F]."""
        return extract(self.extractor, x.to(self.device)).cpu().numpy()

    def record(
        self,
        metric: str,
        value: float,
        unit: str,
        kind: Kind,
        n: int,
        protocol: str,
        *,
        split: str = "test",
    ) -> Record:
        """A record of this model."""
        return Record(
            "generative", self.model.task, self.dataset, self.name, self.seed, split, metric,
            float(value), unit, kind, n, protocol,
        )  # fmt: skip

    @property
    def split_rule(self) -> str:
        """For protocols."""
        return str(self.test.meta["split_rule"])


@dataclass
class Measured:
    """Deterministic numbers, wall-clock numbers, and raw outputs that figures need."""

    records: list[Record] = field(default_factory=list)
    timings: list[Record] = field(default_factory=list)
    arrays: dict[str, Array] = field(default_factory=dict)
