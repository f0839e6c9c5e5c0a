"""Colour spaces that a file names by numbers: PNG's gAMA, cHRM and cICP, AVIF's nclx."""

from __future__ import annotations

import struct

from srcnn_cli.pictures.icc import CURVES, HDR_TRANSFERS, PRIMARIES, ColorSpace, profile_of

# Code points that mean "the usual": unspecified, and the curves of video on the primaries of sRGB,
# which every viewer shows like sRGB.
_UNSPECIFIED = (0, 2)
_USUAL_TRANSFERS = (1, 2, 6, 13, 14, 15)

PngChunks = tuple[tuple[bytes, bytes], ...]
_Tag = tuple["bytes | None", PngChunks, "str | None"]
_NOTHING: _Tag = (None, (), None)


def of_png(chunks: dict[bytes, bytes], *, grey: bool, has_profile: bool) -> _Tag:
    """What a PNG's cICP, or else gAMA and cHRM, say: PNG's third edition has that order.

    Args:
        chunks: The kinds of chunks and their contents.
        grey: The picture has no colour.
        has_profile: It has an ICC profile, before which gAMA and cHRM do not count.

    Returns:
        An ICC profile that says the same, the chunks for a PNG, and a note. Nothing for sRGB.
    """
    code_points = chunks.get(b"cICP", b"")
    if len(code_points) == 4:
        tag = _of_code_points(code_points[0], code_points[1], grey=grey)
        chunk = ((b"cICP", code_points),) if tag != _NOTHING else ()
        return tag[0], chunk, tag[2]
    gamma = _numbers(chunks.get(b"gAMA", b""), 1)
    if has_profile or b"sRGB" in chunks or gamma is None or gamma[0] == 0:
        return _NOTHING
    points = _numbers(chunks.get(b"cHRM", b""), 8)
    curve = (0, (min(max(100_000 / gamma[0], 0.1), 10.0),))
    space = ColorSpace(curve=curve)
    if points is not None:
        space = ColorSpace(tuple(value / 100_000 for value in points), curve)
    if space.is_srgb:
        return _NOTHING
    try:
        profile = profile_of(space, grey=grey)
    except ValueError:
        return None, (), "its chromaticities make no sense and were dropped"
    kept = tuple((kind, chunks[kind]) for kind in (b"gAMA", b"cHRM") if kind in chunks)
    return profile, kept, None


def of_avif(data: bytes, *, grey: bool) -> _Tag:
    """What the nclx box of an AVIF says; likewise."""
    at = data.find(b"colrnclx")
    if at < 0 or at + 15 > len(data):
        return _NOTHING
    primaries, transfer = struct.unpack_from(">HH", data, at + 8)
    return _of_code_points(primaries, transfer, grey=grey)


def _of_code_points(primaries: int, transfer: int, *, grey: bool) -> _Tag:
    """A colour space by the code points of ITU-T H.273."""
    usual = (1, *_UNSPECIFIED, 5, 6, 7) if grey else (1, *_UNSPECIFIED)
    if primaries in usual and transfer in (*_USUAL_TRANSFERS, 0):
        return _NOTHING
    name = HDR_TRANSFERS.get(transfer)
    if name is not None:
        chunk = ((b"cICP", bytes([primaries & 255, transfer, 0, 1])),)
        return (None, chunk, f"its colours are HDR ({name}), which only some programs show rightly")
    chromaticities = PRIMARIES.get(1 if primaries in _UNSPECIFIED else primaries)
    curve = CURVES.get(13 if transfer in _USUAL_TRANSFERS else transfer)
    if chromaticities is None or curve is None:
        return None, (), f"its colour space ({primaries}/{transfer} of H.273) is unknown: dropped"
    return profile_of(ColorSpace(chromaticities, curve), grey=grey), (), None


def _numbers(content: bytes, count: int) -> tuple[int, ...] | None:
    return struct.unpack(f">{count}I", content) if len(content) == 4 * count else None
