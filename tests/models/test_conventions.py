"""What other programs feed their networks, and how it is found out: `--input`, flat pictures."""

import numpy as np
import pytest
import torch
from scipy.io import savemat

from foreign_modules import Espcn, randomize
from foreign_networks import PLANE, as_tensors, random_layers, run, slow_network
from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.engines.torch_engine import TorchEngine
from srcnn_cli.errors import ModelError
from srcnn_cli.methods.importing import import_plausible
from srcnn_cli.methods.sanity import flat_error
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.foreign.importer import import_weights

STUDIO = (16 + 219 * PLANE) / 255  # Y' as networks here take it, black to white


def save(layers, path):
    torch.save(as_tensors(layers, [f"{i:02}" for i in range(len(layers))]), path)
    return path


@pytest.mark.parametrize("border", ["zero", "replicate"])
@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize(
    ("inputs", "fed"),
    [
        (["full-range"], lambda studio: (255 * studio - 16) / 219),
        (["0-255"], lambda studio: 255 * studio),
        (["0-255", "full-range"], lambda studio: 255 * (255 * studio - 16) / 219),
    ],
)
def test_the_network_gives_what_it_gives_on_its_own_values(tmp_path, inputs, fed, residual, border):
    """Its result on its own values, brought back, equals that of the imported one on ours."""
    layers = random_layers()
    config, tensors, sentence = import_weights(
        save(layers, tmp_path / "a_x2.pth"),
        inputs=inputs,
        architecture="vdsr" if residual else "srcnn",
        border=border,
    )
    mode = "constant" if border == "zero" else "edge"
    own = slow_network(fed(STUDIO.astype(np.float64)), layers, residual=residual, mode=mode)
    black, white = fed(np.array([0.0, 1.0]))
    expected = (own - black) / (white - black)
    np.testing.assert_allclose(run(config, tensors, STUDIO), expected, rtol=0, atol=2e-5)
    assert "folded into the weights" in sentence


def test_colours_in_opencvs_order(tmp_path):
    module = randomize(Espcn(scale=2, channels=3))
    torch.save(module.state_dict(), tmp_path / "a.pth")
    config, tensors, _ = import_weights(tmp_path / "a.pth", inputs=["bgr"])
    picture = np.random.default_rng(0).random((3, 9, 8)).astype(np.float32)
    with torch.no_grad():
        turned = module(torch.from_numpy(picture[::-1].copy())[None])[0].numpy()[::-1]
    engine = TorchEngine(config, tensors, torch.device("cpu"))
    np.testing.assert_allclose(run_plane(engine, picture, 64), turned, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("color", "inputs", "words"),
    [
        ("y", ["bgr"], "no colours in the order"),
        ("ycbcr", ["bgr"], "no colours in the order"),
        ("rgb", ["full-range"], "luminance alone"),
        ("ycbcr", ["full-range"], "luminance alone"),
    ],
)
def test_conventions_that_its_planes_do_not_have(tmp_path, color, inputs, words):
    path = save(random_layers(widths=(5, 4), color=color), tmp_path / "a_x2.pth")
    with pytest.raises(ModelError, match=words):
        import_weights(path, color=color, inputs=inputs)


# Flat pictures


def identity_layers(gain=1.0, offset=0.0, depth=3):
    """What gives back what it gets, but for a gain and an offset."""
    layers = []
    for index in range(depth):
        shape = (1 if index == depth - 1 else 4, 1 if index == 0 else 4, 3, 3)
        weight = np.zeros(shape, np.float32)
        weight[0, 0, 1, 1] = gain if index == depth - 1 else 1
        layers.append((weight, np.zeros(shape[0], np.float32)))
    layers[-1][1][0] = offset
    return layers


@pytest.mark.parametrize(
    ("gain", "offset", "error"),
    [(1, 0, 0), (0.5, 0.25, 0.2), (1, 0.2, 0.2), (0.75, 0.275, 0.25), (0, 0.5, 0.4)],
)
def test_dark_and_light_count_as_well_as_grey(tmp_path, gain, offset, error):
    """Of the second and the fourth mid-grey stays, or nearly, and black does not."""
    path = save(identity_layers(gain, offset), tmp_path / "a_x2.pth")
    assert flat_error(*import_weights(path)[:2]) == pytest.approx(error, abs=1e-6)
    assert bool(import_plausible(path).warning) == (error > 0)


