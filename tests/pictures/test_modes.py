"""Every mode and depth keeps its values."""

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from picture_files import (
    GREY16,
    GREY_ALPHA16,
    RGB,
    RGB16,
    RGBA16,
    SRGB,
    chunk,
    encoded,
    png,
    rows16,
    tiff,
)
from srcnn_cli.errors import InputError
from srcnn_cli.pictures.reading import decode_picture


@pytest.mark.parametrize(
    ("mode", "file_format", "shape"),
    [
        ("1", "PNG", (20, 30)),
        ("L", "PNG", (20, 30)),
        ("LA", "PNG", (20, 30, 2)),
        ("P", "PNG", (20, 30, 3)),
        ("RGB", "PNG", (20, 30, 3)),
        ("RGBA", "PNG", (20, 30, 4)),
        ("LA", "TIFF", (20, 30, 2)),
        ("YCbCr", "TIFF", (20, 30, 3)),
        ("LAB", "TIFF", (20, 30, 3)),
        ("CMYK", "TIFF", (20, 30, 3)),
        ("CMYK", "JPEG", (20, 30, 3)),
        ("RGB", "TGA", (20, 30, 3)),
        ("RGBA", "WEBP", (20, 30, 4)),
    ],
)
def test_every_mode_keeps_its_kind_of_channels(mode, file_format, shape):
    image = Image.fromarray(RGB)
    image = (
        ImageCms.profileToProfile(
            image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
        if mode == "LAB"
        else image.convert(mode)
    )
    if mode in ("LA", "RGBA"):
        image.putalpha(100)
    data = encoded(image, file_format)
    if mode == "YCbCr":
        try:
            Image.open(io.BytesIO(data)).load()
        except OSError:
            pytest.skip("this version of Pillow cannot read its own Y'CbCr TIFF")
    picture = decode_picture(data, f"x.{file_format.lower()}")
    assert picture.pixels.shape == shape
    assert picture.pixels.dtype == np.uint8
    if mode in ("YCbCr", "LAB"):
        assert np.abs(picture.pixels.astype(int) - RGB).mean() < 5
    if mode in ("YCbCr", "LAB", "CMYK"):
        assert mode in picture.notes[0]


def test_one_bit_becomes_black_and_white():
    picture = decode_picture(png((8, 1), 1, 0, b"\0\x55"), "x.png")
    assert picture.pixels.tolist() == [[0, 255] * 4]


def test_a_palette_with_transparency_becomes_rgba():
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    picture = decode_picture(encoded(image, "PNG", transparency=bytes([128, 255])), "x.png")
    assert picture.pixels.tolist() == [[[255, 0, 0, 128], [0, 0, 255, 255]]]


def test_a_transparent_palette_colour_that_no_pixel_uses_gives_no_alpha():
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    assert decode_picture(encoded(image, "GIF", transparency=1), "x.gif").pixels.shape == (1, 2, 3)


def test_a_colour_key_becomes_alpha():
    key = chunk(b"tRNS", struct.pack(">3H", 1, 2, 3))
    picture = decode_picture(png((2, 1), 8, 2, b"\0\1\2\3\1\2\4", key), "x.png")
    assert picture.pixels.tolist() == [[[1, 2, 3, 0], [1, 2, 4, 255]]]


def test_a_grey_key_of_two_bits_becomes_alpha():
    key = chunk(b"tRNS", struct.pack(">H", 1))
    picture = decode_picture(png((4, 1), 2, 0, b"\0\x1b", key), "x.png")
    assert picture.pixels.tolist() == [[[0, 255], [85, 0], [170, 255], [255, 255]]]


def test_a_16_bit_colour_key_becomes_alpha():
    key = chunk(b"tRNS", struct.pack(">3H", *RGB16[0, 0].tolist()))
    pixels = decode_picture(png((30, 20), 16, 2, rows16(RGB16), key), "x.png").pixels
    assert np.array_equal(pixels[..., :3], RGB16)
    assert pixels[0, 0, 3] == 0
    assert (pixels[..., 3] == 65_535).sum() == 599


def test_a_cmyk_profile_is_not_passed_on():
    data = encoded(Image.fromarray(RGB).convert("CMYK"), "JPEG", icc_profile=SRGB)
    picture = decode_picture(data, "x.jpg")
    assert picture.metadata.icc_profile is None
    assert "ICC profile" in picture.notes[0]


# More than 8 bits


@pytest.mark.parametrize(
    ("color_type", "pixels"), [(0, GREY16), (4, GREY_ALPHA16), (2, RGB16), (6, RGBA16)]
)
def test_16_bit_png_is_read_unchanged(color_type, pixels):
    picture = decode_picture(png((30, 20), 16, color_type, rows16(pixels)), "x.png")
    assert picture.pixels.dtype == np.uint16
    assert np.array_equal(picture.pixels, pixels)
    assert picture.notes == ()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"byteorder": ">"},
        {"compression": "zlib", "predictor": True},
        {"bigtiff": True},
        {"tile": (16, 16)},
    ],
)
@pytest.mark.parametrize("pixels", [GREY16, RGB16, RGBA16])
def test_16_bit_tiff_is_read_unchanged(pixels, options):
    if pixels.ndim == 3:
        options = options | {"photometric": "rgb"}
    if pixels.shape[-1] == 4:
        options = options | {"extrasamples": ["unassalpha"]}
    picture = decode_picture(tiff(pixels, **options), "x.tif")
    assert picture.pixels.dtype == np.uint16
    assert np.array_equal(picture.pixels, pixels)


