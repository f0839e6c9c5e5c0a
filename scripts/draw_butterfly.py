"""Draw examples/butterfly.png: a butterfly that nobody else owns, with veins and fine stripes.

    python scripts/draw_butterfly.py

It is computed at four times its size and averaged, so that its edges are as soft as a camera's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

TARGET = Path(__file__).resolve().parents[1] / "examples" / "butterfly.png"
WIDTH, HEIGHT, FINER = 480, 360, 4

ORANGE, CREAM, BLACK = (226, 120, 30), (247, 236, 205), (28, 22, 20)
LEAF, DARK_LEAF = (104, 138, 74), (62, 92, 50)


def mixed(first: np.ndarray, second: tuple[int, int, int], share: np.ndarray) -> np.ndarray:
    """Colours (H, W, 3) with a share (H, W) of another one."""
    return first + (np.array(second, np.float64) - first) * share[..., None]


def soft(distance: np.ndarray, width: float = 0.004) -> np.ndarray:
    """1 where a distance is negative, 0 where it is positive, with a narrow slope between."""
    return np.clip(0.5 - distance / width, 0, 1)


def wing(
    x: np.ndarray, y: np.ndarray, *, reach: float, turn: float, lobes: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How far a point is beyond a wing's edge, its way from root to edge, and its angle."""
    radius, angle = np.hypot(x, y), np.arctan2(y, x) - turn
    edge = reach * np.sqrt(np.clip(np.cos(1.35 * angle), 1e-6, 1)) * (1 + lobes * np.cos(9 * angle))
    return radius - edge, radius / edge, angle


def draw() -> Image.Image:
    """The picture."""
    rows, columns = np.mgrid[: HEIGHT * FINER, : WIDTH * FINER]
    x = (columns + 0.5) / (HEIGHT * FINER) - WIDTH / HEIGHT / 2
    y = 0.52 - (rows + 0.5) / (HEIGHT * FINER)
    vein = np.abs(np.sin(38 * (x + 0.35 * y) + 1.2 * np.sin(5 * y)))
    picture = np.empty((*x.shape, 3))
    picture[:] = LEAF
    picture = mixed(picture, DARK_LEAF, 0.8 * soft(vein - 0.16, 0.1))
    side = np.abs(x)  # both halves are alike
    for reach, turn, lobes, stripes in ((0.36, -0.72, 0.03, 5), (0.54, 0.52, 0.015, 7)):
        beyond, way, angle = wing(side, y, reach=reach, turn=turn, lobes=lobes)
        inside = soft(beyond)
        color = np.empty_like(picture)
        color[:] = ORANGE
        color = mixed(color, CREAM, np.clip(1.5 * way - 0.5, 0, 1) * 0.6)
        # Rings that follow the edge, and veins from the root, both narrower than the eye expects.
        rings = np.sin(2 * np.pi * (stripes * way**1.6 + 0.25 * np.sin(7 * angle)))
        color = mixed(color, BLACK, soft(np.abs(rings) - 0.42, 0.25) * (way > 0.22))
        lines = np.abs(np.sin(11 * angle)) * way
        color = mixed(color, BLACK, soft(lines - 0.05, 0.05))
        rim = np.clip((way - 0.86) / 0.02, 0, 1)
        color = mixed(color, BLACK, rim)
        dots = (np.abs(np.sin(22 * angle)) > 0.72) * (np.abs(way - 0.93) < 0.03)
        color = mixed(color, CREAM, dots.astype(np.float64))
        picture += (color - picture) * inside[..., None]
    body = np.hypot(x / 0.022, (y - 0.02) / 0.24) - 1
    picture = mixed(picture, BLACK, soft(body, 0.1))
    picture = mixed(picture, CREAM, 0.5 * soft(body + 0.35, 0.2) * (np.sin(95 * y) > 0.3))
    for sign in (-1, 1):
        bow = np.abs(sign * x - 0.02 - 0.9 * (y - 0.22) ** 1.0 * 0.45) - 0.004
        picture = mixed(picture, BLACK, soft(bow) * ((y > 0.22) & (y < 0.42)))
    small = picture.reshape(HEIGHT, FINER, WIDTH, FINER, 3).mean(axis=(1, 3))
    return Image.fromarray(np.clip(small + 0.5, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    draw().save(TARGET, optimize=True)
    print(TARGET)
