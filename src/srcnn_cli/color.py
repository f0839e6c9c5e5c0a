"""BT.601 studio-range R'G'B' and Y'CbCr, in float32, with MATLAB's ``rgb2ycbcr`` coefficients.

Everything here is in units of 8-bit code values divided by 255: R'G'B' lies in [0, 1], and black
to white is Y' = 16/255 to 235/255; Cb and Cr are centred on 128/255 and reach 112/255 to each
side (ITU-R BT.601, section 2.5). Planes come first: arrays are (3, H, W).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from srcnn_cli.config import Color

Float = NDArray[np.float32]

# Rows: Y', Cb, Cr; columns: R', G', B'; in code values for inputs in [0, 1].
_YCBCR_FROM_RGB = (
    np.array(
        [[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]],
        dtype=np.float64,
    )
    / 255
)
_OFFSET = np.array([16.0, 128.0, 128.0]) / 255
_RGB_FROM_YCBCR = np.linalg.inv(_YCBCR_FROM_RGB)
_RGB_OFFSET = -_RGB_FROM_YCBCR @ _OFFSET
# Shares of R', G' and B' in luminance: 0.299, 0.587 and 0.114.
_LUMINANCE_SHARES = (_YCBCR_FROM_RGB[0] / _YCBCR_FROM_RGB[0].sum()).astype(np.float32)

# Pixels per product: they stay in cache, and BLAS stays on the calling thread (see `resize`).
_CHUNK = 16_384


def ycbcr_from_rgb(rgb: NDArray[Any]) -> Float:
    """(3, H, W) R'G'B' in [0, 1] as (3, H, W) float32 Y'CbCr, unrounded."""
    return _affine(_YCBCR_FROM_RGB, _OFFSET, rgb)


def rgb_from_ycbcr(ycbcr: NDArray[Any]) -> Float:
    """The inverse of `ycbcr_from_rgb`; the result may leave [0, 1] and is not clipped."""
    return _affine(_RGB_FROM_YCBCR, _RGB_OFFSET, ycbcr)


def network_planes(picture: NDArray[Any], color: Color) -> Float:
    """A picture as the planes that networks of a colour are made for.

    Args:
        picture: (3, H, W) R'G'B' or (H, W) grey, in [0, 1].
        color: `ModelConfig.color`. Grey is fed to ``rgb`` as three equal planes and to ``ycbcr``
            as Y', as it is stored, with neutral Cb and Cr.

    Returns:
        float32. Of a colour picture (3, H, W): R'G'B' for ``rgb``, Y'CbCr for ``ycbcr`` and also
        for ``y``, of which the network takes the first plane and the others are only enlarged. Of
        grey (3, H, W), or (1, H, W) for ``y``.
    """
    if picture.ndim == 3:
        if color == "rgb":
            return np.asarray(picture, dtype=np.float32)
        return ycbcr_from_rgb(picture)
    grey = np.asarray(picture, dtype=np.float32)
    if color == "y":
        return grey.reshape(1, *grey.shape)
    if color == "rgb":
        return np.stack([grey] * 3)
    return np.stack([grey, *[np.full_like(grey, _OFFSET[1])] * 2])


def rgb_from_network(planes: NDArray[Any], color: Color) -> Float:
    """The inverse of `network_planes` for colour: (3, H, W) planes to R'G'B', not clipped."""
    if color == "rgb":
        return np.asarray(planes, dtype=np.float32)
    return rgb_from_ycbcr(planes)


def grey_from_network(planes: NDArray[Any], color: Color) -> Float:
    """The inverse of `network_planes` for grey: (1 or 3, H, W) planes to (H, W), not clipped.

    What a colour network invents in chrominance is dropped: of ``rgb`` remains the luminance.
    """
    planes = np.asarray(planes, dtype=np.float32)
    if color != "rgb":
        luminance: Float = planes[0]
        return luminance
    luminance = planes[0] * _LUMINANCE_SHARES[0]
    for plane, share in zip(planes[1:], _LUMINANCE_SHARES[1:], strict=True):
        luminance += plane * share
    return luminance


def luminance_uint8(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """The Y' plane that the papers measure on.

    Args:
        pixels: uint8, (H, W, 3) R'G'B' or (H, W) grey. Grey is taken as stored, as the papers'
            evaluation code does with the grey images of Set14.

    Returns:
        (H, W) uint8: 16 to 235 from colour, rounded half up like MATLAB's ``rgb2ycbcr``.
    """
    if pixels.ndim == 2:
        return pixels
    # Whole numbers, because 194 of the 256³ colours lie exactly between two values of Y'.
    luma = np.tensordot(pixels, np.array([65_481, 128_553, 24_966], np.int32), axes=1)
    return ((luma + (255_000 // 2 + 16 * 255_000)) // 255_000).astype(np.uint8)


def to_8bit(pixels: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """16-bit code values rounded to 8 bits: 65,535 is 255."""
    result: NDArray[np.uint8] = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return result


def bleed_colors(pixels: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    """Give fully transparent pixels the colour of the nearest pixel that shows.

    What stands under transparency is arbitrary, often black, and any enlargement would draw it
    as a dark fringe into the visible edge.

    Args:
        pixels: (H, W) or (H, W, C), any type.
        alpha: (H, W); 0 is transparent.

    Returns:
        ``pixels`` itself if there is nothing to do, else a copy.
    """
    transparent = alpha == 0
    if not transparent.any() or transparent.all():
        return pixels
    from scipy.ndimage import distance_transform_edt

    nearest = distance_transform_edt(transparent, return_distances=False, return_indices=True)
    bled: NDArray[Any] = pixels[tuple(nearest)]
    return bled


def _affine(matrix: NDArray[Any], offset: NDArray[Any], planes: NDArray[Any]) -> Float:
    flat = np.asarray(planes, dtype=np.float32).reshape(3, -1)
    result = np.empty_like(flat)
    factors, constants = matrix.astype(np.float32), offset.astype(np.float32)[:, None]
    for start in range(0, flat.shape[1], _CHUNK):
        part = result[:, start : start + _CHUNK]
        np.matmul(factors, flat[:, start : start + _CHUNK], out=part)
        part += constants
    return result.reshape(planes.shape)