def test_16_bit_lzw_tiff_is_read_unchanged():
    data = cv2.imencode(".tif", RGB16[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 5])[1].tobytes()
    assert np.array_equal(decode_picture(data, "x.tif").pixels, RGB16)


def test_premultiplied_16_bit_alpha_is_divided_out():
    pixels = np.full((4, 5, 4), 1000, np.uint16)
    pixels[..., 3] = 20_000
    data = tiff(pixels, photometric="rgb", extrasamples=["assocalpha"])
    assert decode_picture(data, "x.tif").pixels[0, 0].tolist() == [3277, 3277, 3277, 20_000]


def test_a_16_bit_tiff_whose_white_is_zero_is_inverted():
    picture = decode_picture(tiff(GREY16, photometric="miniswhite"), "x.tif")
    assert np.array_equal(picture.pixels, 65_535 - GREY16)


@pytest.mark.parametrize(("magic", "pixels"), [(b"P5", GREY16), (b"P6", RGB16)])
def test_16_bit_ppm_is_read_unchanged(magic, pixels):
    data = magic + b"\n# made by hand\n30 20\n65535\n" + pixels.astype(">u2").tobytes()
    assert np.array_equal(decode_picture(data, "x.ppm").pixels, pixels)


def test_a_10_bit_ppm_is_spread_over_16_bits():
    data = b"P6\n2 1\n1023\n" + np.array([0, 1023, 512, 1, 2, 3], ">u2").tobytes()
    pixels = decode_picture(data, "x.ppm").pixels
    assert pixels.reshape(-1).tolist() == [0, 65_535, 32_800, 64, 128, 192]


def test_32_bit_integers_within_16_bits_are_taken_as_such_and_noted():
    picture = decode_picture(tiff(GREY16.astype(np.uint32)), "x.tif")
    assert np.array_equal(picture.pixels, GREY16)
    assert "32-bit" in picture.notes[0]


@pytest.mark.parametrize(
    "pixels",
    [
        GREY16.astype(np.float32),
        np.full((4, 4), np.nan, np.float32),
        GREY16.astype(np.uint32) * 1000,
        -GREY16.astype(np.int32),
        (GREY16 // 2).astype(np.int16) - 20_000,
    ],
)
@pytest.mark.fault("floating point or integers without a known white", "refused", 3)
def test_float_nan_and_out_of_range_pixels_are_refused(pixels):
    with pytest.raises(InputError, match="white is undefined"):
        decode_picture(tiff(pixels), "x.tif")


def test_floating_point_colour_is_refused():
    with pytest.raises(InputError, match="white is undefined"):
        decode_picture(tiff(RGB16.astype(np.float32), photometric="rgb"), "x.tif")


def test_16_bit_cmyk_is_reduced_but_not_silently():
    data = tiff(RGBA16, photometric="separated")
    picture = decode_picture(data, "x.tif")
    assert picture.pixels.shape == (20, 30, 3)
    assert any("reduced to 8 bits" in note for note in picture.notes)


# Several pictures in one file


def animation(file_format):
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue", "lime")]
    return encoded(frames[0], file_format, save_all=True, append_images=frames[1:])


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG", "TIFF", "MPO"])
@pytest.mark.fault("several pictures in one file", "the first, with a note", 0)
def test_the_first_of_several_pictures_is_taken_with_a_note(file_format):
    picture = decode_picture(animation(file_format), "x")
    assert picture.pixels.shape == (8, 8, 3)
    assert picture.pixels[4, 4].tolist() == pytest.approx([255, 0, 0], abs=3)
    assert "several pictures" in picture.notes[0]


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG", "TIFF", "MPO"])
@pytest.mark.fault("the same with `--strict`", "refused", 3)
def test_several_pictures_are_refused_when_strict(file_format):
    with pytest.raises(InputError, match=r"x: .*several pictures"):
        decode_picture(animation(file_format), "x", strict=True)
