"""A comparison as one picture, in the manner of Figures 7 to 10 of the ECCV 2014 paper.

On the left the whole picture with frames where the details are; beside it, for every method, the
same details enlarged by repeating pixels, so that nothing is interpolated a second time, and the
figures below. The font is DejaVu Sans, which comes with matplotlib.
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
from srcnn_cli.errors import SrcnnError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

    from srcnn_cli.comparison.compare import Comparison, Panel
    from srcnn_cli.imaging.regions import Region

    Pixels = NDArray[np.uint8]

# Frames of the details, first to last; apart for people with any kind of colour vision.
FRAMES = ((230, 0, 38), (0, 114, 206), (0, 140, 90), (240, 140, 0), (130, 60, 170), (90, 90, 90))
_INK, _FAINT, _PAPER = (20, 20, 20), (96, 96, 96), (255, 255, 255)
# Signed errors: too dark is blue, too bright red, no error white.
_DARK, _BRIGHT = np.array([5, 80, 190]), np.array([190, 10, 30])
_ENDS = (4, 6, 8, 10, 15, 20, 30, 40, 50, 60, 80, 100, 120, 160, 200, 255)

_DETAIL_SIDE = 288  # about what a detail measures when no zoom is given
_COLUMNS, _COLUMNS_OF_TALL = 5, 8
_LARGEST = 60_000_000


def draw_sheet(comparison: Comparison, *, zoom: int = 0) -> Pixels:
    """Draw the sheet; with error images if the comparison holds errors.

    Args:
        comparison: What to draw.
        zoom: How often each pixel of a detail is repeated; 0 chooses.

    Returns:
        (H, W, 3) uint8.

    Raises:
        UsageError: The sheet would be enormous.
    """
    from PIL import Image, ImageDraw

    plan = _Plan(comparison, zoom)
    if plan.width * plan.height > _LARGEST:
        raise UsageError(
            f"the sheet would have {plan.width:,}x{plan.height:,} pixels: choose smaller crops or "
            "a smaller --zoom"
        )
    image = Image.new("RGB", (plan.width, plan.height), _PAPER)
    draw = ImageDraw.Draw(image)
    y = plan.margin
    for words, font, ink in plan.heading:
        draw.text((plan.margin, y), words, ink, font)
        y += plan.line(font)
    whole = Image.fromarray(_with_frames(comparison, *plan.whole_size))
    image.paste(whole, (plan.margin, plan.top))
    _centred(
        draw, plan.margin + whole.width / 2, plan.top + whole.height + plan.gap, plan.whole_label,
        plan,
    )  # fmt: skip
    for index, panel in enumerate(comparison.panels):
        left, top = plan.place(index)
        y = top
        for detail in range(len(comparison.crops)):
            for tile in _tiles(comparison, panel, detail, plan):
                x = left + (plan.column - tile.shape[1]) // 2
                image.paste(Image.fromarray(tile), (x, y))
                y += tile.shape[0] + plan.gap
            if plan.end and not panel.steps:
                y += tile.shape[0] + plan.gap  # the original has no errors
        _centred(draw, left + plan.column / 2, y, plan.labels[index], plan)
    if plan.end:
        _draw_legend(image, draw, plan)
    return np.asarray(image)


@dataclass(frozen=True)
class _Label:
    """Lines of text below a picture, and whether the first and a figure stand out."""

    lines: tuple[tuple[str, bool], ...]


class _Plan:
    """Where everything goes, in pixels."""

    def __init__(self, comparison: Comparison, zoom: int) -> None:
        self._comparison = comparison
        crops, panels = comparison.crops, comparison.panels
        self.zooms = [zoom or max(1, round(_DETAIL_SIDE / max(c.height, c.width))) for c in crops]
        self.frame = 3
        details = [c.width * z for c, z in zip(crops, self.zooms, strict=True)]
        self.size = min(44, max(15, round(max(details) / 17)))
        self.margin, self.gap = round(1.4 * self.size), round(0.5 * self.size)
        self.end = _end_of_scale(panels)
        bests = _bests(panels)
        rows = [_figures(panel, bests) for panel in panels]
        widest = max(self._length(words, bold=bold) for row in rows for words, bold in row)
        self.column = max(max(details) + 2 * self.frame, math.ceil(widest))
        self.labels = [
            _Label((*((part, True) for part in self._broken(panel.name)), *row))
            for panel, row in zip(panels, rows, strict=True)
        ]
        most = _COLUMNS if len(crops) == 1 and not self.end else _COLUMNS_OF_TALL
        self.columns = math.ceil(len(panels) / math.ceil(len(panels) / most))
        self._lines = math.ceil(len(panels) / self.columns)
        stack = 0
        for crop, times in zip(crops, self.zooms, strict=True):
            height = crop.height * times + 2 * self.frame + self.gap
            stack += height * (2 if self.end else 1)
        most = max(len(label.lines) for label in self.labels)
        self._stack = stack + most * self.line(self.font) + self.margin
        self.whole_size = self._whole_size(stack - self.gap)
        name = _shown_whole(comparison).name
        self.whole_label = _Label(
            ((name, True), (f"{comparison.width}×{comparison.height} pixels", False))
        )
        across = self.columns * (self.column + self.gap) - self.gap
        self.beside = 2 * self.margin + self.whole_size[1]
        self.width = self.beside + across + self.margin
        self.heading = self._heading()
        self.top = self.margin + sum(self.line(font) for _, font, _ in self.heading) + self.gap
        grid = self._lines * self._stack
        own = self.whole_size[0] + 3 * self.line(self.font) + self.margin
        self.bottom = self.top + max(grid, own)
        self.height = self.bottom + (3 * self.size + self.gap if self.end else 0)

    @cached_property
    def font(self) -> FreeTypeFont:
        return _font(self.size, bold=False)

    @cached_property
    def bold(self) -> FreeTypeFont:
        return _font(self.size, bold=True)

    def line(self, font: FreeTypeFont) -> int:
        return round(1.35 * font.size)

    def place(self, index: int) -> tuple[int, int]:
        """The upper left corner of a method's column."""
        line, column = divmod(index, self.columns)
        left = self.beside + column * (self.column + self.gap)
        return left, self.top + line * self._stack

    def _whole_size(self, stack: int) -> tuple[int, int]:
        """As high as the details beside it, unless that makes it too wide."""
        whole = _shown_whole(self._comparison).whole
        height, width = whole.shape[:2]
        room = stack + (self._lines - 1) * self._stack
        factor = min(room / height, 2.2 * self.column / width, 3.0)
        return max(1, round(height * factor)), max(1, round(width * factor))

    def _heading(self) -> list[tuple[str, FreeTypeFont, tuple[int, int, int]]]:
        comparison, room = self._comparison, self.width - 2 * self.margin
        large = _font(round(1.3 * self.size), bold=True)
        small = _font(max(13, round(0.85 * self.size)), bold=False)
        title = f"{comparison.image}  ×{comparison.request.scale}"
        lines = [(part, large, _INK) for part in _wrapped(title, large, room)]
        return lines + [
            (p, small, _FAINT) for p in _wrapped(comparison.request.describe(), small, room)
        ]

    def _broken(self, name: str) -> list[str]:
        return _wrapped(name, self.bold, self.column)

    def _length(self, words: str, *, bold: bool) -> float:
        return (self.bold if bold else self.font).getlength(words)


