"""The only resizing of the project: MATLAB's ``imresize``, as the papers used it.

Keys' cubic kernel with a = -0.5 (R. Keys, "Cubic Convolution Interpolation for Digital Image
Processing", 1981), stretched when shrinking so that it also removes what would alias, with
symmetric edges. OpenCV, Pillow and torch each do something else, which moves PSNR by tenths of a
decibel; hence everything that is resized here goes through `Resampler`.

Arrays are (..., H, W): planes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import UsageError
from srcnn_cli.imaging.axis import Axis
from srcnn_cli.imaging.regions import Region
from srcnn_cli.imaging.rounding import to_uint8

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Samples = NDArray[np.float64]


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
        function = KERNELS[kernel]
        self._vertical = Axis(source[0], target[0], scale[0], function, dtype)
        self._horizontal = Axis(source[1], target[1], scale[1], function, dtype)

    def rows(self, planes: NDArray[Any], start: int, stop: int) -> NDArray[Any]:
        """Output rows ``start`` to ``stop`` of (..., H, W) planes: (..., stop - start, W')."""
        return self._horizontal.across(self._vertical.down(planes, start, stop), 0, self.target[1])

    @property
    def repeats(self) -> bool:
        """Whether it enlarges by whole factors, by the same weights everywhere."""
        return self._vertical.repeats and self._horizontal.repeats

    def region(self, planes: NDArray[Any], region: Region) -> NDArray[Any]:
        """A region of the output of (..., H, W) planes: (..., region's height, its width).

        It takes no more than its own share of the work, and is equal to the same part of the whole.
        """
        if (region.left, region.right) == (0, self.target[1]):
            return self.rows(planes, region.top, region.bottom)
        top, bottom = self._vertical.whole_blocks(region.top, region.bottom)
        left, right = self._horizontal.whole_blocks(region.left, region.right)
        low, high = self._horizontal.inputs(left, right)
        lower = self._vertical.down(planes[..., low:high], top, bottom)
        whole = self._horizontal.across(lower, left, right, origin=low)
        inner = Region(
            region.top - top, region.left - left, region.bottom - top, region.right - left
        )
        return whole[inner.in_planes]

    def whole_uint8(self, planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """All rows of 8-bit planes, rounded and clipped to 8 bits after *each* pass.

        That is what MATLAB does with uint8 input: the axis with the smaller scale first, rows
        before columns when equal.
        """
        height, width = self.target
        if self.scale[0] <= self.scale[1]:
            lower = to_uint8(self._vertical.down(planes, 0, height))
            return to_uint8(self._horizontal.across(lower, 0, width))
        wider = to_uint8(self._horizontal.across(planes, 0, width))
        return to_uint8(self._vertical.down(wider, 0, height))


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
    target = imresize_sides(*source, factor)
    exact = np.float64 if planes.dtype != np.float32 else np.float32
    resampler = Resampler(source, target, scale=(factor, factor), dtype=exact)
    if planes.dtype == np.uint8:
        return resampler.whole_uint8(planes)
    return resampler.rows(planes, 0, target[0])


def imresize_sides(height: int, width: int, factor: float) -> tuple[int, int]:
    """Rows and columns of what `imresize` makes."""
    return _ceil(factor * height), _ceil(factor * width)


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
