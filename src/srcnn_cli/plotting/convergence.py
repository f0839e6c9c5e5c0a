"""The convergence of a training run, in the manner of Figure 1 of the ECCV 2014 paper."""

from __future__ import annotations

import csv
import io
import math
from types import MappingProxyType
from typing import TYPE_CHECKING

from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.files import describe_os_error
from srcnn_cli.plotting.figure import (
    FAINT,
    HEIGHT,
    INTERPOLATED,
    MEASURED,
    PUBLISHED,
    ROW,
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

_LEFT, _BOTTOM, _TOP = 0.1, 0.12, 0.88  # of the axes, in shares of the figure


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
    axes.axhline(bicubic, color=INTERPOLATED, linewidth=1.8, linestyle=(0, (5, 3)), zorder=2)
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
    colors = [INTERPOLATED, *[PUBLISHED] * len(references), MEASURED]
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
    for text, height, row in zip(texts, heights, spread_apart(heights, ROW), strict=True):
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
