"""What a training run leaves as pictures: its convergence, and the filters that it learned.

They are made in the manner of Figures 1 and 5 of the ECCV 2014 paper.
"""

from __future__ import annotations

import csv
import io
import math
import textwrap
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import InputError, ModelError, UsageError
from srcnn_cli.files import describe_os_error
from srcnn_cli.plots import (
    FAINT,
    HEIGHT,
    MEASURED,
    PUBLISHED,
    WIDTH,
    any_letter,
    check_png_name,
    new_figure,
    plain_axes,
    save_figure,
    shortened,
    widened,
    write_title,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from srcnn_cli.config import ModelConfig
    from srcnn_cli.weights import Tensors

_INTERPOLATED = "#5f5f5f"
_LEFT, _BOTTOM, _TOP = 0.1, 0.12, 0.88  # of the axes, in shares of the figure
_ROW = 42  # pixels that a line of text takes

# Of the picture of the filters, in pixels.
_MOSAIC_WIDTH, _MOSAICS_WIDTH = 1600, 2400  # what the patches in a row share; of all planes
_LARGEST_CELL = 200
_LEAST_PAGE = 1500  # across, so that the title fits
_MARGIN, _GAP = 70, 80  # around all mosaics, and between them
_FRAME, _TRACK, _BAR = (184, 184, 184), (236, 236, 236), (11, 83, 149)


def plot_convergence(
    log: Path,
    target: Path,
    *,
    bicubic: float,
    title: str,
    references: Mapping[str, float] = MappingProxyType({}),
) -> None:
    """Draw validation PSNR over the training so far, as in Fig. 1 of Dong et al., ECCV 2014.

    The horizontal axis counts the sub-images that were seen, each of which is one of the paper's
    backpropagations; of a log without that column, the steps. Where a log goes back, because the
    run continued from an earlier checkpoint, what it had said beyond that counts no more.

    Args:
        log: The run's ``log.csv``, of one row or more. Columns are found by their names.
        target: The PNG, `plots.WIDTH` x `plots.HEIGHT` pixels; replaced if it is there.
        bicubic: What bicubic enlargement alone reaches on the validation pictures, in dB.
        title: Above the plot.
        references: More horizontal lines by name, in dB: a paper's figure, an earlier run's.

    Raises:
        UsageError: A line has no place on the axes, or ``target`` is no PNG.
        InputError: The log cannot be read, is none, or has no row with a finite PSNR.
        OutputError: The picture cannot be written.
    """
    check_png_name(target)
    levels = {"bicubic": bicubic, **references}
    for name, value in levels.items():
        if not math.isfinite(value):
            raise UsageError(f"{name} cannot be plotted at {value:g} dB")
    column, rows = _read_log(log)
    best = max(rows, key=lambda row: row[1])
    divisor, words = _unit(rows[-1][0])

    figure, canvas = new_figure(WIDTH, HEIGHT)
    axes = figure.add_axes((_LEFT, _BOTTOM, 0.98 - _LEFT, _TOP - _BOTTOM))
    plain_axes(axes)
    axes.set_xlim(0, max(rows[-1][0] / divisor, 1e-9) * 1.02)
    axes.set_ylim(*widened([*levels.values(), *(y for _, y in rows)], least=0.2, margin=0.06))
    axes.ticklabel_format(useOffset=False)
    seen = "training sub-images seen (number of backprops)" if column == "samples" else "steps"
    axes.set_xlabel(seen + words, fontsize=12, labelpad=8)
    axes.set_ylabel("mean PSNR of the validation pictures (dB)", fontsize=12, labelpad=8)
    axes.axhline(bicubic, color=_INTERPOLATED, linewidth=1.8, linestyle=(0, (5, 3)), zorder=2)
    for value in references.values():
        axes.axhline(value, color=PUBLISHED, linewidth=1.5, zorder=2)
    axes.axhline(
        best[1], xmin=axes.transLimits.transform((best[0] / divisor, 0))[0],
        color=MEASURED, linewidth=1.0, linestyle=(0, (1, 2)), zorder=2,
    )  # fmt: skip
    axes.plot(
        [x / divisor for x, _ in rows], [y for _, y in rows],
        color=MEASURED, linewidth=2.2, solid_joinstyle="round", zorder=3,
    )  # fmt: skip
    axes.plot(
        best[0] / divisor, best[1],
        marker="o", markersize=8, color=MEASURED, zorder=4, clip_on=False,
    )  # fmt: skip
    write_title(figure, title, left=_LEFT, bottom=0.912)
    colors = [_INTERPOLATED, *[PUBLISHED] * len(references), MEASURED]
    labels = [*levels.items(), ("best", best[1])]
    with any_letter():
        _label_levels(figure, axes, canvas.get_renderer(), labels, colors)
    save_figure(canvas, target, overwrite=True)


def _read_log(log: Path) -> tuple[str, list[tuple[float, float]]]:
    """The column that counts the training, and (count, PSNR) of each row, the count rising."""
    try:
        text = log.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be read: {describe_os_error(error)}", log) from error
    except UnicodeDecodeError:
        raise InputError("is no text, so it is no training log", log) from None
    reader = csv.DictReader(io.StringIO(text))
    names = reader.fieldnames or ()
    column = "samples" if "samples" in names else "step"
    if column not in names or "psnr" not in names:
        raise InputError("is no training log: it needs the columns step and psnr", log)
    rows: list[tuple[float, float]] = []
    for row in reader:
        try:
            count, psnr = float(row[column]), float(row["psnr"])
        except (TypeError, ValueError):
            count = psnr = math.nan
        # With more fields than names nothing says which is which.
        if math.isnan(count) or None in row:
            raise InputError(f"is damaged in line {reader.line_num}", log)
        while rows and rows[-1][0] >= count:
            rows.pop()
        if math.isfinite(count) and math.isfinite(psnr):
            rows.append((count, psnr))
    if not rows:
        raise InputError("holds no row with a finite PSNR yet", log)
    return column, rows


def _unit(largest: float) -> tuple[float, str]:
    """What to divide counts by, and how the axis says so."""
    if largest >= 1e6:
        return 1e6, ", in millions"
    if largest >= 1e4:
        return 1e3, ", in thousands"
    return 1.0, ""


def _label_levels(
    figure: Figure,
    axes: Axes,
    renderer: RendererAgg,
    labels: Sequence[tuple[str, float]],
    colors: Sequence[str],
) -> None:
    """Name the horizontal lines to the right of the axes, which make room for that."""
    from matplotlib.lines import Line2D

    texts = [
        figure.text(
            0, 0, f"{shortened(name)}  {value:.2f} dB",
            fontsize=11, color=color, va="center", parse_math=False,
        )
        for (name, value), color in zip(labels, colors, strict=True)
    ]  # fmt: skip
    widest = max(text.get_window_extent(renderer).width for text in texts) / WIDTH
    right = 0.985 - widest - 0.02
    axes.set_position((_LEFT, _BOTTOM, right - _LEFT, _TOP - _BOTTOM))
    heights = [float(axes.transData.transform((0, value))[1]) for _, value in labels]
    for text, height, row in zip(texts, heights, spread_apart(heights, _ROW), strict=True):
        text.set_position((right + 0.02, row / HEIGHT))
        if abs(row - height) > 2:
            figure.add_artist(
                Line2D(
                    (right + 0.003, right + 0.017), (height / HEIGHT, row / HEIGHT),
                    color=FAINT, linewidth=1.1,
                )
            )  # fmt: skip


def spread_apart(places: Sequence[float], least: float) -> list[float]:
    """Places on a line moved, as little as may be, until they are so far apart; order is kept.

    Neighbours that are too close form a block around the mean of where they want to be; blocks
    that then touch become one.
    """
    order = sorted(range(len(places)), key=lambda index: places[index])
    blocks: list[list[float]] = []  # each: the wanted first places of its members
    for rank, index in enumerate(order):
        blocks.append([places[index] - rank * least])
        while len(blocks) > 1 and _mean(blocks[-2]) > _mean(blocks[-1]):
            blocks[-2:] = [[*blocks[-2], *blocks[-1]]]
    result = [0.0] * len(places)
    starts = [_mean(block) for block in blocks for _ in block]
    for rank, (index, start) in enumerate(zip(order, starts, strict=True)):
        result[index] = start + rank * least
    return result


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


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
    head = 125 + _ROW * len(lines) + 35  # down to the mosaics, or to their names
    named = _ROW + 15 if any(mosaics) else 0
    full = head + named + height + _MARGIN
    figure, canvas = new_figure(page, full)
    write_title(figure, title, left=_MARGIN / page, bottom=1 - 105 / full)
    figure.text(
        _MARGIN / page, 1 - 125 / full, "\n".join(lines),
        fontsize=10.5, va="top", linespacing=1.35, color=_INTERPOLATED, parse_math=False,
    )  # fmt: skip
    for index, (name, mosaic) in enumerate(mosaics.items()):
        x = _MARGIN + index * (width + _GAP)
        figure.text(x / page, 1 - head / full, name, fontsize=12, va="top", parse_math=False)
        figure.figimage(mosaic, x, _MARGIN, origin="upper")
    save_figure(canvas, target, overwrite=True)
