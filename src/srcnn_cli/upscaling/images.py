"""Images of Pillow, enlarged with what they say beside their pixels, as the command does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.imaging.planes import pixels_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from PIL.Image import Image


def enlarge_image(image: Image, enlarge: Callable[[NDArray[Any]], NDArray[Any]]) -> Image:
    """Enlarge an image.

    Its orientation is applied, its EXIF says so and has the new size, and its colour profile and
    resolution are kept where they still hold; all three stand in ``info``, as those of an image
    that was opened do.

    Args:
        image: Of any mode that has a picture in it.
        enlarge: Makes pixels larger.

    Raises:
        InputError: The image has no known range of values, or cannot be converted.
    """
    from PIL import Image as Images
    from PIL import ImageOps

    from srcnn_cli.pictures import exif
    from srcnn_cli.pictures.icc import checked_profile
    from srcnn_cli.pictures.metadata import dpi_of

    image.load()  # some formats know what stands beside the pixels only then
    tags, _, _ = exif.of_info(image.info)
    pixels = enlarge(np.ascontiguousarray(pixels_of(ImageOps.exif_transpose(image))))
    result = Images.fromarray(pixels)
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    # Of colours that were converted to R'G'B' the profile does not hold any more.
    converted = image.mode in {"CMYK", "LAB", "YCbCr", "HSV"}
    profile, _ = checked_profile(None if converted else image.info.get("icc_profile"), channels)
    kept = {
        "icc_profile": profile,
        "dpi": dpi_of(image.info),
        "exif": tags and exif.with_size(tags, result.width, result.height),
    }
    result.info.update({name: value for name, value in kept.items() if value})
    return result
