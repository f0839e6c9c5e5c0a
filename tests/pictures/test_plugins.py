"""HEIC and JPEG XL, which the extra `formats` reads."""

import io
import sys

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms

from sample_pictures import random_pixels
from srcnn_cli.errors import InputError
from srcnn_cli.pictures.jpegxl import size_of
from srcnn_cli.pictures.reading import decode_picture, read_picture

heif = pytest.importorskip("pillow_heif", reason="the extra formats is not installed")
pytest.importorskip("pillow_jxl", reason="the extra formats is not installed")
heif.register_heif_opener()


def heic(image, **options):
    stream = io.BytesIO()
    image.save(stream, "HEIF", **options)
    return stream.getvalue()


def jpeg_xl(pixels, **options):
    return imagecodecs.jpegxl_encode(pixels, lossless=True, **options)


def gradient(width=64, height=48):
    rows, columns = np.mgrid[:height, :width]
    return (
        np.dstack([4 * columns, 4 * rows, 255 - 2 * rows - columns]).clip(0, 255).astype(np.uint8)
    )


def oriented(turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    exif[0x010F] = "Camera"
    return exif.tobytes()


def test_heic_is_read_as_it_looks(tmp_path):
    pixels = gradient()
    (tmp_path / "in.heic").write_bytes(heic(Image.fromarray(pixels), quality=100))
    picture = read_picture(tmp_path / "in.heic")
    assert (picture.format, picture.pixels.dtype, picture.notes) == ("HEIF", np.uint8, ())
    assert np.abs(picture.pixels.astype(int) - pixels).mean() < 3


def test_heic_keeps_its_profile_and_exif_and_is_turned_once():
    pixels = gradient()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = heic(Image.fromarray(pixels), quality=100, icc_profile=profile, exif=oriented(6))
    picture = decode_picture(data, "in.heic")
    assert picture.pixels.shape == (64, 48, 3)
    assert np.abs(picture.pixels.astype(int) - np.rot90(pixels, -1)).mean() < 3
    assert picture.metadata.icc_profile == profile
    read = Image.Exif()
    read.load(b"Exif\0\0" + picture.metadata.exif)
    assert (read[0x0112], read[0x010F]) == (1, "Camera")


def test_several_pictures_in_a_heic_are_noted():
    stream = io.BytesIO()
    first = Image.fromarray(gradient())
    first.save(stream, "HEIF", save_all=True, append_images=[first.rotate(180)])
    assert "several pictures" in decode_picture(stream.getvalue(), "in.heic").notes[0]
    with pytest.raises(InputError, match="--strict"):
        decode_picture(stream.getvalue(), "in.heic", strict=True)


@pytest.mark.parametrize("shape", [(9, 11), (9, 11, 3), (9, 11, 4)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_jpeg_xl_is_read_exactly_at_its_own_depth(shape, kind):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, np.iinfo(kind).max, shape, kind, endpoint=True)
    picture = decode_picture(jpeg_xl(pixels), "in.jxl")
    assert (picture.format, picture.pixels.dtype) == ("JXL", kind)
    np.testing.assert_array_equal(picture.pixels, pixels)


def test_a_jpeg_inside_a_jpeg_xl_is_that_jpeg():
    stream = io.BytesIO()
    Image.fromarray(gradient()).save(stream, "JPEG", quality=90, exif=oriented(6))
    data = imagecodecs.jpegxl_encode_jpeg(stream.getvalue(), usecontainer=True)
    expected = decode_picture(stream.getvalue(), "in.jpg").pixels
    found = decode_picture(data, "in.jxl").pixels
    assert found.shape == expected.shape == (64, 48, 3)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("width", "height"),
    [(1, 1), (8, 8), (64, 48), (256, 256), (257, 3), (1000, 700), (1600, 900), (5, 9000), (40, 20)],
)
def test_the_size_of_a_jpeg_xl_is_known_before_it_is_decoded(width, height):
    pixels = np.zeros((height, width), np.uint8)
    for container in (False, True):
        assert size_of(jpeg_xl(pixels, usecontainer=container)) == (width, height)
    with pytest.raises(InputError, match="--max-pixels"):
        decode_picture(jpeg_xl(pixels), "in.jxl", max_pixels=width * height - 1)


@pytest.mark.parametrize("cut", [2, 12, 40, 200])
@pytest.mark.parametrize("kind", ["heic", "jxl"])
@pytest.mark.fault("HEIC and JPEG XL that are damaged or cut off", "refused", 3)
def test_what_is_cut_off_is_refused(kind, cut):
    pixels = random_pixels((48, 64, 3))
    data = heic(Image.fromarray(pixels)) if kind == "heic" else jpeg_xl(pixels)
    with pytest.raises(InputError):
        decode_picture(data[: len(data) - cut], f"in.{kind}")
    with pytest.raises(InputError):
        decode_picture(data[:cut], f"in.{kind}")


@pytest.mark.parametrize(
    ("module", "name", "words"),
    [("pillow_heif.HeifImagePlugin", "in.heic", "HEIC"), ("pillow_jxl", "in.jxl", "JPEG XL")],
)
@pytest.mark.fault("HEIC and JPEG XL without the extra `formats`", "refused, and what to type", 3)
def test_without_the_extra_it_is_named(srcnn, work, monkeypatch, module, name, words):
    image = gradient()
    (work / name).write_bytes(heic(Image.fromarray(image)) if name == "in.heic" else jpeg_xl(image))
    monkeypatch.setitem(sys.modules, module, None)
    code, out, err = srcnn("upscale", name, "-s", "2")
    assert (code, out) == (3, "")
    assert f"error: {name}: is a {words} picture" in err
    assert "[formats]" in err
    assert err.count("\n") == 1


def test_a_phone_photo_becomes_a_picture_of_a_format_that_is_written(srcnn, work):
    (work / "in.heic").write_bytes(heic(Image.fromarray(gradient())))
    assert srcnn("upscale", "in.heic", "-s", "2", "-m", "bicubic")[0] == 0
    assert srcnn("upscale", "in.heic", "-s", "2", "-m", "bicubic", "-f", "avif")[0] == 0
    for name, kind in (("in_x2.png", "PNG"), ("in_x2.avif", "AVIF")):
        with Image.open(work / name) as image:
            assert (image.format, image.size) == (kind, (128, 96))
