"""Figures that were made by other means than ours, and the conventions found for them."""

import math

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.errors import UsageError
from srcnn_cli.evaluation.claims import find_conventions, parse_claim
from srcnn_cli.evaluation.subjects import Enlarged, Given
from textures import textured_pixels

WIDTH, HEIGHT = 120, 96


def psnr_of(result, truth):
    return 10 * math.log10(255**2 / np.mean((result.astype(float) - truth) ** 2))


def picture():
    """Finer towards its border, so that it matters what is shaved off."""
    pixels = textured_pixels(HEIGHT, WIDTH).astype(float)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    inside = np.minimum.reduce([rows, HEIGHT - 1 - rows, columns, WIDTH - 1 - columns])
    strength = np.clip(1.5 - inside / 20, 0.3, 1.5)[..., None]
    return np.clip(np.round(120 + (pixels - 120) * strength), 0, 255).astype(np.uint8)


def likeliest(figure):
    """The conventions of fewest departures that give a figure, printed as papers do."""
    found = find_conventions([Enlarged(picture(), 3)], parse_claim(f"{figure:.2f}")).fitting
    least = len(found[0].departures)
    assert least <= 1
    return {(m.known.name, steps_of(m)): m for m in found if len(m.departures) == least}


def steps_of(match):
    return tuple(step for change in match.departures for step in change.steps)


def luma_of(pixels):
    """Y' from 16 to 235 as MATLAB's rgb2ycbcr has it, rounded."""
    return np.floor(pixels.astype(float) @ [65.481, 128.553, 24.966] / 255 + 16.5)


def test_matlabs_luminance_in_full_range(slow_bicubic):
    luma = luma_of(picture())
    low = slow_bicubic(luma, HEIGHT // 3, WIDTH // 3)
    result = np.clip(np.floor(slow_bicubic(low, HEIGHT, WIDTH) + 0.5), 0, 255)
    stretched, truth = ((plane[3:-3, 3:-3] - 16) / 219 * 255 for plane in (result, luma))
    claim = parse_claim(f"{psnr_of(stretched, truth):.2f}")
    found = find_conventions([Enlarged(picture(), 3)], claim).fitting
    likely = [match for match in found if len(match.departures) == 1]
    (match,) = (m for m in likely if m.known.name == "srcnn" and m.convention.color == "y-full")
    assert "Y' stretched to 0 to 255" in match.describe()


def test_opencvs_bicubic_both_ways():
    import cv2

    pixels = picture()
    low = cv2.resize(pixels, (WIDTH // 3, HEIGHT // 3), interpolation=cv2.INTER_CUBIC)
    result = cv2.resize(low, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    found = likeliest(psnr_of(luma_of(result)[3:-3, 3:-3], luma_of(pixels)[3:-3, 3:-3]))
    assert set(found) == {("opencv-colors", ())}


def test_opencvs_bicubic_without_rounding():
    import cv2

    luma = luma_of(picture())
    low = cv2.resize(luma, (WIDTH // 3, HEIGHT // 3), interpolation=cv2.INTER_CUBIC)
    result = cv2.resize(low, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    result = np.clip(np.floor(result + 0.5), 0, 255)
    found = likeliest(psnr_of(result[3:-3, 3:-3], luma[3:-3, 3:-3])).values()
    kernels = {(m.convention.reduction, m.convention.enlargement) for m in found}
    assert kernels == {("opencv", "opencv")}
    claim = parse_claim(f"{psnr_of(result[3:-3, 3:-3], luma[3:-3, 3:-3]):.4f}")
    words = [m.describe() for m in find_conventions([Enlarged(picture(), 3)], claim).fitting]
    assert any("(protocol srcnn); reduced and enlarged by OpenCV's" in each for each in words)


def test_opencv_throughout_in_grey():
    import cv2

    grey = cv2.cvtColor(picture(), cv2.COLOR_RGB2GRAY)
    low = cv2.resize(grey, (WIDTH // 3, HEIGHT // 3), interpolation=cv2.INTER_CUBIC)
    result = cv2.resize(low, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    found = likeliest(cv2.PSNR(grey[3:-3, 3:-3], result[3:-3, 3:-3]))
    assert set(found) == {("opencv", ())}


def test_more_shaved_off_than_the_scale(slow_bicubic):
    luma = luma_of(picture())
    low = slow_bicubic(luma, HEIGHT // 3, WIDTH // 3)
    result = np.clip(np.floor(slow_bicubic(low, HEIGHT, WIDTH) + 0.5), 0, 255)
    found = likeliest(psnr_of(result[9:-9, 9:-9], luma[9:-9, 9:-9]))
    assert found["srcnn", ("crop",)].convention.crop == "scale+6"
    assert {departures for _, departures in found} == {("crop",)}


def test_of_somebodys_results_nothing_but_the_comparison_is_tried():
    pixels = picture()
    result = np.clip(pixels + np.random.default_rng(1).normal(0, 6, pixels.shape), 0, 255)
    result = np.round(result).astype(np.uint8)
    exact = [p.astype(float) @ [65.481, 128.553, 24.966] / 255 + 16 for p in (result, pixels)]
    figure = psnr_of(exact[0][3:-3, 3:-3], exact[1][3:-3, 3:-3])
    planes = np.moveaxis(result, -1, 0).astype(np.float32) / 255
    subject = Given(pixels, 3, planes)
    answer = find_conventions([subject], parse_claim(f"{figure:.3f}"))
    assert answer.fitting[0].known.name == "basicsr"
    assert answer.fitting[0].departures == ()
    assert answer.combinations < 120


def test_where_nothing_fits_that_is_said_and_the_nearest_named():
    answer = find_conventions([Enlarged(textured_pixels(), 3)], parse_claim("41.00"))
    assert answer.fitting == ()
    assert len(answer.nearest) == 3
    distances = [abs(match.psnr - 41) for match in answer.nearest]
    assert distances == sorted(distances)


def test_fewer_departures_come_first_and_no_figure_twice():
    subjects = [Enlarged(picture(), 3)]
    answer = find_conventions(subjects, parse_claim("17"))
    counts = [len(match.departures) for match in answer.fitting]
    assert counts == sorted(counts)
    assert max(counts, default=0) <= answer.most == 2
    figures = [round(match.psnr, 6) for match in answer.fitting]
    assert len(set(figures)) == len(figures)


@pytest.mark.parametrize(
    ("text", "psnr", "tolerance"),
    [("29.72", 29.72, 0.01), ("33.7", 33.7, 0.055), ("30", 30, 0.505), ("37.557", 37.557, 0.0055)],
)
def test_the_digits_say_how_exact_a_figure_is(text, psnr, tolerance):
    claim = parse_claim(text)
    assert (claim.psnr, claim.tolerance) == (psnr, pytest.approx(tolerance))


@pytest.mark.parametrize("text", ["", "thirty", "-3", "1e1", "nan", "30 dB", "٣٠", "3_0"])
def test_what_is_no_figure_is_refused(text):
    with pytest.raises(UsageError, match="is not a PSNR"):
        parse_claim(text)


@pytest.mark.data
@pytest.mark.slow
def test_files_of_opencv_on_set5(shared_data):
    paths = sorted((shared_data / "Set5").glob("*.png"))
    subjects = [Enlarged(np.array(Image.open(path)), 3) for path in paths]
    answer = find_conventions(subjects, parse_claim("29.72"), most=1)
    found = answer.fitting[0].convention
    assert (found.reduction, found.enlargement) == ("opencv", "matlab")
