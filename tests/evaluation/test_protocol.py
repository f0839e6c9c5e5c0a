"""The evaluation conventions, step by step."""

import numpy as np
import pytest

from low_resolution import half_up, low_resolution_file
from sample_pictures import random_pixels
from srcnn_cli.errors import UsageError
from srcnn_cli.evaluation.protocol import PROTOCOLS, SRCNN, Pair, make_pair, pair_with_low
from srcnn_cli.imaging.rounding import round_to_uint8


def integer_luma(rgb):
    r, g, b = (rgb[..., i].astype(np.int64) for i in range(3))
    return (2 * (65481 * r + 128553 * g + 24966 * b) + 255_000) // 510_000 + 16


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("shape", [(25, 31, 3), (26, 29)])
def test_a_pair_is_made_step_by_step_as_the_papers_do(slow_bicubic, shape, scale):
    pixels = random_pixels(shape)
    luma = integer_luma(pixels) if len(shape) == 3 else pixels
    height, width = shape[0] // scale * scale, shape[1] // scale * scale
    truth = luma[:height, :width]
    low = slow_bicubic(truth / 255, height // scale, width // scale)
    pair = make_pair(pixels, scale)
    assert (pair.truth.dtype, pair.interpolated.dtype) == (np.uint8, np.float32)
    np.testing.assert_array_equal(pair.truth, truth)
    np.testing.assert_allclose(
        pair.interpolated, slow_bicubic(low, height, width), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_psnr_rounds_and_shaves_the_scale_off_each_side(scale):
    pair = make_pair(random_pixels((25, 31, 3)), scale)
    output = pair.truth / 255 + np.random.default_rng(1).normal(0, 0.02, pair.truth.shape)
    rounded = np.clip(np.floor(output * 255 + 0.5), 0, 255)
    error = (rounded - pair.truth)[scale:-scale, scale:-scale]
    expected = 10 * np.log10(255**2 / np.mean(error**2))
    assert pair.psnr(output.astype(np.float32)) == pytest.approx(expected, abs=0.01)
    assert pair.psnr(output) == pytest.approx(expected, abs=1e-9)


def test_ssim_compares_the_same_planes_as_psnr():
    truth = random_pixels((30, 31))
    output = truth / 255
    output[:3] = output[-3:] = output[:, :3] = output[:, -3:] = 0.5
    pair = Pair(truth, output.astype(np.float32), 3)
    assert pair.ssim(output) == pytest.approx(1, abs=1e-12)
    output[15, 15] = 1 - output[15, 15]
    assert pair.ssim(output) < 0.999


def test_pixels_on_the_border_do_not_count():
    truth = random_pixels((20, 20))
    output = truth / 255
    output[:3] = output[-3:] = output[:, :3] = output[:, -3:] = 0.5
    assert Pair(truth, output.astype(np.float32), 3).psnr(output) == float("inf")
    output[3, 3] += 0.1
    assert Pair(truth, output.astype(np.float32), 3).psnr(output) < 60


@pytest.mark.parametrize(
    ("value", "result"),
    [(0.0, 0), (1.0, 255), (-0.2, 0), (1.3, 255), (0.5, 128), (0.49 / 255, 0), (1.51 / 255, 2)],
)
def test_output_is_rounded_half_up_and_clipped(value, result):
    assert round_to_uint8(np.array([[value]], np.float32)).tolist() == [[result]]


@pytest.mark.parametrize("shape", [(2, 9, 3), (9, 2), (1, 1)])
def test_pictures_smaller_than_the_scale_are_refused(shape):
    with pytest.raises(UsageError, match="smaller than the scale"):
        make_pair(random_pixels(shape), 3)


def studio_luma(rgb):
    """Y' of 8-bit R'G'B' in units of [0, 1], not rounded."""
    weights = np.array([65.481, 128.553, 24.966]) / 255
    return (16 + rgb.astype(np.float64) @ weights) / 255


def noisy(pair, deviation=0.03):
    noise = np.random.default_rng(4).normal(0, deviation, pair.truth.shape)
    return (pair.truth / 255 + noise).astype(np.float32)


def test_the_named_protocols_are_what_the_papers_did():
    assert list(PROTOCOLS) == ["srcnn", "vdsr", "rgb", "basicsr"]
    steps = {
        name: (p.name, p.color, p.quantize_lr, p.crop_border, p.rounding)
        for name, p in PROTOCOLS.items()
    }
    assert steps == {
        "srcnn": ("srcnn", "y", False, None, "compared"),
        "vdsr": ("vdsr", "y", True, None, "compared"),
        "rgb": ("rgb", "rgb", True, None, "compared"),
        "basicsr": ("basicsr", "y", True, None, "picture"),
    }
    assert PROTOCOLS["srcnn"] is SRCNN


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"color": "y-full"}, "srcnn (color=y-full)"),
        ({"quantize_lr": True}, "srcnn (quantize-lr=true)"),
        ({"crop_border": 0}, "srcnn (crop-border=0)"),
        ({"color": "rgb", "crop_border": 9}, "srcnn (color=rgb, crop-border=9)"),
        ({"quantize_lr": False}, "srcnn"),
        ({"color": "y", "quantize_lr": None, "crop_border": None}, "srcnn"),
        ({}, "srcnn"),
    ],
)
def test_a_changed_step_is_in_the_name(changes, name):
    changed = SRCNN.changed(**changes)
    assert changed.name == name
    assert changed.describe().startswith(f"{name}: ")
    for step, value in changes.items():
        assert getattr(changed, step) == (getattr(SRCNN, step) if value is None else value)
    assert (changed is SRCNN) == (name == "srcnn")
    assert PROTOCOLS["srcnn"] == SRCNN


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        (SRCNN, ["Y' (16-235)", "not rounded", "the scale shaved"]),
        (PROTOCOLS["vdsr"], ["Y' (16-235)", "low resolution rounded to 8 bits"]),
        (PROTOCOLS["rgb"], ["R'G'B'", "low resolution rounded to 8 bits"]),
        (SRCNN.changed(color="y-full"), ["Y' (0-255)"]),
        (SRCNN.changed(crop_border=9), ["9 pixels shaved"]),
    ],
)
def test_the_description_tells_every_step(protocol, words):
    text = protocol.describe()
    assert "\n" not in text
    every = ["8-bit", "modcrop", "MATLAB bicubic down", "result rounded to 8 bits", "each side"]
    for word in [*every, *words]:
        assert word in text


