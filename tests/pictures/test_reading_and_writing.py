"""Image files: every fault of a file has one clear error, and what is read is written unharmed.

Files are built with Pillow, OpenCV, tifffile or by hand; what the code under test writes is read
back with another library than wrote it.
"""

import io
import os
import struct
import threading
import warnings
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from srcnn_cli import files
from srcnn_cli.errors import InputError, OutputError
from srcnn_cli.pictures import writing as saving
from srcnn_cli.pictures.metadata import Metadata
from srcnn_cli.pictures.picture import Picture
from srcnn_cli.pictures.reading import DEFAULT_MAX_PIXELS, decode_picture, read_picture
from srcnn_cli.pictures.writing import check_destination, write_picture

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


def target(path, **options):
    defaults = {"height": 10, "width": 10, "channels": 3, "bits": 8}
    defaults |= {"overwrite": False, "background": None}
    return check_destination(path, **(defaults | options))


# Files that are no pictures


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"Dear diary,\ntoday nothing happened.\n", "is a text file"),
        ("Größe: 3 Äpfel\n".encode(), "is a text file"),
        (bytes(range(128, 256)) * 9, "is not a picture of a known format"),
        (b"\0" * 5000, "is not a picture of a known format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is a text file"),
        (b"\x89PNG\r\n\x1a\n", "is cut off"),
    ],
)
def test_a_file_that_is_no_picture_is_refused_with_its_kind(tmp_path, content, words):
    path = tmp_path / "photo.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_picture(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_picture(tmp_path / "absent.png")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        read_picture(tmp_path)


def test_a_device_is_refused_rather_than_read_forever():
    with pytest.raises(InputError, match="is a device"):
        read_picture("/dev/zero")


def test_a_name_with_a_nul_is_refused():
    with pytest.raises(InputError, match="not a valid name"):
        read_picture("a\0b.png")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path):
    path = tmp_path / "locked.png"
    path.write_bytes(encoded(RGB, "PNG"))
    path.chmod(0)
    with pytest.raises(InputError, match="permission denied"):
        read_picture(path)


def test_a_file_far_larger_than_any_picture_is_refused_unread(tmp_path):
    path = tmp_path / "disk.png"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # sparse: takes no room
    with pytest.raises(InputError, match="--max-pixels"):
        read_picture(path)


def test_a_wrong_extension_is_noted_and_the_content_believed(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(RGB, "PNG"))
    picture = read_picture(path)
    assert picture.format == "PNG"
    assert np.array_equal(picture.pixels, RGB)
    assert "it is a PNG file" in picture.notes[0]


def test_a_right_extension_in_capitals_is_not_noted(tmp_path):
    path = tmp_path / "PHOTO.PNG"
    path.write_bytes(encoded(RGB, "PNG"))
    assert read_picture(path).notes == ()


def test_names_in_any_script_are_read_and_written(tmp_path):
    path = tmp_path / "写真 é 🦊.png"
    write_picture(path, Picture(RGB))
    assert np.array_equal(read_picture(path).pixels, RGB)


# Size limits


def test_a_huge_header_is_refused_before_decoding():
    bomb = png((100_000, 100_000), 8, 2, b"")
    with pytest.raises(InputError, match=r"100,000 x 100,000.*500,000,000.*--max-pixels"):
        decode_picture(bomb, "bomb.png")


def test_a_huge_tile_is_refused_before_decoding():
    data = bytearray(tiff(RGB, photometric="rgb", tile=(16, 16)))
    for tag in (322, 323):
        entry = next(
            data.index(key) for kind in (3, 4) if (key := struct.pack("<HH", tag, kind)) in data
        )
        data[entry : entry + 12] = struct.pack("<HHII", tag, 4, 1, 40_000)
    with pytest.raises(InputError, match="tiles of 40,000 x 40,000"):
        decode_picture(bytes(data), "bomb.tif")


def test_the_limit_belongs_to_the_call():
    data = encoded(RGB, "PNG")
    with pytest.raises(InputError, match="600 pixels"):
        decode_picture(data, "x.png", max_pixels=599)
    assert decode_picture(data, "x.png", max_pixels=600).pixels.shape == RGB.shape


