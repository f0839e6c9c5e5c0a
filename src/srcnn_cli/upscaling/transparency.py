"""Enlarging pictures that are partly transparent: soft edges and shadows.

Where alpha lies between none and full, the colour of a pixel counts as much as its alpha says. An
interpolation that does not know that draws the black of a faint shadow into the white beside it, as
a dark and jagged outline. So colour goes through interpolation and network multiplied by alpha, as
it would be seen over black, and alpha goes the same way by itself: if only one of them were
sharpened by the network, they would not fit together at the edges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.imaging.planes import bleed_colors, has_alpha

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from srcnn_cli.upscaling.upscaled import Upscaled

_WHITE = {"uint8": 255, "uint16": 65_535, "float32": 1.0}

# Below this share, a colour cannot be told from what alpha leaves of it.
_LEAST_ALPHA = 1 / 1024

# Pixels on each side of one, among whose colours the enlarged ones have to lie.
_NEIGHBOURS = 2


def has_soft_alpha(pixels: NDArray[Any]) -> bool:
    """Whether a picture, (H, W[, 2 to 4]), has pixels that are neither opaque nor transparent."""
    if not has_alpha(pixels):
        return False
    alpha = pixels[..., -1]
    return bool(((alpha > 0) & (alpha < _WHITE[pixels.dtype.name])).any())


def upscale_in_parts(
    upscale: Callable[[NDArray[Any], float, Callable[[float], object] | None], Upscaled],
    pixels: NDArray[Any],
    scale: float,
    progress: Callable[[float], object] | None,
) -> Upscaled:
    """Enlarge a picture with soft alpha in two runs of `Upscaler.upscale_pixels`.

    Args:
        upscale: That method.
        pixels: (H, W, 2 or 4), see `upscale_softly`.
        scale: As there.
        progress: As there, for both runs together.
    """
    runs: list[Upscaled] = []

    def enlarge(plane: NDArray[Any]) -> NDArray[Any]:
        def show(share: float, before: int = len(runs)) -> None:
            if progress is not None:
                progress((before + share) / 2)

        runs.append(upscale(plane, scale, show))
        return runs[-1].pixels

    result = upscale_softly(pixels, enlarge)
    timing = runs[0].timing + runs[1].timing
    notes = tuple(dict.fromkeys(note for run in runs for note in run.notes))
    return runs[-1]._replace(pixels=result, timing=timing, notes=notes)


def upscale_softly(
    pixels: NDArray[Any], enlarge: Callable[[NDArray[np.float32]], NDArray[Any]]
) -> NDArray[Any]:
    """Enlarge a picture with soft alpha.

    Args:
        pixels: (H, W, 2) grey and alpha or (H, W, 4) R'G'B' and alpha: uint8, uint16, or float32 in
            [0, 1].
        enlarge: Makes float32 in [0, 1], (H, W) or (H, W, 3), into (H', W') or (H', W', 3); called
            with colour times alpha, and with alpha.

    Returns:
        (H', W', 2 or 4), of the type of ``pixels``.
    """
    white = np.float32(_WHITE[pixels.dtype.name])
    alpha = pixels[..., -1].astype(np.float32) / white
    color = pixels[..., :-1].astype(np.float32) / white
    shown = color * alpha[..., None]
    larger_alpha = np.clip(enlarge(alpha), 0, 1)
    larger = enlarge(shown[..., 0] if shown.shape[2] == 1 else shown)
    larger = larger.reshape(*larger_alpha.shape, -1)
    larger /= np.maximum(larger_alpha, _LEAST_ALPHA)[..., None]
    # What the network adds to colour and to alpha differs a little; no colour shall come of it
    # that is not there. This fills what is transparent, too, with the colours of its neighbours.
    bled = bleed_colors(color, pixels[..., -1])
    sides = zip(larger_alpha.shape, alpha.shape, strict=True)
    rows, columns = (np.arange(new) * old // new for new, old in sides)
    for channel in range(larger.shape[2]):
        least, most = _extremes(bled[..., channel])
        plane = larger[..., channel]
        np.clip(plane, least[rows][:, columns], most[rows][:, columns], out=plane)
    result = np.concatenate([larger, larger_alpha[..., None]], axis=2)
    if pixels.dtype.kind != "f":
        # The conversion to integers cuts off, which after adding a half is rounding.
        result = result * white + np.float32(0.5)
    stored: NDArray[Any] = result.astype(pixels.dtype)
    return stored


def _extremes(plane: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The least and the greatest value in the neighbourhood of each pixel, (H, W) each."""
    least, most = plane, plane
    for axis in (0, 1):
        width = [(_NEIGHBOURS, _NEIGHBOURS) if axis == each else (0, 0) for each in (0, 1)]
        least_around, most_around = (np.pad(each, width, mode="edge") for each in (least, most))
        for offset in range(2 * _NEIGHBOURS + 1):
            window = np.s_[offset : offset + plane.shape[axis]]
            at = (window, np.s_[:]) if axis == 0 else (np.s_[:], window)
            least = np.minimum(least, least_around[at])
            most = np.maximum(most, most_around[at])
    return least, most
