"""What is written reads back with other libraries, whole or not at all."""

import sys
import zlib

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from picture_files import GREY16, GREY_ALPHA16, RGB, RGB16, RGBA16, RNG
from srcnn_cli.errors import OutputError
from srcnn_cli.pictures.encoders import adler32_combined
from srcnn_cli.pictures.picture import Picture
from srcnn_cli.pictures.reading import read_picture
from srcnn_cli.pictures.writing import check_destination, write_picture
from srcnn_cli.threads import Crew


def target(path, **options):
    defaults = {"height": 10, "width": 10, "channels": 3, "bits": 8}
    defaults |= {"overwrite": False, "background": None}
    return check_destination(path, **(defaults | options))


@pytest.mark.parametrize("compression", [0, 1, 6, 9])
@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1), (45, 33)])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_of_any_shape_reads_back_with_pillow(tmp_path, shape, channels, compression):
    size = shape if channels == 1 else (*shape, channels)
    pixels = RNG.integers(0, 256, size, dtype=np.uint8)
    write_picture(tmp_path / "x.png", Picture(pixels), compression=compression)
    with Image.open(tmp_path / "x.png") as copy:
        assert np.array_equal(np.asarray(copy), pixels)


@pytest.mark.parametrize("pixels", [GREY16, RGB16, RGBA16])
@pytest.mark.parametrize("extension", [".png", ".tif"])
def test_16_bits_stay_16_bits_in_png_and_tiff(tmp_path, pixels, extension):
    path = tmp_path / f"x{extension}"
    write_picture(path, Picture(pixels))
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[1 if pixels.ndim == 2 else pixels.shape[2]]
    read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    read = read if read.ndim == 2 else read[..., order]
    assert read.dtype == np.uint16
    assert np.array_equal(read, pixels)
    if extension == ".tif":
        assert np.array_equal(tifffile.imread(path), pixels)
    assert np.array_equal(read_picture(path).pixels, pixels)


def test_16_bit_grey_with_alpha_stays_so_in_png(tmp_path):
    write_picture(tmp_path / "x.png", Picture(GREY_ALPHA16))
    assert np.array_equal(read_picture(tmp_path / "x.png").pixels, GREY_ALPHA16)


def test_16_bit_grey_with_alpha_becomes_colour_in_tiff_and_is_announced(tmp_path):
    path = tmp_path / "x.tif"
    assert "stored as RGB" in target(path, channels=2, bits=16)[0]
    write_picture(path, Picture(GREY_ALPHA16))
    assert np.array_equal(tifffile.imread(path)[..., [0, 3]], GREY_ALPHA16)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_and_tiff_of_several_bands_read_back_with_other_libraries(tmp_path, channels):
    size = (900, 800) if channels == 1 else (900, 800, channels)
    pixels = RNG.integers(0, 256, size, dtype=np.uint8)
    for name in ("x.tif", "x.png"):
        write_picture(tmp_path / name, Picture(pixels))
        with Image.open(tmp_path / name) as copy:
            assert np.array_equal(np.asarray(copy), pixels)
    assert np.array_equal(tifffile.imread(tmp_path / "x.tif"), pixels)


def photo_like(height, width, channels, dtype=np.uint8):
    waves = np.sin(np.arange(height * width * channels) / 40).reshape(height, width, channels)
    noise = RNG.random((height, width, channels))
    return ((waves + 1 + 0.1 * noise) / 2.1 * np.iinfo(dtype).max).astype(dtype).squeeze()


@pytest.mark.parametrize("compression", range(10))
def test_a_png_of_many_strips_is_one_picture_to_every_decoder(tmp_path, monkeypatch, compression):
    monkeypatch.setattr("srcnn_cli.pictures.encoders._STRIP_BYTES", 30_000)
    pixels = photo_like(211, 301, 3)
    write_picture(tmp_path / "x.png", Picture(pixels), compression=compression)
    with Image.open(tmp_path / "x.png") as copy:
        assert np.array_equal(np.asarray(copy), pixels)
    assert np.array_equal(cv2.imread(str(tmp_path / "x.png"))[..., ::-1], pixels)
    assert np.array_equal(imagecodecs.imread(tmp_path / "x.png"), pixels)


def test_without_isal_zlib_writes_the_same_pixels(tmp_path, monkeypatch):
    pixels = photo_like(211, 301, 3)
    write_picture(tmp_path / "isal.png", Picture(pixels))
    monkeypatch.setitem(sys.modules, "isal", None)
    write_picture(tmp_path / "zlib.png", Picture(pixels))
    for name in ("isal.png", "zlib.png"):
        assert np.array_equal(imagecodecs.imread(tmp_path / name), pixels)
    assert (tmp_path / "isal.png").read_bytes() != (tmp_path / "zlib.png").read_bytes()


@pytest.mark.parametrize("compression", [1, 6])
def test_the_number_of_threads_changes_no_byte_of_a_png(tmp_path, monkeypatch, compression):
    monkeypatch.setattr("srcnn_cli.pictures.encoders._STRIP_BYTES", 5_000)
    pixels = photo_like(90, 120, 4, np.uint16)
    files = []
    for threads in (1, 2, 5):
        monkeypatch.setattr("srcnn_cli.threads._crew", Crew(threads))
        path = tmp_path / f"{threads}.png"
        write_picture(path, Picture(pixels), compression=compression)
        files.append(path.read_bytes())
    assert files[0] == files[1] == files[2]


