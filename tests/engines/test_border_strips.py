"""A tile whose border is computed apart is the same tile, and it is done where it pays."""

import itertools

import numpy as np
import pytest
import torch

from random_weights import random_tensors
from srcnn_cli.engines import border_strips
from srcnn_cli.engines.border_strips import BorderStrips, saved_by_parting
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


@pytest.fixture
def always(monkeypatch):
    monkeypatch.setattr(border_strips, "_WORTHWHILE", -np.inf)
    monkeypatch.setattr(border_strips, "_PREPARING", -1)
    # Of so small patches the parts take longer than the whole.
    saved = border_strips.saved_by_parting
    monkeypatch.setattr(border_strips, "saved_by_parting", lambda *a: abs(saved(*a)))


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("edges", AT_THE_BORDER)
@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.name} {c.factor}")
@pytest.mark.parametrize("size", [(17, 31), (30, 18)])
def test_parts_fit_together_to_what_torch_makes_of_the_whole_patch(config, edges, size):
    tensors, planes = random_tensors(config, 3), noise(*size)
    output = OnnxEngine(config, tensors).run(planes, edges)
    network = PlaneNetwork(config)
    network.load_state_dict({name: torch.from_numpy(t) for name, t in tensors.items()})
    with torch.no_grad():
        expected = network(torch.from_numpy(planes)[None], edges)
        if config.factor > 1:
            expected = torch.pixel_shuffle(expected, config.factor)
    np.testing.assert_allclose(output, expected[0].numpy(), rtol=0, atol=1e-5)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("edges", AT_THE_BORDER)
def test_only_strips_of_two_radii_have_an_edge(edges):
    config = CONFIGS[1]
    asked = asked_for(config, BorderStrips(config, set()), 40, 60, edges)
    assert asked[0] == ((40, 60), INTERIOR)
    strips = [(shape, sides) for shape, sides in asked if sides != INTERIOR]
    side = 2 * config.receptive_radius
    assert {side} == {shape[0 if sides.top or sides.bottom else 1] for shape, sides in strips}
    assert len(asked) == 1 + sum(edges)


def asked_for(config, strips, height, width, edges):
    """The patches and edges that are run for one of these."""
    asked = []

    def run(patch, sides):
        asked.append((patch.shape[1:], sides))
        rows, columns = sides.left_by(config.receptive_radius, *patch.shape[1:])
        factor = config.factor
        return np.zeros((1, *(factor * (s.stop - s.start) for s in (rows, columns))), np.float32)

    strips.run(run, noise(height, width), edges)
    return asked


def test_a_large_patch_at_the_border_is_parted_at_once():
    assert len(asked_for(LARGE, BorderStrips(LARGE, set()), 330, 340, TOP)) == 2


def test_small_pictures_are_parted_once_there_are_many():
    strips = BorderStrips(LARGE, {WHOLE})
    parted = [len(asked_for(LARGE, strips, 255, 255, WHOLE)) > 1 for _ in range(40)]
    assert not parted[0]
    assert any(parted)


def test_small_pictures_are_parted_at_once_where_tiles_inside_a_picture_are_prepared():
    assert len(asked_for(LARGE, BorderStrips(LARGE, {INTERIOR}), 255, 255, WHOLE)) == 5


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
    strips = BorderStrips(config, {INTERIOR, WHOLE, *AT_THE_BORDER})
    assert asked_for(config, strips, height, width, edges) == [((height, width), edges)]
