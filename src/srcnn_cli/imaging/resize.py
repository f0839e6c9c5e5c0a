"""The only resizing of the project: MATLAB's ``imresize``, as the papers used it.

Keys' cubic kernel with a = -0.5 (R. Keys, "Cubic Convolution Interpolation for Digital Image
Processing", 1981), stretched when shrinking so that it also removes what would alias, with
symmetric edges. OpenCV, Pillow and torch each do something else, which moves PSNR by tenths of a
decibel; hence everything that is resized here goes through `Resampler`.

Arrays are (..., H, W): planes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from srcnn_cli.errors import UsageError
from srcnn_cli.imaging.rounding import to_uint8

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Samples = NDArray[np.float64]

# Output rows or columns computed by one small matrix product: wide enough for BLAS, narrow
# enough that the matrix, which is a band, is mostly not zeros.
_BLOCK = 32

# Multiplications up to which OpenBLAS keeps a product on the calling thread. Larger ones are cut:
# the work is limited by memory, and waiting for a second thread that another program's work has
# pushed off its core made resizing up to twenty times slower on a busy machine.
_ONE_THREAD = 1 << 18


def cubic(x: Samples) -> Samples:
    """Keys' cubic convolution kernel with a = -0.5 (his eq. 15), zero outside (-2, 2)."""
    x = np.abs(x)
    inner = (1.5 * x - 2.5) * x * x + 1
    outer = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, inner, np.where(x < 2, outer, 0.0))


def triangle(x: Samples) -> Samples:
    """Linear interpolation, zero outside (-1, 1)."""
    return np.where(np.abs(x) < 1, 1 - np.abs(x), 0.0)


def box(x: Samples) -> Samples:
    """The nearest sample, the upper one of two that are equally near."""
    return np.where((x >= -0.5) & (x < 0.5), 1.0, 0.0)


def lanczos3(x: Samples) -> Samples:
    """Lanczos: sinc(x) sinc(x / 3), zero outside (-3, 3)."""
    windowed: Samples = np.sinc(x) * np.sinc(x / 3)
    windowed[np.abs(x) >= 3] = 0
    return windowed


# Name -> function and the width of its support, as in MATLAB's imresize.
KERNELS: dict[str, tuple[Callable[[Samples], Samples], float]] = {
    "bicubic": (cubic, 4.0),
    "nearest": (box, 1.0),
    "bilinear": (triangle, 2.0),
    "lanczos": (lanczos3, 6.0),
}


class _Block(NamedTuple):
    """Output samples ``start`` to ``stop`` = ``matrix`` @ input samples ``source``."""

    start: int
    stop: int
    source: slice | NDArray[np.intp]
    matrix: NDArray[Any]


class _Axis:
    """One axis of a resize: MATLAB's ``contributions``, cut into small dense matrices."""

    def __init__(
        self,
        length: int,
        output: int,
        scale: float,
        kernel: str,
        dtype: type[np.floating[Any]],
    ) -> None:
        function, width = KERNELS[kernel]
        support = width if scale >= 1 else width / scale
        centre = (np.arange(output) + 0.5) / scale - 0.5
        first = np.floor(centre - support / 2).astype(np.intp) + 1
        taps = first[:, None] + np.arange(int(np.ceil(support)) + 1)
        distance = centre[:, None] - taps
        weights = function(distance if scale >= 1 else distance * scale)
        weights /= weights.sum(axis=1, keepdims=True)
        # Taps of weight zero must not make a block reach for input it does not need.
        while weights.shape[1] > 1 and not weights[:, -1].any():
            weights, taps = weights[:, :-1], taps[:, :-1]
        self.output = output
        self._taps = taps
        self._weights = weights.astype(dtype)
        self._length = length

    def blocks(self, start: int, stop: int) -> list[_Block]:
        """The products that give output samples ``start`` to ``stop``, each at most 64 of them."""
        result = []
        for begin in range(start, stop, _BLOCK):
            end = min(begin + _BLOCK, stop)
            taps = self._taps[begin:end]
            low, high = int(taps[:, 0].min()), int(taps[:, -1].max()) + 1
            matrix = np.zeros((end - begin, high - low), self._weights.dtype)
            np.put_along_axis(matrix, taps - low, self._weights[begin:end], axis=1)
            source: slice | NDArray[np.intp] = slice(low, high)
            if low < 0 or high > self._length:
                source = self._reflect(np.arange(low, high))
            result.append(_Block(begin, end, source, matrix))
        return result

    def _reflect(self, index: NDArray[np.intp]) -> NDArray[np.intp]:
        """Symmetric edges: ... 1 0 | 0 1 2 ... n-1 | n-1 n-2 ..., as often as it takes."""
        index = np.mod(index, 2 * self._length)
        return np.where(index < self._length, index, 2 * self._length - 1 - index)


