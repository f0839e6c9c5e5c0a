"""An index of many comparisons as one HTML file: a sortable table with thumbnails."""

from __future__ import annotations

import base64
import io
import math
from html import escape
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from srcnn_cli.comparison.figures import format_figure, format_seconds
from srcnn_cli.comparison.page_frame import TITLES, filled
from srcnn_cli.evaluation.benchmark import average

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from srcnn_cli.evaluation.benchmark import Average, Record

_THUMBNAIL = 96  # pixels, the longer side


class Entry(NamedTuple):
    """A line of the index.

    Attributes:
        page: File name of the picture's page.
        records: Its figures, one record a method.
        thumbnail: From `thumbnail`; empty: none is shown.
    """

    page: str
    records: Sequence[Record]
    thumbnail: bytes = b""


def thumbnail(pixels: NDArray[np.uint8]) -> bytes:
    """(H, W, 3) pixels as a small JPEG file."""
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((_THUMBNAIL, _THUMBNAIL))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return file.getvalue()


def build_index(title: str, conditions: str, entries: Sequence[Entry]) -> bytes:
    """A sortable table of many pictures with links to their pages, and the averages.

    Args:
        title: Of the page.
        conditions: How everything was made.
        entries: One a picture.
    """
    averages = average([record for entry in entries for record in entry.records])
    return filled(
        "page_index",
        title=escape(title),
        conditions=escape(conditions),
        notes="",
        table=_index_table(entries, averages),
    )


def _index_table(entries: Sequence[Entry], averages: Sequence[Average]) -> str:
    metrics = list(averages[0].metrics)
    titles = [*(TITLES[name] for name in metrics), "time"]
    top = _heading("picture", 0, 'class="words" rowspan="2"') + _heading("pixels", 1, 'rowspan="2"')
    below = ""
    for index, item in enumerate(averages):
        name = escape(item.method)
        top += f'<th scope="colgroup" class="first" colspan="{len(titles)}">{name}</th>'
        for place, title in enumerate(titles):
            column = 2 + index * len(titles) + place
            below += _heading(title, column, "" if place else 'class="first"')
    rows = ""
    for page, records, small in entries:
        first = records[0]
        picture = ""
        if small:
            data = base64.b64encode(small).decode()
            picture = f'<img src="data:image/jpeg;base64,{data}" alt="" loading="lazy">'
        link = f'<a href="{escape(quote(page))}">{picture}<span>{escape(first.image)}</span></a>'
        rows += f'<tr><th scope="row">{link}</th>'
        rows += f'<td data-value="{first.width * first.height}">{first.width}×{first.height}</td>'
        rows += "".join(_cells(record, metrics) for record in records) + "</tr>"
    foot = f'<tr><th scope="row">average of {len(entries)}</th><td></td>'
    foot += "".join(_cells(item, metrics) for item in averages) + "</tr>"
    return (
        f"<table><caption>Figures</caption><thead><tr>{top}</tr><tr>{below}</tr></thead>"
        f"<tbody>{rows}</tbody><tfoot>{foot}</tfoot></table>"
    )


def _heading(title: str, column: int, attributes: str) -> str:
    return (
        f'<th scope="col" {attributes} data-column="{column}">'
        f'<button type="button">{title}</button></th>'
    )


def _cells(item: Record | Average, metrics: Sequence[str]) -> str:
    values = [(item.metrics[name], format_figure(name, item.metrics[name])) for name in metrics]
    seconds = math.inf if item.steps is None else item.steps.total
    values.append((seconds, "" if item.steps is None else format_seconds(seconds)))
    cells = ""
    for place, (value, text) in enumerate(values):
        number = "1e999" if math.isinf(value) else f"{value:.6f}"  # JavaScript reads Infinity
        cells += f'<td{"" if place else " class=first"} data-value="{number}">{text}</td>'
    return cells
