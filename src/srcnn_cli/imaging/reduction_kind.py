"""How a picture became small, by its pixels.

Where single pixels were picked, as by `nearest` and by OpenCV's interpolations, an edge is as steep
as two neighbours can be and its surroundings know nothing of it. Averaging by `area` leaves one
pixel in between, and kernels that are wider leave several, or ringing beside them. So the steepest
differences along rows and columns are compared with the differences next to them, and the highest
frequencies with the lower ones; a regression weighs these numbers. `scripts/fit_reduction_kind.py`
made its weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from srcnn_cli.imaging.regression import read_regression

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

# Differences that are no steeper than this, in levels, could be noise.
_LEAST_STEP = 6
# Shares of the steepest differences, and how many there must be at least.
_SHARES = (0.03, 0.15, 0.6)
_LEAST_STEPS = 50
# Between these, the next and the second next difference are counted, as shares of the steepest.
_NEXT = (-0.5, -0.2, -0.05, 0.05, 0.2, 0.45, 0.7)
_SECOND = (-0.5, -0.2, -0.05, 0.05, 0.2, 0.5)
# The smaller of the two next differences and the larger: (lo, hi) with lo <= hi.
_PAIRS = np.triu_indices(len(_NEXT) + 1)
# 99 of 100 pictures that were reduced by one of the kinds are above it; a soft photograph is not.
_LEAST_SHARPNESS = 1.0
# Rows beyond so many are passed over; the fewer tell whether it is worth looking.
_MOST_LINES, _FEW_LINES = 256, 128
# Of rounding to whole levels: its variance, and its mean size.
_ROUNDING, _ROUNDING_SIZE = 0.02, 0.05


class ReductionKind(NamedTuple):
    """How probable each kind is; together 1.

    Attributes:
        averaged: By a kernel as wide as bicubic reduction's, or not reduced at all.
        area: By the mean of the pixels that became one.
        cubic: By interpolation between four pixels along each axis, the others unseen.
        picked: By taking one pixel of each group.
    """

    averaged: float = 1.0
    area: float = 0.0
    cubic: float = 0.0
    picked: float = 0.0


def reduction_kind(luminance: Plane) -> ReductionKind:
    """Look at a picture's edges.

    Args:
        luminance: (H, W), from 0 to 255, at least 64 pixels a side, neither compressed nor noisy.
    """
    seen = features(luminance)
    return ReductionKind() if seen is None else regressed(seen)


def regressed(seen: Plane) -> ReductionKind:
    """The regression's answer to `features`."""
    answers = read_regression(Path(__file__))(seen)
    weights = np.exp(answers - answers.max())
    return ReductionKind(*(weights / weights.sum()).tolist())


def features(luminance: Plane) -> Plane | None:
    """What the regression sees, the same for a picture and its transpose.

    None: the picture is too soft, or has too few edges, to tell.
    """
    both = [np.ascontiguousarray(plane) for plane in (luminance, luminance.T)]
    if sum(_sharpness(plane) for plane in both) < 2 * _LEAST_SHARPNESS:
        return None
    rows, columns = (_edges(plane) for plane in both)
    if rows is None or columns is None:
        return None
    along, across = (_frequencies(plane) for plane in both)
    seen = [(rows + columns) / 2, (along + across) / 2, np.abs(along - across)]
    return np.concatenate(seen).astype(np.float32)


def _sharpness(plane: Plane) -> float:
    """Energy of second differences over that of first ones, along rows; 3 of white noise."""
    first = np.diff(plane[:: -(-len(plane) // _FEW_LINES)], axis=1)
    return float(np.square(np.diff(first, axis=1)).mean() / (np.square(first).mean() + _ROUNDING))


def _edges(plane: Plane) -> NDArray[Any] | None:
    """Histograms of the differences beside the steepest ones of each row."""
    differences = np.diff(plane[:: -(-len(plane) // _MOST_LINES)], axis=1)
    sizes = np.abs(differences)
    middle = sizes[:, 2:-2]
    steepest = (middle >= sizes[:, 1:-3]) & (middle >= sizes[:, 3:-1]) & (middle >= _LEAST_STEP)
    row, column = np.nonzero(steepest)
    if len(row) < _LEAST_STEPS:
        return None
    places = row * differences.shape[1] + column + 2
    flat = differences.ravel()
    steps = flat[places]
    size = np.abs(steps)
    before, after = flat[places - 1] / steps, flat[places + 1] / steps
    pair = _cell(np.minimum(before, after), _NEXT) * (len(_NEXT) + 1)
    pair += _cell(np.maximum(before, after), _NEXT)
    second = [_cell(flat[places + shift] / steps, _SECOND) for shift in (-2, 2)]
    found: list[NDArray[Any]] = []
    for share in _SHARES:
        count = max(_LEAST_STEPS, int(share * len(size)))
        least = np.partition(size, len(size) - count)[len(size) - count]
        which = size >= least
        pairs = np.bincount(pair[which], minlength=(len(_NEXT) + 1) ** 2)
        pairs = pairs.reshape(len(_NEXT) + 1, -1)[_PAIRS] / which.sum()
        seconds = sum(np.bincount(own[which], minlength=len(_SECOND) + 1) for own in second)
        found += [np.sqrt(pairs), np.sqrt(seconds / (2 * which.sum())), np.log1p([least])]
    return np.concatenate(found)


def _cell(values: Plane, edges: tuple[float, ...]) -> NDArray[np.intp]:
    """In which of the cells between edges each value lies; like `numpy.digitize`, but quick."""
    cells = np.zeros(values.shape, np.intp)
    for edge in edges:
        cells += values >= edge
    return cells


def _frequencies(plane: Plane) -> NDArray[Any]:
    """Logarithms of how large differences of higher orders are beside those of lower ones."""
    first = np.diff(plane[:, : 2 * _MOST_LINES], axis=1)
    second = np.diff(first, axis=1)
    third = np.diff(second, axis=1)
    crossed = np.diff(first, axis=0)
    twice = np.diff(second, n=2, axis=0)
    orders = (first, second, third, crossed, twice)
    energy = [np.mean(np.square(order)) + _ROUNDING for order in orders]
    size = [np.mean(np.abs(order)) + _ROUNDING_SIZE for order in orders]
    ratios = [
        energy[1] / energy[0],
        energy[2] / energy[1],
        energy[3] / energy[0],
        energy[4] / energy[1],
        size[1] / size[0],
        size[2] / size[1],
        size[3] / size[0],
        energy[0] / size[0] ** 2,
        energy[1] / size[1] ** 2,
    ]
    return np.log(ratios)
