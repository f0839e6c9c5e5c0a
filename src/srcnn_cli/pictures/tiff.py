"""TIFF files: which of the pictures in one is meant, and its pixels.

`tifffile` reads them all, with the decoders of `imagecodecs`. Pillow, which reads other formats,
takes only a choice of what a TIFF may hold, and takes some of that wrongly. It is asked for the few
old compressions that `tifffile` does not know.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import InputError
from srcnn_cli.pictures import jpeg
from srcnn_cli.pictures.formats import import_tifffile
from srcnn_cli.pictures.orientation import ORIENTATION, turn_upright, valid_orientation
from srcnn_cli.pictures.tiff_metadata import metadata_of
from srcnn_cli.pictures.tiff_pages import choose, pages_of, value
from srcnn_cli.pictures.tiff_samples import YCBCR, pixels_of
from srcnn_cli.pictures.tiff_ycbcr import decode_subsampled, is_subsampled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tifffile import TiffPage

    from srcnn_cli.pictures.metadata import Metadata

# Tags without which the pixels would be others.
# fmt: off
_DECISIVE = frozenset((
    254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323,
    324, 325, 332, 333, 334, 338, 339, 347, 529, 530, 531, 532, 32997, 32998,
))
# fmt: on
_SINGLE = (256, 257, 259, 262, 266, 274, 277, 278, 284, 317, 322, 323)
_BITS_PER_SAMPLE, _PHOTOMETRIC = 258, 262
_PARTS_MISSING = "is damaged or cut off: parts of the picture are missing"
_JPEG, _OLD_JPEG = 7, 6


class _Fallback(Exception):  # noqa: N818 - no failure: the other decoder's turn
    """`tifffile` does not decode this kind."""


def decode_tiff(
    data: bytes, notes: list[str], *, max_pixels: int, strict: bool
) -> tuple[np.ndarray, Metadata]:
    """Decode the picture of a TIFF; several others in the file are left out with a note.

    Args:
        data: The whole file.
        notes: What is changed or dropped is added here.
        max_pixels: Refuse, before decoding, a picture of more pixels.
        strict: Refuse a file of several pictures.

    Returns:
        Upright C-contiguous pixels, uint8 or uint16, (H, W) or (H, W, 2|3|4), and the metadata.

    Raises:
        InputError: Its pixels have no meaning here, or part of them is missing. It names no file.
        Exception: Whatever the libraries raise over a damaged file.
    """
    with import_tifffile().TiffFile(io.BytesIO(data)) as file:
        number, page = choose(file, data, notes, strict=strict)
        return _decode_page(number, page, data, notes, max_pixels)


def decode_pages(data: bytes, *, max_pixels: int) -> Iterator[tuple[np.ndarray, Metadata]]:
    """Decode one picture after the other; as `decode_tiff`, but what is dropped is not said."""
    with import_tifffile().TiffFile(io.BytesIO(data)) as file:
        for number, page in pages_of(file, data):
            yield _decode_page(number, page, data, [], max_pixels)


def _decode_page(
    number: int, page: TiffPage, data: bytes, notes: list[str], max_pixels: int
) -> tuple[np.ndarray, Metadata]:
    _check_tags(page, data)
    _check_size(page, max_pixels)
    try:
        _check_kind(page)
    except _Fallback:
        from srcnn_cli.pictures.tiff_fallback import decode_with_pillow

        pixels = decode_with_pillow(data, number, notes)
        fits = True
    else:
        pixels, fits = pixels_of(page, _decoded(page), notes)
    orientation = valid_orientation(value(page, ORIENTATION))
    has_orientation = ORIENTATION in page.tags
    metadata, orientation = metadata_of(
        page,
        data,
        notes,
        channels=1 if pixels.ndim == 2 else pixels.shape[2],
        keep_profile=fits,
        orientation=orientation if has_orientation else None,
    )
    return np.ascontiguousarray(turn_upright(pixels, orientation)), metadata


def _check_tags(page: TiffPage, data: bytes) -> None:
    """Refuse a directory of which a tag that decides about the pixels could not be read.

    `tifffile` leaves such a tag out and believes the default, which gives another picture.
    """
    big, order = data[2:4] in (b"+\0", b"\0+"), "<" if data[:2] == b"II" else ">"
    count_format, entry_size = ("Q", 20) if big else ("H", 12)
    (count,) = struct.unpack_from(order + count_format, data, page.offset)
    first = page.offset + struct.calcsize(order + count_format)
    for position in range(first, first + entry_size * count, entry_size):
        (tag,) = struct.unpack_from(order + "H", data, position)
        if tag in _DECISIVE and tag not in page.tags:
            raise InputError(f"is damaged or cut off: its TIFF tag {tag} cannot be read")
    for tag in _SINGLE:
        if tag in page.tags and page.tags[tag].count != 1:
            raise InputError(f"is damaged: its TIFF tag {tag} has several values")
    if int(page.planarconfig) not in (1, 2):
        raise InputError("is damaged: its channels are stored in no known way")
    if page.samplesperpixel > 1:  # the defaults are those of a fax
        for tag in (_BITS_PER_SAMPLE, _PHOTOMETRIC):
            if tag not in page.tags:
                raise InputError(f"is damaged: its TIFF tag {tag} is missing")


def _check_size(page: TiffPage, max_pixels: int) -> None:
    """Refuse what decoding would make too much room for, before it does."""
    areas = [("is", page.imagewidth, page.imagelength)]
    if page.is_tiled:
        # A small picture may claim to be stored in one enormous tile.
        areas.append(("is stored in tiles of", page.tilewidth, page.tilelength))
    for what, width, height in areas:
        if width * height > max_pixels:
            raise InputError(
                f"{what} {width:,} x {height:,} = {width * height:,} pixels, above the limit "
                f"of {max_pixels:,} (--max-pixels raises it)"
            )
    if page.imagewidth < 1 or page.imagelength < 1:
        raise InputError("has no pixels")
    if page.imagedepth != 1 or page.tiledepth > 1:
        raise InputError("is a volume, not a picture")
    if page.samplesperpixel > 64:
        raise InputError(f"has {page.samplesperpixel} channels, which is no picture")


def _check_kind(page: TiffPage) -> None:
    """Whether the samples are of a kind that can be decoded, and by which library.

    Raises:
        _Fallback: `tifffile` leaves it undecoded.
        InputError: They have no meaning here.
    """
    compression = int(page.compression)
    known = import_tifffile().TIFF.DECOMPRESSORS
    if compression == _OLD_JPEG:
        raise _Fallback
    if compression != 1:
        try:
            known[compression]
        except KeyError:
            raise _Fallback from None
    if page.sampleformat == 3:
        raise InputError(
            "has floating-point pixels, whose white is undefined: save it with 8 or 16 bits"
        )
    if page.dtype is None or page.dtype.kind not in "bui":
        raise InputError("has pixels of a type that is no picture's")


def _decoded(page: TiffPage) -> np.ndarray:
    """All samples as stored: (H, W, samples), whatever their order in the file.

    Raises:
        InputError: Part of it is missing or damaged.
        Exception: Whatever the decoders raise.
    """
    if int(page.photometric) == YCBCR and int(page.compression) != _JPEG and is_subsampled(page):
        return decode_subsampled(page)
    height, width, samples = page.imagelength, page.imagewidth, page.samplesperpixel
    planes = samples if int(page.planarconfig) == 2 else 1
    result = np.zeros((planes, height, width, samples // planes), page.dtype)
    rows, columns = page.rowsperstrip, width
    if page.is_tiled:
        rows, columns = page.tilelength, page.tilewidth
    if min(rows, columns) < 1:
        raise InputError("is damaged: its strips or tiles have no size")
    expected = planes * -(-height // rows) * -(-width // columns)
    if min(len(page.dataoffsets), len(page.databytecounts)) < expected:
        raise InputError(_PARTS_MISSING)
    if int(page.compression) == _JPEG:
        _check_jpegs(page, expected)
    for index in range(expected):
        segment, (plane, _, top, left, _), shape = _segment(page, index, expected // planes)
        part = segment[0, : height - top, : width - left]
        if part.shape[:2] != (min(shape[1], height - top), min(shape[2], width - left)):
            raise InputError(_PARTS_MISSING)
        result[plane, top : top + part.shape[0], left : left + part.shape[1]] = part
    return result[0] if planes == 1 else np.moveaxis(result[..., 0], 0, -1)


def _segment(page: TiffPage, index: int, in_plane: int) -> tuple[np.ndarray, Any, Any]:
    """A strip or tile, decoded: (1, rows, columns, samples), its place and its proper shape.

    Args:
        page: The directory.
        index: Of the strip or tile, from 0.
        in_plane: How many of them there are for all channels, or for each.
    """
    handle = page.parent.filehandle
    offset, count = page.dataoffsets[index], page.databytecounts[index]
    if offset == 0 or count == 0:
        raise InputError(_PARTS_MISSING)
    handle.seek(offset)
    data, tables = handle.read(count), page.jpegtables
    try:
        segment, place, shape = page.decode(data, index, jpegtables=tables)
    except Exception:
        if page.is_tiled or index == 0 or (index + 1) % in_plane:
            raise
        # The last strip may be stored with as many rows as the others, like the first.
        _, place, shape = page.decode(None, index)
        segment = page.decode(data, 0, jpegtables=tables)[0]
    if segment is None:
        raise InputError(_PARTS_MISSING)
    return segment, place, shape


def _check_jpegs(page: TiffPage, expected: int) -> None:
    """JPEG data has to be asked whether it is whole; see `jpeg`."""
    if page.bitspersample != 8:
        return
    handle, tables = page.parent.filehandle, page.jpegtables
    for offset, count in list(zip(page.dataoffsets, page.databytecounts, strict=False))[:expected]:
        handle.seek(offset)
        content = jpeg.with_tables(tables, handle.read(count))
        if jpeg.size_of(content)[0] != (page.tilewidth if page.is_tiled else page.imagewidth):
            raise InputError("is damaged: its JPEG data is of another width than the picture")
        verdict = jpeg.examine(content)
        if verdict.damage is not None:
            raise InputError(f"is damaged or cut off: its JPEG data ({verdict.damage})")
