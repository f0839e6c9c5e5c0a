"""A reproduction in words, tables and figures: one structure, written as Markdown and as a page."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from srcnn_cli import __version__
from srcnn_cli.cores import usable_cores
from srcnn_cli.evaluation.protocol import SRCNN
from srcnn_cli.evaluation.published import published_figures
from srcnn_cli.reproduction.reasons import CLOSE, reason

if TYPE_CHECKING:
    from pathlib import Path

    from srcnn_cli.reproduction.figures import Results
    from srcnn_cli.reproduction.papers import Table
    from srcnn_cli.reproduction.workshop import Workshop


# Between a published figure, the measured one and their difference in one cell.
THREE = " · "


@dataclass(frozen=True)
class Section:
    """A part of the document.

    Attributes:
        title: Its heading.
        paragraphs: Plain text, above table and figure.
        header: Of the table; empty: there is none.
        rows: Of the table; the first cell of each is a name.
        figure: A PNG.
        caption: Of the figure, which also stands for it where it cannot be seen.
    """

    title: str
    paragraphs: list[str] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    figure: Path | None = None
    caption: str = ""


@dataclass(frozen=True)
class Document:
    """All of it."""

    title: str
    lead: list[str]
    sections: list[Section]


def document(
    shop: Workshop, results: Results, figures: list[tuple[str, str, Path]], training: str
) -> Document:
    """Put together what was measured and drawn.

    Args:
        shop: Where it was made.
        results: By set and scale, and by the paper's name of the method.
        figures: Title, caption and file of each figure.
        training: What was trained here, in a sentence.
    """
    paper = shop.paper
    machine = f"{platform.machine()}, {usable_cores()} cores"
    lead = [
        f"{paper.title}, and what srcnn-cli {__version__} measures on this machine ({machine}).",
        f"Protocol {SRCNN.describe()}. Differences are measured minus published, in dB.",
        training,
        paper.remark,
    ]
    sections = [_summary(shop, results), *(_table(table, results) for table in paper.tables)]
    sections.append(_times(shop, results))
    for title, caption, path in figures:
        sections.append(Section(title, figure=path, caption=caption))
    printed = _printed(shop)
    if printed.rows:
        sections.append(printed)
    return Document(paper.title.rsplit(": ", 1)[-1], [line for line in lead if line], sections)


def _published(table: Table) -> dict[str, dict[str | None, float]]:
    """Method -> picture (None: the mean) -> PSNR."""
    found: dict[str, dict[str | None, float]] = {}
    for figure in published_figures(dataset=table.dataset, scale=table.scale, metric="psnr"):
        if figure.source == table.source:
            found.setdefault(figure.method, {})[figure.image] = figure.value
    return found


def _summary(shop: Workshop, results: Results) -> Section:
    rows, words = [], []
    names = {**shop.paper.methods, **shop.paper.extra}
    for table in shop.paper.tables:
        published = _published(table)
        for title, own in results[table.dataset, table.scale].items():
            printed = published.get(title, {}).get(None)
            where = f"{table.dataset} ×{table.scale}"
            if printed is None:
                rows.append([f"{where}, {title}", "", f"{own.mean:.2f}", ""])
                continue
            difference = own.mean - printed
            rows.append([
                f"{where}, {title}", f"{printed:.2f}", f"{own.mean:.2f}", f"{difference:+.2f}"
            ])  # fmt: skip
            why = reason(names[title], difference)
            if why:
                words.append(f"{where}, {title}: {difference:+.2f} dB. {why}")
    close = f"Where means differ by more than {CLOSE} dB, this is what differs between the two:"
    return Section(
        "Means", [close, *words] if words else [f"No mean differs by more than {CLOSE} dB."],
        ["", "published", "measured", "difference"], rows,
    )  # fmt: skip


def _table(table: Table, results: Results) -> Section:
    own = results[table.dataset, table.scale]
    published = _published(table)
    pictures = list(next(iter(own.values())).psnr)
    rows = []
    for picture in [*pictures, None]:
        row = [picture or "mean"]
        for title, measured in own.items():
            value = measured.mean if picture is None else measured.psnr[picture]
            printed = published.get(title, {}).get(_printed_name(picture, published))
            row.append(f"{value:.2f}" if printed is None else _three(printed, value))
        rows.append(row)
    return Section(
        table.title,
        ["Published, measured and difference; one figure alone is measured."],
        ["", *own], rows,
    )  # fmt: skip


def _three(printed: float, value: float) -> str:
    return THREE.join((f"{printed:.2f}", f"{value:.2f}", f"{value - printed:+.2f}"))


def _printed_name(picture: str | None, published: dict[str, dict[str | None, float]]) -> str | None:
    """The table's name of a picture whose file may be called ``baby_GT``."""
    known = next(iter(published.values()), {})
    if picture is None or picture in known:
        return picture
    return next((name for name in known if name and picture.startswith(name)), picture)


def _times(shop: Workshop, results: Results) -> Section:
    published = {
        (f.dataset, f.scale, f.method): f.seconds
        for table in shop.paper.tables
        for f in published_figures(dataset=table.dataset, scale=table.scale, image=None)
        if f.seconds and f.source == table.source
    }
    rows = []
    for (dataset, scale), methods in results.items():
        for title, own in methods.items():
            seconds = published.get((dataset, scale, title))
            rows.append([
                f"{dataset} ×{scale}, {title}",
                "" if seconds is None else f"{seconds:g} s", f"{own.time:.2g} s",
            ])  # fmt: skip
    return Section(
        "Seconds per picture",
        ["Published times are of the authors' machines and programs, most of them in MATLAB."],
        ["", "published", "measured"], rows,
    )  # fmt: skip


def _printed(shop: Workshop) -> Section:
    """What the paper reports and nothing here measures."""
    measured = set(shop.paper.methods) | set(shop.paper.extra)
    paper = shop.paper.tables[0].source.rsplit(",", 1)[0]
    rows = [
        [f"{f.dataset} ×{f.scale}, {f.method}", f"{f.value:.2f}", f.source.rsplit(", ", 1)[-1]]
        for f in published_figures(metric="psnr", image=None)
        if f.source.startswith(paper) and f.method not in measured
    ]
    return Section("Printed only", [], ["", "published", "where"], rows)


def to_markdown(whole: Document, folder: Path) -> str:
    """As Markdown, which shows the figures of the folder."""
    lines = [f"# {whole.title}", ""]
    for paragraph in whole.lead:
        lines += [paragraph, ""]
    for section in whole.sections:
        lines += [f"## {section.title}", ""]
        for paragraph in section.paragraphs:
            lines += [paragraph, ""]
        if section.rows:
            lines.append("| " + " | ".join(section.header) + " |")
            lines.append("|---" + "|---:" * (len(section.header) - 1) + "|")
            lines += ["| " + " | ".join(row) + " |" for row in section.rows]
            lines.append("")
        if section.figure is not None:
            path = section.figure.relative_to(folder).as_posix()
            lines += [f"![{section.caption}]({path})", "", section.caption, ""]
    return "\n".join(lines)