def _shown_whole(comparison: Comparison) -> Panel:
    """The original; without one what people are used to."""
    panels = comparison.panels
    usual = next((panel for panel in panels if panel.name == "bicubic"), panels[0])
    return usual if panels[0].steps else panels[0]


def _figures(panel: Panel, bests: dict[str, str]) -> list[tuple[str, bool]]:
    """The lines below a method's name; the best figure stands out, as in the papers."""
    if panel.steps is None:
        return [("PSNR / SSIM", False), ("time", False)]
    lines = []
    if panel.metrics:
        psnr, ssim = (format_figure(name, panel.metrics[name]) for name in ("psnr", "ssim"))
        lines.append((f"{psnr} / {ssim}", psnr == bests["psnr"]))
    return [*lines, (format_seconds(panel.steps.total), False)]


def _bests(panels: Sequence[Panel]) -> dict[str, str]:
    measured = [panel.metrics for panel in panels if panel.metrics]
    if len(measured) < 2:
        return {"psnr": "", "ssim": ""}
    return {
        name: format_figure(name, max(metrics[name] for metrics in measured))
        for name in ("psnr", "ssim")
    }


def error_colors(errors: NDArray[np.int16] | NDArray[np.float64], end: int) -> Pixels:
    """Signed errors as colours: blue too dark, red too bright, ``end`` and beyond full strength."""
    strength = np.clip(errors / end, -1, 1)[..., None]
    white = np.full(3, 255.0)
    color = np.where(strength < 0, white + strength * (white - _DARK), 255.0)
    color = np.where(strength > 0, white - strength * (white - _BRIGHT), color)
    return (color + 0.5).astype(np.uint8)


