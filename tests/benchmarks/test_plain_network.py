"""The plain network that the benchmarks compare with is the same network."""

import numpy as np
import pytest
import torch

from plain_network import PlainNetwork
from random_weights import random_tensors
from srcnn_cli.engines.onnx_engine import OnnxEngine
from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.models.config import ModelConfig

CONFIGS = [
    ModelConfig("srcnn", (5, 1, 3), (6, 4), mean=0.5),
    ModelConfig("vdsr", (3, 3, 3), (6, 4), color="rgb"),
    ModelConfig("espcn", (5, 3, 3), (6, 4), scales=(2,)),
    ModelConfig("fsrcnn", (5, 1, 3, 1, 3), (8, 4, 4, 8), scales=(3,)),
    ModelConfig("subpixel", (3, 3), (8,), scales=(4,)),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_away_from_the_border_the_results_are_the_same(config):
    tensors = random_tensors(config)
    planes = np.random.default_rng(0).random((config.channels, 30, 26)).astype(np.float32)
    expected = run_plane(OnnxEngine(config, tensors), planes, 64)
    with torch.inference_mode():
        result = PlainNetwork(config, tensors)(torch.from_numpy(planes)[None])[0].numpy()
    inside = slice(
        config.receptive_radius * config.factor, -config.receptive_radius * config.factor
    )
    np.testing.assert_allclose(
        result[:, inside, inside], expected[:, inside, inside], rtol=0, atol=2e-6
    )
