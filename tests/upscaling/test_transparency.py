"""Soft edges and shadows: what is seen over any background is enlarged, not what lies beneath."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from srcnn_cli.cli import main
from srcnn_cli.imaging.resize import resize
from srcnn_cli.upscaling.transparency import has_soft_alpha, upscale_softly
from srcnn_cli.upscaling.upscaler import Upscaler

SIDE = 256


def logo_with_shadow():
    """What is seen over black, and alpha: a white logo, opaque, and its black shadow, below 90."""
    image = Image.new("L", (SIDE, SIDE))
    draw = ImageDraw.Draw(image)
    draw.ellipse((60, 60, 180, 180), fill=255)
    draw.rectangle((100, 30, 120, 225), fill=255)
    draw.polygon([(150, 150), (230, 170), (165, 235)], fill=255)
    image = image.filter(ImageFilter.GaussianBlur(0.7))
    logo = np.asarray(image) / 255
    shadow = np.asarray(image.filter(ImageFilter.GaussianBlur(8))) / 255 * 90 / 255
    return logo, logo + np.roll(shadow, (9, 9), (0, 1)) * (1 - logo)


def stored(shown, alpha):
    """RGBA as files have it, not premultiplied: uint8."""
    color = np.divide(shown, alpha, out=np.zeros_like(shown), where=alpha > 0)
    return np.round(np.dstack([color] * 3 + [alpha]).clip(0, 1) * 255).astype(np.uint8)


def over(pixels, background):
    values = pixels.astype(float) / 255
    return values[..., :3] * values[..., 3:] + background * (1 - values[..., 3:])


def psnr(a, b):
    return 10 * np.log10(1 / np.mean((a - b) ** 2))


@pytest.fixture(scope="module")
def pictures():
    shown, alpha = logo_with_shadow()
    planes = np.stack([shown, alpha]).astype(np.float32)
    low = np.clip(resize(planes, SIDE // 2, SIDE // 2), 0, 1)
    return stored(shown, alpha), stored(low[0], low[1])


@pytest.mark.parametrize(("background", "decibels"), [(1.0, 45), (0.5, 45), (0.0, 40)])
@pytest.mark.parametrize("model", ["srcnn-9-1-5", "vdsr-20"])
@pytest.mark.fault("soft shadows and edges", "enlarged as they are seen", 0)
def test_a_soft_shadow_has_no_dark_outline(pictures, tmp_path, model, background, decibels):
    high, low = pictures
    Image.fromarray(low).save(tmp_path / "in.png")
    arguments = ["upscale", str(tmp_path / "in.png"), "-s", "2", "-m", model, "--quiet"]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "-o", str(tmp_path / "out.png")])
    assert ended.value.code == 0
    with Image.open(tmp_path / "out.png") as image:
        assert psnr(over(np.asarray(image), background), over(high, background)) > decibels


@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_single_colour_stays_it_and_alpha_alone_is_enlarged(dtype, channels):
    white = 1 if dtype == np.float32 else np.iinfo(dtype).max
    alpha = np.random.default_rng(1).random((9, 8)) * white
    pixels = np.full((9, 8, channels), white // 3 if white > 1 else 1 / 3, dtype)
    pixels[..., -1] = alpha.astype(dtype)
    larger = upscale_softly(pixels, lambda plane: plane.repeat(2, axis=0).repeat(2, axis=1))
    assert larger.dtype == dtype
    assert np.array_equal(larger, pixels.repeat(2, axis=0).repeat(2, axis=1))


def test_transparent_pixels_get_the_colour_of_their_neighbours():
    pixels = np.zeros((20, 20, 4), np.uint8)
    pixels[8:12, 8:12] = (200, 30, 60, 128)
    larger = upscale_softly(pixels, lambda plane: plane.repeat(2, axis=0).repeat(2, axis=1))
    assert (larger[..., :3] == (200, 30, 60)).all()
    assert larger[..., 3].max() == 128


@pytest.mark.parametrize("alpha", [0, 255])
def test_opaque_and_hidden_pixels_are_not_soft(alpha):
    pixels = np.full((4, 4, 4), 255, np.uint8)
    pixels[:2, :, 3] = alpha
    assert not has_soft_alpha(pixels)
    assert not has_soft_alpha(pixels[..., :3])
    assert not has_soft_alpha(pixels[..., 0])
    pixels[3, 3, 3] = 254
    assert has_soft_alpha(pixels)


def test_an_opaque_picture_is_enlarged_as_before(tmp_path, tiny_weights):
    weights = str(tiny_weights())
    pixels = np.random.default_rng(2).integers(0, 256, (12, 10, 4), np.uint8)
    pixels[..., 3] = 255
    Image.fromarray(pixels).save(tmp_path / "in.png")
    with pytest.raises(SystemExit):
        main(["upscale", str(tmp_path / "in.png"), "-m", weights, "-o", str(tmp_path / "out.png")])
    with Image.open(tmp_path / "out.png") as image:
        assert np.array_equal(np.asarray(image), Upscaler(weights).upscale(pixels, 3))
