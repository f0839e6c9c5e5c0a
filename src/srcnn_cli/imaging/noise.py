"""How strong the noise of a picture is, by its pixels.

Noise is the same at all frequencies and in all directions, also where a picture is flat; texture is
not. So the smallest eigenvalues of the covariance of small patches tell much (Liu et al., IEEE TIP
2013), and so do the blocks that have least of a band of frequencies; but texture everywhere,
saturated areas and JPEG compression, which takes much of the noise away, bend both. A regression of
39 such numbers by 32 rectified units weighs them. `scripts/fit_noise.py` made its weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from srcnn_cli.imaging.jpeg_blocks import SIDE, luminance_table, transformed, whole_blocks
from srcnn_cli.imaging.regression import read_regression

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

# Bands of frequencies of an 8×8 block, by the sum of the two indices; the first is the lowest.
_INDEX_SUMS = np.add.outer(np.arange(SIDE), np.arange(SIDE))
_BANDS = tuple(
    (low <= _INDEX_SUMS) & (high >= _INDEX_SUMS)
    for low, high in ((1, 2), (3, 4), (5, 6), (7, 9), (10, 14))
)
# Of the blocks, in percent from that with the least, band by band; and shares of the patches.
_PERCENTILES = (1, 5, 10, 25, 50)
_PATCHES = (0.1, 0.5)
_LEAST_PATCHES = 100
_PATCH, _STRIDE = 5, 3
_EIGENVALUES = [0, 6, 12, 18]
# Beyond these values noise has been cut off.
_DARKEST, _LIGHTEST = 6, 249
_LEAST_UNSATURATED = 64
# Below a tenth of a level there is nothing but rounding.
_FLOOR = 0.1
# Which of the percentiles are flat blocks, and how much more is more: of 780 pictures with noise of
# 3, 5 and 12 none has more than 0.99 times as much, but for an old scan (Set14's pepper, 1.4).
_FLAT = 2
_RISING = 1.1
# Where the flatter half of the patches has less in one direction, nobody needs to look further;
# compression takes away most of what a direction has.
_SURELY_CLEAN, _SURELY_CLEAN_COMPRESSED = 1.0, 0.2


class Patches(NamedTuple):
    """What the patches of 5×5 pixels of a picture tell, in levels of its luminance.

    Attributes:
        directions: The eigenvalues of the covariance of the flattest tenth of them and of the
            flatter half, the smallest first, (25,) each: variances.
        texture: The median of the standard deviations within them, noise included.
    """

    directions: tuple[NDArray[np.float64], ...]
    texture: float


def noise(
    luminance: Plane,
    quality: int | None,
    known: Patches | None = None,
    coefficients: Plane | None = None,
) -> float:
    """Standard deviation of the noise.

    Args:
        luminance: (H, W), from 0 to 255, at least 64 pixels a side.
        quality: Of the JPEG file that it was, if any.
        known: Its `patches`, if these were looked at already.
        coefficients: The discrete cosine transform of its `whole_blocks`, if that was.

    Returns:
        In levels of luminance, before the compression; of clean pictures up to about 3.
    """
    found = known or patches(luminance)
    least = _SURELY_CLEAN if quality is None else _SURELY_CLEAN_COMPRESSED
    if np.sqrt(found.directions[-1][0]) < least:
        return 0.0
    return max(0.0, regressed(_features(luminance, found, quality, coefficients)))


def rises(luminance: Plane, coefficients: Plane | None = None) -> bool:
    """Whether flat blocks have more at the highest frequencies than right below these.

    White noise has not, whatever it lies over: a scanner or a sharpening filter made that.
    Arguments are as for `noise`.
    """
    below, highest = np.exp(_least(luminance, coefficients)).reshape(-1, len(_BANDS))[_FLAT, -2:]
    return bool(highest > _RISING * below)


def features(luminance: Plane, quality: int | None) -> Plane:
    """What the regression sees, (39,): logarithms of standard deviations, and of JPEG's steps."""
    return _features(luminance, patches(luminance), quality)


def regressed(seen: Plane) -> float:
    """The regression's answer to `features`, in levels."""
    return float(np.expm1(read_regression(Path(__file__))(seen)))


def _features(
    luminance: Plane,
    found: Patches,
    quality: int | None,
    coefficients: Plane | None = None,
) -> Plane:
    table = np.ones((SIDE, SIDE)) if quality is None else luminance_table(quality)
    return np.concatenate(
        [
            _least(luminance, coefficients),
            *(_logarithm(eigenvalues[_EIGENVALUES]) for eigenvalues in found.directions),
            [quality is not None, *(np.log(table[band]).mean() for band in _BANDS)],
        ]
    ).astype(np.float32)


def _logarithm(variances: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = np.log(np.sqrt(variances) + _FLOOR)
    return result


def _least(luminance: Plane, coefficients: Plane | None) -> NDArray[Any]:
    """Percentiles over the blocks of the standard deviations in the five bands, (25,)."""
    blocks = whole_blocks(luminance)
    if coefficients is None:
        coefficients = transformed(blocks)
    squares = np.square(coefficients[_unsaturated(blocks.reshape(len(blocks), -1).T)])
    variances = np.stack([squares[:, band].mean(axis=1) for band in _BANDS])
    return _logarithm(np.percentile(variances, _PERCENTILES, axis=1)).ravel()


def patches(luminance: Plane) -> Patches:
    """Look at every third patch along rows and columns; ``luminance`` is as for `noise`."""
    rows, columns = (side - _PATCH + 1 for side in luminance.shape)
    # Pixel by pixel of a patch, (25, n): so all reductions go along memory.
    values = np.stack(
        [
            luminance[i : i + rows : _STRIDE, j : j + columns : _STRIDE].ravel()
            for i in range(_PATCH)
            for j in range(_PATCH)
        ]
    )
    values = values[:, _unsaturated(values)]
    variance = values.var(axis=0)
    directions = []
    for share in _PATCHES:
        place = min(max(_LEAST_PATCHES, int(share * len(variance))), len(variance) - 1)
        most = np.partition(variance, place)[place]
        flat = values[:, variance <= most]
        directions.append(np.maximum(np.linalg.eigvalsh(np.cov(flat)), 0))
    return Patches(tuple(directions), float(np.sqrt(np.median(variance))))


def _unsaturated(values: Plane) -> NDArray[np.bool_]:
    """Which columns are within the range, of (k, n); where these are too few, all."""
    within: NDArray[np.bool_] = (values.min(axis=0) > _DARKEST) & (values.max(axis=0) < _LIGHTEST)
    return within if within.sum() >= _LEAST_UNSATURATED else np.ones_like(within)
