"""Code values of any depth as the two depths that pixels have here: 8 and 16 bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcnn_cli.errors import InputError
from srcnn_cli.imaging.rounding import to_8bit


def scaled(values: np.ndarray, bits: int, notes: list[str]) -> np.ndarray:
    """Code values of any depth as uint8 or uint16, their white at 255 or 65,535.

    Raises:
        InputError: They have no known white.
    """
    if values.dtype.kind == "i" or bits > 16:
        if values.size and (values.min() < 0 or values.max() > 65_535):
            raise InputError(
                "has integer pixels outside 0-65,535, whose white is undefined: "
                "save it with 8 or 16 bits"
            )
        kind = f"{bits}-bit" if bits > 16 else "signed"
        notes.append(f"its {kind} values, all within 0-65,535, were taken as 16-bit")
        return values.astype(np.uint16)
    white = 2**bits - 1
    if bits in (8, 16):
        return values.astype(np.uint8 if bits == 8 else np.uint16, copy=False)
    target = 255 if bits < 8 else 65_535
    wide = np.minimum(values.astype(np.uint32), white)
    result: np.ndarray = (wide * target + white // 2) // white
    return result.astype(np.uint8 if bits < 8 else np.uint16)


def with_depth(pixels: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """uint8 or uint16 pixels as the other of the two, white staying white; or as they are."""
    if pixels.dtype == dtype:
        return pixels
    return to_8bit(pixels) if dtype == np.uint8 else pixels.astype(np.uint16) * 257
