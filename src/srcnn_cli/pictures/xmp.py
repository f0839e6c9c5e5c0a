"""XMP packets: the few statements in them that a copy must not keep as they are."""

from __future__ import annotations

import re

_ORIENTATION = re.compile(rb"""(tiff:Orientation\s*(?:=\s*["']|>\s*))(\d+)""")
_WIDTH = re.compile(rb"""((?:exif:PixelXDimension|tiff:ImageWidth)\s*(?:=\s*["']|>\s*))\d+""")
_HEIGHT = re.compile(rb"""((?:exif:PixelYDimension|tiff:ImageLength)\s*(?:=\s*["']|>\s*))\d+""")
_THUMBNAILS = re.compile(rb"<(xmp|xap):Thumbnails>.*?</\1:Thumbnails>", re.DOTALL)


def orientation_of(packet: bytes | None) -> int | None:
    """The orientation (1-8) that a packet states, if any."""
    found = _ORIENTATION.search(packet or b"")
    return int(found[2]) if found and 1 <= int(found[2]) <= 8 else None


def normalized(packet: bytes) -> bytes:
    """A packet that states orientation 1, where it stated another, and holds no thumbnails."""
    return _ORIENTATION.sub(rb"\g<1>1", _THUMBNAILS.sub(b"", packet))


def with_size(packet: bytes, width: int, height: int) -> bytes:
    """A packet whose width and height, where it has them, are these; in pixels."""
    packet = _WIDTH.sub(rb"\g<1>%d" % width, packet)
    return _HEIGHT.sub(rb"\g<1>%d" % height, packet)