def test_the_border_is_the_scale_unless_it_is_given():
    assert [SRCNN.border(scale) for scale in (2, 3, 4)] == [2, 3, 4]
    for border in (0, 1, 10):
        protocol = SRCNN.changed(crop_border=border)
        assert [protocol.border(scale) for scale in (2, 3, 4)] == [border] * 3


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_vdsr_protocol_reduces_the_picture_as_a_file_and_takes_luminance_of_that(
    slow_bicubic, scale
):
    pixels = random_pixels((26, 31, 3))
    pair = make_pair(pixels, scale, PROTOCOLS["vdsr"])
    height, width = 26 // scale * scale, 31 // scale * scale
    np.testing.assert_array_equal(pair.truth, integer_luma(pixels)[:height, :width])
    expected = studio_luma(low_resolution_file(slow_bicubic, pixels, scale))
    np.testing.assert_allclose(pair.low, expected, rtol=0, atol=1e-6)
    assert (pair.low.dtype, pair.interpolated.shape) == (np.float64, (height, width))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_rgb_protocol_compares_all_channels(slow_bicubic, scale):
    pixels = random_pixels((26, 31, 3))
    pair = make_pair(pixels, scale, PROTOCOLS["rgb"])
    height, width = 26 // scale * scale, 31 // scale * scale
    np.testing.assert_array_equal(pair.truth, np.moveaxis(pixels, -1, 0)[:, :height, :width])
    low = low_resolution_file(slow_bicubic, pixels, scale)
    np.testing.assert_array_equal(pair.low, np.moveaxis(low, -1, 0) / 255)
    output = noisy(pair)
    error = (half_up(output * 255.0) - pair.truth)[:, scale:-scale, scale:-scale]
    expected = 10 * np.log10(255**2 / np.mean(error**2))
    assert pair.psnr(output) == pytest.approx(expected, abs=0.01)
    planes = [Pair(t, t, scale).ssim(o) for t, o in zip(pair.truth, output, strict=True)]
    assert pair.ssim(output) == pytest.approx(np.mean(planes), abs=1e-12)


def test_luminance_can_be_reduced_without_and_color_with_and_without_rounding(slow_bicubic):
    pixels = random_pixels((24, 24, 3))
    rounded = make_pair(pixels, 3, SRCNN.changed(color="rgb", quantize_lr=True))
    exact = make_pair(pixels, 3, SRCNN.changed(color="rgb"))
    assert np.array_equal(rounded.low * 255, np.round(rounded.low * 255))
    expected = [slow_bicubic(plane / 255, 8, 8) for plane in np.moveaxis(pixels, -1, 0)]
    np.testing.assert_allclose(exact.low, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["srcnn", "vdsr", "rgb"])
@pytest.mark.parametrize("color", ["y", "y-full", "rgb"])
def test_grey_is_compared_as_it_is_stored(slow_bicubic, name, color):
    pixels, protocol = random_pixels((24, 27)), PROTOCOLS[name]
    pair = make_pair(pixels, 3, protocol.changed(color=color))
    np.testing.assert_array_equal(pair.truth, pixels)
    low = slow_bicubic(pixels / 255, 8, 9)
    np.testing.assert_allclose(pair.low, low, atol=0.01 if protocol.quantize_lr else 1e-9)
    output = noisy(pair)
    assert pair.psnr(output) == Pair(pixels, pair.low, 3).psnr(output)