class Resampler:
    """Bicubic resize from one size to another, whole or by bands of output rows.

    Args:
        source: Input (height, width).
        target: Output (height, width).
        scale: Output samples per input sample along (rows, columns); by default the ratio of the
            sizes. MATLAB's ``imresize(A, s)`` uses s itself, which differs where it rounds up.
        kernel: A name from `KERNELS`; all of them are stretched when shrinking.
        dtype: Precision of the products: float32 or float64.

    Raises:
        UsageError: A side of length zero.
    """

    def __init__(
        self,
        source: tuple[int, int],
        target: tuple[int, int],
        *,
        scale: tuple[float, float] | None = None,
        kernel: str = "bicubic",
        dtype: type[np.floating[Any]] = np.float32,
    ) -> None:
        if min(*source, *target) < 1:
            raise UsageError(f"cannot resize from {source} to {target}: a side is empty")
        if scale is None:
            scale = (target[0] / source[0], target[1] / source[1])
        self.source, self.target, self.scale = source, target, scale
        self._dtype = dtype
        self._vertical = _Axis(source[0], target[0], scale[0], kernel, dtype)
        self._horizontal = _Axis(source[1], target[1], scale[1], kernel, dtype)

    def rows(self, planes: NDArray[Any], start: int, stop: int) -> NDArray[Any]:
        """Output rows ``start`` to ``stop`` of (..., H, W) planes: (..., stop - start, W')."""
        return self._across(self._down(planes, start, stop))

    def _down(self, planes: NDArray[Any], start: int, stop: int) -> NDArray[Any]:
        result = np.empty((*planes.shape[:-2], stop - start, planes.shape[-1]), self._dtype)
        for block in self._vertical.blocks(start, stop):
            part = planes[..., block.source, :].astype(self._dtype, copy=False)
            target = result[..., block.start - start : block.stop - start, :]
            step = max(64, _ONE_THREAD // block.matrix.size)
            for left in range(0, part.shape[-1], step):
                columns = slice(left, left + step)
                np.matmul(block.matrix, part[..., columns], out=target[..., columns])
        return result

    def _across(self, planes: NDArray[Any]) -> NDArray[Any]:
        result = np.empty((*planes.shape[:-1], self._horizontal.output), self._dtype)
        for block in self._horizontal.blocks(0, self._horizontal.output):
            part = planes[..., block.source].astype(self._dtype, copy=False)
            target = result[..., block.start : block.stop]
            step = max(64, _ONE_THREAD // block.matrix.size)
            for top in range(0, part.shape[-2], step):
                rows = slice(top, top + step)
                np.matmul(part[..., rows, :], block.matrix.T, out=target[..., rows, :])
        return result

    def whole_uint8(self, planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """All rows of 8-bit planes, rounded and clipped to 8 bits after *each* pass.

        That is what MATLAB does with uint8 input: the axis with the smaller scale first, rows
        before columns when equal.
        """
        if self.scale[0] <= self.scale[1]:
            return to_uint8(self._across(to_uint8(self._down(planes, 0, self.target[0]))))
        return to_uint8(self._down(to_uint8(self._across(planes)), 0, self.target[0]))


def resize(
    planes: NDArray[Any], height: int, width: int, *, kernel: str = "bicubic"
) -> NDArray[Any]:
    """Resize (..., H, W) planes to (..., height, width), bicubically unless said otherwise.

    Args:
        planes: float32 or float64 of any value range: the result has the same type and may
            overshoot the input's range. uint8: MATLAB's integer path, exact to the bit.
        height: Rows of the result.
        width: Columns of the result.
        kernel: A name from `KERNELS`.

    Raises:
        UsageError: A side of length zero, or another element type.
    """
    source = (planes.shape[-2], planes.shape[-1])
    if planes.dtype == np.uint8:
        exact = Resampler(source, (height, width), kernel=kernel, dtype=np.float64)
        return exact.whole_uint8(planes)
    if planes.dtype not in (np.float32, np.float64):
        raise UsageError(f"cannot resize {planes.dtype} planes: use uint8, float32 or float64")
    resampler = Resampler(source, (height, width), kernel=kernel, dtype=planes.dtype.type)
    return resampler.rows(planes, 0, height)


def imresize(planes: NDArray[Any], factor: float) -> NDArray[Any]:
    """MATLAB's ``imresize(A, factor)``: sides of ceil(factor x side), see `resize`."""
    source = (planes.shape[-2], planes.shape[-1])
    target = (_ceil(factor * source[0]), _ceil(factor * source[1]))
    exact = np.float64 if planes.dtype != np.float32 else np.float32
    resampler = Resampler(source, target, scale=(factor, factor), dtype=exact)
    if planes.dtype == np.uint8:
        return resampler.whole_uint8(planes)
    return resampler.rows(planes, 0, target[0])


def modcrop(planes: NDArray[Any], scale: int) -> NDArray[Any]:
    """(..., H, W) planes without the last rows and columns that ``scale`` does not divide.

    Raises:
        UsageError: Nothing would be left.
    """
    height, width = (side - side % scale for side in planes.shape[-2:])
    if not height or not width:
        raise UsageError(f"{planes.shape[-1]}x{planes.shape[-2]} is smaller than the scale {scale}")
    return planes[..., :height, :width]


def _ceil(value: float) -> int:
    # 1.1 * 10 is a hair above 11 in binary and must not become 12.
    return int(np.ceil(value - 1e-9))
