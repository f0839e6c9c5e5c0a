"""How close two pictures are: PSNR, SSIM, MS-SSIM, on 8-bit code values unless said otherwise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Wang et al. 2003, section 3.2: how much each scale counts, finest first.
_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)

# The coarsest of the five scales, 16 times smaller, must still hold the 11x11 window.
_MS_SSIM_SIDE = 11 * 2 ** (len(_SCALE_WEIGHTS) - 1)

# The low-pass analysis filter of the CDF 9/7 wavelet (Antonini et al., "Image Coding Using
# Wavelet Transform", TIP 1992, table II) from its centre outwards.
_WAVELET_97 = (
    0.852698679009,
    0.377402855613,
    -0.110624404418,
    -0.023849465020,
    0.037828455507,
)


def shave(plane: NDArray[Any], border: int) -> NDArray[Any]:
    """(H, W, ...) without its outermost ``border`` pixels.

    Raises:
        UsageError: Nothing would be left.
    """
    if min(plane.shape[:2]) <= 2 * border:
        raise UsageError(
            f"{plane.shape[1]}x{plane.shape[0]} is too small to shave {border} pixels off each side"
        )
    return plane[border : plane.shape[0] - border, border : plane.shape[1] - border]


def psnr(image: NDArray[Any], reference: NDArray[Any], *, data_range: float = 255.0) -> float:
    """Peak signal-to-noise ratio in dB: 10 log10(range² / mean squared error).

    Args:
        image: Any shape and real type.
        reference: The same shape; the order of the two does not matter.
        data_range: The value of full white.

    Returns:
        ``inf`` for equal pictures.

    Raises:
        UsageError: The shapes differ.
    """
    _check_shapes(image, reference)
    error = float(np.mean(np.square(image.astype(np.float64) - reference)))
    return math.inf if error == 0 else 10 * math.log10(data_range**2 / error)


def ssim(image: NDArray[Any], reference: NDArray[Any], *, data_range: float = 255.0) -> float:
    """Structural similarity of two (H, W) planes, 1 for equal ones.

    Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity",
    TIP 2004: an 11x11 Gaussian window of sigma 1.5, K1 = 0.01, K2 = 0.03, averaged over the
    places where the window lies inside the picture.

    Raises:
        UsageError: The shapes differ, or the planes are smaller than the window.
    """
    from skimage.metrics import structural_similarity

    _check_shapes(image, reference)
    if min(image.shape) < 11:
        raise UsageError("SSIM needs at least 11x11 pixels")
    value = structural_similarity(
        image.astype(np.float64),
        reference.astype(np.float64),
        data_range=data_range,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return float(value)


def ms_ssim(
    image: NDArray[Any],
    reference: NDArray[Any],
    *,
    data_range: float = 255.0,
    metrix: bool = False,
) -> float:
    """Multi-scale structural similarity of two (H, W) planes, 1 for equal ones.

    Wang, Simoncelli & Bovik, "Multi-Scale Structural Similarity for Image Quality Assessment",
    Asilomar 2003: the window and the constants of `ssim` on five scales, each the mean of 2x2
    pixels of the one before. An odd last row or column is doubled first, as in Wang's MATLAB code
    (its first version left it out); other libraries do otherwise, see docs/bench.md. The
    contrast-structure means of the first four scales and the SSIM of the fifth are raised to the
    weights of the paper and multiplied; a negative mean counts as 0.

    Args:
        image: (H, W), any real type, no side under 176.
        reference: The same shape; the order of the two does not matter.
        data_range: The value of full white.
        metrix: Measure as MeTriX MuX 1.1 does: between scales the 9/7 wavelet's low-pass filter
            instead of 2x2 means, and contrast and structure averaged each for itself before they
            are multiplied. This, and not the default, gives the figures of the TPAMI 2016 tables
            of SRCNN, see tests/test_metrics.py; it is the lower of the two.

    Raises:
        UsageError: The shapes differ, or a side is smaller than 11 x 16 = 176 pixels.
    """
    _check_shapes(image, reference)
    if min(image.shape) < _MS_SSIM_SIDE:
        raise UsageError(f"MS-SSIM needs at least {_MS_SSIM_SIDE}x{_MS_SSIM_SIDE} pixels")
    halve = _halve_wavelet if metrix else _halve_mean
    first, second = image.astype(np.float64), reference.astype(np.float64)
    result = 1.0
    for index, weight in enumerate(_SCALE_WEIGHTS):
        if index:
            first, second = halve(first), halve(second)
        luminance, contrast, structure = _similarity_maps(first, second, data_range)
        maps = [contrast, structure]
        if index == len(_SCALE_WEIGHTS) - 1:
            maps.append(luminance)
        if not metrix:
            maps = [np.prod(maps, axis=0)]
        for part in maps:
            result *= max(float(part.mean()), 0.0) ** weight
    return result


def _similarity_maps(
    first: NDArray[Any], second: NDArray[Any], data_range: float
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Luminance, contrast and structure of Wang et al. 2004, eq. 6, 9 and 10; (H - 10, W - 10)."""
    from scipy.ndimage import gaussian_filter

    def mean(plane: NDArray[Any]) -> NDArray[Any]:
        blurred: NDArray[Any] = gaussian_filter(plane, 1.5, radius=5)[5:-5, 5:-5]
        return blurred

    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    mean_1, mean_2 = mean(first), mean(second)
    # Rounding leaves variances of flat places a hair below zero.
    variance_1 = np.maximum(mean(first * first) - mean_1 * mean_1, 0)
    variance_2 = np.maximum(mean(second * second) - mean_2 * mean_2, 0)
    covariance = mean(first * second) - mean_1 * mean_2
    deviations = np.sqrt(variance_1 * variance_2)
    luminance = (2 * mean_1 * mean_2 + c1) / (mean_1 * mean_1 + mean_2 * mean_2 + c1)
    contrast = (2 * deviations + c2) / (variance_1 + variance_2 + c2)
    structure = (covariance + c2 / 2) / (deviations + c2 / 2)
    return luminance, contrast, structure


def _halve_mean(plane: NDArray[Any]) -> NDArray[Any]:
    height, width = plane.shape
    even = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
    blocks = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2)
    result: NDArray[Any] = blocks.mean(axis=(1, 3))
    return result


def _halve_wavelet(plane: NDArray[Any]) -> NDArray[Any]:
    from scipy.ndimage import correlate1d

    taps = np.array((*_WAVELET_97[:0:-1], *_WAVELET_97))
    taps /= taps.sum()
    # scipy's "reflect" repeats the edge pixel: MATLAB's "symmetric".
    columns = correlate1d(plane, taps, axis=0, mode="reflect")[::2]
    result: NDArray[Any] = correlate1d(columns, taps, axis=1, mode="reflect")[:, ::2]
    return result


def _check_shapes(image: NDArray[Any], reference: NDArray[Any]) -> None:
    if image.shape != reference.shape:
        raise UsageError(f"cannot compare shapes {image.shape} and {reference.shape}")
