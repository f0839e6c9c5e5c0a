"""Upscaling is bicubic plus the network on luminance, rounded once, whatever kind of picture.

With a network that is the identity the result must be plain bicubic in Y'CbCr, computed here in
float64 without the code under test.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import load_file

from srcnn_cli.errors import InputError, ModelError, OutOfMemoryError, UsageError
from srcnn_cli.imaging.regions import WHOLE
from srcnn_cli.methods.network import Network
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks.torch_network import PlaneNetwork
from srcnn_cli.models.weights import save_weights
from srcnn_cli.upscaling.upscaler import Upscaler

TO_YCBCR = np.array(
    [[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]]
)
ZERO = np.array([16.0, 128.0, 128.0])
WHITE = {"uint8": 255, "uint16": 65535, "float32": 1}
MODES = ["L", "LA", "RGB", "RGBA"]
CHANNELS = {"L": (), "LA": (2,), "RGB": (3,), "RGBA": (4,)}


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    """An upscaler whose network returns its input, if that is not negative."""
    config = ModelConfig(filters=(3, 1, 3), widths=(3, 2), scales=(2, 3, 4))
    tensors = {}
    for index, shape in enumerate(config.layer_shapes, start=1):
        tensors[f"conv{index}.weight"] = np.zeros(shape, np.float32)
        tensors[f"conv{index}.weight"][0, 0, shape[2] // 2, shape[3] // 2] = 1
        tensors[f"conv{index}.bias"] = np.zeros(shape[0], np.float32)
    path = tmp_path_factory.mktemp("weights") / "identity.safetensors"
    save_weights(path, config, tensors)
    return Upscaler(path, device="cpu")


def random_pixels(height, width, mode="RGB", dtype="uint8", seed=0):
    shape = (height, width, *CHANNELS[mode])
    rng = np.random.default_rng(seed)
    if dtype == "float32":
        pixels = rng.random(shape, dtype=np.float32)
    else:
        pixels = rng.integers(1, WHITE[dtype] + 1, shape).astype(dtype)
    if mode in ("LA", "RGBA"):
        # Soft and zero alpha change how colours are enlarged; they have tests of their own.
        pixels[..., -1] = WHITE[dtype]
    return pixels


def expected_floats(slow_bicubic, pixels, height, width):
    """Bicubic in Y'CbCr, in [0, 1], unrounded and unclipped."""
    values = pixels.astype(np.float64) / WHITE[pixels.dtype.name]

    def enlarged(plane):
        return slow_bicubic(plane, height, width)

    if pixels.ndim == 2:
        return enlarged(values)
    if pixels.shape[2] == 2:
        return np.dstack([enlarged(values[..., 0]), enlarged(values[..., 1])])
    ycbcr = np.moveaxis(values[..., :3] @ TO_YCBCR.T + ZERO, -1, 0)
    luma, *chroma = [enlarged(plane) for plane in ycbcr]
    # The ReLU of the network cuts off luminance below zero, far below black.
    planes = np.stack([np.maximum(luma, 0), *chroma], axis=-1)
    rgb = (planes - ZERO) @ np.linalg.inv(TO_YCBCR).T
    alpha = [enlarged(values[..., 3])] if pixels.shape[2] == 4 else []
    return np.dstack([rgb, *alpha])


def assert_rounded_once(result, exact):
    """``result`` is ``exact`` clipped and rounded, either way only where float32 meets a tie."""
    white = WHITE[result.dtype.name]
    scaled = np.clip(exact, 0, 1) * white
    assert result.shape == exact.shape
    if result.dtype.kind == "f":
        np.testing.assert_allclose(result, scaled, rtol=0, atol=3e-6)
        return
    clear = np.abs(scaled % 1 - 0.5) > 3e-6 * white
    assert clear.mean() > 0.5
    np.testing.assert_array_equal(result[clear], np.floor(scaled + 0.5)[clear])
    assert (np.abs(result - scaled) < 0.5 + 3e-6 * white).all()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("scale", [2, 3, 1.7])
def test_with_an_identity_network_the_result_is_bicubic_rounded_once(
    identity, slow_bicubic, mode, dtype, scale
):
    pixels = random_pixels(11, 14, mode, dtype)
    result = identity.upscale(pixels, scale)
    assert result.dtype == pixels.dtype
    height, width = int(11 * scale + 0.5), int(14 * scale + 0.5)
    assert_rounded_once(result, expected_floats(slow_bicubic, pixels, height, width))


