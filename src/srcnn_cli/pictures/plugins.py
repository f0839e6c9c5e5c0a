"""HEIC and JPEG XL, which plugins of other projects read for Pillow: the extra ``formats``."""

from __future__ import annotations

import importlib
import io
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from srcnn_cli.errors import InputError

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

EXTRA = "formats"
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2")


class Plugin(NamedTuple):
    """A format that Pillow learns from another project.

    Attributes:
        format: Pillow's name of it.
        module: Registers it when imported.
        name: What people call it.
    """

    format: str
    module: str
    name: str


_HEIC = Plugin("HEIF", "pillow_heif.HeifImagePlugin", "HEIC")
_JPEG_XL = Plugin("JXL", "pillow_jxl", "JPEG XL")


def plugin_for(data: bytes) -> Plugin | None:
    """What reads a file that begins as JPEG XL does or as media of ISO do; None: Pillow itself."""
    if data[4:8] != b"ftyp":
        return _JPEG_XL
    brands = data[8 : min(int.from_bytes(data[:4], "big"), 256)]
    if data[8:12] in _HEIC_BRANDS and not any(brand in brands for brand in (b"avif", b"avis")):
        return _HEIC
    return None


def open_with(plugin: Plugin, data: bytes) -> ImageFile:
    """Open a file of a plugin's format.

    Raises:
        InputError: The plugin is not installed.
        Exception: Whatever it raises over a damaged file.
    """
    try:
        importlib.import_module(plugin.module)
    except ImportError as error:
        raise InputError(
            f"is a {plugin.name} picture, for which a package is not installed", extra=EXTRA
        ) from error
    return Image.OPEN[plugin.format][0](io.BytesIO(data), "")
