"""Picture files for tests, made by hand, with Pillow or with tifffile, and small pictures."""

import io
import struct
import zlib

import numpy as np
import tifffile
from PIL import Image, ImageCms

RNG = np.random.default_rng(7)
RGB = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
RGB16 = RNG.integers(0, 65536, (20, 30, 3), dtype=np.uint16)
GREY16 = np.ascontiguousarray(RGB16[..., 0])
GREY_ALPHA16 = np.ascontiguousarray(RGB16[..., :2])
RGBA16 = np.dstack([RGB16, RGB16[..., 0]])
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def encoded(pixels, file_format, **options):
    file = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(file, file_format, **options)
    return file.getvalue()


def tiff(pixels, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def chunk(kind, content):
    crc = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + crc


def png(size, depth, color_type, raw, extra=b""):
    """A PNG put together by hand from filtered rows."""
    header = struct.pack(">IIBBBBB", *size, depth, color_type, 0, 0, 0)
    parts = (chunk(b"IHDR", header), extra, chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def rows16(pixels):
    return b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)


def exif_with(orientation, make="ACME"):
    exif = Image.Exif()
    exif[0x010F] = make
    exif[0x0112] = orientation
    return exif.tobytes()