def test_a_cascade_interpolates_luminance_twice_and_the_rest_once(identity, slow_bicubic):
    pixels = random_pixels(6, 7)
    ycbcr = np.moveaxis(pixels / 255 @ TO_YCBCR.T + ZERO, -1, 0)
    luma = np.maximum(slow_bicubic(np.maximum(slow_bicubic(ycbcr[0], 12, 14), 0), 36, 42), 0)
    chroma = [slow_bicubic(plane, 36, 42) for plane in ycbcr[1:]]
    exact = (np.stack([luma, *chroma], -1) - ZERO) @ np.linalg.inv(TO_YCBCR).T
    enlarged = identity.upscale_pixels(pixels, 6)
    assert [stage.scale for stage in enlarged.stages] == [2, 3]
    assert_rounded_once(enlarged.pixels, exact)


def test_only_luminance_goes_through_the_network(tiny_weights, slow_bicubic):
    path = tiny_weights(seed=3)
    config = ModelConfig(filters=(3, 1, 3), widths=(4, 3), border="replicate")
    network = PlaneNetwork(config)
    network.load_state_dict({n: torch.from_numpy(t) for n, t in load_file(path).items()})
    pixels = random_pixels(9, 10, "RGBA", "float32")
    ycbcr = np.moveaxis(pixels[..., :3] @ TO_YCBCR.T + ZERO, -1, 0) / 255
    luma, cb, cr, alpha = (slow_bicubic(plane, 18, 20) for plane in (*ycbcr, pixels[..., 3]))
    with torch.no_grad():
        luma = network(torch.from_numpy(luma.astype(np.float32))[None, None], WHOLE)[0, 0].numpy()
    rgb = (np.stack([luma, cb, cr], -1) * 255 - ZERO) @ np.linalg.inv(TO_YCBCR).T
    exact = np.dstack([rgb, alpha])
    result = Upscaler(path, device="cpu").upscale(pixels, 2)
    np.testing.assert_allclose(result, np.clip(exact, 0, 1), rtol=0, atol=2e-5)


# Networks for colour