def _end_of_scale(panels: Sequence[Panel]) -> int:
    """The round number at the end of the one colour scale: 99 of 100 errors are smaller."""
    errors = [np.abs(error).ravel() for panel in panels if panel.steps for error in panel.errors]
    if not errors:
        return 0
    high = float(np.quantile(np.concatenate(errors), 0.99))
    return next(end for end in _ENDS if end >= high or end == _ENDS[-1])


def _tiles(comparison: Comparison, panel: Panel, index: int, plan: _Plan) -> list[Pixels]:
    """One detail of a panel, framed, and its error image below."""
    inside = _inside(comparison.crops[index], comparison.surroundings[index])
    color = FRAMES[index % len(FRAMES)]
    tiles = [_enlarged(panel.details[index][inside], plan.zooms[index], plan.frame, color)]
    if plan.end and panel.steps:
        error = error_colors(panel.errors[index][inside], plan.end)
        tiles.append(_enlarged(error, plan.zooms[index], plan.frame, (200, 200, 200)))
    return tiles


def _inside(crop: Region, around: Region) -> tuple[slice, slice]:
    return (
        slice(crop.top - around.top, crop.bottom - around.top),
        slice(crop.left - around.left, crop.right - around.left),
    )


def _enlarged(pixels: Pixels, zoom: int, frame: int, color: tuple[int, int, int]) -> Pixels:
    """Every pixel repeated, inside a frame that covers none of them."""
    body = pixels.repeat(zoom, axis=0).repeat(zoom, axis=1)
    result = np.empty((body.shape[0] + 2 * frame, body.shape[1] + 2 * frame, 3), np.uint8)
    result[:] = color
    result[frame:-frame, frame:-frame] = body
    return result


def _with_frames(comparison: Comparison, height: int, width: int) -> Pixels:
    """The whole picture at that size, with the places of the details."""
    from PIL import Image, ImageDraw

    whole = _shown_whole(comparison).whole
    smaller = height < whole.shape[0]
    method = Image.Resampling.LANCZOS if smaller else Image.Resampling.NEAREST
    image = Image.fromarray(whole).resize((width, height), method)
    draw = ImageDraw.Draw(image)
    down, across = height / comparison.height, width / comparison.width
    for index, crop in enumerate(comparison.crops):
        left, right = round(crop.left * across), round(crop.right * across) - 1
        top, bottom = round(crop.top * down), round(crop.bottom * down) - 1
        color = FRAMES[index % len(FRAMES)]
        # Outside the detail where there is room; a white line keeps it apart from the picture.
        for away, ink, thick in ((4, _PAPER, 1), (3, color, 3)):
            box = [
                max(0, left - away), max(0, top - away),
                min(width - 1, max(right, left + 6) + away),
                min(height - 1, max(bottom, top + 6) + away),
            ]  # fmt: skip
            draw.rectangle(box, outline=ink, width=thick)
    return np.asarray(image)


def _draw_legend(image: object, draw: ImageDraw, plan: _Plan) -> None:
    """The colour scale of the error images, with its ends."""
    from PIL import Image

    assert isinstance(image, Image.Image)  # noqa: S101 - for the type checker
    words = "luminance − original (8-bit code values):"
    y = plan.bottom
    x = plan.margin
    draw.text((x, y), words, _INK, plan.font)
    x += round(plan.font.getlength(words)) + plan.gap
    left, right = f"−{plan.end}", f"+{plan.end}"
    draw.text((x, y), left, _INK, plan.font)
    x += round(plan.font.getlength(left)) + plan.gap
    ramp = np.linspace(-plan.end, plan.end, 12 * plan.size)[None].repeat(plan.size, 0)
    bar = _enlarged(error_colors(ramp, plan.end), 1, 1, (150, 150, 150))
    image.paste(Image.fromarray(bar), (x, y + round(0.1 * plan.size)))
    draw.text((x + bar.shape[1] + plan.gap, y), right, _INK, plan.font)


def _centred(draw: ImageDraw, x: float, y: int, label: _Label, plan: _Plan) -> None:
    for words, bold in label.lines:
        font = plan.bold if bold else plan.font
        draw.text((x - font.getlength(words) / 2, y), words, _INK, font)
        y += plan.line(font)


def _wrapped(text: str, font: FreeTypeFont, room: float) -> list[str]:
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
def _font(size: int, *, bold: bool) -> FreeTypeFont:
    from PIL import ImageFont

    spec = find_spec("matplotlib")
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    for folder in (spec and spec.submodule_search_locations) or []:
        path = Path(folder, "mpl-data", "fonts", "ttf", name)
        if path.is_file():
            return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
    raise SrcnnError("the font of matplotlib is missing: install srcnn-cli again")
