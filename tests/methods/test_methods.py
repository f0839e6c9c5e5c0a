"""What is set side by side in a benchmark: interpolations, networks, and networks run eightfold."""

import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.engines.torch_engine import TorchEngine
from srcnn_cli.imaging.resize import resize
from srcnn_cli.methods.base import Timing, wants_color
from srcnn_cli.methods.interpolation import INTERPOLATIONS, Interpolation
from srcnn_cli.methods.network import Network
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.weights import load_weights
from srcnn_cli.upscaling.upscaler import Upscaler

CPU = torch.device("cpu")


def random_low(*shape, seed=0):
    return np.random.default_rng(seed).random(shape)


@pytest.fixture
def engine(tiny_weights):
    """A small network of random weights, which no flip or turn leaves alone."""
    return TorchEngine(*load_weights(tiny_weights()), CPU)


@pytest.fixture
def identity():
    """A network that gives what it gets: positive and negative parts apart, joined again."""
    config = ModelConfig(filters=(3, 1), widths=(2,))
    first = np.zeros((2, 1, 3, 3), np.float32)
    first[:, 0, 1, 1] = 1, -1
    second = np.array([1, -1], np.float32).reshape(1, 2, 1, 1)
    tensors = {"conv1.weight": first, "conv2.weight": second}
    tensors |= {"conv1.bias": np.zeros(2, np.float32), "conv2.bias": np.zeros(1, np.float32)}
    return TorchEngine(config, tensors, CPU)


@pytest.mark.parametrize("name", INTERPOLATIONS)
@pytest.mark.parametrize("shape", [(9, 7), (3, 9, 7)])
def test_an_interpolation_is_the_resize_of_its_name_on_every_plane(name, shape):
    low = random_low(*shape)
    output, steps = Interpolation(name).enlarge(low, 27, 21)
    assert (output.dtype, output.shape) == (np.float32, (*shape[:-2], 27, 21))
    np.testing.assert_allclose(output, resize(low, 27, 21, kernel=name), rtol=0, atol=1e-6)
    assert steps.prepare > 0
    assert steps.network == 0


def test_bicubic_equals_the_slow_reference(slow_bicubic):
    low = random_low(11, 8)
    output, _ = Interpolation("bicubic").enlarge(low, 33, 24)
    np.testing.assert_allclose(output, slow_bicubic(low, 33, 24), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "pillow"),
    [
        ("nearest", Image.Resampling.NEAREST),
        ("bilinear", Image.Resampling.BILINEAR),
        ("bicubic", Image.Resampling.BICUBIC),
        ("lanczos", Image.Resampling.LANCZOS),
    ],
)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_interpolations_equal_pillows_away_from_the_border(name, pillow, scale):
    low = random_low(17, 13).astype(np.float32)
    height, width = 17 * scale, 13 * scale
    output, _ = Interpolation(name).enlarge(low.astype(np.float64), height, width)
    expected = np.asarray(Image.fromarray(low).resize((width, height), pillow))
    inside = slice(3 * scale, -3 * scale)  # Pillow cuts its kernels off at the border
    np.testing.assert_allclose(output[inside, inside], expected[inside, inside], rtol=0, atol=2e-6)


def test_steps_add_up():
    assert Timing(1.0, 2.0, 4.0).total == 7.0
    assert Timing(0.5).total == 0.5


def test_a_network_on_luminance_is_run_on_the_bicubic_enlargement(engine, slow_bicubic):
    low = random_low(12, 10)
    output, steps = Network("tiny", engine).enlarge(low, 36, 30)
    plane = slow_bicubic(low, 36, 30).astype(np.float32)
    np.testing.assert_allclose(output, run_plane(engine, plane[None], 64)[0], rtol=0, atol=1e-5)
    assert np.abs(output - plane).max() > 0.01
    assert steps.prepare > 0
    assert steps.network > 0


def test_color_is_enlarged_as_the_upscaler_does_before_rounding(tiny_weights):
    path = tiny_weights()
    low = random_low(3, 12, 10)
    output, steps = Network("tiny", TorchEngine(*load_weights(path), CPU)).enlarge(low, 36, 30)
    picture = np.ascontiguousarray(np.moveaxis(low, 0, -1), np.float32)
    expected = Upscaler(path, device="cpu").upscale_pixels(picture, 3).pixels
    clipped = np.moveaxis(np.clip(output, 0, 1), 0, -1)
    np.testing.assert_allclose(clipped, expected, rtol=0, atol=1e-5)
    assert steps.merge > 0


