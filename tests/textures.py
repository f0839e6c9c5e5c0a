"""Pictures with much that can alias."""

import numpy as np


def textured_pixels(height=70, width=83, seed=0):
    """Fine stripes of turning direction, with colour noise, uint8 (height, width, 3)."""
    rows, columns = np.mgrid[:height, :width]
    waves = np.sin(rows * columns / 37.0) + 0.6 * np.sin(1.7 * columns + rows / 5)
    noise = np.random.default_rng(seed).normal(0, 12, (height, width, 3))
    colors = np.array([60, 45, 70]) * waves[..., None] + [120, 130, 110] + noise
    return np.clip(np.round(colors), 0, 255).astype(np.uint8)


def leaves(side):
    """Leaves of all sizes before one another, each as smooth at its edge as a lens makes it."""
    random = np.random.default_rng(4)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    plane = np.full((side, side), 110, np.float32)
    for _ in range(side * side // 1157):
        top, left = random.uniform(0, side, 2)
        angle, long, thin = random.uniform(0, np.pi), random.uniform(6, 60), random.uniform(3, 20)
        along = (x - left) * np.cos(angle) + (y - top) * np.sin(angle)
        across = (y - top) * np.cos(angle) - (x - left) * np.sin(angle)
        distance = (1 - np.hypot(along / long, across / thin)) * thin
        inside = np.clip(0.5 + distance, 0, 1)
        plane += inside * (random.uniform(20, 235) + 12 * np.sin(along / 3) - plane)
    return np.clip(plane + random.normal(0, 0.7, plane.shape), 0, 255).astype(np.uint8)
