"""Motion: the camera moves while the shutter is open, along a direction of each image's own."""

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws
from triptych.data.corruptions.filters import motion


def _apply(x: Pixels, constant: tuple[int, float], draws: Draws) -> Pixels:
    radius, sigma = constant
    degrees = 90.0 * draws.uniform((1,))[:, 0] - 45.0
    return motion(x, radius, sigma, degrees)


# Radius and σ of ImageMagick's motion blur, pixels; the angle is uniform in ±45° (Hendrycks &
# Dietterich 2019). The filter is defined here anew, so its images are not theirs bit for bit.
CORRUPTION = Corruption(
    _apply,
    {
        "small": ((1, 0.5), (1, 0.7), (2, 0.8), (2, 1.0), (2, 1.5)),
        "cifar_c": ((6, 1.0), (6, 1.5), (6, 2.0), (8, 2.0), (9, 2.5)),
        "imagenet_c": ((10, 3.0), (15, 5.0), (15, 8.0), (15, 12.0), (20, 15.0)),
    },
    # 3 and 4 differ in a radius beyond the reach of their σ: two names for one blur.
    scales={"cifar_c": ((1, 2, 3, 5), (1, 2, 4, 5))},
)