@pytest.fixture(scope="module")
def color_identity(tmp_path_factory):
    """``color_identity(color)``: an upscaler whose network returns all that is not negative."""
    folder = tmp_path_factory.mktemp("weights")

    def of(color):
        config = ModelConfig(filters=(3, 1, 3), widths=(3, 4), color=color, scales=(2, 3, 4))
        tensors = {}
        for index, shape in enumerate(config.layer_shapes, start=1):
            tensors[f"conv{index}.weight"] = np.zeros(shape, np.float32)
            for plane in range(3):
                tensors[f"conv{index}.weight"][plane, plane, shape[2] // 2, shape[3] // 2] = 1
            tensors[f"conv{index}.bias"] = np.zeros(shape[0], np.float32)
        path = folder / f"{color}.safetensors"
        save_weights(path, config, tensors, overwrite=True)
        return Upscaler(path, device="cpu")

    return of


def to_ycbcr(rgb):
    """(H, W, 3) to (3, H, W), both in [0, 1], in float64."""
    return np.moveaxis(rgb @ TO_YCBCR.T + ZERO, -1, 0) / 255


def to_rgb(ycbcr):
    """The inverse of `to_ycbcr`."""
    return (np.moveaxis(ycbcr, 0, -1) * 255 - ZERO) @ np.linalg.inv(TO_YCBCR).T


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("color", ["rgb", "ycbcr"])
@pytest.mark.parametrize("scale", [3, 1.7])
def test_with_an_identity_color_network_every_channel_is_bicubic_rounded_once(
    color_identity, slow_bicubic, mode, dtype, color, scale
):
    pixels = random_pixels(9, 11, mode, dtype)
    values = pixels.astype(np.float64) / WHITE[dtype]
    height, width = int(9 * scale + 0.5), int(11 * scale + 0.5)

    def enlarged(plane):
        # The ReLU cuts off what is negative.
        return np.maximum(slow_bicubic(plane, height, width), 0)

    if mode in {"L", "LA"}:
        shown = enlarged(values.reshape(9, 11, -1)[..., 0])[..., None]
    elif color == "rgb":
        shown = np.dstack([enlarged(values[..., channel]) for channel in range(3)])
    else:
        shown = to_rgb(np.stack([enlarged(plane) for plane in to_ycbcr(values[..., :3])]))
    if mode in {"LA", "RGBA"}:
        shown = np.dstack([shown, slow_bicubic(values[..., -1], height, width)])
    result = color_identity(color).upscale(pixels, scale)
    assert result.dtype == pixels.dtype
    assert_rounded_once(result, shown[..., 0] if mode == "L" else shown)


@pytest.mark.parametrize("color", ["rgb", "ycbcr"])
def test_a_cascade_of_a_color_network_carries_all_its_planes(color_identity, slow_bicubic, color):
    pixels = random_pixels(6, 7, "RGBA")
    values = pixels / 255
    planes = to_ycbcr(values[..., :3]) if color == "ycbcr" else np.moveaxis(values[..., :3], -1, 0)
    for height, width in ((12, 14), (36, 42)):
        planes = [np.maximum(slow_bicubic(plane, height, width), 0) for plane in planes]
    shown = to_rgb(np.stack(planes)) if color == "ycbcr" else np.stack(planes, axis=-1)
    alpha = slow_bicubic(values[..., 3], 36, 42)  # once
    enlarged = color_identity(color).upscale_pixels(pixels, 6)
    assert [stage.scale for stage in enlarged.stages] == [2, 3]
    assert_rounded_once(enlarged.pixels, np.dstack([shown, alpha]))


def torch_network(path, config):
    """``(planes) -> planes``: torch on the whole picture, without tiles and bands."""
    network = PlaneNetwork(config)
    network.load_state_dict({n: torch.from_numpy(t) for n, t in load_file(path).items()})

    def run(planes):
        with torch.no_grad():
            return network(torch.from_numpy(np.array(planes, np.float32))[None], WHOLE)[0].numpy()

    return run


def random_color_network(tiny_weights, color, seed=5):
    config = ModelConfig(filters=(3, 1, 3), widths=(6, 5), color=color, scales=(2, 3, 4))
    path = tiny_weights(config, seed=seed, name=f"{color}-{seed}.safetensors")
    return path, torch_network(path, config)


@pytest.mark.parametrize("color", ["rgb", "ycbcr"])
@pytest.mark.parametrize("tile", [0, 7])
def test_all_planes_of_a_color_network_go_through_it(tiny_weights, slow_bicubic, color, tile):
    path, network = random_color_network(tiny_weights, color)
    pixels = random_pixels(12, 13, "RGBA", "float32")
    *planes, alpha = (
        [*to_ycbcr(pixels[..., :3]), pixels[..., 3]]
        if color == "ycbcr"
        else np.moveaxis(pixels, -1, 0)
    )
    output = network([slow_bicubic(plane, 24, 26) for plane in planes])
    shown = to_rgb(output) if color == "ycbcr" else np.moveaxis(output, 0, -1)
    exact = np.clip(np.dstack([shown, slow_bicubic(alpha, 24, 26)]), 0, 1)
    result = Upscaler(path, device="cpu", tile=tile).upscale(pixels, 2)
    np.testing.assert_allclose(result, exact, rtol=0, atol=2e-5)
    # Neither plain bicubic nor all clipped away.
    assert np.abs(result - slow_bicubic(pixels[..., 0], 24, 26)[..., None])[..., 0].max() > 0.05
    assert ((result > 0) & (result < 1)).mean() > 0.2


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_through_an_rgb_network_is_the_luminance_of_three_equal_planes(
    tiny_weights, slow_bicubic, mode
):
    path, network = random_color_network(tiny_weights, "rgb")
    pixels = random_pixels(10, 9, mode, "float32")
    grey, *alpha = np.moveaxis(pixels.reshape(10, 9, -1), -1, 0)
    red, green, blue = network([slow_bicubic(grey, 30, 27)] * 3)
    exact = [0.299 * red + 0.587 * green + 0.114 * blue]
    exact += [slow_bicubic(plane, 30, 27) for plane in alpha]
    expected = np.clip(exact[0] if mode == "L" else np.dstack(exact), 0, 1)
    result = Upscaler(path, device="cpu").upscale(pixels, 3)
    np.testing.assert_allclose(result, expected, rtol=0, atol=2e-5)
    assert np.abs(red - blue).max() > 0.05


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_through_a_ycbcr_network_is_luminance_beside_neutral_chrominance(
    tiny_weights, slow_bicubic, mode
):
    path, network = random_color_network(tiny_weights, "ycbcr")
    pixels = random_pixels(10, 9, mode, "float32")
    grey, *alpha = np.moveaxis(pixels.reshape(10, 9, -1), -1, 0)
    neutral = np.full((30, 27), 128 / 255)
    exact = [network([slow_bicubic(grey, 30, 27), neutral, neutral])[0]]
    exact += [slow_bicubic(plane, 30, 27) for plane in alpha]
    expected = np.clip(exact[0] if mode == "L" else np.dstack(exact), 0, 1)
    result = Upscaler(path, device="cpu").upscale(pixels, 3)
    np.testing.assert_allclose(result, expected, rtol=0, atol=2e-5)


def test_a_ycbcr_network_that_leaves_chrominance_alone_is_the_luminance_network(tiny_weights):
    path = tiny_weights(seed=3)
    config = ModelConfig(filters=(3, 1, 3), widths=(6, 5), color="ycbcr", scales=(2, 3, 4))
    single = load_file(path)
    tensors = {}
    for index, shape in enumerate(config.layer_shapes, start=1):
        weight = np.zeros(shape, np.float32)
        own = single[f"conv{index}.weight"]
        weight[: own.shape[0], : own.shape[1]] = own
        for plane in (1, 2):  # deltas from the second input to the second output, and so on
            weight[plane - 3, plane - 3, shape[2] // 2, shape[3] // 2] = 1
        tensors[f"conv{index}.weight"] = weight
        tensors[f"conv{index}.bias"] = np.append(single[f"conv{index}.bias"], np.float32([0, 0]))
    colored = path.with_name("colored.safetensors")
    save_weights(colored, config, tensors)
    smooth = np.kron(random_pixels(4, 5, "RGBA", "float32"), np.ones((4, 4, 1), np.float32))
    for scale in (2, 3.3):
        expected = Upscaler(path, device="cpu").upscale(smooth, scale)
        result = Upscaler(colored, device="cpu").upscale(smooth, scale)
        np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("color", ["rgb", "ycbcr"])
@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_the_tile_size_does_not_change_the_result_of_a_color_network(tiny_weights, color, mode):
    path, _ = random_color_network(tiny_weights, color)
    pixels = random_pixels(13, 17, mode, "float32")
    whole, *tiled = [
        Upscaler(path, device="cpu", tile=tile).upscale(pixels, 6) for tile in (1000, 5, 31)
    ]
    for result in tiled:
        np.testing.assert_allclose(result, whole, rtol=0, atol=2e-5)


@pytest.mark.parametrize("color", ["rgb", "ycbcr"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_constant_pictures_stay_constant_in_an_identity_color_network(color_identity, color, dtype):
    for mode in MODES:
        pixels = np.full((5, 6, *CHANNELS[mode]), WHITE[dtype] * 3 // 10, dtype)
        assert (color_identity(color).upscale(pixels, 4) == pixels.flat[0]).all()


def test_the_models_own_border_policy_can_be_replaced(tiny_weights):
    path = tiny_weights(seed=3)
    pixels = random_pixels(12, 12, "L", "float32")
    results = {
        border: Upscaler(path, device="cpu", border=border).upscale(pixels, 2)
        for border in (None, "replicate", "zero", "normalize")
    }
    np.testing.assert_array_equal(results[None], results["replicate"])
    assert np.abs(results["replicate"] - results["zero"])[:2].max() > 1e-3
    assert np.abs(results["normalize"] - results["zero"])[:2].max() > 1e-3


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_grey_stored_as_color_stays_grey(identity, dtype):
    grey = random_pixels(9, 9, "L", dtype)
    result = identity.upscale(np.dstack([grey] * 3), 3).astype(int)
    assert np.ptp(result, axis=2).max() <= (0 if dtype == "uint8" else 1)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_is_bicubic_alone_whatever_the_color(identity, slow_bicubic, mode):
    pixels = random_pixels(8, 9, mode)
    pixels[2:5, 3:6, -1] = 0
    expected = slow_bicubic(pixels[..., -1] / 255, 24, 27)
    assert_rounded_once(identity.upscale(pixels, 3)[..., -1], expected)


def test_what_stands_under_full_transparency_does_not_show(identity):
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, :4] = (200, 100, 50, 255)
    result = identity.upscale(pixels, 3)
    visible = result[..., 3] > 0
    assert (result[visible][:, :3] == (200, 100, 50)).all()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("level", [0, 1, 0.3, 1.0])
def test_constant_pictures_stay_constant(identity, mode, dtype, level):
    value = level if isinstance(level, int) else round(level * WHITE[dtype])
    pixels = np.full((5, 6, *CHANNELS[mode]), value, dtype)
    assert (identity.upscale(pixels, 4) == value).all()


def test_each_constant_color_is_returned_exactly(identity):
    for color in random_pixels(1, 40)[0]:
        pixels = np.tile(color, (2, 2, 1))
        assert (identity.upscale(pixels, 2) == color).all()


@given(st.integers(1, 9), st.integers(1, 9), st.floats(1, 16))
@settings(max_examples=40)
def test_sizes_are_exact_for_any_factor(identity, height, width, factor):
    result = identity.upscale(np.zeros((height, width), np.uint8), factor)
    assert abs(result.shape[0] - height * factor) <= 0.5 + 1e-9
    assert abs(result.shape[1] - width * factor) <= 0.5 + 1e-9


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (1, 1, 4), (2, 1, 3)])
def test_pictures_of_a_pixels_width_are_enlarged(identity, shape):
    pixels = np.full(shape, 77, np.uint8)
    result = identity.upscale(pixels, 3)
    assert result.shape == (shape[0] * 3, shape[1] * 3, *shape[2:])
    assert (result == 77).all()


@pytest.mark.parametrize("mode", MODES)
def test_scale_1_returns_an_equal_copy(identity, mode):
    pixels = random_pixels(5, 6, mode)
    result = identity.upscale(pixels, 1)
    np.testing.assert_array_equal(result, pixels)
    assert not np.shares_memory(result, pixels)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_the_input_is_not_modified(identity, mode, dtype):
    pixels = random_pixels(6, 6, mode, dtype)
    pixels[0, 0] = 0
    before = pixels.copy()
    identity.upscale(pixels, 2)
    np.testing.assert_array_equal(pixels, before)


def test_read_only_and_strided_arrays_are_accepted(identity):
    pixels = random_pixels(12, 14)
    view = np.asfortranarray(np.repeat(pixels, 2, axis=0))[::2]
    view.setflags(write=False)
    np.testing.assert_array_equal(identity.upscale(view, 2), identity.upscale(pixels, 2))


@pytest.mark.parametrize("border", ["normalize", "replicate", "zero"])
@pytest.mark.parametrize("scale", [3, 6])
def test_the_tile_size_does_not_change_the_result(tiny_weights, border, scale):
    path = tiny_weights(seed=4)
    pixels = random_pixels(13, 17, "RGBA", "float32")
    whole, *tiled = [
        Upscaler(path, device="cpu", tile=tile, border=border).upscale(pixels, scale)
        for tile in (1000, 5, 16, 31)
    ]
    for result in tiled:
        np.testing.assert_allclose(result, whole, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("scale", "expected"), [(2, [0.32, 0.66, 1]), (8, [n / 17 for n in (1, 5, 9, 13, 17)])]
)
def test_progress_is_the_share_of_the_pixels_that_are_done(tiny_weights, scale, expected):
    """Tiles of 16, 17 and 17 rows; 5 x 4 by 2, then by 4: one of 80 pixels, four of 320."""
    seen = []
    height, width = (25, 10) if scale == 2 else (5, 4)
    upscaler = Upscaler(tiny_weights(), device="cpu", tile=20)
    upscaler.upscale_pixels(random_pixels(height, width), scale, seen.append)
    assert seen == pytest.approx(expected)


def test_the_tile_that_was_used_is_reported(identity, tiny_weights):
    pixels = random_pixels(4, 4)
    upscaler = Upscaler(tiny_weights(), device="cpu", tile=48)
    assert upscaler.upscale_pixels(pixels, 2).tile == 48
    assert identity.upscale_pixels(pixels, 2).tile >= 64


def test_a_negative_tile_is_refused(tiny_weights):
    with pytest.raises(UsageError):
        Upscaler(tiny_weights(), device="cpu", tile=-8).upscale(random_pixels(9, 9, "L"), 2)


class SmallMemory:
    """A real engine that holds patches only up to some number of rows."""

    def __init__(self, engine, most):
        self._engine, self._most = engine, most
        self.config = engine.config

    def best_tile(self, *_):
        """What the upscaler starts with."""
        return 256

    def run(self, patch, edges):
        """Run the patch if it fits."""
        if patch.shape[1] > self._most:
            raise OutOfMemoryError("cpu ran out of memory")
        return self._engine.run(patch, edges)


def with_memory_for(path, most, **options):
    upscaler = Upscaler(path, device="cpu", **options)
    real = upscaler._method

    def with_small_memory(scale, *levels):
        engine = real(scale, *levels)._engine
        return Network("tiny", SmallMemory(engine, most))

    upscaler._method = with_small_memory
    return upscaler


def test_when_memory_runs_short_smaller_tiles_give_the_same_picture(tiny_weights):
    path, pixels = tiny_weights(), random_pixels(100, 90, "L", "float32")
    enlarged = with_memory_for(path, 70).upscale_pixels(pixels, 3)
    assert enlarged.tile == 64
    assert enlarged.notes == ("memory ran short: done in tiles of 64",)
    expected = Upscaler(path, device="cpu").upscale_pixels(pixels, 3)
    assert expected.notes == ()
    np.testing.assert_allclose(enlarged.pixels, expected.pixels, rtol=0, atol=1e-5)


@pytest.mark.parametrize("tile", [0, 32, 8, 100])
def test_when_even_the_smallest_tiles_do_not_fit_memory_is_the_error(tiny_weights, tile):
    upscaler = with_memory_for(tiny_weights(), 5, tile=tile)
    with pytest.raises(OutOfMemoryError):
        upscaler.upscale(random_pixels(40, 40, "L"), 3)


@pytest.mark.parametrize("mode", MODES)
def test_an_image_gives_an_image_of_the_same_mode(identity, mode):
    pixels = random_pixels(5, 7, mode)
    result = identity.upscale(Image.fromarray(pixels), 3)
    assert (result.mode, result.size) == (mode, (21, 15))
    np.testing.assert_array_equal(np.asarray(result), identity.upscale(pixels, 3))


@pytest.mark.parametrize("mode", ["P", "CMYK", "YCbCr", "HSV"])
def test_an_image_of_another_color_mode_becomes_rgb(identity, mode):
    image = Image.fromarray(random_pixels(6, 6)).convert(mode)
    result = identity.upscale(image, 2)
    assert (result.mode, result.size) == ("RGB", (12, 12))
    expected = identity.upscale(np.asarray(image.convert("RGB")), 2)
    np.testing.assert_array_equal(np.asarray(result), expected)


def test_a_palette_with_transparency_becomes_rgba(identity):
    image = Image.fromarray(random_pixels(6, 6)).convert("P")
    image.info["transparency"] = 3
    assert identity.upscale(image, 2).mode == "RGBA"


def test_an_rgb_image_with_a_transparent_color_is_enlarged(identity):
    image = Image.fromarray(random_pixels(6, 6))
    image.info["transparency"] = (1, 2, 3)
    assert identity.upscale(image, 2).size == (12, 12)


def test_a_1_bit_image_becomes_grey(identity):
    pixels = random_pixels(6, 7, "L") > 128
    result = identity.upscale(Image.fromarray(pixels), 2)
    assert result.mode == "L"
    expected = identity.upscale(pixels.astype(np.uint8) * 255, 2)
    np.testing.assert_array_equal(np.asarray(result), expected)


def test_a_16_bit_grey_image_keeps_its_16_bits(identity):
    pixels = random_pixels(6, 7, "L", "uint16")
    result = identity.upscale(Image.fromarray(pixels), 2)
    np.testing.assert_array_equal(np.asarray(result), identity.upscale(pixels, 2))


def test_premultiplied_grey_becomes_grey_with_alpha(identity):
    image = Image.fromarray(random_pixels(6, 7, "LA", "uint8"))
    result = identity.upscale(image.convert("La"), 2)
    assert result.mode == "LA"
    assert result.size == (14, 12)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_an_image_whose_values_have_no_known_white_is_refused(identity, mode):
    with pytest.raises(InputError):
        identity.upscale(Image.new(mode, (4, 4), None), 2)


def test_an_empty_image_is_refused(identity):
    with pytest.raises(InputError):
        identity.upscale(Image.new("RGB", (0, 4)), 2)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4, 5), np.uint8),
        np.zeros((4, 4, 0), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((1, 4, 4, 5), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 0, 3), np.uint8),
        np.zeros((4, 4), np.int32),
        np.zeros((4, 4), bool),
        np.zeros((4, 4), complex),
        np.full((4, 4), np.nan, np.float32),
        np.full((4, 4, 3), np.inf, np.float32),
    ],
)
@pytest.mark.parametrize("scale", [1, 2])
def test_arrays_that_are_no_picture_are_refused(identity, pixels, scale):
    with pytest.raises(InputError):
        identity.upscale(pixels, scale)


