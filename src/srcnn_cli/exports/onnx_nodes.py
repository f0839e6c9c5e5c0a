"""Pieces of ONNX graphs for other programs, made of operators that all of them know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.exports.folding import BICUBIC_RADIUS, plain_layers
from srcnn_cli.models.networks.onnx_format import decimal, integer, ints, string

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.exports.base import Exported, Network
    from srcnn_cli.exports.folding import PlainLayer
    from srcnn_cli.models.networks.base import Activation
    from srcnn_cli.models.networks.onnx_format import Graph

_OPERATORS: dict[Activation, str] = {"relu": "Relu", "prelu": "PRelu", "tanh": "Tanh"}


def metadata(network: Exported, form: str) -> dict[str, str]:
    """What a model says about itself."""
    grid = "of the final size" if network.config.interpolated else "to be enlarged"
    return {
        "name": network.name,
        "architecture": network.config.name,
        "scale": str(network.scale),
        "planes": network.config.color,
        "form": form,
        "input": grid if form == "plane" else "to be enlarged",
    }


def network_nodes(graph: Graph, planes: str, network: Network, prefix: str = "") -> str:
    """The convolutions, and the sub-pixels in their places; nothing is added to their output.

    Args:
        graph: Gets the nodes.
        planes: What goes in.
        network: The network.
        prefix: Of all names, where there is another network in the graph.
    """
    config = network.config
    shares = _Shares(graph, planes, config.channels, prefix)
    for index, layer in enumerate(plain_layers(config, network.tensors), start=1):
        planes = _layer(graph, planes, layer, f"{prefix}conv{index}", shares)
    return shuffled(graph, planes, config.factor * config.family.unshuffled, f"{prefix}sub-pixels")


def with_restored_chrominance(graph: Graph, planes: str, network: Network) -> str:
    """(1, 3, H, W) Y'CbCr with Cb and Cr put right; see `methods.chrominance`."""
    block, name = network.config.family.unshuffled, "colours"
    # As far as the network looks, and one row and column more, which the strides pass over where
    # the sides are even.
    margin = block * network.config.receptive_radius
    after = margin + block - 1
    amounts = np.array([0, 0, margin, margin, 0, 0, after, after], np.int64)
    pads = graph.constant(f"{name} pads", amounts)
    wider = graph.node("Pad", [planes, pads], f"{name} padded", string("mode", "edge"))
    places = np.eye(3 * block**2, dtype=np.float32).reshape(-1, 3, block, block)
    weight = graph.constant(f"{name} places", places)
    strides = ints("strides", [block] * 2)
    blocks = graph.node("Conv", [wider, weight], f"{name} in blocks", strides)
    change = network_nodes(graph, blocks, network, f"{name} ")
    shape = graph.node("Shape", [planes], f"{name} shape")
    first = graph.constant(f"{name} first", np.array([1, margin, margin], np.int64))
    axes = graph.constant(f"{name} axes", np.array([1, 2, 3], np.int64))
    size = sliced(graph, shape, f"{name} size", 0, 1, 4)
    before = graph.constant(f"{name} before all", np.array([0, margin, margin], np.int64))
    ends = graph.node("Add", [size, before], f"{name} ends")
    inner = graph.node("Slice", [change, first, ends, axes], f"{name} changes")
    others = sliced(graph, planes, f"{name} before", 1, 1, 3)
    restored = graph.node("Add", [others, inner], f"{name} restored")
    luminance = sliced(graph, planes, f"{name} beside", 1, 0, 1)
    return graph.node("Concat", [luminance, restored], name, integer("axis", 1))


def shuffled(graph: Graph, planes: str, factor: int, name: str) -> str:
    """(1, C s², H, W) planes as (1, C, s H, s W)."""
    if factor == 1:
        return planes
    size = integer("blocksize", factor)
    return graph.node("DepthToSpace", [planes], name, size, string("mode", "CRD"))


def sliced(graph: Graph, planes: str, name: str, axis: int, start: int, stop: int) -> str:
    """Planes, rows or columns ``start`` to ``stop``, counted from the end where negative."""
    bounds = [
        graph.constant(f"number {number}", np.array([number], np.int64))
        for number in (start, stop, axis)
    ]
    return graph.node("Slice", [planes, *bounds], name)


