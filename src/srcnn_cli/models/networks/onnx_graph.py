"""The networks as ONNX models: all of `torch_network`, border policies and sub-pixels included."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.models.networks.onnx_format import Graph, integer, ints, string

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.imaging.regions import Edges
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.networks.base import Activation, BorderPolicy, Layer
    from srcnn_cli.models.weights import Tensors

INPUT, OUTPUT = "input", "output"

_TO_THE_END = np.iinfo(np.int64).max
_OPERATORS: dict[Activation, str] = {"relu": "Relu", "prelu": "PRelu", "tanh": "Tanh"}


# Output planes of a convolution that a processor computes at once (AVX-512 in single precision;
# others 8 or 4). One that has fewer costs as much.
LANES = 16
# The share of a network's work that a last layer in blocks has to save.
_WORTHWHILE = 0.05


def network_model(
    config: ModelConfig, tensors: Tensors, edges: Edges, *, block: int = 1, alone: bool = False
) -> bytes:
    """A network for patches with these edges.

    Args:
        config: The network.
        tensors: Its weights, as `weights.load_weights` gives them.
        edges: The sides that are extended by the border policy.
        block: Pixels, to each side, that the last layer computes at once, see `last_block`; it
            changes speed, not a bit of the result.
        alone: Leave it to the caller to add the picture or its mean to the output, which a runtime
            that computes in fewer bits would round.

    Returns:
        A model that takes (1, C, H, W) float32 as `INPUT`, and gives as `OUTPUT` what
        `torch_network.PlaneNetwork` computes of it, with the sub-pixels in their places: (1, C,
        s H', s W').
    """
    graph = Graph(config.name)
    planes = INPUT
    if config.mean:
        mean = graph.constant("mean", np.array([config.mean], np.float32))
        planes = graph.node("Sub", [planes, mean], "centred")
    shares = _InverseShares(graph, edges)
    layers = config.layers
    for index, layer in enumerate(layers, start=1):
        own = block if index == len(layers) else 1
        planes = _convolution(graph, planes, f"conv{index}", tensors, config.border, shares, own)
        slope = tensors.get(f"conv{index}.slope")
        planes = activated(graph, planes, f"conv{index}", layer.activation, slope)
    picture = INPUT
    if config.residual and config.interpolated and not alone:
        picture = _cropped(graph, INPUT, config.receptive_radius, edges, "inner")
    planes = arranged(graph, planes, config, picture, alone=alone)
    graph.node("Identity", [planes], OUTPUT)
    return graph.model({INPUT: config.channels}, {OUTPUT: config.channels})


def activated(
    graph: Graph,
    planes: str,
    name: str,
    activation: Activation,
    slope: NDArray[np.float32] | None = None,
) -> str:
    """What a layer of that name gives; ``slope`` (C,) of PReLU."""
    if activation == "none":
        return planes
    inputs = [planes]
    if slope is not None:
        inputs.append(graph.constant(f"{name}.slope", slope[:, None, None]))
    return graph.node(_OPERATORS[activation], inputs, f"{name} {activation}")


def arranged(
    graph: Graph, planes: str, config: ModelConfig, picture: str, *, alone: bool = False
) -> str:
    """What a network gives of its last layer's planes: with the picture, its pixels in place.

    Args:
        graph: Gets the nodes.
        planes: The last layer's.
        config: The network.
        picture: Its input, as large as ``planes``.
        alone: See `network_model`.
    """
    if config.mean and not config.residual and not alone:
        # As a difference, because a sum would become part of the last layer's biases, which rounds
        # in another place than torch does.
        below = graph.constant("plus mean", np.array([-config.mean], np.float32))
        planes = graph.node("Sub", [planes, below], "with mean")
    if config.residual and config.interpolated and not alone:
        planes = graph.node("Add", [planes, picture], "sum")
    if config.factor > 1:
        size = integer("blocksize", config.factor)
        planes = graph.node("DepthToSpace", [planes], "enlarged", size, string("mode", "CRD"))
    return planes


def last_block(config: ModelConfig) -> int:
    """How many pixels to each side the last layer should compute at once to be done soonest.

    A layer with one output plane leaves most of a processor's lanes idle: of 9-1-5's time on
    AVX-512 the last layer would be six tenths for a tenth of the multiplications. So b x b
    neighbouring pixels become planes of one convolution, whose filters are the layer's, each moved
    by its pixel's place within a larger square of zeros, and which steps by b; the planes are then
    put side by side as sub-pixels are.
    """
    *others, last = (_cost(layer, 1) for layer in config.layers)
    best = min(range(1, 5), key=lambda block: _cost(config.layers[-1], block))
    saved = last - _cost(config.layers[-1], best)
    return best if saved > _WORTHWHILE * (sum(others) + last) else 1


def _cost(layer: Layer, block: int) -> float:
    """Multiplications per pixel, those in idle lanes included."""
    lanes = math.ceil(layer.outputs * block**2 / LANES) * LANES
    return lanes * layer.inputs * (layer.side + block - 1) ** 2 / block**2


def _convolution(
    graph: Graph,
    planes: str,
    name: str,
    tensors: Tensors,
    border: BorderPolicy,
    shares: _InverseShares,
    block: int,
) -> str:
    """A layer without its activation, as large as its input on the sides that are extended."""
    weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
    side = weight.shape[-1]
    top, left, bottom, right = pads = [side // 2 * edge for edge in shares.edges]
    if border == "normalize" and any(pads):
        inputs = [planes, graph.constant(f"{name}.weight", spread(weight, block))]
        sums = product(graph, inputs, f"{name} unscaled", side, pads, block)
        scaled = graph.node("Mul", [sums, shares.after(planes, side)], f"{name} scaled")
        return graph.node(
            "Add", [scaled, graph.constant(f"{name}.bias", bias[:, None, None])], name
        )
    shares.pass_over(side)
    if border == "replicate" and any(pads):
        before_and_after = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
        amounts = graph.constant(f"{name} pads", before_and_after)
        mode = string("mode", "edge")
        planes = graph.node("Pad", [planes, amounts], f"{name} padded", mode)
        pads = [0, 0, 0, 0]
    inputs = [
        planes,
        graph.constant(f"{name}.weight", spread(weight, block)),
        graph.constant(f"{name}.bias", np.repeat(bias, block**2)),
    ]
    return product(graph, inputs, name, side, pads, block)


def spread(weight: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Filters (out, in, f, f) for each pixel of a block, (out b², in, f + b - 1, f + b - 1)."""
    outputs, inputs, side, _ = weight.shape
    result = np.zeros((outputs, block, block, inputs, *[side + block - 1] * 2), np.float32)
    for y in range(block):
        for x in range(block):
            result[:, y, x, :, y : y + side, x : x + side] = weight
    return result.reshape(-1, *result.shape[3:])


