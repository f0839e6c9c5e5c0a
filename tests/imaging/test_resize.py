"""Resizing equals MATLAB's ``imresize``, computed here slowly or pinned as numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from low_resolution import half_up
from srcnn_cli.errors import UsageError
from srcnn_cli.imaging.regions import Region
from srcnn_cli.imaging.resize import (
    KERNELS,
    Resampler,
    cubic,
    imresize,
    modcrop,
    resize,
)

RNG = np.random.default_rng(11)
sizes = st.integers(1, 40)


def random_plane(height, width, seed=0):
    return np.random.default_rng(seed).random((height, width))


@pytest.mark.parametrize(
    ("x", "value"),
    [(0, 1), (0.5, 0.5625), (1, 0), (1.5, -0.0625), (2, 0), (2.5, 0), (0.25, 0.8671875)],
)
def test_kernel_is_the_cubic_of_keys(x, value):
    np.testing.assert_allclose(cubic(np.array([x, -x], float)), [value, value], atol=1e-15)


def test_doubling_an_impulse_gives_the_kernel_at_quarters():
    row = np.zeros((1, 7))
    row[0, 3] = 1
    # The kernel at 0.25, 0.75, 1.25 and 1.75, in 128ths.
    expected = np.array([0, 0, 0, -3, -9, 29, 111, 111, 29, -9, -3, 0, 0, 0]) / 128
    np.testing.assert_allclose(resize(row, 1, 14)[0], expected, atol=1e-15)


def test_halving_an_impulse_gives_the_stretched_kernel():
    row = np.zeros((1, 12))
    row[0, 6] = 1
    # The kernel at 1.75, 0.75, 0.25 and 1.25, halved.
    expected = np.array([0, -3, 29, 111, -9, 0]) / 256
    np.testing.assert_allclose(resize(row, 1, 6)[0], expected, atol=1e-15)


def test_doubling_a_ramp_mirrors_it_at_the_edges():
    # Sample 0 lies at -0.25: weights -3, 29, 111, -9 on 1, 0 | 0, 1.
    expected = np.array([-12, 23, 93, 160, 224, 291, 361, 396]) / 128
    np.testing.assert_allclose(resize(np.arange(4.0)[None], 1, 8)[0], expected, atol=1e-14)
    np.testing.assert_allclose(resize(np.arange(4.0)[:, None], 8, 1)[:, 0], expected, atol=1e-14)


def test_tripling_reaches_the_middle_sample_unchanged():
    plane = random_plane(5, 7)
    np.testing.assert_allclose(resize(plane, 15, 21)[1::3, 1::3], plane, atol=1e-14)


def test_one_and_a_half_times_uses_the_kernel_at_sixths():
    row = np.zeros((1, 4))
    row[0, 2] = 1
    # k at 13/6, 9/6, 5/6, 1/6, 3/6 and 7/6; the last also sees the mirror image at 11/6
    expected = [0, -1 / 16, 19 / 144, 15 / 16, 9 / 16, -5 / 72]
    np.testing.assert_allclose(resize(row, 1, 6)[0], expected, atol=1e-14)


@given(sizes, sizes, sizes, sizes)
def test_any_size_equals_the_slow_reference(slow_bicubic, height, width, new_height, new_width):
    plane = random_plane(height, width, seed=height * 41 + width)
    expected = slow_bicubic(plane, new_height, new_width)
    np.testing.assert_allclose(resize(plane, new_height, new_width), expected, rtol=0, atol=1e-9)


@given(sizes, sizes, sizes, sizes)
@settings(max_examples=40)
def test_float32_equals_the_slow_reference(slow_bicubic, height, width, new_height, new_width):
    plane = random_plane(height, width).astype(np.float32)
    result = resize(plane, new_height, new_width)
    assert result.dtype == np.float32
    np.testing.assert_allclose(
        result, slow_bicubic(plane, new_height, new_width), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("factor", [16, 1 / 16, 3, 1 / 3, 2.5, 0.4, 1.1, 0.9, 4, 0.25])
def test_imresize_uses_the_factor_itself_where_sizes_round_up(slow_bicubic, factor):
    plane = random_plane(37, 53)
    height, width = int(np.ceil(37 * factor)), int(np.ceil(53 * factor))
    expected = slow_bicubic(plane, height, width, (factor, factor))
    np.testing.assert_allclose(imresize(plane, factor), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("shape", "target"),
    [((1, 1), (16, 16)), ((1, 30), (3, 7)), ((33, 1), (2, 5)), ((2, 3), (1, 1))],
)
def test_planes_one_pixel_thin_are_resized_too(slow_bicubic, shape, target):
    plane = random_plane(*shape)
    np.testing.assert_allclose(resize(plane, *target), slow_bicubic(plane, *target), atol=1e-12)


def test_wide_planes_are_resized_throughout(slow_bicubic):
    plane = random_plane(40, 9000)
    expected = slow_bicubic(plane[:, :600], 80, 1200)
    np.testing.assert_allclose(resize(plane, 80, 18000)[:, :1190], expected[:, :1190], atol=1e-11)


def test_tall_planes_are_resized_throughout(slow_bicubic):
    plane = random_plane(9000, 40)
    expected = slow_bicubic(plane[-600:], 1200, 80)
    np.testing.assert_allclose(resize(plane, 18000, 80)[-1190:], expected[-1190:], atol=1e-11)


def test_each_leading_plane_is_resized_on_its_own():
    stack = RNG.random((2, 3, 9, 11))
    result = resize(stack, 5, 23)
    assert result.shape == (2, 3, 5, 23)
    np.testing.assert_allclose(result[1, 2], resize(stack[1, 2], 5, 23), rtol=0, atol=1e-12)


@given(sizes, sizes, sizes, sizes, st.floats(-300, 300))
@settings(max_examples=40)
def test_constants_are_preserved(height, width, new_height, new_width, value):
    result = resize(np.full((height, width), value), new_height, new_width)
    np.testing.assert_allclose(result, value, rtol=1e-12, atol=1e-12)


@given(st.integers(20, 60), st.floats(1, 4))
@settings(max_examples=40)
def test_ramps_are_preserved_away_from_the_edges_when_enlarging(length, factor):
    output = int(length * factor)
    centres = (np.arange(output) + 0.5) * length / output - 0.5
    inside = (centres >= 2) & (centres <= length - 3)
    result = resize(np.arange(length, dtype=float)[None], 1, output)[0]
    np.testing.assert_allclose(result[inside], centres[inside], rtol=0, atol=1e-10)


def test_resizing_commutes_with_flips_and_transposition():
    plane = random_plane(13, 21)
    result = resize(plane, 30, 17)
    np.testing.assert_allclose(resize(plane[::-1], 30, 17), result[::-1], atol=1e-12)
    np.testing.assert_allclose(resize(plane[:, ::-1], 30, 17), result[:, ::-1], atol=1e-12)
    np.testing.assert_allclose(resize(plane.T, 17, 30), result.T, atol=1e-12)


def test_same_size_returns_the_same_values():
    plane = random_plane(9, 14)
    np.testing.assert_allclose(resize(plane, 9, 14), plane, rtol=0, atol=1e-14)


@given(sizes, sizes, st.integers(1, 120), sizes, st.data())
def test_a_band_of_rows_equals_the_slice_of_the_whole(height, width, new_height, new_width, data):
    start = data.draw(st.integers(0, new_height - 1))
    stop = data.draw(st.integers(start + 1, new_height))
    planes = np.random.default_rng(5).random((2, height, width))
    resampler = Resampler((height, width), (new_height, new_width), dtype=np.float64)
    whole = resampler.rows(planes, 0, new_height)
    np.testing.assert_allclose(
        resampler.rows(planes, start, stop), whole[:, start:stop], rtol=0, atol=1e-12
    )


@pytest.mark.parametrize(("dtype", "near"), [(np.float32, (39, 61)), (np.float64, (38, 63))])
def test_a_band_needs_only_the_input_rows_near_it(dtype, near):
    planes = np.full((1, 100, 4), np.nan, dtype)
    planes[:, slice(*near)] = 0.5
    band = Resampler((100, 4), (200, 4), dtype=dtype).rows(planes, 82, 118)
    np.testing.assert_allclose(band, 0.5)


@given(sizes, sizes, st.sampled_from([2, 3, 4, 0.5, 1 / 3, 0.25, 1.7, 0.6]))
@settings(max_examples=60)
def test_uint8_is_rounded_half_up_after_rows_and_again_after_columns(
    slow_bicubic, height, width, factor
):
    plane = np.random.default_rng(height * 41 + width).integers(0, 256, (height, width))
    rows, columns = int(np.ceil(height * factor - 1e-9)), int(np.ceil(width * factor - 1e-9))
    unrounded = slow_bicubic(plane, rows, width, (factor, 1))
    first = half_up(unrounded)
    second = slow_bicubic(first, rows, columns, (1, factor))
    result = imresize(plane.astype(np.uint8), factor)
    assert result.dtype == np.uint8
    if (np.abs(unrounded % 1 - 0.5) < 1e-9).any():
        return  # the summation order decides exact ties of the first pass
    clear = np.abs(second % 1 - 0.5) > 1e-9
    np.testing.assert_array_equal(result[clear], half_up(second)[clear])


@pytest.mark.parametrize(("target", "rows_first"), [((10, 60), True), ((60, 10), False)])
def test_uint8_resizes_the_axis_with_the_smaller_scale_first(slow_bicubic, target, rows_first):
    plane = np.random.default_rng(8).integers(0, 256, (31, 29))
    middle = (target[0], 29) if rows_first else (31, target[1])
    expected = half_up(slow_bicubic(half_up(slow_bicubic(plane, *middle)), *target))
    middle = (31, target[1]) if rows_first else (target[0], 29)
    other = half_up(slow_bicubic(half_up(slow_bicubic(plane, *middle)), *target))
    assert (expected != other).any()
    np.testing.assert_array_equal(resize(plane.astype(np.uint8), *target), expected)


def test_uint8_is_clipped_where_the_kernel_overshoots():
    row = np.array([[0, 0, 0, 255, 255, 255]], np.uint8)
    result = resize(row, 1, 12)[0].tolist()
    # 255 / 128 times -3, -12 (clipped), 26, and the same from the other end
    assert result == [0, 0, 0, 0, 0, 52, 203, 255, 255, 255, 255, 255]


@pytest.mark.parametrize(
    ("side", "factor", "expected"),
    [
        (5, 0.5, 3),
        (7, 1 / 3, 3),
        (9, 1 / 3, 3),
        (10, 1.1, 11),
        (100, 0.07, 7),
        (5, 1.5, 8),
        (1, 1 / 16, 1),
    ],
)
def test_imresize_rounds_sizes_up(side, factor, expected):
    assert imresize(np.zeros((side, side)), factor).shape == (expected, expected)


def test_resizing_leaves_its_input_alone():
    plane = np.random.default_rng(2).integers(0, 256, (9, 9), dtype=np.uint8)
    before = plane.copy()
    resize(plane, 20, 3)
    np.testing.assert_array_equal(plane, before)


def test_planes_with_any_memory_layout_give_the_same_result():
    plane = random_plane(20, 22)
    strided = np.repeat(np.repeat(plane, 2, 0), 3, 1)[::2, ::3]
    np.testing.assert_allclose(resize(strided, 41, 9), resize(plane, 41, 9), atol=1e-13)
    np.testing.assert_allclose(
        resize(np.asfortranarray(plane), 41, 9), resize(plane, 41, 9), atol=1e-13
    )


@pytest.mark.parametrize(
    ("shape", "scale", "expected"),
    [((7, 8), 3, (6, 6)), ((6, 9), 3, (6, 9)), ((2, 13, 4), 4, (2, 12, 4)), ((5, 5), 1, (5, 5))],
)
def test_modcrop_keeps_the_top_left_multiple(shape, scale, expected):
    planes = np.arange(np.prod(shape)).reshape(shape)
    cropped = modcrop(planes, scale)
    assert cropped.shape == expected
    np.testing.assert_array_equal(cropped, planes[..., : expected[-2], : expected[-1]])


@pytest.mark.parametrize("shape", [(2, 9), (9, 2)])
def test_modcrop_refuses_to_leave_nothing(shape):
    with pytest.raises(UsageError, match="smaller than the scale 3"):
        modcrop(np.zeros(shape), 3)


@pytest.mark.parametrize("target", [(0, 5), (5, 0)])
def test_an_empty_target_is_refused(target):
    with pytest.raises(UsageError, match="empty"):
        resize(np.zeros((4, 4)), *target)


def test_an_empty_picture_is_refused():
    with pytest.raises(UsageError, match="empty"):
        resize(np.zeros((0, 4)), 5, 5)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float16, bool])
def test_other_element_types_are_refused(dtype):
    with pytest.raises(UsageError, match="planes"):
        resize(np.zeros((4, 4), dtype), 8, 8)


@pytest.mark.data
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("number", range(1, 6))
def test_matlabs_own_reductions_are_reproduced_bit_for_bit(shared_data, scale, number):
    folder = shared_data / "reference" / "matlab-imresize" / f"x{scale}"
    high, low = (
        np.asarray(Image.open(folder / f"img_{number:03}_SRF_{scale}_{kind}.png"))
        for kind in ("HR", "LR")
    )
    if high.ndim == 2:
        high, low = high[..., None], low[..., None]
    result = np.moveaxis(imresize(np.moveaxis(high, -1, 0), 1 / scale), 0, -1)
    assert result.shape == low.shape
    np.testing.assert_array_equal(result[2:-2, 2:-2], low[2:-2, 2:-2])


@given(
    st.tuples(*[st.integers(1, 70)] * 2),
    st.tuples(*[st.integers(1, 150)] * 2),
    st.sampled_from([None, 1, 2, 3, 4]),
    st.sampled_from(sorted(KERNELS)),
    st.tuples(*[st.floats(0, 1)] * 4),
)
def test_a_region_is_that_part_of_the_whole(source, target, factor, kernel, sides):
    target = target if factor is None else tuple(side * factor for side in source)
    top, bottom = sorted(int(share * (target[0] - 1)) for share in sides[:2])
    left, right = sorted(int(share * (target[1] - 1)) for share in sides[2:])
    region = Region(top, left, bottom + 1, right + 1)
    planes = np.random.default_rng(0).random((2, *source), np.float32)
    resampler = Resampler(source, target, kernel=kernel)
    whole = resampler.rows(planes, 0, target[0])
    np.testing.assert_allclose(resampler.region(planes, region), whole[region.in_planes], atol=2e-6)


@pytest.mark.parametrize("factor", [2, 3, 4, 5])
@pytest.mark.parametrize("kernel", sorted(KERNELS))
def test_enlarging_by_a_whole_factor_gives_what_the_kernel_says(factor, kernel):
    planes = np.random.default_rng(1).random((1, 37, 20), np.float32)
    exact = resize(planes.astype(np.float64), 37 * factor, 20 * factor, kernel=kernel)
    result = resize(planes, 37 * factor, 20 * factor, kernel=kernel)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, exact, rtol=0, atol=1e-6)
