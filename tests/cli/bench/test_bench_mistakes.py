"""What cannot work with `srcnn bench`: one line and the right exit code."""

import os
from pathlib import Path

import pytest
from PIL import Image

from sample_pictures import smooth
from srcnn_cli.evaluation.sources import Source, header_sizes
from srcnn_cli.models.config import ModelConfig
from terminal import one_line


@pytest.mark.parametrize("content", ["missing", "empty", "text", "file"])
def test_a_folder_without_pictures_is_code_3(run, content):
    if content != "missing":
        Path("set").mkdir()
    if content == "text":
        Path("set/notes.txt").write_text("no picture")
    if content == "file":
        Path("set").rmdir()
        smooth("set.png").rename("set")
    code, out, err = run("set")
    assert (code, out) == (3, "")
    assert "set" in one_line(err)


@pytest.mark.parametrize(
    ("name", "content"),
    [("zero.png", b""), ("text.png", b"hello, this is not a picture"), ("cut.png", None)],
)
def test_an_unreadable_picture_is_code_3_and_named(run, name, content):
    whole = smooth("whole.png", (64, 64)).read_bytes()
    Path("set").mkdir()
    Path("set", name).write_bytes(whole[: len(whole) // 2] if content is None else content)
    for format_ in ("table", "json"):
        code, _, err = run("set", "--format", format_)
        assert code == 3
        assert name in one_line(err)


def test_a_link_to_nowhere_is_code_3_and_named(run):
    smooth("set/a.png")
    Path("set/b.png").symlink_to("nowhere.png")
    code, _, err = run("set")
    assert code == 3
    assert "b.png" in one_line(err)


def test_two_pictures_of_one_name_are_code_3(run):
    smooth("set/a.png")
    smooth("set/a.bmp", seed=1)
    code, _, err = run("set")
    assert code == 3
    assert "a.bmp" in one_line(err)
    assert "a.png" in err


def test_a_picture_too_small_is_code_3_and_named(run):
    smooth("set/small.png", (16, 17))
    code, _, err = run("set")
    assert code == 3
    assert "small.png: 16x17 is too small: at scale 3, with 3 pixels shaved off" in one_line(err)
    code, _, err = run("set", "-s", 2, "--crop-border", 4)
    assert code == 3
    one_line(err)


@pytest.mark.filterwarnings("always")
def test_a_large_picture_is_measured_without_pillows_warnings(tmp_path, recwarn):
    Image.new("1", (9600, 9600)).save(tmp_path / "large.png")
    assert header_sizes([Source(tmp_path / "large.png")]) == {"large": (9600, 9600)}
    assert [str(w.message) for w in recwarn] == []


def test_a_model_for_another_scale_is_code_5(run, tiny_weights):
    smooth("set/a.png")
    path = tiny_weights(ModelConfig(filters=(3,), widths=(), scales=(2, 4)))
    code, out, err = run("set", "-m", path)
    assert (code, out) == (5, "")
    assert "is for ×2, ×4, not for ×3" in one_line(err)


def test_an_unknown_model_is_code_5(run):
    smooth("set/a.png")
    code, _, err = run("set", "-m", "srcnn-1-2-3")
    assert code == 5
    assert "srcnn-1-2-3" in one_line(err)


def test_damaged_weights_are_code_5(run, tiny_weights):
    smooth("set/a.png")
    Path("bad.safetensors").write_bytes(tiny_weights().read_bytes()[:-10])
    code, _, err = run("set", "-m", "bad.safetensors")
    assert code == 5
    assert "bad.safetensors" in one_line(err)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--metrics", "psnr,lpips"), ("--metrics", ""), ("--protocol", "div2k"),
        ("--format", "xml"), ("--methods", "spline"), ("--color", "lab"), ("--border", "mirror"),
        ("--crop-border", "-1"), ("--scale", "1"), ("--scale", "17"), ("--scale", "2.5"),
        ("--repeat", "0"), ("--tile", "-1"), ("--nonsense", "1"),
    ],
)  # fmt: skip
def test_a_mistake_on_the_command_line_is_code_2(run, option, value):
    smooth("set/a.png")
    code, out, err = run("set", option, value)
    assert (code, out) == (2, "")
    assert value.split(",")[-1] in one_line(err) or option in err


@pytest.mark.parametrize("option", ["--output", "--plot"])
def test_outputs_that_cannot_be_written_are_code_4_before_measuring(run, never_measured, option):
    smooth("set/a.png")
    extension = {"--output": ".json", "--plot": ".png"}[option]
    Path(f"there{extension}").write_bytes(b"precious")
    for name, word in (
        (f"there{extension}", "already exists"),
        ("out.txt", "extension"),
        ("out", "extension"),
        (f"nowhere/out{extension}", "folder does not exist"),
    ):
        code, out, err = run("set", option, name)
        assert (code, out) == (4, "")
        assert word in one_line(err)
        assert name in err
    assert Path(f"there{extension}").read_bytes() == b"precious"


def test_a_folder_that_cannot_be_written_is_code_4_before_measuring(
    run, never_measured, monkeypatch
):
    smooth("set/a.png")
    Path("locked").mkdir(mode=0o500)
    if os.geteuid() == 0:  # who may write everywhere
        monkeypatch.setattr(os, "access", lambda _path, mode, **_: not mode & os.W_OK)
    code, _, err = run("set", "--output", "locked/out.json")
    assert code == 4
    assert "locked" in one_line(err)
