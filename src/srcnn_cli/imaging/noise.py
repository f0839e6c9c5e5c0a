"""How strong the noise of a picture is, by its pixels.

Noise is the same at all frequencies and in all directions, also where a picture is flat; texture is
not. So the smallest eigenvalues of the covariance of small patches tell much (Liu et al., IEEE TIP
2013), and so do the frequencies of the flattest blocks; but texture everywhere, saturated areas and
JPEG compression, which takes much of the noise away, bend both. A regression of 34 such numbers
by sixteen rectified units weighs them. `scripts/fit_noise.py` made its weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

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
# Shares of the blocks, the flattest first, and of the patches.
_BLOCKS = (0.01, 0.05, 0.2, 0.5)
_PATCHES = (0.1, 0.5)
_LEAST_BLOCKS, _LEAST_PATCHES = 16, 100
_PATCH, _STRIDE = 5, 3
_EIGENVALUES = [0, 6, 12, 18]
# Beyond these values noise has been cut off.
_DARKEST, _LIGHTEST = 6, 249
_LEAST_UNSATURATED = 64
# Below a tenth of a level there is nothing but rounding.
_FLOOR = 0.1
# Where the flatter half of the patches has less in one direction, nobody needs to look further;
# compression takes away most of what a direction has.
_SURELY_CLEAN, _SURELY_CLEAN_COMPRESSED = 1.0, 0.2


def noise(
    luminance: Plane, quality: int | None, known: list[NDArray[np.float64]] | None = None
) -> float:
    """Standard deviation of the noise.

    Args:
        luminance: (H, W), from 0 to 255, at least 64 pixels a side.
        quality: Of the JPEG file that it was, if any.
        known: Its `directions`, if they were computed already.

    Returns:
        In levels of luminance, before the compression; of clean pictures up to about 3.
    """
    found = known or directions(luminance)
    least = _SURELY_CLEAN if quality is None else _SURELY_CLEAN_COMPRESSED
    if np.sqrt(found[-1][0]) < least:
        return 0.0
    return max(0.0, regressed(_features(luminance, found, quality)))


def features(luminance: Plane, quality: int | None) -> Plane:
    """What the regression sees, (34,): logarithms of standard deviations, and of JPEG's steps."""
    return _features(luminance, directions(luminance), quality)


def regressed(seen: Plane) -> float:
    """The regression's answer to `features`, in levels."""
    return float(np.expm1(read_regression(Path(__file__))(seen)))


def _features(luminance: Plane, found: list[NDArray[np.float64]], quality: int | None) -> Plane:
    table = np.ones((SIDE, SIDE)) if quality is None else luminance_table(quality)
    return np.concatenate(
        [
            _flattest(luminance),
            *(_logarithm(eigenvalues[_EIGENVALUES]) for eigenvalues in found),
            [quality is not None, *(np.log(table[band]).mean() for band in _BANDS)],
        ]
    ).astype(np.float32)


def _logarithm(variances: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = np.log(np.sqrt(variances) + _FLOOR)
    return result


def _flattest(luminance: Plane) -> NDArray[Any]:
    """Standard deviations in the five bands, over the flattest blocks."""
    blocks = whole_blocks(luminance)
    squares = np.square(transformed(blocks[_unsaturated(blocks.reshape(len(blocks), -1).T)]))
    energy = np.stack([squares[:, band].mean(axis=1) for band in _BANDS], axis=1)
    energy = energy[np.argsort(energy[:, 0])]
    counts = (max(_LEAST_BLOCKS, int(share * len(energy))) for share in _BLOCKS)
    return _logarithm(np.concatenate([energy[:count].mean(axis=0) for count in counts]))


def directions(luminance: Plane) -> list[NDArray[np.float64]]:
    """Eigenvalues of the covariance of the flattest patches, the smallest first.

    Args:
        luminance: As for `noise`.

    Returns:
        For the flattest tenth of the patches of 5x5 pixels and for half of them (25,), in squared
        levels.
    """
    rows, columns = (side - _PATCH + 1 for side in luminance.shape)
    # Pixel by pixel of a patch, (25, n): so all reductions go along memory.
    patches = np.stack(
        [
            luminance[i : i + rows : _STRIDE, j : j + columns : _STRIDE].ravel()
            for i in range(_PATCH)
            for j in range(_PATCH)
        ]
    )
    patches = patches[:, _unsaturated(patches)]
    variance = patches.var(axis=0)
    found = []
    for share in _PATCHES:
        place = min(max(_LEAST_PATCHES, int(share * len(variance))), len(variance) - 1)
        flat = patches[:, variance <= np.partition(variance, place)[place]]
        found.append(np.maximum(np.linalg.eigvalsh(np.cov(flat)), 0))
    return found


def _unsaturated(values: Plane) -> NDArray[np.bool_]:
    """Which columns are within the range, of (k, n); where these are too few, all."""
    within: NDArray[np.bool_] = (values.min(axis=0) > _DARKEST) & (values.max(axis=0) < _LIGHTEST)
    return within if within.sum() >= _LEAST_UNSATURATED else np.ones_like(within)
