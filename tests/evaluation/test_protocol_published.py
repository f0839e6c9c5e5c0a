"""The evaluation convention against the papers' published figures."""

import numpy as np
import pytest
import torch
from PIL import Image

from reference_weights import srcnn_reference
from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.engines.torch_engine import TorchEngine
from srcnn_cli.evaluation.protocol import make_pair


@pytest.fixture(scope="module")
def pairs(shared_data):
    """``pairs(folder, scale)``: test pairs by name, each made once."""
    cache = {}

    def of(folder, scale):
        if (folder, scale) not in cache:
            made = {}
            for path in sorted((shared_data / folder).glob("*.png")):
                image = Image.open(path)
                pixels = np.array(image if image.mode in {"L", "RGB"} else image.convert("RGB"))
                made[path.stem] = make_pair(pixels, scale)
            cache[folder, scale] = made
        return cache[folder, scale]

    return of


@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "scale", "decibels"),
    [("Set5", 2, 33.66), ("Set5", 3, 30.39), ("Set5", 4, 28.42), ("Set14", 3, 27.54)],
)
def test_bicubic_has_the_published_mean_psnr(pairs, folder, scale, decibels):
    values = [pair.psnr(pair.interpolated) for pair in pairs(folder, scale).values()]
    assert len(values) == int(folder[3:])
    assert np.mean(values) == pytest.approx(decibels, abs=0.005)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "decibels"),
    [("baby", 33.91), ("bird", 32.58), ("butterfly", 24.04), ("head", 32.88), ("woman", 28.56)],
)
def test_bicubic_has_the_psnr_of_table_1(pairs, name, decibels):
    pair = pairs("Set5", 3)[name]
    assert pair.psnr(pair.interpolated) == pytest.approx(decibels, abs=0.02)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "decibels"), [("9-1-5", 32.46), ("9-3-5", 32.61), ("9-5-5", 32.55)]
)
def test_reference_weights_reach_their_known_psnr(pairs, shared_data, name, decibels):
    engine = TorchEngine(*srcnn_reference(shared_data, name), torch.device("cpu"))
    values = [
        pair.psnr(run_plane(engine, pair.interpolated[None], 128)[0])
        for pair in pairs("Set5", 3).values()
    ]
    assert np.mean(values) == pytest.approx(decibels, abs=0.02)
