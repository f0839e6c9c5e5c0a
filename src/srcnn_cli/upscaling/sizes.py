"""How large a result shall be: by a factor, by its sides, or by the most that it may have."""

from __future__ import annotations

import math
from dataclasses import dataclass

from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.upscaling.stages import MAX_FACTOR, target_size


@dataclass(frozen=True)
class Size:
    """What was asked for.

    Attributes:
        scale: The factor, unless a side is given.
        width: Of the result in pixels; with ``height`` the result fits into both.
        height: Likewise.
        max_side: No side of the result is longer; the factor becomes smaller where needed.
        max_pixels: The result has no more pixels; likewise.

    Raises:
        UsageError: The factor is out of range.
    """

    scale: float = 3
    width: int | None = None
    height: int | None = None
    max_side: int | None = None
    max_pixels: int | None = None

    def __post_init__(self) -> None:
        target_size(1, 1, self.scale)

    @property
    def label(self) -> str:
        """For the names of results: ``x3``, ``w1920``, ``h1080`` or ``w1920h1080``."""
        sides = f"w{self.width}" if self.width else ""
        sides += f"h{self.height}" if self.height else ""
        return sides or f"x{self.scale:g}"

    def factor(self, height: int, width: int) -> tuple[float, tuple[str, ...]]:
        """The factor for a picture of ``height`` x ``width``, and what a user should know of it.

        Raises:
            InputError: The picture would have to become smaller, or larger than 16 times.
        """
        factor = self._asked(height, width)
        limited = factor
        if self.max_side is not None:
            limited = min(limited, self.max_side / max(height, width))
        if self.max_pixels is not None:
            limited = min(limited, math.sqrt(self.max_pixels / (height * width)))
            longer = max(height, width)
            while limited > 1 and math.prod(target_size(height, width, limited)) > self.max_pixels:
                limited = (math.ceil(longer * limited) - 1) / longer
        if limited < 1:
            return 1.0, ("it is as large as that or larger already, and keeps its size",)
        return limited, ()

    def _asked(self, height: int, width: int) -> float:
        if not self.width and not self.height:
            return self.scale
        by_width = self.width / width if self.width else math.inf
        by_height = self.height / height if self.height else math.inf
        factor = min(by_width, by_height)
        if factor < 1:
            raise InputError(
                f"is {width:,} x {height:,} already, larger than what was asked for "
                f"({self.label}): pictures are only enlarged"
            )
        if factor > MAX_FACTOR:
            raise InputError(
                f"is {width:,} x {height:,} and would have to become {factor:.1f} times as large "
                f"({self.label}): {MAX_FACTOR:g} times is the most"
            )
        return factor


def chosen_size(
    scale: float | None,
    width: int | None,
    height: int | None,
    max_side: int | None,
    max_pixels: int | None,
) -> Size:
    """The size that options ask for.

    Raises:
        UsageError: They contradict each other.
    """
    if scale is not None and (width or height):
        side = "--width" if width else "--height"
        raise UsageError(f"--scale and {side} both say how large the result is: give one of them")
    return Size(3 if scale is None else scale, width, height, max_side, max_pixels)
