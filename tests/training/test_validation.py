"""Validation while training gives the figures that `bench` would give for the same pictures."""

import statistics

import numpy as np
import pytest
import torch
from PIL import Image

from srcnn_cli.engines.torch_engine import TorchEngine
from srcnn_cli.evaluation.benchmark import measure
from srcnn_cli.evaluation.protocol import SRCNN
from srcnn_cli.evaluation.sources import Source, load
from srcnn_cli.methods.interpolation import Interpolation
from srcnn_cli.methods.network import Network
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.training.ranks import Ranks
from srcnn_cli.training.validation import Validator, overall

SCALES = (2, 3)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Two colour pictures, one of them larger than a tile, and a grey one."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    result = []
    for index, shape in enumerate([(151, 140, 3), (50, 61, 3), (49, 48)]):
        y, x = np.mgrid[: shape[0], : shape[1]]
        plane = 128 + 70 * np.sin(x / (3 + index)) * np.cos(y / 5) + 40 * np.sign(np.sin(x + y))
        pixels = plane.reshape(*plane.shape, *[1] * (len(shape) - 2)) + rng.normal(0, 20, shape)
        path = folder / f"{index}.png"
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)
        result.append(Source(path))
    return result


@pytest.fixture(scope="module")
def pairs(sources):
    return [load(source).pair(scale, SRCNN) for source in sources for scale in SCALES]


def make_engine(color):
    """A network that changes pictures by some grey levels."""
    config = ModelConfig("vdsr", (3, 1, 3), (5, 4), color, SCALES, "zero")
    rng = np.random.default_rng(1)
    tensors = {}
    for index, shape in enumerate(config.layer_shapes, start=1):
        tensors[f"conv{index}.weight"] = rng.normal(0, 0.3, shape).astype(np.float32)
        tensors[f"conv{index}.bias"] = np.zeros(shape[0], np.float32)
    return TorchEngine(config, tensors, torch.device("cpu"))


def benched(sources, method):
    """Mean PSNR for every scale, by `bench`."""
    result = []
    for scale in SCALES:
        records = measure(sources, [method], scale=scale, protocol=SRCNN, metrics=["psnr"])
        result.append(statistics.fmean(record.metrics["psnr"] for (record,) in records))
    return result


class Deaf(Ranks):
    """One of several processes, which hears nothing of the others."""

    def total(self, values):
        """Its own alone."""
        return values


@pytest.mark.parametrize("color", ["y", "rgb", "ycbcr"])
def test_a_network_has_the_psnr_that_bench_finds(sources, pairs, color):
    network = make_engine(color)
    validator = Validator(pairs, Ranks())
    assert validator.scales == [2, 3]
    expected = benched(sources, Network("tiny", network))
    assert validator.psnr(lambda _: network) == pytest.approx(expected, abs=1e-4)
    assert expected[0] != pytest.approx(expected[1], abs=0.05)


@pytest.mark.parametrize("color", ["y", "rgb"])
def test_bicubic_has_the_psnr_that_bench_finds(sources, pairs, color):
    expected = benched(sources, Interpolation("bicubic"))
    assert Validator(pairs, Ranks()).bicubic == pytest.approx(expected, abs=1e-4)


def test_scales_come_in_rising_order_whatever_that_of_the_pairs(pairs):
    network = make_engine("y")
    one, other = Validator(pairs, Ranks()), Validator(pairs[::-1], Ranks())
    assert other.scales == [2, 3]
    assert other.psnr(lambda _: network) == pytest.approx(one.psnr(lambda _: network))


def test_a_scale_counts_the_pictures_that_it_has(pairs):
    network = make_engine("y")
    fewer = [pair for pair in pairs if pair.scale == 2] + pairs[1:2]
    both = Validator(pairs, Ranks()).psnr(lambda _: network)
    alone = Validator(pairs[1:2], Ranks()).psnr(lambda _: network)
    assert Validator(fewer, Ranks()).psnr(lambda _: network) == pytest.approx([both[0], *alone])


@pytest.mark.parametrize("world", [2, 3, 8])
def test_what_the_processes_find_in_their_shares_adds_up(pairs, world):
    network = make_engine("rgb")
    whole = Validator(pairs, Ranks())
    shares = [Validator(pairs, Deaf(rank, world)) for rank in range(world)]
    assert all(share.scales == whole.scales for share in shares)
    found = np.array([share.psnr(lambda _: network) for share in shares])
    np.testing.assert_allclose(found.sum(axis=0), whole.psnr(lambda _: network), rtol=1e-9)
    np.testing.assert_allclose(sum(np.array(s.bicubic) for s in shares), whole.bicubic, rtol=1e-9)
    assert (
        found.sum(axis=1) < sum(whole.psnr(lambda _: network)) - 1
    ).all()  # nobody does all the work


def test_the_figure_to_choose_by_is_the_mean_over_the_scales():
    assert overall([37.0, 33.0, 31.0]) == pytest.approx(33 + 2 / 3)
    assert overall([30.0]) == 30
