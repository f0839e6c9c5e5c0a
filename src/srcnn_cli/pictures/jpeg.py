"""Whether a JPEG is whole, which its decoders do not ask.

libjpeg fills what it does not find with grey and carries on; Pillow and OpenCV pass that on without
a word. It does warn, though, and `simplejpeg` hands its warnings over.
"""

from __future__ import annotations

import io
import re
import struct
from typing import TYPE_CHECKING, NamedTuple

from srcnn_cli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

END = b"\xff\xd9"
_SOI = b"\xff\xd8"
_SOS, _DHT = 0xDA, 0xC4
_FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended and progressive, Huffman coded
_STANDALONE = (0x01, *range(0xD0, 0xD8))
_IGNORED = (0xFE, *range(0xE0, 0xF0))  # comments and APP segments: nothing that makes pixels

# A decoder reads ahead by up to eight bytes, which it then does not count as left over.
_READ_AHEAD = 16

_LEFT_OVER = re.compile(r"(\d+) extraneous bytes before marker 0xd9")

_WARNINGS = ("Corrupt JPEG data", "Premature end", "Inconsistent progression")

# So many zeros in a row are a hole, unless they are the code of even areas.
_HOLE = bytes(64)

# In a segment: these announce a gain map, from which viewers make an HDR picture.
_GAIN_MAPS = (b"hdr-gain-map/", b"urn:iso:std:iso:ts:21496:-1", b"aux:hdrgainmap")


class Verdict(NamedTuple):
    """What is the matter with a JPEG.

    Attributes:
        damage: What is missing or wrong, None if every pixel is there.
        note: What is odd without harm, None if nothing is.
        has_end: Whether the end marker is there.
    """

    damage: str | None = None
    note: str | None = None
    has_end: bool = True


def examine(data: bytes) -> Verdict:
    """Decode a JPEG as strictly as it can be, to find out whether all of it is there.

    Args:
        data: A file that begins with a JPEG; pictures and other data may follow it.
    """
    structure = _structure_of(data)
    if structure is None:
        return Verdict(damage="its segments do not follow one another")
    picture, scans, has_end = structure
    warning = _warning_of(picture)
    left_over = _LEFT_OVER.search(warning or "")
    if left_over:
        warning = None if _harmless(picture, int(left_over[1])) else "part of its data is wrong"
        note = "it holds idle bytes before its end; the picture is whole"
    elif not has_end:
        note = "its end marker is missing; the picture is whole"
    else:
        note = None
    warning = warning or scans.missing(idle=left_over is not None)
    if warning is not None:
        return Verdict(damage=warning, has_end=has_end)
    return Verdict(note=note, has_end=has_end)


def whole(data: bytes, notes: list[str], *, accept_damaged: bool) -> bytes:
    """A JPEG that is whole, or that shall do as it is, with an end marker.

    Raises:
        InputError: It is damaged, and shall not do.
    """
    verdict = examine(data)
    if verdict.damage is not None:
        if not accept_damaged:
            raise InputError(
                f"is damaged or cut off: the JPEG data cannot all be decoded ({verdict.damage}); "
                "--accept-damaged takes what there is"
            )
        notes.append(f"it is damaged ({verdict.damage}): part of the picture is grey or wrong")
    elif verdict.note is not None:
        notes.append(verdict.note)
    return data if verdict.has_end else data + END


def has_gain_map(data: bytes) -> bool:
    """Whether a JPEG carries a gain map."""
    return any(name in data for name in _GAIN_MAPS)


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height as the frame header has them, (0, 0) if there is none."""
    for marker, start, stop in _segments(data):
        if marker in _FRAMES and stop - start > 7:
            height, width = struct.unpack_from(">HH", data, start + 3)
            return width, height
    return 0, 0


def with_tables(tables: bytes | None, segment: bytes) -> bytes:
    """A whole JPEG of a TIFF's common tables and one of its strips or tiles."""
    if not tables or not segment.startswith(_SOI):
        return segment
    return tables.removesuffix(END) + segment.removeprefix(_SOI)


def _structure_of(data: bytes) -> tuple[bytes, _Scans, bool] | None:
    """The picture alone, without what its decoding does not need.

    Returns:
        A JPEG of the first picture, with an end marker in any case and without comments and stray
        bytes between its segments; what its scans brought; whether the end marker was there.
        None if it has no such structure.
    """
    parts = [_SOI]
    scans = _Scans()
    has_end = False
    for marker, start, stop in _segments(data):
        if marker == 0xD9:
            has_end = True
            break
        content = data[start:stop]
        if marker in _FRAMES:
            scans.begin(content, progressive=marker == 0xC2)
        elif marker == _DHT:
            scans.take_tables(content[2:])
        elif marker == _SOS:
            content = scans.add(content)
        if marker not in _IGNORED:
            parts.append(bytes((0xFF, marker)) + content)
    if len(parts) < 2:
        return None
    return b"".join([*parts, END]), scans, has_end


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Each marker with where its content begins (at its length) and ends (after a scan's data)."""
    position = 2
    while True:
        position = data.find(b"\xff", position)
        while data[position : position + 2] == b"\xff\xff":  # fill bytes
            position += 1
        if position < 0 or position + 2 > len(data):
            return
        marker, start = data[position + 1], position + 2
        position = start
        if marker == 0 or marker in _STANDALONE:
            continue
        if marker in (0xD8, 0xD9):
            yield marker, start, start
            continue
        stop = start + int.from_bytes(data[start : start + 2], "big")
        if marker == _SOS:
            # The coded data: until a marker that is no restart; FF 00 stands for a byte FF.
            following = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]").search(data, stop)
            stop = following.start() if following else len(data)
        yield marker, start, stop
        position = stop


