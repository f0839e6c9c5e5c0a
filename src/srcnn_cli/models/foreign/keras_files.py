"""Keras' HDF5 files (.h5, .hdf5), with the model or with its weights alone.

They are read by pyfive, which is written in Python: the HDF5 library itself is compiled, and files
that are made to crash it are known.
"""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import ModelError
from srcnn_cli.models.foreign.layers import (
    MAX_LAYERS,
    Deconvolution,
    FoundNetwork,
    Layer,
    check_shapes,
    factor_of,
    in_sequence,
    listed,
    printable,
)
from srcnn_cli.models.foreign.state_dicts import natural, with_deconvolution, with_slopes
from srcnn_cli.models.foreign.stored import MAX_PARAMETERS
from srcnn_cli.models.foreign.subpixels import channels_first

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.models.networks.base import Activation, BorderPolicy

_CONVOLUTIONS = {"Conv2D", "Convolution2D", "Conv2DTranspose", "Deconvolution2D"}
_NOTHING = {"InputLayer", "Lambda", "Dropout", "Cropping2D", "TFOpLambda", "Rescaling"}
_ACTIVATIONS: dict[str, Activation] = {"relu": "relu", "tanh": "tanh", "linear": "none"}


def read_keras(data: bytes) -> FoundNetwork:
    """The network in an HDF5 file of Keras, its layers in the order that the file gives them.

    Raises:
        ModelError: It is damaged, not Keras', or its network is none of those that are here.
    """
    import pyfive

    try:
        file = pyfive.File(io.BytesIO(data))
        weights = _weights(file)
        model = _model(file.attrs.get("model_config"))
    except ModelError:
        raise
    except Exception as error:  # pyfive raises a dozen types over damaged files
        raise ModelError("a damaged HDF5 file") from error
    if not weights:
        raise ModelError("an HDF5 file that Keras did not write")
    if model is None:
        layers = in_sequence(with_deconvolution(_layers_of_weights(weights), None))
        if layers[-1].deconvolution is None:
            layers[-1] = _in_torch_order(layers)
        return FoundNetwork(layers, "weights of Keras")
    return _read_model(model, weights)


def _weights(file: Any) -> dict[str, list[NDArray[Any]]]:  # noqa: ANN401 - pyfive's
    """The arrays of each layer, by its name, in the order that the file gives.

    Keras 1 and 2 list them in attributes; Keras 3 (``.weights.h5``) names groups by the layers.
    """
    root = file.get("model_weights", file)
    found: dict[str, list[NDArray[Any]]] = {}
    if "layer_names" in root.attrs:
        for name in map(_text, root.attrs["layer_names"]):
            names = map(_text, root[name].attrs["weight_names"])
            found[name] = [_array(root[name][weight]) for weight in names]
    elif "layers" in root:
        layers = root["layers"]
        for name in sorted(layers, key=natural):
            own = layers[name].get("vars", {})
            found[name] = [_array(own[key]) for key in sorted(own, key=natural)]
    if len(found) > 3 * MAX_LAYERS:
        raise ModelError(f"{len(found)} layers are more than any network here has")
    return found


def _array(dataset: Any) -> NDArray[Any]:  # noqa: ANN401
    if math.prod(dataset.shape) > MAX_PARAMETERS:
        raise ModelError(f"more than {MAX_PARAMETERS:,} values: no such network")
    if np.dtype(dataset.dtype).kind != "f":
        raise ModelError(f"an array of {dataset.dtype}, where floating-point values should be")
    return np.asarray(dataset[()], np.float32)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _model(text: object) -> list[dict[str, Any]] | None:
    """The layers of the model that is written in a file; None: there is none."""
    if text is None:
        return None
    model = json.loads(_text(text))["config"]
    layers: list[dict[str, Any]] = model if isinstance(model, list) else model["layers"]
    return layers


def _filters(array: NDArray[Any]) -> NDArray[Any]:
    """(out, in, f, f) of (f, f, in, out), or of Theano's order in Keras 1, which is ours."""
    if array.shape[0] != array.shape[1] and array.shape[2] == array.shape[3]:
        return array
    filters: NDArray[Any] = array.transpose(3, 2, 0, 1)
    return filters


def _layers_of_weights(weights: dict[str, list[NDArray[Any]]]) -> list[Layer]:
    """Convolutions, and slopes of PReLU, which Keras 3 lists after all of them, each in order."""
    layers: list[Layer] = []
    slopes: list[NDArray[Any]] = []
    for name, arrays in weights.items():
        if not arrays:
            continue
        first, *rest = arrays
        if first.ndim == 4 and len(rest) <= 1:
            layers.append(Layer(_filters(first), rest[0] if rest else None))
        elif not rest and first.ndim in {1, 3}:
            slopes.append(_slope(first, name))
        else:
            shapes = listed([array.shape for array in arrays])
            raise ModelError(f"the layer {printable(name)} is no convolution: {shapes}")
    return with_slopes(layers, slopes) if layers else layers


