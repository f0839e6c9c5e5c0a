"""Colour conversion is BT.601 studio range to the last digit, and rounding is MATLAB's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.color import rgb2ycbcr

from srcnn_cli.imaging.color import rgb_from_ycbcr, ycbcr_from_rgb
from srcnn_cli.imaging.planes import (
    bleed_colors,
    grey_from_network,
    luminance_uint8,
    network_planes,
    rgb_from_network,
)

# 8-bit R'G'B' and its Y'CbCr in 8-bit units (scikit-image pins the same vectors).
VECTORS = [
    ((255, 255, 255), (235.0, 128.0, 128.0)),
    ((0, 0, 0), (16.0, 128.0, 128.0)),
    ((255, 0, 0), (81.481, 90.203, 240.0)),
    ((0, 255, 0), (144.553, 53.797, 34.214)),
    ((0, 0, 255), (40.966, 240.0, 109.786)),
    ((255, 255, 0), (210.034, 16.0, 146.214)),
    ((128, 128, 128), (16 + 219 * 128 / 255, 128.0, 128.0)),
]
# Colours whose Y' ends in exactly .5: 65481 R + 128553 G + 24966 B is an odd multiple of 127500.
TIES = [(0, 204, 68), (2, 44, 141), (4, 194, 109), (1, 173, 225), (5, 65, 25)]


def planes(*colors):
    return (np.array(colors, np.float64).T / 255)[:, None, :]


def exact_luma(rgb):
    """Y' rounded half up in integers, where nothing is lost."""
    r, g, b = (rgb[..., i].astype(np.int64) for i in range(3))
    return (2 * (65481 * r + 128553 * g + 24966 * b) + 255_000) // 510_000 + 16


@pytest.mark.parametrize(("rgb", "ycbcr"), VECTORS)
def test_known_colors_have_their_published_ycbcr(rgb, ycbcr):
    np.testing.assert_allclose(ycbcr_from_rgb(planes(rgb))[:, 0, 0] * 255, ycbcr, rtol=0, atol=2e-5)


@pytest.mark.parametrize(("rgb", "ycbcr"), VECTORS)
def test_known_ycbcr_gives_the_color_back(rgb, ycbcr):
    np.testing.assert_allclose(rgb_from_ycbcr(planes(ycbcr))[:, 0, 0] * 255, rgb, rtol=0, atol=1e-4)


def test_conversion_equals_scikit_image():
    rgb = np.random.default_rng(0).random((3, 150, 151))
    expected = np.moveaxis(rgb2ycbcr(np.moveaxis(rgb, 0, -1)), -1, 0) / 255
    np.testing.assert_allclose(ycbcr_from_rgb(rgb), expected, rtol=0, atol=5e-7)


def test_conversion_is_float32_and_keeps_the_shape():
    result = ycbcr_from_rgb(np.zeros((3, 4, 5), np.float64))
    assert (result.dtype, result.shape) == (np.float32, (3, 4, 5))


@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.just(3), st.integers(1, 6), st.integers(1, 6)),
        elements=st.floats(-0.25, 1.25, width=32),
    )
)
def test_round_trip_returns_every_color_even_outside_the_range(rgb):
    np.testing.assert_allclose(rgb_from_ycbcr(ycbcr_from_rgb(rgb)), rgb, rtol=0, atol=1e-6)


def test_a_plane_longer_than_one_block_of_work_is_converted_throughout():
    rgb = np.random.default_rng(1).random((3, 130, 300)).astype(np.float32)
    single = ycbcr_from_rgb(rgb[:, 129:, 299:])
    np.testing.assert_allclose(ycbcr_from_rgb(rgb)[:, 129:, 299:], single, rtol=0, atol=1e-7)


def test_conversion_leaves_its_input_alone():
    rgb = np.random.default_rng(2).random((3, 5, 5)).astype(np.float32)
    before = rgb.copy()
    rgb_from_ycbcr(ycbcr_from_rgb(rgb))
    np.testing.assert_array_equal(rgb, before)


