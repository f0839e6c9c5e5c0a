"""TIFF files that are refused: raw photographs, and damage that a decoder would not notice."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from picture_files import RNG, raw_tiff, tiff
from srcnn_cli.errors import InputError
from srcnn_cli.pictures.reading import decode_picture

SMOOTH = np.asarray(
    Image.fromarray(RNG.integers(0, 256, (4, 4, 3), np.uint8)).resize((16, 12), Image.BICUBIC)
)


# Raw photographs


def raw_photograph(**options):
    """A thumbnail, and below it what a sensor saw, as raw files have it."""
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(SMOOTH, photometric="rgb", subfiletype=1, subifds=1, **options)
        pattern = [(33421, "H", 2, (2, 2), True), (33422, "B", 4, b"\0\1\1\2", True)]
        sensor = SMOOTH[..., 0].astype(np.uint16)
        writer.write(sensor, photometric=32803, subfiletype=0, extratags=pattern)
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        raw_photograph(),
        tiff(SMOOTH, photometric="rgb", extratags=[(50706, "B", 4, b"\1\4\0\0", True)]),
        b"II*\0\x10\0\0\0CR\2\0" + bytes(100),
        b"IIRS\x08\0\0\0" + bytes(100),
        b"IIU\0\x08\0\0\0" + bytes(100),
        b"FUJIFILMCCD-RAW 0201" + bytes(100),
        b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(100),
    ],
)
@pytest.mark.fault("DNG and other raw photographs", "refused: convert it first", 3)
def test_a_raw_photograph_is_named_and_its_thumbnail_not_taken(data):
    with pytest.raises(InputError, match="raw photograph: convert it first"):
        decode_picture(data, "x.tif")


def test_a_name_of_raw_photographs_is_believed():
    with pytest.raises(InputError, match="raw photograph"):
        decode_picture(tiff(SMOOTH, photometric="rgb"), "x.NEF")


# Damage


@pytest.mark.parametrize(
    "compression", [None, "zlib", "lzw", "packbits", "zstd", "lzma", "png", "jpeg", "jpegxl"]
)
@pytest.mark.fault("TIFF: a strip that ends early", "refused", 3)
def test_a_strip_that_ends_early_is_refused(compression):
    data = bytearray(tiff(SMOOTH, photometric="rgb", compression=compression))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        count = file.pages[0].tags[279]
        value, place = count.value[0], count.valueoffset
    struct.pack_into("<I" if count.dtype == 4 else "<H", data, place, value * 2 // 3)
    with pytest.raises(InputError):
        decode_picture(bytes(data), "x.tif")


@pytest.mark.fault("TIFF: a damaged JPEG strip", "refused", 3)
def test_a_jpeg_strip_whose_second_half_is_zero_is_refused():
    pixels = RNG.integers(0, 256, (64, 64, 3), np.uint8)
    data = bytearray(tiff(pixels, photometric="rgb", compression="jpeg"))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        offset, count = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    data[offset + count // 2 : offset + count - 2] = bytes(count - 2 - count // 2)
    with pytest.raises(InputError, match="JPEG"):
        decode_picture(bytes(data), "x.tif")


@pytest.mark.parametrize("tag", [258, 262, 277, 279, 284])
@pytest.mark.fault("TIFF: a decisive tag that cannot be read", "refused", 3)
def test_a_tag_that_cannot_be_read_is_no_default(tag):
    data = bytearray(raw_tiff(16, 12, 8, 2, SMOOTH.tobytes(), samples=3, tags={284: (3, [1])}))
    entry = next(
        at for at in range(len(data) - 12) if data[at : at + 2] == struct.pack("<H", tag)
        and data[at + 2 : at + 4] in (b"\3\0", b"\4\0") and at > SMOOTH.size
    )  # fmt: skip
    struct.pack_into("<HII", data, entry + 2, 3, 1000, 2**31)  # a thousand values beyond the end
    with pytest.raises(InputError):
        decode_picture(bytes(data), "x.tif")
