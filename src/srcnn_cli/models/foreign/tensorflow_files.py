"""Frozen graphs of TensorFlow (.pb): the network that they describe.

The numbers of the fields are those of ``graph.proto``, ``node_def.proto``, ``attr_value.proto`` and
``tensor.proto`` in https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core/framework.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import ModelError
from srcnn_cli.models.foreign.chains import Chain
from srcnn_cli.models.foreign.layers import Deconvolution
from srcnn_cli.models.foreign.operators import COMMON, Call, clip, run, through
from srcnn_cli.models.foreign.protocol_buffers import Message
from srcnn_cli.models.foreign.signals import Signal, Unknown
from srcnn_cli.models.foreign.stored import MAX_PARAMETERS, decoded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.models.foreign.layers import FoundNetwork
    from srcnn_cli.models.foreign.signals import Value

_KINDS = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 6: "int8", 9: "int64", 10: "bool",
    14: "bfloat16", 19: "float16",
}  # fmt: skip
_INPUTS = {"Placeholder", "PlaceholderWithDefault", "IteratorGetNext"}
_VARIABLES = {"Variable", "VariableV2", "VarHandleOp"}


@dataclass(frozen=True)
class _Node:
    name: str
    operator: str
    inputs: list[str]
    attributes: dict[str, Message]


def looks_like_tensorflow(data: bytes) -> bool:
    """Whether a file is a graph of TensorFlow: of messages (1) with a name (1) and operator (2)."""
    try:
        nodes = Message(data).messages(1)
        return bool(nodes) and all(node.text(1) and node.text(2) for node in nodes)
    except ValueError:
        return False


def read_tensorflow(data: bytes) -> FoundNetwork:
    """The network in a frozen graph.

    Raises:
        ModelError: The file is damaged, or its network is none of those that are here.
    """
    try:
        nodes = [_node(message) for message in Message(data).messages(1)]
        ordered = _in_order(nodes)
        chain = Chain()
        values: dict[str, Value] = {}
        for node in ordered:
            given = [values.get(name, Unknown("nothing")) for name in node.inputs]
            values[node.name] = _run(chain, node, given)
    except (ValueError, KeyError, IndexError) as error:
        raise ModelError("a damaged TensorFlow graph") from error
    used = {name for node in nodes for name in node.inputs}
    ends = [values[node.name] for node in ordered if node.name not in used]
    signals = [value for value in ends if isinstance(value, Signal) and value.layer]
    last = max(signals, key=lambda signal: (signal.layer, signal.version), default=None)
    unknown = next((value for value in ends if isinstance(value, Unknown)), None)
    return chain.network(last or unknown, "a frozen graph of TensorFlow")


def _run(chain: Chain, node: _Node, inputs: list[Value]) -> Value:
    """What an operator gives; of one that is not known or does not matter, `Unknown`."""
    if node.operator in _INPUTS:
        return Signal(0)
    if node.operator == "Const":
        return _numbers(Message(node.attributes["value"].block(8)))
    if node.operator in _VARIABLES:
        raise ModelError("a TensorFlow graph without its weights: freeze it first")
    return run(Call(chain, node.operator, inputs, node.attributes), _STEPS)


def _convolve(call: Call) -> Value:
    """Filters are (f, f, in, out)."""
    strides, gaps = (set(_integers(call, name)) - {1} for name in ("strides", "dilations"))
    if strides or gaps:
        raise ModelError("a convolution with strides or gaps, as no network here has")
    (weight,) = call.numbers
    padding = None if _text(call, "padding") == "SAME" else 0
    return call.chain.convolve(call.signals[0], weight.transpose(3, 2, 0, 1), None, padding=padding)


def _deconvolve(call: Call) -> Value:
    """Inputs are the size of the result, filters (f, f, out, in), and what it is taken of."""
    _, weight, signal = call.inputs
    strides = set(_integers(call, "strides")) - {1}
    usual = len(strides) == 1 and _text(call, "padding") == "SAME"
    if not usual or not isinstance(signal, Signal) or not isinstance(weight, np.ndarray):
        raise ModelError("a transposed convolution of another kind")
    return call.chain.convolve(
        signal,
        weight.transpose(2, 3, 0, 1),
        None,
        padding=None,
        deconvolution=Deconvolution(strides.pop(), None),
    )


def _leak(call: Call) -> Value:
    return call.chain.leak(call.signals[0], _real(call, "alpha", 0.2))


def _shuffle(call: Call) -> Value:
    channels_last = _text(call, "data_format") in {"", "NHWC"}
    return call.chain.shuffle(call.signals[0], channels_last=channels_last)


def _normalize(call: Call) -> Value:
    if len(call.numbers) != 4:
        return call.unknown
    return call.chain.normalize(
        call.signals[0], call.numbers, float(_real(call, "epsilon", 1e-4)[0])
    )


_STEPS = COMMON | {
    "AddV2": COMMON["Add"],
    "BiasAdd": COMMON["Add"],
    "RealDiv": COMMON["Div"],
    "Conv2D": _convolve,
    "Conv2DBackpropInput": _deconvolve,
    "LeakyRelu": _leak,
    "DepthToSpace": _shuffle,
    "FusedBatchNorm": _normalize,
    "FusedBatchNormV2": _normalize,
    "FusedBatchNormV3": _normalize,
    "ClipByValue": clip,
    "StopGradient": through,
    "ReadVariableOp": through,
    "Transpose": through,
    "Squeeze": through,
    "ExpandDims": through,
}


def _in_order(nodes: list[_Node]) -> list[_Node]:
    """The nodes so that each comes after its inputs."""
    by_name = {node.name: node for node in nodes}
    waiting = {node.name: {name for name in node.inputs if name in by_name} for node in nodes}
    followers: dict[str, list[str]] = {name: [] for name in by_name}
    for name, inputs in waiting.items():
        for other in inputs:
            followers[other].append(name)
    ready = [node.name for node in nodes if not waiting[node.name]]
    for name in ready:  # grows meanwhile
        for follower in followers[name]:
            waiting[follower].discard(name)
            if not waiting[follower]:
                ready.append(follower)
    if len(ready) < len(by_name):
        raise ModelError("a graph that runs in circles")
    return [by_name[name] for name in ready]


def _node(message: Message) -> _Node:
    # An input is "name", "name:1" or, where only the order matters, "^name".
    inputs = [name.partition(":")[0] for name in message.texts(3) if not name.startswith("^")]
    attributes = {entry.text(1): Message(entry.block(2)) for entry in message.messages(5)}
    return _Node(message.text(1), message.text(2), inputs, attributes)


def _text(call: Call, name: str) -> str:
    return call.attributes[name].text(2) if name in call.attributes else ""


def _integers(call: Call, name: str) -> list[int]:
    if name not in call.attributes:
        return []
    return Message(call.attributes[name].block(1)).integers(3)


def _real(call: Call, name: str, default: float) -> NDArray[Any]:
    values = call.attributes[name].numbers(4, "float32") if name in call.attributes else []
    return np.array([*values, default][:1], np.float32)


def _numbers(tensor: Message) -> Value:
    """TensorProto; values that are missing at the end are like the last one."""
    kind = _KINDS.get(tensor.integer(1), "?")
    shape = [side.integer(1) for side in Message(tensor.block(2)).messages(2)]
    if kind == "?":
        return Unknown("Const")
    if not 0 <= math.prod(shape) <= MAX_PARAMETERS:
        raise ValueError(shape)
    values: NDArray[Any]
    if tensor.blocks(4):
        values = decoded(tensor.block(4), kind)
    elif kind in {"float32", "float64"}:
        values = tensor.numbers(5 if kind == "float32" else 6, kind)
    elif kind in {"float16", "bfloat16"}:
        values = decoded(np.array(tensor.integers(13), "<u2").tobytes(), kind)
    else:
        values = np.array(tensor.integers({"int64": 10, "bool": 11}.get(kind, 7)), np.int64)
    if not len(values):
        values = np.zeros(1, values.dtype)
    missing = math.prod(shape) - len(values)
    if missing > 0:
        values = np.concatenate([values, np.repeat(values[-1:], missing)])
    return values.reshape(shape)
