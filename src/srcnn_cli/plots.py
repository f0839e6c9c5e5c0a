"""Pictures of results: quality against time, in the manner of Figure 4 of the ECCV 2014 paper.

What every plot shares stands here too: the figure, its title, its axes, and how it is saved.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from srcnn_cli.errors import UsageError
from srcnn_cli.files import write_atomically

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
    from matplotlib.figure import Figure

# Of the PNG, in pixels: half of it is a comfortable size on a screen.
WIDTH, HEIGHT = 2000, 1320
_DPI = 200

# The colours of every plot: ours, a paper's, and what only guides the eye.
MEASURED = "#0b5394"
PUBLISHED = "#7a4a12"
FAINT = "#b8b8b8"
_LONGEST_LABEL = 30
_MARKER = 9.0  # points across
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


def check_png_name(path: str | os.PathLike[str]) -> None:
    """Refuse a name that promises another format.

    Raises:
        UsageError: It does not end in ``.png``.
    """
    if Path(path).suffix.lower() != ".png":
        raise UsageError(f"{path}: the plot is a PNG, so its name must end in .png")


def new_figure(width: int, height: int) -> tuple[Figure, FigureCanvasAgg]:
    """An empty white figure of so many pixels; without pyplot, so that no window can open."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
    return figure, FigureCanvasAgg(figure)


def write_title(figure: Figure, title: str, *, left: float, bottom: float) -> None:
    """Write a title of any length, at most two lines, at a place in shares of the figure."""
    import textwrap

    columns = int(84 * figure.bbox.width / WIDTH)
    lines = textwrap.wrap(title, columns, max_lines=2, placeholder=" …")
    figure.text(
        left, bottom, "\n".join(lines),
        fontsize=13, fontweight="bold", va="bottom", parse_math=False,
    )  # fmt: skip


