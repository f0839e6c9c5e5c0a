"""The filters of a network as a picture, in the manner of Figure 5 of the ECCV 2014 paper."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import ModelError
from srcnn_cli.plotting.figure import (
    INTERPOLATED,
    ROW,
    check_png_name,
    new_figure,
    save_figure,
    write_title,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.weights import Tensors

# Of the picture of the filters, in pixels.
_MOSAIC_WIDTH, _MOSAICS_WIDTH = 1600, 2400  # what the patches in a row share; of all planes
_LARGEST_CELL = 200
_LEAST_PAGE = 1500  # across, so that the title fits
_MARGIN, _GAP = 70, 80  # around all mosaics, and between them
_FRAME, _TRACK, _BAR = (184, 184, 184), (236, 236, 236), (11, 83, 149)


def plot_filters(config: ModelConfig, tensors: Tensors, target: Path) -> None:
    """Draw the filters of the first layer by falling variance, as in Fig. 5 of the ECCV paper.

    The paper does not say how its patches are scaled. Here zero is always the same mid-grey, and
    each filter is stretched on its own until its largest weight is white or black: so the sign
    shows, and the pattern of a weak filter too. How weak it is shows the bar below it, since a
    "dead" filter, stretched, looks like any other: its length is the standard deviation.

    Filters on R'G'B' are in colour, which is that of the weights around grey. Those on Y'CbCr
    come as three pictures, one a plane, in the same order, with one stretch for all three and
    bars of their own.

    Args:
        config: The network.
        tensors: Its weights, of which ``conv1.weight`` (n, c, f, f) is drawn.
        target: The PNG; its size follows from the number of filters. Replaced if it is there.

    Raises:
        UsageError: ``target`` is no PNG.
        ModelError: The weights do not fit the configuration.
        OutputError: The picture cannot be written.
    """
    check_png_name(target)
    filters = tensors["conv1.weight"]
    if filters.shape != config.layer_shapes[0]:
        raise ModelError(
            f"conv1.weight has shape {filters.shape}, the configuration says "
            f"{config.layer_shapes[0]}"
        )
    order = np.argsort(-filters.var(axis=(1, 2, 3), dtype=np.float64), kind="stable")
    filters = filters[order]
    patches = _stretched(filters)
    # 8 columns for 64 filters, and 128 in twice as many.
    columns = 2 ** math.ceil(math.log2(len(patches)) / 2)
    if config.color == "ycbcr":
        planes = {name: slice(index, index + 1) for index, name in enumerate(("Y'", "Cb", "Cr"))}
        cell = _MOSAICS_WIDTH // (3 * columns)
    else:
        planes, cell = {"": slice(None)}, _MOSAIC_WIDTH // columns
    deviations = {name: filters[:, own].std(axis=(1, 2, 3)) for name, own in planes.items()}
    strongest = max(float(values.max()) for values in deviations.values())
    mosaics = {
        name: _mosaic(
            np.moveaxis(patches[:, own], 1, -1),
            deviations[name] / (strongest or 1.0),
            columns,
            min(cell, _LARGEST_CELL),
        )
        for name, own in planes.items()
    }
    scales = "".join(f" ×{scale}" for scale in config.scales)
    side = config.filters[0]
    title = f"First-layer filters of {config.name}{scales}, by falling variance"
    words = (
        f"{len(patches)} filter{'s' * (len(patches) > 1)} of {side}×{side}. Each is stretched to "
        "its own largest weight: mid-grey is zero, lighter is positive, darker negative. "
        f"Bar: standard deviation of the weights; full length is {strongest:.3g}."
    )
    _draw_mosaics(mosaics, title, words, target)


def _stretched(filters: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(n, c, f, f) weights as grey values around 128, each filter to its own largest weight."""
    largest = np.abs(filters).max(axis=(1, 2, 3), keepdims=True)
    signed = filters / np.where(largest > 0, largest, 1)
    return np.rint(127.5 + 127.5 * signed).astype(np.uint8)


def _mosaic(
    patches: NDArray[np.uint8], shares: NDArray[np.floating[Any]], columns: int, cell: int
) -> NDArray[np.uint8]:
    """Framed patches in rows, each with its bar below, on white.

    Args:
        patches: (n, f, f, 1 or 3).
        shares: (n,) lengths of the bars, the longest being 1.
        columns: Patches in a row.
        cell: Pixels from one patch to the next, if that leaves every weight a pixel.

    Returns:
        (H, W, 3).
    """
    count, side = patches.shape[:2]
    zoom = max(1, round(cell * 0.86) // side)
    patch = zoom * side
    frame = 2 if patch >= 48 else 1
    bar = max(2, patch // 24)
    across = patch + 2 * frame + max(3, patch // 7)
    down = across + 2 * bar
    rows = math.ceil(count / columns)
    picture = np.full((rows * down, min(columns, count) * across, 3), 255, np.uint8)
    for index, (weights, share) in enumerate(zip(patches, shares, strict=True)):
        y, x = index // columns * down, index % columns * across
        inner = slice(y + frame, y + frame + patch), slice(x + frame, x + frame + patch)
        picture[y : y + patch + 2 * frame, x : x + patch + 2 * frame] = _FRAME
        picture[inner] = weights.repeat(zoom, axis=0).repeat(zoom, axis=1)
        below = y + patch + 2 * frame + bar
        picture[below : below + bar, x : x + patch + 2 * frame] = _TRACK
        picture[below : below + bar, x : x + round(share * (patch + 2 * frame))] = _BAR
    return picture


def _draw_mosaics(
    mosaics: Mapping[str, NDArray[np.uint8]], title: str, words: str, target: Path
) -> None:
    """Set mosaics side by side, each below its name, pixel by pixel and below a title."""
    height, width = next(iter(mosaics.values())).shape[:2]
    page = max(_LEAST_PAGE, len(mosaics) * (width + _GAP) - _GAP + 2 * _MARGIN)
    lines = textwrap.wrap(words, page // 18)
    head = 125 + ROW * len(lines) + 35  # down to the mosaics, or to their names
    named = ROW + 15 if any(mosaics) else 0
    full = head + named + height + _MARGIN
    figure, canvas = new_figure(page, full)
    write_title(figure, title, left=_MARGIN / page, bottom=1 - 105 / full)
    figure.text(
        _MARGIN / page, 1 - 125 / full, "\n".join(lines),
        fontsize=10.5, va="top", linespacing=1.35, color=INTERPOLATED, parse_math=False,
    )  # fmt: skip
    for index, (name, mosaic) in enumerate(mosaics.items()):
        x = _MARGIN + index * (width + _GAP)
        figure.text(x / page, 1 - head / full, name, fontsize=12, va="top", parse_math=False)
        figure.figimage(mosaic, x, _MARGIN, origin="upper")
    save_figure(canvas, target, overwrite=True)