@pytest.mark.parametrize("scale", [0.5, 17, float("nan")])
def test_scales_out_of_range_are_refused(identity, scale):
    with pytest.raises(UsageError, match="between 1 and 16"):
        identity.upscale(random_pixels(4, 4), scale)


def test_floats_outside_0_to_1_are_clipped_in_the_result(identity):
    result = identity.upscale(np.array([[-0.2, 1.2], [1.2, -0.2]], np.float32), 4)
    assert (result.min(), result.max()) == (0, 1)


def test_a_model_knows_its_scales(identity):
    assert identity.scales == (2, 3, 4)


@pytest.mark.parametrize(
    "name", ["srcnn-no-such", "nowhere.safetensors", "", pytest.param("a" * 300, id="long")]
)
def test_an_unknown_model_is_refused(name):
    with pytest.raises(ModelError):
        Upscaler(name, device="cpu")


def test_a_damaged_model_is_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        Upscaler(tmp_path / "model.safetensors", device="cpu")


def test_the_border_policy_that_was_used_is_known(tiny_weights):
    path = tiny_weights(ModelConfig(filters=(3,), widths=(), border="zero"))
    for border, used in ((None, "zero"), ("normalize", "normalize")):
        upscaler = Upscaler(path, device="cpu", border=border)
        assert upscaler.border_of(upscaler.upscale_pixels(random_pixels(4, 4), 3).stages) == used
    assert upscaler.border_of([]) is None


