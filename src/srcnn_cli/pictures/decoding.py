"""From an opened file to pixels, whatever its mode and depth, for all formats but TIFF.

Pillow decodes, and is the judge of whether a file is sound. It keeps 16 bits for grey only: colour
of 16 bits is decoded again by a library that does, after Pillow has read the file to its end.

Modules for one format are imported where such a file is met: a small picture is done sooner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile


def decode(image: ImageFile, data: bytes, notes: list[str]) -> np.ndarray:
    """Decode an opened picture.

    Args:
        image: The picture, its header read.
        data: The whole file; of a PNG the chunks that make the pixels.
        notes: What is changed or dropped is added here.

    Returns:
        Pixels, uint8 or uint16, (H, W) or (H, W, 2|3|4), as they are stored: not turned.

    Raises:
        InputError: Its pixels have no meaning here. It names no file.
        Exception: Whatever the libraries raise over a damaged file.
    """
    if image.mode == "F":
        raise InputError(
            "has floating-point pixels, whose white is undefined: save it with 8 or 16 bits"
        )
    pixels = _decode_without_pillow(image, data, notes)
    if pixels is not None:
        return pixels
    image.load()
    bits = _stored_bits(image, data)
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.uint16)
        return _with_color_key(values, image.info.get("transparency"))
    if bits > 8 and image.format == "PNG":
        return _deep_png(image, data)
    if bits > 8:
        notes.append(f"its {bits}-bit channels were reduced to 8 bits")
    return _eight_bits(image, bits, notes)


def _decode_without_pillow(image: ImageFile, data: bytes, notes: list[str]) -> np.ndarray | None:
    """What Pillow would lose something of; None: it would not."""
    if image.format == "PPM":
        from srcnn_cli.pictures import pnm

        if pnm.white_of(data) > 255:
            return pnm.decode_deep(data, notes)
    if image.format == "JPEG2000":
        from srcnn_cli.pictures import jpeg2000

        if jpeg2000.wants_more_than_pillow(data):
            return jpeg2000.decode(data, notes)
    if image.format == "JXL":
        from srcnn_cli.pictures import jpegxl

        return jpegxl.decode_deep(data)
    return None


def _stored_bits(image: ImageFile, data: bytes) -> int:
    """The bits of a channel as stored, which Pillow's mode does not tell."""
    if image.format == "PNG":
        return data[24]
    if image.format == "JPEG2000":
        from srcnn_cli.pictures import jpeg2000

        return max(jpeg2000.depths(data), default=8)
    if image.format == "AVIF":
        box = data.find(b"av1C")
        return 10 if box >= 0 and data[box + 6] & 0x40 else 8  # 10 or 12
    if image.format == "HEIF":
        return int(image.info.get("bit_depth", 8))
    return 8


def _eight_bits(image: ImageFile, bits: int, notes: list[str]) -> np.ndarray:
    """The pixels of every mode that Pillow holds in 8 bits or fewer."""
    mode, key = image.mode, image.info.get("transparency")
    if mode in ("1", "L"):
        if isinstance(key, int) and image.format == "PNG" and 1 < bits < 8:
            # Pillow spreads the pixels over 0-255 but leaves the key as stored.
            key = key * 255 // (2**bits - 1)
        return _with_color_key(np.asarray(image.convert("L")), key)
    if mode in ("RGB", "LA", "RGBA"):
        return _with_color_key(np.asarray(image), key)
    if mode in ("P", "PA"):
        return _palette(image)
    if mode == "CMYK":
        from srcnn_cli.pictures.to_srgb import cmyk_to_srgb

        return cmyk_to_srgb(np.asarray(image), image.info.get("icc_profile"), notes)
    if mode == "LAB":
        from srcnn_cli.pictures.to_srgb import lab_to_srgb

        return lab_to_srgb(np.asarray(image), notes)
    notes.append(f"its {mode} colours were converted to RGB")
    return np.asarray(image.convert("RGB"))


def _palette(image: Image) -> np.ndarray:
    if not image.has_transparency_data:
        return np.asarray(image.convert("RGB"))
    pixels = np.asarray(image.convert("RGBA"))
    # A palette often names a transparent colour that no pixel uses.
    return pixels[..., :3] if (pixels[..., 3] == 255).all() else pixels


def _with_color_key(pixels: np.ndarray, key: object) -> np.ndarray:
    """Add an alpha channel if one grey value or one colour stands for transparency."""
    if isinstance(key, int) and pixels.ndim == 2:
        transparent = pixels == key
    elif isinstance(key, tuple) and len(key) == 3 == pixels.shape[-1] and pixels.ndim == 3:
        transparent = (pixels == np.array(key)).all(axis=2)
    else:
        return pixels
    if not transparent.any():
        return pixels
    alpha = np.where(transparent, 0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)
    return np.dstack([pixels, alpha])


def _deep_png(image: ImageFile, data: bytes) -> np.ndarray:
    """Colour, or grey and alpha, of 16 bits: (H, W, 2|3|4) uint16."""
    import imagecodecs

    # Of the ancillary chunks, which another decoder might apply, there are none but tRNS.
    pixels = np.asarray(imagecodecs.png_decode(data))
    channels = {2: 3, 4: 2, 6: 4}[data[25]]
    if pixels.dtype != np.uint16 or pixels.shape[:2] != (image.height, image.width):
        raise InputError("is damaged: two decoders disagree about its size")
    return _with_color_key(pixels[..., :channels], image.info.get("transparency"))
