"""JPEG 2000: depths and palettes. The files are made by OpenJPEG, their boxes by hand."""

import struct

import imagecodecs
import numpy as np
import pytest

from picture_files import RNG
from srcnn_cli.pictures.reading import decode_picture


def box(kind, content):
    return struct.pack(">I", 8 + len(content)) + kind + content


def jp2(width, height, components, bits, stream, *, color=16, extra=b""):
    header = struct.pack(">IIHBBBB", height, width, components, bits - 1, 7, 0, 0)
    about = box(b"ihdr", header) + box(b"colr", b"\1\0\0" + struct.pack(">I", color)) + extra
    start = box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
    return start + box(b"jp2h", about) + box(b"jp2c", stream)


def stream(pixels, bits, codec="j2k"):
    return imagecodecs.jpeg2k_encode(
        pixels, level=0, reversible=True, bitspersample=bits, codecformat=codec, mct=False
    )


def definitions(count):
    """The last channel is alpha."""
    entries = [(n, 0, n + 1) for n in range(count - 1)] + [(count - 1, 1, 0)]
    return box(
        b"cdef", struct.pack(">H", count) + b"".join(struct.pack(">3H", *e) for e in entries)
    )


@pytest.mark.parametrize("codec", ["jp2", "j2k"])
@pytest.mark.parametrize("bits", [1, 2, 4, 5, 7, 8, 9, 10, 12, 14, 16])
@pytest.mark.fault("JPEG 2000: 1 to 16 bits", "the picture, 16 bits from 9 on", 0)
def test_grey_of_any_depth_has_its_white_at_white(bits, codec):
    most, white = 2**bits - 1, 255 if bits <= 8 else 65_535
    values = RNG.integers(0, most + 1, (40, 50)).astype(np.uint8 if bits <= 8 else np.uint16)
    read = decode_picture(stream(values, bits, codec), "x.jp2").pixels
    assert np.array_equal(read, (values.astype(int) * white + most // 2) // most)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_colour_and_alpha_keep_their_depth(channels, bits):
    most, white = 2**bits - 1, 255 if bits == 8 else 65_535
    kind = np.uint8 if bits == 8 else np.uint16
    values = RNG.integers(0, most + 1, (40, 50, channels)).astype(kind)
    extra = definitions(channels) if channels in (2, 4) else b""
    color = 17 if channels == 2 else 16
    data = jp2(50, 40, channels, bits, stream(values, bits), color=color, extra=extra)
    read = decode_picture(data, "x.jp2").pixels
    assert read.dtype == kind
    assert np.array_equal(read, (values.astype(int) * white + most // 2) // most)


@pytest.mark.parametrize("bits", [8, 12])
@pytest.mark.parametrize(("index_bits", "colors"), [(8, 200), (8, 16), (4, 16), (2, 3)])
@pytest.mark.fault("JPEG 2000: a palette", "the picture", 0)
def test_a_palette_gives_its_colours(index_bits, colors, bits):
    most, white = 2**bits - 1, 255 if bits == 8 else 65_535
    palette = RNG.integers(0, most + 1, (colors, 3))
    index = RNG.integers(0, colors, (40, 50)).astype(np.uint8)
    table = palette.astype(">u2" if bits > 8 else "u1").tobytes()
    extra = box(b"pclr", struct.pack(">HB", colors, 3) + bytes([bits - 1] * 3) + table)
    extra += box(b"cmap", b"".join(struct.pack(">HBB", 0, 1, column) for column in range(3)))
    data = jp2(50, 40, 1, index_bits, stream(index, index_bits), extra=extra)
    read = decode_picture(data, "x.jp2").pixels
    assert np.array_equal(read, (palette[index] * white + most // 2) // most)