def test_with_an_identity_network_color_is_bicubic(identity, slow_bicubic):
    low = random_low(3, 9, 8)
    output, _ = Network("same", identity).enlarge(low, 27, 24)
    expected = [slow_bicubic(plane, 27, 24) for plane in low]
    np.testing.assert_allclose(output, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("tile", [0, 5, 16])
def test_the_tile_does_not_change_the_result(engine, tile):
    low = random_low(12, 10)
    whole, _ = Network("tiny", engine, tile=64).enlarge(low, 36, 30)
    output, _ = Network("tiny", engine, tile=tile).enlarge(low, 36, 30)
    np.testing.assert_allclose(output, whole, rtol=0, atol=1e-6)


def mean_over_the_square_group(engine, plane):
    """The eight symmetries as transpositions and reversals, each undone before the mean."""
    results = []
    for transpose, rows, columns in itertools.product((False, True), (1, -1), (1, -1)):
        view = (plane.T if transpose else plane)[::rows, ::columns]
        output = run_plane(engine, np.ascontiguousarray(view)[None], 64)[0][::rows, ::columns]
        results.append((output.T if transpose else output).astype(np.float64))
    return np.mean(results, axis=0)


@pytest.mark.parametrize("shape", [(12, 10), (7, 13), (9, 9)])
def test_the_ensemble_is_the_mean_over_eight_transforms(engine, slow_bicubic, shape):
    low = random_low(*shape, seed=shape[0])
    height, width = 3 * shape[0], 3 * shape[1]
    output, _ = Network("tiny", engine, ensemble=True).enlarge(low, height, width)
    plane = slow_bicubic(low, height, width).astype(np.float32)
    np.testing.assert_allclose(output, mean_over_the_square_group(engine, plane), rtol=0, atol=1e-5)
    single, _ = Network("tiny", engine).enlarge(low, height, width)
    assert np.abs(output - single).max() > 1e-3


def test_flips_and_turns_of_the_input_do_the_same_to_the_ensembles_output(engine):
    low = random_low(12, 10)
    network = Network("tiny", engine, ensemble=True)
    output, _ = network.enlarge(low, 36, 30)
    for flipped, expected in ((low[::-1], output[::-1]), (low[:, ::-1], output[:, ::-1])):
        result, _ = network.enlarge(np.ascontiguousarray(flipped), 36, 30)
        np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5)
    turned, _ = network.enlarge(np.ascontiguousarray(np.rot90(low)), 30, 36)
    np.testing.assert_allclose(turned, np.rot90(output), rtol=0, atol=1e-5)


def test_for_a_symmetric_network_the_ensemble_is_the_single_run(identity):
    low = random_low(12, 10)
    single, _ = Network("same", identity).enlarge(low, 36, 30)
    output, _ = Network("same", identity, ensemble=True).enlarge(low, 36, 30)
    np.testing.assert_allclose(output, single, rtol=0, atol=1e-6)


def test_the_ensemble_of_a_color_picture_touches_luminance_alone(engine, slow_bicubic):
    low = random_low(3, 8, 8)
    single, _ = Network("tiny", engine).enlarge(low, 24, 24)
    output, _ = Network("tiny", engine, ensemble=True).enlarge(low, 24, 24)
    difference = output - single
    # A change of Y' alone moves R', G' and B' alike.
    np.testing.assert_allclose(difference[0], difference[1], rtol=0, atol=1e-5)
    np.testing.assert_allclose(difference[0], difference[2], rtol=0, atol=1e-5)


# Networks for colour

COLOR_NETWORK = {"filters": (3, 1, 3), "widths": (6, 5)}


@pytest.mark.parametrize("color", ["rgb", "ycbcr"])
def test_a_color_network_enlarges_as_the_upscaler_does_before_rounding(tiny_weights, color):
    path = tiny_weights(ModelConfig(**COLOR_NETWORK, color=color))
    network = Network("tiny", TorchEngine(*load_weights(path), CPU))
    for shape in ((3, 12, 10), (12, 10)):
        low = random_low(*shape)
        output, steps = network.enlarge(low, 36, 30)
        assert (output.dtype, output.shape) == (np.float32, (*shape[:-2], 36, 30))
        picture = np.ascontiguousarray(
            np.moveaxis(low, 0, -1) if low.ndim == 3 else low, np.float32
        )
        expected = Upscaler(path, device="cpu").upscale_pixels(picture, 3).pixels
        shown = np.moveaxis(output, 0, -1) if low.ndim == 3 else output
        np.testing.assert_allclose(np.clip(shown, 0, 1), expected, rtol=0, atol=1e-5)
        assert min(steps.prepare, steps.network, steps.merge) > 0


