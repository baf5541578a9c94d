"""The classifier whose features Fréchet distance and KID compare, trained by the pipeline itself.

The Inception network of the literature never saw 8×8 digits. This one is trained on the training
part of the same split; a distance is named after it (``cnn32``: convolutional, 32 features) and is
comparable to no other. Where a data set has no labels, it learns to tell by how many quarter turns
an image was rotated (Gidaris, Singh & Komodakis 2018), and is named ``cnn32_rotations``.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from triptych import jobs
from triptych.data.parts import Part, read_part
from triptych.files import read_json, write_arrays
from triptych.generative.base import image_shape, images
from triptych.generative.observation import normalise
from triptych.model import Batch, Meta, Trainable
from triptych.params import TrainingParams
from triptych.seeding import derive_seed
from triptych.training import fit, predict_in_batches

MODULES = ["triptych.generative.extractor"]
TURNS = 4
BATCH = 2048  # images at once where no gradient is needed: bounds the memory of large images


class Extractor(Trainable):
    """Two convolutions, a feature layer, a linear classifier; any image size from 8×8 up.

    Features are centred and divided by one number, so that over the training images they have mean
    0 and variance 1 on average: distances of extractors trained on other splits then share a scale.
    """

    centre: Tensor
    scale: Tensor

    def __init__(self, meta: Meta, features: int) -> None:
        super().__init__()
        channels, height, width = image_shape(meta)
        self.levels = int(meta["levels"])
        labelled = meta["n_classes"] is not None
        self.name = f"cnn{features}" if labelled else f"cnn{features}_rotations"
        self.body = nn.Sequential(
            nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(32 * (height // 4) * (width // 4), features),
        )  # fmt: skip
        self.head = nn.Linear(features, int(meta["n_classes"]) if labelled else TURNS)
        self.register_buffer("centre", torch.zeros(features))
        self.register_buffer("scale", torch.ones(()))

    def features(self, x: Tensor) -> Tensor:
        """Standardised features [N, F] (before the nonlinearity) of levels [N, C, H, W]."""
        return (self._raw(x) - self.centre) / self.scale

    @torch.no_grad()
    def standardise(self, x: Tensor) -> None:
        """Set centre and scale from the training images."""
        raw = torch.cat([self._raw(x[rows]) for rows in predict_in_batches(len(x), BATCH)])
        self.centre.copy_(raw.mean(0))
        self.scale.copy_((raw - self.centre).square().mean().sqrt())

    def logits(self, x: Tensor) -> Tensor:
        """Class scores [N, K]."""
        scores: Tensor = self.head(torch.relu(self._raw(x)))
        return scores

    def _raw(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(normalise(x, self.levels))
        return out

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Cross-entropy."""
        return nn.functional.cross_entropy(self.logits(batch["x"]), batch["y"])

    def validation_loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """The same over all images, in batches."""
        x, y = batch["x"], batch["y"]
        parts = [
            nn.functional.cross_entropy(self.logits(x[rows]), y[rows], reduction="sum")
            for rows in predict_in_batches(len(x), BATCH)
        ]
        return torch.stack(parts).sum() / len(x)


@torch.no_grad()
def extract(extractor: Extractor, x: Tensor) -> Tensor:
    """Features of all images, in batches, float64 [N, F]."""
    parts = [extractor.features(x[rows]) for rows in predict_in_batches(len(x), 512)]
    return torch.cat(parts).double()


def run(conf: Path, parts: Path, out: Path) -> None:
    """Train one extractor (verb ``extractor``)."""
    values = read_json(conf)
    seed = values["seeds"][0]
    inputs = [parts / "train.safetensors", parts / "validation.safetensors"]
    with jobs.running("extractor", conf, inputs, out, MODULES) as job:
        train, validation = (read_part(path) for path in inputs)
        stream = ("extractor", values["dataset"], seed)
        torch.manual_seed(derive_seed(*stream, "initialise"))
        model = Extractor(train.meta, values["params"]["features"]).to(job.device)
        settings = TrainingParams(
            steps=values["params"]["steps"],
            batch_size=values["params"]["batch_size"],
            learning_rate=values["params"]["learning_rate"],
            cosine=True,
        )
        result = fit(
            model, _batch(train), _batch(validation), settings, seed=stream, device=job.device,
            checkpoint=job.checkpoint("extractor"), label=f"extractor seed {seed}",
        )  # fmt: skip
        model.standardise(images(train).to(job.device))
        job.facts |= {"status": result.status, "accuracy": _accuracy(model, validation, job.device)}
        job.beginning.check()
        write_arrays(
            out / "weights.safetensors",
            {name: value.cpu().numpy() for name, value in model.state_dict().items()},
        )
        jobs.write_curves(out / "curves.csv", [(seed, "extractor", p) for p in result.curves])
    job.checkpoint("extractor").clear()


def load(folder: Path, meta: Meta) -> Extractor:
    """A trained extractor from its job's folder."""
    from triptych.files import read_arrays

    weights = read_arrays(folder / "weights.safetensors")
    model = Extractor(meta, len(weights["head.weight"][0]))
    model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return model.eval()


def _batch(part: Part) -> Batch:
    """Images and their classes; without classes, rotated images and their quarter turns."""
    x = images(part)
    if "y" in part.arrays:
        return {"x": x, "y": torch.from_numpy(part.arrays["y"])}
    turns = torch.arange(len(x)) % TURNS
    for k in range(1, TURNS):
        x[turns == k] = torch.rot90(x[turns == k], k, (2, 3))
    return {"x": x, "y": turns}


@torch.no_grad()
def _accuracy(model: Extractor, part: Part, device: torch.device) -> float:
    batch = _batch(part)
    x = batch["x"].to(device)
    parts = [model.logits(x[rows]).argmax(1).cpu() for rows in predict_in_batches(len(x), BATCH)]
    return float((torch.cat(parts) == batch["y"]).double().mean())
