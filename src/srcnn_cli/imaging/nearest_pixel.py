"""For each pixel the nearest one of a set: an exact Euclidean distance transform in NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

# Rows that are searched at once: enough to keep NumPy busy, few enough to bound the memory.
_BAND = 512


def nearest_pixels(chosen: NDArray[np.bool_]) -> Iterator[tuple[slice, Integers, Integers]]:
    """Where the nearest chosen pixel is, for every pixel, in bands of rows.

    The algorithm of Meijster, Roerdink and Hesselink, "A general algorithm for computing distance
    transforms in linear time" (2000), which works with whole numbers throughout; all rows of a
    band go through its second phase together.

    Args:
        chosen: (H, W); at least one is true.

    Yields:
        Rows of the picture, and the row and the column of the nearest chosen pixel for each pixel
        of them: twice (h, W). Of several at one distance it may be any.
    """
    height, width = chosen.shape
    columns = np.flatnonzero(chosen.any(axis=0))
    # First phase: the nearest within the column, for the columns that have any. Above first, ...
    inside = chosen[:, columns]
    closest = np.where(inside, np.arange(height, dtype=np.int32)[:, None], np.int32(-height))
    np.maximum.accumulate(closest, axis=0, out=closest)
    # ... then below; row by row, which takes the memory of one.
    below = np.full(len(columns), 2 * height, np.int32)
    for row in range(height - 1, -1, -1):
        below[inside[row]] = row
        nearer = below - row < row - closest[row]
        closest[row, nearer] = below[nearer]
    rows = np.arange(height)[:, None]
    for top in range(0, height, _BAND):
        band = slice(top, min(top + _BAND, height))
        part = closest[band].astype(np.int64)
        best = _lowest((part - rows[band]) ** 2, columns, width)
        yield band, np.take_along_axis(part, best, axis=1), columns[best]


def _lowest(heights: Integers, columns: Integers, width: int) -> Integers:
    """Which of the parabolas ``(x - columns[i])² + heights[:, i]`` is lowest at each x.

    Args:
        heights: (n, m), at least one column.
        columns: (m,), rising.
        width: x runs from 0 to below this.

    Returns:
        (n, width) indices from 0 to m - 1.
    """
    count = len(heights)
    everywhere = np.arange(count)
    # For each row a stack of those that are lowest somewhere, and the x where each begins to be.
    lowest = np.zeros((count, len(columns)), np.int64)
    begins = np.zeros((count, len(columns)), np.int64)
    top = np.zeros(count, np.int64)
    for index in range(1, len(columns)):
        begin = _overtakes(heights, columns, index, everywhere, lowest[everywhere, top])
        covered = np.flatnonzero((begin <= begins[everywhere, top]) & (top > 0))
        while len(covered):
            top[covered] -= 1
            again = _overtakes(heights, columns, index, covered, lowest[covered, top[covered]])
            begin[covered] = again
            covered = covered[(again <= begins[covered, top[covered]]) & (top[covered] > 0)]
        # One that is lower than the last of the stack from 0 on takes its place.
        alone = begin <= 0
        top[~alone] += 1
        lowest[everywhere, top] = index
        begins[everywhere, top] = np.where(alone, 0, begin)
    return _spread(lowest, np.minimum(begins, width), top, width)


def _overtakes(
    heights: Integers, columns: Integers, index: int, rows: Integers, others: Integers
) -> Integers:
    """The first x at which parabola ``index`` is no higher than another one left of it."""
    here, there = int(columns[index]), columns[others]
    rise = here**2 - there**2 + heights[rows, index] - heights[rows, others]
    result: Integers = -(-rise // (2 * (here - there)))  # rounded up
    return result


def _spread(lowest: Integers, begins: Integers, top: Integers, width: int) -> Integers:
    """Each entry of the stacks, repeated from where it begins to where the next one does."""
    used = np.arange(lowest.shape[1]) <= top[:, None]
    begins = np.where(used, begins, width)
    ends = np.concatenate([begins[:, 1:], np.full((len(begins), 1), width)], axis=1)
    spread: NDArray[Any] = np.repeat(lowest.ravel(), (ends - begins).ravel())
    return spread.reshape(-1, width)
