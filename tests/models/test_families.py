"""A family of networks that lives here alone goes all the way, and so do those of the registry."""

import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from random_weights import random_tensors
from srcnn_cli.cli import main
from srcnn_cli.engines.onnx_engine import OnnxEngine
from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.engines.torch_engine import TorchEngine
from srcnn_cli.errors import ModelError
from srcnn_cli.evaluation.protocol import make_pair
from srcnn_cli.imaging.regions import INTERIOR, WHOLE
from srcnn_cli.imaging.resize import resize
from srcnn_cli.methods.network import Network
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks.base import Family
from srcnn_cli.models.networks.registry import FAMILIES
from srcnn_cli.models.networks.torch_network import PlaneNetwork
from srcnn_cli.models.weights import load_weights, save_weights
from srcnn_cli.training.matching import degradation, patch_spec
from srcnn_cli.training.patches import PatchSampler
from srcnn_cli.training.ranks import Ranks
from srcnn_cli.training.schedule import Schedule
from srcnn_cli.training.trainer import Trainer
from srcnn_cli.training.validation import Validator

CPU = torch.device("cpu")


class Guest(Family):
    """3×3 on the low-resolution grid, and a shuffle."""

    name = "guest"
    grid = "low-resolution"
    residual = True
    activation = "prelu"
    border = "normalize"


@pytest.fixture(autouse=True)
def guest(monkeypatch):
    monkeypatch.setitem(FAMILIES, "guest", Guest())


def guest_config(**values):
    return ModelConfig("guest", (3, 3, 3), (6, 5), border="normalize", mean=0.5, **values)


def of_the_registry(name, scale, border):
    family = FAMILIES[name]
    filters, widths = family.hyperparameters(scale=scale)
    scales = family.scales or (scale,)
    return ModelConfig(name, filters, widths, family.color, scales, border=border, mean=0.25)


def low(height=19, width=26, channels=1, seed=0):
    return np.random.default_rng(seed).random((channels, height, width)).astype(np.float32)


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "guest.safetensors"
    tensors = random_tensors(guest_config())
    save_weights(path, guest_config(), {k: v * np.float32(0.3) for k, v in tensors.items()})
    return path


@pytest.fixture
def picture(tmp_path):
    y, x = np.mgrid[:45, :60]
    red = 127 + 60 * np.sign(np.sin(x / 2.5) * np.cos(y / 3)) + 30 * np.sin(x * y / 90)
    pixels = np.stack([red, red[::-1], 255 - red], axis=-1).clip(0, 255).astype(np.uint8)
    path = tmp_path / "set" / "in.png"
    path.parent.mkdir()
    Image.fromarray(pixels).save(path)
    return path


def test_its_weights_file_gives_back_what_was_saved(weights):
    config, tensors = load_weights(weights)
    assert config == guest_config()
    assert set(tensors) == {f"conv{i}.{kind}" for i in (1, 2, 3) for kind in ("weight", "bias")} | {
        "conv1.slope",
        "conv2.slope",
    }
    assert tensors["conv3.weight"].shape == (9, 5, 3, 3)


@pytest.mark.parametrize("edges", [WHOLE, INTERIOR])
def test_both_engines_run_it(weights, edges):
    config, tensors = load_weights(weights)
    one, other = (
        make(config, tensors, *more).run(low(), edges)
        for make, more in ((OnnxEngine, ()), (TorchEngine, (CPU,)))
    )
    lost = 0 if edges == WHOLE else 2 * 3
    assert one.shape == (1, 3 * (19 - lost), 3 * (26 - lost))
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["espcn", "fsrcnn", "subpixel"])
@pytest.mark.parametrize("border", ["normalize", "replicate", "zero"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_both_engines_and_all_tiles_give_the_whole_picture(name, border, scale):
    config = of_the_registry(name, scale, border)
    tensors = random_tensors(config)
    planes = low(31, 23)
    whole = OnnxEngine(config, tensors).run(planes, WHOLE)
    assert whole.shape == (1, 31 * scale, 23 * scale)
    for engine in (OnnxEngine(config, tensors), TorchEngine(config, tensors, CPU)):
        for tile in (7, 16, 40):
            np.testing.assert_allclose(run_plane(engine, planes, tile), whole, rtol=0, atol=2e-5)


def test_the_shuffle_puts_sub_pixels_row_by_row():
    config = guest_config(scales=(2,))
    tensors = {k: np.zeros(s, np.float32) for k, s in config.tensor_shapes.items()}
    tensors["conv3.bias"][:] = 0, 0.1, 0.2, 0.3
    output = OnnxEngine(config, tensors).run(low(2, 2), WHOLE)
    row = [[0, 0.1, 0, 0.1], [0.2, 0.3, 0.2, 0.3]]
    np.testing.assert_allclose(output[0], row + row, atol=1e-6)


def test_a_network_that_computes_nothing_gives_the_bicubic_enlargement():
    config = guest_config()
    tensors = {k: np.zeros(s, np.float32) for k, s in config.tensor_shapes.items()}
    output, timing = Network("none", OnnxEngine(config, tensors)).enlarge(low()[0], 57, 78)
    np.testing.assert_allclose(output, resize(low(), 57, 78)[0], rtol=0, atol=1e-6)
    assert min(timing.prepare, timing.network) > 0


def test_another_size_is_that_of_the_next_larger_scale_reduced():
    config = guest_config()
    network = Network("guest", OnnxEngine(config, random_tensors(config)))
    own, _ = network.enlarge(low()[0], 57, 78)
    other, _ = network.enlarge(low()[0], 40, 51)
    np.testing.assert_allclose(other, resize(own[None], 40, 51)[0], rtol=0, atol=1e-5)


def test_it_upscales(weights, picture, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["upscale", str(picture), "-m", str(weights), "-o", str(tmp_path / "o.png"), "--json"])
    assert ended.value.code == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["output_size"], report["border"]) == ([180, 135], "normalize")
    with Image.open(tmp_path / "o.png") as image:
        assert image.size == (180, 135)


@pytest.mark.parametrize("scale", ["1.7", "2", "4", "6"])
def test_it_upscales_by_other_factors_too(weights, picture, tmp_path, scale):
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "upscale",
                str(picture),
                "-s",
                scale,
                "-m",
                str(weights),
                "-o",
                str(tmp_path / "o.png"),
            ]
        )
    assert ended.value.code == 0
    with Image.open(tmp_path / "o.png") as image:
        assert image.size == (round(60 * float(scale)), math.floor(45 * float(scale) + 0.5))


