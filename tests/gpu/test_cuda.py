"""What must hold on an NVIDIA GPU; skipped where there is none."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from random_weights import random_tensors
from sample_pictures import opened, smooth
from srcnn_cli.engines.onnx_engine import OnnxEngine
from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.engines.torch_engine import TorchEngine
from srcnn_cli.evaluation.protocol import make_pair
from srcnn_cli.imaging.planes import luminance_uint8
from srcnn_cli.models.catalog import shipped_models
from srcnn_cli.models.config import BORDER_POLICIES, ModelConfig
from srcnn_cli.models.weights import load_weights
from srcnn_cli.pictures.reading import read_8bit
from srcnn_cli.training.checkpoints import load_checkpoint
from srcnn_cli.training.matching import degradation, patch_spec
from srcnn_cli.training.patches import PatchSampler
from srcnn_cli.training.ranks import Ranks
from srcnn_cli.training.schedule import Schedule
from srcnn_cli.training.trainer import Trainer
from srcnn_cli.training.validation import Validator
from srcnn_cli.upscaling.upscaler import Upscaler

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that torch's CUDA finds"),
]

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "cat.png"
NETWORKS = [model for model in shipped_models() if isinstance(model.config, ModelConfig)]
CUDA, CPU = torch.device("cuda"), torch.device("cpu")
CONFIGS = [
    ModelConfig("srcnn", (9, 1, 5), (16, 8), mean=0.5),
    ModelConfig("srcnn", (5, 3, 3), (8, 8), color="ycbcr"),
    ModelConfig("vdsr", (3,) * 6, (8,) * 5),
    ModelConfig("espcn", (5, 3, 3), (16, 8), scales=(2,)),
    ModelConfig("fsrcnn", (5, 1, 3, 1, 3), (16, 8, 8, 16)),
    ModelConfig("subpixel", (3,) * 5, (16,) * 4, scales=(4,)),
]
# Sums in another order, and the transforms by which convolutions are made fast, relative to the
# largest value: a fortieth of a level where white is that.
ROUNDING = 1e-4
SUBPIXEL = ModelConfig("subpixel", (3,) * 4, (16,) * 3, border="normalize")
SCHEDULE = Schedule(
    steps=90,
    batch=4,
    patch=16,
    rate=2e-3,
    warmup=2,
    interval=30,
    average=0.9,
    border_share=1.0,
    loss="mse",
    seed=7,
)


@pytest.fixture
def full_float32(monkeypatch):
    """Convolutions in float32 to the last bit; by default torch lets a GPU compute in TF32."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def waves(channels=1, height=90, width=103):
    y, x = np.mgrid[:height, :width]
    plane = 0.5 + 0.3 * np.sin(x / 4) + 0.2 * np.cos(x * y / 300)
    return np.repeat(plane[None].astype(np.float32), channels, axis=0)


