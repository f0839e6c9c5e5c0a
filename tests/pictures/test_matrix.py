"""Format by mode, depth, orientation, colour tag and alpha, against readers of other libraries.

The files are made with Pillow or with imagecodecs, and read as a second opinion by imagecodecs
(libpng, libjpeg-turbo, libwebp, libavif, giflib), tifffile or by hand, never by the reader that the
code under test uses for them.
"""

import io
import itertools
import struct

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from picture_files import SRGB, chunk, encoded, exif_with, turned, with_chunks
from srcnn_cli.pictures.picture import Picture
from srcnn_cli.pictures.reading import decode_picture
from srcnn_cli.pictures.writing import write_picture

SMALL = np.random.default_rng(5).integers(0, 256, (5, 7, 3), np.uint8)
RGB = np.asarray(Image.fromarray(SMALL).resize((30, 20), Image.BICUBIC))
ALPHA = np.asarray(Image.fromarray(SMALL[..., 0]).resize((30, 20), Image.BICUBIC))
PIXELS = {
    "grey": RGB[..., 1].copy(),
    "grey and alpha": np.dstack([RGB[..., 1], ALPHA]),
    "rgb": RGB.copy(),
    "rgba": np.dstack([RGB, ALPHA]),
}
GAMMA = chunk(b"gAMA", struct.pack(">I", 100_000))
TAGS = {"none": b"", "gamma": GAMMA, "P3": chunk(b"cICP", bytes([12, 13, 0, 1]))}


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("mode", PIXELS)
def test_png(mode, depth):
    pixels = PIXELS[mode] if depth == 8 else PIXELS[mode].astype(np.uint16) * 257 - 5
    data = imagecodecs.png_encode(pixels)
    shown = imagecodecs.png_decode(data)
    for orientation, (tag, extra) in itertools.product(range(1, 9), TAGS.items()):
        exif = chunk(b"eXIf", exif_with(orientation).removeprefix(b"Exif\0\0"))
        picture = decode_picture(with_chunks(data, exif, extra), "x.png")
        assert picture.pixels.dtype == pixels.dtype
        assert np.array_equal(picture.pixels, turned(shown, orientation))
        assert (picture.metadata.icc_profile is not None) == (tag != "none")


@pytest.mark.parametrize("profile", [None, SRGB])
@pytest.mark.parametrize("mode", ["grey", "rgb"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": "4:2:0"}])
def test_jpeg(mode, options, profile):
    for orientation in range(1, 9):
        exif = exif_with(orientation)
        data = encoded(PIXELS[mode], "JPEG", exif=exif, icc_profile=profile, **options)
        picture = decode_picture(data, "x.jpg")
        shown = turned(imagecodecs.jpeg8_decode(data), orientation)
        assert picture.pixels.shape == shown.shape
        assert np.abs(picture.pixels.astype(int) - shown).max() <= 1
        assert picture.metadata.icc_profile == (profile if mode == "rgb" else None)


@pytest.mark.parametrize("options", [{"lossless": True, "exact": True}, {"quality": 80}])
@pytest.mark.parametrize("mode", ["rgb", "rgba"])
def test_webp(mode, options):
    for orientation in range(1, 9):
        exif = exif_with(orientation)
        data = encoded(PIXELS[mode], "WEBP", exif=exif, icc_profile=SRGB, **options)
        picture = decode_picture(data, "x.webp")
        shown = imagecodecs.webp_decode(data, hasalpha=mode == "rgba")
        assert np.array_equal(picture.pixels, turned(shown, orientation))
        assert picture.metadata.icc_profile == SRGB


@pytest.mark.parametrize("mode", ["rgb", "rgba"])
def test_avif(mode):
    for orientation in range(1, 9):
        data = encoded(PIXELS[mode], "AVIF", exif=exif_with(orientation), subsampling="4:4:4")
        shown = imagecodecs.avif_decode(data)
        picture = decode_picture(data, "x.avif")
        assert picture.pixels.shape == turned(shown, orientation).shape
        assert np.abs(picture.pixels.astype(int) - turned(shown, orientation)).max() <= 2


def test_gif():
    image = Image.fromarray(RGB).quantize(32)
    data = encoded(image, "GIF")
    assert np.array_equal(decode_picture(data, "x.gif").pixels, imagecodecs.gif_decode(data))


@pytest.mark.parametrize("mode", ["grey", "rgb"])
def test_bmp(mode):
    data = encoded(PIXELS[mode], "BMP")
    read = decode_picture(data, "x.bmp").pixels
    rows = np.frombuffer(data[struct.unpack_from("<I", data, 10)[0] :], np.uint8).reshape(20, -1)
    shown = rows[::-1, :90].reshape(20, 30, 3)[..., ::-1] if mode == "rgb" else rows[::-1, :30]
    assert np.array_equal(read if read.ndim == shown.ndim else read[..., 0], shown)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("mode", PIXELS)
def test_what_is_written_is_what_other_libraries_read(tmp_path, mode, depth):
    pixels = PIXELS[mode] if depth == 8 else PIXELS[mode].astype(np.uint16) * 257 - 5
    write_picture(tmp_path / "x.png", Picture(pixels))
    assert np.array_equal(imagecodecs.png_decode((tmp_path / "x.png").read_bytes()), pixels)
    write_picture(tmp_path / "x.tif", Picture(pixels))
    read = tifffile.imread(tmp_path / "x.tif")
    if mode == "grey and alpha" and depth == 16:
        read = read[..., [0, 3]]
    assert np.array_equal(read, pixels)
    with Image.open(io.BytesIO((tmp_path / "x.tif").read_bytes())) as image:
        assert image.size == (30, 20)
