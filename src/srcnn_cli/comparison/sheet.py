"""A comparison as one picture, in the manner of Figures 7 to 10 of the ECCV 2014 paper.

On the left the whole picture with frames where the details are; beside it, for every method, the
same details enlarged by repeating pixels, so that nothing is interpolated a second time, and the
figures below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.comparison.sheet_layout import INK, SheetLayout, shown_whole
from srcnn_cli.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from srcnn_cli.comparison.compare import Comparison, Panel
    from srcnn_cli.comparison.sheet_layout import Label
    from srcnn_cli.imaging.regions import Region

    Pixels = NDArray[np.uint8]

# Frames of the details, first to last; apart for people with any kind of colour vision.
FRAMES = ((230, 0, 38), (0, 114, 206), (0, 140, 90), (240, 140, 0), (130, 60, 170), (90, 90, 90))
_PAPER = (255, 255, 255)
# Signed errors: too dark is blue, too bright red, no error white.
_DARK, _BRIGHT = np.array([5, 80, 190]), np.array([190, 10, 30])

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

    layout = SheetLayout(comparison, zoom)
    if layout.width * layout.height > _LARGEST:
        raise UsageError(
            f"the sheet would have {layout.width:,}x{layout.height:,} pixels: choose smaller crops "
            "or a smaller --zoom"
        )
    image = Image.new("RGB", (layout.width, layout.height), _PAPER)
    draw = ImageDraw.Draw(image)
    y = layout.margin
    for words, font, ink in layout.heading:
        draw.text((layout.margin, y), words, ink, font)
        y += layout.line(font)
    whole = Image.fromarray(_with_frames(comparison, *layout.whole_size))
    image.paste(whole, (layout.margin, layout.top))
    middle = layout.margin + whole.width / 2
    _centred(draw, middle, layout.top + whole.height + layout.gap, layout.whole_label, layout)
    for index, panel in enumerate(comparison.panels):
        left, top = layout.place(index)
        y = top
        for detail in range(len(comparison.crops)):
            for tile in _tiles(comparison, panel, detail, layout):
                x = left + (layout.column - tile.shape[1]) // 2
                image.paste(Image.fromarray(tile), (x, y))
                y += tile.shape[0] + layout.gap
            if layout.end and panel.original:
                y += tile.shape[0] + layout.gap  # the original has no errors
        _centred(draw, left + layout.column / 2, y, layout.labels[index], layout)
    if layout.end:
        _draw_legend(image, draw, layout)
    return np.asarray(image)


def error_colors(errors: NDArray[np.int16] | NDArray[np.float64], end: int) -> Pixels:
    """Signed errors as colours: blue too dark, red too bright, ``end`` and beyond full strength."""
    strength = np.clip(errors / end, -1, 1)[..., None]
    white = np.full(3, 255.0)
    color = np.where(strength < 0, white + strength * (white - _DARK), 255.0)
    color = np.where(strength > 0, white - strength * (white - _BRIGHT), color)
    return (color + 0.5).astype(np.uint8)


def _tiles(comparison: Comparison, panel: Panel, index: int, layout: SheetLayout) -> list[Pixels]:
    """One detail of a panel, framed, and its error image below."""
    inside = _inside(comparison.crops[index], comparison.surroundings[index])
    color = FRAMES[index % len(FRAMES)]
    tiles = [_enlarged(panel.details[index][inside], layout.zooms[index], layout.frame, color)]
    if layout.end and not panel.original:
        error = error_colors(panel.errors[index][inside], layout.end)
        tiles.append(_enlarged(error, layout.zooms[index], layout.frame, (200, 200, 200)))
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

    whole = shown_whole(comparison).whole
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


def _draw_legend(image: Image, draw: ImageDraw, layout: SheetLayout) -> None:
    """The colour scale of the error images, with its ends."""
    from PIL import Image as Images

    words = "luminance − original (8-bit code values):"
    y = layout.bottom
    x = layout.margin
    draw.text((x, y), words, INK, layout.font)
    x += round(layout.font.getlength(words)) + layout.gap
    left, right = f"−{layout.end}", f"+{layout.end}"
    draw.text((x, y), left, INK, layout.font)
    x += round(layout.font.getlength(left)) + layout.gap
    ramp = np.linspace(-layout.end, layout.end, 12 * layout.size)[None].repeat(layout.size, 0)
    bar = _enlarged(error_colors(ramp, layout.end), 1, 1, (150, 150, 150))
    image.paste(Images.fromarray(bar), (x, y + round(0.1 * layout.size)))
    draw.text((x + bar.shape[1] + layout.gap, y), right, INK, layout.font)


def _centred(draw: ImageDraw, x: float, y: int, label: Label, layout: SheetLayout) -> None:
    for words, bold in label.lines:
        font = layout.bold if bold else layout.font
        draw.text((x - font.getlength(words) / 2, y), words, INK, font)
        y += layout.line(font)