def enlarged(graph: Graph, planes: str, factor: int, name: str) -> str:
    """The bicubic enlargement (a = -0.5), as `Resampler` does it: with symmetric edges.

    ONNX itself continues pictures with their outermost values, so they are continued before.
    """
    if factor == 1:
        return planes
    for axis in (2, 3):
        first = [
            sliced(graph, planes, f"{name} first {row} of {axis}", axis, row, row + 1)
            for row in reversed(range(BICUBIC_RADIUS))
        ]
        last = [
            sliced(graph, planes, f"{name} last {row} of {axis}", axis, -row - 1, -row or _END)
            for row in range(BICUBIC_RADIUS)
        ]
        rows = [*first, planes, *last]
        planes = graph.node("Concat", rows, f"{name} axis {axis}", integer("axis", axis))
    scales = graph.constant(f"{name} scales", np.array([1, 1, factor, factor], np.float32))
    cubic = string("mode", "cubic"), decimal("cubic_coeff_a", -0.5)
    planes = graph.node("Resize", [planes, "", scales], f"{name} resized", *cubic)
    margin = BICUBIC_RADIUS * factor
    for axis in (2, 3):
        planes = sliced(graph, planes, f"{name} cut {axis}", axis, margin, -margin)
    return planes


def mixed(graph: Graph, planes: str, name: str, matrix: NDArray[Any], offset: NDArray[Any]) -> str:
    """Planes as weighted sums of planes, as a 1x1 convolution."""
    weight = graph.constant(f"{name} weights", matrix.astype(np.float32)[:, :, None, None])
    bias = graph.constant(f"{name} offset", offset.astype(np.float32))
    return graph.node("Conv", [planes, weight, bias], name)


def clipped(graph: Graph, planes: str, name: str) -> str:
    """Values within [0, 1]."""
    limits = [
        graph.constant(limit, np.array(value, np.float32))
        for limit, value in (("black", 0), ("white", 1))
    ]
    return graph.node("Clip", [planes, *limits], name)


_END = 2**31 - 1


def _layer(graph: Graph, planes: str, layer: PlainLayer, name: str, shares: _Shares) -> str:
    radius = layer.side // 2
    pads = [radius] * 4
    if radius and layer.outside != 0:
        amounts = np.array([0, 0, radius, radius] * 2, np.int64)
        inputs = [planes, graph.constant(f"pads {radius}", amounts)]
        if layer.outside is not None:
            value = np.array(layer.outside, np.float32)
            inputs.append(graph.constant(f"{name} outside", value))
        mode = string("mode", "edge" if layer.outside is None else "constant")
        planes, pads = graph.node("Pad", inputs, f"{name} padded", mode), [0] * 4
    inputs = [
        planes,
        graph.constant(f"{name}.weight", layer.weight),
        graph.constant(f"{name}.bias", layer.bias),
    ]
    planes = graph.node("Conv", inputs, name, ints("pads", pads))
    if layer.after is not None:
        planes = graph.node("Mul", [planes, shares.inverse(layer.side)], f"{name} divided")
        after = graph.constant(f"{name}.after", layer.after[None, :, None, None])
        planes = graph.node("Add", [planes, after], f"{name} shifted")
    if layer.activation == "none":
        return planes
    inputs = [planes]
    if layer.slope is not None:
        inputs.append(graph.constant(f"{name}.slope", layer.slope[:, None, None]))
    return graph.node(_OPERATORS[layer.activation], inputs, f"{name} {layer.activation}")


class _Shares:
    """One over the share of a filter that lies in the picture, (1, 1, H, W), once for each side."""

    def __init__(self, graph: Graph, source: str, channels: int, prefix: str) -> None:
        self._graph, self._source, self._channels = graph, source, channels
        self._prefix = prefix
        self._made: dict[int, str] = {}

    def inverse(self, side: int) -> str:
        if side not in self._made:
            self._made[side] = self._compute(side)
        return self._made[side]

    def _compute(self, side: int) -> str:
        graph = self._graph
        if not self._made:
            # Ones of the picture's size: no weight and a bias, which needs no sizes in the graph.
            nothing = np.zeros((1, self._channels, 1, 1), np.float32)
            one = graph.constant("one", np.ones(1, np.float32))
            name = graph.constant(f"{self._prefix}nothing", nothing)
            graph.node("Conv", [self._source, name, one], f"{self._prefix}ones")
        each = graph.constant(f"share {side}", np.ones((1, 1, side, side), np.float32))
        pads = ints("pads", [side // 2] * 4)
        ones = f"{self._prefix}ones"
        inside = graph.node("Conv", [ones, each], f"{self._prefix}inside {side}", pads)
        area = graph.constant(f"area {side}", np.array([side**2], np.float32))
        return graph.node("Div", [area, inside], f"{self._prefix}over share {side}")