def test_saturated_colours_count(tmp_path):
    """A network that mixes the colours gives back every grey as it was."""
    mixing = np.full((3, 3, 1, 1), 1 / 3, np.float32)
    first = np.concatenate([mixing, np.zeros((1, 3, 1, 1), np.float32)])
    last = np.eye(3, 4, dtype=np.float32)[:, :, None, None]
    layers = [(first, np.zeros(4, np.float32)), (last, np.zeros(3, np.float32))]
    config, tensors, _ = import_weights(save(layers, tmp_path / "a_x2.pth"))
    assert flat_error(config, tensors) > 0.4


def test_what_flat_pictures_speak_for_is_taken(tmp_path):
    shallow = save(identity_layers(gain=0), tmp_path / "vdsr_x2.pth")  # adds nothing to its input
    found = import_plausible(shallow)
    assert (found.config.architecture, found.config.border) == ("vdsr", "zero")
    assert "not srcnn, as which a flat picture would come out 0.9 of full white off" in (
        found.recognised
    )
    deep = save(identity_layers(depth=9), tmp_path / "deep_x2.pth")
    assert import_plausible(deep).config.architecture == "srcnn"
    found = import_plausible(shallow, architecture="srcnn")  # said, so it is taken
    assert found.config.architecture == "srcnn"
    assert "another architecture than srcnn" in found.warning


def test_espcn_is_run_with_the_activation_that_it_was_trained_with(tmp_path):
    def layers(white):
        """Four sub-pixels, each the pixel itself; behind a tanh white is less than 1."""
        first = np.zeros((4, 1, 3, 3), np.float32)
        first[0, 0, 1, 1] = 0.01
        last = np.zeros((4, 4, 3, 3), np.float32)
        last[:, 0, 1, 1] = 1 / white
        return [(first, np.zeros(4, np.float32)), (last, np.zeros(4, np.float32))]

    path = save(layers(0.01), tmp_path / "a.pth")  # small values pass a tanh as they are
    assert import_plausible(path).config.architecture == "espcn"
    steep = layers(1)
    steep[0][0][0, 0, 1, 1], steep[1][0][:, 0, 1, 1] = 8, 1 / 8
    path = save(steep, tmp_path / "b.pth")
    assert import_plausible(path).config.architecture == "espcn-relu"


def test_another_range_of_values_is_suggested(tmp_path):
    layers = identity_layers()
    layers[0][1][0], layers[-1][1][0] = -100, 100  # takes what is below 100 for black
    found = import_plausible(save(layers, tmp_path / "a_x2.pth"), architecture="srcnn")
    assert "--input" not in found.warning
    layers[0][1][0], layers[-1][1][0] = 20, -20
    layers[-1][1][0] = -18  # 2 of 255 too much
    path = save(layers, tmp_path / "b_x2.pth")
    found = import_plausible(path, architecture="srcnn")
    assert found.warning.endswith("--input 0-255 would fit")
    assert not import_plausible(path, architecture="srcnn", inputs=["0-255"]).warning


# SRCNN's colour .mat


def test_srcnns_colour_layout(tmp_path):
    layers = random_layers((9, 1, 5), (4, 3), color="ycbcr")
    content = {}
    for index, (weight, bias) in enumerate(layers, start=1):
        # (in, f², out); a filter's columns lie one after the other, stored transposed.
        stored = weight.transpose(1, 2, 3, 0).reshape(weight.shape[1], -1, len(weight))
        content[f"weights_conv{index}"] = stored
        content[f"biases_conv{index}"] = bias[:, None]
    assert content["weights_conv1"].shape == (3, 81, 4)
    savemat(tmp_path / "srcnn_x3.mat", content)
    config, tensors, sentence = import_weights(tmp_path / "srcnn_x3.mat", color="ycbcr")
    assert config == ModelConfig("srcnn", (9, 1, 5), (4, 3), "ycbcr", (3,), "replicate")
    assert "SRCNN's .mat layout" in sentence
    for index, (weight, bias) in enumerate(layers, start=1):
        np.testing.assert_array_equal(tensors[f"conv{index}.weight"], weight)
        np.testing.assert_array_equal(tensors[f"conv{index}.bias"], bias)
    assert import_weights(tmp_path / "srcnn_x3.mat")[0].color == "rgb"
