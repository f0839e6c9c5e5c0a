"""Networks that are told how damaged a picture is."""

import numpy as np
import pytest
import torch

from srcnn_cli.errors import ModelError
from srcnn_cli.imaging.levels import CLEAN, LEVELS, Levels
from srcnn_cli.imaging.regions import INTERIOR, WHOLE
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks.levels import at_level, with_levels
from srcnn_cli.models.networks.torch_network import PlaneNetwork
from srcnn_cli.models.weights import load_weights, save_weights

CONFIG = ModelConfig(
    "subpixel", (3, 3, 3), (5, 6), scales=(2,), border="normalize", mean=0.5, levels=LEVELS
)
AT = (0.4, 0.1, -0.15, 1.0)


def random_tensors(config, seed=0):
    rng = np.random.default_rng(seed)
    return {
        name: rng.normal(0, 0.3, shape).astype(np.float32)
        for name, shape in config.tensor_shapes.items()
    }


def run(config, tensors, planes, edges):
    network = PlaneNetwork(config)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()})
    with torch.no_grad():
        return network(torch.from_numpy(planes), edges).numpy()


@pytest.mark.parametrize("edges", [WHOLE, INTERIOR])
def test_at_its_levels_it_is_an_ordinary_network(edges):
    tensors = random_tensors(CONFIG)
    picture = np.random.default_rng(1).random((1, 1, 17, 14), np.float32)
    beside = np.broadcast_to(np.float32(AT)[None, :, None, None], (1, len(AT), 17, 14))
    told = run(CONFIG, tensors, np.concatenate([picture, beside], axis=1), edges)
    plain = run(*at_level(CONFIG, tensors, Levels(*AT)), picture, edges)
    assert np.abs(told - plain).max() < 1e-5
    clean = run(*at_level(CONFIG, tensors, CLEAN), picture, edges)
    assert np.abs(told - clean).max() > 0.01


def test_each_picture_of_a_batch_has_its_own_levels():
    tensors = random_tensors(CONFIG)
    planes = np.random.default_rng(2).random((3, 1 + len(LEVELS), 9, 9), np.float32)
    planes[:, 1:] = planes[:, 1:, :1, :1]
    together = run(CONFIG, tensors, planes, WHOLE)
    for number in range(3):
        alone = run(CONFIG, tensors, planes[number : number + 1], WHOLE)
        assert np.abs(together[number] - alone[0]).max() < 1e-6


def test_constant_planes_beside_the_picture_are_what_the_first_layer_makes_of_them():
    """The plane of FFDNet and the bias: the same where the filter lies inside the picture."""
    tensors = random_tensors(CONFIG)
    rng = np.random.default_rng(3)
    filters = torch.from_numpy(rng.normal(0, 1, (5, len(AT), 3, 3)).astype(np.float32))
    planes = torch.tensor(AT)[None, :, None, None].expand(1, len(AT), 12, 12)
    by_planes = torch.nn.functional.conv2d(planes, filters)
    shift = filters.sum(dim=(2, 3)) @ torch.tensor(AT)
    assert torch.allclose(by_planes, shift[None, :, None, None].expand_as(by_planes), atol=1e-5)
    tensors["conv1.levels"] = filters.sum(dim=(2, 3)).numpy()
    _, plain = at_level(CONFIG, tensors, Levels(*AT))
    assert np.allclose(plain["conv1.bias"], tensors["conv1.bias"] + shift.numpy(), atol=1e-5)


def test_a_network_for_clean_pictures_takes_no_notice_at_first():
    config = ModelConfig("subpixel", (3, 3), (5,), scales=(2,), border="normalize")
    tensors = random_tensors(config)
    told_config, told = with_levels(config, tensors)
    assert told_config.levels == LEVELS
    again_config, again = at_level(told_config, told, Levels(*AT))
    assert again_config == config
    assert all(np.array_equal(again[name], tensors[name]) for name in tensors)
    assert with_levels(told_config, told) == (told_config, told)


def test_levels_travel_in_the_weights_file(tmp_path):
    tensors = random_tensors(CONFIG)
    save_weights(tmp_path / "w.safetensors", CONFIG, tensors)
    config, loaded = load_weights(tmp_path / "w.safetensors")
    assert config == CONFIG
    assert config.name.endswith("-photo")
    assert all(np.array_equal(loaded[name], tensors[name]) for name in tensors)


def test_levels_are_refused_where_there_can_be_none():
    with pytest.raises(ModelError, match="cannot be told"):
        ModelConfig(levels=LEVELS)
    unknown = ModelConfig("subpixel", (3,), (), scales=(2,), levels=("haste",))
    with pytest.raises(ModelError, match="haste"):
        at_level(unknown, random_tensors(unknown), Levels(*AT))
