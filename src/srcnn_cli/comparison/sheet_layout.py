"""Where everything on a sheet goes, and what is written there: sizes, places and lines of text.

The font is DejaVu Sans, which comes with matplotlib.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.comparison.figures import format_figure, format_seconds
from srcnn_cli.errors import SrcnnError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.ImageFont import FreeTypeFont

    from srcnn_cli.comparison.compare import Comparison, Panel

INK, FAINT = (20, 20, 20), (96, 96, 96)
# Where the colour scale of errors may end.
_ENDS = (4, 6, 8, 10, 15, 20, 30, 40, 50, 60, 80, 100, 120, 160, 200, 255)

_DETAIL_SIDE = 288  # about what a detail measures when no zoom is given
_COLUMNS, _COLUMNS_OF_TALL = 5, 8


@dataclass(frozen=True)
class Label:
    """Lines of text below a picture, and whether the first and a figure stand out."""

    lines: tuple[tuple[str, bool], ...]


class SheetLayout:
    """Where everything goes.

    Args:
        comparison: What the sheet shows.
        zoom: How often each pixel of a detail is repeated; 0 chooses for each detail.

    Attributes:
        width: Of the sheet; this and the following lengths are in pixels.
        height: Of the sheet.
        size: Of the letters.
        margin: Around everything.
        gap: Between neighbours.
        frame: Thickness of the frames around details.
        column: Width of a method's column.
        top: Where the pictures begin, below the heading.
        bottom: Where the pictures end and the colour scale of errors begins.
        whole_size: (height, width) of the whole picture.
        zooms: How often each pixel of each detail is repeated.
        end: Error, in 8-bit code values, at the ends of the colour scale; 0: no errors are shown.
        heading: Lines above everything, each with its font and colour.
        labels: Below each method's details.
        whole_label: Below the whole picture.
    """

    def __init__(self, comparison: Comparison, zoom: int) -> None:
        self._comparison = comparison
        crops, panels = comparison.crops, comparison.panels
        self.zooms = [zoom or max(1, round(_DETAIL_SIDE / max(c.height, c.width))) for c in crops]
        self.frame = 3
        details = [c.width * z for c, z in zip(crops, self.zooms, strict=True)]
        self.size = min(44, max(15, round(max(details) / 17)))
        self.margin, self.gap = round(1.4 * self.size), round(0.5 * self.size)
        self.end = end_of_scale(panels)
        bests = best_figures(panels)
        rows = [figures_below(panel, bests) for panel in panels]
        widest = max(self._length(words, bold=bold) for row in rows for words, bold in row)
        self.column = max(max(details) + 2 * self.frame, math.ceil(widest))
        self.labels = [
            Label((*((part, True) for part in self._broken(panel.name)), *row))
            for panel, row in zip(panels, rows, strict=True)
        ]
        most = _COLUMNS if len(crops) == 1 and not self.end else _COLUMNS_OF_TALL
        self._columns = math.ceil(len(panels) / math.ceil(len(panels) / most))
        self._lines = math.ceil(len(panels) / self._columns)
        stack = 0
        for crop, times in zip(crops, self.zooms, strict=True):
            height = crop.height * times + 2 * self.frame + self.gap
            stack += height * (2 if self.end else 1)
        most = max(len(label.lines) for label in self.labels)
        self._stack = stack + most * self.line(self.font) + self.margin
        self.whole_size = self._whole_size(stack - self.gap)
        name = shown_whole(comparison).name
        self.whole_label = Label(
            ((name, True), (f"{comparison.width}×{comparison.height} pixels", False))
        )
        across = self._columns * (self.column + self.gap) - self.gap
        self._beside = 2 * self.margin + self.whole_size[1]
        self.width = self._beside + across + self.margin
        self.heading = self._heading()
        self.top = self.margin + sum(self.line(font) for _, font, _ in self.heading) + self.gap
        grid = self._lines * self._stack
        own = self.whole_size[0] + 3 * self.line(self.font) + self.margin
        self.bottom = self.top + max(grid, own)
        self.height = self.bottom + (3 * self.size + self.gap if self.end else 0)

    @cached_property
    def font(self) -> FreeTypeFont:
        """Of the labels."""
        return label_font(self.size, bold=False)

    @cached_property
    def bold(self) -> FreeTypeFont:
        """Of what stands out in them."""
        return label_font(self.size, bold=True)

    def line(self, font: FreeTypeFont) -> int:
        """From one line of text to the next, in pixels."""
        return round(1.35 * font.size)

    def place(self, index: int) -> tuple[int, int]:
        """The upper left corner of a method's column."""
        line, column = divmod(index, self._columns)
        left = self._beside + column * (self.column + self.gap)
        return left, self.top + line * self._stack

    def _whole_size(self, stack: int) -> tuple[int, int]:
        """As high as the details beside it, unless that makes it too wide."""
        whole = shown_whole(self._comparison).whole
        height, width = whole.shape[:2]
        room = stack + (self._lines - 1) * self._stack
        factor = min(room / height, 2.2 * self.column / width, 3.0)
        return max(1, round(height * factor)), max(1, round(width * factor))

    def _heading(self) -> list[tuple[str, FreeTypeFont, tuple[int, int, int]]]:
        comparison, room = self._comparison, self.width - 2 * self.margin
        large = label_font(round(1.3 * self.size), bold=True)
        small = label_font(max(13, round(0.85 * self.size)), bold=False)
        title = f"{comparison.image}  ×{comparison.request.scale}"
        lines = [(part, large, INK) for part in wrapped(title, large, room)]
        return lines + [
            (p, small, FAINT) for p in wrapped(comparison.request.describe(), small, room)
        ]

    def _broken(self, name: str) -> list[str]:
        return wrapped(name, self.bold, self.column)

    def _length(self, words: str, *, bold: bool) -> float:
        return (self.bold if bold else self.font).getlength(words)


