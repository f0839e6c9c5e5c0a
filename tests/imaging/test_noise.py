"""How strong noise is, by pixels: known amounts of it are found over what makes that hard."""

import math
from pathlib import Path

import numpy as np
import pytest
import scipy.fft
import scipy.ndimage
from scipy.stats import chi2

from srcnn_cli.imaging import noise as module
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.imaging.noise import features, noise, regressed, rises
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


@pytest.mark.parametrize(("quality", "within"), [(60, 0.45), (75, 0.35), (90, 0.25)])
def test_noise_is_found_under_compression(quality, within):
    found = noise(with_noise(smooth(), 6, f"jpeg:{quality}"), quality)
    assert found == pytest.approx(6, rel=within)


@pytest.mark.parametrize("plane", [smooth, saturated, striped], ids=lambda plane: plane.__name__)
def test_where_there_is_none_none_is_found(plane):
    assert noise(with_noise(plane(), 0.3), None) < 2
    for quality in (60, 90):
        assert noise(with_noise(plane(), 0.3, f"jpeg:{quality}"), quality) < 2


def test_of_noise_alone_all_numbers_are_its_standard_deviation():
    plane = np.random.default_rng(0).normal(128, 10, (512, 512)).astype(np.float32)
    seen = features(plane, None)
    assert seen.shape == (39,)
    # The mean of k squares of independent noise is distributed as chi squared, divided by k.
    squares = np.array([5, 9, 13, 21, 15])
    for percent, found in zip([1, 5, 10, 25, 50], seen[:25].reshape(5, 5), strict=True):
        expected = np.sqrt(chi2.ppf(percent / 100, squares) / squares)
        assert found == pytest.approx(np.log(10 * expected + 0.1), abs=0.06)
    assert seen[25:33] == pytest.approx(math.log(10.1), abs=0.45)  # eigenvalues of few patches
    assert seen[33:].tolist() == [0] * 6  # not compressed


def test_the_steps_of_compression_are_among_the_numbers():
    plane = smooth().astype(np.float32)
    seen = features(plane, 50)[33:]
    # Table K.1 of ITU-T T.81, which is that of quality 50: the five coefficients whose indices sum
    # up to 1 or 2.
    assert seen[0] == 1
    assert seen[1] == pytest.approx(np.log([11, 12, 10, 12, 14]).mean(), rel=1e-6)


def test_what_was_computed_already_changes_nothing():
    plane = with_noise(smooth(), 5)
    coefficients = scipy.fft.dctn(blocks_of(plane), axes=(1, 2), norm="ortho")
    known = module.patches(plane)
    assert noise(plane, None, known, coefficients) == pytest.approx(noise(plane, None), rel=1e-3)


def test_what_has_no_low_frequencies_rises_and_white_noise_does_not():
    white = np.random.default_rng(0).normal(0, 4, (SIDE, SIDE))
    sharpened = 2 * (white - scipy.ndimage.gaussian_filter(white, 0.5))
    assert not rises((smooth() + white).astype(np.float32))
    assert rises((smooth() + sharpened).astype(np.float32))


def test_texture_is_that_of_the_median_patch():
    plane = np.full((SIDE, SIDE), 128, np.float32)
    assert module.patches(plane).texture == 0
    plane += np.random.default_rng(0).normal(0, 7, plane.shape).astype(np.float32)
    # The root of the median of chi squared with 24 degrees of freedom, divided by 25.
    assert module.patches(plane).texture == pytest.approx(7 * 0.966, rel=0.01)


def blocks_of(plane):
    return np.array(
        [plane[i : i + 8, j : j + 8] for i in range(0, SIDE, 8) for j in range(0, SIDE, 8)]
    )


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
