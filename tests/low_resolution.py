"""Low-resolution pictures as the papers' authors had them, made slowly."""

import numpy as np


def half_up(planes):
    """Rounded to 8 bits as MATLAB rounds."""
    return np.clip(np.floor(planes + 0.5), 0, 255)


def low_resolution_file(slow_bicubic, pixels, scale):
    """(H, W, 3) reduced as MATLAB reduces uint8: rounded after rows and again after columns."""
    height, width = (side // scale for side in pixels.shape[:2])
    cropped = pixels[: height * scale, : width * scale].astype(np.float64)
    planes = []
    for plane in np.moveaxis(cropped, -1, 0):
        rows = half_up(slow_bicubic(plane, height, plane.shape[1]))
        planes.append(half_up(slow_bicubic(rows, height, width)))
    return np.stack(planes, axis=-1).astype(np.uint8)
