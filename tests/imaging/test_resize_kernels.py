"""Nearest, bilinear and Lanczos beside bicubic: their kernels, computed here slowly or pinned."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from srcnn_cli.imaging.resize import (
    KERNELS,
    box,
    lanczos3,
    resize,
    triangle,
)

RNG = np.random.default_rng(11)
sizes = st.integers(1, 40)


def random_plane(height, width, seed=0):
    return np.random.default_rng(seed).random((height, width))


def slow_bilinear(x):
    return max(0.0, 1 - abs(x))


def slow_lanczos(x):
    if x == 0:
        return 1.0
    if abs(x) >= 3:
        return 0.0
    return 3 * math.sin(math.pi * x) * math.sin(math.pi * x / 3) / (math.pi * x) ** 2


def slow_box(x):
    return 1.0 if -0.5 <= x < 0.5 else 0.0


SLOW_KERNELS = {
    "bilinear": (slow_bilinear, 1),
    "lanczos": (slow_lanczos, 3),
    "nearest": (slow_box, 0.5),
}


def slow_matrix(length, output, kernel):
    """Weights of ``length`` samples, mirrored at both ends, in each of ``output`` ones."""
    function, radius = SLOW_KERNELS[kernel]
    scale = output / length
    stretch = max(1.0, 1 / scale)
    matrix = np.zeros((output, length))
    for x in range(output):
        centre = (x + 0.5) / scale - 0.5
        reach = radius * stretch + 1
        for tap in range(math.floor(centre - reach), math.ceil(centre + reach) + 1):
            place = tap % (2 * length)
            place = place if place < length else 2 * length - 1 - place
            matrix[x, place] += function((centre - tap) / stretch)
    return matrix / matrix.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("kernel", "x", "value"),
    [
        (triangle, 0, 1),
        (triangle, 0.25, 0.75),
        (triangle, 1, 0),
        (triangle, 1.5, 0),
        (lanczos3, 0, 1),
        (lanczos3, 0.5, 6 / math.pi**2),
        (lanczos3, 1, 0),
        (lanczos3, 1.5, -4 / (3 * math.pi**2)),
        (lanczos3, 3, 0),
        (lanczos3, 3.5, 0),
        (box, 0, 1),
        (box, 0.25, 1),
        (box, 0.75, 0),
    ],
)
def test_other_kernels_have_their_known_values(kernel, x, value):
    np.testing.assert_allclose(kernel(np.array([x, -x], float)), [value, value], atol=1e-15)


def test_halfway_between_two_samples_the_nearest_is_one_of_them():
    assert box(np.array([-0.5, 0.5])).tolist() == [1, 0]
    assert resize(np.array([[1.0, 2.0]]), 1, 3, kernel="nearest")[0].tolist() == [1, 2, 2]


@given(st.sampled_from(["bilinear", "lanczos"]), sizes, sizes, sizes, sizes)
@settings(max_examples=60)
def test_other_kernels_equal_a_slow_reference(kernel, height, width, new_height, new_width):
    plane = random_plane(height, width, seed=height * 41 + width)
    down = slow_matrix(height, new_height, kernel)
    across = slow_matrix(width, new_width, kernel)
    result = resize(plane, new_height, new_width, kernel=kernel)
    np.testing.assert_allclose(result, down @ plane @ across.T, rtol=0, atol=1e-9)


@given(sizes, st.integers(0, 80))
def test_nearest_takes_the_sample_whose_pixel_the_centre_lies_in(length, more):
    output = length + more
    row = np.arange(length, dtype=float)[None]
    result = resize(row, 1, output, kernel="nearest")[0].tolist()
    for x, taken in enumerate(result):
        index, rest = divmod((2 * x + 1) * length, 2 * output)
        # Where the centre lies between two pixels, 27/26 in binary decides; whole factors never do.
        assert taken == index or (rest == 0 and taken == index - 1)
        assert rest or output % length


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_nearest_repeats_pixels_and_averages_them_back(scale):
    plane = random_plane(7, 5)
    larger = resize(plane, 7 * scale, 5 * scale, kernel="nearest")
    np.testing.assert_array_equal(larger, np.kron(plane, np.ones((scale, scale))))
    np.testing.assert_allclose(resize(larger, 7, 5, kernel="nearest"), plane, atol=1e-14)


@pytest.mark.parametrize("factor", [2, 3, 4, 1 / 3, 0.5])
@pytest.mark.parametrize(
    ("kernel", "pillow"),
    [("bilinear", Image.Resampling.BILINEAR), ("lanczos", Image.Resampling.LANCZOS),
     ("bicubic", Image.Resampling.BICUBIC)],
)  # fmt: skip
def test_kernels_equal_pillows_away_from_the_border(kernel, pillow, factor):
    plane = random_plane(48, 60).astype(np.float32)
    height, width = round(48 * factor), round(60 * factor)
    expected = np.asarray(Image.fromarray(plane).resize((width, height), pillow))
    result = resize(plane, height, width, kernel=kernel)
    border = math.ceil(3 * max(factor, 1)) + 1  # Pillow cuts its kernels off there
    inside = (slice(border, -border), slice(border, -border))
    np.testing.assert_allclose(result[inside], expected[inside], rtol=0, atol=2e-6)


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_kernel_keeps_constants_and_commutes_with_transposition(kernel):
    flat = resize(np.full((9, 13), 0.3), 31, 5, kernel=kernel)
    np.testing.assert_allclose(flat, 0.3, rtol=1e-12)
    plane = random_plane(9, 13)
    np.testing.assert_allclose(
        resize(plane, 31, 5, kernel=kernel), resize(plane.T, 5, 31, kernel=kernel).T, atol=1e-12
    )
    assert resize(plane.astype(np.float32), 31, 5, kernel=kernel).dtype == np.float32


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic", "lanczos"])
def test_symmetric_kernels_commute_with_flips(kernel):
    plane = random_plane(9, 13)
    np.testing.assert_allclose(
        resize(plane[::-1, ::-1], 31, 20, kernel=kernel),
        resize(plane, 31, 20, kernel=kernel)[::-1, ::-1],
        atol=1e-12,
    )


def test_bicubic_is_the_default_kernel():
    plane = random_plane(9, 13)
    np.testing.assert_array_equal(resize(plane, 20, 30), resize(plane, 20, 30, kernel="bicubic"))
