"""What all figures have in common: size, colours, title, axes, and how they are saved."""

from __future__ import annotations

import contextlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from srcnn_cli.errors import UsageError
from srcnn_cli.files import write_atomically

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure


# Of the PNG, in pixels: half of it is a comfortable size on a screen.
WIDTH, HEIGHT = 2000, 1320
DPI = 200
ROW = 42  # pixels that a line of small text takes

# The colours of every plot: ours, a paper's, an interpolation's, and what only guides the eye.
MEASURED = "#0b5394"
PUBLISHED = "#7a4a12"
INTERPOLATED = "#5f5f5f"
FAINT = "#b8b8b8"

_LONGEST_LABEL = 30


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

    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
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


def widened(values: Sequence[float], *, least: float, margin: float) -> tuple[float, float]:
    """Limits around the values: at least so far apart, and with a margin, a share of that."""
    low, high = min(values), max(values)
    missing = max(0.0, least - (high - low)) / 2
    low, high = low - missing, high + missing
    return low - margin * (high - low), high + margin * (high - low)


def shortened(name: str) -> str:
    """A name that is too long for a label, without its middle."""
    if len(name) <= _LONGEST_LABEL:
        return name
    half = (_LONGEST_LABEL - 1) // 2
    return f"{name[:half]}…{name[-half:]}"
