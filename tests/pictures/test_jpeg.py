"""A JPEG of which a part is missing is refused, or taken with a warning where that is asked for."""

import struct

import numpy as np
import pytest
from PIL import Image

from picture_files import RNG, encoded, exif_with
from srcnn_cli.errors import InputError
from srcnn_cli.pictures.reading import decode_picture

END = b"\xff\xd9"
PHOTO = np.asarray(
    Image.fromarray(RNG.integers(0, 256, (16, 20, 3), np.uint8)).resize((160, 128), Image.BICUBIC)
)
KINDS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "optimised": {"optimize": True},
    "with restarts": {"restart_marker_blocks": 10},
    "subsampled": {"subsampling": "4:2:0"},
    "with EXIF": {"exif": exif_with(1)},
}
FILES = {name: encoded(PHOTO, "JPEG", quality=90, **options) for name, options in KINDS.items()}
FILES["grey"] = encoded(PHOTO[..., 0].copy(), "JPEG", quality=90)
FILES["CMYK"] = encoded(Image.fromarray(PHOTO).convert("CMYK"), "JPEG", quality=90)


def damaged(data):
    half = len(data) // 2
    rest = len(data) - half - 2
    noise = np.random.default_rng(1).integers(0, 255, 3 * len(data), np.uint8).tobytes()
    return {
        "second half missing": data[:half] + END,
        "cut off": data[:half],
        "second half zero": data[:half] + bytes(rest) + END,
        "far too many zeros": data[:half] + bytes(3 * len(data)) + END,
        "second half full": data[:half] + b"\xff" * rest + END,
        "other data behind the middle": data[:half] + noise + END,
        "a hole": data[:half] + bytes(300) + data[half + 300 :],
    }


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.fault(
    "JPEG: a part missing, zeroed, overwritten; with or without end marker", "refused", 3
)
def test_missing_data_is_found_whatever_stands_in_its_place(kind):
    for what, data in damaged(FILES[kind]).items():
        with pytest.raises(InputError, match="--accept-damaged"):
            pytest.fail(f"{what}: {decode_picture(data, 'x.jpg').notes}")


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.fault(
    "the same with `--accept-damaged`", "what there is of the picture, with a note", 0
)
def test_damage_can_be_accepted_and_is_then_said(kind):
    data = FILES[kind]
    whole = decode_picture(data, "x.jpg").pixels
    picture = decode_picture(damaged(data)["second half missing"], "x.jpg", accept_damaged=True)
    assert picture.pixels.shape == whole.shape
    assert any("it is damaged" in note for note in picture.notes)
    if kind not in ("progressive", "CMYK"):
        assert np.array_equal(picture.pixels[:30], whole[:30])


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.fault("JPEG: the end marker alone is missing", "the picture, with a note", 0)
def test_a_missing_end_marker_alone_is_noted(kind):
    picture = decode_picture(FILES[kind].removesuffix(END), "x.jpg")
    assert np.array_equal(picture.pixels, decode_picture(FILES[kind], "x.jpg").pixels)
    assert "end marker is missing" in picture.notes[0]


@pytest.mark.parametrize("idle", [b"\0" * 3, b"\0" * 500, b"\xaa" * 40])
@pytest.mark.fault("JPEG: idle bytes before the end marker", "the picture, with a note", 0)
def test_idle_bytes_before_the_end_are_noted(idle):
    data = FILES["baseline"].removesuffix(END) + idle + END
    picture = decode_picture(data, "x.jpg")
    assert np.array_equal(picture.pixels, decode_picture(FILES["baseline"], "x.jpg").pixels)
    assert "idle bytes" in picture.notes[0]


def test_other_data_behind_the_end_does_not_matter():
    assert decode_picture(FILES["baseline"] + b"a film, say" * 99, "x.jpg").notes == ()


def test_stray_bytes_between_the_segments_do_not_matter():
    data = FILES["baseline"]
    first = 4 + int.from_bytes(data[4:6], "big")
    picture = decode_picture(data[:first] + b"\0\0\0" + data[first:], "x.jpg")
    assert np.array_equal(picture.pixels, decode_picture(data, "x.jpg").pixels)


@pytest.mark.fault("JPEG: scans of a progressive file are missing", "refused", 3)
def test_a_progressive_file_that_ends_after_any_of_its_scans_is_refused():
    data = FILES["progressive"]
    scans = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    assert len(scans) > 4
    for scan in scans:
        with pytest.raises(InputError):
            decode_picture(data[:scan] + END, "x.jpg")


def test_damage_is_found_where_the_strict_decoder_does_not_know_the_subsampling(monkeypatch):
    def refuse(*_arguments, **_options):
        raise ValueError(
            "tjDecompressHeader3(): Could not determine subsampling level of JPEG image"
        )

    monkeypatch.setattr("simplejpeg.decode_jpeg", refuse)
    assert decode_picture(FILES["baseline"], "x.jpg").notes == ()
    for what in ("second half missing", "cut off", "second half zero"):
        with pytest.raises(InputError):
            decode_picture(damaged(FILES["baseline"])[what], "x.jpg")


def test_a_huge_jpeg_is_refused_before_it_is_examined(monkeypatch):
    monkeypatch.setattr("srcnn_cli.pictures.jpeg.examine", None)
    data = bytearray(FILES["baseline"])
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = b"\xff\xdc\xff\xdc"
    with pytest.raises(InputError, match="--max-pixels"):
        decode_picture(bytes(data), "x.jpg")


def test_a_picture_that_is_even_at_its_end_is_whole():
    flat = PHOTO.copy()
    flat[40:] = 0  # whose code may be nothing but zeros
    assert decode_picture(encoded(flat, "JPEG", optimize=True), "x.jpg").notes == ()


def test_a_sequential_scan_with_idle_parameters_is_read():
    data = bytearray(FILES["baseline"])
    scan = data.index(b"\xff\xda")
    parameters = scan + 5 + 2 * data[scan + 4]
    data[parameters + 1] = 0
    assert decode_picture(bytes(data), "x.jpg").notes == ()


@pytest.mark.parametrize(
    "content",
    [
        b"http://ns.adobe.com/xap/1.0/\0<x xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/'/>",
        b"urn:iso:std:iso:ts:21496:-1\0\0\0",
    ],
)
@pytest.mark.fault("a gain map (HDR)", "the picture without it, with a note", 0)
def test_a_gain_map_that_is_lost_is_said(content):
    data = FILES["baseline"]
    marker = b"\xff\xe1" if content.startswith(b"http") else b"\xff\xe2"
    segment = marker + struct.pack(">H", len(content) + 2) + content
    picture = decode_picture(data[:2] + segment + data[2:], "x.jpg")
    assert any("gain map" in note for note in picture.notes)
    assert picture.metadata.xmp is None
