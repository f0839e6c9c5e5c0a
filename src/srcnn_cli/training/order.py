"""In which order training pictures are visited, and which crop of each is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.imaging.degradation import Degradation, Example, Window, cropped_size
from srcnn_cli.training.examples import Skipped, least_side, read_large_enough, shrunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class SampleIndex(NamedTuple):
    """What `CropDataset` is asked for: index among the files, scale, and number in the order."""

    file: int
    scale: int
    number: int


@dataclass(frozen=True)
class Order:
    """Every epoch visits all files, in an order of its own, the scales taking turns.

    Iterating never ends.

    Attributes:
        files: How many there are.
        scales: At which they are used.
        seed: Of the permutations.
        rank: Of several runs that share the files, each visiting its own part of every epoch.
        world: How many such runs there are.
        start: Number of the first picture.
    """

    files: int
    scales: tuple[int, ...]
    seed: int
    rank: int = 0
    world: int = 1
    start: int = 0

    def __iter__(self) -> Iterator[SampleIndex]:
        # With fewer files than ranks, some ranks visit the same.
        share = slice(self.rank % self.files, None, self.world)
        epoch, skip = divmod(self.start, len(range(self.files)[share]))
        number = self.start
        while True:
            permutation = _random(self.seed, epoch).permutation(self.files)[share]
            for file in permutation[skip:]:
                yield SampleIndex(int(file), self.scales[number % len(self.scales)], number)
                number += 1
            epoch, skip = epoch + 1, 0


class CropDataset:
    """A random crop of each visited picture, degraded as the whole picture would be.

    Args:
        files: All pictures.
        degradation: How the network's input is made.
        smallest: Pictures with a side below this many pixels are skipped.
        seed: Of the crops' places.
        rank: Of several runs; their places differ.
        side: Side of a crop, for pictures that are larger.
        shrinks: Of smaller copies of each picture, see `shrunk`; a visit takes one of them, or the
            picture itself, at random.
    """

    def __init__(
        self,
        files: Sequence[Path],
        degradation: Degradation,
        *,
        smallest: int,
        seed: int,
        rank: int = 0,
        side: int = 512,
        shrinks: Sequence[float] = (),
    ) -> None:
        self.files, self.degradation = list(files), degradation
        self.smallest, self.seed, self.rank = smallest, seed, rank
        self._side, self._shrinks = side, list(shrinks)

    def side(self, scale: int) -> int:
        """Side of a crop: a multiple of the scale, and never smaller than a patch."""
        return max(self._side // scale, -(-self.smallest // scale)) * scale

    def __getitem__(self, index: SampleIndex) -> Example | Skipped:
        path, scale = self.files[index.file], index.scale
        try:
            pixels = read_large_enough(path, self.degradation.scales, self.smallest)
        except (InputError, UsageError) as error:
            return Skipped(path, error.reason)
        random = _random(self.seed, self.rank, index.number)
        if self._shrinks and (copy := int(random.integers(len(self._shrinks) + 1))):
            least = least_side(self.degradation, self.smallest)
            pixels = shrunk(pixels, self._shrinks[copy - 1], least)
        sides = cropped_size(pixels, scale)
        height, width = (min(side, self.side(scale)) for side in sides)
        top, left = (
            scale * int(random.integers((whole - kept) // scale + 1))
            for whole, kept in zip(sides, (height, width), strict=True)
        )
        return self.degradation.example(pixels, scale, Window(top, left, height, width))


def _random(*key: int) -> np.random.Generator:
    return np.random.default_rng([part % 2**64 for part in key])  # seeds may be negative
