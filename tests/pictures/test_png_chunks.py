"""What stands beside the pixels of a PNG: read where it is sound, and never in their way."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from picture_files import (
    RGB,
    SRGB,
    chunk,
    encoded,
    exif_with,
    png,
    raw_profile,
    turned,
    with_chunks,
)
from srcnn_cli.errors import InputError
from srcnn_cli.pictures.picture import Picture
from srcnn_cli.pictures.reading import decode_picture
from srcnn_cli.pictures.writing import write_picture

PLAIN = encoded(RGB, "PNG")
P3 = (31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000)
LARGE_PROFILE = struct.pack(">I", len(SRGB) + 2_000_000) + SRGB[4:] + bytes(2_000_000)


def damaged(kind, content):
    good = bytearray(chunk(kind, content))
    good[-1] ^= 1
    return bytes(good)


def shown(profile, color):
    """What a colour-managed viewer makes of one colour."""
    pixel = Image.fromarray(np.full((1, 1, 3), color, np.uint8))
    srgb = ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(pixel, io.BytesIO(profile), srgb, outputMode="RGB")
    return np.asarray(converted)[0, 0].astype(int)


def from_p3(color):
    """Display P3 to sRGB by the matrix of CSS Color 4."""
    value = np.array(color) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    matrix = [
        [1.2249401, -0.2249402, 0],
        [-0.0420570, 1.0420571, 0],
        [-0.0196376, -0.0786361, 1.0982736],
    ]
    linear = np.clip(matrix @ linear, 0, 1)
    return 255 * np.where(linear < 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


# In the way of the pixels


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"tEXt", b"Comment\0" + b"x" * 3_000_000),
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(90_000_000))),
        chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(b"x" * 3_000_000)),
        chunk(b"iCCP", b"large\0\0" + zlib.compress(LARGE_PROFILE)),
        chunk(b"iTXt", b"broken"),
        chunk(b"zTXt", b"Comment\0\0broken"),
        chunk(b"pHYs", b"?"),
        chunk(b"gAMA", b"?"),
        chunk(b"cHRM", b"?"),
    ],
)
@pytest.mark.fault("PNG: very long or senseless text, profiles, numbers", "the picture", 0)
def test_long_and_strange_chunks_are_no_reason_to_refuse_the_picture(extra):
    assert np.array_equal(decode_picture(with_chunks(PLAIN, extra), "x.png").pixels, RGB)


def test_a_large_profile_is_kept():
    data = with_chunks(PLAIN, chunk(b"iCCP", b"large\0\0" + zlib.compress(LARGE_PROFILE)))
    assert decode_picture(data, "x.png").metadata.icc_profile == LARGE_PROFILE


@pytest.mark.parametrize("kind", [b"tEXt", b"gAMA", b"eXIf", b"iCCP", b"tIME"])
@pytest.mark.fault("PNG: a damaged ancillary chunk", "the picture without it, with a note", 0)
def test_a_damaged_ancillary_chunk_is_dropped_with_a_note(kind):
    picture = decode_picture(with_chunks(PLAIN, damaged(kind, b"\0" * 20)), "x.png")
    assert np.array_equal(picture.pixels, RGB)
    assert picture.notes == (f"its PNG chunks {kind.decode()} are damaged and were dropped",)


@pytest.mark.parametrize("kind", [b"tRNS", b"PLTE", b"IDAT"])
@pytest.mark.fault("PNG: a damaged chunk of the pixels, the palette or transparency", "refused", 3)
def test_a_damaged_chunk_that_makes_pixels_is_refused(kind):
    with pytest.raises(InputError, match="checksum"):
        decode_picture(with_chunks(PLAIN, damaged(kind, b"\0" * 6)), "x.png")


# Colour


@pytest.mark.fault("PNG: gAMA", "carried over; an ICC profile for other formats", 0)
def test_a_gamma_of_one_stays_one():
    content = struct.pack(">I", 100_000)
    metadata = decode_picture(with_chunks(PLAIN, chunk(b"gAMA", content)), "x.png").metadata
    assert shown(metadata.icc_profile, 128).tolist() == pytest.approx([188] * 3, abs=1)
    assert metadata.png_color == ((b"gAMA", content),)


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"cICP", bytes([12, 13, 0, 1])),
        chunk(b"gAMA", struct.pack(">I", 45_455)) + chunk(b"cHRM", struct.pack(">8I", *P3)),
    ],
    ids=["cICP", "gAMA and cHRM"],
)
@pytest.mark.parametrize("extension", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.fault(
    "PNG: cICP or cHRM, another colour space", "carried over; an ICC profile for other formats", 0
)
def test_display_p3_by_numbers_becomes_a_profile(tmp_path, extra, extension):
    picture = decode_picture(with_chunks(PLAIN, extra), "x.png")
    path = tmp_path / f"x{extension}"
    assert write_picture(path, picture) == []
    with Image.open(path) as copy:
        profile = copy.info["icc_profile"]
    for color in ((128, 200, 90), (200, 120, 150), (140, 150, 200)):
        assert np.abs(shown(profile, color) - from_p3(color)).max() <= 3


@pytest.mark.fault("PNG: cICP, HDR (PQ, HLG)", "carried over to PNG, else dropped; with a note", 0)
def test_the_tags_themselves_are_in_the_copy(tmp_path):
    extra = chunk(b"cICP", bytes([9, 16, 0, 1]))
    picture = decode_picture(with_chunks(PLAIN, extra), "x.png")
    assert any("HDR (PQ)" in note for note in picture.notes)
    write_picture(tmp_path / "x.png", picture)
    assert extra in (tmp_path / "x.png").read_bytes()
    assert any("HDR" in note for note in write_picture(tmp_path / "x.jpg", picture))


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"gAMA", struct.pack(">I", 45_455)),
        chunk(b"sRGB", b"\0") + chunk(b"gAMA", struct.pack(">I", 100_000)),
        chunk(b"cICP", bytes([1, 13, 0, 1])),
        chunk(b"cHRM", struct.pack(">8I", *P3)),  # without a gamma it says nothing to a browser
    ],
)
def test_what_says_srgb_needs_no_profile(extra):
    picture = decode_picture(with_chunks(PLAIN, extra), "x.png")
    assert picture.metadata.icc_profile is None
    assert picture.notes == ()


def test_a_profile_goes_before_gamma():
    extra = chunk(b"iCCP", b"x\0\0" + zlib.compress(SRGB))
    extra += chunk(b"gAMA", struct.pack(">I", 100_000))
    picture = decode_picture(with_chunks(PLAIN, extra), "x.png")
    assert picture.metadata.icc_profile == SRGB
    assert picture.metadata.png_color == ()


def test_grey_gets_a_profile_of_grey():
    grey = encoded(RGB[..., 0].copy(), "PNG")
    data = with_chunks(grey, chunk(b"gAMA", struct.pack(">I", 100_000)))
    assert decode_picture(data, "x.png").metadata.icc_profile[16:20] == b"GRAY"


@pytest.mark.parametrize(("primaries", "transfer"), [(12, 13), (9, 16), (9, 18), (1, 13)])
@pytest.mark.fault("AVIF: nclx", "an ICC profile; HDR: as cICP in a PNG, with a note", 0)
def test_the_colour_space_of_an_avif_is_carried_over_or_said(primaries, transfer):
    data = bytearray(encoded(RGB, "AVIF"))
    struct.pack_into(">HH", data, data.index(b"colrnclx") + 8, primaries, transfer)
    picture = decode_picture(bytes(data), "x.avif")
    profile = picture.metadata.icc_profile
    if primaries == 12:
        color = (128, 200, 90)
        assert np.abs(shown(profile, color) - from_p3(color)).max() <= 2
    else:
        assert profile is None
    assert any("HDR" in note for note in picture.notes) == (transfer in (16, 18))


# EXIF and its like, as text


@pytest.mark.parametrize("name", ["exif", "APP1"])
@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt"])
@pytest.mark.fault("PNG: EXIF as text, as ImageMagick writes it", "turned upright, carried over", 0)
def test_exif_as_text_is_exif(tmp_path, kind, name):
    text = raw_profile(name, exif_with(6))
    if kind == b"zTXt":
        text = b"\0" + zlib.compress(text)
    extra = chunk(kind, b"Raw profile type " + name.encode() + b"\0" + text)
    picture = decode_picture(with_chunks(PLAIN, extra), "x.png")
    assert np.array_equal(picture.pixels, turned(RGB, 6))
    write_picture(tmp_path / "x.jpg", picture)
    with Image.open(tmp_path / "x.jpg") as copy:
        assert copy.getexif()[0x010F] == "ACME"
        assert copy.getexif()[0x0112] == 1


def test_an_animation_is_noted_and_its_first_picture_taken():
    data = png((2, 1), 8, 0, b"\0\1\2", chunk(b"acTL", struct.pack(">II", 3, 0)))
    picture = decode_picture(data, "x.png")
    assert picture.pixels.tolist() == [[1, 2]]
    assert "several pictures" in picture.notes[0]


def test_text_for_people_is_no_metadata(tmp_path):
    picture = decode_picture(with_chunks(PLAIN, chunk(b"tEXt", b"Comment\0hello")), "x.png")
    write_picture(tmp_path / "x.png", Picture(RGB, metadata=picture.metadata))
    assert b"hello" not in (tmp_path / "x.png").read_bytes()
