"""What travels with the pixels."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from picture_files import RGB, RGB16, SRGB, encoded, exif_with, tiff, turned
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
@pytest.mark.fault("damaged EXIF", "dropped, with a note", 0)
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
@pytest.mark.fault("a damaged ICC profile", "dropped, with a note", 0)
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


# XMP and IPTC

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="%d" '
    b'exif:PixelXDimension="30" exif:PixelYDimension="20" dc:title="Sunrise"/>'
    b"<xmp:Thumbnails>AAAA</xmp:Thumbnails></x:xmpmeta>"
)
IPTC = b"\x1c\x02\x05\x00\x06Title!"


def jpeg_with(*segments, exif=None):
    data = encoded(RGB, "JPEG", **({"exif": exif} if exif else {}))
    extra = b"".join(
        bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content
        for marker, content in segments
    )
    return data[:2] + extra + data[2:]


def xmp_segment(orientation):
    return 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP % orientation


RESOURCES = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC)) + IPTC + b"\0"


@pytest.mark.parametrize("exif", [None, exif_with(1), exif_with(6)])
@pytest.mark.fault("orientation stated by XMP alone", "the picture, upright", 0)
def test_the_orientation_of_xmp_counts_where_exif_states_none(exif):
    picture = decode_picture(jpeg_with(xmp_segment(8), exif=exif), "x.jpg")
    plain = np.asarray(Image.open(io.BytesIO(jpeg_with())))
    expected = {None: 8, exif_with(1): 1, exif_with(6): 6}[exif]
    assert np.array_equal(picture.pixels, turned(plain, expected))
    assert b'tiff:Orientation="1"' in picture.metadata.xmp


@pytest.mark.parametrize("extension", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.fault("XMP, IPTC", "copied, the size in them renewed", 0)
def test_xmp_and_iptc_are_copied_with_the_new_size(tmp_path, extension):
    data = jpeg_with(xmp_segment(6), (0xED, RESOURCES))
    picture = decode_picture(data, "x.jpg")
    path = tmp_path / f"x{extension}"
    larger = Picture(np.zeros((90, 60, 3), np.uint8), metadata=picture.metadata)
    notes = write_picture(path, larger)
    with Image.open(path) as copy:
        packet = copy.info.get("xmp") or copy.tag_v2.get(700)
    packet = packet.encode() if isinstance(packet, str) else packet
    assert b'dc:title="Sunrise"' in packet
    assert b'exif:PixelXDimension="60" exif:PixelYDimension="90"' in packet
    assert b"Thumbnails" not in packet
    if extension == ".webp":
        assert notes == ["WEBP does not hold its IPTC, which was dropped"]
    else:
        assert notes == []
        assert read_picture(path).metadata.iptc == IPTC
        assert {".png": IPTC.hex().encode()[:8], ".jpg": IPTC, ".tif": IPTC}[extension] in (
            path.read_bytes() if extension != ".png" else unfolded_texts(path)
        )


def unfolded_texts(path):
    data, texts, at = path.read_bytes(), b"", 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"zTXt":
            texts += zlib.decompress(data[at + 8 : at + 8 + length].split(b"\0\0", 1)[1])
        at += 12 + length
    return texts.replace(b"\n", b"")


@pytest.mark.parametrize("kind", ["B", "I"])
def test_iptc_of_a_tiff_is_read_whatever_its_type(kind):
    content = IPTC + bytes(-len(IPTC) % 4)
    values = content if kind == "B" else struct.unpack(f"<{len(content) // 4}I", content)
    data = tiff(RGB, photometric="rgb", extratags=[(33723, kind, len(values), values, True)])
    assert decode_picture(data, "x.tif").metadata.iptc.rstrip(b"\0") == IPTC


# What would be wrong in the copy


def test_the_pixel_size_of_exif_is_that_of_the_copy(tmp_path):
    exif = Image.Exif()
    exif[0x8769] = {0xA002: 30, 0xA003: 20}
    picture = decode_picture(encoded(RGB, "JPEG", exif=exif.tobytes()), "x.jpg")
    large = Picture(np.zeros((200, 70_000 // 2, 3), np.uint8), metadata=picture.metadata)
    for name in ("x.jpg", "x.png", "x.tif"):
        write_picture(tmp_path / name, large)
        with Image.open(tmp_path / name) as copy:
            tags = copy.getexif().get_ifd(0x8769)
            assert (tags[0xA002], tags[0xA003]) == (35_000, 200)


@pytest.mark.fault("a thumbnail in EXIF", "left out of the copy", 0)
def test_the_thumbnail_of_exif_does_not_outlive_the_picture(tmp_path):
    thumbnail = encoded(RGB[:8, :8].copy(), "JPEG")
    first = struct.pack("<HHHII", 1, 0x010F, 2, 5, 26)[:14]  # one entry: the maker
    body = b"II*\0\x08\0\0\0" + first + struct.pack("<I", 32) + b"ACME\0\0"
    second = struct.pack("<H", 2)
    offset = 32 + 2 + 24 + 4
    second += struct.pack("<HHII", 0x0201, 4, 1, offset)
    second += struct.pack("<HHII", 0x0202, 4, 1, len(thumbnail)) + bytes(4)
    picture = decode_picture(
        encoded(RGB, "JPEG", exif=b"Exif\0\0" + body + second + thumbnail), "x"
    )
    assert thumbnail not in picture.metadata.exif
    write_picture(tmp_path / "x.jpg", picture)
    with Image.open(tmp_path / "x.jpg") as copy:
        assert copy.getexif()[0x010F] == "ACME"
        assert not copy.getexif().get_ifd(1)
    assert (tmp_path / "x.jpg").read_bytes().count(b"\xff\xd8\xff") == 1
