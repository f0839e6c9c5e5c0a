"""Samples for dictionaries: derivatives of an enlargement, and the detail that it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.imaging.degradation import reduced
from srcnn_cli.imaging.planes import luminance_uint8
from srcnn_cli.imaging.resize import imresize, modcrop, resize
from srcnn_cli.methods.dictionary_frame import Frame
from srcnn_cli.training.examples import Skipped, read_large_enough

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Plane = NDArray[np.uint8]

# A patch is three pixels of the low resolution a side, as in all of Timofte et al.'s comparisons.
_CELLS = 3
_BLOCK = 65536


def read_planes(
    files: Sequence[Path], scale: int, on_skip: Callable[[Skipped], object] | None = None
) -> list[Plane]:
    """The luminance of pictures, (H, W); one that cannot be used is named and left out.

    Raises:
        InputError: None can be used.
    """
    planes = []
    for path in files:
        try:
            pixels = read_large_enough(path, [scale], scale * (_CELLS + 2))
        except (InputError, UsageError) as error:
            if on_skip is not None:
                on_skip(Skipped(path, error.reason))
        else:
            planes.append(luminance_uint8(pixels))
    if not planes:
        raise InputError("no picture can be used for training")
    return planes


class Sampler:
    """Cuts samples from pictures, in their order.

    Args:
        planes: (H, W), 8-bit.
        scale: The factor.
        frame: How patches lie; None: as in all of Timofte et al.'s comparisons.
    """

    def __init__(self, planes: Sequence[Plane], scale: int, frame: Frame | None = None) -> None:
        self._planes, self._scale = planes, scale
        self.frame = frame or Frame(side=_CELLS * scale, step=scale, taps=scale)

    def cells(self, shrink: float = 1.0, *, whole: bool = False) -> Iterator[tuple[Floats, Floats]]:
        """Of each picture the derivatives and the details, cell by cell.

        Args:
            shrink: Each picture is resized by that at first.
            whole: Give the picture itself in the place of the details.
        """
        margin = self.frame.margin
        for plane in self._planes:
            exact = plane / 255
            truth = modcrop(exact if shrink == 1 else imresize(exact, shrink), self._scale)
            if min(truth.shape) < self._scale * (_CELLS + 2):
                continue
            enlarged = resize(reduced(truth, self._scale), *truth.shape)
            detail: NDArray[Any] = truth if whole else truth - enlarged
            detail = detail[None, margin:-margin, margin:-margin]
            derivatives = self.frame.derivatives(enlarged).astype(np.float32)
            yield derivatives, self.frame.cells(detail).astype(np.float32)

    def patches(self, stride: int, *, whole: bool = False) -> tuple[Floats, Floats]:
        """The derivatives (n, k) and details (n, p) of every ``stride``-th patch; see `cells`."""
        cut = [
            tuple(self.frame.patches(cells, stride=stride) for cells in both)
            for both in self.cells(whole=whole)
        ]
        return np.concatenate([own[0] for own in cut]), np.concatenate([own[1] for own in cut])

    def features(
        self, projection: Floats, sizes: int, shrink: float, most: int
    ) -> tuple[Floats, NDArray[np.float16]]:
        """Features (n, d) and details (n, p) of every patch in several sizes of each picture.

        Details are in half precision: there may be some hundred million of them.

        Args:
            projection: (k, d).
            sizes: The pictures as they are, times ``shrink``, times ``shrink`` again and so on.
            shrink: See there.
            most: Stop at so many patches.
        """
        most = min(most, self._count(sizes, shrink))
        features = np.empty((most, projection.shape[1]), np.float32)
        details = np.empty((most, (_CELLS * self._scale) ** 2), np.float16)
        filled = 0
        for size in range(sizes):
            for derivatives, detail in self.cells(shrink**size):
                own = self.frame.project(derivatives, projection).reshape(-1, projection.shape[1])
                own = own[: most - filled]
                features[filled : filled + len(own)] = own
                details[filled : filled + len(own)] = self.frame.patches(detail)[: len(own)]
                filled += len(own)
                if filled == most:
                    return features, details
        return features[:filled], details[:filled]

    def _count(self, sizes: int, shrink: float) -> int:
        """At least as many as there are patches."""
        cells = sum(plane.size for plane in self._planes) / self._scale**2
        return sum(int(cells * shrink ** (2 * size) * 1.1) + 1 for size in range(sizes))


def principal_components(samples: Floats, energy: float) -> Floats:
    """The directions (k, d) that hold so much of the energy of (n, k) samples, largest first.

    The mean is not subtracted: derivatives have none to speak of, and flat patches stay zero.
    """
    covariance = np.zeros((samples.shape[1],) * 2)
    for start in range(0, len(samples), _BLOCK):
        part = samples[start : start + _BLOCK].astype(np.float64)
        covariance += part.T @ part
    values, vectors = np.linalg.eigh(covariance)
    first = int(np.searchsorted(np.cumsum(values) / values.sum(), 1 - energy))
    return np.ascontiguousarray(vectors[:, first:][:, ::-1], np.float32)