def test_weights_can_be_loaded_ahead(tiny_weights):
    path = tiny_weights()
    upscaler = Upscaler(path, device="cpu")
    upscaler.load(3)
    path.unlink()
    assert upscaler.upscale(random_pixels(4, 4), 3).shape == (12, 12, 3)


def test_an_unknown_device_is_refused(tiny_weights):
    with pytest.raises(UsageError, match="unknown device"):
        Upscaler(tiny_weights(), device="abacus").upscale(random_pixels(4, 4), 2)


# Precision


def test_bfloat16_changes_a_level_here_and_there():
    y, x = np.mgrid[:40, :50]
    red = 127 + 80 * np.sin(x / 3) + 40 * np.cos(x * y / 90)
    pixels = np.stack([red, red[::-1], red / 2], axis=-1).clip(0, 255).astype(np.uint8)
    exact = Upscaler(device="cpu").upscale(pixels, 3).astype(int)
    low = Upscaler(device="cpu", precision="bfloat16").upscale(pixels, 3).astype(int)
    assert 0 < np.abs(low - exact).max() <= 3
    assert np.mean(low != exact) < 0.2


@pytest.mark.parametrize(
    ("model", "more_than_one"), [("srcnn-9-1-5", 0.001), ("srcnn-9-5-5", 0.001), ("vdsr-20", 0.003)]
)
def test_bfloat16_changes_a_photograph_by_a_level_here_and_there(model, more_than_one):
    with Image.open(Path(__file__).parents[2] / "examples" / "cat.png") as image:
        pixels = np.asarray(image.convert("RGB"))[90:150, 140:200]
    exact, low = (
        Upscaler(model, device="cpu", precision=precision).upscale(pixels, 3).astype(int)
        for precision in ("float32", "bfloat16")
    )
    difference = np.abs(low - exact)
    assert 0 < np.mean(difference > 0) < 0.2
    assert np.mean(difference > 1) < more_than_one


@pytest.mark.parametrize("fast", [True, False])
def test_bfloat16_is_remarked_on_where_it_is_no_faster(tiny_weights, monkeypatch, fast):
    monkeypatch.setattr("srcnn_cli.engines.selection.fast_bfloat16", lambda *_: fast)
    upscaler = Upscaler(tiny_weights(), device="cpu", precision="bfloat16")
    notes = upscaler.upscale_pixels(np.zeros((5, 5), np.uint8), 3).notes
    assert notes == (() if fast else ("bfloat16 is no faster than float32 on this cpu",))


def test_an_unknown_precision_is_refused(tiny_weights):
    with pytest.raises(UsageError, match="unknown precision 'float16'"):
        Upscaler(tiny_weights(), precision="float16")
