"""Arrays as programs have them, brought into the form in which pictures are enlarged, and back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Enlarge = Callable[[NDArray[Any], Callable[[float], object]], NDArray[Any]]

# Floating-point values of a picture lie in [0, 1]. Beyond that is what sharpening and interpolation
# leave, by a tenth or two; values up to 255 are meant to be divided by that.
_OVERSHOOT = 0.25


def enlarge_array(
    array: NDArray[Any], enlarge: Enlarge, progress: Callable[[float], object]
) -> NDArray[Any]:
    """Enlarge a picture, or a row of them, one after the other.

    Args:
        array: (H, W), (H, W, 1 to 4) or (N, H, W, 1 to 4): uint8, uint16, or floating-point values
            in [0, 1].
        enlarge: Makes a picture of (H, W[, 2 to 4]), uint8, uint16 or float32, larger, and tells
            its second argument how much is done.
        progress: Told how much of all is done, 0 to 1.

    Returns:
        The same with other H and W, of the same type.

    Raises:
        InputError: It is no picture, or its values lie far out of [0, 1].
    """
    if array.ndim == 4:
        if not len(array) or not 1 <= array.shape[3] <= 4:
            raise InputError(
                f"an array of shape {array.shape} is no row of pictures: use (N, H, W, 1 to 4)"
            )
        count = len(array)

        def part(number: int) -> Callable[[float], object]:
            return lambda share: progress((number + share) / count)

        return np.stack(
            [enlarge_array(each, enlarge, part(number)) for number, each in enumerate(array)]
        )
    if array.ndim == 3 and array.shape[2] == 1:
        return enlarge_array(array[..., 0], enlarge, progress)[..., None]
    if array.dtype.kind != "f":
        return enlarge(array, progress)
    _check_range(array)
    result = enlarge(array.astype(np.float32), progress)
    return result.astype(array.dtype, copy=False)


def _check_range(array: NDArray[Any]) -> None:
    if not array.size or not np.isfinite(array).all():
        return  # refused by `check_pixels`, with words of its own
    low, high = float(array.min()), float(array.max())
    if low < -_OVERSHOOT or high > 1 + _OVERSHOOT:
        advice = f"divide by {255 if high <= 256 else 65_535}" if high > 1 and low >= 0 else "scale"
        raise InputError(
            f"values from {low:g} to {high:g}: in floating point black is 0 and white is 1, "
            f"so {advice} first"
        )


def no_picture(value: object) -> InputError:
    """What to say of something that is neither an image nor an array, with what to do."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    if isinstance(value, str | bytes | os.PathLike):
        advice = "open it first: PIL.Image.open(path)"
    elif type(value).__module__.partition(".")[0] == "torch":
        advice = "give an array: tensor.cpu().numpy(), with the colours in its last dimension"
    elif isinstance(value, list | tuple):
        advice = "give pictures one by one, or an array of them: numpy.stack(pictures)"
    else:
        advice = "give a Pillow image or a NumPy array"
    return InputError(f"a {kind} is no picture: {advice}")
