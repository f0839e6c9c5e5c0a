"""Tiles join without a seam: a tiled picture equals the whole picture through the network."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from random_weights import random_tensors
from srcnn_cli.engines.selection import make_engine
from srcnn_cli.engines.tiling import plan_bands, run_plane, tile_side
from srcnn_cli.engines.torch_engine import TorchEngine
from srcnn_cli.errors import OutOfMemoryError
from srcnn_cli.imaging.regions import WHOLE, Region
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks.torch_network import PlaneNetwork
from srcnn_cli.threads import Crew, crew

CPU = torch.device("cpu")
FILTERS = [((9, 1, 5), (4, 3)), ((5, 3), (3,)), ((3, 1, 3, 3), (2, 3, 2)), ((1,), ()), ((7,), ())]


def whole_picture(config, tensors, planes):
    """The picture in one piece through the plain network."""
    network = PlaneNetwork(config)
    network.load_state_dict({name: torch.from_numpy(t) for name, t in tensors.items()})
    with torch.no_grad():
        return network(torch.from_numpy(planes)[None], WHOLE)[0].numpy()


def half_up(values):
    return np.floor(values * 255.0 + 0.5)


class Checker:
    """An engine without a network: checks every patch and hands back its inside.

    The picture holds its own positions, so that each patch tells where it was taken from.
    """

    def __init__(self, config, height, width):
        self.config, self.height, self.width = config, height, width

    def picture(self):
        """The plane of positions."""
        count = self.height * self.width
        return np.arange(count, dtype=np.float32).reshape(1, self.height, self.width)

    def run(self, patch, edges):
        """Check."""
        top, left = divmod(int(patch[0, 0, 0]), self.width)
        height, width = patch.shape[1:]
        expected = self.picture()[:, top : top + height, left : left + width]
        np.testing.assert_array_equal(patch, expected)
        assert edges.top == (top == 0)
        assert edges.left == (left == 0)
        assert edges.bottom == (top + height == self.height)
        assert edges.right == (left + width == self.width)
        r = self.config.receptive_radius
        rows = slice(0 if edges.top else r, height if edges.bottom else height - r)
        columns = slice(0 if edges.left else r, width if edges.right else width - r)
        inside = patch[:, rows, columns]
        assert inside.size
        return inside.copy()


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 25),
    st.sampled_from(["normalize", "replicate", "zero"]),
    st.sampled_from(FILTERS),
    st.integers(0, 99),
    st.booleans(),
)
@settings(max_examples=100)
def test_tiles_give_the_same_picture_as_the_whole(
    height, width, tile, border, layers, seed, by_torch
):
    config = ModelConfig(filters=layers[0], widths=layers[1], border=border)
    tensors = random_tensors(config, seed)
    planes = np.random.default_rng(seed).random((1, height, width)).astype(np.float32)
    whole = whole_picture(config, tensors, planes)
    engine = TorchEngine(config, tensors, CPU) if by_torch else make_engine(config, tensors, "cpu")
    tiled = run_plane(engine, planes, tile)
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=1e-5)
    # As 8-bit pixels they may differ only where the exact value lies on a rounding tie.
    from_tie = np.abs(whole * 255.0 % 1 - 0.5)
    clear = from_tie > 1e-5 * 255
    np.testing.assert_array_equal(half_up(tiled)[clear], half_up(whole)[clear])


def test_color_planes_are_tiled_too():
    config = ModelConfig(filters=(3, 5), widths=(4,), color="rgb", border="normalize")
    tensors = random_tensors(config, 1)
    planes = np.random.default_rng(1).random((3, 30, 23)).astype(np.float32)
    tiled = run_plane(TorchEngine(config, tensors, CPU), planes, 7)
    np.testing.assert_allclose(tiled, whole_picture(config, tensors, planes), rtol=0, atol=1e-5)


def test_many_threads_give_the_same_picture(monkeypatch):
    monkeypatch.setattr("srcnn_cli.threads._crew", Crew(4))
    config = ModelConfig(filters=(5, 3), widths=(8,))
    tensors = random_tensors(config, 2)
    engine = TorchEngine(config, tensors, CPU)
    planes = np.random.default_rng(2).random((1, 60, 50)).astype(np.float32)
    np.testing.assert_allclose(
        run_plane(engine, planes, 8), whole_picture(config, tensors, planes), rtol=0, atol=1e-5
    )


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 30), st.sampled_from(FILTERS))
def test_every_patch_has_exactly_the_halo_that_its_network_needs(height, width, tile, layers):
    engine = Checker(ModelConfig(filters=layers[0], widths=layers[1]), height, width)
    picture = engine.picture()
    np.testing.assert_array_equal(run_plane(engine, picture, tile), picture)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 30), st.integers(0, 9))
def test_a_plan_covers_every_pixel_exactly_once_with_tiles_no_larger_than_asked(
    height, width, tile, radius
):
    covered = np.zeros((height, width), int)
    for band in plan_bands(height, width, tile, radius):
        for part in band:
            core = part.core
            assert 1 <= core.height <= tile
            assert 1 <= core.width <= tile
            covered[core.top : core.bottom, core.left : core.right] += 1
    assert (covered == 1).all()


@given(st.integers(1, 300), st.integers(1, 60))
def test_tiles_are_equally_large_but_for_a_pixel(length, tile):
    heights = {band[0].core.height for band in plan_bands(length, 1, tile, 3)}
    widths = {part.core.width for part in plan_bands(1, length, tile, 3)[0]}
    assert max(heights) - min(heights) <= 1
    assert max(widths) - min(widths) <= 1
    assert len(plan_bands(length, 1, tile, 3)) == -(-length // tile)


def test_a_halo_ends_at_the_border_of_the_picture():
    assert Region(3, 10, 8, 20).grown(4, 10, 30) == Region(0, 6, 10, 24)


def test_a_failing_tile_fails_the_picture():
    class Broken(Checker):
        def run(self, patch, edges):
            if not edges.top and edges.left:
                raise OutOfMemoryError("a tile at the left")
            return super().run(patch, edges)

    engine = Broken(ModelConfig(filters=(3,), widths=()), 20, 20)
    with pytest.raises(OutOfMemoryError, match="a tile at the left"):
        run_plane(engine, engine.picture(), 4)


def test_running_out_of_memory_has_its_own_error(monkeypatch):
    config = ModelConfig(filters=(3,), widths=())
    engine = TorchEngine(config, random_tensors(config, 0), CPU)

    def allocate(*_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ...")

    monkeypatch.setattr(engine, "_network", allocate)
    with pytest.raises(OutOfMemoryError, match="cpu ran out of memory"):
        engine.run(np.zeros((1, 8, 8), np.float32), WHOLE)


def test_other_failures_of_the_network_are_not_called_out_of_memory(monkeypatch):
    config = ModelConfig(filters=(3,), widths=())
    engine = TorchEngine(config, random_tensors(config, 0), CPU)

    def fail(*_):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(engine, "_network", fail)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        engine.run(np.zeros((1, 8, 8), np.float32), WHOLE)


def vdsr(layers=20):
    return ModelConfig("vdsr", (3,) * layers, (64,) * (layers - 1))


@pytest.mark.parametrize("widths", [(64, 32), (1, 1), (4096, 4096)])
@pytest.mark.parametrize("size", [(1, 1), (3000, 2000), (10**6, 1)])
def test_the_chosen_tile_is_neither_tiny_nor_huge(widths, size):
    config = ModelConfig(filters=(1, 1, 1), widths=widths)
    engine = TorchEngine(config, random_tensors(config, 0), CPU)
    assert 64 <= engine.best_tile(*size) <= 2048


@pytest.mark.parametrize(("layers", "tile"), [(8, 128), (20, 280), (100, 1400), (1000, 2048)])
def test_tiles_grow_with_the_receptive_radius_to_a_limit(layers, tile):
    assert tile_side(vdsr(layers), 10**6, 10**6, workers=2) == tile


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_however_much_memory_there_is_a_tile_of_the_result_stays_within_2048_pixels(scale):
    config = ModelConfig("subpixel", (3,) * 3, (16,) * 2, scales=(scale,))
    assert 2000 < scale * tile_side(config, 10**6, 10**6, workers=1, budget=10**12) <= 2048


@pytest.mark.parametrize("workers", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(270, 270), (300, 450), (200, 510), (560, 560)])
def test_every_worker_has_a_share_of_a_small_picture(workers, size):
    tile = tile_side(vdsr(), *size, workers)
    assert sum(len(band) for band in plan_bands(*size, tile, 20)) >= workers


def test_one_worker_runs_a_picture_in_as_few_tiles_as_memory_allows():
    assert len(plan_bands(280, 250, tile_side(vdsr(), 280, 250, workers=1), 20)[0]) == 1


@given(st.integers(1, 2500), st.integers(1, 2500), st.integers(1, 32), st.integers(0, 30))
def test_no_other_tile_would_be_done_sooner(height, width, workers, layers):
    config = vdsr(layers + 2)
    radius = config.receptive_radius

    def duration(side):
        tiles = [tile for band in plan_bands(height, width, side, radius) for tile in band]
        most = max((t.core.height + 2 * radius) * (t.core.width + 2 * radius) for t in tiles)
        return math.ceil(len(tiles) / workers) * most

    chosen = tile_side(config, height, width, workers)
    largest = tile_side(config, 10**6, 10**6, workers)
    # Tiles of one plan may differ by a pixel, which the choice does not look at.
    assert all(duration(chosen) <= 1.05 * duration(side) for side in range(64, largest + 1, 24))


def test_both_engines_choose_the_tile_for_the_processor():
    config = ModelConfig()
    tensors = random_tensors(config, 0)
    engines = TorchEngine(config, tensors, CPU), make_engine(config, tensors, "cpu")
    tiles = {engine.best_tile(500, 400) for engine in engines}
    assert tiles == {tile_side(config, 500, 400, crew().size)}


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_small_pictures_that_are_done_at_the_same_time_are_not_cut(engine, monkeypatch):
    if engine == "openvino":
        pytest.importorskip("openvino")
    config = ModelConfig("subpixel", (3,) * 4, (16,) * 3, scales=(2,), border="normalize")
    of_two = Crew(2)
    monkeypatch.setattr(f"srcnn_cli.engines.{engine}_engine.crew", lambda: of_two)
    chosen = make_engine(config, random_tensors(config, 0), "cpu", engine=engine)
    with of_two.member(), of_two.resting(), of_two.member():
        assert chosen.best_tile(200, 250) >= 250
