"""Frost: a piece of one of six frost pictures laid over the image."""

import numpy as np

from triptych.data.corruptions.base import Bytes, Corruption, Pictures, Pixels
from triptych.data.corruptions.draws import Draws
from triptych.data.corruptions.filters import luma
from triptych.errors import UserError


def _apply(
    x: Pixels, constant: tuple[float, float, int], draws: Draws, pictures: Pictures
) -> Pixels:
    ours, theirs, shrink = constant
    height, width, channels = x.shape[1:]
    frames = [_shrunk(pictures[name], shrink) for name in sorted(pictures)]
    tallest, widest = (min(frame.shape[axis] for frame in frames) for axis in (0, 1))
    if tallest < height or widest < width:
        raise UserError(
            f"corruption frost: expected images of at most {tallest}×{widest} pixels, found "
            f"{height}×{width}; leave it out of uncertainty.shift.kinds"
        )

    def piece(generator: np.random.Generator, _: int) -> Pixels:
        frame = frames[generator.integers(len(frames))]
        top = generator.integers(frame.shape[0] - height + 1)
        left = generator.integers(frame.shape[1] - width + 1)
        return frame[top : top + height, left : left + width]

    ice = draws.each(piece) / 255.0
    return ours * x + theirs * (ice if channels == 3 else luma(ice))


def _shrunk(picture: Bytes, factor: int) -> Pixels:
    """Means of blocks; what is left over at the lower right is cut off."""
    height, width = (side // factor for side in picture.shape[:2])
    cut = picture[: height * factor, : width * factor].astype(np.float64)
    return np.asarray(cut.reshape(height, factor, width, factor, -1).mean(axis=(1, 3)))


# Weights of image and frost, and how much smaller the pictures are made (Hendrycks & Dietterich
# 2019; their draw never takes the sixth picture, and they shrink by cubic interpolation). At 8×8 a
# piece of frost is a constant: no "small" constants.
CORRUPTION = Corruption(
    _apply,
    {
        "cifar_c": ((1.0, 0.2, 5), (1.0, 0.3, 5), (0.9, 0.4, 5), (0.85, 0.4, 5), (0.75, 0.45, 5)),
        "imagenet_c": (
            (1.0, 0.4, 1), (0.8, 0.6, 1), (0.7, 0.7, 1), (0.65, 0.7, 1), (0.6, 0.75, 1),
        ),
    },
    companion="frost",
    # From severity 3 on the image is darkened as the frost brightens it.
    scales={"cifar_c": ((1, 2), (3,), (4,), (5,))},
    block=1 << 25,
)  # fmt: skip
