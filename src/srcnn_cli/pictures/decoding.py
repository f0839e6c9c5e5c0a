"""From an opened file to upright pixels, whatever its mode, depth and orientation.

Pillow decodes, and is the judge of whether a file is sound. It keeps 16 bits for grey only: colour
of 16 bits is decoded again by OpenCV, after Pillow has read the file to its end (OpenCV alone
would return the upper half of a truncated picture without a word).
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import InputError
from srcnn_cli.pictures.metadata import (
    ORIENTATION,
    Metadata,
    dpi_of,
    exif_of,
    exif_of_tiff,
    icc_of,
    reset_orientation,
    turn_upright,
    valid_orientation,
)

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_BITS_PER_SAMPLE = 258
_PHOTOMETRIC = 262
_EXTRA_SAMPLES = 338
_PREMULTIPLIED = 1


def decode(image: ImageFile, data: bytes, notes: list[str]) -> tuple[np.ndarray, Metadata]:
    """Decode an opened picture.

    Args:
        image: The picture, its header read.
        data: The whole file.
        notes: What is changed or dropped is added here.

    Returns:
        Upright C-contiguous pixels, uint8 or uint16, (H, W) or (H, W, 2|3|4), and the metadata.

    Raises:
        InputError: Its pixels have no meaning here. It names no file.
        Exception: Whatever the libraries raise over a damaged file.
    """
    if image.mode == "F":
        raise InputError(
            "has floating-point pixels, whose white is undefined: save it with 8 or 16 bits"
        )
    stored_orientation = valid_orientation(_tiff_tags(image).get(ORIENTATION))
    image.load()
    if image.format == "PNG" and not 0 <= data.rfind(b"IEND") <= len(data) - 8:
        raise InputError("is cut off: the PNG data has no end")

    if image.format == "TIFF":
        # Pillow turns a TIFF upright as it loads and then removes the tag.
        orientation = valid_orientation(image.getexif().get(ORIENTATION))
        exif, note = exif_of_tiff(image)
    else:
        exif, orientation, note = exif_of(image.info)
        stored_orientation = orientation
    if note:
        notes.append(note)

    bits = _stored_bits(image, data)
    if image.mode.startswith("I"):
        pixels = _deep_grey(image, bits, notes)
    elif bits > 8 and (deep := _deep_color(image, data, stored_orientation)) is not None:
        pixels, orientation = deep, stored_orientation
    else:
        if bits > 8:
            notes.append(f"its {bits}-bit channels were reduced to 8 bits")
        pixels = _eight_bits(image, bits, notes)
    upright = np.ascontiguousarray(turn_upright(pixels, orientation))

    profile = None
    if image.mode not in ("CMYK", "LAB"):  # those have just been converted to sRGB
        profile, note = icc_of(image.info, _channels(upright))
        if note:
            notes.append(note)
    return upright, Metadata(profile, exif, dpi_of(image.info))


def _tiff_tags(image: ImageFile) -> dict[int, Any]:
    return dict(image.tag_v2) if image.format == "TIFF" else {}  # type: ignore[attr-defined]


def _channels(pixels: np.ndarray) -> int:
    return 1 if pixels.ndim == 2 else int(pixels.shape[2])


def _stored_bits(image: ImageFile, data: bytes) -> int:
    """The bits of a channel as stored, which Pillow's mode does not tell."""
    if image.format == "PNG":
        return data[24]
    if image.format == "TIFF":
        return max(map(int, _tiff_tags(image).get(_BITS_PER_SAMPLE, (1,))))
    if image.format == "PPM":
        return _ppm_white(data).bit_length()
    if image.format == "JPEG2000":
        box = data.find(b"ihdr")
        return (data[box + 14 if box >= 0 else 42] & 0x7F) + 1
    if image.format == "AVIF":
        box = data.find(b"av1C")
        return 10 if box >= 0 and data[box + 6] & 0x40 else 8  # 10 or 12
    return 8


def _ppm_white(data: bytes) -> int:
    """The value that stands for white in a PPM, PGM or PBM."""
    words = re.sub(rb"#[^\r\n]*", b"", data[:4096]).split(maxsplit=4)
    return int(words[3]) if words[0] in (b"P2", b"P3", b"P5", b"P6") else 1


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
    if mode in ("CMYK", "LAB"):
        return _to_srgb(image, notes)
    if mode == "La":  # premultiplied
        return np.asarray(image.convert("LA"))
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


