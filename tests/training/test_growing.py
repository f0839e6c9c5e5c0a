"""Networks that begin with the weights of smaller ones."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from random_weights import random_tensors
from srcnn_cli.errors import ModelError
from srcnn_cli.imaging.levels import LEVELS
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.training.growing import grow


def network(depth, width, scale=2, architecture="subpixel"):
    return ModelConfig(
        architecture, (3,) * depth, (width,) * (depth - 1), scales=(scale,), border="normalize"
    )


def last_planes(config, tensors, plane):
    """Zero-padded convolutions with ReLU between them, written out."""
    values = torch.from_numpy(plane)[None, None]
    for index in range(1, len(config.filters) + 1):
        weight, bias = (torch.from_numpy(tensors[f"conv{index}.{n}"]) for n in ("weight", "bias"))
        values = torch.nn.functional.conv2d(values, weight, bias, padding=1)
        if index < len(config.filters):
            values = values.relu()
    return values[0].numpy()


@pytest.fixture
def plane():
    return np.random.default_rng(0).random((12, 12), dtype=np.float32)


@pytest.mark.parametrize(("depth", "width"), [(3, 8), (5, 8), (3, 12), (6, 11)])
def test_a_grown_network_computes_almost_what_the_smaller_one_computed(plane, depth, width):
    small, large = network(3, 8), network(depth, width)
    tensors = random_tensors(small)
    grown = grow(small, tensors, large, torch.Generator().manual_seed(1))
    assert {name: value.shape for name, value in grown.items()} == large.tensor_shapes
    before, after = last_planes(small, tensors, plane), last_planes(large, grown, plane)
    assert np.abs(after - before).mean() < 0.15 * np.abs(before).mean()


def test_new_maps_and_layers_are_not_dead(plane):
    small, large = network(3, 8), network(5, 12)
    grown = grow(small, random_tensors(small), large, torch.Generator().manual_seed(1))
    parameters = {name: torch.from_numpy(v).requires_grad_() for name, v in grown.items()}
    values = torch.from_numpy(plane)[None, None]
    for index in range(1, 6):
        weight, bias = parameters[f"conv{index}.weight"], parameters[f"conv{index}.bias"]
        values = torch.nn.functional.conv2d(values, weight, bias, padding=1)
        values = values.relu() if index < 5 else values
    values.square().sum().backward()
    for name, value in parameters.items():
        assert value.grad.abs().amax() > 0, name


def test_sub_pixels_of_another_factor_lie_between_the_old_ones():
    small, large = network(2, 4, scale=2), network(2, 4, scale=4)
    tensors = random_tensors(small)
    tensors["conv2.bias"] = np.array([0, 1, 10, 11], np.float32)  # a ramp: y·10 + x
    grown = grow(small, tensors, large, torch.Generator())
    across = np.array([0, 0.25, 0.75, 1], np.float32)
    expected = 10 * across[:, None] + across
    np.testing.assert_allclose(grown["conv2.bias"].reshape(4, 4), expected)
    assert (grown["conv1.weight"] == tensors["conv1.weight"]).all()


def test_the_same_network_keeps_its_weights_to_the_bit():
    config = network(3, 8)
    tensors = random_tensors(config)
    assert grow(config, tensors, config, torch.Generator()) is tensors


@pytest.mark.parametrize(
    "target", [network(2, 8), network(3, 7), network(3, 8, architecture="vdsr")]
)
def test_a_smaller_network_or_one_of_another_kind_cannot_begin_with_them(target):
    small = network(3, 8)
    with pytest.raises(ModelError, match="subpixel-3x8"):
        grow(small, random_tensors(small), target, torch.Generator())


def test_growing_again_gives_the_same_weights():
    small, large = network(3, 8), network(4, 10, scale=3)
    tensors = random_tensors(small)
    once, twice = (grow(small, tensors, large, torch.Generator().manual_seed(3)) for _ in "ab")
    assert all((once[name] == twice[name]).all() for name in once)


def test_what_a_network_heeds_of_levels_grows_with_it():
    config = ModelConfig(
        "subpixel", (3, 3, 3), (6, 6), scales=(2,), border="normalize", levels=LEVELS
    )
    rng = np.random.default_rng(0)
    tensors = {
        name: rng.normal(0, 0.1, shape).astype(np.float32)
        for name, shape in config.tensor_shapes.items()
    }
    target = replace(config, filters=(3,) * 4, widths=(8,) * 3, scales=(3,))
    grown = grow(config, tensors, target, torch.Generator())
    assert {name: value.shape for name, value in grown.items()} == target.tensor_shapes
    assert np.array_equal(grown["conv2.levels"][:6], tensors["conv2.levels"])
    assert not grown["conv2.levels"][6:].any()
    assert not grown["conv3.levels"].any()
