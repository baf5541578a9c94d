"""O4 and O5: enumeration, sampling frequencies, Jacobian causality, the blind spot."""

import pytest
import torch
from scipy.stats import chisquare

from triptych.generative.enumeration import (
    causality_violation,
    dependencies,
    every_image,
    normalisation_error,
    random_model,
)
from triptych.generative.models.pixelcnn import Entry as PixelCNN
from triptych.generative.networks.masked import MaskedConv2d


@pytest.mark.parametrize(
    ("shape", "levels"), [((1, 2, 3), 2), ((1, 2, 2), 4), ((3, 1, 1), 4), ((3, 1, 2), 2)]
)
def test_probabilities_of_all_images_sum_to_one(shape, levels):
    error, count = normalisation_error(PixelCNN, shape, levels)
    assert count == levels ** (shape[0] * shape[1] * shape[2])
    assert error < 1e-12  # float64: a few hundred terms of relative error 1e-16


def test_ancestral_samples_follow_the_enumerated_probabilities():
    model = random_model(PixelCNN, (1, 2, 2), 3)
    images = every_image((1, 2, 2), 3)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        p = model.log_likelihood(images, torch.Generator()).nats.exp().numpy()
        draws = model.sample(20_000, torch.Generator().manual_seed(0))
    finally:
        torch.set_default_dtype(before)
    digits = torch.tensor([27, 9, 3, 1])
    counts = torch.bincount((draws.flatten(1).long() * digits).sum(1), minlength=81).numpy()
    common = p * 20_000 >= 5  # the usual validity rule of the test; the rest is one cell
    observed = [*counts[common], counts[~common].sum()]
    expected = [*(p[common] * 20_000), p[~common].sum() * 20_000]
    if expected[-1] == 0:
        observed, expected = observed[:-1], expected[:-1]
    # one fixed seed; a wrong sampler gives p of order 1e-100, a right one fails once in a million
    assert chisquare(observed, expected, sum_check=False).pvalue > 1e-6


@pytest.mark.parametrize("shape", [(1, 5, 5), (3, 4, 4)])
def test_no_value_depends_on_itself_or_a_later_one(shape):
    assert causality_violation(PixelCNN, shape, 3)[0] == 0.0


def test_channels_of_a_pixel_depend_on_earlier_channels():
    table = dependencies(random_model(PixelCNN, (3, 3, 3), 3))
    pixel = 3 * 4  # the centre
    assert table[pixel + 1, pixel] > 0 and table[pixel + 2, pixel + 1] > 0


def test_blind_spot_has_its_known_shape():
    """A plain stack of 3×3 masked convolutions never sees up and far to the right of a pixel.

    Each further row up widens the view by one pixel to the right: pixel (r, c) sees (r − k, c + j)
    only for j ≤ k. Everything else before it in raster order is seen once the stack is deep enough.
    """
    side = 6
    model = random_model(PixelCNN, (1, side, side), 2, layers=8, first_kernel=3)
    table = dependencies(model)
    for r, c in [(3, 2), (5, 1), (4, 4)]:
        for rr in range(side):
            for cc in range(side):
                if rr * side + cc >= r * side + c:
                    continue
                seen = bool(table[r * side + c, rr * side + cc] > 0)
                assert seen == (rr == r or cc - c <= r - rr), (r, c, rr, cc)


def test_masked_weights_get_no_gradient():
    layer = MaskedConv2d(1, 4, 3, "A")
    layer(torch.randn(2, 1, 5, 5)).square().sum().backward()
    assert (layer.weight.grad[layer.mask == 0] == 0).all()
    assert (layer.weight.grad[layer.mask == 1] != 0).any()


def test_mask_b_keeps_the_row_and_the_centre():
    layer = MaskedConv2d(2, 2, 3, "B")
    expected = torch.tensor([[1.0, 1, 1], [1, 1, 0], [0, 0, 0]])
    assert (layer.mask == expected).all()


def test_channels_must_divide():
    with pytest.raises(ValueError, match="multiple of 3"):
        MaskedConv2d(3, 10, 3, "B", image_channels=3)