def _to_srgb(image: Image, notes: list[str]) -> np.ndarray:
    """CMYK or LAB in sRGB: through the embedded profile if there is a usable one."""
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    srgb = ImageCms.createProfile("sRGB")
    if image.mode == "LAB":
        notes.append("its LAB colours were converted to sRGB")
        lab = ImageCms.createProfile("LAB")
        return np.asarray(ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB"))
    if profile:
        from io import BytesIO

        try:
            converted = ImageCms.profileToProfile(image, BytesIO(profile), srgb, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            notes.append("its ICC profile does not fit its CMYK colours and was dropped")
        else:
            notes.append("its CMYK colours were converted to sRGB through their ICC profile")
            return np.asarray(converted)
    notes.append("its CMYK colours were converted to RGB without a profile and may look different")
    return np.asarray(image.convert("RGB"))


def _deep_grey(image: ImageFile, bits: int, notes: list[str]) -> np.ndarray:
    """Grey of more than 8 bits as uint16 with white at 65,535."""
    values = np.asarray(image)
    if values.size and (values.min() < 0 or values.max() > 65_535):
        raise InputError(
            "has integer pixels outside 0-65,535, whose white is undefined: "
            "save it with 8 or 16 bits"
        )
    pixels = values.astype(np.uint16)
    if bits == 12:  # Pillow leaves these as they are
        pixels = ((pixels.astype(np.uint32) * 65_535 + 2_047) // 4_095).astype(np.uint16)
    elif bits == 32:
        notes.append("its 32-bit values, all within 0-65,535, were taken as 16-bit")
    if _tiff_tags(image).get(_PHOTOMETRIC) == 0:  # white is zero, which Pillow heeds in 8 bits only
        pixels = np.uint16(65_535) - pixels
    return _with_color_key(pixels, image.info.get("transparency"))


def _deep_color(image: ImageFile, data: bytes, orientation: int) -> np.ndarray | None:
    """Colour (or grey and alpha) of 16 bits as stored, not yet upright; None if out of reach."""
    if image.mode not in ("LA", "RGB", "RGBA") or image.format not in ("PNG", "PPM", "TIFF"):
        return None
    if image.format == "PNG":
        # Without its ancillary chunks there is nothing that OpenCV could apply or print about.
        pixels = _opencv_decode(_essential_png(data))
    elif image.format == "PPM":
        white = _ppm_white(data)
        pixels = _opencv_decode(data)
        pixels = ((pixels.astype(np.uint32) * 65_535 + white // 2) // white).astype(np.uint16)
    else:
        if orientation != 1:
            # OpenCV would turn it, too.
            try:
                data, _ = reset_orientation(data)
            except ValueError:
                return None
        pixels = _opencv_decode(data)
    if image.format == "PNG" and data[25] == 4:  # grey and alpha come as four channels
        pixels = pixels[..., [0, -1]]
    elif image.mode == "RGBA":
        pixels = pixels[..., [2, 1, 0, 3]]
    else:
        pixels = pixels[..., [2, 1, 0]]
    # Sorted, because Pillow may have turned the picture already.
    if pixels.dtype != np.uint16 or sorted(pixels.shape[:2]) != sorted(image.size):
        raise InputError("is damaged: two decoders disagree about its size")
    if _tiff_tags(image).get(_EXTRA_SAMPLES) == (_PREMULTIPLIED,):
        pixels = _divide_by_alpha(pixels)
    return _with_color_key(pixels, image.info.get("transparency"))


def _opencv_decode(data: bytes) -> np.ndarray:
    """Decode to (H, W, 3|4) in OpenCV's order of channels, at the stored depth."""
    import cv2

    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    finally:
        cv2.utils.logging.setLogLevel(level)
    if pixels is None or pixels.ndim != 3:
        raise InputError("has 16-bit colours stored in a way that cannot be decoded")
    return np.asarray(pixels)


def _essential_png(data: bytes) -> bytes:
    """A PNG reduced to its header, pixels and end.

    Raises:
        InputError: A chunk runs past the end, for which OpenCV would make gigabytes of room.
    """
    kept = [data[:8]]
    start, kind = 8, b""
    while kind != b"IEND":
        length, kind = struct.unpack(">I4s", data[start : start + 8].ljust(8, b"\xff"))
        end = start + 12 + length
        if end > len(data):
            raise InputError("is damaged or cut off: its PNG chunks do not reach the end")
        if kind in (b"IHDR", b"IDAT", b"IEND"):
            kept.append(data[start:end])
        start = end
    return b"".join(kept)


def _divide_by_alpha(pixels: np.ndarray) -> np.ndarray:
    """Undo premultiplication: (H, W, 4) uint16."""
    alpha = np.maximum(pixels[..., 3:].astype(np.uint32), 1)
    color = (pixels[..., :3].astype(np.uint32) * 65_535 + alpha // 2) // alpha
    return np.dstack([np.minimum(color, 65_535).astype(np.uint16), pixels[..., 3:]])
