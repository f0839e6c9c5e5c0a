"""The authors' .mat files: how SRCNN's and VDSR's filters lie in them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import ModelError
from srcnn_cli.models.foreign.layers import (
    MAX_LAYERS,
    FoundNetwork,
    Layer,
    joined,
    listed,
    no_sequence,
    printable,
)
from srcnn_cli.models.foreign.matlab import MatlabReader

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_matlab(data: bytes, *, transpose: bool) -> FoundNetwork:
    """The network in a .mat file.

    Args:
        data: The file.
        transpose: Swap rows and columns of SRCNN's filters (see `importer.import_weights`).

    Raises:
        ModelError: It is damaged, or of neither network.
    """
    try:
        content = MatlabReader(data).variables()
    except ModelError:
        raise
    except Exception as error:  # what struct, zlib and numpy make of damaged files
        raise ModelError("a damaged or truncated .mat file") from error
    convolutions = sorted(name for name in content if name.startswith("weights_conv"))
    if convolutions == ["weights_conv1", "weights_conv2", "weights_conv3"]:
        return _srcnn_from_matlab(content, transpose=transpose)
    model = content.get("model")
    if isinstance(model, dict) and {"weight", "bias"} <= set(model):
        return _vdsr_from_matlab(model)
    shown = listed([printable(name) for name in sorted(content)]) or "nothing"
    raise ModelError(
        f"a .mat file of neither SRCNN (weights_conv1 to 3) nor VDSR (model.weight): it has {shown}"
    )


def _srcnn_from_matlab(content: dict[str, object], *, transpose: bool) -> FoundNetwork:
    """SRCNN's filters as (in, f², out), where MATLAB drops sides of one at the end.

    Of one channel the first layer is (f1², n1) and the last (n2, f3²); of three they are
    (3, f1², n1) and (n2, f3², 3).
    """
    arrays = [_numbers(content[f"weights_conv{index}"], 3) for index in (1, 2, 3)]
    first, second, third = arrays
    if (first.ndim == 2) != (third.ndim == 2):
        raise ModelError(f"its filters have unknown shapes: {listed([a.shape for a in arrays])}")
    first = first[None] if first.ndim == 2 else first
    second, third = (a[:, :, None] if a.ndim == 2 else a for a in (second, third))
    layers = []
    for index, filters in enumerate((first, second, third), start=1):
        side = math.isqrt(filters.shape[1])
        if side * side != filters.shape[1]:
            raise ModelError(f"filters of {filters.shape[1]} values are not square")
        # A filter's columns lie one after the other; read as rows, that is its transpose.
        square = filters.transpose(2, 0, 1).reshape(filters.shape[2], filters.shape[0], side, side)
        weight = square if transpose else square.swapaxes(2, 3)
        if f"biases_conv{index}" not in content:
            raise ModelError(f"biases_conv{index} is missing")
        layers.append(Layer(weight, _numbers(content[f"biases_conv{index}"], 2).ravel()))
    if not joined(layers) or layers[0].maps[0] != layers[-1].maps[1]:
        raise ModelError(f"its layers do not fit together: {listed([a.shape for a in arrays])}")
    stored = "filters transposed" if transpose else "filters as MATLAB has them"
    return FoundNetwork(layers, f"SRCNN's .mat layout ({stored})", "srcnn")


def _vdsr_from_matlab(model: dict[str, object]) -> FoundNetwork:
    weights, biases = model["weight"], model["bias"]
    if not isinstance(weights, list) or not isinstance(biases, list):
        raise ModelError("its model has no lists of filters and biases")
    if not 2 <= len(weights) == len(biases) <= MAX_LAYERS:
        raise ModelError(
            f"its model has {len(weights)} lists of filters and {len(biases)} of biases"
        )
    layers = []
    for weight, bias in zip(weights, biases, strict=True):
        filters = _numbers(weight, 4)
        filters = filters.reshape(filters.shape + (1,) * (4 - filters.ndim))
        layers.append(Layer(filters.transpose(3, 2, 0, 1), _numbers(bias, 2).ravel()))
    if not joined(layers):
        raise ModelError(no_sequence(layers))
    return FoundNetwork(layers, "VDSR's .mat layout", "vdsr", (2, 3, 4))


def _numbers(value: object, dimensions: int) -> NDArray[Any]:
    """An array of a .mat file that has 2 to so many dimensions."""
    if not isinstance(value, np.ndarray):
        raise ModelError("something else than floating-point numbers stands for filters or biases")
    if not 2 <= value.ndim <= dimensions or not value.size:
        raise ModelError(f"an array of shape {value.shape} stands for filters or biases")
    return value
