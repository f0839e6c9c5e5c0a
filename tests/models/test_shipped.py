"""The weights that ship: the figures they are listed with, and the papers' floors."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.engines.torch_engine import TorchEngine
from srcnn_cli.errors import ModelError
from srcnn_cli.evaluation.metrics import psnr
from srcnn_cli.evaluation.protocol import SRCNN, make_pair
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.imaging.color import ycbcr_from_rgb
from srcnn_cli.imaging.levels import CLEAN, LEVELS, Levels, compression_level
from srcnn_cli.imaging.resize import resize
from srcnn_cli.imaging.rounding import round_to_uint8
from srcnn_cli.methods.network import Network
from srcnn_cli.methods.selection import Candidates, method_of_file
from srcnn_cli.models.catalog import (
    check_integrity,
    chrominance_weights,
    find_model,
    photograph_weights,
    shipped_models,
    weights_folder,
)
from srcnn_cli.models.dictionaries import DictionaryConfig
from srcnn_cli.models.weights import file_sha256, load_weights, read_config
from srcnn_cli.pictures.folders import find_pictures
from srcnn_cli.pictures.reading import read_picture
from srcnn_cli.upscaling.upscaler import Upscaler

MODELS = {model.name: model for model in shipped_models()}
EVERY_SCALE = [(model.name, scale) for model in MODELS.values() for scale in model.scales]
# Set14 takes a large network a minute; `benchmarks/shipped.py` measures it.
QUICK = [
    (name, scale, test_set)
    for name, scale in EVERY_SCALE
    for test_set in ("Set5", "Set14")
    if test_set == "Set5" or MODELS[name].config.parameters < 100_000
]

# The networks of families that are called by what they are for.
NETWORKS = {
    "subpixel-s-x2": "subpixel-14x16",
    "subpixel-s-x3": "subpixel-10x32",
    "subpixel-s-x4": "subpixel-16x32",
    "subpixel-l-x2": "subpixel-8x64",
    "subpixel-l-x3": "subpixel-12x64",
    "subpixel-l-x4": "subpixel-20x64",
}

# Average PSNR in dB. 9-1-5: Dong et al., ECCV 2014, Tables 1 and 2; 9-5-5, the network of TPAMI
# 2016: as Kim et al., CVPR 2016, Table 3, quote it.
FLOORS = {
    ("srcnn-9-1-5", 2, "Set5"): 36.34,
    ("srcnn-9-1-5", 3, "Set5"): 32.39,
    ("srcnn-9-1-5", 4, "Set5"): 30.09,
    ("srcnn-9-1-5", 3, "Set14"): 29.00,
    ("srcnn-9-5-5", 2, "Set5"): 36.66,
    ("srcnn-9-5-5", 2, "Set14"): 32.42,
    ("srcnn-9-5-5", 3, "Set5"): 32.75,
    ("srcnn-9-5-5", 3, "Set14"): 29.28,
    ("srcnn-9-5-5", 4, "Set5"): 30.48,
    ("srcnn-9-5-5", 4, "Set14"): 27.49,
    # VDSR's, of Kim et al., CVPR 2016, Table 3.
    ("subpixel-s", 3, "Set5"): 33.66,
    ("subpixel-s", 3, "Set14"): 29.77,
    ("subpixel-s", 4, "Set5"): 31.35,
    ("subpixel-s", 4, "Set14"): 28.01,
    ("subpixel-l", 2, "Set5"): 37.53,
    ("subpixel-l", 2, "Set14"): 33.03,
    ("subpixel-l", 3, "Set5"): 33.66,
    ("subpixel-l", 3, "Set14"): 29.77,
    ("subpixel-l", 4, "Set5"): 31.35,
    ("subpixel-l", 4, "Set14"): 28.01,
    # Near those of Timofte et al., which Kim et al. quote: 36.54, 32.58 and 30.28.
    ("a-plus", 2, "Set5"): 36.40,
    ("a-plus", 3, "Set5"): 32.45,
    ("a-plus", 4, "Set5"): 30.15,
    # Dong et al., ECCV 2014, Table 1: 31.92.
    ("anr", 3, "Set5"): 31.77,
}


@pytest.fixture(scope="module")
def outputs(shared_data):
    """``outputs(model, scale, set)``: the pairs of a test set and the model's results."""
    cache = {}

    def run(name, scale, test_set):
        if (name, scale, test_set) not in cache:
            path = find_model(name)[scale]
            if isinstance(read_config(path), DictionaryConfig):
                method = method_of_file(name, path, "cpu")
            else:
                method = Network(name, TorchEngine(*load_weights(path), torch.device("cpu")))
            files, _ = find_pictures(shared_data / test_set, recursive=False)
            pairs = [make_pair(read_picture(path).pixels, scale) for path in files]
            results = [method.enlarge(pair.low, *pair.truth.shape)[0] for pair in pairs]
            cache[name, scale, test_set] = list(zip(pairs, results, strict=True))
        return cache[name, scale, test_set]

    return run