def test_a_picture_above_pillows_own_limit_is_read_when_ours_allows_it(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert decode_picture(encoded(RGB, "PNG"), "x.png").pixels.shape == RGB.shape
    assert Image.MAX_IMAGE_PIXELS == 100


def test_the_default_limit_is_above_any_camera():
    assert DEFAULT_MAX_PIXELS > 400_000_000


# Damage


@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("WEBP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
        ("GIF", {}),
        ("PPM", {}),
        ("JPEG2000", {}),
    ],
)
def test_a_truncated_file_is_refused_wherever_it_is_cut(file_format, options):
    data = encoded(RGB, file_format, **options)
    for keep in (10, len(data) // 4, len(data) // 2, len(data) - 30, len(data) - 4):
        with pytest.raises(InputError):
            decode_picture(data[:keep], "cut")


def test_a_truncated_16_bit_png_is_refused():
    data = png((30, 20), 16, 2, rows16(RGB16))
    with pytest.raises(InputError):
        decode_picture(data[: len(data) // 2], "cut.png")


def test_a_16_bit_tiff_cut_short_is_refused():
    data = tiff(RGB16, photometric="rgb")
    with pytest.raises(InputError):
        decode_picture(data[:-100], "cut.tif")


SEEDS = [
    encoded(RGB, "PNG"),
    encoded(RGB, "JPEG", exif=exif_with(6), icc_profile=SRGB),
    encoded(RGB, "GIF"),
    encoded(RGB, "TIFF", compression="tiff_lzw", icc_profile=SRGB),
    encoded(RGB, "WEBP"),
    encoded(RGB, "BMP"),
    encoded(RGB, "PPM"),
    encoded(RGB, "JPEG2000"),
    png((30, 20), 16, 2, rows16(RGB16)),
    tiff(RGB16, photometric="rgb"),
]


def assert_refused_or_sound(data):
    try:
        picture = decode_picture(data, "odd", max_pixels=1_000_000)
    except InputError:
        return
    assert picture.pixels.dtype in (np.uint8, np.uint16)
    assert picture.pixels.flags.c_contiguous
    assert picture.pixels.ndim == 2 or picture.pixels.shape[2] in (2, 3, 4)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_but_nothing_else_is_raised(data):
    content = bytearray(data.draw(st.sampled_from(SEEDS)))
    # Headers are where decoders stumble, so half of the damage goes there.
    anywhere = st.integers(0, len(content) - 1) | st.integers(0, min(99, len(content) - 1))
    for position, value in data.draw(
        st.lists(st.tuples(anywhere, st.integers(0, 255)), min_size=1, max_size=6)
    ):
        content[position] = value
    assert_refused_or_sound(bytes(content))


@settings(max_examples=200, deadline=None)
@given(
    start=st.sampled_from([b"", *(seed[:30] for seed in SEEDS), b"P5 ", b"P3 9 9 70000 "]),
    rest=st.binary(max_size=300),
)
def test_random_bytes_are_refused_or_read_but_nothing_else_is_raised(start, rest):
    assert_refused_or_sound(start + rest)


# Modes


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
def test_the_first_of_several_pictures_is_taken_with_a_note(file_format):
    picture = decode_picture(animation(file_format), "x")
    assert picture.pixels.shape == (8, 8, 3)
    assert picture.pixels[4, 4].tolist() == pytest.approx([255, 0, 0], abs=3)
    assert "several pictures" in picture.notes[0]


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG", "TIFF", "MPO"])
def test_several_pictures_are_refused_when_strict(file_format):
    with pytest.raises(InputError, match=r"x: .*several pictures"):
        decode_picture(animation(file_format), "x", strict=True)


# Orientation


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


# Metadata


@pytest.mark.parametrize("extension", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.parametrize("deep", [False, True])
def test_profile_exif_and_dpi_are_copied(tmp_path, extension, deep):
    data = encoded(RGB, "JPEG", exif=exif_with(1), icc_profile=SRGB, dpi=(300, 150))
    picture = decode_picture(data, "x.jpg")
    if deep:
        picture = Picture(RGB16, metadata=picture.metadata)
    path = tmp_path / f"copy{extension}"
    assert write_picture(path, picture) == []
    with Image.open(path) as copy:
        assert copy.info["icc_profile"] == SRGB
        assert copy.getexif()[0x010F] == "ACME"
        if extension != ".webp":
            assert copy.info["dpi"] == pytest.approx((300, 150), abs=0.02)  # PNG counts per metre


def test_sub_directories_of_exif_survive_a_tiff_both_ways(tmp_path):
    exif = Image.Exif()
    exif[0x8769] = {0x829D: 2.8}  # f-number
    first = decode_picture(encoded(RGB, "JPEG", exif=exif.tobytes()), "x.jpg")
    write_picture(tmp_path / "a.tif", first)
    second = read_picture(tmp_path / "a.tif")
    assert second.notes == ()
    write_picture(tmp_path / "b.jpg", second)
    with Image.open(tmp_path / "b.jpg") as copy:
        assert copy.getexif().get_ifd(0x8769)[0x829D] == pytest.approx(2.8)


@pytest.mark.parametrize("exif", [b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\x7f"])
def test_corrupt_exif_is_dropped_with_a_note(exif):
    picture = decode_picture(encoded(RGB, "JPEG", exif=exif), "x.jpg")
    assert picture.metadata.exif is None
    assert "EXIF is damaged" in picture.notes[0]


def test_exif_cut_off_is_dropped_with_a_note():
    cut = exif_with(6)[:-8]
    picture = decode_picture(encoded(RGB, "JPEG", exif=cut), "x.jpg")
    assert picture.metadata.exif is None
    assert picture.pixels.shape == RGB.shape


@pytest.mark.parametrize("profile", [b"nonsense", SRGB[:200], b"\0" * 500])
def test_a_corrupt_profile_is_dropped_with_a_note(profile):
    picture = decode_picture(encoded(RGB, "JPEG", icc_profile=profile), "x.jpg")
    assert picture.metadata.icc_profile is None
    assert "ICC profile is damaged" in picture.notes[0]


def test_a_colour_profile_on_a_grey_picture_is_dropped_with_a_note():
    picture = decode_picture(encoded(RGB[..., 0], "PNG", icc_profile=SRGB), "x.png")
    assert picture.metadata.icc_profile is None
    assert "is for RGB" in picture.notes[0]


def test_metadata_that_a_format_does_not_hold_is_reported(tmp_path):
    metadata = Metadata(icc_profile=SRGB, exif=exif_with(1).removeprefix(b"Exif\0\0"))
    notes = write_picture(tmp_path / "x.bmp", Picture(RGB, metadata=metadata))
    assert [("ICC" in note, "EXIF" in note) for note in notes] == [(True, False), (False, True)]


def test_exif_too_long_for_a_jpeg_is_reported_and_the_picture_saved(tmp_path):
    metadata = Metadata(exif=exif_with(1, "x" * 70_000).removeprefix(b"Exif\0\0"))
    assert "EXIF" in write_picture(tmp_path / "x.jpg", Picture(RGB, metadata=metadata))[0]
    assert cv2.imread(str(tmp_path / "x.jpg")).shape == RGB.shape


# Writing


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


# Destinations


@pytest.mark.parametrize("name", ["x.gif", "x.xyz", "x", "x.pdf"])
def test_an_extension_that_cannot_be_written_is_refused_with_the_list(tmp_path, name):
    with pytest.raises(OutputError, match=r"\.png, \.jpg"):
        target(tmp_path / name)


@pytest.mark.parametrize(("name", "side"), [("x.jpg", 65_500), ("x.webp", 16_383)])
def test_format_limits_are_found_beforehand(tmp_path, name, side):
    target(tmp_path / name, width=side)
    with pytest.raises(OutputError, match=f"{side:,}"):
        target(tmp_path / name, width=side + 1)
    with pytest.raises(OutputError, match=f"{side:,}"):
        target(tmp_path / name, height=side + 1)


def test_the_jpeg_limit_is_what_pillow_writes(tmp_path):
    pixels = np.zeros((1, 65_500), np.uint8)
    write_picture(tmp_path / "x.jpg", Picture(pixels))
    with Image.open(tmp_path / "x.jpg") as copy:
        assert copy.size == (65_500, 1)


@pytest.mark.parametrize("extension", [".tif", ".bmp"])
def test_files_beyond_four_gigabytes_are_found_beforehand(tmp_path, extension):
    with pytest.raises(OutputError, match="4 GiB"):
        target(tmp_path / f"x{extension}", height=40_000, width=40_000)


def test_a_missing_folder_is_found_beforehand(tmp_path):
    with pytest.raises(OutputError, match="folder does not exist"):
        target(tmp_path / "absent" / "x.png")


def test_a_file_in_place_of_the_folder_is_found_beforehand(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError):
        target(tmp_path / "file" / "x.png")


def test_a_read_only_folder_is_found_beforehand(tmp_path, monkeypatch):
    if os.geteuid() == 0:  # who may write everywhere
        monkeypatch.setattr(files.os, "access", lambda *_: False)
    else:
        tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="not writable"):
        target(tmp_path / "x.png")
    tmp_path.chmod(0o700)


def test_a_folder_at_the_destination_is_refused_even_to_overwrite(tmp_path):
    (tmp_path / "x.png").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        target(tmp_path / "x.png", overwrite=True)


def test_an_existing_file_is_refused_unless_it_may_be_replaced(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match="--overwrite"):
        write_picture(path, Picture(RGB))
    assert path.read_bytes() == b"old"
    write_picture(path, Picture(RGB), overwrite=True)
    assert np.array_equal(read_picture(path).pixels, RGB)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("a\nb")])
@pytest.mark.parametrize("name", ["x.png", "x.jpg"])
def test_a_save_that_fails_midway_leaves_the_old_file_and_nothing_else(
    tmp_path, monkeypatch, name, error
):
    def fail(file, *_args, **_options):
        file.write(b"half")
        raise error

    monkeypatch.setattr(saving, "write_png", fail)
    monkeypatch.setattr(Image.Image, "save", lambda _self, file, *_a, **_k: fail(file))
    path = tmp_path / name
    path.write_bytes(b"old")
    with pytest.raises(OutputError) as caught:
        write_picture(path, Picture(RGB), overwrite=True)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_reading_in_threads_leaves_the_warning_filters_alone():
    before = list(warnings.filters)
    data = encoded(RGB, "JPEG", exif=b"Exif\0\0nonsense")
    threads = [
        threading.Thread(target=lambda: [decode_picture(data, "x.jpg") for _ in range(20)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before