def product(
    graph: Graph, inputs: list[str], name: str, side: int, pads: list[int], block: int
) -> str:
    """A convolution with filters of ``side`` pixels; with `spread` ones, if in blocks."""
    if block == 1:
        return graph.node("Conv", inputs, name, ints("pads", pads))
    # Below and to the right enough for the last block, which need not be whole.
    wider = [*pads[:2], *(pad + block - 1 for pad in pads[2:])]
    blocks = graph.node(
        "Conv", inputs, f"{name} in blocks", ints("pads", wider), ints("strides", [block] * 2)
    )
    size, mode = integer("blocksize", block), string("mode", "CRD")
    whole = graph.node("DepthToSpace", [blocks], f"{name} in whole blocks", size, mode)
    growth = np.array([pads[0] + pads[2], pads[1] + pads[3]], np.int64) - (side - 1)
    ends = graph.node(
        "Add",
        [_height_and_width(graph, inputs[0], name), graph.constant(f"{name} growth", growth)],
        f"{name} ends",
    )
    starts = graph.constant("first row and column", np.zeros(2, np.int64))
    axes = graph.constant("rows and columns", np.array([2, 3], np.int64))
    return graph.node("Slice", [whole, starts, ends, axes], name)


def _height_and_width(graph: Graph, planes: str, name: str) -> str:
    bounds = [
        graph.constant("of height", np.array([2], np.int64)),
        graph.constant("of width", np.array([4], np.int64)),
    ]
    shape = graph.node("Shape", [planes], f"{name} shape")
    return graph.node("Slice", [shape, *bounds], f"{name} size")


class _InverseShares:
    """One over the share of a filter that lies on valid pixels, for each layer, (1, 1, H', W').

    The share is the convolution of a plane of ones with a filter of equal weights that add up to 1.
    It is computed once for each size of filter: how far a pixel is from the picture's border does
    not change from layer to layer, so later layers of that size take the part that is left of it.

    Args:
        graph: Gets the nodes.
        edges: The sides that lie on the picture's true border.
    """

    def __init__(self, graph: Graph, edges: Edges) -> None:
        self.edges = edges
        self._graph = graph
        self._lost = 0  # pixels that the layers so far took off each of the other sides
        self._made: dict[int, tuple[str, int]] = {}

    def pass_over(self, side: int) -> None:
        """A layer that needs none."""
        self._lost += side // 2

    def after(self, planes: str, side: int) -> str:
        """For a layer with filters of a size on these planes."""
        self._lost += side // 2
        if side not in self._made:
            self._made[side] = (self._compute(planes, side), self._lost)
        name, lost = self._made[side]
        if self._lost == lost or all(self.edges):
            return name
        cut = _cropped(self._graph, name, self._lost - lost, self.edges, f"share {self._lost}")
        self._made[side] = (cut, self._lost)
        return cut

    def _compute(self, planes: str, side: int) -> str:
        graph, name = self._graph, f"share of {side}"
        size = _height_and_width(graph, planes, name)
        single = graph.constant("one plane", np.array([1, 1], np.int64))
        target = graph.node("Concat", [single, size], f"{name} target", integer("axis", 0))
        one = graph.constant("one", np.ones(1, np.float32))
        ones = graph.node("Expand", [one, target], f"{name} ones")
        weights = graph.constant(f"{name} weights", np.ones((1, 1, side, side), np.float32))
        pads = ints("pads", [side // 2 * edge for edge in self.edges])
        valid = graph.node("Conv", [ones, weights], f"{name} valid", pads)
        area = graph.constant(f"{name} area", np.array([side * side], np.float32))
        return graph.node("Div", [area, valid], f"{name} inverse")


def _cropped(graph: Graph, planes: str, radius: int, edges: Edges, name: str) -> str:
    """Planes without ``radius`` pixels on the sides that are not in ``edges``."""
    starts = np.array([0 if edges.top else radius, 0 if edges.left else radius], np.int64)
    ends = np.array(
        [_TO_THE_END if edges.bottom else -radius, _TO_THE_END if edges.right else -radius],
        np.int64,
    )
    bounds = [
        graph.constant(f"{name} first", starts),
        graph.constant(f"{name} last", ends),
        graph.constant("rows and columns", np.array([2, 3], np.int64)),
    ]
    return graph.node("Slice", [planes, *bounds], name)