class _Scans:
    """Which coefficients of which component the scans have brought, to which precision."""

    def __init__(self) -> None:
        self._missing_bits: dict[int, list[int]] = {}
        self._progressive = False
        self._first_symbols: dict[int, int] = {}  # of each table for AC, the one coded as zeros
        self._has_hole = self._ends_in_zeros = False

    def take_tables(self, tables: bytes) -> None:
        """Look at Huffman tables: for each a number, how many codes have which length, symbols."""
        while len(tables) > 17:
            if tables[0] >> 4 == 1:
                self._first_symbols[tables[0] & 15] = tables[17]
            tables = tables[17 + sum(tables[1:17]) :]

    def begin(self, frame: bytes, *, progressive: bool) -> None:
        """Take the components from the content of a frame header."""
        count = frame[7] if len(frame) > 7 else 0
        self._missing_bits = {number: [16] * 64 for number in frame[8 : 8 + 3 * count : 3]}
        self._progressive = progressive

    def add(self, scan: bytes) -> bytes:
        """Count a scan; give it back with the parameters that a sequential one has to have.

        Some programs write zeros there, which a decoder rightly ignores, but not without warning.
        """
        end = 3 + 2 * (scan[2] if len(scan) > 2 else 0)
        if len(scan) < end + 3:
            return scan
        if not self._progressive:
            scan = b"".join((scan[:end], bytes((0, 63, 0)), scan[end + 3 :]))
            first_symbols = {
                self._first_symbols.get(byte & 15, 1) for byte in scan[4 : end + 1 : 2]
            }
            # Zeros that do not end a block fill it with ripples, which no picture has so many of.
            if first_symbols != {0}:
                self._has_hole |= _HOLE in scan.rstrip(b"\0")
                self._ends_in_zeros = scan.endswith(_HOLE)
        first, last, missing = scan[end], scan[end + 1], scan[end + 2] & 15
        for number in scan[3:end:2]:
            levels = self._missing_bits.get(number, [])
            for index in range(first, min(last + 1, len(levels))):
                levels[index] = missing
        return scan

    def missing(self, *, idle: bool) -> str | None:
        """What is missing, in words; ``idle``: bytes were left over at the end."""
        if any(any(levels) for levels in self._missing_bits.values()):
            return "some of its scans are missing"
        has_hole = self._has_hole or (self._ends_in_zeros and not idle)
        return "part of its data is zero" if has_hole else None


def _warning_of(picture: bytes) -> str | None:
    """What libjpeg has to say about a JPEG; None if nothing, or if it cannot be asked."""
    import simplejpeg

    # Grey at an eighth of the size: all of the coded data is read, and little is computed.
    for space in ("GRAY", "CMYK"):
        try:
            simplejpeg.decode_jpeg(
                picture, colorspace=space, strict=True, min_height=1, min_width=1, min_factor=8
            )
        except ValueError as error:
            message = " ".join(str(error).split())
            if message.startswith(_WARNINGS):
                return message.removeprefix("Corrupt JPEG data: ")
        else:
            return None
    return _warning_by_comparison(picture)  # it does not decode unusual subsampling


def _warning_by_comparison(picture: bytes) -> str | None:
    """Whether a JPEG ends early: then what is put behind its data changes the picture."""
    from PIL.JpegImagePlugin import JpegImageFile

    shown = []
    for idle in (b"", b"\x6d" * 64):
        with JpegImageFile(io.BytesIO(picture.removesuffix(END) + idle + END), "") as image:
            image.draft(None, (image.width // 8, image.height // 8))
            shown.append(image.tobytes())
    return None if shown[0] == shown[1] else "premature end of data segment"


def _harmless(picture: bytes, left_over: int) -> bool:
    """Whether bytes that were left over are padding, rather than data that went wrong.

    Where part of the data was replaced, by zeros say, a decoder may be done before the data is.
    """
    end = len(picture) - len(END)
    core = picture[: end - left_over]
    if left_over > 8 and len(set(picture[end - left_over : end])) > 1:
        return False
    run = len(core) - len(core.rstrip(core[-1:]))
    return run <= _READ_AHEAD
