"""Which planes of a picture go through a network. No numpy here: `srcnn --help` needs it."""

from __future__ import annotations

from typing import Literal, get_args

# Luminance alone, or all three planes of a colour picture.
Planes = Literal["y", "rgb", "ycbcr"]
PLANES: tuple[Planes, ...] = get_args(Planes)
