"""What JPEG does to grey pictures, without a file: for thousands of small ones a second.

Each block of 8×8 is transformed by the discrete cosine transform, its coefficients are rounded to
multiples of the quantisation table (ITU-T T.81, annexes A and K), and it is transformed back. A
file's pixels differ from these by a level here and there, because libjpeg computes in integers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 8
_MIDDLE = np.float32(128)


def _basis() -> NDArray[np.float32]:
    position, frequency = np.arange(SIDE) + 0.5, np.arange(SIDE)[:, None]
    basis = np.cos(np.pi / SIDE * position * frequency) / 2
    basis[0] /= np.sqrt(2)
    result: NDArray[np.float32] = basis.astype(np.float32)
    return result


# The discrete cosine transform of eight values, one frequency a row, (8, 8).
BASIS = _basis()
# The same for the 64 pixels of a block, one frequency a column.
_OF_BLOCKS = np.ascontiguousarray(np.kron(BASIS, BASIS).T)
# So many blocks are transformed by one product of matrices: for more of them BLAS would wake all
# cores, whatever this process may use, and they would keep busy waiting for the next.
_TOGETHER = 32
# Table K.1 of T.81, for luminance.
_LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)


def luminance_table(quality: int) -> NDArray[np.int64]:
    """(8, 8) quantisation steps of a quality from 1 to 100, as libjpeg scales table K.1."""
    factor = 5000 // quality if quality < 50 else 200 - 2 * quality
    table: NDArray[np.int64] = np.clip((_LUMINANCE * factor + 50) // 100, 1, 255)
    return table


def whole_blocks(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """All blocks that lie within (H, W), beginning at its corner: (n, 8, 8)."""
    height, width = (side // SIDE for side in plane.shape)
    rows = plane[: height * SIDE, : width * SIDE].reshape(height, SIDE, width, SIDE)
    blocks: NDArray[np.float32] = rows.transpose(0, 2, 1, 3).reshape(-1, SIDE, SIDE)
    return blocks


def transformed(blocks: NDArray[np.float32]) -> NDArray[np.float32]:
    """The discrete cosine transform of blocks, (n, 8, 8) both."""
    flat = blocks.reshape(len(blocks), SIDE * SIDE)
    result: NDArray[np.float32] = np.empty_like(flat)
    whole = len(flat) // _TOGETHER * _TOGETHER
    grouped = (-1, _TOGETHER, SIDE * SIDE)
    np.matmul(flat[:whole].reshape(grouped), _OF_BLOCKS, out=result[:whole].reshape(grouped))
    np.matmul(flat[whole:], _OF_BLOCKS, out=result[whole:])
    return result.reshape(blocks.shape)


def through_blocks(
    picture: NDArray[np.floating[Any]], quality: int, shift: tuple[int, int] = (0, 0)
) -> NDArray[np.float32]:
    """(H, W) in 8-bit levels as a JPEG file gives it back.

    Args:
        picture: Rounded to whole levels first.
        quality: 1 to 100.
        shift: Rows and columns by which the grid of blocks begins above and left of the picture.
    """
    height, width = picture.shape
    top, left = shift
    bottom, right = -(height + top) % SIDE, -(width + left) % SIDE
    levels = np.pad(picture, ((top, bottom), (left, right)), "edge").astype(np.float32)
    np.clip(np.rint(levels, out=levels), 0, 255, out=levels)
    levels -= _MIDDLE
    rows, columns = (_cosines(side) for side in levels.shape)
    steps = _steps(quality, *levels.shape)
    coefficients = rows @ levels @ columns.T
    coefficients /= steps
    np.rint(coefficients, out=coefficients)
    coefficients *= steps
    result: NDArray[np.float32] = rows.T @ coefficients @ columns
    result += _MIDDLE
    np.clip(np.rint(result, out=result), 0, 255, out=result)
    return result[top : top + height, left : left + width]


@lru_cache
def _cosines(length: int) -> NDArray[np.float32]:
    """The transform of all blocks along an axis, (length, length)."""
    return np.kron(np.eye(length // SIDE), BASIS).astype(np.float32)


@lru_cache(maxsize=1024)
def _steps(quality: int, height: int, width: int) -> NDArray[np.float32]:
    return np.tile(luminance_table(quality), (height // SIDE, width // SIDE)).astype(np.float32)
