"""Checkpoints of PyTorch code: whole modules, averaged weights, networks that enlarge."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from foreign_modules import Espcn, Fsrcnn, Srcnn, Vdsr, randomize
from foreign_networks import PLANE, as_tensors, assert_layers, random_layers, refused, run
from srcnn_cli.errors import ModelError
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.foreign.importer import import_weights

FORMS = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])


def save(content, path, zipped=True):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that sources of classes cannot be found
        torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


def assert_same(module, config, tensors, channels=1):
    """An imported network computes what the module does, border included."""
    planes = np.random.default_rng(3).random((channels, 13, 17)).astype(np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(planes)[None])[0].numpy()
    if channels == 1:
        result = run(config, tensors, planes[0])[None]
    else:
        from srcnn_cli.engines.tiling import run_plane
        from srcnn_cli.engines.torch_engine import TorchEngine

        result = run_plane(TorchEngine(config, tensors, torch.device("cpu")), planes, 64)
    np.testing.assert_allclose(result, expected, rtol=0, atol=2e-5)


# Whole modules


@FORMS
@pytest.mark.parametrize(
    "wrap", [lambda m: m, lambda m: {"epoch": 50, "model": m}, nn.DataParallel]
)
def test_a_whole_module_is_read_without_its_class(tmp_path, wrap, zipped):
    module = randomize(Vdsr())
    path = save(wrap(module), tmp_path / "vdsr.pth", zipped)
    config, tensors, sentence = import_weights(path, scales=[2, 3, 4])
    assert config == ModelConfig("vdsr", (3,) * 10, (5,) * 9, scales=(2, 3, 4), border="zero")
    assert "a pickled module (" in sentence
    assert_same(module, config, tensors)


@pytest.mark.parametrize(("mode", "border"), [("zeros", "zero"), ("replicate", "replicate")])
def test_a_module_says_what_it_does_at_the_border(tmp_path, mode, border):
    module = randomize(Srcnn(mode))
    path = save(module, tmp_path / "srcnn_x3.pth")
    config, tensors, _ = import_weights(path)
    assert (config.architecture, config.border, config.scales) == ("srcnn", border, (3,))
    assert_same(module, config, tensors)
    assert import_weights(path, border="normalize")[0].border == "normalize"


@FORMS
def test_a_module_with_parts_that_no_network_here_has_is_refused(tmp_path, zipped):
    for part, words in [
        (nn.Conv2d(4, 4, 3, padding=1, groups=2), "groups"),
        (nn.Conv2d(4, 4, 3, padding=1, stride=2), "strides"),
        (nn.Conv2d(4, 4, 3, padding=2, dilation=2), "gaps"),
        (nn.BatchNorm2d(4), "normalisation"),
        (nn.LeakyReLU(0.1), "joined by LeakyReLU"),
        (nn.Linear(4, 4), "dense layers"),
    ]:
        module = nn.Sequential(nn.Conv2d(1, 4, 3), part, nn.Conv2d(4, 1, 3))
        refused(save(module, tmp_path / "x.pth", zipped), words)


# Averaged weights


@FORMS
@pytest.mark.parametrize("as_module", [True, False])
def test_an_averaged_model_is_a_model(tmp_path, as_module, zipped):
    module = randomize(Srcnn())
    averaged = AveragedModel(module)
    averaged.update_parameters(module)
    content = averaged if as_module else averaged.state_dict()
    path = save(content, tmp_path / "averaged_x2.pth", zipped)
    config, tensors, _ = import_weights(path, border="zero")
    assert_same(module, config, tensors)


@pytest.mark.parametrize(
    ("raw", "averaged"),
    [
        ("params", "params_ema"), ("state_dict", "ema_state_dict"), ("model", "ema"),
        ("model", "swa_model"), ("net", "averaged_net"),
    ],
)  # fmt: skip
def test_of_raw_and_averaged_weights_the_choice_is_said_and_can_be_made(tmp_path, raw, averaged):
    first, second = random_layers(seed=1), random_layers(seed=2)
    content = {raw: as_tensors(first, "abc"), averaged: as_tensors(second, "abc")}
    path = save(content, tmp_path / "a_x2.pth")
    _, tensors, sentence = import_weights(path)
    assert_layers(tensors, second)
    assert f"in the entry '{averaged}' (not '{raw}': --key chooses)" in sentence
    for key, layers in [(raw, first), (averaged, second)]:
        _, tensors, sentence = import_weights(path, key=key)
        assert_layers(tensors, layers)
        assert "--key" not in sentence
    with pytest.raises(ModelError, match=f"no network under the key 'best'; it has: .*{raw}"):
        import_weights(path, key="best")


def test_a_key_may_be_a_path_of_names(tmp_path):
    first, second = random_layers(seed=1), random_layers(seed=2)
    content = {"a": {"net": as_tensors(first, "abc")}, "b": {"net": as_tensors(second, "abc")}}
    path = save(content, tmp_path / "a_x2.pth")
    refused(path, "several networks .*choose one with --key")
    refused(path, "several networks", key="net")
    assert_layers(import_weights(path, key="b.net")[1], second)


def test_a_key_is_for_checkpoints(tmp_path):
    from safetensors.torch import save_file

    save_file(as_tensors(random_layers(), "abc"), tmp_path / "a_x2.safetensors")
    refused(tmp_path / "a_x2.safetensors", "--key is for checkpoints", key="net")


# Networks that enlarge


@FORMS
@pytest.mark.parametrize("as_module", [True, False], ids=["module", "state dict"])
@pytest.mark.parametrize(("scale", "channels"), [(2, 1), (3, 1), (4, 1), (3, 3)])
def test_espcn_is_told_by_its_last_layer(tmp_path, as_module, scale, channels, zipped):
    module = randomize(Espcn(scale, channels))
    content = module if as_module else module.state_dict()
    path = save(content, tmp_path / "espcn.pth", zipped)
    config, tensors, _ = import_weights(path)
    assert (config.architecture, config.scales, config.border) == ("espcn", (scale,), "zero")
    assert_same(module, config, tensors, channels)
    refused(path, f"enlarges by {scale}, not by 8", scales=[8])
    refused(path, "enlarges by itself, which srcnn does not fit", architecture="srcnn")


@pytest.mark.parametrize("as_module", [True, False], ids=["module", "state dict"])
def test_espcn_with_relu_is_a_family_of_its_own(tmp_path, as_module):
    module = randomize(Espcn(3, activation=nn.ReLU))
    path = save(module if as_module else module.state_dict(), tmp_path / "espcn.pth")
    options = {} if as_module else {"architecture": "espcn-relu"}
    config, tensors, _ = import_weights(path, **options)
    assert config.architecture == "espcn-relu"
    assert_same(module, config, tensors)


@FORMS
@pytest.mark.parametrize("as_module", [True, False], ids=["module", "state dict"])
@pytest.mark.parametrize(
    ("scale", "channels", "slopes"), [(2, 1, True), (3, 1, True), (4, 1, False), (2, 3, True)]
)
def test_fsrcnns_transposed_convolution_becomes_one_to_subpixels(
    tmp_path, as_module, scale, channels, slopes, zipped
):
    module = randomize(Fsrcnn(scale, channels, slopes=slopes))
    path = save(module if as_module else module.state_dict(), tmp_path / f"f_x{scale}.pth", zipped)
    config, tensors, _ = import_weights(path)
    assert (config.architecture, config.scales, config.border) == ("fsrcnn", (scale,), "zero")
    assert config.filters[:-1] == (5, 1, 3, 1)
    assert_same(module, config, tensors, channels)


@pytest.mark.parametrize(("side", "padding", "scale"), [(9, 4, 3), (9, 3, 3), (7, 2, 3), (5, 1, 2)])
def test_transposed_convolutions_of_other_sizes(tmp_path, side, padding, scale):
    module = Fsrcnn(scale)
    module.last_part = nn.ConvTranspose2d(
        8, 1, side, scale, padding, output_padding=max(0, scale - side + 2 * padding)
    )
    randomize(module)
    config, tensors, _ = import_weights(save(module, tmp_path / "a.pth"))
    with torch.no_grad():
        expected = module(torch.from_numpy(PLANE)[None, None])[0, 0].numpy()
    result = run(config, tensors, PLANE)
    shape = tuple(min(a, b) for a, b in zip(result.shape, expected.shape, strict=True))
    window = tuple(slice(0, length) for length in shape)
    np.testing.assert_allclose(result[window], expected[window], rtol=0, atol=2e-5)


def test_fsrcnns_state_dict_needs_one_scale(tmp_path):
    path = save(randomize(Fsrcnn(3)).state_dict(), tmp_path / "fsrcnn.pth")
    refused(path, "by how much it enlarges", scales=None)
    refused(path, "give one --scale", scales=[2, 3])
    assert import_weights(path, scales=[3])[0].scales == (3,)
    module = save(randomize(Fsrcnn(3)), tmp_path / "module.pth")
    refused(module, "enlarges by 3, not by 2", scales=[2])
