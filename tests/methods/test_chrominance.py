"""What puts right the colours of damaged pictures leaves all else as it was."""

import numpy as np
import pytest
import torch

from random_weights import random_tensors
from srcnn_cli.engines.onnx_engine import OnnxEngine
from srcnn_cli.errors import ModelError, UsageError
from srcnn_cli.imaging.color import rgb_from_ycbcr, ycbcr_from_rgb
from srcnn_cli.imaging.regions import INTERIOR, Region
from srcnn_cli.imaging.resize import resize
from srcnn_cli.methods.chrominance import Chrominance
from srcnn_cli.methods.network import Network
from srcnn_cli.methods.networks import network_method
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks.torch_network import PlaneNetwork

CONFIG = ModelConfig(
    "chrominance", (3, 3, 3), (6, 5), "ycbcr", scales=(1,), border="normalize", mean=0.5
)
TENSORS = random_tensors(CONFIG, 1)


@pytest.fixture
def method():
    return Chrominance("colours", OnnxEngine(CONFIG, TENSORS))


def colors(height, width, seed=0):
    """Y'CbCr of noise."""
    return ycbcr_from_rgb(np.random.default_rng(seed).random((3, height, width)))


def by_torch(planes):
    """The whole picture at once, its outermost pixels going on as far as the network looks."""
    network = PlaneNetwork(CONFIG).double()
    network.load_state_dict({n: torch.from_numpy(t).double() for n, t in TENSORS.items()})
    height, width = planes.shape[1:]
    wider = np.pad(planes, [(0, 0), (6, 6 + height % 2), (6, 6 + width % 2)], "edge")
    blocks = torch.pixel_unshuffle(torch.from_numpy(wider).double()[None], 2)
    with torch.no_grad():
        change = torch.pixel_shuffle(network(blocks, INTERIOR), 2)[0].numpy()
    return planes[1:] + change[1:, :height, :width]


@pytest.mark.parametrize("size", [(24, 32), (23, 31), (40, 21), (1, 1), (2, 9)])
@pytest.mark.parametrize("tile", [0, 8, 13])
def test_cb_and_cr_are_the_networks_whatever_the_tiles(method, size, tile):
    planes = colors(*size)
    before = planes.copy()
    restored = method.restored(planes[:1], planes[1:], tile)
    assert restored.shape == (2, *size)
    np.testing.assert_allclose(restored, by_torch(before), rtol=0, atol=1e-5)
    np.testing.assert_array_equal(planes, before)


def test_luminance_is_left_as_it_is(method):
    rgb = np.random.default_rng(2).random((3, 17, 26)).astype(np.float32)
    output, timing = method.enlarge(rgb, 17, 26)
    planes = ycbcr_from_rgb(rgb)
    expected = rgb_from_ycbcr(np.concatenate([planes[:1], by_torch(planes)]))
    np.testing.assert_allclose(output, expected, rtol=0, atol=1e-4)
    assert timing.network > 0


def test_a_grey_picture_stays_as_it_is(method):
    grey = np.random.default_rng(3).random((15, 18)).astype(np.float32)
    output, _ = method.enlarge(grey, 15, 18)
    np.testing.assert_array_equal(output, grey)


def test_a_part_with_its_surroundings_is_what_the_whole_picture_has_there(method):
    planes = colors(90, 100)
    whole = method.restored(planes[:1], planes[1:])
    inner = Region(41, 35, 52, 60)
    source = inner.grown(method.reach(1), 90, 100).begun_at_multiples(method.step)
    assert source.top % 2 == source.left % 2 == 0
    assert source.top > 0
    cut = planes[source.in_planes]
    part = method.restored(cut[:1], cut[1:])
    top, left = inner.top - source.top, inner.left - source.left
    cut = Region(top, left, top + inner.height, left + inner.width)
    np.testing.assert_array_equal(part[cut.in_planes], whole[inner.in_planes])


def test_a_flat_picture_has_no_frame(method):
    planes = np.broadcast_to(np.float32([0.4, 0.7, 0.2])[:, None, None], (3, 37, 52))
    change = method.restored(planes[:1], planes[1:]) - planes[1:]
    # Each of a block's pixels has filters of its own, so they are compared block by block.
    for row in (0, 1):
        for column in (0, 1):
            same = change[:, row::2, column::2]
            np.testing.assert_allclose(same, same[:, :1, :1].repeat(same.shape[1], 1).repeat(
                same.shape[2], 2), rtol=0, atol=1e-5)  # fmt: skip


def network(chrominance):
    config = ModelConfig("subpixel", (3, 3), (4,), scales=(2,), border="normalize")
    engine = OnnxEngine(config, random_tensors(config))
    return Network("net", engine, chrominance=chrominance)


def test_beside_a_network_for_luminance_colours_are_put_right_and_then_enlarged(method):
    rgb = np.random.default_rng(4).random((3, 19, 22)).astype(np.float32)
    plain, _ = network(None).enlarge(rgb, 38, 44)
    restored, timing = network(method).enlarge(rgb, 38, 44)
    plain, restored = ycbcr_from_rgb(plain), ycbcr_from_rgb(restored)
    np.testing.assert_allclose(restored[0], plain[0], rtol=0, atol=1e-5)
    expected = resize(by_torch(ycbcr_from_rgb(rgb)), 38, 44)
    np.testing.assert_allclose(restored[1:], expected, rtol=0, atol=1e-4)
    assert timing.network > 0


def test_transparency_is_passed_on_and_grey_has_nothing_to_put_right(method):
    planes, alpha = colors(12, 14), np.random.default_rng(5).random((1, 12, 14)).astype(np.float32)
    own = network(method)
    others = own.beside(planes[:1], np.concatenate([planes[1:], alpha]))
    np.testing.assert_array_equal(others[2:], alpha)
    np.testing.assert_array_equal(others[:2], method.restored(planes[:1], planes[1:]))
    np.testing.assert_array_equal(own.beside(planes[:1], alpha), alpha)
    assert own.beside(planes[:1], planes[:0]).shape == (0, 12, 14)


def test_a_network_of_the_family_is_a_method_for_colours():
    engine = OnnxEngine(CONFIG, TENSORS)
    assert isinstance(network_method("colours", engine), Chrominance)
    with pytest.raises(UsageError, match="no ensemble"):
        network_method("colours", engine, ensemble=True)


@pytest.mark.parametrize("values", [{"color": "y"}, {"color": "rgb"}, {"scales": (2,)}])
def test_the_family_takes_ycbcr_and_enlarges_nothing(values):
    with pytest.raises(ModelError, match="enlarges nothing"):
        ModelConfig(**{
            "architecture": "chrominance", "filters": (3, 3), "widths": (4,), "color": "ycbcr",
            "scales": (1,), **values,
        })  # fmt: skip


def test_twelve_planes_go_in_and_out():
    assert CONFIG.channels == 12
    assert CONFIG.layer_shapes == [(6, 12, 3, 3), (5, 6, 3, 3), (12, 5, 3, 3)]
    assert CONFIG.name == "chrominance-3x6-5"
