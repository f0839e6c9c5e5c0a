"""The evaluation convention, step by step and against the papers' published figures."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import loadmat

from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.engines.torch_engine import TorchEngine
from srcnn_cli.errors import UsageError
from srcnn_cli.evaluation.protocol import PROTOCOLS, SRCNN, Pair, make_pair, pair_with_low
from srcnn_cli.imaging.rounding import round_to_uint8
from srcnn_cli.models.config import ModelConfig


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


def half_up(planes):
    return np.clip(np.floor(planes + 0.5), 0, 255)


def low_resolution_file(slow_bicubic, pixels, scale):
    """(H, W, 3) reduced as MATLAB reduces uint8: rounded after rows and again after columns."""
    height, width = (side // scale for side in pixels.shape[:2])
    cropped = pixels[: height * scale, : width * scale].astype(np.float64)
    planes = []
    for plane in np.moveaxis(cropped, -1, 0):
        rows = half_up(slow_bicubic(plane, height, plane.shape[1]))
        planes.append(half_up(slow_bicubic(rows, height, width)))
    return np.stack(planes, axis=-1).astype(np.uint8)


def studio_luma(rgb):
    """Y' of 8-bit R'G'B' in units of [0, 1], not rounded."""
    weights = np.array([65.481, 128.553, 24.966]) / 255
    return (16 + rgb.astype(np.float64) @ weights) / 255


def noisy(pair, deviation=0.03):
    noise = np.random.default_rng(4).normal(0, deviation, pair.truth.shape)
    return (pair.truth / 255 + noise).astype(np.float32)


def test_the_named_protocols_are_what_the_papers_did():
    assert list(PROTOCOLS) == ["srcnn", "vdsr", "rgb"]
    steps = {name: (p.name, p.color, p.quantize_lr, p.crop_border) for name, p in PROTOCOLS.items()}
    assert steps == {
        "srcnn": ("srcnn", "y", False, None),
        "vdsr": ("vdsr", "y", True, None),
        "rgb": ("rgb", "rgb", True, None),
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


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=list(PROTOCOLS))
@pytest.mark.parametrize("color", ["y", "y-full", "rgb"])
def test_grey_is_compared_as_it_is_stored(slow_bicubic, protocol, color):
    pixels = random_pixels((24, 27))
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


# What networks for colour get, and how their results count


@pytest.mark.parametrize("color", ["y", "y-full"])
@pytest.mark.parametrize("scale", [2, 3])
def test_the_colors_beside_luminance_are_reduced_in_the_same_way(slow_bicubic, color, scale):
    pixels = random_pixels((26, 31, 3))
    height, width = 26 // scale, 31 // scale
    planes = np.moveaxis(pixels[: height * scale, : width * scale], -1, 0)
    exact = make_pair(pixels, scale, SRCNN.changed(color=color)).low_rgb
    expected = [slow_bicubic(plane / 255, height, width) for plane in planes]
    np.testing.assert_allclose(exact, expected, rtol=0, atol=1e-6)
    rounded = make_pair(pixels, scale, PROTOCOLS["vdsr"].changed(color=color)).low_rgb
    file = low_resolution_file(slow_bicubic, pixels, scale)
    np.testing.assert_array_equal(rounded * 255, np.moveaxis(file, -1, 0))


def test_where_color_is_compared_there_are_no_other_colors():
    for protocol in (PROTOCOLS["rgb"], SRCNN.changed(color="rgb")):
        pair = make_pair(random_pixels((26, 31, 3)), 3, protocol)
        np.testing.assert_array_equal(pair.low_rgb, pair.low)


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=list(PROTOCOLS))
def test_the_colors_of_a_given_picture_are_its_own(protocol):
    pixels, low = random_pixels((26, 31, 3)), random_pixels((8, 10, 3), seed=1)
    pair = pair_with_low(pixels, low, 3, protocol)
    np.testing.assert_array_equal(pair.low_rgb, np.moveaxis(low, -1, 0) / 255)
    assert pair_with_low(pixels[..., 0], low[..., 0], 3, protocol).low_rgb is None


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=list(PROTOCOLS))
def test_colors_are_offered_to_those_who_want_them_if_there_are_any(protocol):
    pair = make_pair(random_pixels((26, 31, 3)), 3, protocol)
    assert pair.offered(color=False) is pair.low
    assert pair.offered(color=True) is pair.low_rgb
    grey = make_pair(random_pixels((26, 31)), 3, protocol)
    assert grey.low_rgb is None
    assert grey.offered(color=True) is grey.offered(color=False) is grey.low


def test_colors_are_made_once_and_only_when_asked_for():
    made = []

    def colors():
        made.append(1)
        return np.zeros((3, 8, 10))

    pair = Pair(random_pixels((24, 30)), np.zeros((8, 10)), 3, colors=colors)
    pair.offered(color=False)
    assert pair.psnr(pair.interpolated) < 20
    assert made == []
    assert pair.offered(color=True) is pair.offered(color=True)
    assert made == [1]


@pytest.mark.parametrize("name", ["srcnn", "vdsr"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_of_a_color_result_the_luminance_counts_where_luminance_is_compared(name, dtype):
    pair = make_pair(random_pixels((26, 31, 3)), 3, PROTOCOLS[name])
    result = np.random.default_rng(2).uniform(-0.1, 1.1, (3, 24, 30)).astype(dtype)
    weights = np.array([65.481, 128.553, 24.966]) / 255
    luma = np.tensordot(weights, result.astype(np.float64), axes=1) + 16 / 255
    np.testing.assert_allclose(pair.like_truth(result), luma, rtol=0, atol=1e-6)
    assert pair.psnr(result) == pytest.approx(pair.psnr(luma), abs=0.01)
    assert pair.ssim(result) == pytest.approx(pair.ssim(luma), abs=1e-4)
    shown, truth = pair.compared(result)
    assert shown.shape == truth.shape == (18, 24)
    assert pair.like_truth(luma) is luma
    full = make_pair(random_pixels((26, 31, 3)), 3, PROTOCOLS[name].changed(color="y-full"))
    difference = pair.psnr(result) - full.psnr(result)
    assert difference == pytest.approx(20 * np.log10(255 / 219), abs=1e-9)


def test_a_color_result_is_compared_as_it_is_where_color_is_compared():
    pair = make_pair(random_pixels((26, 31, 3)), 3, PROTOCOLS["rgb"])
    result = np.random.default_rng(2).random((3, 24, 30))
    assert pair.like_truth(result) is result


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