def test_stretched_luminance_reads_132_hundredths_of_a_decibel_lower():
    pixels = random_pixels((30, 33, 3))
    pair = make_pair(pixels, 3)
    full = make_pair(pixels, 3, SRCNN.changed(color="y-full"))
    np.testing.assert_array_equal(full.truth, pair.truth)
    np.testing.assert_array_equal(full.low, pair.low)
    output = noisy(pair)
    difference = pair.psnr(output) - full.psnr(output)
    assert difference == pytest.approx(20 * np.log10(255 / 219), abs=1e-9)
    assert difference == pytest.approx(1.32, abs=0.005)
    assert full.ssim(full.truth / 255) == pytest.approx(1)
    _, truth = full.compared(output)
    np.testing.assert_allclose(truth, (pair.truth[3:-3, 3:-3].astype(float) - 16) * 255 / 219)


@pytest.mark.parametrize("border", [0, 1, 8])
def test_the_border_can_be_chosen(border):
    truth = random_pixels((30, 30))
    output = truth / 255
    protocol = SRCNN.changed(crop_border=border)
    pair = Pair(truth, output, 3, protocol)
    output[:border] = output[30 - border :] = 0.5
    output[:, :border] = output[:, 30 - border :] = 0.5
    assert pair.psnr(output) == float("inf")
    assert pair.compared(output)[0].shape == (30 - 2 * border, 30 - 2 * border)
    output[border, border] = 1 - output[border, border]
    assert pair.psnr(output) < 60


def test_shaving_everything_is_refused():
    pair = make_pair(random_pixels((21, 21)), 3, SRCNN.changed(crop_border=11))
    with pytest.raises(UsageError, match="too small to shave 11"):
        pair.psnr(pair.interpolated)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_given_low_resolution_picture_takes_the_place_of_ours(scale):
    pixels = random_pixels((26, 31, 3))
    low = random_pixels((26 // scale, 31 // scale, 3), seed=1)
    for protocol in (SRCNN, PROTOCOLS["vdsr"], PROTOCOLS["rgb"], SRCNN.changed(color="y-full")):
        pair = pair_with_low(pixels, low, scale, protocol)
        np.testing.assert_array_equal(pair.truth, make_pair(pixels, scale, protocol).truth)
        assert (pair.scale, pair.protocol) == (scale, protocol)
        expected = np.moveaxis(low, -1, 0) / 255 if protocol.color == "rgb" else studio_luma(low)
        np.testing.assert_allclose(pair.low, expected, rtol=0, atol=1e-6)
        assert pair.interpolated.shape == pair.truth.shape


def test_a_given_grey_picture_is_used_as_it_is_stored():
    pixels, low = random_pixels((26, 31)), random_pixels((8, 10), seed=1)
    for protocol in (SRCNN, PROTOCOLS["rgb"], SRCNN.changed(color="y-full")):
        pair = pair_with_low(pixels, low, 3, protocol)
        np.testing.assert_array_equal(pair.truth, pixels[:24, :30])
        np.testing.assert_array_equal(pair.low, low / 255)
        output = noisy(pair)
        assert pair.psnr(output) == Pair(pair.truth, pair.low, 3).psnr(output)


def test_a_file_reduced_as_the_protocol_does_gives_the_protocols_pair(slow_bicubic):
    pixels = random_pixels((26, 31, 3))
    low = low_resolution_file(slow_bicubic, pixels, 3)
    for name in ("vdsr", "rgb"):
        own, given = (
            make_pair(pixels, 3, PROTOCOLS[name]),
            pair_with_low(pixels, low, 3, PROTOCOLS[name]),
        )
        np.testing.assert_array_equal(own.low, given.low)
        np.testing.assert_array_equal(own.truth, given.truth)


@pytest.mark.parametrize(
    ("high", "low", "words"),
    [
        ((24, 30, 3), (8, 9, 3), "9x8 is not 30x24 reduced by 3, which is 10x8"),
        ((24, 30, 3), (24, 30, 3), "30x24 is not 30x24 reduced by 3"),
        ((24, 30, 3), (9, 11, 3), "which is 10x8"),
        ((24, 30, 3), (8, 10), "grey"),
        ((24, 30), (8, 10, 3), "grey"),
    ],
)
def test_a_low_resolution_picture_that_does_not_belong_is_refused(high, low, words):
    with pytest.raises(UsageError, match=words):
        pair_with_low(random_pixels(high), random_pixels(low), 3, SRCNN)
