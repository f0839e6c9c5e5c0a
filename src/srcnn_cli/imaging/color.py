"""BT.601 studio-range R'G'B' and Y'CbCr, in float32, with MATLAB's ``rgb2ycbcr`` coefficients.

Everything here is in units of 8-bit code values divided by 255: R'G'B' lies in [0, 1], and black
to white is Y' = 16/255 to 235/255; Cb and Cr are centred on 128/255 and reach 112/255 to each
side (ITU-R BT.601, section 2.5). Planes come first: arrays are (3, H, W).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

# Rows: Y', Cb, Cr; columns: R', G', B'; in code values for inputs in [0, 1].
YCBCR_FROM_RGB = (
    np.array(
        [[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]],
        dtype=np.float64,
    )
    / 255
)
OFFSET = np.array([16.0, 128.0, 128.0]) / 255
RGB_FROM_YCBCR = np.linalg.inv(YCBCR_FROM_RGB)
RGB_OFFSET = -RGB_FROM_YCBCR @ OFFSET
# Shares of R', G' and B' in luminance: 0.299, 0.587 and 0.114.
LUMINANCE_SHARES = (YCBCR_FROM_RGB[0] / YCBCR_FROM_RGB[0].sum()).astype(np.float32)
# What noise that is independent in R', G' and B', of 1 in each, has in that weighted sum: 0.669.
NOISE_IN_LUMINANCE = math.hypot(*(float(share) for share in LUMINANCE_SHARES))

# Pixels per product: they stay in cache, and BLAS stays on the calling thread (see `resize`).
_CHUNK = 16_384


def ycbcr_from_rgb(rgb: NDArray[Any]) -> Float:
    """(3, H, W) R'G'B' in [0, 1] as (3, H, W) float32 Y'CbCr, unrounded."""
    return _affine(YCBCR_FROM_RGB, OFFSET, rgb)


def rgb_from_ycbcr(ycbcr: NDArray[Any]) -> Float:
    """The inverse of `ycbcr_from_rgb`; the result may leave [0, 1] and is not clipped."""
    return _affine(RGB_FROM_YCBCR, RGB_OFFSET, ycbcr)


def luminance_of_8bit(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(3, H, W) 8-bit R'G'B' as (H, W) Y' in code values, 16 to 235, not rounded."""
    shares = YCBCR_FROM_RGB[0]
    luminance = np.full(rgb.shape[1:], OFFSET[0] * 255)
    for share, plane in zip(shares, rgb, strict=True):
        luminance += share * plane
    return luminance


def _affine(matrix: NDArray[Any], offset: NDArray[Any], planes: NDArray[Any]) -> Float:
    flat = np.asarray(planes, dtype=np.float32).reshape(3, -1)
    result = np.empty_like(flat)
    factors, constants = matrix.astype(np.float32), offset.astype(np.float32)[:, None]
    for start in range(0, flat.shape[1], _CHUNK):
        part = result[:, start : start + _CHUNK]
        np.matmul(factors, flat[:, start : start + _CHUNK], out=part)
        part += constants
    return result.reshape(planes.shape)
