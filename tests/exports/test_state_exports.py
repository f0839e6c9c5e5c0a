"""State dicts and ncnn files in the programs that they are for."""

import io

import numpy as np
import pytest
import torch

from export_programs import PROGRAMS, Missing
from networks_to_export import SHAPES, network, ours, picture
from srcnn_cli.errors import ModelError
from srcnn_cli.exports.base import Exported
from srcnn_cli.exports.folding import bicubic_filters
from srcnn_cli.exports.registry import FORMATS
from srcnn_cli.imaging.resize import resize
from srcnn_cli.models.config import ModelConfig

BORDERS = ["normalize", "replicate", "zero"]


def run(program, exported, folder):
    """The exported network in its program; skips where that is not installed."""
    made = FORMATS[PROGRAMS[program].format]
    made.check(exported)
    path = folder / f"model{made.endings[0]}"
    for ending, data in made.files(exported).items():
        path.with_suffix(ending).write_bytes(data)
    try:
        return PROGRAMS[program].load(path, exported)
    except Missing as error:
        pytest.skip(f"{error} is not installed")


def vdsr(depth=8, mean=0.0):
    config = ModelConfig("vdsr", (3,) * depth, (6,) * (depth - 1), "y", (2,), "zero", mean)
    rng = np.random.default_rng(3)
    tensors = {
        name: rng.normal(0, 0.15, shape).astype(np.float32)
        for name, shape in config.tensor_shapes.items()
    }
    return Exported("vdsr-x2", config, tensors, 2)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("architecture", SHAPES)
def test_ncnn_computes_the_network(tmp_path, border, architecture):
    exported = network(architecture, 3, border)
    inside = run("ncnn:ncnn (float32)", exported, tmp_path)
    for size in ((13, 18), (9, 7)):
        plane = picture(*size, channels=1)
        np.testing.assert_allclose(inside(plane)[0], ours(exported, plane[0]), rtol=0, atol=5e-5)


@pytest.mark.parametrize("color", ["rgb", "ycbcr"])
def test_ncnn_takes_colour_networks(tmp_path, color):
    exported = network("subpixel", 2, "normalize", color=color)
    inside = run("ncnn:ncnn (float32)", exported, tmp_path)
    result = inside(picture())
    if color == "rgb":
        np.testing.assert_allclose(result, ours(exported, picture()), rtol=0, atol=5e-5)
    assert result.shape == (3, 26, 36)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("architecture", ["srcnn", "vdsr", "subpixel"])
def test_the_module_of_the_examples_computes_the_network(tmp_path, border, architecture):
    exported = network(architecture, 3, border)
    module = run("torch:PyTorch", exported, tmp_path)
    plane = picture(channels=1)
    np.testing.assert_allclose(module(plane)[0], ours(exported, plane[0]), rtol=0, atol=5e-5)


def test_a_state_dict_fits_a_plain_module():
    """As everybody writes SRCNN: the mean is in the biases, and only the border differs."""
    exported = network("srcnn", 2, "replicate")
    state = torch.load(io.BytesIO(FORMATS["torch"].files(exported)[".pth"]), weights_only=True)

    class Plain(torch.nn.Module):
        def __init__(self):
            super().__init__()
            like = {"padding": "same", "padding_mode": "replicate"}
            self.conv1 = torch.nn.Conv2d(1, 7, 5, **like)
            self.conv2 = torch.nn.Conv2d(7, 5, 1, **like)
            self.conv3 = torch.nn.Conv2d(5, 1, 3, **like)

        def forward(self, planes):
            return self.conv3(torch.relu(self.conv2(torch.relu(self.conv1(planes)))))

    module = Plain()
    module.load_state_dict(state)
    plane = picture(channels=1)
    with torch.inference_mode():
        result = module(torch.from_numpy(resize(plane, 26, 36)[None])).numpy()[0, 0]
    np.testing.assert_allclose(result, ours(exported, plane[0]), rtol=0, atol=5e-5)


@pytest.mark.slow
def test_spandrel_takes_vdsr_for_a_dncnn(tmp_path):
    exported = vdsr()
    inside = run("spandrel:spandrel", exported, tmp_path)
    plane = picture(channels=1)
    expected = ours(exported, plane[0]).clip(0, 1)
    np.testing.assert_allclose(inside(plane)[0], expected, rtol=0, atol=5e-5)
    exported = vdsr(mean=0.5)  # that program sees black, not the mean, outside the picture
    inside = run("spandrel:spandrel", exported, tmp_path)
    plane = picture(40, 40, channels=1)
    middle = (slice(20, -20),) * 2
    expected = ours(exported, plane[0])[middle].clip(0, 1)
    np.testing.assert_allclose(inside(plane)[0][middle], expected, rtol=0, atol=5e-5)


def test_a_dncnn_subtracts_what_vdsr_adds():
    exported = vdsr()
    state = torch.load(io.BytesIO(FORMATS["spandrel"].files(exported)[".pth"]), weights_only=True)
    assert list(state) == [f"model.{2 * i}.{kind}" for i in range(8) for kind in ("weight", "bias")]
    np.testing.assert_array_equal(state["model.14.weight"], -exported.tensors["conv8.weight"])
    np.testing.assert_array_equal(state["model.12.weight"], exported.tensors["conv7.weight"])


@pytest.mark.parametrize("exported", [network("srcnn"), network("subpixel"), vdsr(depth=7)])
def test_what_spandrel_would_take_for_something_else_is_refused(exported):
    with pytest.raises(ModelError, match="spandrel"):
        FORMATS["spandrel"].check(exported)


@pytest.mark.parametrize("factor", [2, 3, 4, 5])
def test_the_bicubic_filters_are_the_enlargement(factor):
    plane = picture(11, 9, channels=1)
    padded = torch.from_numpy(np.pad(plane, ((0, 0), (2, 2), (2, 2)), "symmetric")[None])
    parts = torch.nn.functional.conv2d(padded, torch.from_numpy(bicubic_filters(factor)))
    result = torch.pixel_shuffle(parts, factor)[0].numpy()
    expected = resize(plane, 11 * factor, 9 * factor)
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("architecture", ["srcnn", "espcn"])
def test_ffmpeg_computes_the_network(tmp_path, architecture):
    exported = network(architecture, 2, "replicate")
    inside = run("ffmpeg:FFmpeg (dnn_processing)", exported, tmp_path)
    plane = picture(40, 32, channels=1)
    try:
        result = inside(plane)
    except Missing as error:
        pytest.skip(f"{error} is not installed")
    np.testing.assert_allclose(result[0], ours(exported, plane[0]), rtol=0, atol=5e-5)


@pytest.mark.parametrize(
    ("exported", "words"),
    [(network("subpixel"), "cannot hold"), (network("srcnn", border="zero"), "--border replicate")],
)
def test_what_ffmpeg_cannot_hold_is_refused(exported, words):
    with pytest.raises(ModelError, match=words):
        FORMATS["ffmpeg"].check(exported)
