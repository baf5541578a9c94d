"""Translation along both axes, each to either side."""

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws
from triptych.data.corruptions.sampling import bilinear, centred_grid


def _apply(x: Pixels, share: float, draws: Draws) -> Pixels:
    height, width = x.shape[1:3]
    row, column = centred_grid(height, width)
    signs = draws.signs(2)[:, :, None, None]
    rows = row + (height - 1) / 2 + signs[:, 0] * (share * height)
    columns = column + (width - 1) / 2 + signs[:, 1] * (share * width)
    return bilinear(x, rows, columns)


# Share of the side length: MNIST-C (Mu & Gilmer 2019) moves 28 pixels by 1 to 5, which at 8×8 is
# 0.3 to 1.4 pixels, read bilinearly. Not a kind of ImageNet-C or CIFAR-10-C.
CORRUPTION = Corruption(_apply, {"small": (1 / 28, 2 / 28, 3 / 28, 4 / 28, 5 / 28)})
