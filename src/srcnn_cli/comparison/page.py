"""A comparison as one HTML file; `page_index` makes an index of many.

A page needs nothing but itself: pictures, style and script are in it, and its content security
policy forbids all else. `page_comparison.js` is the slider. A page stays below `MAX_BYTES`: where
the pictures are too large for that they are shown reduced, and the page says by how much.
"""

from __future__ import annotations

import base64
import io
import json
import math
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.comparison.figures import format_figure, format_seconds
from srcnn_cli.comparison.page_frame import TITLES, filled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from srcnn_cli.comparison.compare import Comparison, Panel

    Pixels = NDArray[np.uint8]

MAX_BYTES = 20_000_000
# What all pictures of a page may take, in base64; the rest is text.
_PICTURES = 18_000_000


def build_page(comparison: Comparison, *, index: str = "") -> bytes:
    """A page with a slider between any two panels, and the figures below.

    Args:
        comparison: What it shows.
        index: Address of the page that lists this one and others; empty: there is none.
    """
    request = comparison.request
    sets, views, notes = _pictures(comparison)
    panels = [
        {
            "name": panel.name,
            "figures": _figures(panel),
            "alt": _alternative(comparison, panel),
        }
        for panel in comparison.panels
    ]
    last = len(panels) - 1
    # Bicubic against the last method is what people look for first.
    names = [panel.name for panel in comparison.panels]
    left = names.index("bicubic") if "bicubic" in names[:-1] else max(0, last - 1)
    data = {"panels": panels, "sets": sets, "views": views, "left": left, "right": last}
    return filled(
        "page_comparison",
        title=escape(f"{comparison.image} ×{request.scale}"),
        conditions=escape(
            f"{comparison.width}×{comparison.height} pixels, {comparison.request.describe()}"
        ),
        back=_link_back(index),
        notes="".join(f'<p class="faint">{escape(note)}</p>' for note in notes),
        table=_figures_table(comparison),
        # "</script>" must not end the data early.
        data=json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),
    )


def _link_back(index: str) -> str:
    return f'<nav><a href="{escape(index)}">← All pictures</a></nav>' if index else ""


def encode_within(pictures: Sequence[Pixels], limit: int) -> tuple[int, list[bytes]]:
    """Pictures of one size as PNG files, reduced alike until they take no more than ``limit``.

    Returns:
        How many pixels became one along each axis, and the files.
    """
    reduction = 1
    while True:
        encoded = [_png(_shrunk(picture, reduction)) for picture in pictures]
        total = sum(map(len, encoded))
        if total <= limit or min(pictures[0].shape[:2]) <= reduction:
            return reduction, encoded
        reduction = max(reduction + 1, math.ceil(reduction * math.sqrt(total / limit)))


