"""How networks start: the papers' distributions, the identity, and carriers that stay fixed."""

import numpy as np
import pytest
import torch
from scipy import stats

from random_weights import random_tensors
from srcnn_cli.config import ModelConfig
from srcnn_cli.errors import ModelError, UsageError
from srcnn_cli.initialization import (
    initialize,
    split_carriers,
    with_carriers,
    without_carriers,
)
from srcnn_cli.networks import PlaneNetwork
from srcnn_cli.tiling import INTERIOR, WHOLE

COLORS = [("y", 1), ("rgb", 3), ("ycbcr", 3)]
DEEP = ModelConfig("vdsr", (3,) * 20, (64,) * 19, border="zero")


def started(config, how, seed=0):
    network = PlaneNetwork(config)
    initialize(network, how, torch.Generator().manual_seed(seed))
    return network


def run(network, planes, edges=INTERIOR):
    with torch.no_grad():
        return network(torch.from_numpy(planes)[None], edges)[0].numpy()


def picture(channels, side=60):
    """Waves in [0, 1], another in every channel."""
    y, x = np.mgrid[:side, :side]
    planes = [0.5 + 0.3 * np.sin(x / (4 + c)) + 0.2 * np.cos(y / 5) for c in range(channels)]
    return np.stack(planes).astype(np.float32)


def loaded(config, tensors):
    network = PlaneNetwork(config)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()})
    return network


@pytest.mark.parametrize(
    ("how", "sigmas"),
    [
        ("gaussian", (1e-3, 1e-3, 1e-3)),
        # sqrt(2 / fan-in): 9 * 9 * 3, 5 * 5 * 64, 3 * 3 * 50 connections to one value
        ("he", ((2 / 243) ** 0.5, (2 / 1600) ** 0.5, (2 / 450) ** 0.5)),
    ],
)
def test_the_papers_weights_are_normal_of_the_papers_variance_and_biases_zero(how, sigmas):
    network = started(ModelConfig(filters=(9, 5, 3), widths=(64, 50), color="rgb"), how)
    for layer, sigma in zip(network.layers, sigmas, strict=True):
        weight = layer.weight.detach().double().numpy().ravel()
        assert weight.std() == pytest.approx(sigma, rel=0.06)
        assert stats.kstest(weight / sigma, "norm").pvalue > 1e-4
        assert (layer.bias == 0).all()


@pytest.mark.parametrize("how", ["identity", "gaussian", "he"])
def test_the_generator_alone_decides(how):
    def weights(seed):
        network = started(ModelConfig(widths=(4, 4)), how, seed)
        return torch.cat([p.detach().flatten() for p in network.parameters()])

    assert torch.equal(weights(3), weights(3))
    assert not torch.equal(weights(3), weights(4))


@pytest.mark.parametrize("mean", [0.0, 0.5])
@pytest.mark.parametrize(("color", "channels"), COLORS)
def test_carriers_bring_the_input_through_all_layers(color, channels, mean):
    network = started(ModelConfig(widths=(8, 6), color=color, mean=mean), "identity")
    with torch.no_grad():  # nothing but the carriers
        network.layers[-1].weight[:, channels:] = 0
    planes = np.random.default_rng(0).random((channels, 20, 21)).astype(np.float32)
    np.testing.assert_allclose(run(network, planes), planes[:, 6:-6, 6:-6], rtol=0, atol=1e-6)


@pytest.mark.parametrize("mean", [0.0, 0.5])
@pytest.mark.parametrize(
    ("filters", "widths", "radius"),
    [((9, 1, 5), (64, 32), 6), ((9, 5, 5), (64, 32), 8), ((7,), (), 3)],
)
@pytest.mark.parametrize(("color", "channels"), [("y", 1), ("rgb", 3)])
def test_the_identity_start_is_a_picture_to_within_half_a_grey_level(
    filters, widths, radius, color, channels, mean
):
    network = started(
        ModelConfig(filters=filters, widths=widths, color=color, mean=mean), "identity"
    )
    planes = picture(channels)
    error = run(network, planes) - planes[:, radius:-radius, radius:-radius]
    assert 0 < np.sqrt(np.mean(error**2)) < 0.5 / 255


@pytest.mark.parametrize("mean", [0.0, 0.5])
def test_the_identity_start_of_a_residual_network_adds_next_to_nothing(mean):
    config = ModelConfig("vdsr", (3,) * 8, (16,) * 7, color="ycbcr", border="zero", mean=mean)
    planes = picture(3, side=40)
    network = started(config, "identity")
    # Outside a picture of this policy there is black (mean 0), which the filters see as an edge.
    error = (run(network, planes, WHOLE) - planes)[:, 8:-8, 8:-8]
    assert 0 < np.sqrt(np.mean(error**2)) < 0.5 / 255


def test_identity_filters_of_the_first_layer_do_not_see_brightness():
    for config in (ModelConfig(color="rgb"), DEEP):
        carriers = 0 if config.residual else config.channels
        weight = started(config, "identity").layers[0].weight.detach()[carriers:]
        assert weight.std() > 0.01
        np.testing.assert_allclose(weight.sum((2, 3)), 0, rtol=0, atol=1e-5)


def test_no_map_of_the_identity_start_but_the_carrier_listens_to_the_carrier():
    _, second, third = started(ModelConfig(filters=(5, 3, 5), color="rgb"), "identity").layers
    middle = torch.zeros(3, 3)
    middle[1, 1] = 1
    for channel in range(3):
        expected = torch.zeros(32, 3, 3)
        expected[channel] = middle
        assert torch.equal(second.weight.detach()[:, channel], expected)
    assert second.weight.detach()[3:, 3:].std() > 0.01
    for channel in range(3):
        assert third.weight.detach()[:, channel].count_nonzero() == 1


@pytest.mark.parametrize("config", [ModelConfig(), ModelConfig(color="ycbcr"), DEEP])
def test_the_identity_start_leaves_no_feature_map_without_weights(config):
    for layer in started(config, "identity").layers[:-1]:
        assert (layer.weight.flatten(1).abs().sum(1) > 0).all()


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
