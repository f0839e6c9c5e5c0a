"""How close two pictures are: PSNR and SSIM, on 8-bit code values unless said otherwise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray


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


def _check_shapes(image: NDArray[Any], reference: NDArray[Any]) -> None:
    if image.shape != reference.shape:
        raise UsageError(f"cannot compare shapes {image.shape} and {reference.shape}")
