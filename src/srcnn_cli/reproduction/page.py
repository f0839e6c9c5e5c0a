"""The document as one HTML file that needs nothing but itself."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING

from srcnn_cli.comparison.page_frame import filled
from srcnn_cli.reproduction.reasons import CLOSE
from srcnn_cli.reproduction.section import parts

if TYPE_CHECKING:
    from pathlib import Path

    from srcnn_cli.reproduction.document import Document
    from srcnn_cli.reproduction.section import Section

# Of a figure in the page, in pixels: what a wide screen shows; and those of an inch.
_WIDEST, _DOTS = 1800, 100


def to_page(whole: Document) -> bytes:
    """As a page; its figures are in it, its policy lets nothing be fetched."""
    contents = "".join(
        f'<li><a href="#s{number}">{escape(section.title)}</a></li>'
        for number, section in enumerate(whole.sections)
    )
    sections = "".join(_section(number, one) for number, one in enumerate(whole.sections))
    return filled(
        "page_document",
        title=escape(whole.title),
        conditions=escape(whole.lead[0]),
        notes="".join(f'<p class="faint">{escape(line)}</p>' for line in whole.lead[1:]),
        contents=contents,
        sections=sections,
    )


def _section(number: int, section: Section) -> str:
    html = [f'<section id="s{number}"><h2>{escape(section.title)}</h2>']
    html += [f"<p>{escape(paragraph)}</p>" for paragraph in section.paragraphs]
    if section.rows:
        kinds = [" class=words" if c in section.words else "" for c in range(len(section.header))]
        head = "".join(
            f"<th scope=col{kind}>{escape(cell)}</th>"
            for kind, cell in zip(kinds, section.header, strict=True)
        )
        body = "".join(
            f"<tr><th scope=row>{escape(row[0])}</th>"
            + "".join(
                f"<td{kind}>{_stacked(cell)}</td>"
                for kind, cell in zip(kinds[1:], row[1:], strict=True)
            )
            + "</tr>"
            for row in section.rows
        )
        html.append(
            '<div class="scroll" tabindex="0"><table><thead><tr>'
            f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )
    if section.figure is not None:
        text = escape(section.caption)
        html.append(
            '<figure><div class="scroll" tabindex="0">'
            f'<img {_embedded(section.figure)} alt="{text}"></div>'
            f"<figcaption>{text}</figcaption></figure>"
        )
    return "".join([*html, "</section>"])


def _stacked(cell: str) -> str:
    """Figures of one cell below each other; a difference that is large stands out."""
    *figures, last = map(escape, parts(cell))
    if last[:1] in "+-" and abs(float(last)) > CLOSE:
        last = f"<b>{last}</b>"
    return "<br>".join([*figures, last])


def _embedded(path: Path) -> str:
    """The attributes of a picture's element: the picture itself, and how wide it is shown."""
    from PIL import Image

    with Image.open(path) as image:
        # A plot says how many of its dots make an inch, which a screen shows as so many pixels.
        width = round(image.width * _DOTS / image.info.get("dpi", (_DOTS, _DOTS))[0])
        picture = image.convert("RGB")
    if picture.width > _WIDEST:
        height = round(picture.height * _WIDEST / picture.width)
        picture = picture.resize((_WIDEST, height), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    picture.save(data, "WEBP", quality=88)
    source = f"data:image/webp;base64,{base64.b64encode(data.getvalue()).decode()}"
    return f'src="{source}" width="{min(width, _WIDEST)}"'