def pictures(count):
    """Smooth shapes with hard edges: something that can be learned; (H, W) uint8."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:48, 0:54]
    for _ in range(count):
        a, b, c, d = rng.uniform(-0.5, 0.5, 4)
        shapes = np.sin(a * x + b * y) + np.sign(np.sin(c * x + d * y))
        yield np.clip(128 + 50 * shapes, 0, 255).astype(np.uint8)


@pytest.fixture
def make_trainer(tmp_path):
    def make(config, schedule, device):
        held, *others = pictures(5)
        (scale,) = config.scales
        examples = [degradation(config, schedule).example(p, scale) for p in others]
        patches = PatchSampler(examples, patch_spec(config, schedule), device)
        validator = Validator([make_pair(held, scale)], Ranks())
        return Trainer(config, schedule, patches, validator, tmp_path, device, {})

    return make


@pytest.mark.parametrize("border", BORDER_POLICIES)
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_every_family_gives_the_cpus_result_in_float32(full_float32, config, border):
    config = replace(config, border=border)
    tensors, planes = random_tensors(config), waves(config.channels)
    exact = run_plane(OnnxEngine(config, tensors), planes, 64)
    result = run_plane(TorchEngine(config, tensors, CUDA), planes, 64)
    np.testing.assert_allclose(result, exact, rtol=0, atol=ROUNDING * np.abs(exact).max())


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_tiles_fit_together(full_float32, config):
    config = replace(config, border="normalize")
    engine = TorchEngine(config, random_tensors(config), CUDA)
    planes = waves(config.channels)
    whole = run_plane(engine, planes, 1000)
    atol = ROUNDING * np.abs(whole).max()
    for tile in (17, 40, 64):
        np.testing.assert_allclose(run_plane(engine, planes, tile), whole, rtol=0, atol=atol)


@pytest.mark.parametrize("model", NETWORKS, ids=lambda model: model.name)
def test_shipped_weights_give_the_cpus_picture(model):
    config, tensors = load_weights(model.path)
    pair = make_pair(luminance_uint8(read_8bit(EXAMPLE))[:192, :192], config.scales[0])
    planes = (pair.interpolated if config.interpolated else pair.low.astype(np.float32))[None]
    exact = run_plane(OnnxEngine(config, tensors), planes, 64)

    def error(precision):
        engine = TorchEngine(config, tensors, CUDA, precision=precision)
        result = run_plane(engine, planes, engine.best_tile(*planes.shape[-2:]))
        return 255 * np.abs(result - exact)

    usual, low = error("float32"), error("bfloat16")
    assert usual.max() < 1  # TF32, where the GPU has it
    assert np.sqrt(np.mean(usual**2)) < 0.1
    assert low.max() < 5
    assert np.sqrt(np.mean(low**2)) < 0.5


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_training_lowers_the_loss_and_beats_bicubic(make_trainer, precision):
    trainer = make_trainer(SUBPIXEL, replace(SCHEDULE, precision=precision), CUDA)
    progress = list(trainer.run(lambda: False))
    assert [p.step for p in progress] == [30, 60, 90]
    assert progress[-1].loss < progress[0].loss
    assert progress[-1].psnr > trainer._validator.bicubic[0] + 0.05
    assert all(parameter.is_cuda for parameter in trainer._parameters)


@pytest.mark.parametrize("optimizer", ["muon", "adam", "sgd"])
def test_a_run_of_the_cpu_goes_on_upon_the_gpu(make_trainer, tmp_path, optimizer):
    schedule = replace(SCHEDULE, steps=8, interval=4, optimizer=optimizer)
    first = make_trainer(SUBPIXEL, schedule, CPU)
    next(first.run(lambda: first.step >= 4))
    second, reference = (
        make_trainer(SUBPIXEL, schedule, CUDA),
        make_trainer(SUBPIXEL, schedule, CPU),
    )
    second.restore(load_checkpoint(tmp_path))
    reference.restore(load_checkpoint(tmp_path))
    (there,), (here,) = (list(trainer.run(lambda: False)) for trainer in (second, reference))
    assert (there.step, second._network.conv1.weight.is_cuda) == (8, True)
    assert there.loss == pytest.approx(here.loss, rel=0.02)
    assert there.psnr == pytest.approx(here.psnr, abs=0.05)


def test_bench_measures_the_same_as_on_the_cpu(srcnn, tmp_path, tiny_weights):
    smooth(tmp_path / "set" / "a.png", (96, 84))
    for config in (ModelConfig(), SUBPIXEL):
        path = tiny_weights(config, name=f"{config.name}.safetensors")
        averages = []
        for device in ("cuda", "cpu"):
            code, out, _ = srcnn(
                "bench", tmp_path / "set", "-m", path, "-d", device, "--format", "json"
            )
            assert code == 0
            averages.append([own["psnr"] for own in json.loads(out)["averages"]])
        assert averages[0] == pytest.approx(averages[1], abs=0.02)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_upscale_writes_the_cpus_picture(srcnn, tmp_path, precision):
    source = smooth(tmp_path / "in.png", (67, 81))
    results = []
    for device, own in (("cuda", precision), ("cpu", "float32")):
        target = tmp_path / f"{len(results)}.png"
        code, _, _ = srcnn(
            "upscale", source, "-s", "3", "-o", target, "-d", device, "--precision", own
        )
        assert code == 0
        results.append(np.asarray(opened(target)).astype(int))
    assert np.abs(results[0] - results[1]).max() <= (1 if precision == "float32" else 3)


def test_where_memory_is_short_smaller_tiles_do_it():
    pixels = np.random.default_rng(0).integers(0, 256, (700, 700), np.uint8)
    total = torch.cuda.get_device_properties(CUDA).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(256e6 / total)
    try:
        result = Upscaler("srcnn-9-1-5", device="cuda", tile=2048).upscale_pixels(pixels, 3)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert result.tile < 2048
    assert any("memory ran short" in note for note in result.notes)
    exact = Upscaler("srcnn-9-1-5", device="cpu").upscale_pixels(pixels, 3).pixels
    assert np.abs(result.pixels.astype(int) - exact).max() <= 1
