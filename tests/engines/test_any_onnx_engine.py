"""ONNX files of any origin: what they take is found out, and they run in tiles."""

import io
import sys
import warnings
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from srcnn_cli import Upscaler
from srcnn_cli.engines.any_onnx_engine import AnyOnnxEngine
from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.errors import ModelError, UsageError
from srcnn_cli.imaging.resize import resize
from srcnn_cli.methods.network import Network
from srcnn_cli.methods.selection import Candidates

pytest.importorskip("onnx")


class Enlarger(nn.Module):
    """Nearest neighbours and what a few layers of 3x3 make of the picture."""

    def __init__(self, channels=1, factor=2, padding=1, divide=1):
        super().__init__()
        torch.manual_seed(0)
        self.factor, self.divide, self.margin = factor, divide, 0 if padding else 3
        last = channels * factor**2
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 8, 3, padding=padding),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, padding=padding),
            nn.ReLU(),
            nn.Conv2d(8, last, 3, padding=padding),
            nn.PixelShuffle(factor),
        )

    def forward(self, planes):  # noqa: D102
        if self.divide > 1:  # as networks do that compute on a quarter of the pixels
            apart = functional.pixel_unshuffle(planes, self.divide)
            planes = functional.pixel_shuffle(apart, self.divide)
        inner = planes
        if self.margin:
            inner = planes[:, :, self.margin : -self.margin, self.margin : -self.margin]
        base = functional.interpolate(inner, scale_factor=self.factor, mode="nearest")
        return base + 0.3 * self.layers(planes)


class Within(nn.Module):
    """The same for values in another range."""

    def __init__(self, inner, gain):
        super().__init__()
        self.inner, self.gain = inner, gain

    def forward(self, values):  # noqa: D102
        return self.inner(values / self.gain) * self.gain


class Negative(nn.Module):
    """Makes something else of a picture."""

    def forward(self, planes):  # noqa: D102
        return 1 - planes