def plain_axes(axes: Axes) -> None:
    """A light grid behind everything, and only the two sides that carry ticks."""
    axes.tick_params(labelsize=11)
    axes.grid(color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def save_figure(canvas: FigureCanvasAgg, path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Write a figure as PNG in one atomic step.

    Raises:
        OutputError: The file exists and ``overwrite`` is false, or it cannot be written.
    """
    with any_letter():
        write_atomically(path, canvas.print_png, overwrite=overwrite)


@contextlib.contextmanager
def any_letter() -> Iterator[None]:
    """Text is drawn without complaint; a letter that the font lacks becomes a box."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


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


def widened(values: Sequence[float], *, least: float, margin: float) -> tuple[float, float]:
    """Limits around the values: at least so far apart, and with a margin, a share of that."""
    low, high = min(values), max(values)
    missing = max(0.0, least - (high - low)) / 2
    low, high = low - missing, high + missing
    return low - margin * (high - low), high + margin * (high - low)


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
                linestyle="none", marker="o", markersize=_MARKER, markeredgewidth=1.6,
                markeredgecolor=color, markerfacecolor=fill, label=label, zorder=3,
            )  # fmt: skip


def shortened(name: str) -> str:
    """A name that is too long for a label, without its middle."""
    if len(name) <= _LONGEST_LABEL:
        return name
    half = (_LONGEST_LABEL - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


@dataclass(frozen=True)
class _Box:
    """A rectangle in pixels, y up."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: _Box) -> float:
        """Shared area."""
        across = min(self.right, other.right) - max(self.left, other.left)
        if across <= 0:
            return 0.0
        return across * max(0.0, min(self.top, other.top) - max(self.bottom, other.bottom))

    def outside(self, other: _Box) -> float:
        """How far it sticks out of the other, in pixels."""
        return (
            max(0.0, other.left - self.left)
            + max(0.0, self.right - other.right)
            + max(0.0, other.bottom - self.bottom)
            + max(0.0, self.top - other.top)
        )

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        """The place in it that is nearest to a given one."""
        return min(max(x, self.left), self.right), min(max(y, self.bottom), self.top)

    def grown(self, by: float) -> _Box:
        """With a margin."""
        return _Box(self.left - by, self.bottom - by, self.right + by, self.top + by)


@dataclass(frozen=True)
class _Place:
    """Where a label may stand.

    Attributes:
        box: What the text covers.
        roomy: That with a margin, which others should leave free.
        line: From the point to the box.
        dislike: How little the direction is liked, in pixels of line.
    """

    box: _Box
    roomy: _Box
    line: tuple[float, float, float, float]
    dislike: float

    @property
    def length(self) -> float:
        """Of the line, in pixels."""
        x, y, to_x, to_y = self.line
        return math.hypot(to_x - x, to_y - y)


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
    places = _arrange(
        [(float(x), float(y)) for x, y in anchors],
        [(extent.width, extent.height) for extent in extents],
        _Box(frame.x0, frame.y0, frame.x1, frame.y1),
    )
    pixels = axes.transData.inverted()
    for text, place in zip(texts, places, strict=True):
        x, y = pixels.transform((place.box.left, place.box.bottom))
        text.set_position((x, y))
        if place.length > 2.2 * _marker_radius():
            x, y, to_x, to_y = place.line
            ends = pixels.transform([(x, y), (to_x, to_y)])
            axes.plot(ends[:, 0], ends[:, 1], color=FAINT, linewidth=1.1, zorder=2)


def _marker_radius() -> float:
    return (_MARKER / 2 + 1) * _DPI / 72


def _arrange(
    anchors: Sequence[tuple[float, float]], sizes: Sequence[tuple[float, float]], frame: _Box
) -> list[_Place]:
    """Places for labels of these sizes near these points: few overlaps, short lines.

    Every label in turn moves to the place that is best given all others, until none wants to.
    Where that ends with labels in each other's way, it is tried again in another order.
    """
    radius = _marker_radius()
    markers = [_Box(x - radius, y - radius, x + radius, y + radius) for x, y in anchors]
    options = [
        list(_candidates(anchor, size, radius))
        for anchor, size in zip(anchors, sizes, strict=True)
    ]  # fmt: skip
    fixed = [
        [_fixed_cost(option, index, markers, frame) for option in own]
        for index, own in enumerate(options)
    ]
    as_given = range(len(anchors))
    orders = (
        as_given,
        sorted(as_given, key=lambda index: anchors[index][1]),
        sorted(as_given, key=lambda index: anchors[index][0]),
    )
    best: tuple[float, list[_Place]] = (math.inf, [])
    for order in orders:
        places = _settle(options, fixed, list(order))
        conflicts = sum(_conflict(a, b) for a, b in itertools.combinations(places, 2))
        if conflicts < best[0]:
            best = (conflicts, places)
        if conflicts == 0:
            break
    return best[1]


def _settle(
    options: Sequence[Sequence[_Place]], fixed: Sequence[Sequence[float]], order: Sequence[int]
) -> list[_Place]:
    """One option for each label, none of which would be better exchanged alone."""
    chosen: dict[int, _Place] = {}
    for _ in range(12):
        before = dict(chosen)
        for index in order:
            others = [place for other, place in chosen.items() if other != index]
            costs = [
                cost + sum(_conflict(option, other) for other in others)
                for option, cost in zip(options[index], fixed[index], strict=True)
            ]
            chosen[index] = options[index][costs.index(min(costs))]
        if chosen == before:
            break
    return [chosen[index] for index in range(len(options))]


def _candidates(
    anchor: tuple[float, float], size: tuple[float, float], radius: float
) -> Iterator[_Place]:
    """Places around a point, the nearest first; straight ones are liked better than slanted."""
    x, y = anchor
    width, height = size
    for distance in (1.3, 2.2, 3.6, 5.5, 8.0, 11.0, 14.5, 18.5, 23.0):
        for turn in range(16):
            across, up = math.cos(turn * math.pi / 8), math.sin(turn * math.pi / 8)
            # The middle of the label, so that its edge is `distance` from the point.
            middle_x = x + across * ((distance + 0.4) * radius + width / 2)
            middle_y = y + up * (distance * radius + height / 2)
            box = _Box(
                middle_x - width / 2, middle_y - height / 2,
                middle_x + width / 2, middle_y + height / 2,
            )  # fmt: skip
            dislike = {4: 0.0, 0: 2.0, 8: 2.0, 12: 3.0}.get(turn, 12.0)
            yield _Place(box, box.grown(4), (x, y, *box.nearest(x, y)), dislike)


def _fixed_cost(place: _Place, index: int, markers: Sequence[_Box], frame: _Box) -> float:
    """What is wrong with a place whatever the other labels do."""
    box = place.roomy
    cost = place.length + place.dislike + 100 * box.outside(frame)
    for other, marker in enumerate(markers):
        cost += 4 * box.overlap(marker)
        if other != index and _crosses(place.line, marker):
            cost += 150
    return cost


def _conflict(one: _Place, other: _Place) -> float:
    cost = 4 * one.roomy.overlap(other.box)
    if _crosses(one.line, other.roomy) or _crosses(other.line, one.roomy):
        cost += 600
    if _intersect(one.line, other.line):
        cost += 150
    return cost


def _crosses(line: tuple[float, float, float, float], box: _Box) -> bool:
    """Whether any part of a line lies inside a box."""
    x, y, to_x, to_y = line
    if max(x, to_x) <= box.left or min(x, to_x) >= box.right:
        return False
    if max(y, to_y) <= box.bottom or min(y, to_y) >= box.top:
        return False
    start, stop = 0.0, 1.0  # the part of the line that may
    for origin, step, low, high in (
        (x, to_x - x, box.left, box.right),
        (y, to_y - y, box.bottom, box.top),
    ):
        if step:
            enter, leave = (low - origin) / step, (high - origin) / step
            start, stop = max(start, min(enter, leave)), min(stop, max(enter, leave))
    return start < stop


def _intersect(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> bool:
    def side(line: tuple[float, float, float, float], x: float, y: float) -> float:
        return (line[2] - line[0]) * (y - line[1]) - (line[3] - line[1]) * (x - line[0])

    return (
        side(one, *other[:2]) * side(one, *other[2:]) < 0
        and side(other, *one[:2]) * side(other, *one[2:]) < 0
    )
