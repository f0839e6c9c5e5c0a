"""Bicubic interpolation as several programs have it, to show what that changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.imaging.resize import resize

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Resize = Callable[[NDArray[Any], int, int], NDArray[Any]]


def _by_planes(one: Resize) -> Resize:
    def resized(planes: NDArray[Any], height: int, width: int) -> NDArray[Any]:
        planes = np.ascontiguousarray(planes)
        if planes.ndim == 2:
            return one(planes, height, width)
        return np.stack([one(plane, height, width) for plane in planes])

    return resized


def _opencv(plane: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    import cv2

    result: NDArray[Any] = cv2.resize(plane, (width, height), interpolation=cv2.INTER_CUBIC)
    return result


def _pillow(plane: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    from PIL import Image

    typed = plane if plane.dtype == np.uint8 else plane.astype(np.float32)
    image = Image.fromarray(typed).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image).astype(plane.dtype)


# Like `resize`: planes first, uint8 to uint8, floating point to floating point.
RESIZERS: dict[str, Resize] = {
    "matlab": resize,
    "opencv": _by_planes(_opencv),
    "pillow": _by_planes(_pillow),
}
