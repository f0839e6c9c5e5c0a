"""What networks for colour get under each convention, and how their results count."""

import numpy as np
import pytest

from low_resolution import low_resolution_file
from sample_pictures import random_pixels
from srcnn_cli.evaluation.protocol import PROTOCOLS, SRCNN, Pair, make_pair, pair_with_low


@pytest.mark.parametrize("color", ["y", "y-full"])
@pytest.mark.parametrize("scale", [2, 3])
def test_the_colors_beside_luminance_are_reduced_in_the_same_way(slow_bicubic, color, scale):
    pixels = random_pixels((26, 31, 3))
    height, width = 26 // scale, 31 // scale
    planes = np.moveaxis(pixels[: height * scale, : width * scale], -1, 0)
    exact = make_pair(pixels, scale, SRCNN.changed(color=color)).low_rgb
    expected = [slow_bicubic(plane / 255, height, width) for plane in planes]
    np.testing.assert_allclose(exact, expected, rtol=0, atol=1e-6)
    rounded = make_pair(pixels, scale, PROTOCOLS["vdsr"].changed(color=color)).low_rgb
    file = low_resolution_file(slow_bicubic, pixels, scale)
    np.testing.assert_array_equal(rounded * 255, np.moveaxis(file, -1, 0))


def test_where_color_is_compared_there_are_no_other_colors():
    for protocol in (PROTOCOLS["rgb"], SRCNN.changed(color="rgb")):
        pair = make_pair(random_pixels((26, 31, 3)), 3, protocol)
        np.testing.assert_array_equal(pair.low_rgb, pair.low)


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=list(PROTOCOLS))
def test_the_colors_of_a_given_picture_are_its_own(protocol):
    pixels, low = random_pixels((26, 31, 3)), random_pixels((8, 10, 3), seed=1)
    pair = pair_with_low(pixels, low, 3, protocol)
    np.testing.assert_array_equal(pair.low_rgb, np.moveaxis(low, -1, 0) / 255)
    grey = pair_with_low(pixels[..., 0], low[..., 0], 3, protocol)
    if protocol.rounds_pictures:  # three equal channels
        np.testing.assert_array_equal(grey.low_rgb, [low[..., 0] / 255] * 3)
    else:
        assert grey.low_rgb is None


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=list(PROTOCOLS))
def test_colors_are_offered_to_those_who_want_them_if_there_are_any(protocol):
    pair = make_pair(random_pixels((26, 31, 3)), 3, protocol)
    assert pair.offered(color=False) is pair.low
    assert pair.offered(color=True) is pair.low_rgb
    if protocol.rounds_pictures:
        assert pair.low_rgb is pair.low
        return
    grey = make_pair(random_pixels((26, 31)), 3, protocol)
    assert grey.low_rgb is None
    assert grey.offered(color=True) is grey.offered(color=False) is grey.low


def test_colors_are_made_once_and_only_when_asked_for():
    made = []

    def colors():
        made.append(1)
        return np.zeros((3, 8, 10))

    pair = Pair(random_pixels((24, 30)), np.zeros((8, 10)), 3, colors=colors)
    pair.offered(color=False)
    assert pair.psnr(pair.interpolated) < 20
    assert made == []
    assert pair.offered(color=True) is pair.offered(color=True)
    assert made == [1]


@pytest.mark.parametrize("name", ["srcnn", "vdsr"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_of_a_color_result_the_luminance_counts_where_luminance_is_compared(name, dtype):
    pair = make_pair(random_pixels((26, 31, 3)), 3, PROTOCOLS[name])
    result = np.random.default_rng(2).uniform(-0.1, 1.1, (3, 24, 30)).astype(dtype)
    weights = np.array([65.481, 128.553, 24.966]) / 255
    luma = np.tensordot(weights, result.astype(np.float64), axes=1) + 16 / 255
    np.testing.assert_allclose(pair.like_truth(result), luma, rtol=0, atol=1e-6)
    assert pair.psnr(result) == pytest.approx(pair.psnr(luma), abs=0.01)
    assert pair.ssim(result) == pytest.approx(pair.ssim(luma), abs=1e-4)
    shown, truth = pair.compared(result)
    assert shown.shape == truth.shape == (18, 24)
    assert pair.like_truth(luma) is luma
    full = make_pair(random_pixels((26, 31, 3)), 3, PROTOCOLS[name].changed(color="y-full"))
    difference = pair.psnr(result) - full.psnr(result)
    assert difference == pytest.approx(20 * np.log10(255 / 219), abs=1e-9)


def test_a_color_result_is_compared_as_it_is_where_color_is_compared():
    pair = make_pair(random_pixels((26, 31, 3)), 3, PROTOCOLS["rgb"])
    result = np.random.default_rng(2).random((3, 24, 30))
    assert pair.like_truth(result) is result
