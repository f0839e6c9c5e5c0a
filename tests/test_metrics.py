"""PSNR and SSIM have the properties and the values that their definitions give."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.signal import fftconvolve
from skimage.metrics import peak_signal_noise_ratio

from srcnn_cli.errors import UsageError
from srcnn_cli.metrics import psnr, shave, ssim

planes = hnp.arrays(np.uint8, (13, 12))


def picture(seed=0, shape=(32, 40)):
    """A smooth picture with some noise."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    noise = np.random.default_rng(seed).normal(0, 6, shape)
    return np.clip(128 + 60 * np.sin(x / 5) + 40 * np.cos(y / 7) + noise, 0, 255).round()


def noisy(plane, sigma):
    return plane + sigma * np.random.default_rng(9).normal(size=plane.shape)


def slow_ssim(a, b, data_range):
    """Wang et al., eq. 13, with their window, where it lies inside the picture."""
    offsets = np.arange(-5, 6)
    profile = np.exp(-(offsets**2) / (2 * 1.5**2))
    window = np.outer(profile, profile) / np.outer(profile, profile).sum()

    def mean(plane):
        return fftconvolve(plane, window, mode="valid")

    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    mean_a, mean_b = mean(a), mean(b)
    variance_a, variance_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    covariance = mean(a * b) - mean_a * mean_b
    top = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return (top / ((mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2))).mean()


@pytest.mark.parametrize(
    ("difference", "decibels"), [(1, 48.1308036087), (5, 34.1514035220), (255, 0.0)]
)
def test_psnr_of_a_constant_difference_is_known(difference, decibels):
    black = np.zeros((8, 9), np.uint8)
    assert psnr(black + np.uint8(difference), black) == pytest.approx(decibels, abs=1e-9)


def test_psnr_counts_the_mean_square_not_the_mean():
    image = np.zeros((2, 2), np.uint8)
    image[0, 0] = 2
    assert psnr(image, np.zeros((2, 2), np.uint8)) == pytest.approx(48.1308036087, abs=1e-9)


def test_psnr_uses_the_data_range():
    assert psnr(np.full((3, 3), 0.1), np.zeros((3, 3)), data_range=1) == pytest.approx(20)


@given(planes)
def test_psnr_of_a_picture_with_itself_is_infinite(plane):
    assert psnr(plane, plane.copy()) == math.inf


@given(planes, planes)
def test_psnr_does_not_wrap_around_and_is_symmetric(a, b):
    assert psnr(a, b) == psnr(b, a)
    assert psnr(a, b) == psnr(a.astype(float), b.astype(float))


def test_psnr_falls_as_noise_grows():
    plane = picture()
    values = [psnr(noisy(plane, sigma), plane) for sigma in (1, 2, 4, 8, 16)]
    assert values == sorted(values, reverse=True)


def test_psnr_equals_scikit_image():
    a, b = picture(1).astype(np.uint8), picture(2).astype(np.uint8)
    assert psnr(a, b) == pytest.approx(peak_signal_noise_ratio(b, a, data_range=255), abs=1e-10)


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_pictures_of_different_shape_are_not_compared(metric):
    with pytest.raises(UsageError, match="cannot compare"):
        metric(np.zeros((20, 20)), np.zeros((20, 1)))


def test_ssim_of_a_picture_with_itself_is_one():
    assert ssim(picture(), picture()) == pytest.approx(1, abs=1e-12)


def test_ssim_is_symmetric():
    a, b = picture(1), picture(2)
    assert ssim(a, b) == pytest.approx(ssim(b, a), abs=1e-12)


def test_ssim_falls_as_noise_grows():
    plane = picture()
    values = [ssim(noisy(plane, sigma), plane) for sigma in (1, 2, 4, 8, 16)]
    assert values == sorted(values, reverse=True)


def test_ssim_of_two_constants_is_the_luminance_term():
    expected = (2 * 100 * 110 + 6.5025) / (100**2 + 110**2 + 6.5025)
    assert ssim(np.full((16, 16), 100), np.full((16, 16), 110)) == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(11, 11), (12, 30), (40, 33)])
@pytest.mark.parametrize("data_range", [255.0, 1.0])
def test_ssim_equals_the_formula_of_the_paper(shape, data_range):
    a = picture(1, shape) / 255 * data_range
    b = noisy(picture(1, shape), 9) / 255 * data_range
    assert ssim(a, b, data_range=data_range) == pytest.approx(slow_ssim(a, b, data_range), abs=1e-9)


def test_ssim_of_uint8_planes_equals_that_of_their_values():
    a, b = picture(1).astype(np.uint8), picture(2).astype(np.uint8)
    assert ssim(a, b) == pytest.approx(slow_ssim(a.astype(float), b.astype(float), 255), abs=1e-9)


@pytest.mark.parametrize("shape", [(10, 40), (40, 10)])
def test_ssim_refuses_pictures_smaller_than_its_window(shape):
    with pytest.raises(UsageError, match="11x11"):
        ssim(np.zeros(shape), np.zeros(shape))


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 3))
def test_shaving_removes_the_border_on_all_four_sides(height, width, border):
    plane = np.arange((height + 2 * border) * (width + 2 * border))
    plane = plane.reshape(height + 2 * border, width + 2 * border)
    shaved = shave(plane, border)
    assert shaved.shape == (height, width)
    assert shaved[0, 0] == plane[border, border]


def test_shaving_keeps_channels():
    assert shave(np.zeros((9, 8, 3)), 2).shape == (5, 4, 3)


@pytest.mark.parametrize("shape", [(6, 20), (20, 6), (5, 5)])
def test_shaving_everything_off_is_refused(shape):
    with pytest.raises(UsageError, match="too small to shave 3"):
        shave(np.zeros(shape), 3)
