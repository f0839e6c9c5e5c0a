"""Rectangles of pixels, and which of their sides lie on the border of the picture."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import EllipsisType


class Edges(NamedTuple):
    """Which sides of a patch lie on the true border of the picture."""

    top: bool
    left: bool
    bottom: bool
    right: bool

    def left_by(self, radius: int, height: int, width: int) -> tuple[slice, slice]:
        """Rows and columns of ``height`` x ``width`` that a network of this radius gives."""
        return (
            slice(0 if self.top else radius, height if self.bottom else height - radius),
            slice(0 if self.left else radius, width if self.right else width - radius),
        )


INTERIOR = Edges(top=False, left=False, bottom=False, right=False)


WHOLE = Edges(top=True, left=True, bottom=True, right=True)


class Region(NamedTuple):
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right``, ends excluded."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left

    @property
    def area(self) -> int:
        """Number of pixels."""
        return self.height * self.width

    @property
    def in_planes(self) -> tuple[EllipsisType, slice, slice]:
        """What picks it out of (..., H, W) planes."""
        return ..., slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def in_pixels(self) -> tuple[slice, slice]:
        """What picks it out of (H, W[, channels]) pixels."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def times(self, factor: int) -> Region:
        """The same of a picture that is so many times as large."""
        return Region(*(side * factor for side in self))

    def begun_at_multiples(self, step: int) -> Region:
        """Begun so few pixels earlier that its first row and column are multiples of ``step``."""
        return Region(self.top // step * step, self.left // step * step, self.bottom, self.right)

    def grown(self, radius: int, height: int, width: int) -> Region:
        """With a halo of ``radius``, clamped to a picture of ``height`` x ``width``."""
        return Region(
            max(0, self.top - radius),
            max(0, self.left - radius),
            min(height, self.bottom + radius),
            min(width, self.right + radius),
        )


def divided(height: int, width: int, side: int, step: int = 1) -> list[list[Region]]:
    """Regions of at most ``side`` pixels a side that cover ``height`` x ``width`` once, by rows.

    Those of one row are equally wide but for ``step`` pixels, and rows equally high, so that no
    sliver is left at the end. They begin at multiples of ``step``, to which ``side`` is cut.
    """
    columns = _cuts(width, side, step)
    return [
        [Region(top, left, bottom, right) for left, right in columns]
        for top, bottom in _cuts(height, side, step)
    ]


def _cuts(length: int, side: int, step: int) -> list[tuple[int, int]]:
    steps = math.ceil(length / step)
    count = math.ceil(steps / max(1, side // step))
    return list(pairwise([*(steps * i // count * step for i in range(count)), length]))
