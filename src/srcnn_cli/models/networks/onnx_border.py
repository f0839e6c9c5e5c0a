"""A network whose border is normalised as one ONNX model for all tiles at the border.

Where the picture ends is not part of the model: it takes, beside the picture's planes, for each
size of filter the factors by which its sums are multiplied, 1 where all of the filter lies on the
picture. Every layer is computed as far as the patch goes, beyond sides that lie inside the picture
on zeros; what is wrong for that is nearer to such a side than the receptive radius, and cut off.

ONNX Runtime keeps feature maps in blocks of planes as long as it knows that what meets is equally
large. So the factors come from the same input as the picture, and become as many planes as there
are maps, and bias and activation are part of a convolution with one pixel of each plane.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.models.networks.onnx_format import Graph, integer, ints
from srcnn_cli.models.networks.onnx_graph import (
    INPUT,
    LANES,
    OUTPUT,
    activated,
    arranged,
    product,
    spread,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.imaging.regions import Edges
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.networks.base import Layer
    from srcnn_cli.models.weights import Tensors


def has_bordered_model(config: ModelConfig) -> bool:
    """Whether there is one that gives the same to the bit: other sums are made in another order."""
    whole = all(width % LANES == 0 for width in config.widths)
    return config.border == "normalize" and config.channels == 1 and whole


def bordered_model(config: ModelConfig, tensors: Tensors, *, block: int = 1) -> bytes:
    """A network with the border policy ``normalize`` for patches with any edges.

    Args:
        config: The network, one of `has_bordered_model`.
        tensors: Its weights, as `weights.load_weights` gives them.
        block: As for `onnx_graph.network_model`.

    Returns:
        A model that takes what `with_factors` makes of a patch, (1, C + n, H, W) float32, as
        `INPUT`, and gives as `OUTPUT` (1, C, s H, s W), of which s times the receptive radius is to
        be cut off on sides that are no edges. The rest is, to the bit, what the model of
        `onnx_graph.network_model` gives.
    """
    graph = _Graph(config)
    planes = graph.input_in_lanes()
    *layers, last = config.layers
    for index, layer in enumerate(layers, start=1):
        planes = graph.layer(planes, f"conv{index}", layer, tensors)
    planes = graph.last_layer(planes, f"conv{len(layers) + 1}", last, tensors, block)
    whole = graph.cut(INPUT, 0, config.channels, "picture")
    planes = arranged(graph, planes, config, whole)
    graph.node("Identity", [planes], OUTPUT)
    return graph.model({INPUT: graph.given}, {OUTPUT: config.channels})


def with_factors(
    config: ModelConfig, patch: NDArray[np.float32], edges: Edges
) -> NDArray[np.float32]:
    """What the model takes.

    Args:
        config: The network.
        patch: (C, h, w).
        edges: Its sides that lie on the true border of the picture.

    Returns:
        (C + n, h, w), after the patch for each of the n sizes of filter the area of one over what
        of it lies on the picture.
    """
    sides = _sides(config)
    result = np.empty((len(patch) + len(sides), *patch.shape[1:]), np.float32)
    result[: len(patch)] = patch
    for place, side in zip(result[len(patch) :], sides, strict=True):
        rows = _on_the_picture(patch.shape[1], side // 2, starts=edges.top, ends=edges.bottom)
        columns = _on_the_picture(patch.shape[2], side // 2, starts=edges.left, ends=edges.right)
        np.divide(np.float32(side**2), np.outer(rows, columns), out=place)
    return result


def _on_the_picture(length: int, radius: int, *, starts: bool, ends: bool) -> NDArray[np.float32]:
    """How many pixels of a filter do, at each pixel of a row."""
    places = np.arange(length)
    first = np.maximum(places - radius, 0) if starts else places - radius
    last = np.minimum(places + radius, length - 1) if ends else places + radius
    counts: NDArray[np.float32] = (last - first + 1).astype(np.float32)
    return counts


def _sides(config: ModelConfig) -> list[int]:
    """Those of filters that reach beyond the picture."""
    return sorted({layer.side for layer in config.layers} - {1})


class _Graph(Graph):
    """A graph whose feature maps are whole blocks of planes; those too many are zero."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config.name)
        self.config = config
        self.sides = _sides(config)
        self.given = config.channels + len(self.sides)  # planes
        self._inputs = ""
        self._factors: dict[tuple[int, int], str] = {}

    def input_in_lanes(self) -> str:
        """Picture and factors; from the picture its mean is taken."""
        weight = np.eye(_in_lanes(self.given), self.given, dtype=np.float32)[..., None, None]
        bias = np.zeros(len(weight), np.float32)
        bias[: self.config.channels] = -self.config.mean
        constants = [self.constant("to lanes", weight), self.constant("minus mean", bias)]
        self._inputs = self.node("Conv", [INPUT, *constants], "in lanes")
        return self._inputs

    def layer(self, planes: str, name: str, layer: Layer, tensors: Tensors) -> str:
        """A convolution and its activation."""
        count = _in_lanes(layer.outputs)
        weight = np.zeros((count, self._planes(layer, name), layer.side, layer.side), np.float32)
        weight[: layer.outputs, : layer.inputs] = tensors[f"{name}.weight"]
        bias = self.constant(f"{name}.bias", _padded(tensors[f"{name}.bias"], count))
        inputs = [planes, self.constant(f"{name}.weight", weight)]
        if layer.side == 1:
            result = self.node("Conv", [*inputs, bias], name)
        else:
            pads = ints("pads", [layer.side // 2] * 4)
            sums = self.node("Conv", inputs, f"{name} unscaled", pads)
            scaled = self.node("Mul", [sums, self._factor(layer.side, count)], f"{name} scaled")
            ones = self.constant(f"{count} ones", np.ones((count, 1, 1, 1), np.float32))
            each = integer("group", count)
            result = self.node("Conv", [scaled, ones, bias], name, each)
        slope = tensors.get(f"{name}.slope")
        return activated(
            self, result, name, layer.activation, None if slope is None else _padded(slope, count)
        )

    def last_layer(self, planes: str, name: str, layer: Layer, tensors: Tensors, block: int) -> str:
        """The last one, in blocks of pixels or not; no planes too many."""
        if block == 1:
            result = self.layer(planes, name, layer, tensors)
            return self.cut(result, 0, layer.outputs, f"{name} alone")
        weight = np.zeros((layer.outputs, self._planes(layer, name), *[layer.side] * 2), np.float32)
        weight[:, : layer.inputs] = tensors[f"{name}.weight"]
        inputs = [planes, self.constant(f"{name}.weight", spread(weight, block))]
        pads = [layer.side // 2] * 4
        sums = product(self, inputs, f"{name} unscaled", layer.side, pads, block)
        if layer.side > 1:
            place = self.config.channels + self.sides.index(layer.side)
            factor = self.cut(INPUT, place, place + 1, f"factor of {layer.side}")
            sums = self.node("Mul", [sums, factor], f"{name} scaled")
        bias = self.constant(f"{name}.bias", tensors[f"{name}.bias"][:, None, None])
        return activated(self, self.node("Add", [sums, bias], name), name, layer.activation)

    def cut(self, planes: str, first: int, last: int, name: str) -> str:
        """Some of the planes."""
        bounds = [
            self.constant(f"{name} {end}", np.array([place], np.int64))
            for end, place in (("first", first), ("last", last), ("axis", 1))
        ]
        return self.node("Slice", [planes, *bounds], name)

    def _planes(self, layer: Layer, name: str) -> int:
        """Planes that a layer gets."""
        return _in_lanes(self.given if name == "conv1" else layer.inputs)

    def _factor(self, side: int, count: int) -> str:
        """That of a size of filter, as so many planes."""
        if (side, count) not in self._factors:
            name = f"{count} factors of {side}"
            place = self.config.channels + self.sides.index(side)
            weight = np.zeros((count, _in_lanes(self.given), 1, 1), np.float32)
            weight[:, place] = 1
            inputs = [self._inputs, self.constant(f"to {name}", weight)]
            self._factors[side, count] = self.node("Conv", inputs, name)
        return self._factors[side, count]


def _in_lanes(count: int) -> int:
    return math.ceil(count / LANES) * LANES


def _padded(values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    return np.pad(values, (0, count - len(values)))
