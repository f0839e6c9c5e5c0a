"""The networks as ONNX models, written without torch and without the package ``onnx``.

An ONNX file is a protocol buffer: a message is a row of fields, and a field its number, its length
and its bytes. Of the format's messages a row of convolutions needs six; the numbers in them are
those of ``onnx.proto3`` (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.config import ModelConfig
    from srcnn_cli.tiling import Edges
    from srcnn_cli.weights import Tensors

INPUT, OUTPUT = "input", "output"

_IR_VERSION, _OPSET = 7, 13  # of 2020: every ONNX Runtime of the last years reads them
_FLOAT, _INT64 = 1, 7  # TensorProto.DataType
_STRING, _INTS = 3, 7  # AttributeProto.AttributeType


def can_express(config: ModelConfig) -> bool:
    """Whether `plane_model` can write the network, with its border policy."""
    return config.border != "normalize"


def plane_model(config: ModelConfig, tensors: Tensors, edges: Edges) -> bytes:
    """The convolutions of `networks.PlaneNetwork` for patches with these edges.

    What goes around them is left to the caller: the mean, and the input that is added to what a
    residual network computes.

    Args:
        config: The network; see `can_express`.
        tensors: Its weights, as `weights.load_weights` gives them.
        edges: The sides that are extended by the border policy.

    Returns:
        A model that takes (1, C, H, W) float32 as `INPUT`, and gives (1, C, H', W') as `OUTPUT`.

    Raises:
        UsageError: The border policy is ``normalize``.
    """
    if not can_express(config):
        raise UsageError("the border policy normalize has no ONNX model")
    nodes: list[bytes] = []
    constants: list[bytes] = []
    planes, last = INPUT, len(config.filters)
    for index, side in enumerate(config.filters, start=1):
        weight, bias = f"conv{index}.weight", f"conv{index}.bias"
        constants += [_tensor(weight, tensors[weight]), _tensor(bias, tensors[bias])]
        top, left, bottom, right = pads = [side // 2 * edge for edge in edges]
        if config.border == "replicate" and any(pads):
            amounts, padded = f"pads{index}", f"padded{index}"
            before_and_after = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
            constants.append(_tensor(amounts, before_and_after))
            nodes.append(_node("Pad", [planes, amounts], padded, _string("mode", "edge")))
            planes, pads = padded, [0, 0, 0, 0]
        output = OUTPUT if index == last else f"conv{index}"
        nodes.append(_node("Conv", [planes, weight, bias], output, _ints("pads", pads)))
        planes = output
        if index < last:
            planes = f"relu{index}"
            nodes.append(_node("Relu", [output], planes))
    graph = _message(
        *((1, node) for node in nodes),
        (2, config.name),
        *((5, constant) for constant in constants),
        (11, _planes(INPUT, config.channels)),
        (12, _planes(OUTPUT, config.channels)),
    )
    opset = _message((1, ""), (2, _OPSET))
    return _message((1, _IR_VERSION), (2, "srcnn-cli"), (7, graph), (8, opset))


def _node(operator: str, inputs: list[str], output: str, *attributes: bytes) -> bytes:
    """NodeProto."""
    return _message(
        *((1, name) for name in inputs), (2, output), (4, operator), *((5, a) for a in attributes)
    )


def _string(name: str, value: str) -> bytes:
    """AttributeProto with text."""
    return _message((1, name), (4, value), (20, _STRING))


def _ints(name: str, values: list[int]) -> bytes:
    """AttributeProto with integers."""
    return _message((1, name), *((8, value) for value in values), (20, _INTS))


def _tensor(name: str, values: NDArray[np.float32] | NDArray[np.int64]) -> bytes:
    """TensorProto."""
    kind, order = (_FLOAT, "<f4") if values.dtype == np.float32 else (_INT64, "<i8")
    raw = values.astype(order).tobytes()
    return _message(*((1, length) for length in values.shape), (2, kind), (8, name), (9, raw))


def _planes(name: str, channels: int) -> bytes:
    """ValueInfoProto: one picture of any height and width."""
    sizes: list[tuple[int, int | str]]
    sizes = [(1, 1), (1, channels), (2, f"{name} height"), (2, f"{name} width")]
    shape = b"".join(_message((1, _message(size))) for size in sizes)
    return _message((1, name), (2, _message((1, _message((1, _FLOAT), (2, shape))))))


def _message(*fields: tuple[int, int | str] | tuple[int, bytes]) -> bytes:
    parts: list[bytes] = []
    for number, value in fields:
        if isinstance(value, int):
            parts += [_varint(number << 3), _varint(value)]
        else:
            data = value.encode() if isinstance(value, str) else value
            parts += [_varint(number << 3 | 2), _varint(len(data)), data]
    return b"".join(parts)


def _varint(value: int) -> bytes:
    """Seven bits a byte, lowest first; the eighth says that more follow."""
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)
