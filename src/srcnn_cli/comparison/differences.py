"""Where several results differ most, and the results reduced, found part by part."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import UsageError
from srcnn_cli.imaging.regions import Region

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

# Differences are summed over blocks of so many pixels a side; a chosen crop starts at a block.
_BLOCK, _BLOCK_OF_LARGE = 4, 16
_SMALLEST_CROP, _LARGEST_CROP = 32, 96
# A region around a crop, for zooming out a little in a picture that is not shown whole.
_SURROUNDINGS = 512


class Differences:
    """Collects the parts of several results.

    Args:
        height: Rows of the results.
        width: Columns of the results.
        reduction: How many pixels become one of `wholes` along each axis.
        names: Of the results.
        ignore: Names of results whose differences from the others do not count.
    """

    def __init__(
        self, height: int, width: int, reduction: int, names: Sequence[str], *, ignore: set[str]
    ) -> None:
        self._height, self._width, self._reduction = height, width, reduction
        self._block = _BLOCK if reduction == 1 else _BLOCK_OF_LARGE
        self._counted = [index for index, name in enumerate(names) if name not in ignore]
        self._wholes: list[NDArray[np.uint8]] = []
        self._map = np.zeros((-(-height // self._block), -(-width // self._block)), np.float32)

    def regions(self, pixels: int) -> Iterator[Region]:
        """Regions of about so many pixels, at most, that cover everything."""
        unit = self._block * self._reduction
        side = max(1, math.isqrt(pixels) // unit) * unit
        for top in range(0, self._height, side):
            for left in range(0, self._width, side):
                bottom, right = min(self._height, top + side), min(self._width, left + side)
                yield Region(top, left, bottom, right)

    def add(self, region: Region, parts: Sequence[NDArray[np.uint8]]) -> None:
        """Take in one of the regions, (h, w) or (h, w, 3) for each result."""
        factor = self._reduction
        if not self._wholes:
            size = (self._height // factor, self._width // factor)
            self._wholes = [np.empty((*size, *part.shape[2:]), np.uint8) for part in parts]
        top, left = region.top // factor, region.left // factor
        for whole, part in zip(self._wholes, parts, strict=True):
            reduced = _reduced(part, factor)
            whole[top : top + reduced.shape[0], left : left + reduced.shape[1]] = reduced
        # The variance over the results, summed over blocks.
        total: Any = 0.0
        squares: Any = 0.0
        for index in self._counted:
            part = parts[index]
            plane = part.astype(np.float32) if part.ndim == 2 else part.mean(2, dtype=np.float32)
            total = total + plane
            squares = squares + plane * plane
        count = len(self._counted)
        variance = squares / count - (total / count) ** 2
        rows = np.arange(0, variance.shape[0], self._block)
        columns = np.arange(0, variance.shape[1], self._block)
        blocks = np.add.reduceat(np.add.reduceat(variance, rows, axis=0), columns, axis=1)
        top, left = region.top // self._block, region.left // self._block
        self._map[top : top + len(rows), left : left + len(columns)] = blocks

    def wholes(self) -> list[NDArray[np.uint8]]:
        """The reduced results; an incomplete last row or column is left out."""
        return self._wholes

    def choose(self, count: int, margin: int) -> tuple[Region, ...]:
        """Square crops, apart from one another, where the results differ most.

        Args:
            count: How many; fewer if the picture has no room for them.
            margin: Pixels at the picture's border that do not count.
        """
        side = min(_LARGEST_CROP, max(_SMALLEST_CROP, min(self._height, self._width) // 4))
        height, width = min(side, self._height), min(side, self._width)
        edge = -(-margin // self._block)
        blocks = self._map.astype(np.float64)
        if min(blocks.shape) > 2 * edge:
            inner = np.zeros_like(blocks)
            keep = (slice(edge, blocks.shape[0] - edge), slice(edge, blocks.shape[1] - edge))
            inner[keep] = blocks[keep]
            blocks = inner
        sums = _window_sums(blocks, max(1, height // self._block), max(1, width // self._block))
        if not sums.max():  # nowhere: the middle
            sums[sums.shape[0] // 2, sums.shape[1] // 2] = 1.0
        chosen: list[Region] = []
        while len(chosen) < count and np.isfinite(sums).any():
            row, column = np.unravel_index(np.argmax(sums), sums.shape)
            top = min(int(row) * self._block, self._height - height)
            left = min(int(column) * self._block, self._width - width)
            chosen.append(Region(top, left, top + height, left + width))
            # The next one lies well apart: details of one place say little more than one does.
            away = 2 * side // self._block
            rows = slice(max(0, int(row) - away), int(row) + away + 1)
            sums[rows, max(0, int(column) - away) : int(column) + away + 1] = -np.inf
        return tuple(chosen)


def check_crops(crops: Sequence[Region], height: int, width: int) -> None:
    """Refuse crops that are empty or reach outside.

    Raises:
        UsageError: One does.
    """
    for crop in crops:
        if (
            crop.height < 1 or crop.width < 1 or min(crop.top, crop.left) < 0
            or crop.bottom > height or crop.right > width
        ):  # fmt: skip
            raise UsageError(
                f"the crop {crop.left},{crop.top},{crop.width},{crop.height} does not lie inside "
                f"the result of {width}x{height} pixels (--crop x,y,width,height)"
            )


def surround(crop: Region, height: int, width: int, *, grow: bool) -> Region:
    """The crop itself, or a larger region around it that stays inside the picture."""
    if not grow:
        return crop

    def side(start: int, stop: int, length: int) -> tuple[int, int]:
        size = min(length, max(stop - start, _SURROUNDINGS))
        begin = min(max(0, (start + stop - size) // 2), length - size)
        return begin, begin + size

    top, bottom = side(crop.top, crop.bottom, height)
    left, right = side(crop.left, crop.right, width)
    return Region(top, left, bottom, right)


def _reduced(part: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Means over squares of ``factor`` pixels a side; what is left at the ends is dropped."""
    if factor == 1:
        return part
    height, width = part.shape[0] // factor, part.shape[1] // factor
    inside = part[: height * factor, : width * factor]
    squares = inside.reshape(height, factor, width, factor, *part.shape[2:])
    means: NDArray[np.float32] = squares.mean(axis=(1, 3), dtype=np.float32)
    rounded: NDArray[np.uint8] = (means + np.float32(0.5)).astype(np.uint8)
    return rounded


def _window_sums(values: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """Sums over all windows of that size that lie inside, by their upper left corner."""
    height, width = min(height, values.shape[0]), min(width, values.shape[1])
    total = np.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    result: NDArray[np.float64] = (
        total[height:, width:] - total[:-height, width:]
        - total[height:, :-width] + total[:-height, :-width]
    )  # fmt: skip
    return result
