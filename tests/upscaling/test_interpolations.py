"""`upscale --model bicubic` and the other interpolations go the way of networks."""

import json

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.cli import main
from srcnn_cli.imaging.resize import resize
from srcnn_cli.methods.interpolation import INTERPOLATIONS
from srcnn_cli.upscaling.upscaler import Upscaler


def noise(*shape, seed=0, kind=np.uint8):
    return np.random.default_rng(seed).integers(0, np.iinfo(kind).max + 1, shape, kind)


def test_bicubic_is_the_slow_reference(slow_bicubic):
    pixels = noise(21, 17)
    expected = np.clip(np.floor(slow_bicubic(pixels, 63, 51) + 0.5), 0, 255)
    output = Upscaler("bicubic").upscale(pixels, 3)
    assert np.abs(output - expected).max() <= 1  # float32 may round a half to the other side
    assert np.mean(output != expected) < 0.002


@pytest.mark.parametrize("name", INTERPOLATIONS)
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("scale", [1.5, 2, 7])
def test_each_channel_of_a_colour_picture_is_resized(name, kind, scale):
    pixels = noise(20, 14, 3, kind=kind)
    output = Upscaler(name).upscale(pixels, scale)
    height, width = round(20 * scale), round(14 * scale)
    assert (output.shape, output.dtype) == ((height, width, 3), kind)
    for channel in range(3):
        exact = resize(pixels[..., channel].astype(np.float64), height, width, kernel=name)
        expected = np.clip(np.floor(exact + 0.5), 0, np.iinfo(kind).max)
        # R'G'B' goes through Y'CbCr and back in float32, which is good to a few 10^-7 of white.
        assert np.abs(output[..., channel] - expected).max() <= 1


def test_nearest_repeats_pixels():
    pixels = noise(5, 4, 3)
    np.testing.assert_array_equal(
        Upscaler("nearest").upscale(pixels, 3), pixels.repeat(3, axis=0).repeat(3, axis=1)
    )


@pytest.mark.parametrize("tile", [1, 5, 64, 1000])
@pytest.mark.parametrize("name", ["bicubic", "lanczos"])
def test_bands_do_not_show(name, tile):
    pixels = noise(40, 30, 3)
    output, whole = (Upscaler(name, tile=t).upscale(pixels, 3).astype(int) for t in (tile, 0))
    # Sums in another order may round a half to the other side.
    assert np.abs(output - whole).max() <= 1
    assert np.mean(output != whole) < 0.001


def test_transparency_is_kept():
    pixels = noise(12, 10, 4)
    assert Upscaler("bilinear").upscale(pixels, 2).shape == (24, 20, 4)


@pytest.mark.parametrize("name", INTERPOLATIONS)
def test_the_command_takes_an_interpolation_for_a_model(name, tmp_path, capsys):
    Image.fromarray(noise(30, 20, 3)).save(tmp_path / "in.png")
    with pytest.raises(SystemExit) as ended:
        main(
            ["upscale", str(tmp_path / "in.png"), "-s", "5", "-m", name, "-t", "16",
             "-o", str(tmp_path / "out.png"), "--json"]
        )  # fmt: skip
    assert ended.value.code == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["model"], report["border"], report["device"]) == (name, None, "cpu")
    assert report["output_size"] == [100, 150]
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (100, 150)
