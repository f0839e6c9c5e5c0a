"""The chunks of a PNG: which of them are sound, and what they say about the picture.

The decoders are given the chunks that make the pixels and nothing else: a text of 2 MB, or a
comment with a wrong checksum, is no reason to call a picture damaged.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import NamedTuple

from srcnn_cli.errors import InputError
from srcnn_cli.pictures.metadata import sensible_dpi

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# What decides about the pixels. tRNS is optional for the format, but not for the picture.
_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")

# The most that compressed text or an ICC profile may unfold to, in bytes.
_MOST_UNFOLDED = 1 << 26

# What says more about the colours, or the picture as a whole, than its resolution.
_TAGS = frozenset((b"eXIf", b"iCCP", b"cICP", b"gAMA", b"cHRM"))

_XMP_KEYWORD = b"XML:com.adobe.xmp"
_RAW_PROFILE = b"Raw profile type "


class Chunks(NamedTuple):
    """A PNG taken apart.

    Attributes:
        essential: A whole PNG of the chunks that make the pixels.
        others: The content of each further kind of chunk, of the first one of its kind.
        texts: Keyword -> content of tEXt, zTXt and iTXt, the bytes as stored, unfolded.
        notes: What was dropped, one sentence each.
    """

    essential: bytes
    others: dict[bytes, bytes]
    texts: dict[bytes, bytes]
    notes: list[str]


def take_apart(data: bytes) -> Chunks:
    """Sort the chunks of a PNG and check them.

    Raises:
        InputError: It is cut off, or a chunk that makes the pixels is damaged. It names no file.
    """
    result = Chunks(b"", {}, {}, [])
    kept = [SIGNATURE]
    damaged: list[str] = []
    start, kind = len(SIGNATURE), b""
    while kind != b"IEND":
        if start + 12 > len(data):
            raise InputError("is cut off: the PNG data has no end")
        length, kind = struct.unpack_from(">I4s", data, start)
        end = start + 12 + length
        if not kind.isalpha():
            raise InputError("is damaged: its PNG chunks do not follow one another")
        if end > len(data):
            raise InputError("is damaged or cut off: its PNG chunks do not reach the end")
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if checksum == zlib.crc32(data[start + 4 : end - 4]):
            if kind in _PIXELS:
                kept.append(data[start:end])
            else:
                _sort(kind, data[start + 8 : end - 4], result, damaged)
        elif kind in _PIXELS or kind[:1].isupper():
            raise InputError(f"is damaged: the checksum of its {kind.decode()} data is wrong")
        else:
            damaged.append(kind.decode())
        start = end
    if damaged:
        kinds = ", ".join(dict.fromkeys(damaged))
        result.notes.append(f"its PNG chunks {kinds} are damaged and were dropped")
    return result._replace(essential=b"".join(kept))


def _sort(kind: bytes, content: bytes, result: Chunks, damaged: list[str]) -> None:
    if kind in (b"tEXt", b"zTXt", b"iTXt"):
        keyword, _, rest = content.partition(b"\0")
        if keyword != _XMP_KEYWORD and not keyword.startswith(_RAW_PROFILE):
            return  # a comment, say: nothing that the copy carries
        try:
            result.texts.setdefault(keyword, _text(kind, rest))
        except (zlib.error, ValueError):
            damaged.append(kind.decode())
    else:
        result.others.setdefault(kind, content)


def _text(kind: bytes, rest: bytes) -> bytes:
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return unfold(rest[1:])
    compressed, text = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[2:]
    if not text:
        raise ValueError("an international text without its fields")
    return unfold(text[0]) if compressed else text[0]


def unfold(packed: bytes) -> bytes:
    """Undo zlib's compression.

    Raises:
        ValueError: It would become larger than any text or profile, or ends early.
        zlib.error: It is damaged.
    """
    stream = zlib.decompressobj()
    content = stream.decompress(packed, _MOST_UNFOLDED)
    if not stream.eof:
        raise ValueError("it is cut off or too large")
    return content


def says_little(chunks: Chunks) -> bool:
    """Whether it says nothing that a copy carries but, perhaps, its resolution."""
    return not chunks.texts and _TAGS.isdisjoint(chunks.others)


def icc_profile(chunks: Chunks) -> bytes | None:
    """The embedded ICC profile, empty if it is damaged; None if there is none."""
    packed = chunks.others.get(b"iCCP")
    if packed is None:
        return _raw_profile(chunks, "icc") or _raw_profile(chunks, "icm")
    name_and_method, _, profile = packed.partition(b"\0")
    try:
        return unfold(profile[1:]) if len(name_and_method) < 80 else b"?"
    except (zlib.error, ValueError):
        return b"?"


def exif(chunks: Chunks) -> bytes | None:
    """EXIF from the chunk made for it, or as ImageMagick and older programs store it: as text."""
    found = chunks.others.get(b"eXIf") or _raw_profile(chunks, "exif")
    if found is None:
        app1 = _raw_profile(chunks, "APP1")
        found = app1 if app1 is not None and app1.startswith(b"Exif") else None
    return found


def xmp(chunks: Chunks) -> bytes | None:
    """The XMP packet."""
    return chunks.texts.get(_XMP_KEYWORD) or _raw_profile(chunks, "xmp")


def iptc(chunks: Chunks) -> bytes | None:
    """Photoshop's image resources or bare IPTC, as ImageMagick stores them."""
    return _raw_profile(chunks, "iptc") or _raw_profile(chunks, "8bim")


def dpi(chunks: Chunks) -> tuple[float, float] | None:
    """The resolution in pixels per inch, if it makes sense."""
    content = chunks.others.get(b"pHYs", b"")
    if len(content) != 9 or content[8] != 1:
        return None
    across, down = struct.unpack(">II", content[:8])
    return sensible_dpi(across * 0.0254, down * 0.0254)


def frames(chunks: Chunks) -> int:
    """The number of pictures of an animation, 1 otherwise."""
    return int.from_bytes(chunks.others.get(b"acTL", b"\0\0\0\1")[:4], "big")


def _raw_profile(chunks: Chunks, name: str) -> bytes | None:
    """What stands in hexadecimal digits after its name and its length."""
    text = chunks.texts.get(_RAW_PROFILE + name.encode())
    found = re.fullmatch(rb"\s*\S+\s+(\d+)\s([0-9a-fA-F\s]*)", text) if text else None
    if found is None:
        return None
    try:
        content = bytes.fromhex(found[2].decode())
    except ValueError:
        return None
    return content if len(content) == int(found[1]) else None


def raw_profile(name: str, content: bytes) -> bytes:
    """The opposite: the content of a zTXt chunk that holds a profile in hexadecimal digits."""
    digits = content.hex()
    lines = [digits[at : at + 72] for at in range(0, len(digits), 72)]
    text = "\n".join(["", name, f"{len(content):8d}", *lines, ""])
    return _RAW_PROFILE + name.encode() + b"\0\0" + zlib.compress(text.encode())