@pytest.mark.parametrize(("rgb", "ycbcr"), VECTORS)
def test_a_network_sees_the_planes_of_its_color(rgb, ycbcr):
    picture = planes(rgb)
    for color, expected in (("rgb", rgb), ("ycbcr", ycbcr), ("y", ycbcr)):
        seen = network_planes(picture, color)
        assert (seen.dtype, seen.shape) == (np.float32, (3, 1, 1))
        np.testing.assert_allclose(seen[:, 0, 0] * 255, expected, rtol=0, atol=2e-5)
        back = rgb_from_network(seen, color)
        assert back.dtype == np.float32
        np.testing.assert_allclose(back[:, 0, 0] * 255, rgb, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("color", "expected"),
    [
        ("y", [[0.25]]),
        ("rgb", [[0.25], [0.25], [0.25]]),
        ("ycbcr", [[0.25], [128 / 255], [128 / 255]]),
    ],
)
def test_a_network_sees_grey_as_it_is_stored_without_color(color, expected):
    seen = network_planes(np.full((2, 1), 0.25), color)
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen, np.repeat(expected, 2, axis=1)[..., None], rtol=0, atol=1e-7)
    np.testing.assert_allclose(grey_from_network(seen, color), 0.25, rtol=0, atol=1e-7)


def test_grey_from_a_color_network_is_its_luminance():
    output = np.random.default_rng(6).uniform(-0.2, 1.2, (3, 5, 4)).astype(np.float32)
    # ITU-R BT.601, section 2.5.1.
    expected = 0.299 * output[0] + 0.587 * output[1] + 0.114 * output[2]
    np.testing.assert_allclose(grey_from_network(output, "rgb"), expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(grey_from_network(output, "ycbcr"), output[0])
    np.testing.assert_array_equal(grey_from_network(output[:1], "y"), output[0])
    assert grey_from_network(output, "rgb").dtype == np.float32


def test_luminance_of_every_grey_level_is_the_studio_range_rounded():
    grey = np.arange(256, dtype=np.uint8)
    pixels = np.repeat(grey[None, :, None], 3, axis=2)
    expected = [(2 * 219 * v + 255) // 510 + 16 for v in range(256)]
    assert luminance_uint8(pixels)[0].tolist() == expected


@pytest.mark.parametrize("rgb", TIES)
def test_luminance_ties_round_up(rgb):
    luma, rest = divmod(65481 * rgb[0] + 128553 * rgb[1] + 24966 * rgb[2], 255_000)
    assert rest == 127_500
    assert luminance_uint8(np.array([[rgb]], np.uint8))[0, 0] == 16 + luma + 1


def test_luminance_equals_integer_arithmetic_but_for_ties():
    rgb = np.random.default_rng(3).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    scaled = rgb.astype(np.int64) @ np.array([65481, 128553, 24966])
    clear = scaled % 255_000 != 127_500
    result = luminance_uint8(rgb)
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result[clear], exact_luma(rgb)[clear])


def test_luminance_equals_scikit_image_rounded():
    rgb = np.random.default_rng(4).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    unrounded = rgb2ycbcr(rgb)[..., 0]
    clear = np.abs(unrounded % 1 - 0.5) > 1e-6
    np.testing.assert_array_equal(luminance_uint8(rgb)[clear], np.round(unrounded[clear]))


def test_luminance_of_a_grey_picture_is_the_picture_as_stored():
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(luminance_uint8(grey), np.arange(256).reshape(16, 16))


def test_transparent_pixels_take_the_color_of_the_nearest_visible_one():
    pixels = np.array([[[9, 8, 7], [0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 2, 3]]], np.uint8)
    alpha = np.array([[255, 0, 0, 0, 1]], np.uint8)
    bled = bleed_colors(pixels, alpha)
    assert bled[0, [0, 1, 3, 4]].tolist() == [[9, 8, 7], [9, 8, 7], [1, 2, 3], [1, 2, 3]]


def test_nearest_is_meant_in_both_directions():
    pixels = np.zeros((7, 7), np.uint8)
    pixels[0, 3], pixels[3, 6] = 10, 20
    alpha = np.where(pixels > 0, 200, 0)
    bled = bleed_colors(pixels, alpha)
    assert (bled[2, 3], bled[3, 4], bled[6, 6], bled[0, 0]) == (10, 20, 20, 10)


def test_slightly_visible_pixels_keep_their_color():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    alpha = np.array([[1, 0, 255, 7], [0, 1, 1, 1], [1, 1, 0, 1]], np.uint8)
    bled = bleed_colors(pixels, alpha)
    np.testing.assert_array_equal(bled[alpha > 0], pixels[alpha > 0])


@pytest.mark.parametrize("value", [0, 255])
def test_pictures_wholly_visible_or_wholly_transparent_stay_as_they_are(value):
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert bleed_colors(pixels, np.full((2, 2), value, np.uint8)) is pixels


def test_bleeding_leaves_its_input_alone():
    pixels = np.array([[5, 0]], np.uint8)
    bleed_colors(pixels, np.array([[1, 0]]))
    assert pixels.tolist() == [[5, 0]]