def _pictures(
    comparison: Comparison,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
    """The sets of equally large pictures, the views of them, and what to say about them."""
    wholes = [panel.whole for panel in comparison.panels]
    # Base64 makes four bytes of three.
    budget = _PICTURES * 3 // 4
    apart = comparison.reduction > 1
    details = comparison.crops if apart else ()
    reduction, encoded = encode_within(wholes, budget // 2 if details else budget)
    reduction *= comparison.reduction
    notes = []
    if reduction > 1 and not details:  # small enough to be whole, yet it does not compress
        notes.append(
            f"The pictures are shown reduced to 1/{reduction} along each side: this page has to "
            f"stay below {MAX_BYTES // 1_000_000} MB."
        )
    elif details:
        notes.append(
            f"The whole picture is shown as an overview, reduced to 1/{reduction} along each "
            f"side; the details are at full size, and so are the figures."
        )
    sets = [_set(wholes[0], reduction // comparison.reduction, encoded, "")]
    whole = sets[0]
    views = [
        {"label": "Whole" if reduction == 1 else f"Overview (1/{reduction})",
         "about": "the whole picture, fitted into the frame", "set": 0,
         "x": 0, "y": 0, "width": whole["width"], "height": whole["height"]}
    ]  # fmt: skip
    for index, crop in enumerate(comparison.crops):
        label = "Detail" if len(comparison.crops) == 1 else f"Detail {index + 1}"
        around = comparison.surroundings[index]
        factor = reduction
        top, left = 0, 0
        if details:
            pictures = [panel.details[index] for panel in comparison.panels]
            factor, encoded = encode_within(pictures, budget // 2 // len(details))
            where = f"detail at {crop.left}, {crop.top} of "
            sets.append(_set(pictures[0], factor, encoded, where))
            top, left = around.top, around.left
            if factor > 1:
                label += f" (1/{factor})"
        views.append(
            {"label": label, "about": _about(comparison, index), "set": len(sets) - 1,
             "x": (crop.left - left) / factor, "y": (crop.top - top) / factor,
             "width": crop.width / factor, "height": crop.height / factor}
        )  # fmt: skip
    return sets, views, notes


def _about(comparison: Comparison, index: int) -> str:
    """Why this detail is shown, and where in the picture it is."""
    crop = comparison.crops[index]
    where = f"{crop.width}×{crop.height} pixels at {crop.left}, {crop.top}"
    if comparison.request.crops:
        return f"{where}, as asked for"
    return f"{where}: where the methods differ most"


def _set(picture: Pixels, reduction: int, encoded: Sequence[bytes], alt: str) -> dict[str, Any]:
    height, width = (max(1, side // reduction) for side in picture.shape[:2])
    images = [f"data:image/png;base64,{base64.b64encode(file).decode()}" for file in encoded]
    return {"width": width, "height": height, "alt": alt, "images": images}


def _shrunk(picture: Pixels, factor: int) -> Pixels:
    from PIL import Image

    if factor == 1:
        return picture
    height, width = (max(1, side // factor) for side in picture.shape[:2])
    inside = Image.fromarray(picture[: height * factor, : width * factor])
    return np.asarray(inside.resize((width, height), Image.Resampling.BOX))


def _png(picture: Pixels) -> bytes:
    from PIL import Image

    grey = bool((picture == picture[..., :1]).all())
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture[..., 0]) if grey else picture).save(file, "PNG")
    return file.getvalue()


def _figures(panel: Panel) -> str:
    parts = [format_figure(name, value) for name, value in panel.metrics.items()]
    if panel.steps is not None:
        parts.append(format_seconds(panel.steps.total))
    return " / ".join(parts)


def _alternative(comparison: Comparison, panel: Panel) -> str:
    """What the picture is, for those who do not see it."""
    if panel.original:
        return f"{comparison.image}, the original"
    measured = "".join(
        f", {TITLES[name]} {format_figure(name, value)}" for name, value in panel.metrics.items()
    )
    return f"{comparison.image}, enlarged ×{comparison.request.scale} by {panel.name}{measured}"


def _figures_table(comparison: Comparison) -> str:
    records = comparison.records()
    metrics = list(records[0].metrics)
    best = {name: max(r.metrics[name] for r in records) for name in metrics}
    titles = ["method", *(TITLES[name] for name in metrics), "prepare", "network", "total"]
    rows = []
    for record in records:
        cells = [f'<th scope="row">{escape(record.method)}</th>']
        for name in metrics:
            text = format_figure(name, record.metrics[name])
            stands_out = len(records) > 1 and text == format_figure(name, best[name])
            cells.append(f"<td{' class=best' if stands_out else ''}>{text}</td>")
        steps = record.steps
        times = [""] * 3  # another program made it
        if steps is not None:
            times = [*map(format_seconds, (steps.prepare, steps.network, steps.total))]
        cells += [f"<td>{time}</td>" for time in times]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    head = head.replace("<th ", '<th class="words" ', 1)
    return (
        f"<table><caption>Figures</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
