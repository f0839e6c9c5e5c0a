"""Colours that are no RGB, in sRGB: CMYK and LAB."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image


def lab_to_srgb(lab: np.ndarray, notes: list[str]) -> np.ndarray:
    """(H, W, 3) uint8 L*, a*, b* (0-255 for 0-100, 128 for 0) to (H, W, 3) uint8 sRGB."""
    from PIL import ImageCms

    notes.append("its LAB colours were converted to sRGB")
    planes = [Image.fromarray(np.ascontiguousarray(lab[..., n])) for n in range(3)]
    image = Image.merge("LAB", planes)
    source, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return np.asarray(ImageCms.profileToProfile(image, source, srgb, outputMode="RGB"))


def cmyk_to_srgb(inks: np.ndarray, profile: bytes | None, notes: list[str]) -> np.ndarray:
    """CMYK in sRGB: through the embedded profile if there is a usable one.

    Args:
        inks: (H, W, 4) uint8, 255 for full ink.
        profile: The ICC profile of the file.
        notes: How it was done is added here.

    Returns:
        (H, W, 3) uint8.
    """
    from PIL import ImageCms

    image = Image.fromarray(np.ascontiguousarray(inks), "CMYK")
    if profile:
        srgb = ImageCms.createProfile("sRGB")
        try:
            converted = ImageCms.profileToProfile(image, BytesIO(profile), srgb, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, TypeError):
            notes.append("its ICC profile does not fit its CMYK colours and was dropped")
        else:
            notes.append("its CMYK colours were converted to sRGB through their ICC profile")
            return np.asarray(converted)
    notes.append("its CMYK colours were converted to RGB without a profile and may look different")
    return np.asarray(image.convert("RGB"))
