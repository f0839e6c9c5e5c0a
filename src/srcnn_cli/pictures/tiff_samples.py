"""From the samples of a TIFF, as they are stored, to pixels of grey or RGB, with alpha or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import InputError
from srcnn_cli.imaging.rounding import to_8bit
from srcnn_cli.pictures.depths import scaled, with_depth
from srcnn_cli.pictures.tiff_ycbcr import ycbcr_to_rgb
from srcnn_cli.pictures.to_srgb import cmyk_to_srgb, lab_to_srgb

if TYPE_CHECKING:
    from tifffile import TiffPage

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, MASK, CMYK, YCBCR = 0, 1, 2, 3, 4, 5, 6
LAB, ICC_LAB = 8, 9
_CHANNELS = {
    WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, MASK: 1, PALETTE: 1, RGB: 3, YCBCR: 3, CMYK: 4, LAB: 3,
    ICC_LAB: 3,
}  # fmt: skip
_TO_RGB = (7, 50001)  # compressions that are picture formats of their own: JPEG, WebP
_PREMULTIPLIED, _ALPHA = 1, 2  # of ExtraSamples
_COLOR_MAP, _INK_SET, _EXTRA_SAMPLES, _ICC_PROFILE = 320, 332, 338, 34675


def pixels_of(page: TiffPage, samples: np.ndarray, notes: list[str]) -> tuple[np.ndarray, bool]:
    """Turn samples into pixels.

    Args:
        page: The directory that says what they mean.
        samples: (H, W, samples) of unsigned or signed integers or bool, as stored.
        notes: What is changed or dropped is added here.

    Returns:
        (H, W) or (H, W, 2|3|4) of uint8 or uint16, not turned yet, and whether the file's ICC
        profile still describes them.

    Raises:
        InputError: They have no meaning here. It names no file.
    """
    photometric = int(page.photometric)
    channels = _CHANNELS.get(photometric)
    if channels is None:
        raise InputError(f"has colours of a kind ({photometric}) that cannot be converted")
    if samples.shape[2] < channels:
        raise InputError("is damaged: it has too few channels for its colours")
    color = _color(page, samples, channels, notes)
    alpha, premultiplied = _alpha(page, samples, channels, notes)
    if alpha is not None:
        alpha = with_depth(scaled(alpha, _bits(page), []), color.dtype)
        if premultiplied:
            color = divide_by_alpha(color, alpha)
    converted = photometric in (CMYK, LAB, ICC_LAB)
    if photometric == CMYK:
        color = _from_cmyk(page, color, notes)
    elif converted:
        color = lab_to_srgb(_eight_bit_lab(color, signed=photometric == LAB), notes)
    if alpha is not None:
        color = np.dstack([color, with_depth(alpha, color.dtype)])
    return (color[..., 0] if color.shape[2] == 1 else color), not converted


def _color(page: TiffPage, samples: np.ndarray, channels: int, notes: list[str]) -> np.ndarray:
    """The channels that are colour, (H, W, 1|3|4) uint8 or uint16: grey, RGB, CMYK or LAB."""
    photometric = int(page.photometric)
    if photometric == PALETTE:
        return _from_palette(page, samples[..., 0])
    color = scaled(samples[..., :channels], _bits(page), notes)
    if photometric == WHITE_IS_ZERO:
        color = np.iinfo(color.dtype).max - color
    if photometric == YCBCR and not _decoded_to_rgb(page):
        notes.append("its YCbCr colours were converted to RGB")
        color = ycbcr_to_rgb(page, with_depth(color, np.dtype(np.uint8)))
    return color


def _decoded_to_rgb(page: TiffPage) -> bool:
    """Whether the decoder has turned Y'CbCr into R'G'B' already."""
    return int(page.compression) in _TO_RGB and int(page.planarconfig) == 1


def _bits(page: TiffPage) -> int:
    bits = page.bitspersample
    if not isinstance(bits, int):
        raise InputError(f"has channels of different depths {tuple(bits)}")
    return bits


def _from_palette(page: TiffPage, index: np.ndarray) -> np.ndarray:
    """The colours that the numbers stand for, (H, W, 3) uint8."""
    tag = page.tags.get(_COLOR_MAP)
    if tag is None or len(tag.value) % 3:
        raise InputError("is damaged: its palette is missing")
    table = np.asarray(tag.value, np.uint16).reshape(3, -1)
    # Stored with 16 bits; some programs fill the lower half of them only.
    table = (table if table.max(initial=0) < 256 else table >> 8).astype(np.uint8)
    if index.size and int(index.max()) >= table.shape[1]:
        raise InputError("is damaged: its palette has too few colours")
    colors: np.ndarray = table.T[index.astype(np.intp)]
    return colors


def _alpha(
    page: TiffPage, samples: np.ndarray, channels: int, notes: list[str]
) -> tuple[np.ndarray | None, bool]:
    """The channel that is transparency, (H, W), and whether colour is multiplied by it."""
    count = samples.shape[2] - channels
    if count == 0:
        return None, False
    tag = page.tags.get(_EXTRA_SAMPLES)
    value: Any = () if tag is None else tag.value
    kinds = [int(kind) for kind in (value if isinstance(value, tuple) else (value,))]
    kinds = (kinds + [0] * count)[:count]
    chosen = next((n for n, kind in enumerate(kinds) if kind in (_PREMULTIPLIED, _ALPHA)), None)
    if count > (chosen is not None):
        notes.append("it has further channels, not marked as transparency, which were dropped")
    if chosen is None:
        return None, False
    return samples[..., channels + chosen], kinds[chosen] == _PREMULTIPLIED


def divide_by_alpha(color: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Undo premultiplication: (H, W, C) and (H, W) of the same type, uint8 or uint16."""
    white = int(np.iinfo(color.dtype).max)
    divisor = np.maximum(alpha.astype(np.uint32), 1)[..., None]
    divided = (color.astype(np.uint32) * white + divisor // 2) // divisor
    result: np.ndarray = np.minimum(divided, white).astype(color.dtype)
    return result


def _from_cmyk(page: TiffPage, inks: np.ndarray, notes: list[str]) -> np.ndarray:
    ink_set = page.tags.get(_INK_SET)
    if ink_set is not None and ink_set.value != 1:
        raise InputError("has inks other than cyan, magenta, yellow and black")
    profile = page.tags.get(_ICC_PROFILE)
    if inks.dtype == np.uint16:
        notes.append("its 16-bit channels were reduced to 8 bits")
    return cmyk_to_srgb(with_depth(inks, np.dtype(np.uint8)), profile and profile.value, notes)


def _eight_bit_lab(values: np.ndarray, *, signed: bool) -> np.ndarray:
    """L*, a*, b* in 8 bits, a* and b* with 128 for zero, as Pillow and littleCMS have them."""
    if values.dtype == np.uint16:
        lightness = to_8bit(values[..., :1])
        # 16 bits hold a* and b* times 256: in two's complement, or with zero at 32,768.
        chroma = ((values[..., 1:].astype(np.uint32) + 128) >> 8).astype(np.uint8)
    else:
        lightness, chroma = values[..., :1], values[..., 1:]
    if signed:
        chroma = chroma ^ np.uint8(128)
    return np.concatenate([lightness, chroma], axis=2)
