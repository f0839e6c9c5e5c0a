"""From a picture to the planes of a network, and back: the only place where that happens."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import InputError
from srcnn_cli.imaging.color import LUMINANCE_SHARES, OFFSET, Float, rgb_from_ycbcr, ycbcr_from_rgb
from srcnn_cli.imaging.regions import divided
from srcnn_cli.imaging.rounding import round_to_uint8
from srcnn_cli.threads import crew

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from srcnn_cli.imaging.channels import Planes
    from srcnn_cli.imaging.regions import Region


# The value of full white by element type; floats are taken as [0, 1].
_WHITE = {"uint8": 255, "uint16": 65535, "float32": 1.0}

# Of the parts of a picture that are taken apart at once.
_SIDE = 256
# Put together at once: with all that is computed of them they stay in a core's cache.
_MERGED_PIXELS = 1 << 15


def pixels_of(image: Image) -> NDArray[Any]:
    """The pixels of a Pillow image as an array that `check_pixels` accepts.

    Raises:
        InputError: The image has no known range of values, or cannot be converted.
    """
    if image.mode in {"L", "LA", "RGB", "RGBA"}:
        return np.asarray(image)
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if image.mode in {"I", "F"}:
        # Without a known range of values, a conversion would turn the picture white or black.
        raise InputError(f"an image of mode {image.mode} has no white: give an array in [0, 1]")
    alpha = image.has_transparency_data
    target = ("LA" if alpha else "L") if image.mode in {"1", "La"} else "RGBA" if alpha else "RGB"
    try:
        return np.asarray(image.convert(target))
    except ValueError:
        raise InputError(f"an image of mode {image.mode} cannot become {target}") from None


def check_pixels(pixels: NDArray[Any]) -> None:
    """Whether an array is a picture: (H, W[, 2 to 4]) of uint8, uint16 or finite float32.

    Raises:
        InputError: It is not.
    """
    shape_fits = pixels.ndim == 2 or (pixels.ndim == 3 and 2 <= pixels.shape[2] <= 4)
    if not shape_fits or pixels.size == 0:
        raise InputError(f"an array of shape {pixels.shape} is no picture: use (H, W[, 2 to 4])")
    if pixels.dtype.name not in _WHITE:
        raise InputError(f"cannot enlarge {pixels.dtype} pixels: use uint8, uint16 or float32")
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise InputError("the picture holds values that are not finite")


def has_alpha(pixels: NDArray[Any]) -> bool:
    """Whether a picture, (H, W[, 2 to 4]), has a channel of transparency."""
    return pixels.ndim == 3 and pixels.shape[2] in (2, 4)


def split_alpha(pixels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """(H, W[, 2 to 4]) pixels without their alpha channel, and that: (H, W), or None."""
    if not has_alpha(pixels):
        return pixels, None
    color, alpha = pixels[..., :-1], pixels[..., -1]
    color = bleed_colors(color, alpha)
    return (color[..., 0] if color.shape[2] == 1 else color), alpha


def planes_of(
    picture: NDArray[Any], alpha: NDArray[Any] | None, color: Planes
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What goes through the network, (1 or 3, H, W), and what is only interpolated, (n, H, W)."""
    white = np.float32(_WHITE[picture.dtype.name])
    channels = 1 if color == "y" else 3
    beside = 2 if color == "y" and picture.ndim == 3 else 0
    height, width = picture.shape[:2]
    planes = np.empty((channels, height, width), np.float32)
    others = np.empty((beside + (alpha is not None), height, width), np.float32)

    def fill(region: Region) -> None:
        part = picture[region.in_pixels]
        planes_first = part if part.ndim == 2 else np.moveaxis(part, -1, 0)
        filled = network_planes(planes_first.astype(np.float32) / white, color)
        planes[region.in_planes] = filled[:channels]
        others[:beside][region.in_planes] = filled[channels:]
        if alpha is not None:
            others[-1][region.in_planes] = alpha[region.in_pixels].astype(np.float32) / white

    for _ in crew().map(fill, [*chain(*divided(height, width, _SIDE))]):
        pass
    return planes, others