class ChannelsLast(nn.Module):
    """The same for pictures whose planes are the last axis."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, values):  # noqa: D102
        return self.inner(values.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


def exported(path, module, shape=(1, 1, 32, 32), free=(2, 3)):
    axes = {axis: f"axis {axis}" for axis in free}
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(), (torch.rand(shape),), file, dynamo=False, opset_version=17,
            input_names=["in"], output_names=["out"],
            dynamic_axes={"in": axes, "out": dict(axes)} if free else None,
        )  # fmt: skip
    path.write_bytes(file.getvalue())
    return path


def expected(module, planes):
    with torch.inference_mode():
        return module(torch.from_numpy(planes[None]))[0].numpy()


def planes_of(height, width, channels=1, seed=0):
    return np.random.default_rng(seed).random((channels, height, width)).astype(np.float32)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "any.onnx"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_factor_planes_and_reach_are_found(path, channels, factor):
    module = Enlarger(channels, factor)
    engine = AnyOnnxEngine(exported(path, module, (1, channels, 32, 32)))
    assert (engine.config.factor, engine.config.color) == (factor, "y" if channels == 1 else "rgb")
    assert engine.config.interpolated == (factor == 1)
    assert 3 <= engine.config.receptive_radius <= 4
    planes = planes_of(37, 29, channels)
    whole = expected(module, planes)
    for tile in (9, 16, 100):
        np.testing.assert_allclose(run_plane(engine, planes, tile), whole, rtol=0, atol=1e-5)


def test_networks_for_8_bit_levels_are_found(path):
    module = Enlarger()
    engine = AnyOnnxEngine(exported(path, Within(module, 255)))
    planes = planes_of(20, 24)
    result = run_plane(engine, planes, 12)
    np.testing.assert_allclose(result, expected(module, planes), rtol=0, atol=1e-4)


def test_networks_that_give_less_than_they_take_get_a_continued_picture(path):
    module = Enlarger(padding=0)
    engine = AnyOnnxEngine(exported(path, module))
    planes = planes_of(30, 41)
    continued = np.pad(planes, ((0, 0), (3, 3), (3, 3)), "edge")
    for tile in (8, 64):
        result = run_plane(engine, planes, tile)
        np.testing.assert_allclose(result, expected(module, continued), rtol=0, atol=1e-5)


def test_sides_are_continued_to_what_they_must_be_divided_by(path):
    module = Enlarger(divide=4)
    engine = AnyOnnxEngine(exported(path, module))
    planes = planes_of(30, 41)
    result = run_plane(engine, planes, 64)
    plain = expected(Enlarger(), planes)
    assert result.shape == (1, 60, 82)
    np.testing.assert_allclose(result[:, :-8, :-8], plain[:, :-8, :-8], rtol=0, atol=1e-5)


def test_files_for_one_size_run_in_tiles_of_that_size(path):
    module = Enlarger()
    engine = AnyOnnxEngine(exported(path, module, free=()))
    planes = planes_of(70, 41)
    assert 20 <= engine.best_tile(70, 41) <= 26
    result = run_plane(engine, planes, engine.best_tile(70, 41))
    inner = (slice(None), slice(8, -8), slice(8, -8))
    np.testing.assert_allclose(result[inner], expected(module, planes)[inner], rtol=0, atol=1e-5)
    with pytest.raises(ModelError, match="leave --tile"):
        run_plane(engine, planes, 60)


def test_planes_may_be_the_last_axis(path):
    module = Enlarger(3)
    shape = (1, 32, 32, 3)
    engine = AnyOnnxEngine(exported(path, ChannelsLast(module), shape, free=(1, 2)))
    planes = planes_of(20, 24, 3)
    result = run_plane(engine, planes, 12)
    np.testing.assert_allclose(result, expected(module, planes), rtol=0, atol=1e-5)


def test_an_overlap_that_is_given_is_not_measured(path):
    engine = AnyOnnxEngine(exported(path, Enlarger()), overlap=7)
    assert engine.config.receptive_radius == 7


@pytest.mark.parametrize(
    ("module", "shape", "words"),
    [
        (nn.Conv2d(1, 2, 3, padding=1), (1, 1, 32, 32), "2 planes of 1"),
        (nn.Conv2d(5, 5, 3), (1, 5, 32, 32), "takes 5 planes"),
        (nn.Sequential(nn.Flatten(), nn.LazyLinear(10)), (1, 3, 32, 32), "gives no picture"),
        (nn.MaxPool2d(2), (1, 1, 32, 32), "whole factor"),
        (Negative(), (1, 1, 32, 32), "flat grey"),
    ],
)
def test_other_networks_are_refused_with_the_reason(path, module, shape, words):
    free = (2, 3) if "picture" not in words else ()
    if isinstance(module, nn.Sequential):
        module(torch.rand(shape))
    with pytest.raises(ModelError, match=words):
        AnyOnnxEngine(exported(path, module, shape, free))


@pytest.mark.parametrize("content", [b"", b"no model at all", bytes(200)])
def test_what_is_no_model_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"any\.onnx"):
        AnyOnnxEngine(path)
    with pytest.raises(ModelError, match="no such file"):
        AnyOnnxEngine(path.with_name("none.onnx"))


@pytest.mark.parametrize("option", [{"border": "zero"}, {"precision": "bfloat16"}])
def test_options_of_our_own_networks_are_refused(path, option):
    exported(path, Enlarger())
    with pytest.raises(UsageError, match="ONNX"):
        Candidates(str(path), **option).method(2, "cpu")


def test_a_network_that_keeps_the_size_gets_the_enlarged_picture(path):
    module = Enlarger(factor=1)
    engine = AnyOnnxEngine(exported(path, module))
    planes = planes_of(12, 15)
    result, _ = Network("any", engine).enlarge(planes[0], 30, 41)
    large = expected(module, resize(planes, 30, 41))
    np.testing.assert_allclose(result, large[0], rtol=0, atol=1e-5)


def public_networks():
    """Networks of other projects, as spandrel has them, with weights of no training.

    They add little to the picture's nearest neighbours, as untrained weights make anything.
    """
    name = "torchvision._meta_registrations"
    sys.modules.setdefault(name, ModuleType(name))  # torchvision may be of another build than torch
    pytest.importorskip("spandrel")
    from spandrel.architectures.Compact import Compact
    from spandrel.architectures.ESRGAN import ESRGAN
    from spandrel.architectures.PLKSR import PLKSR
    from spandrel.architectures.SwinIR import SwinIR

    torch.manual_seed(0)
    return {
        "Real-ESRGAN's compact": (Compact(num_feat=16, num_conv=3, upscale=4), 4),
        "ESRGAN": (ESRGAN(num_filters=8, num_blocks=1, scale=4), 4),
        "PLKSR": (PLKSR(dim=16, n_blocks=1, upscaling_factor=3, kernel_size=9), 3),
        "SwinIR": (
            SwinIR(
                img_size=16, window_size=8, depths=[2], embed_dim=12, num_heads=[2], mlp_ratio=2,
                upscale=2, upsampler="pixelshuffledirect",
            ),
            2,
        ),
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of those projects' code
def test_public_networks_enlarge_pictures(path):
    class Little(nn.Module):
        def __init__(self, inner, factor):
            super().__init__()
            self.inner, self.factor = inner, factor

        def forward(self, planes):
            base = functional.interpolate(planes, scale_factor=self.factor, mode="nearest")
            return base + 0.02 * self.inner(planes)

    y, x = np.mgrid[:64, :80]
    pixels = np.stack([x * 3, y * 4, (x * y) % 256], axis=-1).astype(np.uint8)
    planes = np.moveaxis(pixels, -1, 0).astype(np.float32) / 255
    for network, factor in public_networks().values():
        module = Little(network, factor).eval()
        upscaler = Upscaler(exported(path, module, (1, 3, 32, 32)))
        assert upscaler.scales == (factor,)
        result = np.moveaxis(upscaler.upscale(pixels, factor), -1, 0).astype(int)
        whole = np.floor(expected(module, planes).clip(0, 1) * 255 + 0.5).astype(int)
        assert abs(result - whole).max() <= 1
        in_tiles = Upscaler(path, tile=40 * factor).upscale(pixels, factor)
        assert abs(np.moveaxis(in_tiles, -1, 0).astype(int) - whole).max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
def test_upscale_bench_and_compare_take_the_file(srcnn, work, channels):
    exported(work / "any.onnx", Enlarger(channels), (1, channels, 32, 32))
    (work / "set").mkdir()
    y, x = np.mgrid[:60, :80]
    pixels = np.stack([x * 3, y * 4, (x * y) % 256], axis=-1).astype(np.uint8)
    Image.fromarray(pixels).save(work / "set" / "photo.png")
    code, out, err = srcnn("upscale", "set/photo.png", "-s", 3, "-m", "any.onnx", "-o", "x.png")
    assert (code, err) == (0, "")
    with Image.open("x.png") as image:
        assert image.size == (240, 180)
    code, out, _ = srcnn("bench", "set", "-s", 2, "-m", "any.onnx", "-f", "csv")
    assert code == 0
    assert "any" in out
    code, _, err = srcnn("bench", "set", "-s", 3, "-m", "any.onnx")
    assert (code, "×2" in err) == (5, True)
    assert srcnn("compare", "set/photo.png", "-s", 2, "-m", "any.onnx", "-o", "x.html")[0] == 0
    assert "any" in (work / "x.html").read_text()