def slow_rgb_network(path, planes):
    """R'G'B' planes through torch's own convolutions, the border continued by hand."""
    config, tensors = load_weights(path)
    maps = torch.from_numpy(np.array(planes, np.float32))[None]
    for index, side in enumerate(config.filters, start=1):
        weight, bias = (torch.from_numpy(tensors[f"conv{index}.{n}"]) for n in ("weight", "bias"))
        padded = torch.nn.functional.pad(maps, (side // 2,) * 4, mode="replicate")
        maps = torch.nn.functional.conv2d(padded, weight, bias)
        maps = torch.relu(maps) if index < len(config.filters) else maps
    return maps[0].numpy()


@pytest.mark.parametrize("shape", [(12, 10), (9, 9)])
def test_an_rgb_network_and_its_ensemble_equal_torch_on_the_whole_picture(
    tiny_weights, slow_bicubic, shape
):
    path = tiny_weights(ModelConfig(**COLOR_NETWORK, color="rgb"))
    engine = TorchEngine(*load_weights(path), CPU)
    low = random_low(3, *shape)
    height, width = 3 * shape[0], 3 * shape[1]
    planes = np.array([slow_bicubic(plane, height, width) for plane in low])
    single, _ = Network("tiny", engine, tile=8).enlarge(low, height, width)
    np.testing.assert_allclose(single, slow_rgb_network(path, planes), rtol=0, atol=1e-5)
    results = []
    for transpose, rows, columns in itertools.product((False, True), (1, -1), (1, -1)):
        view = (planes.transpose(0, 2, 1) if transpose else planes)[:, ::rows, ::columns]
        output = slow_rgb_network(path, view)[:, ::rows, ::columns]
        results.append(output.transpose(0, 2, 1) if transpose else output)
    ensemble, _ = Network("tiny", engine, ensemble=True).enlarge(low, height, width)
    np.testing.assert_allclose(ensemble, np.mean(results, axis=0), rtol=0, atol=1e-5)
    assert np.abs(ensemble - single).max() > 1e-3


def three_copies(path):
    """A ycbcr network that is three copies of a luminance network, block beside block."""
    config, single = load_weights(path)
    tensors = {}
    for name, own in single.items():
        if name.endswith("bias"):
            tensors[name] = np.tile(own, 3)
            continue
        out, inp = own.shape[:2]
        tensors[name] = np.zeros((3 * out, 3 * inp, *own.shape[2:]), np.float32)
        for block in range(3):
            rows = slice(block * out, (block + 1) * out)
            tensors[name][rows, block * inp : (block + 1) * inp] = own
    widths = tuple(3 * width for width in config.widths)
    colored = ModelConfig(filters=config.filters, widths=widths, color="ycbcr")
    return TorchEngine(colored, tensors, CPU)


@pytest.mark.parametrize("ensemble", [False, True])
def test_three_copies_of_a_luminance_network_give_its_luminance(tiny_weights, ensemble):
    path = tiny_weights()
    single = Network("one", TorchEngine(*load_weights(path), CPU), ensemble=ensemble)
    triple = Network("three", three_copies(path), ensemble=ensemble)
    low = random_low(3, 12, 10)
    luma = [[[65.481 / 255]], [[128.553 / 255]], [[24.966 / 255]]]
    outputs = [network.enlarge(low, 36, 30)[0] for network in (single, triple)]
    y = [(output * luma).sum(axis=0) + 16 / 255 for output in outputs]
    np.testing.assert_allclose(y[1], y[0], rtol=0, atol=1e-5)
    assert np.abs(outputs[1] - outputs[0]).max() > 0.01  # the chrominance is another
    grey = random_low(12, 10, seed=1)
    expected = single.enlarge(grey, 36, 30)[0]
    np.testing.assert_allclose(triple.enlarge(grey, 36, 30)[0], expected, rtol=0, atol=1e-5)


def test_color_networks_alone_want_color(engine, tiny_weights):
    assert not wants_color(Interpolation("bicubic"))
    assert not wants_color(Network("tiny", engine, ensemble=True))
    for color in ("rgb", "ycbcr"):
        path = tiny_weights(ModelConfig(**COLOR_NETWORK, color=color), name=f"{color}.safetensors")
        colored = TorchEngine(*load_weights(path), CPU)
        assert wants_color(Network("tiny", colored))


def test_the_ensemble_has_a_name_of_its_own(engine):
    assert Network("tiny", engine).name == "tiny"
    assert Network("tiny", engine, ensemble=True).name == "tiny+"
