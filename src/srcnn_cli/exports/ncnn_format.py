"""Writing ncnn's model files.

A .param file is text: a magic number, how many layers and blobs, and a line for each layer (kind,
name, inputs, outputs, parameters by number). A .bin file holds the weights in the order of the
layers; a convolution's begin with four bytes that say in which form they are kept. The numbers are
those of ncnn's "operators" page, https://github.com/Tencent/ncnn/wiki/operators.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.exports.folding import BICUBIC_RADIUS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.exports.folding import PlainLayer

_MAGIC = 7767517
_PLAIN_FLOATS = bytes(4)
_REPLICATE = 1  # of Padding; 0 is a constant
_ADD, _MULTIPLY, _DIVIDE_REVERSED = 0, 2, 8  # of BinaryOp
_ACTIVATIONS = {"relu": "ReLU", "prelu": "PReLU", "tanh": "TanH"}
_TO_THE_END = -233  # of Crop


class NcnnModel:
    """A model that grows layer by layer.

    A blob is read by one layer only; what several read is first split, which `description` does.

    Args:
        channels: Planes of the input.
    """

    def __init__(self, channels: int) -> None:
        self._lines: list[tuple[str, str, list[str], list[str], str]] = []
        self._weights: list[bytes] = []
        self._shares: dict[int, str] = {}
        self._channels = channels
        self.source = self._add("Input", "in0", [], "")

    def layer(self, planes: str, layer: PlainLayer, name: str) -> str:
        """A convolution and what follows it."""
        radius = layer.side // 2
        value = 0.0 if layer.outside is None else layer.outside
        if radius and layer.outside is None:
            sides = " ".join(f"{side}={radius}" for side in range(4))
            planes = self._add("Padding", f"{name}_padded", [planes], f"{sides} 4={_REPLICATE}")
            radius = 0
        planes = self._convolution(planes, name, layer.weight, layer.bias, radius, value)
        if layer.after is not None:
            share = self._inverse_share(layer.side)
            planes = self._add("BinaryOp", f"{name}_divided", [planes, share], f"0={_MULTIPLY}")
            planes = self._add("Bias", f"{name}_shifted", [planes], f"0={len(layer.after)}")
            self._weights.append(_floats(layer.after))
        if layer.activation == "none":
            return planes
        words = "" if layer.slope is None else f"0={len(layer.slope)}"
        planes = self._add(_ACTIVATIONS[layer.activation], f"{name}_active", [planes], words)
        if layer.slope is not None:
            self._weights.append(_floats(layer.slope))
        return planes

    def shuffled(self, planes: str, factor: int, name: str = "shuffled") -> str:
        """(C s², H, W) as (C, s H, s W)."""
        if factor == 1:
            return planes
        return self._add("PixelShuffle", name, [planes], f"0={factor}")

    def enlarged(
        self, planes: str, filters: NDArray[np.float32], channels: int, factor: int
    ) -> str:
        """The bicubic enlargement, with symmetric edges, by `folding.bicubic_filters`."""
        for axis in (1, 2):
            first = [self._cut(planes, axis, i, i + 1) for i in reversed(range(BICUBIC_RADIUS))]
            last = [
                self._cut(planes, axis, -i - 1, -i or _TO_THE_END) for i in range(BICUBIC_RADIUS)
            ]
            parts = [*first, planes, *last]
            planes = self._add("Concat", f"bicubic_axis{axis}", parts, f"0={axis}")
        weight = np.zeros((channels * factor**2, channels, *filters.shape[2:]), np.float32)
        for channel in range(channels):
            own = slice(channel * factor**2, (channel + 1) * factor**2)
            weight[own, channel] = filters[:, 0]
        planes = self._convolution(planes, "bicubic", weight, np.zeros(len(weight)), 0, 0)
        return self.shuffled(planes, factor, "bicubic_shuffled")

    def sum(self, one: str, other: str) -> str:
        """Two blobs of one size, added."""
        return self._add("BinaryOp", "sum", [one, other], f"0={_ADD}")

    def named(self, planes: str, name: str) -> None:
        """Give the result its name."""
        self._add("Noop", name, [planes], "")

    def description(self) -> str:
        """The .param file."""
        lines = _split(self._lines)
        blobs = sum(len(outputs) for _, _, _, outputs, _ in lines)
        text = [str(_MAGIC), f"{len(lines)} {blobs}"]
        for kind, name, inputs, outputs, words in lines:
            counts = f"{len(inputs)} {len(outputs)}"
            text.append(" ".join([f"{kind:16} {name:24} {counts}", *inputs, *outputs, words]))
        return "\n".join(line.rstrip() for line in text) + "\n"

    def weights(self) -> bytes:
        """The .bin file."""
        return b"".join(self._weights)

    def _add(self, kind: str, name: str, inputs: list[str], words: str) -> str:
        self._lines.append((kind, name, inputs, [name], words))
        return name

    def _convolution(
        self,
        planes: str,
        name: str,
        weight: NDArray[np.float32],
        bias: NDArray[np.floating],
        radius: int,
        value: float,
    ) -> str:
        words = (
            f"0={len(weight)} 1={weight.shape[-1]} 4={radius} 5=1 6={weight.size} 18={value:.9e}"
        )
        self._weights += [_PLAIN_FLOATS, _floats(weight), _floats(bias)]
        return self._add("Convolution", name, [planes], words)

    def _inverse_share(self, side: int) -> str:
        """One over the share of a filter that lies in the picture, once for each side."""
        if side not in self._shares:
            if not self._shares:
                nothing = np.zeros((1, self._channels, 1, 1), np.float32)
                self._convolution(self.source, "ones", nothing, np.ones(1), 0, 0)
            each = np.full((1, 1, side, side), 1 / side**2, np.float32)
            share = self._convolution("ones", f"share{side}", each, np.zeros(1), side // 2, 0)
            words = f"0={_DIVIDE_REVERSED} 1=1 2=1.0"
            self._shares[side] = self._add("BinaryOp", f"inverse{side}", [share], words)
        return self._shares[side]

    def _cut(self, planes: str, axis: int, start: int, stop: int) -> str:
        name = f"{planes}_{axis}_{start}".replace("-", "m")
        words = f"-23309=1,{start} -23310=1,{stop} -23311=1,{axis}"
        return self._add("Crop", name, [planes], words)


def _split(
    lines: list[tuple[str, str, list[str], list[str], str]],
) -> list[tuple[str, str, list[str], list[str], str]]:
    """The same layers, with a Split after each whose output several layers read."""
    readers: dict[str, int] = {}
    for _, _, inputs, _, _ in lines:
        for blob in inputs:
            readers[blob] = readers.get(blob, 0) + 1
    taken: dict[str, int] = {}

    def own(blob: str) -> str:
        if readers[blob] == 1:
            return blob
        taken[blob] = taken.get(blob, 0) + 1
        return f"{blob}_{taken[blob]}"

    result = []
    for kind, name, inputs, outputs, words in lines:
        result.append((kind, name, [own(blob) for blob in inputs], outputs, words))
        for blob in outputs:
            count = readers.get(blob, 0)
            if count > 1:
                copies = [f"{blob}_{i + 1}" for i in range(count)]
                result.append(("Split", f"split_{blob}", [blob], copies, ""))
    return result


def _floats(values: NDArray[np.floating]) -> bytes:
    return np.ascontiguousarray(values, "<f4").tobytes()
