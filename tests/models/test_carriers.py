"""The picture and what a network adds to it, taken apart and put together again."""

import numpy as np
import pytest
import torch

from random_weights import random_tensors
from srcnn_cli.errors import ModelError, UsageError
from srcnn_cli.imaging.regions import INTERIOR, WHOLE
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks.carriers import (
    beside_carriers,
    split_carriers,
    with_carriers,
    without_carriers,
)
from srcnn_cli.models.networks.torch_network import PlaneNetwork

COLORS = [("y", 1), ("rgb", 3), ("ycbcr", 3)]


def loaded(config, tensors):
    network = PlaneNetwork(config)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()})
    return network


def run(network, planes, edges=INTERIOR):
    with torch.no_grad():
        return network(torch.from_numpy(planes)[None], edges)[0].numpy()


@pytest.mark.parametrize("edges", [INTERIOR, WHOLE])
@pytest.mark.parametrize("border", ["replicate", "zero"])
@pytest.mark.parametrize("mean", [0.0, 0.5])
@pytest.mark.parametrize(("color", "channels"), COLORS)
@pytest.mark.parametrize("filters", [(5, 1, 3), (3, 3, 1)])
def test_a_network_with_carriers_is_the_picture_and_the_network_beside_them(
    filters, color, channels, mean, border, edges
):
    config = ModelConfig(filters=filters, widths=(9, 7), color=color, mean=mean, border=border)
    inner = without_carriers(config)
    tensors = random_tensors(inner)
    planes = np.random.default_rng(1).uniform(-0.25, 1.25, (channels, 17, 15)).astype(np.float32)
    result = run(loaded(config, with_carriers(config, tensors)), planes, edges)
    added = run(loaded(inner, tensors), planes, edges)
    radius = 0 if edges is WHOLE else sum(f // 2 for f in filters)
    middle = planes[:, radius : 17 - radius, radius : 15 - radius]
    np.testing.assert_allclose(result, added, rtol=0, atol=2e-6)
    assert np.abs(added - middle).max() > 0.05
    zeros = {name: np.zeros_like(value) for name, value in tensors.items()}
    alone = run(loaded(config, with_carriers(config, zeros)), planes, edges)
    np.testing.assert_allclose(alone, middle, rtol=0, atol=5e-7)


def test_without_carriers_every_layer_between_has_as_many_maps_fewer_as_there_are_channels():
    config = ModelConfig(filters=(9, 5, 5), widths=(64, 32), color="rgb", mean=0.5, scales=(2, 4))
    inner = without_carriers(config)
    assert inner.layer_shapes == [(61, 3, 9, 9), (29, 61, 5, 5), (3, 29, 5, 5)]
    assert inner.residual
    kept = ("filters", "color", "scales", "border", "mean")
    assert [getattr(inner, name) for name in kept] == [getattr(config, name) for name in kept]


@pytest.mark.parametrize("mean", [0.0, 0.5, 0.3])
@pytest.mark.parametrize(("color", "channels"), COLORS)
def test_splitting_off_the_carriers_gives_back_what_they_were_joined_to(color, channels, mean):
    config = ModelConfig(widths=(9, 7), color=color, mean=mean)
    tensors = random_tensors(without_carriers(config))
    split = split_carriers(config, with_carriers(config, tensors))
    assert list(split) == list(tensors)
    for name, value in tensors.items():
        assert split[name].dtype == np.float32
        np.testing.assert_allclose(split[name], value, rtol=0, atol=2e-7)


@pytest.mark.parametrize("color", ["y", "rgb"])
@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("conv1.weight", (0, 0, 4, 4)),  # the carrier's own filter
        ("conv1.weight", (0, 0, 0, 0)),
        ("conv1.bias", (0,)),
        ("conv2.weight", (4, 0, 0, 0)),  # another map listens to the carrier
        ("conv2.weight", (0, 4, 0, 0)),  # the carrier listens to another map
        ("conv2.bias", (0,)),
        ("conv3.weight", (0, 0, 2, 2)),
    ],
)
def test_carriers_that_have_been_trained_are_refused(color, name, place):
    config = ModelConfig(widths=(9, 7), color=color, mean=0.5)
    tensors = with_carriers(config, random_tensors(without_carriers(config)))
    split_carriers(config, tensors)  # so far they serve
    tensors[name][place] += 1e-4
    with pytest.raises(ModelError, match="--free-carriers"):
        split_carriers(config, tensors)


def test_a_residual_network_has_no_carriers_to_join_or_split():
    config = ModelConfig("vdsr", (3, 3), (4,), border="normalize")
    tensors = random_tensors(config)
    assert without_carriers(config) == config
    assert with_carriers(config, tensors) is tensors
    assert split_carriers(config, tensors) is tensors


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (ModelConfig(border="normalize"), "normalize"),
        (ModelConfig(filters=(9,), widths=()), "too few maps"),
        (ModelConfig(widths=(64, 1)), "too few maps"),
        (ModelConfig(widths=(3, 64), color="rgb"), "too few maps"),
    ],
)
def test_networks_without_room_for_carriers_are_refused(config, reason):
    with pytest.raises(UsageError, match=reason):
        without_carriers(config)


def test_exact_carriers_are_left_aside_and_trained_ones_are_not():
    config = ModelConfig(widths=(9, 7), mean=0.5)
    inner = random_tensors(without_carriers(config))
    tensors = with_carriers(config, inner)
    beside, rest = beside_carriers(config, tensors)
    assert beside == without_carriers(config)
    assert all(np.allclose(rest[name], inner[name], atol=1e-6) for name in inner)
    tensors["conv1.bias"][0] += 1e-3
    assert beside_carriers(config, tensors) == (config, tensors)


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig("vdsr", (3, 3), (4,)),
        ModelConfig(widths=(9, 7), border="normalize"),
        ModelConfig(widths=(9, 2), color="rgb"),
        ModelConfig(filters=(9,), widths=()),
    ],
    ids=["residual", "normalize", "too few maps", "one layer"],
)
def test_networks_that_have_no_carriers_stay_as_they_are(config):
    tensors = random_tensors(config)
    assert beside_carriers(config, tensors) == (config, tensors)