def shown_whole(comparison: Comparison) -> Panel:
    """The original; without one what people are used to."""
    panels = comparison.panels
    usual = next((panel for panel in panels if panel.name == "bicubic"), panels[0])
    return panels[0] if panels[0].original else usual


def figures_below(panel: Panel, bests: dict[str, str]) -> list[tuple[str, bool]]:
    """The lines below a method's name; the best figure stands out, as in the papers."""
    if panel.original:
        return [("PSNR / SSIM", False), ("time", False)]
    lines = []
    if panel.metrics:
        psnr, ssim = (format_figure(name, panel.metrics[name]) for name in ("psnr", "ssim"))
        lines.append((f"{psnr} / {ssim}", psnr == bests["psnr"]))
    if panel.steps is not None:
        lines.append((format_seconds(panel.steps.total), False))
    return lines


def best_figures(panels: Sequence[Panel]) -> dict[str, str]:
    """The highest PSNR and SSIM as they are written; empty with fewer than two to compare."""
    measured = [panel.metrics for panel in panels if panel.metrics]
    if len(measured) < 2:
        return {"psnr": "", "ssim": ""}
    return {
        name: format_figure(name, max(metrics[name] for metrics in measured))
        for name in ("psnr", "ssim")
    }


def end_of_scale(panels: Sequence[Panel]) -> int:
    """The round number at the end of the one colour scale: 99 of 100 errors are smaller."""
    shown = [panel for panel in panels if not panel.original]
    errors = [np.abs(error).ravel() for panel in shown for error in panel.errors]
    if not errors:
        return 0
    high = float(np.quantile(np.concatenate(errors), 0.99))
    return next(end for end in _ENDS if end >= high or end == _ENDS[-1])


def wrapped(text: str, font: FreeTypeFont, room: float) -> list[str]:
    """Lines no longer than ``room``, broken at spaces, else after - / _ or anywhere."""
    lines, rest = [], text
    while font.getlength(rest) > room:
        fits = next(n for n in range(len(rest) - 1, -1, -1) if font.getlength(rest[:n]) <= room)
        fits = max(1, fits)
        cut = rest.rfind(" ", 1, fits + 1)
        if cut < 1:
            cut = max(rest.rfind(mark, 1, fits) for mark in "-/_") + 1 or fits
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*lines, rest] if rest else lines


@cache
def label_font(size: int, *, bold: bool) -> FreeTypeFont:
    """DejaVu Sans of so many pixels.

    Raises:
        SrcnnError: matplotlib, whose font it is, is not installed or incomplete.
    """
    from PIL import ImageFont

    spec = find_spec("matplotlib")
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    for folder in (spec and spec.submodule_search_locations) or []:
        path = Path(folder, "mpl-data", "fonts", "ttf", name)
        if path.is_file():
            return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
    raise SrcnnError("the font of matplotlib is missing: install srcnn-cli again")
