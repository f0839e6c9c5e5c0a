"""The writer of 8-bit pictures for the formats that Pillow writes well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from PIL import Image

from srcnn_cli.pictures import exif
from srcnn_cli.pictures.formats import import_plugin
from srcnn_cli.pictures.metadata import PHOTOSHOP, Metadata, wrapped_iptc

if TYPE_CHECKING:
    import numpy as np

    from srcnn_cli.pictures.formats import Target
    from srcnn_cli.pictures.subsampling import Subsampling

XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"


def save_with_pillow(
    file: BinaryIO,
    pixels: np.ndarray,
    metadata: Metadata,
    target: Target,
    *,
    quality: int,
    subsampling: Subsampling,
) -> None:
    """Write 8-bit pixels as JPEG, WebP, AVIF, BMP or PPM."""
    options = tags_for_pillow(metadata, target)
    options |= compression_for_pillow(target, quality, subsampling)
    if metadata.dpi:
        options["dpi"] = metadata.dpi
    if target.name == "JPEG":
        options["extra"] = _segments(metadata)
    import_plugin(target.name)
    Image.fromarray(pixels).save(file, target.name, **options)


def tags_for_pillow(metadata: Metadata, target: Target) -> dict[str, Any]:
    """Colour profile, EXIF and XMP as options of Pillow's ``save``."""
    options: dict[str, Any] = {}
    if metadata.icc_profile:
        options["icc_profile"] = metadata.icc_profile
    if metadata.exif:
        options["exif"] = exif.PREFIX + metadata.exif
    if metadata.xmp and target.name in ("WEBP", "AVIF"):
        options["xmp"] = metadata.xmp
    return options


def compression_for_pillow(
    target: Target, quality: int, subsampling: Subsampling
) -> dict[str, Any]:
    """Quality and subsampling as options of Pillow's ``save``, where the format has them."""
    if target.name == "WEBP" and quality == 100:
        # For lossless files Pillow takes the quality as effort; 100 would be many times slower.
        return {"lossless": True, "quality": 50, "exact": True}
    if target.name == "WEBP":
        return {"quality": quality}
    if target.name in ("JPEG", "AVIF"):
        return {"quality": quality, "subsampling": ":".join(subsampling)}
    return {}


def _segments(metadata: Metadata) -> bytes:
    """XMP and IPTC as segments of a JPEG."""
    result = b""
    if metadata.xmp:
        result += _segment(0xE1, XMP_PREFIX + metadata.xmp)
    if metadata.iptc:
        result += _segment(0xED, PHOTOSHOP + wrapped_iptc(metadata.iptc))
    return result


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content
