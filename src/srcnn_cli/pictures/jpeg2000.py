"""JPEG 2000 of other depths than 8 bits, or with a palette: Pillow reads both, but not rightly."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.errors import InputError
from srcnn_cli.pictures.depths import scaled

if TYPE_CHECKING:
    from collections.abc import Iterator

_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_EXIF = b"JpgTiffExif->JP2"
_SUPERBOXES = (b"jp2h",)
_OPACITY = (1, 2)  # types of a channel in the box `cdef`: alpha, premultiplied alpha
_RGB_AND_GREY = (16, 17)  # enumerated colour spaces


class Boxes:
    """The boxes of a JP2 file; none in a bare codestream.

    Args:
        data: The whole file.
    """

    def __init__(self, data: bytes) -> None:
        self._contents: dict[bytes, list[bytes]] = {}
        if data[4:8] == b"jP  ":
            for kind, content in _boxes(data, 0, len(data)):
                self._contents.setdefault(kind, []).append(content)

    def first(self, kind: bytes) -> bytes:
        """The content of the first box of a kind, empty if there is none."""
        return self._contents.get(kind, [b""])[0]

    @property
    def xmp(self) -> bytes | None:
        """The XMP packet."""
        return self._uuid(_XMP)

    @property
    def exif(self) -> bytes | None:
        """EXIF."""
        return self._uuid(_EXIF)

    def _uuid(self, name: bytes) -> bytes | None:
        found = (c[16:] for c in self._contents.get(b"uuid", ()) if c[:16] == name)
        return next(found, None)


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    while start + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if length == 1 and start + 16 <= end:
            (length,) = struct.unpack_from(">Q", data, start + 8)
            head = 16
        stop = end if length == 0 else min(start + length, end)
        if stop < start + head:
            return
        if kind in _SUPERBOXES:
            yield from _boxes(data, start + head, stop)
        elif kind != b"jp2c":
            yield kind, data[start + head : stop]
        start = stop


def depths(data: bytes) -> list[int]:
    """The bits of each component, from the codestream itself; empty if it has no header."""
    at = data.find(b"\xff\x4f\xff\x51")
    if at < 0 or at + 42 > len(data):
        return []
    (count,) = struct.unpack_from(">H", data, at + 40)
    return [(byte & 0x7F) + 1 for byte in data[at + 42 : at + 42 + 3 * count : 3]]


def wants_more_than_pillow(data: bytes) -> bool:
    """Whether it has a palette or another depth than 8 bits."""
    return set(depths(data)) - {8} != set() or bool(Boxes(data).first(b"pclr"))


def decode(data: bytes, notes: list[str]) -> np.ndarray | None:
    """Decode to (H, W) or (H, W, 2|3|4), uint8 or uint16; None if Pillow has to do after all.

    Args:
        data: The whole file.
        notes: What is changed is added here.

    Raises:
        InputError: It holds something else than a picture. It names no file.
        Exception: Whatever the library raises over a damaged file.
    """
    import imagecodecs

    boxes = Boxes(data)
    color = boxes.first(b"colr")
    enumerated = int.from_bytes(color[3:7], "big") if color[:1] == b"\1" else 16
    if enumerated not in _RGB_AND_GREY:
        return None
    palette = boxes.first(b"pclr")
    values = np.atleast_3d(imagecodecs.jpeg2k_decode(data))
    if values.ndim != 3 or values.dtype.kind != "u":
        raise InputError("has pixels with a sign, whose white is undefined")
    if palette:
        (_, columns) = struct.unpack_from(">HB", palette)
        bits = [(byte & 0x7F) + 1 for byte in palette[3 : 3 + columns]]
    else:
        bits = depths(data)
    if len(set(bits)) != 1:
        raise InputError("has channels of different depths")
    count = values.shape[2]
    alpha = _alpha(boxes.first(b"cdef"), count)
    kept = ([0] if count - len(alpha) < 3 else [0, 1, 2]) + alpha
    if len(kept) < count:
        notes.append("it has further channels, not marked as transparency, which were dropped")
    pixels = scaled(values[..., kept], bits[0], notes)
    return pixels[..., 0] if len(kept) == 1 else pixels


def _alpha(definitions: bytes, count: int) -> list[int]:
    """The channel that is transparency of the whole picture, in a list; empty if none is."""
    for at in range(2, len(definitions) - 5, 6):
        channel, kind, association = struct.unpack_from(">HHH", definitions, at)
        if kind in _OPACITY and association == 0 and channel < count:
            return [channel]
    # Without definitions: as every other reader takes it.
    return [count - 1] if not definitions and count in (2, 4) else []
