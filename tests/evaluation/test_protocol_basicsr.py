"""The protocol ``basicsr``, against its definition written out once more."""

import numpy as np
import pytest

from low_resolution import half_up, low_resolution_file
from sample_pictures import random_pixels
from srcnn_cli.evaluation.protocol import PROTOCOLS, make_pair, pair_with_low
from srcnn_cli.methods.interpolation import Interpolation

BASICSR = PROTOCOLS["basicsr"]


def test_y_channel(picture, truth, border):
    """PSNR and Y' as BasicSR's ``calculate_psnr(..., test_y_channel=True)`` defines them."""
    planes = []
    for pixels in (picture, truth):
        shaved = pixels[border:-border, border:-border].astype(np.float64)
        planes.append(shaved @ [65.481, 128.553, 24.966] / 255 + 16)
    return 10 * np.log10(255**2 / np.mean((planes[0] - planes[1]) ** 2))


test_y_channel.__test__ = False


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_is_rounded_as_a_colour_picture(slow_bicubic, scale):
    pixels = random_pixels((26, 31, 3)) // 2 + 60
    height, width = 26 // scale * scale, 31 // scale * scale
    low = low_resolution_file(slow_bicubic, pixels, scale).astype(float)
    enlarged = np.stack([slow_bicubic(low[..., i], height, width) for i in range(3)], axis=-1)
    expected = test_y_channel(half_up(enlarged), pixels[:height, :width], scale)
    pair = make_pair(pixels, scale, BASICSR)
    output, _ = Interpolation("bicubic").enlarge(pair.offered(color=False), height, width)
    assert output.shape == (3, height, width)
    assert pair.psnr(output) == pytest.approx(expected, abs=0.005)
    given = pair_with_low(pixels, low.astype(np.uint8), scale, BASICSR)
    assert given.psnr(output) == pair.psnr(output)


def test_a_picture_that_is_the_original_has_no_error():
    pixels = random_pixels((24, 27, 3))
    pair = make_pair(pixels, 3, BASICSR)
    same = np.moveaxis(pixels, -1, 0) / np.float32(255)
    assert pair.psnr(same) == np.inf
    assert pair.ssim(same) == pytest.approx(1, abs=1e-12)


def test_grey_is_read_as_three_equal_channels():
    pixels = random_pixels((24, 27))
    pair = make_pair(pixels, 3, BASICSR)
    colored = make_pair(np.stack([pixels] * 3, axis=-1), 3, BASICSR)
    np.testing.assert_array_equal(pair.truth, colored.truth)
    np.testing.assert_array_equal(pair.low, colored.low)
    low = random_pixels((8, 9), seed=1)
    given = pair_with_low(pixels, low, 3, BASICSR)
    np.testing.assert_array_equal(given.low, [low / 255] * 3)


def test_where_colours_are_compared_it_is_the_rgb_protocol():
    pixels = random_pixels((24, 27, 3))
    output = np.random.default_rng(2).random((3, 24, 27))
    own = make_pair(pixels, 3, BASICSR.changed(color="rgb"))
    assert own.psnr(output) == make_pair(pixels, 3, PROTOCOLS["rgb"]).psnr(output)


def test_its_line_says_what_is_rounded():
    line = BASICSR.describe()
    assert "Y' (16-235) of 8-bit R'G'B', itself not rounded" in line
    assert "result rounded to 8-bit R'G'B'" in line


@pytest.mark.data
@pytest.mark.parametrize(("scale", "psnr"), [(2, 33.678), (3, 30.404), (4, 28.431)])
def test_bicubic_on_set5(shared_data, scale, psnr):
    from srcnn_cli.evaluation.benchmark import average, measure
    from srcnn_cli.evaluation.sources import find_sources

    sources = find_sources(shared_data / "Set5").sources
    images = measure(sources, [Interpolation("bicubic")], scale=scale, protocol=BASICSR)
    (mean,) = average([record for image in images for record in image])
    # Computed apart from this code: MATLAB's resize of files, rounded to 8 bits twice.
    assert mean.metrics["psnr"] == pytest.approx(psnr, abs=0.001)
