"""What travels with the pixels."""

import cv2
import pytest
from PIL import Image

from picture_files import RGB, RGB16, SRGB, encoded, exif_with
from srcnn_cli.pictures.metadata import Metadata
from srcnn_cli.pictures.picture import Picture
from srcnn_cli.pictures.reading import decode_picture, read_picture
from srcnn_cli.pictures.writing import write_picture


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
