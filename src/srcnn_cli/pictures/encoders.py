"""The PNG writer, for what Pillow cannot write: 16-bit colour, with its metadata.

It also writes the 8-bit pictures, because it is quicker: Pillow's PNG encoder tries five filters on
each row, this one applies a fixed filter to many rows at once in numpy (2000 x 1500 RGB
photo, one core: 0.07 s and 4.3 MB here; Pillow 0.22 s and 5.2 MB at level 1, 0.81 s and 4.5 MB at
level 6, OpenCV 0.15 s and 5.0 MB at level 1).
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from srcnn_cli.pictures.metadata import wrapped_iptc
from srcnn_cli.pictures.png import SIGNATURE, raw_profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from srcnn_cli.pictures.metadata import Metadata

# Rows are filtered and compressed in bands of about this many bytes, to bound the extra memory.
_BAND_BYTES = 1 << 20


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """One PNG chunk: length, kind, content, checksum."""
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return b"".join((struct.pack(">I", len(content)), kind, content, struct.pack(">I", checksum)))


def write_png(file: BinaryIO, pixels: np.ndarray, metadata: Metadata, compression: int) -> None:
    """Write a PNG.

    Args:
        file: Where to.
        pixels: (H, W) or (H, W, 2|3|4), uint8 or uint16.
        metadata: Stored as iCCP, pHYs and eXIf, XMP as iTXt, IPTC as ImageMagick does (zTXt).
        compression: zlib's level, 0 (none) to 9. At 1, zlib looks for runs only: on a filtered
            photo that is both quicker and smaller than its usual search at levels up to 3.
    """
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    color_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    bits = 8 * pixels.itemsize
    file.write(SIGNATURE)
    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    file.write(png_chunk(b"IHDR", header))
    file.writelines(png_chunk(kind, content) for kind, content in metadata.png_color)
    if metadata.icc_profile:
        profile = b"ICC Profile\0\0" + zlib.compress(metadata.icc_profile)
        file.write(png_chunk(b"iCCP", profile))
    if metadata.dpi:
        per_metre = [round(value / 0.0254) for value in metadata.dpi]
        file.write(png_chunk(b"pHYs", struct.pack(">IIB", *per_metre, 1)))
    if metadata.exif:
        file.write(png_chunk(b"eXIf", metadata.exif))
    if metadata.xmp:
        file.write(png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + metadata.xmp))
    if metadata.iptc:
        file.write(png_chunk(b"zTXt", raw_profile("iptc", wrapped_iptc(metadata.iptc))))
    strategy = zlib.Z_RLE if compression == 1 else zlib.Z_FILTERED
    compressor = zlib.compressobj(compression, zlib.DEFLATED, 15, 9, strategy)
    above = None
    for band in _bands(pixels):
        rows = np.ascontiguousarray(band, dtype=band.dtype.newbyteorder(">"))
        raw = rows.view(np.uint8).reshape(len(rows), -1)
        packed = compressor.compress(_average_filter(raw, above, channels * pixels.itemsize))
        above = raw[-1]
        if packed:
            file.write(png_chunk(b"IDAT", packed))
    file.write(png_chunk(b"IDAT", compressor.flush()))
    file.write(png_chunk(b"IEND", b""))


def _bands(pixels: np.ndarray) -> Iterator[np.ndarray]:
    rows = _rows_per_band(pixels)
    for top in range(0, len(pixels), rows):
        yield pixels[top : top + rows]


def _rows_per_band(pixels: np.ndarray) -> int:
    return min(len(pixels), max(1, _BAND_BYTES // int(pixels[0].nbytes)))


def _average_filter(raw: np.ndarray, above: np.ndarray | None, step: int) -> bytes:
    """PNG's filter 3: each byte less the mean of its left and upper neighbours.

    Args:
        raw: (rows, bytes) uint8.
        above: The row of bytes before them, None at the top of the picture.
        step: Bytes of one pixel.
    """
    filtered = np.empty((raw.shape[0], raw.shape[1] + 1), np.uint8)
    filtered[:, 0] = 3
    left = np.zeros_like(raw)
    left[:, step:] = raw[:, :-step]
    up = np.empty_like(raw)
    up[1:] = raw[:-1]
    up[0] = 0 if above is None else above
    # The mean of two bytes, rounded down, without leaving 8 bits.
    mean = (left & up) + ((left ^ up) >> 1)
    np.subtract(raw, mean, out=filtered[:, 1:])
    return filtered.tobytes()
