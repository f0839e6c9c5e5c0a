"""How patches are cut, and where in flat tensors they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from srcnn_cli.training.schedule import Sampling


@dataclass(frozen=True)
class PatchSpec:
    """How patches are cut, and which are drawn.

    Attributes:
        patch: Side of the square source patches, on the network's grid.
        margin: Pixels by which valid convolutions shrink them: the truth is smaller on each side.
        stride: Pixels between patches: those at rows and columns 0, stride, 2 stride, ... that fit
            into the picture are drawn from, as the papers cut their sub-images.
        sampling: ``positions``: every position in the whole set is equally likely; ``pictures``:
            every example is, and every position in it.
        augment: Flip and turn patches at random, all eight ways equally likely.
        factor: Sub-pixels of the truth for each pixel of the source along each side.
    """

    patch: int
    margin: int
    stride: int = 1
    sampling: Sampling = "positions"
    augment: bool = True
    factor: int = 1


def turned_sub_pixels(channels: int, factor: int) -> Tensor:
    """Where the sub-pixels of a turned pixel come from: (8, C s²), by the bits of the turn."""
    grid = torch.arange(channels * factor**2).view(channels, factor, factor)
    turned = []
    for turn in range(8):
        planes = grid.flip(1) if turn & 1 else grid
        planes = planes.flip(2) if turn & 2 else planes
        turned.append((planes.transpose(1, 2) if turn & 4 else planes).reshape(-1))
    return torch.stack(turned)


class Positions:
    """Where in flat tensors the patches of each example begin.

    Args:
        places: First pixel, height and width of each example.
        spec: How patches are cut.
    """

    def __init__(self, places: Sequence[tuple[int, int, int]], spec: PatchSpec) -> None:
        self._spec = spec
        table = torch.tensor(places, dtype=torch.int64).view(-1, 3)
        self._starts, heights, self._widths = table.unbind(1)
        rows, self._columns = (
            torch.clamp((side - spec.patch) // spec.stride + 1, min=0)
            for side in (heights, self._widths)
        )
        self._counts = rows * self._columns
        self._ends = torch.cumsum(self._counts, 0)
        self.total = int(self._counts.sum())

    def pick(self, chance: Tensor) -> Tensor:
        """Positions for (n,) float64 that are spread evenly over [0, 1)."""
        if self._spec.sampling == "positions":
            return (chance * self.total).long()
        filled = self._counts.nonzero().squeeze(1)
        place = chance * len(filled)
        example = filled[place.long()]
        count = self._counts[example]
        return self._ends[example] - count + ((place - place.floor()) * count).long()

    def locate(self, position: Tensor) -> tuple[Tensor, Tensor]:
        """The first pixel of a patch, and the width of the example that it is cut from."""
        example = torch.searchsorted(self._ends, position.contiguous(), right=True)
        position = position - (self._ends[example] - self._counts[example])
        columns, width, stride = self._columns[example], self._widths[example], self._spec.stride
        row, column = position // columns * stride, position % columns * stride
        return self._starts[example] + row * width + column, width
