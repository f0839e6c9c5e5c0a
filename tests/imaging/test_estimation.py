"""What pixels tell of compression and noise; above all, that clean pictures are called clean."""

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from srcnn_cli.imaging import estimation
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.imaging.color import LUMINANCE_SHARES
from srcnn_cli.imaging.estimation import Estimate, estimate
from srcnn_cli.imaging.noise import noise
from srcnn_cli.pictures.reading import read_8bit

CLEAN = Estimate()


@pytest.fixture(scope="module")
def picture():
    """Smooth and edged parts, in colours, as photographs have them."""
    y, x = np.mgrid[:264, :296]
    waves = 40 * np.sin(x / 17 + y / 31) + 25 * np.sin(x / 5.3 - y / 7.1) * (x > 150)
    edges = 35 * np.tanh(np.sin((x + 2 * y) / 23) * 4)
    plane = 128 + waves + edges
    colors = np.stack([plane, 0.8 * plane + 20, 255 - plane], axis=-1)
    return np.clip(colors + np.random.default_rng(0).normal(0, 1, colors.shape), 0, 255).astype(
        np.uint8
    )


def degraded(picture, chain, seed=0):
    return parse_chain(chain).apply(picture, 1, np.random.default_rng(seed))


@pytest.mark.parametrize("quality", [10, 30, 50, 75, 85])
def test_the_quality_of_a_jpeg_is_in_its_pixels(picture, quality):
    for pixels in (picture, picture[..., 1]):
        found = estimate(degraded(pixels, f"jpeg:{quality}")).quality
        assert found == pytest.approx(quality, abs=2)


@pytest.mark.parametrize("shift", [1, 8 * 3, 8 * 6 + 5])
def test_a_jpeg_that_was_cut_is_found_on_its_own_grid(picture, shift):
    found = estimate(degraded(picture, f"jpeg:50:420:{shift}")).quality
    assert found == pytest.approx(50, abs=2)


def test_a_second_compression_does_not_hide_a_stronger_first_one(picture):
    assert estimate(degraded(picture, "jpeg:40+jpeg:95")).quality == pytest.approx(40, abs=2)


def test_a_clean_picture_is_called_clean(picture):
    assert estimate(picture) == CLEAN
    assert estimate(picture[..., 0]) == CLEAN


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((200, 200, 3), np.uint8),
        np.full((200, 200), 255, np.uint8),
        np.kron(np.random.default_rng(0).integers(0, 255, (30, 30)), np.ones((8, 8))).astype(
            np.uint8
        ),
        np.random.default_rng(1).integers(0, 256, (40, 40), np.uint8),
    ],
    ids=["black", "white", "blocks of eight pixels", "too small"],
)
def test_what_is_no_photograph_is_called_clean(pixels):
    assert estimate(pixels) == CLEAN


def test_noise_is_measured_in_luminance(picture):
    grey = picture[..., 1]
    assert estimate(degraded(grey, "noise:8")).noise == pytest.approx(8, rel=0.15)
    # Independent in three channels: 0.668 of it.
    assert estimate(degraded(picture, "noise:9")).noise == pytest.approx(6.0, rel=0.15)
    assert estimate(degraded(grey, "noise:8+jpeg:90")).noise == pytest.approx(8, rel=0.25)
    assert estimate(degraded(grey, "noise:1.5")).noise == 0


@pytest.mark.parametrize("quality", [30, 50, 79, 80, 90])
def test_compression_alone_is_not_called_noise(picture, quality):
    assert estimate(degraded(picture, f"jpeg:{quality}"), quality=quality).noise == 0


def test_how_much_noise_counts_depends_on_the_compression(picture, monkeypatch):
    for sigma, quality, told in (
        (1.9, 80, 0), (2.1, 80, 1.89), (2.4, 79, 0), (2.6, 79, 2.34), (3.0, 96, 0), (3.4, 96, 3.4),
        (4.4, None, 0), (4.6, None, 4.6),
    ):  # fmt: skip
        monkeypatch.setattr(estimation, "noise", lambda *_, sigma=sigma: sigma)
        assert estimate(picture[..., 1], quality=quality).noise == pytest.approx(told)


@pytest.mark.parametrize("sigma", [4, 5, 6])
def test_less_noise_is_enough_where_every_channel_has_its_own(picture, sigma):
    found = estimate(degraded(picture, f"noise:{sigma}")).noise
    assert found == pytest.approx(sigma * math.sqrt(0.299**2 + 0.587**2 + 0.114**2), rel=0.2)


def test_noise_that_texture_hides_is_left_alone(picture):
    texture = 85 * np.sin(np.mgrid[:264, :296].sum(axis=0) / 2.7)[..., None]
    grainy = np.clip(np.rint(picture * 0.2 + 100 + texture), 0, 255).astype(np.uint8)
    assert estimate(degraded(grainy, "noise:8")).noise == 0
    assert estimate(degraded(grainy, "noise:15")).noise == pytest.approx(15 * 0.668, rel=0.25)


def test_what_a_scanner_or_sharpening_made_is_no_noise(picture):
    white = np.random.default_rng(5).normal(0, 8, picture.shape)
    sharpened = white - gaussian_filter(white, (0.5, 0.5, 0))
    pixels = np.clip(np.rint(picture + sharpened), 0, 255).astype(np.uint8)
    assert noise(pixels.astype(np.float32) @ LUMINANCE_SHARES, None) > 2.5
    assert estimate(pixels).noise == 0


@pytest.mark.parametrize("sigma", [2, 5, 9])
def test_a_smooth_picture_that_is_noisy_is_not_called_jagged(picture, sigma):
    for pixels in (picture, picture[..., 1]):
        assert estimate(degraded(pixels, f"blur:6+noise:{sigma}"))[2:] == (0, 0)


@pytest.mark.parametrize("sigma", [2, 3.5])
def test_what_all_channels_have_in_common_could_be_texture(picture, sigma):
    texture = np.random.default_rng(2).normal(0, sigma, picture.shape[:2])[..., None]
    textured = np.clip(np.rint(picture + texture), 0, 255).astype(np.uint8)
    assert estimate(textured).noise == 0


def test_a_little_noise_in_colours_confirms_no_strong_one_in_luminance(picture):
    texture = np.random.default_rng(2).normal(0, 4.2, picture.shape[:2])[..., None]
    own = np.random.default_rng(4).normal(0, 0.8, picture.shape)
    textured = np.clip(np.rint(picture + texture + own), 0, 255).astype(np.uint8)
    assert estimate(textured).noise == 0


def test_what_luminance_does_not_have_is_not_noise(picture):
    speckled = picture.astype(float)
    chroma = np.random.default_rng(3).normal(0, 8, picture.shape[:2])
    speckled += chroma[..., None] * [1 / 0.299, 0, -1 / 0.114] / 5
    assert estimate(np.clip(np.rint(speckled), 0, 255).astype(np.uint8)).noise == 0


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_set14_is_called_clean(shared_data, scale):
    for path in sorted((shared_data / "Set14").glob("*.png")):
        pixels = read_8bit(path)
        height, width = (side // scale * scale for side in pixels.shape[:2])
        low = parse_chain("bicubic").apply(pixels[:height, :width], scale, None)
        assert estimate(low) == CLEAN, path.name
