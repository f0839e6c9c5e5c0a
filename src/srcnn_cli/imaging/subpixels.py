"""The sub-pixels of a pixel as planes of their own, and back; torch's ``pixel_shuffle``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Sample = TypeVar("Sample", bound=np.generic)


def unshuffled(planes: NDArray[Sample], factor: int) -> NDArray[Sample]:
    """(C, s H, s W) as (C s², H, W): s² planes for each, row by row of a pixel's sub-pixels."""
    channels, height, width = planes.shape
    grid = planes.reshape(channels, height // factor, factor, width // factor, factor)
    result: NDArray[Any] = grid.transpose(0, 2, 4, 1, 3)
    return np.ascontiguousarray(result.reshape(-1, height // factor, width // factor))


def shuffled(planes: NDArray[Sample], factor: int) -> NDArray[Sample]:
    """The inverse of `unshuffled`: (C s², H, W) as (C, s H, s W)."""
    _, height, width = planes.shape
    grid = planes.reshape(-1, factor, factor, height, width)
    result: NDArray[Any] = grid.transpose(0, 3, 1, 4, 2)
    return result.reshape(-1, height * factor, width * factor)
