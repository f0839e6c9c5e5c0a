"""The information fidelity criterion: how many bits of the original survive in a picture.

Sheikh, Bovik & de Veciana, "An Information Fidelity Criterion for Image Quality Assessment Using
Natural Scene Statistics", TIP 2005, in the form of the authors' MATLAB release (``ifcvec``), which
is what the super-resolution papers report: two orientations on four levels of a steerable
pyramid, vectors of 3x3 coefficients, and sums divided by the number of pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_LEVELS = 4

# A side of one vector, in coefficients.
_BLOCK = 3

# The smallest side that leaves one block on the coarsest level, where a block is lost to each
# border: 9 coefficients of every 8th pixel.
_SMALLEST = 65

# Mean squares below this are taken for zero, and no noise is weaker (both as in the release).
_TINY = 1e-15
_NOISE_FLOOR = 1e-10

# MeTriX MuX mirrors pictures out to a multiple of this, at least to 128 pixels.
_MULTIPLE = 32

# Top left quarters, centre row and column included, of the filters "sp5" of Karasaridis &
# Simoncelli, "A Filter Design Technique for Steerable Pyramid Image Transforms", ICASSP 1996.
# They were found by optimisation and have no formula; the numbers are those that Simoncelli's
# matlabPyrTools and pyrtools (MIT licence) publish.
_FIRST_LOWPASS = (
    (0.00341614, -0.01551246, -0.03848215),
    (-0.01551246, 0.05586982, 0.15925570),
    (-0.03848215, 0.15925570, 0.40304148),
)
_LOWPASS = (
    (0.00170808, -0.00489834, -0.00775624, -0.01888864, -0.01924108),
    (-0.00489834, -0.01046562, -0.01322234, 0.00821200, 0.02005976),
    (-0.00775624, -0.01322234, 0.02793492, 0.06554076, 0.07962786),
    (-0.01888864, 0.00821200, 0.06554076, 0.12852666, 0.16339236),
    (-0.01924108, 0.02005976, 0.07962786, 0.16339236, 0.20193080),
)
_BANDPASS = (
    (0.00277643, -0.00986904, -0.01021852, 0.0),
    (0.00496194, -0.00893064, -0.03075356, 0.0),
    (0.01026699, 0.01189859, -0.08226445, 0.0),
    (0.01455399, 0.02755155, -0.11732297, 0.0),
)


def ifc(image: NDArray[Any], reference: NDArray[Any], *, metrix: bool = False) -> float:
    """Information fidelity criterion of a (H, W) plane, in bits per pixel; more is better.

    The order matters: the second argument is the undistorted original, whose statistics say how
    much there is to be seen. `ifc(a, b)` and `ifc(b, a)` differ. (The MATLAB release takes the
    original first.) Only a picture of higher contrast scores more than the original itself, whose
    value, some tens of bits, is finite only for the least noise of 1e-10 that the release assumes.

    Args:
        image: (H, W), any real type, values in 0-255, no side under 65.
        reference: The same shape and range.
        metrix: Measure as MeTriX MuX 1.1 does: mirror both pictures out to multiples of 32 pixels
            first. This, and not the default, gives the figures of the TPAMI 2016 tables of SRCNN,
            see tests/test_information_fidelity.py.

    Returns:
        At least 0: nothing is gained from a picture that does not vary with its reference.

    Raises:
        UsageError: The shapes differ, or a side is smaller than 65 pixels.
    """
    if image.shape != reference.shape:
        raise UsageError(f"cannot compare shapes {image.shape} and {reference.shape}")
    if image.ndim != 2 or min(image.shape) < _SMALLEST:
        raise UsageError(f"IFC needs one plane of at least {_SMALLEST}x{_SMALLEST} pixels")
    distorted, original = image.astype(np.float64), reference.astype(np.float64)
    if metrix:
        distorted, original = _mirrored_out(distorted), _mirrored_out(original)
    pairs = zip(_subbands(distorted), _subbands(original), strict=True)
    bits = sum(_information(seen, true, level) for (level, seen), (_, true) in pairs)
    return bits / original.size


def _subbands(plane: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """(level, coefficients), from the finest level 0 on: vertical edges, then horizontal ones."""
    from scipy.ndimage import correlate

    bandpass = _whole(_BANDPASS, odd=True)
    # scipy's "mirror" does not repeat the edge pixel: "reflect1" of the pyramid's authors.
    low = correlate(plane, _whole(_FIRST_LOWPASS), mode="mirror")
    for level in range(_LEVELS):
        yield level, correlate(low, bandpass, mode="mirror")
        yield level, correlate(low, bandpass.T, mode="mirror")
        low = correlate(low, _whole(_LOWPASS), mode="mirror")[::2, ::2]


def _information(seen: NDArray[Any], true: NDArray[Any], level: int) -> float:
    """Bits that one subband ``seen`` of the picture shares with that of the original.

    The original is modelled as s U, a Gaussian vector U of 3x3 coefficients with a scale s of its
    own in every block (section III-A of the paper); the picture as g s U plus white noise (III-B).
    """
    height, width = (side - side % _BLOCK for side in true.shape)
    seen, true = seen[:height, :width], true[:height, :width]
    gain, noise = _channel(seen, true, 2 ** (_LEVELS - level) + 1)
    variances, scale = _mixture(true)
    # Blocks at the border, whose windows reach over it, are left out.
    border = -(-(2 ** (_LEVELS - level - 1)) // _BLOCK)
    inner = (slice(border, -border), slice(border, -border))
    signal = (gain**2 * scale / (noise + _NOISE_FLOOR))[inner]
    return sum(float(np.log2(1 + signal * variance).sum()) for variance in variances)


def _channel(
    seen: NDArray[Any], true: NDArray[Any], window: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Gain and noise variance of each block: least squares in a window around its centre."""
    from scipy.ndimage import uniform_filter

    def mean(plane: NDArray[Any]) -> NDArray[Any]:
        means: NDArray[Any] = uniform_filter(plane, window, mode="mirror")
        return means[_BLOCK // 2 :: _BLOCK, _BLOCK // 2 :: _BLOCK]

    mean_seen, mean_true = mean(seen), mean(true)
    variance_seen = np.maximum(mean(seen * seen) - mean_seen**2, 0)
    variance_true = np.maximum(mean(true * true) - mean_true**2, 0)
    covariance = mean(seen * true) - mean_seen * mean_true
    gain = np.maximum(covariance / (variance_true + _TINY), 0)
    gain[(variance_true < _TINY) | (variance_seen < _TINY)] = 0
    return gain, np.maximum(variance_seen - gain * covariance, _TINY)


def _mixture(true: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Principal variances of all 3x3 vectors, and s² of each of those that do not overlap."""
    overlapping = np.lib.stride_tricks.sliding_window_view(true, (_BLOCK, _BLOCK))
    vectors = overlapping.reshape(-1, _BLOCK * _BLOCK)
    covariance = np.cov(vectors, rowvar=False, bias=True)
    variances, axes = np.linalg.eigh(covariance)
    # A direction without variance, of an original that is flat or made by a formula, carries
    # nothing; dividing by what rounding left of it would.
    kept = variances > max(variances[-1] * 1e-14, _TINY)
    variances, axes = variances[kept], axes[:, kept]
    blocks = overlapping[::_BLOCK, ::_BLOCK]
    parts = np.square(blocks.reshape(*blocks.shape[:2], -1) @ axes)
    scale = np.sum(parts / variances, axis=-1) / (_BLOCK * _BLOCK)
    return variances, scale


def _whole(quarter: tuple[tuple[float, ...], ...], *, odd: bool = False) -> NDArray[np.float64]:
    """The filter of a top left quarter; an ``odd`` one changes its sign from left to right."""
    part = np.array(quarter)
    half = np.concatenate([part, part[-2::-1]])
    mirrored = half[:, -2::-1]
    return np.concatenate([half, -mirrored if odd else mirrored], axis=1)


def _mirrored_out(plane: NDArray[Any]) -> NDArray[Any]:
    """As MeTriX MuX: edges mirrored, and each corner one value, that next to the diagonal."""
    sides = [max(4, -(-side // _MULTIPLE)) * _MULTIPLE - side for side in plane.shape]
    (top, bottom), (left, right) = (((extra + 1) // 2, extra // 2) for extra in sides)
    result = np.pad(plane, ((top, bottom), (left, right)), mode="reflect")
    height, width = result.shape
    result[:top, :left] = plane[1, 1]
    result[:top, width - right :] = plane[1, -2]
    result[height - bottom :, :left] = plane[-2, 1]
    result[height - bottom :, width - right :] = plane[-2, -2]
    return result
