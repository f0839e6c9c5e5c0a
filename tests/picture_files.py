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


def packed(values, bits):
    """(H, ...) whole numbers as rows of so many bits each, each row filled up to a byte."""
    rows = []
    for row in values.reshape(len(values), -1):
        digits = "".join(f"{int(value):0{bits}b}" for value in row)
        digits += "0" * (-len(digits) % 8)
        rows.append(int(digits, 2).to_bytes(len(digits) // 8, "big"))
    return b"".join(rows)


_TIFF_FORMATS = {1: "B", 2: "B", 3: "H", 4: "I", 5: "II", 7: "B"}


def raw_tiff(width, height, bits, photometric, strip, *, samples=1, order="<", tags=None):
    """A TIFF of one strip put together by hand; further ``tags`` are {number: (type, values)}."""
    every = {
        256: (3, [width]), 257: (3, [height]), 258: (3, [bits] * samples), 259: (3, [1]),
        262: (3, [photometric]), 273: (4, [8]), 277: (3, [samples]), 278: (3, [height]),
        279: (4, [len(strip)]), **(tags or {}),
    }  # fmt: skip
    strip += bytes(len(strip) % 2)
    start = 8 + len(strip)
    free = start + 2 + 12 * len(every) + 4
    entries, values = b"", b""
    for tag in sorted(every):
        kind, numbers = every[tag]
        letter = order + _TIFF_FORMATS[kind]
        groups = numbers if kind == 5 else [(number,) for number in numbers]
        content = b"".join(struct.pack(letter, *group) for group in groups)
        place = content.ljust(4, b"\0")
        if len(content) > 4:
            place = struct.pack(order + "I", free + len(values))
            values += content + bytes(len(content) % 2)
        entries += struct.pack(order + "HHI", tag, kind, len(numbers)) + place
    header = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start)
    return header + strip + struct.pack(order + "H", len(every)) + entries + bytes(4) + values


def with_chunks(data, *chunks):
    """A PNG with further chunks behind its header."""
    return data[:33] + b"".join(chunks) + data[33:]


def turned(pixels, orientation):
    """What a viewer shows of pixels stored with an orientation, 1 to 8, after the EXIF standard."""
    first_row = {1: "top", 2: "top", 3: "bottom", 4: "bottom"}
    if orientation > 4:  # the rows stored are columns to be shown
        pixels = np.swapaxes(pixels, 0, 1)
        orientation = {5: 1, 6: 2, 7: 3, 8: 4}[orientation]
    if first_row[orientation] == "bottom":
        pixels = np.flipud(pixels)
    return np.fliplr(pixels) if orientation in (2, 3) else pixels


def raw_profile(name, content):
    """The text in which ImageMagick keeps EXIF, IPTC and the like in a PNG."""
    digits = content.hex()
    lines = [digits[at : at + 72] for at in range(0, len(digits), 72)]
    return "\n".join(["", name, f"{len(content):8d}", *lines, ""]).encode()
