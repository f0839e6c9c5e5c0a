"""A picture with much that can alias."""

import numpy as np


def textured_pixels(height=70, width=83, seed=0):
    """Fine stripes of turning direction, with colour noise, uint8 (height, width, 3)."""
    rows, columns = np.mgrid[:height, :width]
    waves = np.sin(rows * columns / 37.0) + 0.6 * np.sin(1.7 * columns + rows / 5)
    noise = np.random.default_rng(seed).normal(0, 12, (height, width, 3))
    colors = np.array([60, 45, 70]) * waves[..., None] + [120, 130, 110] + noise
    return np.clip(np.round(colors), 0, 255).astype(np.uint8)
