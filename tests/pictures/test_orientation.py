"""Orientation is applied once, wherever a file states it."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

from picture_files import GREY16, RGB, RGB16, chunk, encoded, exif_with, png, rows16, tiff
from srcnn_cli.pictures.reading import decode_picture


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once_and_its_tag_reset(orientation):
    data = encoded(RGB, "PNG", exif=exif_with(orientation))
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    picture = decode_picture(data, "x.png")
    assert np.array_equal(picture.pixels, expected)
    assert picture.pixels.flags.c_contiguous
    exif = Image.Exif()
    exif.load(picture.metadata.exif)
    assert exif[0x0112] == 1
    assert exif[0x010F] == "ACME"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("pixels", [RGB, GREY16, RGB16])
def test_orientation_of_a_tiff_is_applied_once_at_any_depth(pixels, orientation):
    options = {"photometric": "rgb"} if pixels.ndim == 3 else {}
    data = tiff(pixels, extratags=[(0x0112, "H", 1, orientation, True)], **options)
    upright = encoded(
        (pixels >> 8).astype(np.uint8) if pixels.itemsize == 2 else pixels,
        "PNG",
        exif=exif_with(orientation),
    )
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(upright))))
    read = decode_picture(data, "x.tif").pixels
    assert read.dtype == pixels.dtype
    assert np.array_equal((read >> 8).astype(np.uint8) if read.itemsize == 2 else read, expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_of_a_16_bit_png_is_applied_once(orientation):
    tag = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    data = png((30, 20), 16, 2, rows16(RGB16), chunk(b"eXIf", tag))
    shallow = encoded((RGB16 >> 8).astype(np.uint8), "PNG", exif=exif_with(orientation))
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(shallow))))
    assert np.array_equal((decode_picture(data, "x.png").pixels >> 8).astype(np.uint8), expected)
