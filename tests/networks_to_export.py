"""Small networks for the tests of exports, and what this program itself makes of a picture."""

import numpy as np

from random_weights import random_tensors
from srcnn_cli.engines.onnx_engine import OnnxEngine
from srcnn_cli.exports import base
from srcnn_cli.exports.base import Exported
from srcnn_cli.imaging.resize import resize
from srcnn_cli.methods.chrominance import Chrominance
from srcnn_cli.methods.network import Network
from srcnn_cli.models.config import ModelConfig

SHAPES = {
    "srcnn": ((5, 1, 3), (7, 5)),
    "vdsr": ((3, 3, 3, 3), (6, 6, 6)),
    "espcn": ((5, 3, 3), (6, 5)),
    "fsrcnn": ((5, 1, 3, 1, 5), (8, 4, 4, 8)),
    "subpixel": ((3, 3, 3), (8, 8)),
}


def network(architecture, scale=2, border="replicate", *, color="y", mean=0.5, seed=0):
    """Random weights, as large as learned ones."""
    filters, widths = SHAPES[architecture]
    config = ModelConfig(architecture, filters, widths, color, (scale,), border, mean)
    return Exported(f"{architecture}-x{scale}", config, random_tensors(config, seed), scale)


def with_chrominance(exported, border="normalize"):
    """The same beside a network that puts right colours."""
    config = ModelConfig("chrominance", (3, 3, 3), (7, 6), "ycbcr", (1,), border, 0.5)
    return exported._replace(chrominance=base.Network(config, random_tensors(config, 5)))


def picture(height=13, width=18, channels=3, seed=1):
    """(C, H, W), float32: values in [0, 1], some of them strong edges."""
    values = np.random.default_rng(seed).random((channels, height, width))
    return np.round(values, 1).astype(np.float32)


def ours(exported, planes):
    """(C, s H, s W) of (C, H, W), and (s H, s W) of (H, W), not clipped."""
    engine = OnnxEngine(exported.config, exported.tensors)
    height, width = (side * exported.scale for side in planes.shape[-2:])
    beside = exported.chrominance
    colors = beside and Chrominance("colours", OnnxEngine(*beside))
    return Network(exported.name, engine, chrominance=colors).enlarge(planes, height, width)[0]


def on_its_grid(exported, plane):
    """What the network itself takes of a (C, H, W) picture."""
    if not exported.config.interpolated:
        return plane
    height, width = (side * exported.scale for side in plane.shape[-2:])
    return resize(plane, height, width)
