"""`srcnn export` as a user meets it."""

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from srcnn_cli.exports.registry import FORMATS


def enlarged_by(path, pixels):
    session = onnxruntime.InferenceSession(path)
    planes = np.moveaxis(pixels, -1, 0)[None].astype(np.float32) / 255
    result = session.run(None, {"x": planes})[0][0]
    return np.floor(np.moveaxis(result, 0, -1) * 255 + 0.5).astype(np.uint8)


@pytest.fixture
def photo(work):
    y, x = np.mgrid[:30, :40]
    pixels = np.stack([x * 6, y * 8, (x * y) % 256], axis=-1).astype(np.uint8)
    Image.fromarray(pixels).save(work / "photo.png")
    return pixels


@pytest.mark.parametrize("model", ["subpixel-s", "srcnn-9-1-5", "vdsr-20"])
def test_the_file_enlarges_as_srcnn_upscale_does(srcnn, photo, model):
    code, out, err = srcnn("export", model, "-o", "m.onnx")
    assert (code, err) == (0, "")
    assert out.startswith(f"m.onnx: {model}-x3, ×3, as onnx\n")
    srcnn("upscale", "photo.png", "-m", model, "-o", "large.png")
    with Image.open("large.png") as image:
        ours = np.asarray(image).astype(int)
    difference = abs(enlarged_by("m.onnx", photo) - ours)
    assert difference.max() <= 1  # where a value lies between two levels
    assert (difference > 0).mean() < 1e-3


@pytest.mark.parametrize(("scale", "file"), [(1, "subpixel-l"), (2, "subpixel-s")])
def test_weights_for_photographs_are_told_once_what_to_undo(srcnn, photo, work, scale, file):
    arguments = ["-s", scale, "--restore", "noise:8+jpeg:50"]
    code, out, err = srcnn("export", "subpixel-s", *arguments, "-f", "onnx")
    name = f"{file}-photo-x{scale}-noise8-jpeg50"
    assert (code, err) == (0, "")
    assert out.startswith(f"{name}.onnx: {name}, ×{scale}, as onnx\n")
    assert srcnn("upscale", "photo.png", *arguments, "-o", "large.png")[0] == 0
    with Image.open("large.png") as image:
        ours = np.asarray(image).astype(int)
    difference = abs(enlarged_by(f"{name}.onnx", photo) - ours)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


def test_without_a_name_the_file_is_called_like_the_model(srcnn, work):
    assert srcnn("export", "subpixel-s", "-f", "onnx-plane", "-s", 2, "-q") == (0, "", "")
    assert [path.name for path in work.iterdir()] == ["subpixel-s-x2.onnx"]


def test_own_weights_are_exported(srcnn, work, tiny_weights):
    path = tiny_weights()
    code, out, _ = srcnn("export", path, "-o", "own.onnx", "-s", 4, "--border", "zero")
    assert code == 0
    assert "tiny-x4" in out


def test_nothing_is_overwritten_unasked(srcnn, work):
    (work / "m.onnx").write_text("mine")
    code, _, err = srcnn("export", "subpixel-s", "-o", "m.onnx")
    assert (code, (work / "m.onnx").read_text()) == (4, "mine")
    assert "--overwrite" in err
    assert srcnn("export", "subpixel-s", "-o", "m.onnx", "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["subpixel-s"], 2, "say what to write"),
        (["subpixel-s", "-o", "m.xyz"], 2, "no format ends so"),
        (["subpixel-s", "-f", "onnx", "-o", "m.param"], 2, "must end in .onnx"),
        (["subpixel-s", "-o", "m.onnx", "-s", 5], 2, "not for ×5"),
        (["nothing", "-o", "m.onnx"], 5, "unknown model"),
        (["a-plus", "-o", "m.onnx"], 5, "is a dictionary, which no other program runs"),
        (["subpixel-s-photo", "-o", "m.onnx"], 2, "say --restore jpeg:75"),
        (["subpixel-s-x3", "-o", "m.onnx", "--restore", "jpeg:50"], 2, "restores nothing"),
        (["subpixel-s", "-o", "m.onnx", "--restore", "rain"], 2, "no degradation"),
        (["subpixel-s", "-o", "away/m.onnx"], 4, "folder does not exist"),
    ],
)
def test_mistakes_are_named_and_leave_no_file(srcnn, work, arguments, code, words):
    found, _, err = srcnn("export", *arguments)
    assert found == code
    assert words in err
    assert err.count("\n") == 1
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_named_as_it_is_chosen(name):
    made = FORMATS[name]
    assert made.name == name
    assert all(ending.startswith(".") for ending in made.endings)
