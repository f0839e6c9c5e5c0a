"""A picture in memory, with what its file said about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from srcnn_cli.pictures.metadata import Metadata

if TYPE_CHECKING:
    import numpy as np

SEVERAL = "it holds several pictures; the first was taken"


class Picture(NamedTuple):
    """A decoded picture, upright.

    Attributes:
        pixels: (H, W) grey, (H, W, 2) grey and alpha, (H, W, 3) RGB or (H, W, 4) RGBA; uint8, or
            uint16 with white at 65,535; C-contiguous.
        format: Pillow's name of the format that it came from.
        metadata: What its copy should carry along.
        notes: What was changed or dropped on reading, one sentence each.
        quality: Of a JPEG: that it was written with, 1 to 100.
        subsampled: Of a JPEG: whether several pixels share their colours; None: not known.
    """

    pixels: np.ndarray
    format: str = "PNG"
    metadata: Metadata = Metadata()
    notes: tuple[str, ...] = ()
    quality: int | None = None
    subsampled: bool | None = None
