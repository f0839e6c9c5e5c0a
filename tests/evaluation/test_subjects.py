"""A picture under a convention, against separate formulas and against the named protocols."""

import math
from dataclasses import replace

import numpy as np
import pytest

from srcnn_cli.errors import UsageError
from srcnn_cli.evaluation.conventions import KNOWN, Convention
from srcnn_cli.evaluation.protocol import PROTOCOLS, SRCNN, make_pair
from srcnn_cli.evaluation.subjects import Enlarged, Given
from srcnn_cli.imaging.resize import resize
from srcnn_cli.methods.base import Timing
from srcnn_cli.methods.interpolation import Interpolation
from textures import textured_pixels


def psnr(subject, **ways):
    return 10 * math.log10(255**2 / subject.error(Convention(**ways)))


@pytest.fixture(scope="module")
def picture():
    return Enlarged(textured_pixels(), 3)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("channels", [3, 1])
@pytest.mark.parametrize("known", KNOWN[:4], ids=lambda known: known.name)
def test_the_named_protocols_are_what_they_are_elsewhere(known, channels, scale):
    pixels = textured_pixels(71, 82)
    if channels == 1:
        pixels = np.ascontiguousarray(pixels[..., 1])
        if known.name == "basicsr":
            pytest.skip("it takes grey as three channels, which is no grey")
    pair = make_pair(pixels, scale, PROTOCOLS[known.name])
    expected = pair.psnr(pair.interpolated)
    error = Enlarged(pixels, scale).error(known.convention)
    assert 10 * math.log10(255**2 / error) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("color", ["y", "y-full", "rgb"])
@pytest.mark.parametrize("low", ["float", "uint8"])
@pytest.mark.parametrize(("crop", "border"), [("scale", None), ("none", 0), ("scale+6", 9)])
def test_changed_protocols_are_too(picture, color, low, crop, border):
    protocol = SRCNN.changed(color=color, quantize_lr=low == "uint8", crop_border=border)
    pair = make_pair(textured_pixels(), 3, protocol)
    expected = pair.psnr(pair.interpolated)
    assert psnr(picture, color=color, low=low, crop=crop) == pytest.approx(expected, abs=1e-6)


def test_nothing_rounded_against_a_slow_bicubic(picture, slow_bicubic):
    pixels = textured_pixels()[:69, :81].astype(np.float64)
    luma = pixels @ [65.481, 128.553, 24.966] / 255 + 16
    output = slow_bicubic(slow_bicubic(luma, 23, 27), 69, 81)
    expected = 10 * math.log10(255**2 / np.mean((output - luma)[9:-9, 9:-9] ** 2))
    found = psnr(picture, truth="float", result="none", crop="scale+6")
    assert found == pytest.approx(expected, abs=1e-4)


def test_grey_by_opencv_throughout_is_opencvs(picture):
    import cv2

    grey = cv2.cvtColor(textured_pixels()[:69, :81], cv2.COLOR_RGB2GRAY)
    low = cv2.resize(grey, (27, 23), interpolation=cv2.INTER_CUBIC)
    result = cv2.resize(low, (81, 69), interpolation=cv2.INTER_CUBIC)
    expected = cv2.PSNR(grey[3:-3, 3:-3], result[3:-3, 3:-3])
    (known,) = (known for known in KNOWN if known.name == "opencv")
    assert psnr(picture, **known.convention.steps()) == pytest.approx(expected, abs=0.005)


def test_red_and_blue_mistaken_are_those_of_the_picture_turned_over():
    pixels = textured_pixels()
    turned = Enlarged(np.ascontiguousarray(pixels[..., ::-1]), 3)
    for ways in ({}, {"low": "uint8"}, {"truth": "float"}, {"result": "picture", "low": "uint8"}):
        expected = psnr(turned, **ways)
        found = psnr(Enlarged(pixels, 3), color="y-bgr", **ways)
        assert found == pytest.approx(expected, abs=1e-4)


def test_the_original_may_be_resized_instead_of_cropped():
    pixels = textured_pixels(70, 83)
    planes = np.ascontiguousarray(np.moveaxis(pixels, -1, 0))
    resized = np.moveaxis(resize(planes, 69, 81), 0, -1)
    found = psnr(Enlarged(pixels, 3), size="resize")
    assert found == psnr(Enlarged(resized, 3))
    assert found != psnr(Enlarged(pixels, 3))
    assert "size" in Enlarged(pixels, 3).steps
    assert "size" not in Enlarged(resized, 3).steps


