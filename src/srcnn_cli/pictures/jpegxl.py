"""What Pillow's plugin for JPEG XL does not tell: the size before decoding, and 16 bits."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODESTREAM = b"\xff\x0a"
# ISO/IEC 18181-1, "SizeHeader": width by height, where the width is not written.
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_BITS_OF_SIDE = (9, 13, 18, 30)


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height as the header has them, (0, 0) if there is none."""
    stream = _beginning(data)
    if not stream.startswith(_CODESTREAM) or len(stream) < 12:
        return 0, 0
    bits = _Bits(stream[2:])
    small = bits.take(1) == 1
    height = bits.side(small=small)
    ratio = bits.take(3)
    if ratio == 0:
        return bits.side(small=small), height
    across, down = _RATIOS[ratio - 1]
    return height * across // down, height


def decode_deep(data: bytes) -> np.ndarray | None:
    """The pixels, uint16, of a picture of more than 8 bits; None of others."""
    import imagecodecs

    pixels = np.asarray(imagecodecs.jpegxl_decode(data))
    return pixels if pixels.dtype == np.uint16 and pixels.ndim in (2, 3) else None


def _beginning(data: bytes) -> bytes:
    """How the codestream begins, which may lie in a box of a container."""
    if data.startswith(_CODESTREAM):
        return data[:64]
    for kind, content in _boxes(data):
        if kind == b"jxlc":
            return content
        if kind == b"jxlp":  # after the number of the part
            return content[4:]
    return b""


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind of each box, and how its content begins."""
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        header = 8
        if length == 1 and at + 16 <= len(data):
            (length,) = struct.unpack_from(">Q", data, at + 8)
            header = 16
        yield kind, data[at + header : at + header + 64]
        if length < header:  # 0: to the end of the file
            return
        at += length


class _Bits:
    """Bits of a codestream, the lowest of a byte first."""

    def __init__(self, data: bytes) -> None:
        self._rest = int.from_bytes(data[:16], "little")

    def take(self, count: int) -> int:
        value = self._rest & ((1 << count) - 1)
        self._rest >>= count
        return value

    def side(self, *, small: bool) -> int:
        """A width or height."""
        if small:
            return 8 * (self.take(5) + 1)
        return self.take(_BITS_OF_SIDE[self.take(2)]) + 1
