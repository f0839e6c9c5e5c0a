"""How a JPEG was written: its quality, and whether several pixels share their colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# ITU-T T.81, table K.1, the luminance that libjpeg scales by the quality; row by row.
_LUMINANCE = np.array(
    [
        16, 11, 10, 16, 24, 40, 51, 61,
        12, 12, 14, 19, 26, 58, 60, 55,
        14, 13, 16, 24, 40, 57, 69, 56,
        14, 17, 22, 29, 51, 87, 80, 62,
        18, 22, 37, 56, 68, 109, 103, 77,
        24, 35, 55, 64, 81, 104, 113, 92,
        49, 64, 78, 87, 103, 121, 120, 101,
        72, 92, 95, 98, 112, 100, 103, 99,
    ],
    np.int64,
)  # fmt: skip


def quality_of(tables: Mapping[int, Sequence[int]]) -> int | None:
    """The quality, 1 to 100, at which libjpeg's table for luminance is nearest to a JPEG's own.

    Args:
        tables: Quantization tables by their numbers, row by row; 0 is that of luminance.

    Returns:
        The quality, None where there is no such table. Of files of other programs, which have
        tables of their own, it is that of similar coarseness.
    """
    own = np.asarray(tables.get(0, ()), np.int64)
    if own.size != 64:
        return None
    qualities = np.arange(1, 101)
    percent = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    scaled = np.clip((percent[:, None] * _LUMINANCE + 50) // 100, 1, 255)
    return int(qualities[np.abs(scaled - own).sum(axis=1).argmin()])


def is_subsampled(components: Sequence[Sequence[int]]) -> bool | None:
    """Whether several pixels of a JPEG share their colours.

    Args:
        components: Of each its number, and its horizontal and vertical sampling factors (ITU-T
            T.81, B.2.2), as Pillow has them in ``layer``.

    Returns:
        None unless there are three, luminance and two for colours.
    """
    if len(components) != 3:
        return None
    (_, across, down, *_), *colors = components
    return any(own[1] < across or own[2] < down for own in colors)