def mean_psnr(both):
    return np.mean([pair.psnr(result) for pair, result in both])


@pytest.mark.data
@pytest.mark.parametrize(("family", "scale", "test_set"), FLOORS)
def test_the_papers_figures_are_reached(outputs, family, scale, test_set):
    name = find_model(family)[scale].stem
    assert mean_psnr(outputs(name, scale, test_set)) >= FLOORS[family, scale, test_set]


@pytest.mark.data
@pytest.mark.parametrize(("name", "scale", "test_set"), QUICK)
def test_the_listed_figures_are_measured_again(outputs, name, scale, test_set):
    both, listed = outputs(name, scale, test_set), MODELS[name].figures[scale]
    assert mean_psnr(both) == pytest.approx(listed.psnr[test_set], abs=0.01)
    ssim = np.mean([pair.ssim(result) for pair, result in both])
    assert ssim == pytest.approx(listed.ssim[test_set], abs=0.001)


@pytest.mark.data
def test_the_border_of_the_result_is_at_least_as_good_as_bicubic(outputs):
    def frame(pair, plane):
        outside = np.ones(pair.truth.shape, bool)
        outside[8:-8, 8:-8] = False
        return psnr(round_to_uint8(plane)[outside], pair.truth[outside])

    both = outputs("srcnn-9-1-5", 3, "Set14")
    bicubic = np.mean([frame(pair, pair.interpolated) for pair, _ in both])
    assert bicubic == pytest.approx(28.71, abs=0.01)
    assert np.mean([frame(pair, result) for pair, result in both]) >= bicubic


def test_every_listed_file_is_intact_and_for_its_scales():
    for model in MODELS.values():
        check_integrity(model.path)
        assert model.config.scales == model.scales
        assert model.config.name == NETWORKS.get(model.name, model.family)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("test_set", ["Set5", "Set14"])
def test_the_larger_network_is_the_better_one(scale, test_set):
    files = [find_model(name)[scale] for name in ("srcnn-9-1-5", "srcnn-9-5-5", "vdsr-20")]
    psnr_of = [MODELS[path.stem].figures[scale].psnr[test_set] for path in files]
    assert psnr_of == sorted(psnr_of)


def test_every_weights_file_in_the_folder_is_listed():
    files = {path.name for path in weights_folder().glob("*.safetensors")}
    listed = {model.path.name for model in MODELS.values()}
    restoring = {weights.path.name for weights in photograph_weights()}
    assert files == listed | restoring | {chrominance_weights().name}


@pytest.mark.parametrize("weights", photograph_weights(), ids=lambda weights: weights.path.stem)
def test_weights_for_damaged_pictures_are_whole_listed_and_found(weights):
    check_integrity(weights.path)
    config, _ = load_weights(weights.path)
    assert config.scales == (weights.scale,)
    assert config.levels == LEVELS
    assert find_model(f"{weights.family}-photo")[weights.scale] == weights.path
    card = (weights_folder() / "README.md").read_text(encoding="utf-8")
    assert weights.path.name in card
    assert weights.sha256 in card


def test_the_weights_for_colours_are_whole_and_listed():
    path = chrominance_weights()
    check_integrity(path)
    config, _ = load_weights(path)
    assert config.architecture == "chrominance"
    assert config.levels == LEVELS
    card = (weights_folder() / "README.md").read_text(encoding="utf-8")
    assert path.name in card
    assert file_sha256(path) in card


@pytest.mark.parametrize("model", ["subpixel-s", "subpixel-l"])
@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize("text", ["jpeg:30", "jpeg:60", "noise:8+jpeg:90"])
def test_colours_of_damaged_pictures_are_put_right(model, scale, text):
    """A drawing of our own, its colours ending where its luminance does."""
    y, x = np.mgrid[:144, :144]
    inside = np.tanh(np.sin((x + 2 * y) / 19) * 6)[..., None]
    drawing = 125 + 55 * inside * [1, -0.7, 0.2] + 15 * np.sin(x / 41 - y / 29)[..., None]
    pair = make_pair(
        drawing.astype(np.uint8), scale, SRCNN.changed(color="rgb", degrade=parse_chain(text))
    )
    method = Candidates(model).method(scale, "cpu", pair.levels)
    restored, _ = method.enlarge(pair.low, 144, 144)
    true, found = ycbcr_from_rgb(pair.truth / 255)[1:], ycbcr_from_rgb(restored)[1:]
    interpolated = resize(ycbcr_from_rgb(pair.low)[1:], 144, 144)
    # What is lost by the reduction itself is no damage: the larger the scale, the more it is.
    share = {1: 0.6, 2: 0.7, 3: 0.8, 4: 0.85}[scale]
    assert np.mean((found - true) ** 2) < share * np.mean((interpolated - true) ** 2)


