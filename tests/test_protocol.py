"""The evaluation convention, step by step and against the papers' published figures."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import loadmat

from srcnn_cli.config import ModelConfig
from srcnn_cli.engine.torch_engine import TorchEngine
from srcnn_cli.errors import UsageError
from srcnn_cli.protocol import Pair, make_pair, round_to_uint8
from srcnn_cli.tiling import run_plane


def random_pixels(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def integer_luma(rgb):
    r, g, b = (rgb[..., i].astype(np.int64) for i in range(3))
    return (2 * (65481 * r + 128553 * g + 24966 * b) + 255_000) // 510_000 + 16


@pytest.fixture(scope="module")
def pairs(shared_data):
    """``pairs(folder, scale)``: test pairs by name, each made once."""
    cache = {}

    def of(folder, scale):
        if (folder, scale) not in cache:
            made = {}
            for path in sorted((shared_data / folder).glob("*.png")):
                image = Image.open(path)
                pixels = np.array(image if image.mode in {"L", "RGB"} else image.convert("RGB"))
                made[path.stem] = make_pair(pixels, scale)
            cache[folder, scale] = made
        return cache[folder, scale]

    return of


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


@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "scale", "decibels"),
    [("Set5", 2, 33.66), ("Set5", 3, 30.39), ("Set5", 4, 28.42), ("Set14", 3, 27.54)],
)
def test_bicubic_has_the_published_mean_psnr(pairs, folder, scale, decibels):
    values = [pair.psnr(pair.interpolated) for pair in pairs(folder, scale).values()]
    assert len(values) == int(folder[3:])
    assert np.mean(values) == pytest.approx(decibels, abs=0.005)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "decibels"),
    [("baby", 33.91), ("bird", 32.58), ("butterfly", 24.04), ("head", 32.88), ("woman", 28.56)],
)
def test_bicubic_has_the_psnr_of_table_1(pairs, name, decibels):
    pair = pairs("Set5", 3)[name]
    assert pair.psnr(pair.interpolated) == pytest.approx(decibels, abs=0.02)


def reference_network(shared_data, name):
    """Weights trained with the authors' code: column-major, each filter stored transposed."""
    content = loadmat(shared_data / "reference" / "weights" / f"srcnn-{name}-x3.mat")
    f1, f2, f3 = (int(f) for f in name.split("-"))
    first, second, third = (content[f"weights_conv{i}"] for i in (1, 2, 3))
    (_, n1), (n2, _) = first.shape, third.shape
    # A row-major reading of a column-major filter is its transpose: both undo each other.
    weights = [
        first.T.reshape(n1, 1, f1, f1),
        np.moveaxis(second, 2, 0).reshape(n2, n1, f2, f2),
        third.reshape(1, n2, f3, f3),
    ]
    tensors = {}
    for index, weight in enumerate(weights, start=1):
        tensors[f"conv{index}.weight"] = np.ascontiguousarray(weight, np.float32)
        tensors[f"conv{index}.bias"] = content[f"biases_conv{index}"].ravel().astype(np.float32)
    config = ModelConfig(filters=(f1, f2, f3), widths=(n1, n2), scales=(3,), border="replicate")
    return TorchEngine(config, tensors, torch.device("cpu"))


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "decibels"), [("9-1-5", 32.46), ("9-3-5", 32.61), ("9-5-5", 32.55)]
)
def test_reference_weights_reach_their_known_psnr(pairs, shared_data, name, decibels):
    engine = reference_network(shared_data, name)
    values = [
        pair.psnr(run_plane(engine, pair.interpolated[None], 128)[0])
        for pair in pairs("Set5", 3).values()
    ]
    assert np.mean(values) == pytest.approx(decibels, abs=0.02)
