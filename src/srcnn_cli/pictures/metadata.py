"""What travels with the pixels from input to output: ICC profile, EXIF, resolution, orientation.

EXIF is edited in place rather than parsed and written anew, so that every tag other than the
orientation (maker notes with their absolute offsets among them) stays as the camera wrote it.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    import numpy as np

ORIENTATION = 0x0112
EXIF_IFD = 0x8769
GPS_IFD = 0x8825

# The tags of a TIFF's own directory that describe the picture, not the layout of its file:
# description, maker, model, software, date, artist, copyright.
_DESCRIPTIVE_TAGS = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298)

_EXIF_PREFIX = b"Exif\0\0"

# Bytes of one value of each TIFF type, 1 (BYTE) to 13 (IFD).
_TYPE_SIZES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4)


@dataclass(frozen=True)
class Metadata:
    """What is copied from an input picture to its output.

    Attributes:
        icc_profile: An ICC profile whose colour space is that of the pixels.
        exif: EXIF from its TIFF header on (no ``Exif`` prefix), its orientation set to 1.
        dpi: Horizontal and vertical resolution in pixels per inch.
    """

    icc_profile: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None


def reset_orientation(exif: bytes) -> tuple[bytes, int]:
    """Set the orientation to 1 in EXIF, or in a whole TIFF file, which is built the same way.

    Returns:
        The changed bytes and the orientation (1-8) that they held; 1 if there was none.

    Raises:
        ValueError: The main directory is damaged, or it is a BigTIFF.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        raise ValueError("no TIFF header")
    changed = bytearray(exif)
    orientation = 1
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for position in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, length, offset = struct.unpack_from(order + "HHII", exif, position)
            size = length * (_TYPE_SIZES[kind] if kind < len(_TYPE_SIZES) else 0)
            if tag in (EXIF_IFD, GPS_IFD):
                struct.unpack_from(order + "H", exif, offset)
            elif size > 4 and offset + size > len(exif):
                raise ValueError(f"tag {tag} lies beyond the end")
            if tag == ORIENTATION:
                (value,) = struct.unpack_from(order + "H", exif, position + 8)
                orientation = valid_orientation(value)
                struct.pack_into(order + "HHIHH", changed, position, tag, 3, 1, 1, 0)
    except struct.error as error:
        raise ValueError("the directory is cut off") from error
    return bytes(changed), orientation


def valid_orientation(value: object) -> int:
    """An orientation tag as it should be read: 1 (upright) unless it is one of 1-8."""
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def turn_upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Apply an EXIF orientation (1-8) to pixels of (H, W) or (H, W, C); a view."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    # After the transposition of 5-8: which of the axes still run backwards.
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def exif_of(info: dict[Any, Any]) -> tuple[bytes | None, int, str | None]:
    """Take the EXIF out of Pillow's ``info``.

    Returns:
        The EXIF with its orientation reset, the orientation to apply, a note if it was dropped.
    """
    exif = info.get("exif")
    if not isinstance(exif, bytes) or not exif:
        return None, 1, None
    try:
        exif, orientation = reset_orientation(exif.removeprefix(_EXIF_PREFIX))
    except ValueError as error:
        return None, 1, f"its EXIF is damaged ({error}) and was dropped"
    return exif, orientation, None


def exif_of_tiff(image: Image.Image) -> tuple[bytes | None, str | None]:
    """Gather the descriptive tags, EXIF and GPS of a loaded TIFF as EXIF; a note if that fails."""
    try:
        found = image.getexif()
        kept = Image.Exif()
        for tag in _DESCRIPTIVE_TAGS:
            if tag in found:
                kept[tag] = found[tag]
        for tag in (EXIF_IFD, GPS_IFD):
            if tag in found and (values := dict(found.get_ifd(tag))):
                kept[tag] = values
        if not len(kept):
            return None, None
        return reset_orientation(kept.tobytes().removeprefix(_EXIF_PREFIX))[0], None
    except Exception as error:  # noqa: BLE001 - damaged tags raise a dozen types in Pillow
        return None, f"its EXIF is damaged ({error}) and was dropped"


def tiff_tags_of(exif: bytes) -> dict[int, Any]:
    """The opposite of `exif_of_tiff`: values for the main directory of a TIFF to be written.

    Raises:
        Exception: Whatever Pillow raises over damaged tags.
    """
    parsed = Image.Exif()
    parsed.load(_EXIF_PREFIX + exif)
    tags: dict[int, Any] = {tag: parsed[tag] for tag in _DESCRIPTIVE_TAGS if tag in parsed}
    for tag in (EXIF_IFD, GPS_IFD):
        if tag in parsed and (values := dict(parsed.get_ifd(tag))):
            tags[tag] = values
    return tags


def with_exif_prefix(exif: bytes) -> bytes:
    """EXIF as a JPEG's APP1 segment holds it."""
    return _EXIF_PREFIX + exif


def icc_of(info: dict[Any, Any], channels: int) -> tuple[bytes | None, str | None]:
    """Take the ICC profile out of Pillow's ``info``, if it is sound and describes such pixels.

    Returns:
        The profile, and a note if it was dropped.
    """
    profile = info.get("icc_profile")
    if "icc_profile" not in info or profile == b"":
        return None, None
    if not isinstance(profile, bytes) or not _is_sound(profile):
        return None, "its ICC profile is damaged and was dropped"
    if not profile_fits(profile, channels):
        space = profile[16:20].decode("latin-1").strip()
        return None, f"its ICC profile is for {space} and was dropped"
    return profile, None


def profile_fits(profile: bytes, channels: int) -> bool:
    """Whether a profile's colour space is that of grey (1, 2) or RGB (3, 4) channels."""
    return profile[16:20] == (b"GRAY" if channels < 3 else b"RGB ")


def _is_sound(profile: bytes) -> bool:
    """Whether the header is one of ICC and every tag lies within the profile."""
    if len(profile) < 132 or profile[36:40] != b"acsp":
        return False
    size, count = (struct.unpack_from(">I", profile, at)[0] for at in (0, 128))
    if size > len(profile) or 132 + 12 * count > len(profile):
        return False
    entries = (struct.unpack_from(">II", profile, 136 + 12 * index) for index in range(count))
    return all(offset + length <= len(profile) for offset, length in entries)


def dpi_of(info: dict[Any, Any]) -> tuple[float, float] | None:
    """Take a resolution out of Pillow's ``info``; None if there is none that makes sense."""
    try:
        across, down = (float(value) for value in info["dpi"])
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None
    # 65,535 is the most that a JPEG holds, and NaN fails every comparison.
    if not all(math.isfinite(value) and 0 < value <= 65_535 for value in (across, down)):
        return None
    return across, down