def test_another_kernel_for_the_input_alone(picture, slow_bicubic):
    import cv2

    pixels = textured_pixels()[:69, :81].astype(np.int64)
    luma = (2 * (pixels @ [65481, 128553, 24966]) + 255_000) // 510_000 + 16
    low = slow_bicubic(luma, 23, 27)
    output = cv2.resize(low, (81, 69), interpolation=cv2.INTER_CUBIC)
    rounded = np.clip(np.floor(output + 0.5), 0, 255)
    expected = 10 * math.log10(255**2 / np.mean((rounded - luma)[3:-3, 3:-3] ** 2))
    assert psnr(picture, enlargement="opencv") == pytest.approx(expected, abs=1e-3)


def test_full_range_reads_lower_by_the_ratio_of_the_ranges(picture):
    for ways in ({}, {"reduction": "opencv"}, {"result": "none"}, {"truth": "float"}):
        difference = psnr(picture, **ways) - psnr(picture, color="y-full", **ways)
        assert difference == pytest.approx(20 * math.log10(255 / 219), abs=1e-9)


def test_grey_has_nothing_to_choose_about_luminance():
    subject = Enlarged(np.ascontiguousarray(textured_pixels()[..., 0]), 3)
    assert {"color", "truth"}.isdisjoint(subject.steps)
    assert "reduction" in subject.steps


class Darker:
    """Bicubic, a little darker; on the low-resolution grid or the interpolated one."""

    name, color, kernel = "darker", "y", "bicubic"

    def __init__(self, *, interpolated):
        self.interpolated = interpolated
        self.seen = []

    def enlarge(self, low, height, width):
        """See `Method`."""
        self.seen.append(low.shape)
        output, _ = Interpolation("bicubic").enlarge(low, height, width)
        return output - np.float32(8 / 255), Timing()


@pytest.mark.parametrize("interpolated", [False, True])
def test_a_method_counts_as_under_its_protocol(interpolated):
    method = Darker(interpolated=interpolated)
    subject = Enlarged(textured_pixels(), 3, method)
    pair = make_pair(textured_pixels(), 3)
    expected = pair.psnr(method.enlarge(pair.low, 69, 81)[0])
    assert psnr(subject) == pytest.approx(expected, abs=1e-9)
    assert ("enlargement" in subject.steps) == interpolated


def test_a_method_of_interpolated_planes_is_given_those_of_another_program():
    method = Darker(interpolated=True)
    subject = Enlarged(textured_pixels(), 3, method)
    assert psnr(subject, enlargement="opencv") != psnr(subject)
    assert method.seen == [(69, 81), (23, 27)]


def test_a_given_result_is_compared_and_nothing_else():
    pixels = textured_pixels()
    result = np.clip(np.moveaxis(pixels[:69, :81], -1, 0) + 4.0, 0, 255).astype(np.float32) / 255
    subject = Given(pixels, 3, result)
    assert subject.steps == ("color", "truth", "result", "crop")
    pair = make_pair(pixels, 3, PROTOCOLS["rgb"])
    assert psnr(subject, color="rgb") == pytest.approx(pair.psnr(result), abs=1e-9)
    pair = make_pair(pixels, 3, PROTOCOLS["basicsr"])
    found = psnr(subject, truth="float", result="picture")
    assert found == pytest.approx(pair.psnr(result), abs=1e-9)


def test_what_was_kept_changes_nothing(monkeypatch):
    from srcnn_cli.evaluation import subjects

    ways = [{}, {"low": "uint8"}, {"color": "rgb"}, {"result": "picture"}, {}]
    found = [psnr(Enlarged(textured_pixels(), 3), **way) for way in ways]
    monkeypatch.setattr(subjects, "_KEPT", 1)
    subject = Enlarged(textured_pixels(), 3)
    assert [psnr(subject, **way) for way in ways] == found


@pytest.mark.parametrize(
    ("ways", "possible"),
    [
        ({}, True),
        ({"color": "rgb"}, True),
        ({"color": "rgb", "truth": "float"}, False),
        ({"color": "rgb", "result": "picture"}, False),
        ({"low": "uint8-plane", "result": "picture"}, False),
        ({"low": "uint8-plane", "color": "rgb"}, False),
        ({"low": "uint8-plane", "color": "grey"}, True),
    ],
)
def test_some_steps_do_not_go_together(ways, possible):
    assert replace(Convention(), **ways).possible == possible
    assert all(known.convention.possible for known in KNOWN)


@pytest.mark.parametrize(
    ("pixels", "scale", "reason"),
    [
        (np.zeros((40, 40, 3), np.float32), 3, "8-bit"),
        (np.zeros((40, 40, 4), np.uint8), 3, "8-bit"),
        (np.zeros((40, 40), np.uint8), 1, "scale must be 2 or more"),
        (np.zeros((18, 40), np.uint8), 3, "too small to shave 9 pixels"),
        (np.zeros((2, 40), np.uint8), 3, "smaller than the scale"),
    ],
)
def test_what_cannot_be_explained_is_refused(pixels, scale, reason):
    with pytest.raises(UsageError, match=reason):
        Enlarged(pixels, scale)