def merge_planes(
    band: NDArray[np.float32], others: NDArray[np.float32], color: Planes, result: NDArray[Any]
) -> None:
    """Write (1 or 3, h, W) from the network and (n, h, W) others into (h, W[, channels]) pixels."""
    height, width = result.shape[:2]
    rows = max(1, _MERGED_PIXELS // width)
    for top in range(0, height, rows):
        part = slice(top, top + rows)
        _merge_rows(band[:, part], others[:, part], color, result[part])


def _merge_rows(
    band: NDArray[np.float32], others: NDArray[np.float32], color: Planes, result: NDArray[Any]
) -> None:
    if result.ndim == 2:
        _store(grey_from_network(band, color)[None], result[None])
        return
    if result.shape[2] == 2:
        planes = grey_from_network(band, color)[None]
    else:
        missing = 3 - len(band)
        planes = np.concatenate([band, others[:missing]]) if missing else band
        planes = rgb_from_network(planes, color)
    channels = np.moveaxis(result, -1, 0)
    _store(planes, channels[: len(planes)])
    if len(channels) > len(planes):
        _store(others[-1:], channels[-1:])


def _store(planes: NDArray[np.float32], target: NDArray[Any]) -> None:
    white = _WHITE[target.dtype.name]
    if target.dtype.kind == "f":
        np.clip(planes, 0, 1, out=target)
        return
    scaled = planes * np.float32(white)
    scaled += np.float32(0.5)
    np.clip(scaled, 0, white, out=scaled)
    # The conversion to integers cuts off, which after adding a half is rounding. First in one
    # piece, since what is stored at every third place is quicker to fetch from there.
    rounded = scaled.astype(target.dtype)
    for plane, place in zip(rounded, target, strict=True):
        place[...] = plane


def color_planes(pixels: NDArray[np.uint8], color: Planes) -> NDArray[np.uint8]:
    """(H, W, 3) R'G'B' or (H, W) grey as (C, H, W) 8-bit planes; see `Degradation` for grey."""
    if color == "y":
        return luminance_uint8(pixels)[None]
    if pixels.ndim == 2:
        neutral = pixels if color == "rgb" else np.full_like(pixels, 128)
        return np.stack([pixels, neutral, neutral])
    rgb = np.moveaxis(pixels, -1, 0)
    if color == "rgb":
        return rgb
    planes = round_to_uint8(ycbcr_from_rgb(rgb.astype(np.float32) / 255))
    planes[0] = luminance_uint8(pixels)  # exact where Y' lies between two values
    return planes


def network_planes(picture: NDArray[Any], color: Planes) -> Float:
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
    return np.stack([grey, *[np.full_like(grey, OFFSET[1])] * 2])


def rgb_from_network(planes: NDArray[Any], color: Planes) -> Float:
    """The inverse of `network_planes` for colour: (3, H, W) planes to R'G'B', not clipped."""
    if color == "rgb":
        return np.asarray(planes, dtype=np.float32)
    return rgb_from_ycbcr(planes)


def grey_from_network(planes: NDArray[Any], color: Planes) -> Float:
    """The inverse of `network_planes` for grey: (1 or 3, H, W) planes to (H, W), not clipped.

    What a colour network invents in chrominance is dropped: of ``rgb`` remains the luminance.
    """
    planes = np.asarray(planes, dtype=np.float32)
    if color != "rgb":
        luminance: Float = planes[0]
        return luminance
    luminance = planes[0] * LUMINANCE_SHARES[0]
    for plane, share in zip(planes[1:], LUMINANCE_SHARES[1:], strict=True):
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
    from srcnn_cli.imaging.nearest_pixel import nearest_pixels

    bled = np.empty_like(pixels)
    for band, rows, columns in nearest_pixels(~transparent):
        bled[band] = pixels[rows, columns]
    return bled
