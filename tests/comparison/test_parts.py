"""Without a reference a part of a result is made alone, and is the same as in the whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from random_weights import random_tensors
from srcnn_cli.comparison.rendering import ResultsInParts
from srcnn_cli.engines.onnx_engine import OnnxEngine
from srcnn_cli.evaluation.sources import Source
from srcnn_cli.imaging.regions import Region
from srcnn_cli.methods.chrominance import Chrominance
from srcnn_cli.methods.interpolation import INTERPOLATIONS, Interpolation
from srcnn_cli.methods.network import Network
from srcnn_cli.models.config import ModelConfig

HEIGHT, WIDTH = 90, 120


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("parts") / "in.png"
    pixels = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return Source(path)


def network(config):
    """Random weights, small enough that the result is not clipped everywhere."""
    tensors = {name: value * np.float32(0.3) for name, value in random_tensors(config).items()}
    return Network(config.name, OnnxEngine(config, tensors))


def assert_the_part_is_that_of_the_whole(source, method, scale, region):
    redone = ResultsInParts(source, [method], scale)
    whole = Region(0, 0, redone.height, redone.width)
    (expected,) = redone.part(whole)
    (part,) = redone.part(region)
    expected = expected[region.top : region.bottom, region.left : region.right]
    assert part.shape == expected.shape
    # Sums in another order may round to the next level.
    assert np.abs(part.astype(int) - expected.astype(int)).max() <= 1
    assert np.mean(part != expected) < 0.001


def test_a_network_that_looks_62_pixels_far_is_given_them(source):
    config = ModelConfig(filters=(63, 63), widths=(2,), scales=(2,))
    region = Region(80, 100, 110, 140)
    assert_the_part_is_that_of_the_whole(source, network(config), 2, region)


@pytest.mark.parametrize("corner", [(80, 101), (31, 64), (0, 7)])
def test_colours_put_right_are_those_of_the_whole_picture(source, corner):
    config = ModelConfig(
        "chrominance", (3, 3, 3), (6, 5), "ycbcr", scales=(1,), border="normalize", mean=0.5
    )
    plain = network(ModelConfig("subpixel", (3, 3), (4,), scales=(2,), border="normalize"))
    beside = Chrominance("colours", OnnxEngine(config, random_tensors(config)))
    method = Network("both", plain._engine, chrominance=beside)
    region = Region(*corner, corner[0] + 37, corner[1] + 46)
    assert_the_part_is_that_of_the_whole(source, method, 2, region)
    own, other = (ResultsInParts(source, [m], 2).part(region)[0] for m in (method, plain))
    assert (own != other).any()


@settings(max_examples=25)
@given(
    filters=st.lists(st.sampled_from([1, 3, 5, 9, 21]), min_size=1, max_size=4),
    scale=st.sampled_from([2, 3, 4]),
    border=st.sampled_from(["normalize", "replicate", "zero"]),
    architecture=st.sampled_from(["srcnn", "vdsr", "espcn", "subpixel"]),
    top=st.integers(0, 150),
    left=st.integers(0, 200),
)
def test_parts_are_those_of_the_whole_for_any_radius(
    source, filters, scale, border, architecture, top, left
):
    config = ModelConfig(
        architecture, tuple(filters), (2,) * (len(filters) - 1), scales=(scale,), border=border
    )
    region = Region(top, left, min(top + 25, HEIGHT * scale), min(left + 30, WIDTH * scale))
    assert_the_part_is_that_of_the_whole(source, network(config), scale, region)


@pytest.mark.parametrize("name", INTERPOLATIONS)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_parts_of_interpolations_are_those_of_the_whole(source, name, scale):
    region = Region(70, 90, 100, 120)
    assert_the_part_is_that_of_the_whole(source, Interpolation(name), scale, region)
