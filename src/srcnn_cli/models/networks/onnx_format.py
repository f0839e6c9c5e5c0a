"""ONNX files, written without the package ``onnx``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


_FLOAT, _INT64 = 1, 7  # TensorProto.DataType
_STRING, _INTS = 3, 7  # AttributeProto.AttributeType


def node(operator: str, inputs: list[str], output: str, *attributes: bytes) -> bytes:
    """NodeProto."""
    return message(
        *((1, name) for name in inputs), (2, output), (4, operator), *((5, a) for a in attributes)
    )


def string(name: str, value: str) -> bytes:
    """AttributeProto with text."""
    return message((1, name), (4, value), (20, _STRING))


def ints(name: str, values: list[int]) -> bytes:
    """AttributeProto with integers."""
    return message((1, name), *((8, value) for value in values), (20, _INTS))


def tensor(name: str, values: NDArray[np.float32] | NDArray[np.int64]) -> bytes:
    """TensorProto."""
    kind, order = (_FLOAT, "<f4") if values.dtype == np.float32 else (_INT64, "<i8")
    raw = values.astype(order).tobytes()
    return message(*((1, length) for length in values.shape), (2, kind), (8, name), (9, raw))


def planes_info(name: str, channels: int) -> bytes:
    """ValueInfoProto: one picture of any height and width."""
    sizes: list[tuple[int, int | str]]
    sizes = [(1, 1), (1, channels), (2, f"{name} height"), (2, f"{name} width")]
    shape = b"".join(message((1, message(size))) for size in sizes)
    return message((1, name), (2, message((1, message((1, _FLOAT), (2, shape))))))


def message(*fields: tuple[int, int | str] | tuple[int, bytes]) -> bytes:
    """A protocol buffer's message: its fields as (number, value) one after the other."""
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
