"""Which planes of a picture go through a network. No numpy here: `srcnn --help` needs it."""

from __future__ import annotations

from typing import Literal, get_args

# Luminance alone, or all three planes of a colour picture.
Planes = Literal["y", "rgb", "ycbcr"]
# How what other programs feed their networks differs from it. full-range: Y' from 0 to 1, as JPEG
# has it, and not from 16/255 to 235/255; 0-255: values up to 255; bgr: colours in OpenCV's order.
InputConvention = Literal["full-range", "0-255", "bgr"]
INPUT_CONVENTIONS: tuple[InputConvention, ...] = get_args(InputConvention)
PLANES: tuple[Planes, ...] = get_args(Planes)