def test_it_is_benched(weights, picture, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["bench", str(picture.parent), "-m", str(weights), "-f", "json"])
    assert ended.value.code == 0
    methods = [row["method"] for row in json.loads(capsys.readouterr().out)["averages"]]
    assert len(methods) == 2


def test_it_learns_to_be_better_than_bicubic(picture, tmp_path):
    config = guest_config()
    schedule = Schedule(
        steps=60, batch=8, patch=12, border_share=1.0, interval=60, warmup=1, optimizer="adam",
        rate=3e-3, average=0.0, initial="identity", loss="mse",
    )  # fmt: skip
    with Image.open(picture) as image:
        pixels = np.asarray(image)
    made = degradation(config, schedule).example(pixels, 3)
    assert made.source.shape == (1, 15, 20)
    assert made.truth.shape == (9, 15, 20)
    patches = PatchSampler([made], patch_spec(config, schedule), CPU)
    validator = Validator([make_pair(pixels, 3)], Ranks())
    trainer = Trainer(config, schedule, patches, validator, tmp_path, CPU, {})
    (progress,) = trainer.run(lambda: False)
    assert progress.psnr > validator.bicubic[0]


def test_what_is_learned_from_patches_is_the_truth_of_the_same_place(picture):
    """A turned patch and its truth still belong together: bicubic plus truth is the picture."""
    config, schedule = guest_config(scales=(2,)), Schedule(patch=9, border_share=1.0)
    with Image.open(picture) as image:
        grey = np.asarray(image.convert("L"))[:44]
    example = degradation(config, schedule).example(grey, 2)
    sampler = PatchSampler([example], patch_spec(config, schedule), CPU)
    source, truth = sampler.sample(64, torch.Generator().manual_seed(5))
    lowest = torch.from_numpy(example.source)[0]
    enlarged = (
        torch.from_numpy(grey / 255)
        - torch.pixel_shuffle(torch.from_numpy(example.truth).double(), 2)[0]
    )
    found = 0
    for patch, residual in zip(source[:, 0], truth, strict=True):
        detail = torch.pixel_shuffle(residual[None], 2)[0, 0]
        for turn in range(8):
            one = torch.rot90(lowest.flip(0) if turn & 4 else lowest, turn & 3)
            windows = one.unfold(0, 9, 1).unfold(1, 9, 1)
            places = (windows == patch).all(-1).all(-1).nonzero()
            if len(places) == 1:
                original = torch.from_numpy(grey / 255)
                turned = [
                    torch.rot90(p.flip(0) if turn & 4 else p, turn & 3)
                    for p in (original, enlarged)
                ]
                row, column = (2 * int(i) for i in places[0])
                cut = [p[row : row + 18, column : column + 18] for p in turned]
                torch.testing.assert_close(detail.double() + cut[1], cut[0], rtol=0, atol=1e-3)
                found += 1
                break
    assert found == 64


@pytest.mark.parametrize("name", list(FAMILIES))
def test_a_family_has_a_network_of_its_own(name):
    config = of_the_registry(name, 3, FAMILIES[name].border)
    network = PlaneNetwork(config)
    count = sum(parameter.numel() for parameter in network.parameters())
    assert config.parameters == count
    assert config.name.startswith(name)
    assert {n: tuple(p.shape) for n, p in network.named_parameters()} == config.tensor_shapes


def test_fsrcnn_has_the_size_of_its_paper():
    """12,464 weights at ×3 with the deconvolution's 9×9 (Dong et al., ECCV 2016, Table 2)."""
    config = of_the_registry("fsrcnn", 3, "zero")
    weights = sum(math.prod(shape) for shape in config.layer_shapes)
    assert weights == 25 * 56 + 56 * 12 + 4 * 9 * 12 * 12 + 12 * 56 + 81 * 56 == 12464
    assert config.name == "fsrcnn-56-12-4"


def test_espcn_has_the_layers_of_its_paper():
    config = of_the_registry("espcn", 3, "zero")
    assert config.layer_shapes == [(64, 1, 5, 5), (32, 64, 3, 3), (9, 32, 3, 3)]


@pytest.mark.parametrize("name", ["espcn", "fsrcnn", "subpixel", "guest"])
def test_a_network_on_the_low_resolution_has_one_scale(name):
    with pytest.raises(ModelError, match="one scale"):
        ModelConfig(name, (3, 3), (4,), scales=(2, 3))
