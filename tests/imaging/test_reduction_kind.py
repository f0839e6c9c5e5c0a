"""How a picture became small: found by its edges, and only where that is sure."""

import math
from pathlib import Path

import numpy as np
import pytest

from srcnn_cli.imaging import reduction_kind as module
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.imaging.estimation import Estimate, estimate, worth_telling
from srcnn_cli.imaging.reduction_kind import ReductionKind, features, reduction_kind, regressed
from srcnn_cli.imaging.regression import read_regression
from textures import leaves

SIDE = 900


@pytest.fixture(scope="module")
def scene():
    return leaves(SIDE)


def small(scene, chain, scale):
    side = SIDE // scale * scale
    return parse_chain(chain).apply(scene[:side, :side], scale, np.random.default_rng(0))


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("chain", ["nearest", "cubic"])
def test_a_reduction_without_averaging_is_found(scene, chain, scale):
    found = estimate(small(scene, chain, scale))
    # As `--restore nearest` and `--restore cubic` would say it, or between the two.
    assert 0.8 <= found.aliasing <= 1
    assert found._replace(aliasing=0) == Estimate()


@pytest.mark.parametrize("scale", [2, 3])
def test_an_average_of_the_pixels_that_became_one_is_found(scene, scale):
    # As `--restore area` would say it.
    assert estimate(small(scene, "area", scale)) == Estimate(softness=0.2)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("chain", ["bicubic", "linear", "lanczos", "blur:1.2"])
def test_wider_averages_are_not_taken_for_either(scene, chain, scale):
    assert estimate(small(scene, chain, scale)) == Estimate()


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (ReductionKind(), (0, 0)),
        (ReductionKind(0, 1, 0, 0), (0.2, 0)),
        (ReductionKind(0, 0, 1, 0), (0, 0.8)),
        (ReductionKind(0, 0, 0, 1), (0, 1)),
        (ReductionKind(0, 0.3, 0.4, 0.3), (0, 0.8)),
        (ReductionKind(0, 0, 0.5, 0.5), (0, 0.9)),
        (ReductionKind(0, 0.6, 0.3, 0.1), (0, 0.5)),  # in between where it could be either
        (ReductionKind(0.02, 0.98, 0, 0), (0.2, 0)),
        (ReductionKind(0.03, 0.97, 0, 0), (0, 0)),  # not sure enough
        (ReductionKind(0.05, 0, 0, 0.95), (0, 1)),
        (ReductionKind(0.05, 0.1, 0.75, 0.1), (0, 0.5)),  # where a mistake costs less
        (ReductionKind(0.2, 0, 0, 0.8), (0, 0)),
    ],
)
def test_a_network_is_told_what_gains_most(kind, told):
    assert worth_telling(kind) == told


def test_compressed_pictures_are_not_asked(scene):
    low = small(scene, "nearest", 2)
    damaged = parse_chain("jpeg:60").apply(low, 1, np.random.default_rng(0))
    assert estimate(damaged).aliasing == 0
    assert estimate(low, quality=95).aliasing == 0
    assert estimate(low, quality=96).aliasing > 0


def test_a_noisy_picture_is_asked_where_its_edges_are_steeper_than_its_noise(scene):
    low = small(scene, "nearest", 2)
    for chain, aliased in (("noise:7", True), ("noise:40", False), ("blur:6+noise:7", False)):
        noisy = parse_chain(chain).apply(low, 1, np.random.default_rng(0))
        found = estimate(noisy)
        assert found.noise > 0
        assert (found.aliasing > 0) is aliased


@pytest.mark.parametrize("size", [2, 3, 5, 8])
def test_large_pixels_are_not_taken_for_it(scene, size):
    large = np.kron(small(scene, "nearest", 4), np.ones((size, size), np.uint8))
    assert estimate(large).aliasing == 0


def test_where_there_are_no_edges_nothing_is_said():
    slope = np.add.outer(np.arange(200), np.arange(220)).astype(np.float32) / 2
    assert features(slope) is None
    assert reduction_kind(slope) == ReductionKind(1, 0, 0, 0)


def test_a_picture_and_its_transpose_are_the_same(scene):
    low = small(scene, "nearest", 3).astype(np.float32)[:, :250]
    assert features(low) == pytest.approx(features(low.T), abs=1e-5)


def test_steps_that_stand_alone_are_counted_as_such():
    """Bars of 7 pixels along both axes: beside each step there is nothing, on either side."""
    bars = np.add.outer(np.arange(128) // 7 % 2, np.arange(128) // 7 % 2) % 2 * 100
    seen = features(bars.astype(np.float32))
    middle = [(low, high) for low in range(8) for high in range(low, 8)].index((3, 3))
    assert seen[:36] == pytest.approx(np.eye(36)[middle])  # of all pairs of next differences
    assert seen[36:43] == pytest.approx(np.eye(7)[3])  # of the second next ones
    assert seen[43] == pytest.approx(math.log(101))  # how large the least of these steps is


def test_the_regression_is_what_it_says(scene):
    seen = features(small(scene, "cubic", 2).astype(np.float32))
    weights = read_regression(Path(module.__file__))
    scaled = [
        min(max((a - b) / c, -weights.limit), weights.limit)
        for a, b, c in zip(seen, weights.shift, weights.scale, strict=True)
    ]
    units = [
        max(0.0, sum(a * row[i] for a, row in zip(scaled, weights.hidden, strict=True)) + bias)
        for i, bias in enumerate(weights.hidden_bias)
    ]
    powers = [
        math.exp(sum(a * row[number] for a, row in zip(units, weights.out, strict=True)) + bias)
        for number, bias in enumerate(weights.out_bias)
    ]
    expected = [power / sum(powers) for power in powers]
    assert regressed(seen) == pytest.approx(expected, rel=1e-3)
