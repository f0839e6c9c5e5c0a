"""One axis of a resize, as products of small matrices."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Samples = NDArray[np.float64]

# Output rows or columns computed by one small matrix product: wide enough for BLAS, narrow
# enough that the matrix, which is a band, is mostly not zeros.
_BLOCK = 32
# Likewise in samples of the input, where every block has the same matrix.
_REPEATED = 16

# Multiplications up to which OpenBLAS keeps a product on the calling thread. Larger ones are cut:
# the work is limited by memory, and waiting for a second thread that another program's work has
# pushed off its core made resizing up to twenty times slower on a busy machine.
_ONE_THREAD = 1 << 18


class _Pattern(NamedTuple):
    """What all samples of an enlargement by a whole factor have in common.

    Attributes:
        weights: (factor, taps) of the output samples of one input sample.
        offsets: The first tap of each, from that input sample.
    """

    weights: NDArray[Any]
    offsets: NDArray[np.intp]


class Axis:
    """One axis of a resize: MATLAB's ``contributions``, cut into small dense matrices.

    Where every output sample of a block has the same weights as that of the next one, as in an
    enlargement by a whole factor, all blocks are one product; in single precision, since in double
    precision BLAS adds in another order for matrices of another shape.

    Args:
        length: Input samples.
        output: Output samples.
        scale: Output samples per input sample.
        kernel: An interpolation kernel and the width of its support.
        dtype: Of the products.
    """

    def __init__(
        self,
        length: int,
        output: int,
        scale: float,
        kernel: tuple[Callable[[Samples], Samples], float],
        dtype: type[np.floating[Any]],
    ) -> None:
        function, width = kernel
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
        self.length, self.output = length, output
        self._first, self._count = taps[:, 0], taps.shape[1]
        self._weights = weights.astype(dtype)
        self._matrices: dict[int, NDArray[Any]] = {}

    @cached_property
    def _pattern(self) -> _Pattern | None:
        """None unless the weights repeat themselves to the last bit."""
        factor = self.output // self.length
        if self._weights.dtype != np.float32 or factor * self.length != self.output:
            return None
        weights = self._weights.reshape(self.length, factor, -1)
        offsets = self._first.reshape(self.length, factor) - np.arange(self.length)[:, None]
        if (weights != weights[0]).any() or (offsets != offsets[0]).any():
            return None
        return _Pattern(weights[0], offsets[0])

    def whole_blocks(self, start: int, stop: int) -> tuple[int, int]:
        """Output that holds ``start`` to ``stop`` and no part of a block.

        BLAS may add in another order for a smaller block: the last bit of an output sample is not
        to depend on what it is computed with.
        """
        if self._pattern is not None:
            return start, stop
        return start // _BLOCK * _BLOCK, min(-(-stop // _BLOCK) * _BLOCK, self.output)

    @property
    def repeats(self) -> bool:
        """Whether every input sample becomes as many output samples, of the same weights."""
        return self._pattern is not None

    def inputs(self, start: int, stop: int) -> tuple[int, int]:
        """The first and the end of the input samples that output ``start`` to ``stop`` needs."""
        index = self._reflect(np.arange(*self._span(start, stop)))
        return int(index.min()), int(index.max()) + 1

    def down(self, planes: NDArray[Any], start: int, stop: int) -> NDArray[Any]:
        """Output rows ``start`` to ``stop`` of (..., length, W) planes."""
        if self._pattern is None:
            return self._down(planes, start, stop)
        low, size, count = self._blocks(start, stop)
        matrix = self._matrix(self._pattern, size)
        rows, taps = matrix.shape
        part = self._gathered(planes, start, stop, 0, axis=-2)
        *others, _, width = part.shape
        *strides, along, item = part.strides
        blocks = np.lib.stride_tricks.as_strided(
            part,
            (*others, count, taps, width),
            (*strides, size * along, along, item),
            writeable=False,
        )
        result = np.empty((*others, count, rows, width), matrix.dtype)
        step = max(64, _ONE_THREAD // matrix.size)
        for left in range(0, width, step):
            columns = slice(left, left + step)
            np.matmul(matrix, blocks[..., columns], out=result[..., columns])
        first = start - low * (self.output // self.length)
        whole = result.reshape(*others, count * rows, width)
        return whole[..., first : first + stop - start, :]

    def across(self, part: NDArray[Any], start: int, stop: int, *, origin: int = 0) -> NDArray[Any]:
        """Output columns ``start`` to ``stop`` of planes.

        Args:
            part: (..., H, w): their columns from ``origin`` on, as far as `inputs` says.
            start: The first column.
            stop: Behind the last.
            origin: See ``part``.
        """
        if self._pattern is None:
            return self._across(part, start, stop, origin)
        low, size, count = self._blocks(start, stop)
        matrix = self._matrix(self._pattern, size)
        columns, taps = matrix.shape
        part = self._gathered(part, start, stop, origin, axis=-1)
        *others, height, _ = part.shape
        *strides, along, item = part.strides
        blocks = np.lib.stride_tricks.as_strided(
            part,
            (*others, height, count, taps),
            (*strides, along, size * item, item),
            writeable=False,
        ).reshape(-1, taps)
        result = np.empty((len(blocks), columns), matrix.dtype)
        step = max(64, _ONE_THREAD // matrix.size)
        even = len(blocks) // step * step
        np.matmul(
            blocks[:even].reshape(-1, step, taps),
            matrix.T,
            out=result[:even].reshape(-1, step, columns),
        )
        np.matmul(blocks[even:], matrix.T, out=result[even:])
        first = start - low * (self.output // self.length)
        return result.reshape(*others, height, count * columns)[..., first : first + stop - start]

    def _span(self, start: int, stop: int) -> tuple[int, int]:
        """What `inputs` are before they are mirrored into the axis."""
        if self._pattern is None:
            first = self._first[start:stop]
            return int(first.min()), int(first.max()) + self._count
        low, size, count = self._blocks(start, stop)
        first_tap = low + int(self._pattern.offsets.min())
        return first_tap, first_tap + size * (count - 1) + self._matrix(self._pattern, size).shape[
            1
        ]

    def _gathered(
        self, planes: NDArray[Any], start: int, stop: int, origin: int, *, axis: int
    ) -> NDArray[Any]:
        """The span of ``start`` to ``stop``; a view, unless the axis is mirrored at an end."""
        low, high = self._span(start, stop)
        if low >= 0 and high <= self.length:
            inside = slice(low - origin, high - origin)
            return planes[..., inside, :] if axis == -2 else planes[..., inside]
        return planes.take(self._reflect(np.arange(low, high)) - origin, axis)

    def _reflect(self, index: NDArray[np.intp]) -> NDArray[np.intp]:
        """Symmetric edges: ... 1 0 | 0 1 2 ... n-1 | n-1 n-2 ..., as often as it takes."""
        index = np.mod(index, 2 * self.length)
        return np.where(index < self.length, index, 2 * self.length - 1 - index)

    def _blocks(self, start: int, stop: int) -> tuple[int, int, int]:
        """The first input sample, and how many there are in each of how many blocks."""
        factor = self.output // self.length
        low, samples = start // factor, -(-stop // factor) - start // factor
        count = math.ceil(samples / _REPEATED)
        return low, math.ceil(samples / count), count

    def _matrix(self, pattern: _Pattern, size: int) -> NDArray[Any]:
        """What makes ``size`` input samples, and those around them, into a block of the output."""
        if size not in self._matrices:
            weights, offsets = pattern
            factor, taps = weights.shape
            places = offsets - offsets.min()
            matrix = np.zeros((size, factor, size + int(places.max()) + taps - 1), weights.dtype)
            for sample in range(size):
                for phase in range(factor):
                    first = sample + places[phase]
                    matrix[sample, phase, first : first + taps] = weights[phase]
            self._matrices[size] = matrix.reshape(size * factor, -1)
        return self._matrices[size]

    def _down(self, planes: NDArray[Any], start: int, stop: int) -> NDArray[Any]:
        dtype = self._weights.dtype
        result = np.empty((*planes.shape[:-2], stop - start, planes.shape[-1]), dtype)
        for begin, end, source, matrix in self._products(start, stop, 0):
            part = planes[..., source, :].astype(dtype, copy=False)
            target = result[..., begin:end, :]
            step = max(64, _ONE_THREAD // matrix.size)
            for left in range(0, part.shape[-1], step):
                columns = slice(left, left + step)
                np.matmul(matrix, part[..., columns], out=target[..., columns])
        return result

    def _across(self, planes: NDArray[Any], start: int, stop: int, origin: int) -> NDArray[Any]:
        dtype = self._weights.dtype
        result = np.empty((*planes.shape[:-1], stop - start), dtype)
        for begin, end, source, matrix in self._products(start, stop, origin):
            part = planes[..., source].astype(dtype, copy=False)
            target = result[..., begin:end]
            step = max(64, _ONE_THREAD // matrix.size)
            for top in range(0, part.shape[-2], step):
                rows = slice(top, top + step)
                np.matmul(part[..., rows, :], matrix.T, out=target[..., rows, :])
        return result

    def _products(
        self, start: int, stop: int, origin: int
    ) -> Iterator[tuple[int, int, slice | NDArray[np.intp], NDArray[Any]]]:
        """Products for output ``start`` to ``stop``: its begin and end, its source, its matrix.

        The result is counted from ``start``, the source from ``origin``.
        """
        for begin in range(start, stop, _BLOCK):
            end = min(begin + _BLOCK, stop)
            first = self._first[begin:end]
            low, high = int(first.min()), int(first.max()) + self._count
            matrix = np.zeros((end - begin, high - low), self._weights.dtype)
            taps = first[:, None] - low + np.arange(self._count)
            np.put_along_axis(matrix, taps, self._weights[begin:end], axis=1)
            source: slice | NDArray[np.intp] = slice(low - origin, high - origin)
            if low < 0 or high > self.length:
                source = self._reflect(np.arange(low, high)) - origin
            yield begin - start, end - start, source, matrix
