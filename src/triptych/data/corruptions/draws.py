"""Random draws that belong to an image, not to a batch: one counter-based generator per image."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from triptych.seeding import derive_seed

Floats = NDArray[np.float64]


class Draws:
    """Philox generators, one per image, keyed by (stream, image id).

    The 128-bit Philox key is the pair (hash of the stream, id). What one image draws therefore
    depends neither on its neighbours in the batch nor on their order or number. Repeated calls
    continue each image's own stream.
    """

    def __init__(self, ids: NDArray[np.int64], *stream: object) -> None:
        """Prepare generators.

        Args:
            ids: int64 [N], not negative: positions of the images in their data set.
            *stream: Whatever tells this use of randomness from every other one.
        """
        key = derive_seed(*stream)
        self._generators = [
            np.random.Generator(np.random.Philox(key=np.array([key, i], dtype=np.uint64)))
            for i in ids.tolist()
        ]

    def each(self, draw: Callable[[np.random.Generator, int], Floats]) -> Floats:
        """Stack ``draw(generator of image i, i)`` over the batch positions i: [N, ...]."""
        return np.stack([draw(generator, i) for i, generator in enumerate(self._generators)])

    def normal(self, shape: Sequence[int]) -> Floats:
        """Standard normal draws, [N, *shape]."""
        return self.each(lambda generator, _: generator.standard_normal(tuple(shape)))

    def uniform(self, shape: Sequence[int]) -> Floats:
        """Uniform draws in [0, 1), [N, *shape]."""
        return self.each(lambda generator, _: generator.random(tuple(shape)))

    def integers(self, low: int, high: int, shape: Sequence[int]) -> NDArray[np.int64]:
        """Uniform whole numbers low … high − 1, [N, *shape]."""
        return np.stack([g.integers(low, high, tuple(shape)) for g in self._generators])

    def signs(self, count: int) -> Floats:
        """-1 or +1 with equal probability, [N, count]."""
        return np.where(self.uniform((count,)) < 0.5, -1.0, 1.0)
