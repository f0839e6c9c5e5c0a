"""Arrays of numbers as files hold them, before they are read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

MAX_FILE_BYTES = 256 << 20  # of a file, and of what is compressed in it
MAX_PARAMETERS = 50_000_000  # VDSR has 0.67 million
TOO_LARGE = f"holds more than {MAX_FILE_BYTES >> 20} MiB: no such network does"

# Names of types, and how NumPy writes them; of bfloat16, which it lacks, the bits.
TYPES = {
    "float32": "f4", "float64": "f8", "float16": "f2", "bfloat16": "u2",
    "int64": "i8", "int32": "i4", "int16": "i2", "int8": "i1", "uint8": "u1", "bool": "?",
    "complex64": "c8", "complex128": "c16",
}  # fmt: skip
FLOATS = ("float32", "float64", "float16", "bfloat16")


@dataclass(frozen=True)
class Stored:
    """An array that is still in its file.

    Attributes:
        shape: Its sides.
        kind: Its type: one of `TYPES`, or another word, and then it cannot be read.
        read: Gives the array.
    """

    shape: tuple[int, ...]
    kind: str
    read: Callable[[], NDArray[Any]]

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    def floats(self) -> NDArray[np.float32]:
        """As float32.

        Raises:
            ModelError: It does not hold floating-point numbers, or too many, or is damaged.
        """
        if self.kind not in FLOATS:
            raise ModelError(f"no array of floating-point values ({self.kind})")
        if self.size > MAX_PARAMETERS:
            raise ModelError(f"more than {MAX_PARAMETERS:,} values: no such network")
        with np.errstate(over="ignore", invalid="ignore"):  # found later, as not finite
            try:
                return np.ascontiguousarray(self.read(), np.float32)
            except Exception as error:  # of zipfile, and whatever is wrong with sizes
                raise ModelError("damaged: its numbers cannot be read") from error


def decoded(data: bytes, kind: str, order: str = "<") -> NDArray[Any]:
    """The numbers in some bytes.

    Args:
        data: A whole number of them.
        kind: One of `TYPES`.
        order: ``<``: the lowest byte first; ``>``: the highest.
    """
    values = np.frombuffer(data, order + TYPES[kind])
    if kind == "bfloat16":  # the upper half of a float32
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values
