"""What cannot be written is found before any computing, and nothing is lost."""

import os
import threading
import warnings

import numpy as np
import pytest
from PIL import Image

from picture_files import RGB, encoded
from srcnn_cli import files
from srcnn_cli.errors import OutputError
from srcnn_cli.pictures import writing as saving
from srcnn_cli.pictures.picture import Picture
from srcnn_cli.pictures.reading import decode_picture, read_picture
from srcnn_cli.pictures.writing import check_destination, write_picture


def target(path, **options):
    defaults = {"height": 10, "width": 10, "channels": 3, "bits": 8}
    defaults |= {"overwrite": False, "background": None}
    return check_destination(path, **(defaults | options))


@pytest.mark.parametrize("name", ["x.gif", "x.xyz", "x", "x.pdf"])
def test_an_extension_that_cannot_be_written_is_refused_with_the_list(tmp_path, name):
    with pytest.raises(OutputError, match=r"\.png, \.jpg"):
        target(tmp_path / name)


@pytest.mark.parametrize(("name", "side"), [("x.jpg", 65_500), ("x.webp", 16_383)])
@pytest.mark.fault("too large for the output format", "refused before any computing", 4)
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


@pytest.mark.fault("the output folder is missing", "refused before any computing", 4)
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


@pytest.mark.fault("the output exists", "refused without `--overwrite`", 4)
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
@pytest.mark.fault("a save that fails", "what was there is untouched", 4)
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
