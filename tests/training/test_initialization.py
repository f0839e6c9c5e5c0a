"""How networks start: the papers' distributions, and the identity."""

import numpy as np
import pytest
import torch
from scipy import stats

from srcnn_cli.imaging.regions import INTERIOR, WHOLE
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks.torch_network import PlaneNetwork
from srcnn_cli.training.initialization import initialize

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


def test_hidden_layers_of_a_residual_network_start_near_the_identity():
    _, *hidden, _ = started(
        ModelConfig("vdsr", (3,) * 20, (64,) * 19, border="zero"), "identity"
    ).layers
    for layer in hidden:
        noise = layer.weight.detach().clone()
        noise[:, :, 1, 1] -= torch.eye(64)
        # A fifth of He et al.'s sqrt(2 / (9 * 64)).
        assert float(noise.std()) == pytest.approx(0.2 * 0.0589, rel=0.03)
        assert float(noise[:, :, 1, 1].diag().abs().max()) < 6 * 0.2 * 0.0589


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
