"""ONNX files, written without torch and without the package ``onnx``.

An ONNX file is a protocol buffer: a message is a row of fields, and a field its number, its length
and its bytes. Of the format's messages a row of convolutions needs six; the numbers in them are
those of ``onnx.proto3`` (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_IR_VERSION, _OPSET = 7, 13  # of 2020: every ONNX Runtime of the last years reads them
_FLOAT, _INT64 = 1, 7  # TensorProto.DataType
_DECIMAL, _INT, _STRING, _INTS = 1, 2, 3, 7  # AttributeProto.AttributeType


class Graph:
    """A model that grows node by node.

    Args:
        name: Of the graph.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[bytes] = []
        self._constants: dict[str, bytes] = {}

    def constant(self, name: str, values: NDArray[np.float32] | NDArray[np.int64]) -> str:
        """Numbers under a name, once; the name."""
        if name not in self._constants:
            self._constants[name] = tensor(name, values)
        return name

    def node(self, operator: str, inputs: list[str], output: str, *attributes: bytes) -> str:
        """An operator on named values; the name of what it gives."""
        self._nodes.append(node(operator, inputs, output, *attributes))
        return output

    def model(
        self,
        inputs: dict[str, int],
        outputs: dict[str, int],
        metadata: Mapping[str, str] | None = None,
    ) -> bytes:
        """The whole file.

        Args:
            inputs: Numbers of planes by name.
            outputs: Likewise.
            metadata: Words about the model that programs pass over.
        """
        graph = message(
            *((1, node) for node in self._nodes),
            (2, self._name),
            *((5, constant) for constant in self._constants.values()),
            *((11, planes(name, channels)) for name, channels in inputs.items()),
            *((12, planes(name, channels)) for name, channels in outputs.items()),
        )
        opset = message((1, ""), (2, _OPSET))
        words = [(14, message((1, key), (2, text))) for key, text in (metadata or {}).items()]
        return message((1, _IR_VERSION), (2, "srcnn-cli"), (7, graph), (8, opset), *words)


def node(operator: str, inputs: list[str], output: str, *attributes: bytes) -> bytes:
    """NodeProto."""
    return message(
        *((1, name) for name in inputs), (2, output), (4, operator), *((5, a) for a in attributes)
    )


def string(name: str, value: str) -> bytes:
    """AttributeProto with text."""
    return message((1, name), (4, value), (20, _STRING))


def integer(name: str, value: int) -> bytes:
    """AttributeProto with one integer."""
    return message((1, name), (3, value), (20, _INT))


def decimal(name: str, value: float) -> bytes:
    """AttributeProto with one number of 32 bits."""
    return message((1, name), (2, value), (20, _DECIMAL))


def ints(name: str, values: list[int]) -> bytes:
    """AttributeProto with integers."""
    return message((1, name), *((8, value) for value in values), (20, _INTS))


def tensor(name: str, values: NDArray[np.float32] | NDArray[np.int64]) -> bytes:
    """TensorProto."""
    kind, order = (_FLOAT, "<f4") if values.dtype == np.float32 else (_INT64, "<i8")
    raw = values.astype(order).tobytes()
    return message(*((1, length) for length in values.shape), (2, kind), (8, name), (9, raw))


def planes(name: str, channels: int) -> bytes:
    """ValueInfoProto: one picture of any height and width."""
    sizes: list[tuple[int, int | str]]
    sizes = [(1, 1), (1, channels), (2, f"{name} height"), (2, f"{name} width")]
    shape = b"".join(message((1, message(size))) for size in sizes)
    return message((1, name), (2, message((1, message((1, _FLOAT), (2, shape))))))


def message(*fields: tuple[int, int | str] | tuple[int, bytes] | tuple[int, float]) -> bytes:
    """A protocol buffer's message: its fields, (number, value), one after the other."""
    parts: list[bytes] = []
    for number, value in fields:
        if isinstance(value, int):
            parts += [_varint(number << 3), _varint(value)]
        elif isinstance(value, float):
            parts += [_varint(number << 3 | 5), struct.pack("<f", value)]
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
