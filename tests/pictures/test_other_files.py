"""Files that are no pictures, or too large: refused with a reason."""

import os
import struct

import numpy as np
import pytest
from PIL import Image

from picture_files import RGB, encoded, png, tiff
from srcnn_cli.errors import InputError
from srcnn_cli.pictures.picture import Picture
from srcnn_cli.pictures.reading import DEFAULT_MAX_PIXELS, decode_picture, read_picture
from srcnn_cli.pictures.writing import write_picture


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
@pytest.mark.fault("no bytes, text, or no picture at all", "refused, and said what it is", 3)
def test_a_file_that_is_no_picture_is_refused_with_its_kind(tmp_path, content, words):
    path = tmp_path / "photo.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_picture(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.fault("no such file", "refused", 3)
def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_picture(tmp_path / "absent.png")


@pytest.mark.fault(
    "a folder where Python asks for a file (the command takes its pictures)",
    "refused",
    3,
)
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


@pytest.mark.fault("a file far larger than any picture", "refused unread", 3)
def test_a_file_far_larger_than_any_picture_is_refused_unread(tmp_path):
    path = tmp_path / "disk.png"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # sparse: takes no room
    with pytest.raises(InputError, match="--max-pixels"):
        read_picture(path)


@pytest.mark.fault("wrong extension, sound content", "the picture, with a note", 0)
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


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"II\xbc\1" + bytes(99), "JPEG XR"),
        (b"8BPS\0\1" + bytes(99), "Photoshop"),
        (b"v/1\1" + bytes(99), "OpenEXR"),
        (b"%PDF-1.7\n%\xe2\xe3" + bytes(99), "PDF"),
    ],
)
@pytest.mark.fault("Photoshop, OpenEXR and other kinds that are not read", "refused, and named", 3)
def test_a_picture_of_a_kind_that_is_not_read_is_named(content, kind):
    with pytest.raises(InputError, match=f"is an? {kind} "):
        decode_picture(content, "x")


# Size limits


@pytest.mark.fault(
    "a header that claims an enormous picture", "refused before decoding (`--max-pixels`)", 3
)
def test_a_huge_header_is_refused_before_decoding():
    bomb = png((100_000, 100_000), 8, 2, b"")
    with pytest.raises(InputError, match=r"100,000 x 100,000.*500,000,000.*--max-pixels"):
        decode_picture(bomb, "bomb.png")


@pytest.mark.fault("a TIFF stored in one enormous tile", "refused before decoding", 3)
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
