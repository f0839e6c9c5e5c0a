"""A tile whose border is computed apart is the same tile, and it is done where it pays."""

import itertools

import numpy as np
import pytest
import torch

from random_weights import random_tensors
from srcnn_cli.engines.border_strips import (
    Preparation,
    run_border_apart,
    saved_by_parting,
)
from srcnn_cli.engines.onnx_engine import OnnxEngine
from srcnn_cli.imaging.regions import INTERIOR, WHOLE, Edges
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks.torch_network import PlaneNetwork

AT_THE_BORDER = [Edges(*map(bool, sides)) for sides in itertools.product([0, 1], repeat=4)][1:]
TOP = Edges(top=True, left=False, bottom=False, right=False)
CONFIGS = [
    ModelConfig(filters=(5, 3), widths=(4,), mean=0.5, border="normalize"),
    ModelConfig("subpixel", (3,) * 4, (8,) * 3, scales=(2,), border="normalize"),
    ModelConfig("subpixel", (3,) * 3, (8,) * 2, scales=(3,), border="normalize"),
]
LARGE = ModelConfig("subpixel", (3,) * 10, (32,) * 9, scales=(3,), border="normalize")


def noise(height, width, seed=0):
    return np.random.default_rng(seed).random((1, height, width)).astype(np.float32)


WIDE = ModelConfig("vdsr", (3,) * 20, (64,) * 19, border="zero")


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("edges", AT_THE_BORDER)
@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.name} {c.factor}")
@pytest.mark.parametrize("size", [(17, 31), (30, 18)])
def test_parts_fit_together_to_what_torch_makes_of_the_whole_patch(
    config, edges, size, own, monkeypatch
):
    monkeypatch.setattr(Preparation, "is_parted", lambda *_: True)
    monkeypatch.setattr(Preparation, "has_own", lambda *_: own)
    tensors, planes = random_tensors(config, 3), noise(*size)
    output = OnnxEngine(config, tensors).run(planes, edges)
    network = PlaneNetwork(config)
    network.load_state_dict({name: torch.from_numpy(t) for name, t in tensors.items()})
    with torch.no_grad():
        expected = network(torch.from_numpy(planes)[None], edges)
        if config.factor > 1:
            expected = torch.pixel_shuffle(expected, config.factor)
    np.testing.assert_allclose(output, expected[0].numpy(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("edges", AT_THE_BORDER)
def test_only_strips_of_two_radii_have_an_edge(edges):
    config, asked = CONFIGS[1], []

    def run(patch, sides):
        asked.append((patch.shape[1:], sides))
        rows, columns = sides.left_by(config.receptive_radius, *patch.shape[1:])
        return np.zeros((1, *(2 * (s.stop - s.start) for s in (rows, columns))), np.float32)

    run_border_apart(run, config, noise(40, 60), edges)
    assert asked[0] == ((40, 60), INTERIOR)
    strips = [(shape, sides) for shape, sides in asked if sides != INTERIOR]
    side = 2 * config.receptive_radius
    assert {side} == {shape[0 if sides.top or sides.bottom else 1] for shape, sides in strips}
    assert len(asked) == 1 + sum(edges)


def test_a_large_patch_at_the_border_is_parted_at_once():
    assert Preparation(LARGE, set()).is_parted(noise(330, 340), TOP)


def test_small_pictures_are_parted_once_there_are_many():
    preparation, picture = Preparation(LARGE, {WHOLE}), noise(190, 190)
    parted = [preparation.is_parted(picture, WHOLE) for _ in range(40)]
    assert not parted[0]
    assert parted == sorted(parted)
    assert parted[-1]


def test_small_pictures_are_parted_at_once_where_tiles_inside_a_picture_are_prepared():
    assert Preparation(LARGE, {INTERIOR}).is_parted(noise(190, 190), WHOLE)


def test_a_kind_of_tiles_gets_a_model_of_its_own_once_there_are_many():
    strips = Preparation(LARGE, {INTERIOR, WHOLE})
    found = [strips.has_own(noise(20, 300), TOP) for _ in range(40)]
    assert not found[0]
    assert found == sorted(found)
    assert found[-1]
    assert Preparation(LARGE, {TOP}).has_own(noise(20, 300), TOP)


def test_a_whole_picture_needs_no_model_of_its_own():
    preparation = Preparation(LARGE, {WHOLE})
    assert not any(preparation.has_own(noise(300, 300), WHOLE) for _ in range(100))


@pytest.mark.parametrize(
    ("config", "height", "width", "edges"),
    [
        (LARGE, 194, 204, INTERIOR),
        (LARGE, 40, 2000, TOP),
        (LARGE, 60, 60, WHOLE),
        (WIDE, 400, 400, TOP),
    ],
    ids=["inside", "too narrow", "small picture", "border of zeros"],
)
def test_what_would_not_be_sooner_done_is_never_parted(config, height, width, edges):
    assert saved_by_parting(config, height, width, edges) == 0
    preparation = Preparation(config, {INTERIOR, WHOLE, *AT_THE_BORDER})
    assert not any(preparation.is_parted(noise(height, width), edges) for _ in range(100))
