"""A picture in memory, with what its file said about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from srcnn_cli.pictures.metadata import Metadata

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture, upright.

    Attributes:
        pixels: (H, W) grey, (H, W, 2) grey and alpha, (H, W, 3) RGB or (H, W, 4) RGBA; uint8, or
            uint16 with white at 65,535; C-contiguous.
        format: Pillow's name of the format that it came from.
        metadata: What its copy should carry along.
        notes: What was changed or dropped on reading, one sentence each.
    """

    pixels: np.ndarray
    format: str = "PNG"
    metadata: Metadata = field(default_factory=Metadata)
    notes: tuple[str, ...] = ()
