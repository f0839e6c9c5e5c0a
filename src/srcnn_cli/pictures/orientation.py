"""The eight ways in which a picture may be stored, and how it is turned upright."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

ORIENTATION = 0x0112  # the tag, in TIFF and EXIF


def valid_orientation(value: object) -> int:
    """An orientation tag as it should be read: 1 (upright) unless it is one of 1-8."""
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def turn_upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Apply an EXIF orientation (1-8) to pixels of (H, W) or (H, W, C); a view."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    # After the transposition of 5-8: which of the axes still run backwards.
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
