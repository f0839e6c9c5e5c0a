"""What travels with the pixels from input to output."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

# Photoshop's image resources, in which JPEG holds IPTC: their mark, and the number of IPTC.
PHOTOSHOP = b"Photoshop 3.0\0"
_RESOURCE, _IPTC = b"8BIM", 0x0404


class Metadata(NamedTuple):
    """What is copied from an input picture to its output.

    Attributes:
        icc_profile: An ICC profile whose colour space is that of the pixels.
        exif: EXIF from its TIFF header on (no ``Exif`` prefix), its orientation set to 1.
        dpi: Horizontal and vertical resolution in pixels per inch.
        xmp: An XMP packet that states no other orientation than 1.
        iptc: The records of IPTC-IIM, without what wraps them.
        png_color: PNG chunks (kind, content) that name the colour space by numbers.
    """

    icc_profile: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    png_color: tuple[tuple[bytes, bytes], ...] = ()


def dpi_of(info: dict[Any, Any]) -> tuple[float, float] | None:
    """Take a resolution out of Pillow's ``info``; None if there is none that makes sense."""
    try:
        return sensible_dpi(*info["dpi"])
    except (KeyError, TypeError):
        return None


def sensible_dpi(across: Any, down: Any) -> tuple[float, float] | None:  # noqa: ANN401 - any number
    """A resolution, unless it makes no sense."""
    try:
        values = float(across), float(down)
    except (TypeError, ValueError, ArithmeticError):
        return None
    # 65,535 is the most that a JPEG holds, and NaN fails every comparison.
    if not all(math.isfinite(value) and 0 < value <= 65_535 for value in values):
        return None
    return values


def bare_iptc(content: bytes | None) -> bytes | None:
    """The records of IPTC out of Photoshop's image resources, or as they are; None if none."""
    if not content:
        return None
    content = content.removeprefix(PHOTOSHOP)
    at = 0
    while content[at : at + 4] == _RESOURCE:
        number = int.from_bytes(content[at + 4 : at + 6], "big")
        name = (content[at + 6] if len(content) > at + 6 else 0) + 1
        start = at + 6 + name + name % 2
        length = int.from_bytes(content[start : start + 4], "big")
        if number == _IPTC:
            return content[start + 4 : start + 4 + length] or None
        at = start + 4 + length + length % 2
    return content if content[:1] == b"\x1c" else None  # every record begins with that


def wrapped_iptc(iptc: bytes) -> bytes:
    """The opposite: IPTC as one of Photoshop's image resources."""
    header = _RESOURCE + _IPTC.to_bytes(2, "big") + b"\0\0" + len(iptc).to_bytes(4, "big")
    return header + iptc + bytes(len(iptc) % 2)
