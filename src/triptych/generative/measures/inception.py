"""The Inception FID of the literature, where its weights are given.

Through torch-fidelity (Obukhov et al. 2020), which reproduces the original TensorFlow network. The
weights are a download of their own: name their file in ``generative.measure.inception_weights``.
"""

import importlib
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from triptych.errors import UserError
from triptych.files import sha256_file
from triptych.generative.measures.base import Measured, Trained
from triptych.generative.weights_file import problems


def measure(trained: Trained) -> Measured:
    """FID of the samples against training and test images; nothing where no weights are named."""
    out = Measured()
    weights = trained.params.inception_weights
    if weights is None or trained.samples is None:
        return out
    if wrong := problems(weights):
        raise UserError("; ".join(wrong))
    path = Path(weights)
    for split, part in (("train", trained.train), ("test", trained.test)):
        real = trained.images(part)
        value = _distance(trained.samples, real, trained.model.levels, path, trained.device)
        out.records.append(
            trained.record(
                "frechet_distance/inception", value, "1", "estimate", len(trained.samples),
                f"FID: {len(trained.samples)} samples against {len(real)} {split} images, "
                f"inception-v3-compat of torch-fidelity, weights {sha256_file(path)[:12]}; "
                f"{trained.split_rule}",
                split=split,
            )
        )  # fmt: skip
    return out


class _Images(TensorDataset):
    """Yields bare uint8 images [3, H, W], as the library expects."""

    def __getitem__(self, index: int) -> Tensor:  # type: ignore[override]
        return self.tensors[0][index]


def _distance(
    samples: Tensor, real: Tensor, levels: int, path: Path, device: torch.device
) -> float:
    library = importlib.import_module("torch_fidelity")
    found = library.calculate_metrics(
        input1=_Images(_rgb(samples, levels)),
        input2=_Images(_rgb(real, levels)),
        cuda=device.type == "cuda",
        fid=True,
        feature_extractor_weights_path=str(path),
        samples_shuffle=False,
        verbose=False,
    )
    return float(found["frechet_inception_distance"])


def _rgb(x: Tensor, levels: int) -> Tensor:
    """Levels stretched to 0 … 255, grey images repeated over three channels."""
    stretched = (x.float() * (255.0 / (levels - 1))).round().to(torch.uint8).cpu()
    return stretched.expand(-1, 3, -1, -1) if x.shape[1] == 1 else stretched
