"""The precision that networks run in: what bfloat16 changes, and what it must not."""

import numpy as np
import pytest
import torch

from random_weights import random_tensors
from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.engines.torch_engine import TorchEngine
from srcnn_cli.models.catalog import find_model
from srcnn_cli.models.config import BORDER_POLICIES, ModelConfig
from srcnn_cli.models.networks.carriers import with_carriers, without_carriers
from srcnn_cli.models.weights import load_weights

CPU = torch.device("cpu")
DEEP = ModelConfig("vdsr", (3,) * 6, (8,) * 5, border="zero")
# One unit in the last of bfloat16's 8 bits, for values between 0.5 and 1.
UNIT = 2.0**-8


def both(config, tensors, planes, tile=32):
    """(float32, bfloat16) results."""
    engines = [
        TorchEngine(config, tensors, CPU, precision=precision)
        for precision in ("float32", "bfloat16")
    ]
    return [run_plane(engine, planes, tile) for engine in engines]


def noise(channels=1, height=50, width=41, seed=0):
    return np.random.default_rng(seed).random((channels, height, width)).astype(np.float32)


def waves(side=96):
    y, x = np.mgrid[:side, :side]
    return (0.5 + 0.3 * np.sin(x / 4) + 0.2 * np.cos(x * y / 300))[None].astype(np.float32)


@pytest.mark.parametrize("color", ["y", "rgb"])
@pytest.mark.parametrize("architecture", ["srcnn", "vdsr"])
def test_a_picture_to_which_nothing_is_added_keeps_all_its_bits(architecture, color):
    config = ModelConfig(architecture, (5, 1, 3), (9, 7), color=color, mean=0.5)
    inner = without_carriers(config)
    zeros = {name: np.zeros_like(value) for name, value in random_tensors(inner).items()}
    planes = noise(config.channels)
    _, low = both(config, with_carriers(config, zeros), planes)
    np.testing.assert_array_equal(low, planes)


@pytest.mark.parametrize(("name", "worst"), [("srcnn-9-1-5", 2), ("srcnn-9-5-5", 3)])
def test_shipped_weights_give_the_same_picture_to_less_than_half_a_level(name, worst):
    config, tensors = load_weights(find_model(name)[3])
    exact, low = both(config, tensors, waves())
    assert 0 < np.abs(low - exact).max() < worst / 255
    assert np.sqrt(np.mean((low - exact) ** 2)) < 0.25 / 255


@pytest.mark.parametrize("border", BORDER_POLICIES)
@pytest.mark.parametrize("config", [DEEP, ModelConfig(), ModelConfig(color="ycbcr")])
def test_weights_of_any_origin_come_near_and_are_never_black_or_nan(config, border):
    config = ModelConfig(**{**vars(config), "border": border})
    planes = noise(config.channels, seed=3)
    planes[:, :10], planes[:, 10:20] = 0, 1
    exact, low = both(config, random_tensors(config), planes)
    assert low.dtype == np.float32
    # Rounding errors of all layers, none of which shrinks what goes through it.
    assert np.abs(low - exact).max() < 4 * len(config.filters) * UNIT * np.abs(exact).max()
    assert np.corrcoef(low.ravel(), exact.ravel())[0, 1] > 0.999


def test_float32_is_what_an_engine_runs_in_unless_told():
    config = ModelConfig()
    tensors, planes = random_tensors(config), noise()
    exact, low = both(config, tensors, planes)
    np.testing.assert_array_equal(run_plane(TorchEngine(config, tensors, CPU), planes, 32), exact)
    assert not np.array_equal(low, exact)