def test_strips_cost_next_to_nothing_in_size(tmp_path, monkeypatch):
    pixels = photo_like(400, 500, 3)
    sizes = []
    for strip in (1 << 30, 1 << 16):
        monkeypatch.setattr("srcnn_cli.pictures.encoders._STRIP_BYTES", strip)
        path = tmp_path / f"{strip}.png"
        write_picture(path, Picture(pixels), compression=6)
        sizes.append(path.stat().st_size)
    assert sizes[1] < 1.01 * sizes[0]


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_checksums_of_two_pieces_make_that_of_both(first, second):
    combined = adler32_combined(zlib.adler32(first), zlib.adler32(second), len(second))
    assert combined == zlib.adler32(first + second)


def test_8_bits_from_16_are_rounded_to_nearest(tmp_path):
    pixels = np.array([[0, 128, 129, 65_406, 65_407, 65_535]], np.uint16)
    assert "rounded to 8" in target(tmp_path / "x.pgm", channels=1, bits=16)[0]
    write_picture(tmp_path / "x.pgm", Picture(pixels))
    with Image.open(tmp_path / "x.pgm") as copy:
        assert np.asarray(copy).tolist() == [[0, 0, 1, 254, 255, 255]]


@pytest.mark.parametrize(
    ("extension", "start"),
    [
        (".png", b"\x89PNG"),
        (".JPG", b"\xff\xd8"),
        (".jpeg", b"\xff\xd8"),
        (".webp", b"RIFF"),
        (".tif", b"II*\0"),
        (".TIFF", b"II*\0"),
        (".bmp", b"BM"),
        (".ppm", b"P6"),
        (".pnm", b"P6"),
    ],
)
def test_the_content_matches_the_extension(tmp_path, extension, start):
    path = tmp_path / f"x{extension}"
    write_picture(path, Picture(RGB, format="GIF"))
    assert path.read_bytes().startswith(start)
    assert read_picture(path).notes == ()


def test_grey_in_a_ppm_becomes_colour(tmp_path):
    write_picture(tmp_path / "x.ppm", Picture(RGB[..., 0].copy()))
    assert (tmp_path / "x.ppm").read_bytes().startswith(b"P6")


def test_colour_in_a_pgm_is_refused(tmp_path):
    with pytest.raises(OutputError, match=r"choose \.ppm"):
        target(tmp_path / "x.pgm", channels=3)


def test_grey_stays_grey_in_a_jpeg(tmp_path):
    write_picture(tmp_path / "x.jpg", Picture(RGB[..., 0].copy()))
    with Image.open(tmp_path / "x.jpg") as copy:
        assert copy.mode == "L"


@pytest.mark.parametrize(("subsampling", "factors"), [("444", 0x11), ("422", 0x21), ("420", 0x22)])
def test_jpeg_subsampling_is_as_asked_for(tmp_path, subsampling, factors):
    write_picture(tmp_path / "x.jpg", Picture(RGB), subsampling=subsampling)
    data = (tmp_path / "x.jpg").read_bytes()
    frame = data.index(b"\xff\xc0")
    assert data[frame + 11] == factors


def test_jpeg_quality_changes_the_size(tmp_path):
    write_picture(tmp_path / "a.jpg", Picture(RGB), quality=30)
    write_picture(tmp_path / "b.jpg", Picture(RGB))
    assert (tmp_path / "a.jpg").stat().st_size < (tmp_path / "b.jpg").stat().st_size


def test_webp_is_lossless_at_quality_100(tmp_path):
    pixels = np.dstack([RGB, RGB[..., 0]])
    write_picture(tmp_path / "x.webp", Picture(pixels), quality=100)
    read = cv2.imread(str(tmp_path / "x.webp"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(read[..., [2, 1, 0, 3]], pixels)


# Transparency


@pytest.mark.fault("transparency into JPEG", "refused; `--background` helps", 4)
def test_alpha_into_jpeg_is_refused_with_the_flag_that_helps(tmp_path):
    with pytest.raises(OutputError, match="--background"):
        target(tmp_path / "x.jpg", channels=4)
    with pytest.raises(OutputError, match="--background"):
        write_picture(tmp_path / "x.jpg", Picture(np.dstack([RGB, RGB[..., 0]])))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_background_shows_through_as_much_as_alpha_lets_it(tmp_path, dtype):
    white = np.iinfo(dtype).max
    half = white // 5 * 2  # exactly 40 %
    pixels = np.array([[[white, 0, 0, 0], [white, 0, 0, half], [white, 0, 0, white]]], dtype)
    write_picture(tmp_path / "x.bmp", Picture(pixels), background=(0, 100, 200))
    with Image.open(tmp_path / "x.bmp") as copy:
        assert np.asarray(copy).tolist() == [[[0, 100, 200], [102, 60, 120], [255, 0, 0]]]


@pytest.mark.parametrize(("background", "mode"), [((255, 255, 255), "L"), ((255, 0, 0), "RGB")])
def test_grey_stays_grey_over_a_grey_background(tmp_path, background, mode):
    pixels = np.zeros((8, 8, 2), np.uint8)
    write_picture(tmp_path / "x.jpg", Picture(pixels), background=background)
    with Image.open(tmp_path / "x.jpg") as copy:
        assert copy.mode == mode
        assert copy.convert("RGB").getpixel((3, 3)) == pytest.approx(background, abs=2)


def test_a_background_is_not_used_where_alpha_is_held(tmp_path):
    pixels = np.dstack([RGB, RGB[..., 0]])
    write_picture(tmp_path / "x.png", Picture(pixels), background=(1, 2, 3))
    assert np.array_equal(read_picture(tmp_path / "x.png").pixels, pixels)
