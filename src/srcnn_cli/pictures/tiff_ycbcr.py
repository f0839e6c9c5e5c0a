"""Y'CbCr in a TIFF that is not in JPEG: its subsampled layout, and the way to R'G'B' (TIFF 6.0)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import InputError
from srcnn_cli.pictures.formats import import_tifffile

if TYPE_CHECKING:
    from tifffile import TiffPage

_COEFFICIENTS, _SUBSAMPLING, _REFERENCE = 529, 530, 532
_FACTORS = (1, 2, 4)
_PARTS_MISSING = "is damaged or cut off: parts of the picture are missing"


def decode_subsampled(page: TiffPage) -> np.ndarray:
    """The samples of a picture whose chroma is stored for blocks of pixels: (H, W, 3) uint8.

    Each block is stored as its luma, row by row, one Cb and one Cr. The chroma of a block is given
    to each of its pixels, as libtiff does.

    Raises:
        InputError: It is stored in another way, or part of it is missing. It names no file.
        Exception: Whatever the decompressors raise.
    """
    across, down = (int(factor) for factor in page.tags[_SUBSAMPLING].value)
    if {across, down} - set(_FACTORS) or page.bitspersample != 8 or int(page.planarconfig) != 1:
        raise InputError("has YCbCr colours that are stored in an unusual way")
    height, width = page.imagelength, page.imagewidth
    rows, columns = page.rowsperstrip, width
    if page.is_tiled:
        rows, columns = page.tilelength, page.tilewidth
    result = np.zeros((height, width, 3), np.uint8)
    places = [(top, left) for top in range(0, height, rows) for left in range(0, width, columns)]
    if min(len(page.dataoffsets), len(page.databytecounts)) < len(places):
        raise InputError(_PARTS_MISSING)
    segments = zip(page.dataoffsets, page.databytecounts, strict=False)
    for (top, left), (offset, count) in zip(places, segments, strict=False):
        lines = rows if page.is_tiled else min(rows, height - top)
        blocks = (-(-lines // down), -(-columns // across))
        page.parent.filehandle.seek(offset)
        content = _unpacked(page, page.parent.filehandle.read(count))
        size = across * down + 2
        values = np.frombuffer(content, np.uint8, min(len(content), blocks[0] * blocks[1] * size))
        if values.size < blocks[0] * blocks[1] * size:
            raise InputError(_PARTS_MISSING)
        values = values.reshape(*blocks, size)
        luma = values[..., :-2].reshape(*blocks, down, across).swapaxes(1, 2)
        part = np.empty((blocks[0] * down, blocks[1] * across, 3), np.uint8)
        part[..., 0] = luma.reshape(part.shape[:2])
        part[..., 1:] = values[..., -2:].repeat(down, axis=0).repeat(across, axis=1)
        inside = part[: min(lines, height - top), : min(columns, width - left)]
        result[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return result


def is_subsampled(page: TiffPage) -> bool:
    """Whether the tags say so; without one, that is the default of the format."""
    tag = page.tags.get(_SUBSAMPLING)
    return tag is not None and tuple(tag.value) != (1, 1)


def ycbcr_to_rgb(page: TiffPage, values: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 Y'CbCr to R'G'B', by the coefficients and reference values of the file."""
    red, green, blue = _fractions(page, _COEFFICIENTS, (0.299, 0.587, 0.114))
    reference = _fractions(page, _REFERENCE, (0, 255, 128, 255, 128, 255))
    planes = []
    for index, span in enumerate((255, 127, 127)):
        black, white = reference[2 * index : 2 * index + 2]
        if white == black:
            raise InputError("is damaged: its reference black and white are the same")
        plane = values[..., index].astype(np.float32)
        planes.append((plane - np.float32(black)) * np.float32(span / (white - black)))
    luma, cb, cr = planes
    r = luma + cr * np.float32(2 - 2 * red)
    b = luma + cb * np.float32(2 - 2 * blue)
    g = (luma - np.float32(blue) * b - np.float32(red) * r) / np.float32(green or 1)
    rgb = np.stack([r, g, b], axis=-1)
    result: np.ndarray = np.clip(np.floor(rgb + 0.5), 0, 255).astype(np.uint8)
    return result


def _unpacked(page: TiffPage, data: bytes) -> bytes:
    if int(page.compression) == 1:
        return data
    content: Any = import_tifffile().TIFF.DECOMPRESSORS[int(page.compression)](data)
    return bytes(content)


def _fractions(page: TiffPage, tag: int, default: tuple[float, ...]) -> tuple[float, ...]:
    """The values of a tag of fractions, (numerator, denominator, ...)."""
    found = page.tags.get(tag)
    if found is None:
        return default
    numbers = [float(number) for number in found.value]
    if len(numbers) != 2 * len(default):
        return default if len(numbers) != len(default) else tuple(numbers)
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return tuple(numerator / (denominator or 1) for numerator, denominator in pairs)
