"""Kinds of reduction: what programs do when they make a picture smaller."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from srcnn_cli.imaging.resize import resize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Samples = NDArray[np.floating[Any]]

# Where scipy cuts the Gaussian off, in sigmas.
TRUNCATE = 4.0


class Reduction(NamedTuple):
    """One kind.

    Attributes:
        apply: Takes (..., H, W) and the integer factors along the rows and the columns, which
            divide the sides.
        softness: How much softer than bicubic reduction it is, see `chain.Levels`.
        aliasing: How much of the detail finer than the new pixels it lets alias, likewise.
    """

    apply: Callable[[Samples, tuple[int, int]], Samples]
    softness: float = 0.0
    aliasing: float = 0.0


def gaussian(planes: Samples, sigmas: Sequence[float]) -> Samples:
    """(..., H, W) blurred by Gaussians along the last axes, the edges continued."""
    from scipy.ndimage import gaussian_filter

    whole = (*[0.0] * (planes.ndim - len(sigmas)), *sigmas)
    result: Samples = gaussian_filter(planes, whole, mode="nearest", truncate=TRUNCATE)
    return result


def _antialiased(planes: Samples, scales: tuple[int, int], *, kernel: str) -> Samples:
    height, width = (side // scale for side, scale in zip(planes.shape[-2:], scales, strict=True))
    result: Samples = resize(planes, height, width, kernel=kernel)
    return result


def _picked(planes: Samples, scales: tuple[int, int], *, centre: bool) -> Samples:
    rows, columns = (scale // 2 if centre else 0 for scale in scales)
    return planes[..., rows :: scales[0], columns :: scales[1]]


def _cubic(planes: Samples, scales: tuple[int, int]) -> Samples:
    """Cubic interpolation with a = -0.75 at the new pixels' centres, and nothing averaged."""
    for axis, scale in zip((-2, -1), scales, strict=True):
        planes = _cubic_along(planes, scale, axis)
    return planes


def _cubic_along(planes: Samples, scale: int, axis: int) -> Samples:
    if scale == 1:
        return planes
    along = np.moveaxis(planes, axis, 0)
    centre = (np.arange(len(along) // scale) + 0.5) * scale - 0.5
    first = np.floor(centre).astype(np.intp) - 1
    result = np.zeros((len(centre), *along.shape[1:]), planes.dtype)
    for tap in range(4):
        x = np.abs(centre - first - tap)
        near = (1.25 * x - 2.25) * x * x + 1
        far = ((-0.75 * x + 3.75) * x - 6) * x + 3
        weights = np.where(x <= 1, near, far).reshape(-1, *[1] * (along.ndim - 1))
        result += weights * along[np.clip(first + tap, 0, len(along) - 1)]
    return np.moveaxis(result, 0, axis)


# The one table that names them. The first four average over all pixels (Pillow, MATLAB, GIMP and
# browsers do that), ``linear`` and ``lanczos`` with their kernels stretched; ``cubic`` is OpenCV's
# INTER_CUBIC; ``nearest`` picks the first pixel of each (OpenCV, FFmpeg's point sampling), and
# ``nearest-centre`` the one at the centre, below and to the right of it (Pillow).
REDUCTIONS: dict[str, Reduction] = {
    "bicubic": Reduction(partial(_antialiased, kernel="bicubic")),
    "area": Reduction(partial(_antialiased, kernel="nearest"), softness=0.2),
    "linear": Reduction(partial(_antialiased, kernel="bilinear"), softness=0.35),
    "lanczos": Reduction(partial(_antialiased, kernel="lanczos"), softness=-0.15),
    "cubic": Reduction(_cubic, aliasing=0.8),
    "nearest": Reduction(partial(_picked, centre=False), aliasing=1.0),
    "nearest-centre": Reduction(partial(_picked, centre=True), aliasing=1.0),
}
