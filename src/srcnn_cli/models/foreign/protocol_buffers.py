"""Messages of protocol buffers, as ONNX and TensorFlow files are made of, read field by field.

A message is a row of fields: a number, a kind of value, and the value. What a field means its file
format says; the writing is in `networks.onnx_format`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.models.foreign.stored import decoded

if TYPE_CHECKING:
    from numpy.typing import NDArray

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


class Message:
    """The fields of a message, by their numbers.

    Args:
        data: The message.

    Raises:
        ValueError: It is none.
    """

    def __init__(self, data: bytes) -> None:
        self.fields: dict[int, list[int | bytes]] = defaultdict(list)
        position = 0
        while position < len(data):
            tag, position = _varint(data, position)
            number, kind = tag >> 3, tag & 7
            if not number:
                raise ValueError("a field without a number")
            value: int | bytes
            if kind == _VARINT:
                value, position = _varint(data, position)
            else:
                if kind == _LENGTH:
                    length, position = _varint(data, position)
                elif kind in {_EIGHT_BYTES, _FOUR_BYTES}:
                    length = 8 if kind == _EIGHT_BYTES else 4
                else:
                    raise ValueError(kind)
                value = data[position : position + length]
                position += length
                if position > len(data):
                    raise ValueError("truncated")
            self.fields[number].append(value)

    def counts(self, number: int) -> bool:
        """Whether a field holds an integer that stands alone, as versions of formats do."""
        return any(isinstance(value, int) for value in self.fields.get(number, []))

    def messages(self, number: int) -> list[Message]:
        """Of a field that holds messages, all."""
        return [Message(value) for value in self.blocks(number)]

    def blocks(self, number: int) -> list[bytes]:
        """Of a field that holds bytes, all."""
        return [value for value in self.fields.get(number, []) if isinstance(value, bytes)]

    def block(self, number: int) -> bytes:
        """Of a field that holds bytes, the last; none: empty."""
        return self.blocks(number)[-1] if self.blocks(number) else b""

    def texts(self, number: int) -> list[str]:
        """Of a field that holds text, all."""
        return [value.decode("utf-8", "replace") for value in self.blocks(number)]

    def text(self, number: int) -> str:
        """Of a field that holds text, the last; none: empty."""
        return self.block(number).decode("utf-8", "replace")

    def integers(self, number: int) -> list[int]:
        """Of a field that holds integers, all, packed into one value or not."""
        found = []
        for value in self.fields.get(number, []):
            if isinstance(value, int):
                found.append(_signed(value))
                continue
            position = 0
            while position < len(value):
                one, position = _varint(value, position)
                found.append(_signed(one))
        return found

    def integer(self, number: int, default: int = 0) -> int:
        """Of a field that holds an integer, the last."""
        return ([default, *self.integers(number)])[-1]

    def numbers(self, number: int, kind: str) -> NDArray[Any]:
        """Of a field that holds float32 or float64, all, packed or not."""
        return decoded(b"".join(self.blocks(number)), kind)


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Seven bits a byte, lowest first; the eighth says that more follow."""
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise ValueError("truncated")
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position += 1
        if byte < 0x80:
            return value, position
        shift += 7


def _signed(value: int) -> int:
    return int(np.uint64(value & (1 << 64) - 1).astype(np.int64))