def test_a_flat_colour_stays_flat_to_the_border():
    method = Candidates("subpixel-s").method(2, "cpu", Levels(compression_level(50)))
    for color in ((0.5, 0.5, 0.5), (0.9, 0.2, 0.1), (0.1, 0.3, 0.9), (0.2, 0.9, 0.3), (0, 0, 0)):
        flat = np.broadcast_to(np.float32(color)[:, None, None], (3, 40, 50))
        enlarged, _ = method.enlarge(flat, 80, 100)
        before, after = ycbcr_from_rgb(flat)[1:, :1, :1], ycbcr_from_rgb(enlarged)[1:]
        assert np.abs(after - before).max() < 1 / 255


def test_colours_of_clean_pictures_are_enlarged_as_they_are():
    low = np.random.default_rng(0).random((3, 30, 34)).astype(np.float32)
    for levels in (CLEAN, CLEAN._replace(softness=0.6), CLEAN._replace(aliasing=1.0)):
        enlarged, _ = Candidates("subpixel-s").method(2, "cpu", levels).enlarge(low, 60, 68)
        expected = resize(ycbcr_from_rgb(low)[1:], 60, 68)
        np.testing.assert_allclose(ycbcr_from_rgb(enlarged)[1:], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("weights", photograph_weights(), ids=lambda weights: weights.path.stem)
def test_damage_is_made_good_by_the_shipped_weights(weights):
    """A drawing of our own: smooth shades with edges, the worst case for JPEG."""
    y, x = np.mgrid[:240, :240]
    drawing = 120 + 70 * np.tanh(np.sin((x + 2 * y) / 19) * 6) + 30 * np.sin(x / 41 - y / 29)
    chain = parse_chain("jpeg:30")
    pair = make_pair(drawing.astype(np.uint8), weights.scale, SRCNN.changed(degrade=chain))
    candidates = Candidates(f"{weights.family}-photo")
    restored, _ = candidates.method(weights.scale, "cpu", pair.levels).enlarge(pair.low, 240, 240)
    assert pair.psnr(restored) > pair.psnr(pair.interpolated) + 1


def test_the_model_card_holds_each_file_with_its_checksum_and_figures():
    card = (weights_folder() / "README.md").read_text(encoding="utf-8")
    for model in MODELS.values():
        assert model.path.name in card
        assert model.sha256 in card
        for figures in model.figures.values():
            for value in figures.psnr.values():
                assert f"{value:.2f}" in card


def test_a_family_stands_for_its_scales_and_a_name_for_one():
    assert set(find_model("srcnn-9-1-5")) == {2, 3, 4}
    assert set(find_model("srcnn-9-1-5-x3")) == {3}


def test_a_shipped_file_that_was_changed_is_refused(monkeypatch, tmp_path):
    real = MODELS["srcnn-9-1-5-x3"]
    changed = tmp_path / real.path.name
    changed.write_bytes(real.path.read_bytes()[:-4] + b"\0\0\0\0")
    forged = type(real)(**{**vars(real), "path": changed})
    monkeypatch.setattr("srcnn_cli.models.catalog.shipped_models", lambda: (forged,))
    with pytest.raises(ModelError, match="checksum"):
        check_integrity(changed)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_sharp_edges_come_out_sharper_than_bicubic(scale):
    y, x = np.mgrid[0:96, 0:96]
    truth = np.where((x - 48) ** 2 + (y - 48) ** 2 < 900, 200, 60).astype(np.uint8)
    pair = make_pair(truth, scale)
    config, tensors = load_weights(find_model("srcnn-9-1-5")[scale])
    engine = TorchEngine(config, tensors, torch.device("cpu"))
    assert pair.psnr(run_plane(engine, pair.interpolated[None], 64)[0]) > 1 + pair.psnr(
        pair.interpolated
    )


def test_a_flat_picture_stays_nearly_flat_up_to_its_border():
    grey = np.full((30, 40, 3), 120, np.uint8)
    result = Upscaler().upscale(grey, 3).astype(int)
    assert np.abs(result - 120).max() <= 3


def test_24_megapixels_take_less_than_1500_mb(tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (1000, 1500, 3), np.uint8)).save(tmp_path / "in.png")
    command = [sys.executable, "-m", "srcnn_cli", "upscale", str(tmp_path / "in.png")]
    command += ["--scale", "4", "--output", str(tmp_path / "out.png"), "--json", "-d", "cpu"]
    done = subprocess.run(command, capture_output=True, check=True, env=os.environ)
    record = json.loads(done.stdout)
    assert record["output_size"] == [6000, 4000]
    assert record["peak_memory_mb"] < 1500
