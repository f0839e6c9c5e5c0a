"""`srcnn import` as a user meets it."""

import hashlib
import shlex

import numpy as np
import pytest
import torch
from PIL import Image

from srcnn_cli.models.weights import load_weights, read_training


def state_dict(channels=1, depth=2):
    """Convolutions that together leave a picture as it is."""
    state = {}
    for index in range(depth):
        inp = channels if index == 0 else 4
        out = channels if index == depth - 1 else 4
        weight = torch.zeros(out, inp, 3, 3)
        for channel in range(channels):
            weight[channel, channel, 1, 1] = 1
        state[f"conv{index}.weight"] = weight
        state[f"conv{index}.bias"] = torch.zeros(out)
    return state


@pytest.fixture
def folder(work):
    torch.save(state_dict(), work / "small_x2.pth")
    return work


@pytest.fixture
def call(folder, srcnn):
    return srcnn


def test_an_imported_file_enlarges_pictures_as_the_command_says(call, folder):
    code, out, err = call("import", "small_x2.pth", "-o", "my weights.safetensors")
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    assert out.startswith("my weights.safetensors: a state dict")
    assert "srcnn-3-3" in out
    config, _ = load_weights("my weights.safetensors")
    assert (config.scales, config.border, config.mean) == ((2,), "replicate", 0)
    digest = hashlib.sha256((folder / "small_x2.pth").read_bytes()).hexdigest()
    expected = {"imported_from": "small_x2.pth", "sha256": digest}
    assert read_training("my weights.safetensors") == expected
    command = shlex.split(out.partition("use it with: ")[2])
    assert command[0] == "srcnn"
    pixels = np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)
    Image.fromarray(pixels).save("a.png")
    assert command[-1] == "PICTURE"
    code, _, err = call(*command[1:-1], "a.png", "-o", "big.png")
    assert code == 0, err
    with Image.open("big.png") as image:
        assert image.size == (18, 16)


def test_options_say_what_the_file_does_not(call):
    options = ["-s", 2, "--scale", 4, "--border", "zero", "--architecture", "vdsr"]
    code, out, err = call("import", "small_x2.pth", "-o", "out.safetensors", *options)
    assert code == 0
    assert "×2, ×4" in out
    assert "vdsr-2" in out
    assert "flat picture comes out 0.9 of full white off" in err
    assert err.count("\n") == 1
    config, _ = load_weights("out.safetensors")
    assert (config.architecture, config.scales, config.border) == ("vdsr", (2, 4), "zero")


def test_a_colour_network_is_imported_and_enlarges_pictures(call, folder):
    torch.save(state_dict(channels=3), folder / "rgb_x2.pth")
    code, out, err = call("import", "rgb_x2.pth", "-o", "rgb.safetensors")
    assert (code, err) == (0, "")
    assert "srcnn-3-3-rgb" in out
    assert "3 channels, taken as R'G'B'" in out
    assert load_weights("rgb.safetensors")[0].color == "rgb"
    Image.new("RGB", (8, 9), (200, 90, 40)).save("a.png")
    command = shlex.split(out.partition("use it with: ")[2])
    assert call(*command[1:-1], "a.png", "-o", "big.png")[0] == 0
    with Image.open("big.png") as image:
        assert image.getcolors() == [(16 * 18, (200, 90, 40))]


def test_nothing_is_overwritten_unless_asked(call, folder):
    (folder / "out.safetensors").write_bytes(b"precious")
    code, out, err = call("import", "small_x2.pth", "-o", "out.safetensors")
    assert (code, out) == (4, "")
    assert "--overwrite" in err
    assert (folder / "out.safetensors").read_bytes() == b"precious"
    assert call("import", "small_x2.pth", "-o", "out.safetensors", "--overwrite")[0] == 0
    assert load_weights("out.safetensors")[0].scales == (2,)


def test_filters_can_be_taken_as_matlab_has_them(call, folder):
    from scipy.io import savemat

    first = np.arange(9.0)[:, None] / 36
    content = {"weights_conv1": first, "weights_conv2": [[1.0]], "weights_conv3": [[1.0]]}
    savemat(folder / "x3.mat", content | {f"biases_conv{i}": [[0.0]] for i in (1, 2, 3)})
    square = np.arange(9, dtype=np.float32).reshape(3, 3) / 36  # column after column: transposed
    for options, expected in (([], square), (["--no-transpose"], square.T)):
        code, out, _ = call("import", "x3.mat", "-o", "o.safetensors", "--overwrite", *options)
        assert code == 0
        assert ("as MATLAB has them" in out) == bool(options)
        np.testing.assert_array_equal(
            load_weights("o.safetensors")[1]["conv1.weight"][0, 0], expected
        )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["none.mat", "-o", "o.safetensors"], 5, "none.mat: no such file"),
        (["small_x2.pth"], 2, "output"),
        (["small_x2.pth", "-o", "o.pth"], 2, ".safetensors"),
        (["small_x2.pth", "-o", "nowhere/o.safetensors"], 4, "nowhere"),
        (["small_x2.pth", "-o", "o.safetensors", "--border", "mirror"], 2, "replicate"),
        (["small_x2.pth", "-o", "o.safetensors", "--architecture", "edsr"], 2, "vdsr"),
        (["small_x2.pth", "-o", "o.safetensors", "-s", "1"], 2, "scale"),
        (["plain.pth", "-o", "o.safetensors"], 5, "plain.pth: it does not say"),
        (["text.pth", "-o", "o.safetensors"], 5, "text.pth: its format is not known"),
    ],
)
def test_what_cannot_work_is_one_line_and_the_right_code(call, folder, arguments, code, words):
    (folder / "plain.pth").write_bytes((folder / "small_x2.pth").read_bytes())
    (folder / "text.pth").write_text("text")
    ended, out, err = call("import", *arguments)
    assert (ended, out) == (code, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert words in err
    assert not (folder / "o.safetensors").exists()
