"""One model for all tiles at a border that is normalised gives what a model for each kind gives."""

import itertools

import numpy as np
import onnxruntime
import pytest
import torch

from random_weights import random_tensors
from srcnn_cli.engines.onnx_engine import OnnxEngine
from srcnn_cli.imaging.regions import INTERIOR, WHOLE, Edges
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks.onnx_border import has_bordered_model, with_factors
from srcnn_cli.models.networks.onnx_graph import last_block, network_model
from srcnn_cli.models.networks.torch_network import PlaneNetwork

ALL_EDGES = [Edges(*map(bool, sides)) for sides in itertools.product([0, 1], repeat=4)]
TOP_AND_LEFT = Edges(top=True, left=True, bottom=False, right=False)
CONFIGS = [
    ModelConfig("subpixel", (3,) * 4, (16,) * 3, scales=(2,), border="normalize"),
    ModelConfig("subpixel", (3,) * 4, (32,) * 3, scales=(3,), border="normalize", mean=0.5),
    ModelConfig("subpixel", (3,) * 4, (64,) * 3, scales=(1,), border="normalize"),
    ModelConfig("espcn", (5, 3, 3), (64, 32), scales=(3,), border="normalize", mean=0.5),
    ModelConfig("srcnn", (9, 1, 5), (64, 32), border="normalize", mean=0.5),
    ModelConfig("vdsr", (3,) * 4, (16,) * 3, border="normalize", scales=(2, 3)),
    ModelConfig("fsrcnn", (5, 1, 3, 1, 9), (32, 16, 16, 32), border="normalize", scales=(2,)),
]


def noise(height, width, seed=0):
    return np.random.default_rng(seed).random((1, height, width)).astype(np.float32)


@pytest.mark.parametrize("edges", ALL_EDGES)
@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.name} {c.factor}")
def test_it_is_to_the_bit_what_the_model_for_these_edges_gives(config, edges):
    assert has_bordered_model(config)
    tensors, planes = random_tensors(config, 3), noise(33, 41)
    data = network_model(config, tensors, edges, block=last_block(config))
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    expected = session.run(None, {"input": planes[None]})[0][0]
    np.testing.assert_array_equal(OnnxEngine(config, tensors).run(planes, edges), expected)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.name} {c.factor}")
@pytest.mark.parametrize("edges", [WHOLE, TOP_AND_LEFT])
def test_it_is_what_torch_gives(config, edges):
    tensors, planes = random_tensors(config, 4), noise(37, 30)
    network = PlaneNetwork(config).double()
    network.load_state_dict({n: torch.from_numpy(t).double() for n, t in tensors.items()})
    with torch.no_grad():
        expected = network(torch.from_numpy(planes).double()[None], edges)
        if config.factor > 1:
            expected = torch.pixel_shuffle(expected, config.factor)
    output = OnnxEngine(config, tensors).run(planes, edges)
    np.testing.assert_allclose(output, expected[0].numpy(), rtol=0, atol=2e-5)


def test_factors_tell_how_much_of_a_filter_lies_on_the_picture():
    config, patch = CONFIGS[0], noise(3, 4)
    given = with_factors(config, patch, TOP_AND_LEFT)
    np.testing.assert_array_equal(given[:1], patch)
    expected = np.ones((3, 4), np.float32)
    expected[0, 1:] = expected[1:, 0] = 1.5
    expected[0, 0] = 2.25
    np.testing.assert_array_equal(given[1:], expected[None])
    np.testing.assert_array_equal(with_factors(config, patch, INTERIOR)[1:], np.ones((1, 3, 4)))


def test_where_a_filter_is_larger_than_the_picture_all_that_lies_on_it_counts():
    config = CONFIGS[4]  # 9-1-5: a plane for 5, a plane for 9, none for 1
    given = with_factors(config, noise(2, 2), WHOLE)
    np.testing.assert_array_equal(given[1], np.full((2, 2), np.float32(25 / 4)))
    np.testing.assert_array_equal(given[2], np.full((2, 2), np.float32(81 / 4)))


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig("fsrcnn", (5, 1, 3, 1, 9), (56, 12, 12, 56), border="normalize", scales=(2,)),
        ModelConfig(filters=(5, 3), widths=(16,), border="normalize", color="rgb"),
        ModelConfig(filters=(9, 1, 5), widths=(64, 32), border="replicate"),
    ],
    ids=["maps that fill no block", "three planes", "another policy"],
)
def test_others_have_a_model_for_each_kind_of_tile(config):
    assert not has_bordered_model(config)
    tensors = random_tensors(config, 3)
    planes = np.random.default_rng(0).random((config.channels, 24, 20)).astype(np.float32)
    data = network_model(config, tensors, TOP_AND_LEFT, block=last_block(config))
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    expected = session.run(None, {"input": planes[None]})[0][0]
    np.testing.assert_array_equal(OnnxEngine(config, tensors).run(planes, TOP_AND_LEFT), expected)


def test_a_picture_of_small_tiles_needs_two_models(monkeypatch):
    made = []
    session = OnnxEngine._session
    monkeypatch.setattr(OnnxEngine, "_session", lambda *a: made.append(a[1]) or session(*a))
    config = CONFIGS[0]
    engine = OnnxEngine(config, random_tensors(config, 3))
    for edges in ALL_EDGES:
        engine.run(noise(40, 40), edges)
    assert sorted(made) == sorted([INTERIOR, WHOLE])
