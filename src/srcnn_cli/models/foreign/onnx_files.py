"""ONNX files: their graph, and the network that it describes.

The numbers of the fields are those of ``onnx.proto3``
(https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import ModelError
from srcnn_cli.models.foreign.chains import Chain
from srcnn_cli.models.foreign.layers import Deconvolution, printable
from srcnn_cli.models.foreign.operators import COMMON, Call, clip, run, through
from srcnn_cli.models.foreign.protocol_buffers import Message
from srcnn_cli.models.foreign.signals import Signal, Unknown
from srcnn_cli.models.foreign.stored import MAX_PARAMETERS, decoded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.models.foreign.layers import FoundNetwork
    from srcnn_cli.models.foreign.signals import Value
    from srcnn_cli.models.networks.base import BorderPolicy

_KINDS = {
    1: "float32", 2: "uint8", 3: "int8", 5: "int16", 6: "int32", 7: "int64", 9: "bool",
    10: "float16", 11: "float64", 16: "bfloat16",
}  # fmt: skip
# torch's pixel_shuffle before ONNX had an operator for it: planes (n, c, s, s, h, w) in this order.
_SHUFFLE = [0, 1, 4, 2, 5, 3]


@dataclass(frozen=True)
class Node:
    """An operator on named values."""

    operator: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]


@dataclass(frozen=True)
class OnnxGraph:
    """A model: its operators in the order in which they can be run.

    Attributes:
        nodes: The operators.
        constants: The numbers in the file, by name.
        inputs: Names of what the model takes, with their sides (None: any).
        outputs: Names of what it gives, with their sides.
        producer: The program that wrote it.
    """

    nodes: list[Node]
    constants: dict[str, NDArray[Any]]
    inputs: dict[str, list[int | None]]
    outputs: dict[str, list[int | None]]
    producer: str = field(default="")


def looks_like_onnx(data: bytes) -> bool:
    """Whether a file is an ONNX model: a message with a version (1) and a graph with nodes (7)."""
    try:
        model = Message(data)
        graph = Message(model.block(7))
    except ValueError:
        return False
    return model.counts(1) and bool(graph.fields.get(1))


def read_graph(data: bytes) -> OnnxGraph:
    """The graph in an ONNX file.

    Raises:
        ModelError: It is damaged, or its numbers lie in another file.
    """
    try:
        model = Message(data)
        graph = Message(model.block(7))
        constants = {tensor.text(8): _numbers(tensor) for tensor in graph.messages(5)}
        nodes = []
        for message in graph.messages(1):
            attributes = dict(_attribute(a) for a in message.messages(5))
            node = Node(message.text(4), message.texts(1), message.texts(2), attributes)
            if node.operator == "Constant" and "value" in attributes:
                constants[node.outputs[0]] = attributes["value"]
            else:
                nodes.append(node)
        inputs = {value.text(1): _sides(value) for value in graph.messages(11)}
        return OnnxGraph(
            nodes,
            constants,
            {name: sides for name, sides in inputs.items() if name not in constants},
            {value.text(1): _sides(value) for value in graph.messages(12)},
            printable(model.text(2)),
        )
    except (ValueError, KeyError, IndexError) as error:
        raise ModelError("a damaged ONNX file") from error


def read_onnx(data: bytes) -> FoundNetwork:
    """The network in an ONNX file, its layers in the order of the nodes.

    Raises:
        ModelError: The file is damaged, or its network is none of those that are here.
    """
    graph = read_graph(data)
    chain = Chain()
    values: dict[str, Value] = {"": Unknown("nothing"), **graph.constants}
    for name in graph.inputs:
        values[name] = Signal(0)
    for node in graph.nodes:
        given = [values.get(name, Unknown("nothing")) for name in node.inputs]
        result = run(Call(chain, node.operator, given, node.attributes), _STEPS)
        values |= dict.fromkeys(node.outputs, result)
    outputs = [values.get(name) for name in graph.outputs]
    output = next((value for value in outputs if isinstance(value, Signal)), None)
    by = f" by {graph.producer}" if graph.producer else ""
    return chain.network(output or next(iter(outputs), None), f"an ONNX model{by}")


def _convolve(call: Call) -> Value:
    weight, *bias = call.numbers
    attributes = call.attributes
    strided = set(attributes.get("strides", [])) - {1} or set(attributes.get("dilations", [])) - {1}
    if strided or attributes.get("group", 1) != 1:
        raise ModelError("a convolution with strides, gaps or groups, as no network here has")
    padding = None
    if attributes.get("auto_pad", "NOTSET") in {"NOTSET", "VALID"}:
        pads = set(attributes.get("pads", [0]))
        padding = pads.pop() if len(pads) == 1 else -1
    return call.chain.convolve(call.signals[0], weight, bias[0] if bias else None, padding=padding)


def _deconvolve(call: Call) -> Value:
    weight, *bias = call.numbers
    attributes = call.attributes
    strides, pads = set(attributes.get("strides", [1])), attributes.get("pads", [0, 0])[:2]
    if len(strides) != 1 or len(set(pads)) != 1 or attributes.get("group", 1) != 1:
        raise ModelError("a transposed convolution of another kind")
    same = attributes.get("auto_pad", "NOTSET") == "SAME_UPPER"
    return call.chain.convolve(
        call.signals[0],
        weight.swapaxes(0, 1),
        bias[0] if bias else None,
        padding=None,
        deconvolution=Deconvolution(strides.pop(), None if same else pads[0]),
    )


def _pad(call: Call) -> Value:
    """Since version 11 the amounts are an input, and before an attribute."""
    amounts = call.numbers[0].tolist() if call.numbers else call.attributes.get("pads", [])
    mode = call.attributes.get("mode", "constant")
    constant = float(call.attributes.get("value", 0.0))
    if len(call.numbers) > 1 and call.numbers[1].size == 1:
        constant = float(call.numbers[1].ravel()[0])
    sides = set(amounts) - {0}
    if mode not in {"edge", "constant"} or len(sides) > 1:
        return Unknown(f"Pad ({mode})")
    if not sides:
        return call.signals[0]
    policy: BorderPolicy = "replicate" if mode == "edge" else "zero"
    return call.chain.pad(call.signals[0], sides.pop(), policy, 0.0 if mode == "edge" else constant)


def _leak(call: Call) -> Value:
    slope = np.array([call.attributes.get("alpha", 0.01)], np.float32)
    return call.chain.leak(call.signals[0], slope)


def _prelu(call: Call) -> Value:
    return call.chain.leak(call.signals[0], call.numbers[0]) if call.numbers else call.unknown


def _normalize(call: Call) -> Value:
    if len(call.numbers) != 4:
        return call.unknown
    epsilon = call.attributes.get("epsilon", 1e-5)
    return call.chain.normalize(call.signals[0], call.numbers, epsilon)


def _shuffle(call: Call) -> Value:
    channels_last = call.attributes.get("mode", "DCR") == "DCR"
    return call.chain.shuffle(call.signals[0], channels_last=channels_last)


def _transpose(call: Call) -> Value:
    order = call.attributes.get("perm")
    if not call.signals or order in ([0, 3, 1, 2], [0, 2, 3, 1]):
        return through(call)
    if order == _SHUFFLE:
        return call.chain.shuffle(call.signals[0], channels_last=False)
    return call.unknown


_STEPS = COMMON | {
    "Conv": _convolve,
    "ConvTranspose": _deconvolve,
    "Pad": _pad,
    "LeakyRelu": _leak,
    "PRelu": _prelu,
    "BatchNormalization": _normalize,
    "DepthToSpace": _shuffle,
    "Transpose": _transpose,
    "Dropout": through,
    "Clip": clip,
}


def _attribute(message: Message) -> tuple[str, Any]:
    value: Any
    match message.integer(20):
        case 1:
            value = float(message.numbers(2, "float32")[-1])
        case 2:
            value = message.integer(3)
        case 3:
            value = message.text(4)
        case 4:
            value = _numbers(message.messages(5)[-1])
        case 6:
            value = message.numbers(7, "float32").tolist()
        case 7:
            value = message.integers(8)
        case _:
            value = None
    return message.text(1), value


def _numbers(tensor: Message) -> NDArray[Any]:
    """TensorProto."""
    shape, kind = tensor.integers(1), _KINDS.get(tensor.integer(2), "?")
    if tensor.integer(14):
        raise ModelError("an ONNX file whose weights lie in another file: save them in one")
    if math.prod(shape) > MAX_PARAMETERS or kind == "?":
        raise ValueError(shape)
    if tensor.blocks(9):
        return decoded(tensor.block(9), kind).reshape(shape)
    if kind == "float32":
        values = tensor.numbers(4, "float32")
    elif kind == "float64":
        values = tensor.numbers(10, "float64")
    elif kind == "int64":
        values = np.array(tensor.integers(7), np.int64)
    else:
        bits = np.array(tensor.integers(5), np.int64)
        half = kind in {"float16", "bfloat16"}
        values = decoded(bits.astype("<u2").tobytes(), kind) if half else bits
    return values.reshape(shape)


def _sides(value: Message) -> list[int | None]:
    """The shape in a ValueInfoProto: type (2), of a tensor (1), its shape (2), its sides (1)."""
    tensor = Message(Message(value.block(2)).block(1))
    return [
        side.integer(1) if side.fields.get(1) else None
        for side in Message(tensor.block(2)).messages(1)
    ]
