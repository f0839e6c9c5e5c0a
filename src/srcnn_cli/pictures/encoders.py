"""The PNG writer, for what Pillow cannot write: 16-bit colour, with its metadata.

It also writes the 8-bit pictures, because it is quicker: Pillow's PNG encoder tries five filters on
each row, this one applies a fixed filter to many rows at once in numpy (2000 x 1500 RGB
photo, one core: 0.07 s and 4.3 MB here; Pillow 0.22 s and 5.2 MB at level 1, 0.81 s and 4.5 MB at
level 6, OpenCV 0.15 s and 5.0 MB at level 1). And it compresses on all cores, at level 1 by ISA-L
where that is installed: of the filtered rows of enlarged photos, 4 to 5 times as fast as zlib's
search for runs (320 against 65 MB/s, 1150 against 200), and by the picture 6 % smaller to 11 %
larger.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from srcnn_cli.pictures.metadata import wrapped_iptc
from srcnn_cli.pictures.png import SIGNATURE, raw_profile
from srcnn_cli.threads import crew

if TYPE_CHECKING:
    from srcnn_cli.pictures.metadata import Metadata

# Rows are compressed in strips of about this many bytes, and filtered in smaller ones.
_STRIP_BYTES = 1 << 20
_FILTERED_BYTES = 1 << 17

# How far back deflated data may point.
_WINDOW = 1 << 15

# Of a zlib stream with that window (RFC 1950).
_ZLIB_HEADER = b"\x78\x01"


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
        compression: zlib's level, 0 (none) to 9. At 1 it is ISA-L that compresses, or else zlib,
            which then looks for runs only: on a filtered photo that is both quicker and smaller
            than its usual search at levels up to 3.
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
    # A zlib stream: two bytes, the strips' blocks one after the other, a checksum.
    file.write(png_chunk(b"IDAT", _ZLIB_HEADER))
    strips = _Strips(pixels, compression)
    checksum = zlib.adler32(b"")
    for packed, own, length in crew().map(strips.packed, strips.starts):
        file.write(png_chunk(b"IDAT", packed))
        checksum = adler32_combined(checksum, own, length)
    file.write(png_chunk(b"IDAT", struct.pack(">I", checksum)))
    file.write(png_chunk(b"IEND", b""))


class _Strips:
    """A picture in strips of rows, which are filtered and compressed each for itself.

    So all threads work on one file. A strip ends on a whole byte (zlib's sync flush), and what
    follows it may point back into it: to any decoder they are one stream (RFC 1951, section 2).

    Args:
        pixels: As `write_png` takes them.
        compression: Likewise.
    """

    def __init__(self, pixels: np.ndarray, compression: int) -> None:
        self._pixels, self._compression = pixels, compression
        self._height = min(len(pixels), max(1, _STRIP_BYTES // int(pixels[0].nbytes)))
        self.starts = range(0, len(pixels), self._height)

    def packed(self, start: int) -> tuple[bytes, int, int]:
        """The deflated strip from a row on, and the Adler-32 and the length of what it holds."""
        stop = min(start + self._height, len(self._pixels))
        filtered = self._filtered(start, stop)
        # At level 1 what would be gained by pointing back is not worth filtering rows twice.
        before = b"" if self._compression == 1 else self._before(start)
        compressor = _compressor(self._compression, before)
        last = stop == len(self._pixels)
        data = compressor.compress(filtered.data)
        data += compressor.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)
        return data, zlib.adler32(filtered.data), filtered.size

    def _before(self, start: int) -> bytes:
        """What a strip may point back to: the end of the rows before it."""
        rows = -(-_WINDOW // int(self._pixels[0].nbytes + 1))
        filtered = self._filtered(max(0, start - rows), start)
        return filtered.tobytes()[-_WINDOW:]

    def _filtered(self, start: int, stop: int) -> np.ndarray:
        """PNG's filter 3: each byte less the mean of its left and upper neighbours.

        Returns:
            (rows, 1 + bytes of a row) uint8, the first byte being the filter's number.
        """
        pixels = self._pixels
        step = pixels.itemsize * (1 if pixels.ndim == 2 else pixels.shape[2])
        length = int(pixels[0].nbytes)
        filtered = np.empty((stop - start, 1 + length), np.uint8)
        filtered[:, 0] = 3
        # A few rows at a time, which stay in cache; above and to the left of the picture are zeros.
        height = max(1, _FILTERED_BYTES // length)
        for top in range(start, stop, height):
            bottom = min(top + height, stop)
            around = np.zeros((bottom - top + 1, step + length), np.uint8)
            above = max(top - 1, 0)
            rows = np.ascontiguousarray(pixels[above:bottom], pixels.dtype.newbyteorder(">"))
            around[above - bottom :, step:] = rows.view(np.uint8).reshape(bottom - above, -1)
            left, up = around[1:, :-step], around[:-1, step:]
            # The mean of two bytes, rounded down, without leaving 8 bits.
            mean = left & up
            differing = left ^ up
            differing >>= 1
            mean += differing
            inner = filtered[top - start : bottom - start, 1:]
            np.subtract(around[1:, step:], mean, out=inner)
        return filtered


def _compressor(level: int, before: bytes) -> Any:  # noqa: ANN401 - zlib's or ISA-L's own
    """What deflates, without zlib's frame; the data may point back to ``before``."""
    if level != 1:
        return zlib.compressobj(level, zlib.DEFLATED, -15, 9, zlib.Z_FILTERED, zdict=before)
    try:
        from isal import isal_zlib
    except ImportError:  # there is none for every kind of processor
        return zlib.compressobj(level, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
    return isal_zlib.compressobj(level, zlib.DEFLATED, -15, 9)


def adler32_combined(first: int, second: int, length: int) -> int:
    """The Adler-32 of two pieces, the second of which is so long, from those of each (RFC 1950)."""
    base = 65_521
    low = (first & 0xFFFF) + (second & 0xFFFF) - 1
    high = (first >> 16) + (second >> 16) + length * ((first & 0xFFFF) - 1)
    return high % base << 16 | low % base
