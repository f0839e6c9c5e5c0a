"""Quality against time, in the manner of Figure 4 of the ECCV 2014 paper."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srcnn_cli.errors import UsageError
from srcnn_cli.plotting.figure import (
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
from srcnn_cli.plotting.labels import MARKER, Box, arrange, marker_radius

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import RendererAgg

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Point:
    """A method's place in the plot.

    Attributes:
        method: Name, written beside it.
        seconds: Per picture; more than 0.
        psnr: In dB.
        published: Whether these are a paper's figures, with times of the authors' machine.
    """

    method: str
    seconds: float
    psnr: float
    published: bool


def plot_psnr_against_time(
    points: Sequence[Point],
    *,
    title: str,
    path: str | os.PathLike[str],
    overwrite: bool = False,
) -> None:
    """Draw PSNR against seconds per picture as a PNG of `WIDTH` x `HEIGHT` pixels.

    As in the paper, time is logarithmic and runs from slow on the left to fast on the right, so
    that the best place is the upper right corner. Measured points are filled, published ones
    hollow, with a note that their times come from other machines.

    Args:
        points: What to draw.
        title: Above the plot; what was measured, and under which convention.
        path: Ends in ``.png``.
        overwrite: Replace a file that is already there.

    Raises:
        UsageError: There is no point, a value has no place on the axes, or ``path`` is no PNG.
        OutputError: The file exists, or cannot be written.
    """
    check_png_name(path)
    if not points:
        raise UsageError("there is nothing to plot")
    for point in points:
        if not (math.isfinite(point.psnr) and 0 < point.seconds < math.inf):
            raise UsageError(
                f"{point.method} cannot be plotted at {point.seconds:g} s and {point.psnr:g} dB"
            )
    figure, canvas = new_figure(WIDTH, HEIGHT)
    axes = figure.add_axes((0.085, 0.12, 0.875, 0.73))
    _prepare_axes(axes, points)
    _draw_points(axes, points)
    write_title(figure, title, left=0.085, bottom=0.912)
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=2, frameon=False, fontsize=10.5,
        handletextpad=0.3, columnspacing=1.6, borderaxespad=0.1,
    )  # fmt: skip
    with any_letter():
        _write_labels(axes, points, canvas.get_renderer())
    save_figure(canvas, path, overwrite=overwrite)


def _prepare_axes(axes: Axes, points: Sequence[Point]) -> None:
    """Limits with room for labels, and ticks that read as plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    times = [math.log10(point.seconds) for point in points]
    fastest, slowest = widened(times, least=0.4, margin=0.14)
    axes.set_xscale("log")
    axes.set_xlim(10**slowest, 10**fastest)  # falls from left to right
    axes.set_ylim(*widened([point.psnr for point in points], least=0.2, margin=0.14))
    decades = slowest - fastest
    ticks = (1, 1.5, 2, 3, 4, 5, 7) if decades < 1.2 else (1, 2, 5) if decades < 3.5 else (1,)
    axes.xaxis.set_major_locator(LogLocator(10, subs=ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(_plain_seconds))
    axes.xaxis.set_minor_formatter(NullFormatter())
    for place, words, alignment in (
        (0.0, "← slower", "left"),
        (0.5, "seconds per picture, logarithmic", "center"),
        (1.0, "faster →", "right"),
    ):
        axes.text(
            place, -0.105, words, transform=axes.transAxes, ha=alignment, va="baseline", fontsize=12
        )
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.set_ylabel("PSNR (dB)", fontsize=12)
    plain_axes(axes)


def _plain_seconds(value: float, _position: int | None = None) -> str:
    if 1e-4 <= value < 1e6:
        return f"{value:.10f}".rstrip("0").rstrip(".")
    digits, exponent = f"{value:.1e}".replace(".0e", "e").split("e")
    power = "10" + str(int(exponent)).translate(_SUPERSCRIPTS)
    return power if digits == "1" else f"{digits}·{power}"


def _draw_points(axes: Axes, points: Sequence[Point]) -> None:
    for published, label, color, fill in (
        (False, "measured on this machine", MEASURED, MEASURED),
        (True, "published (those times come from other machines)", PUBLISHED, "white"),
    ):
        chosen = [point for point in points if point.published is published]
        if chosen:
            axes.plot(
                [point.seconds for point in chosen],
                [point.psnr for point in chosen],
                linestyle="none", marker="o", markersize=MARKER, markeredgewidth=1.6,
                markeredgecolor=color, markerfacecolor=fill, label=label, zorder=3,
            )  # fmt: skip


def _write_labels(axes: Axes, points: Sequence[Point], renderer: RendererAgg) -> None:
    """Write every method's name near its point, with a line to it where it is not close."""
    texts = [
        axes.text(
            0, 0, shortened(point.method), fontsize=11, parse_math=False, va="bottom", zorder=4,
            color=PUBLISHED if point.published else MEASURED,
        )
        for point in points
    ]  # fmt: skip
    anchors = [tuple(axes.transData.transform((point.seconds, point.psnr))) for point in points]
    extents = [text.get_window_extent(renderer) for text in texts]
    frame = axes.get_window_extent(renderer)
    places = arrange(
        [(float(x), float(y)) for x, y in anchors],
        [(extent.width, extent.height) for extent in extents],
        Box(frame.x0, frame.y0, frame.x1, frame.y1),
    )
    pixels = axes.transData.inverted()
    for text, place in zip(texts, places, strict=True):
        x, y = pixels.transform((place.box.left, place.box.bottom))
        text.set_position((x, y))
        if place.length > 2.2 * marker_radius():
            x, y, to_x, to_y = place.line
            ends = pixels.transform([(x, y), (to_x, to_y)])
            axes.plot(ends[:, 0], ends[:, 1], color=FAINT, linewidth=1.1, zorder=2)
