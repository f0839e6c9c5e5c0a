"""Rectangles of pixels, and which of their sides lie on the border of the picture."""

from __future__ import annotations

from typing import NamedTuple


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

    def grown(self, radius: int, height: int, width: int) -> Region:
        """With a halo of ``radius``, clamped to a picture of ``height`` x ``width``."""
        return Region(
            max(0, self.top - radius),
            max(0, self.left - radius),
            min(height, self.bottom + radius),
            min(width, self.right + radius),
        )
