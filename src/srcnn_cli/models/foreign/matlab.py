"""Reading MATLAB's .mat files, as far as networks are stored in them.

scipy has a reader, but it is compiled, and damaged files crash it and the whole process with it
(segmentation faults with scipy 1.17.1, found by feeding it altered files). This one is small,
reads numbers, cells and structs only, and is limited in size, depth and count.
"""

from __future__ import annotations

import math
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.errors import ModelError
from srcnn_cli.models.foreign.stored import MAX_FILE_BYTES, MAX_PARAMETERS, TOO_LARGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_MAX_DEPTH = 6  # VDSR has struct, cell, array
_MAX_ELEMENTS = 20_000  # VDSR has some 200
_TYPES = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip


class MatlabReader:
    """Arrays of floating-point numbers, cells and structs of a level 5 MAT-file.

    The format is MathWorks' "MAT-File Format": elements of a tag (type, bytes) and data, which
    are numbers, a matrix of further elements (14), or such a matrix compressed (15).
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._order = "<" if data[126:128] == b"IM" else ">"
        self._left = _MAX_ELEMENTS
        self._room = MAX_FILE_BYTES

    def variables(self) -> dict[str, object]:
        """All variables by name: array, list (a cell), dict (a struct) or None (anything else).

        Raises:
            ModelError: Larger or deeper than any known network.
            Exception: Any other: the file is damaged.
        """
        result: dict[str, object] = {}
        for kind, data in self._elements(self._data[128:], aligned=False):
            if kind == 15:
                stream = zlib.decompressobj()
                inner = stream.decompress(data, self._room)
                self._room -= len(inner)
                if self._room <= 0 or stream.unconsumed_tail:
                    raise ModelError(TOO_LARGE)
                kind, data = next(self._elements(inner))  # noqa: PLW2901 - what was compressed
            if kind != 14:
                raise ValueError(kind)
            name, value = self._matrix(data)
            if name:
                result[name] = value
        return result

    def _elements(self, data: bytes, *, aligned: bool = True) -> Iterator[tuple[int, bytes]]:
        position = 0
        while position < len(data):
            self._left -= 1
            if self._left < 0:
                raise ModelError("a .mat file of more parts than any known network")
            kind, size = struct.unpack_from(f"{self._order}II", data, position)
            start = position + 8
            position = start + size + (-size % 8 if aligned else 0)
            if kind >> 16:  # the short form: type and size in four bytes, the data in the next
                kind, size = kind & 0xFFFF, kind >> 16
                start, position = start - 4, start
            if start + size > min(position, len(data)):
                raise ValueError(size)
            yield kind, data[start : start + size]

    def _matrix(self, data: bytes, depth: int = 1) -> tuple[str, object]:
        if depth > _MAX_DEPTH:
            raise ModelError("a .mat file of arrays within arrays, as no known network is")
        if not data:
            return "", None
        elements = self._elements(data)
        flags = self._numbers(*next(elements))
        shape = [int(side) for side in self._numbers(*next(elements))]
        name = next(elements)[1].decode("latin-1")
        kind, is_complex = int(flags[0]) & 0xFF, int(flags[0]) & 0x800
        if kind == 1:
            cells = [self._matrix(inner, depth + 1)[1] for _, inner in elements]
            return name, cells if len(cells) == math.prod(shape) else None
        if kind == 2 and math.prod(shape) == 1:
            width = int(self._numbers(*next(elements))[0])
            text = next(elements)[1]
            fields = [text[i : i + width].rstrip(b"\0") for i in range(0, len(text), width)]
            values = [self._matrix(inner, depth + 1)[1] for _, inner in elements]
            return name, {
                field.decode("latin-1"): value for field, value in zip(fields, values, strict=True)
            }
        if kind in {6, 7} and not is_complex and min(shape) >= 0:
            # MATLAB stores whole numbers as integers to save space.
            return name, self._numbers(*next(elements)).reshape(shape, order="F")
        return name, None

    def _numbers(self, kind: int, data: bytes) -> NDArray[np.float64]:
        values = np.frombuffer(data, self._order + _TYPES[kind])
        if len(values) > MAX_PARAMETERS:
            raise ModelError(TOO_LARGE)
        with np.errstate(invalid="ignore"):  # of NaN, which is found later
            return values.astype(np.float64)
