"""How strong noise is, by pixels: known amounts of it are found over what makes that hard."""

import math
from pathlib import Path

import numpy as np
import pytest

from srcnn_cli.imaging import noise as module
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.imaging.noise import features, noise, regressed
from srcnn_cli.imaging.regression import read_regression

SIDE = 320


def smooth():
    y, x = np.mgrid[:SIDE, :SIDE]
    return 120 + 45 * np.sin(x / 31 + y / 47) + 30 * np.cos(x / 19 - y / 23)


def saturated():
    """Three quarters of it white, as a page is: there half of the noise is cut off."""
    plane = smooth()
    plane[:, SIDE // 4 :] = 255
    return plane


def striped():
    """Fine stripes, of which a camera's texture is made, over most of it."""
    y, x = np.mgrid[:SIDE, :SIDE]
    plane = smooth() + 20 * np.sin(x / 1.3 + y / 2.1)
    plane[: SIDE // 4, : SIDE // 4] = smooth()[: SIDE // 4, : SIDE // 4]
    return plane


def with_noise(plane, sigma, chain="bicubic", seed=3):
    noisy = plane + np.random.default_rng(seed).normal(0, sigma, plane.shape)
    pixels = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    return parse_chain(chain).apply(pixels, 1, np.random.default_rng(seed)).astype(np.float32)


@pytest.mark.parametrize("sigma", [4, 6, 10])
@pytest.mark.parametrize("plane", [smooth, saturated], ids=lambda plane: plane.__name__)
def test_noise_is_found(plane, sigma):
    assert noise(with_noise(plane(), sigma), None) == pytest.approx(sigma, rel=0.2)


@pytest.mark.parametrize("quality", [60, 75, 90])
def test_noise_is_found_under_compression(quality):
    found = noise(with_noise(smooth(), 6, f"jpeg:{quality}"), quality)
    assert found == pytest.approx(6, rel=0.35)


@pytest.mark.parametrize("plane", [smooth, saturated, striped], ids=lambda plane: plane.__name__)
def test_where_there_is_none_none_is_found(plane):
    assert noise(with_noise(plane(), 0.3), None) < 2
    for quality in (60, 90):
        assert noise(with_noise(plane(), 0.3, f"jpeg:{quality}"), quality) < 2


def test_of_noise_alone_all_numbers_are_its_standard_deviation():
    plane = np.random.default_rng(0).normal(128, 10, (512, 512)).astype(np.float32)
    seen = features(plane, None)
    assert seen.shape == (34,)
    over_half = seen[15:20]  # five bands over the flatter half of the blocks
    assert over_half[1:] == pytest.approx(math.log(10.1), abs=0.05)
    assert over_half[0] < math.log(10.1)  # by this one they are chosen
    assert seen[20:28] == pytest.approx(math.log(10.1), abs=0.45)  # eigenvalues of few patches
    assert seen[28:].tolist() == [0] * 6  # not compressed


def test_the_steps_of_compression_are_among_the_numbers():
    plane = smooth().astype(np.float32)
    seen = features(plane, 50)[28:]
    # Table K.1 of ITU-T T.81, which is that of quality 50: the five coefficients whose indices sum
    # up to 1 or 2.
    assert seen[0] == 1
    assert seen[1] == pytest.approx(np.log([11, 12, 10, 12, 14]).mean(), rel=1e-6)


def test_the_regression_is_what_it_says():
    weights = read_regression(Path(module.__file__))
    seen = features(with_noise(smooth(), 5), 75)
    scaled = [(a - b) / c for a, b, c in zip(seen, weights.shift, weights.scale, strict=True)]
    units = [
        max(0.0, sum(a * row[i] for a, row in zip(scaled, weights.hidden, strict=True)) + bias)
        for i, bias in enumerate(weights.hidden_bias)
    ]
    answer = sum(a * b for a, b in zip(units, weights.out, strict=True)) + weights.out_bias
    assert regressed(seen) == pytest.approx(math.exp(answer) - 1, rel=1e-4)
