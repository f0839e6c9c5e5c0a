"""Rounding to code values, each kind once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def round_to_uint8(plane: NDArray[Any]) -> NDArray[np.uint8]:
    """[0, 1] to 0-255, rounded half up and clipped."""
    result: NDArray[np.uint8] = np.clip(np.floor(plane * 255.0 + 0.5), 0, 255).astype(np.uint8)
    return result


def to_uint8(planes: NDArray[Any]) -> NDArray[np.uint8]:
    """Code values in floating point, 0 to 255, rounded half up and clipped."""
    result: NDArray[np.uint8] = np.clip(np.floor(planes + 0.5), 0, 255).astype(np.uint8)
    return result


def to_8bit(pixels: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """16-bit code values rounded to 8 bits: 65,535 is 255."""
    result: NDArray[np.uint8] = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return result