def _slope(alpha: NDArray[Any], name: str) -> NDArray[Any]:
    if alpha.size != alpha.shape[-1]:
        raise ModelError(f"{printable(name)} has slopes for each pixel of one size of picture")
    slopes: NDArray[Any] = alpha.ravel()
    return slopes


def _in_torch_order(layers: list[Layer]) -> Layer:
    """The last layer with its sub-pixels as torch has them, if there are any."""
    last, factor = layers[-1], factor_of(layers)
    if factor < 2:
        return last
    bias = None if last.bias is None else channels_first(last.bias, factor)
    return replace(last, weight=channels_first(last.weight, factor), bias=bias)


def _read_model(
    model: list[dict[str, Any]], weights: dict[str, list[NDArray[Any]]]
) -> FoundNetwork:
    layers: list[Layer] = []
    borders: set[BorderPolicy | None] = set()
    residual = False
    for entry in model:
        kind, own = str(entry.get("class_name")), entry.get("config", {})
        name = str(own.get("name", entry.get("name")))
        arrays = weights.get(name, [])
        if kind in _CONVOLUTIONS and arrays and arrays[0].ndim == 4:
            layers.append(_layer(kind, own, arrays))
            if layers[-1].weight.shape[2] > 1 and layers[-1].deconvolution is None:
                same = own.get("padding", own.get("border_mode")) == "same"
                borders.add("zero" if same else None)
        elif kind in {"Add", "Merge"}:
            residual = True
        elif kind in {"Activation", "ReLU", "LeakyReLU", "PReLU"} and layers:
            layers[-1] = _activated(layers[-1], kind, own, arrays, name)
        elif kind not in _NOTHING and "depth" not in kind.lower() and "shuffle" not in kind.lower():
            raise ModelError(f"has a layer that no network here has: {printable(kind)}")
    if len(layers) < 2:
        raise ModelError(f"{len(layers)} convolutions are no network")
    layers = _checked(layers)
    adds = sum(str(entry.get("class_name")) in {"Add", "Merge"} for entry in model)
    if adds > 1:
        raise ModelError("layers whose results are added to others: a residual network")
    return FoundNetwork(
        layers,
        "a Keras model",
        border=next(iter(borders)) if len(borders) == 1 else None,
        residual=residual,
    )


def _checked(layers: list[Layer]) -> list[Layer]:
    ordered = in_sequence(layers)
    check_shapes(ordered)
    last = ordered[-1] if ordered[-1].deconvolution else _in_torch_order(ordered)
    if last.activation in {"relu", "none"}:
        return [*ordered[:-1], replace(last, activation="none")]
    raise ModelError(f"its last layer ends in {last.activation}")


def _layer(kind: str, own: dict[str, Any], arrays: list[NDArray[Any]]) -> Layer:
    strides = own.get("strides", own.get("subsample", [1, 1]))
    stride = strides[0] if isinstance(strides, list) else strides
    weight = _filters(arrays[0])
    deconvolution = None
    if kind in {"Conv2DTranspose", "Deconvolution2D"}:
        weight = weight.swapaxes(0, 1)
        deconvolution = Deconvolution(int(stride), None if own.get("padding") == "same" else 0)
    elif stride != 1 or own.get("dilation_rate", [1, 1]) not in ([1, 1], 1):
        raise ModelError("a convolution with strides or gaps, as no network here has")
    layer = Layer(weight, arrays[1] if len(arrays) > 1 else None, deconvolution=deconvolution)
    return replace(layer, activation=_named_activation(own.get("activation", "linear")))


def _activated(
    layer: Layer, kind: str, own: dict[str, Any], arrays: list[NDArray[Any]], name: str
) -> Layer:
    if layer.activation != "none":
        raise ModelError(f"two activations follow each other: {printable(name)}")
    if kind == "PReLU":
        return replace(layer, activation="prelu", slope=_slope(arrays[0], name))
    if kind == "LeakyReLU":
        slope = float(own.get("negative_slope", own.get("alpha", 0.3)))
        return replace(layer, activation="prelu", slope=np.array([slope], np.float32))
    word = "relu" if kind == "ReLU" else own.get("activation", "linear")
    return replace(layer, activation=_named_activation(word))


def _named_activation(word: object) -> Activation:
    if not isinstance(word, str) or word not in _ACTIVATIONS:
        raise ModelError(f"its layers are joined by {printable(str(word))}")
    return _ACTIVATIONS[word]
