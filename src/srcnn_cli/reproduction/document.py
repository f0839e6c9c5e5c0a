"""A reproduction in words, tables and figures: one structure, written as Markdown and as a page."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srcnn_cli import __version__
from srcnn_cli.cores import usable_cores
from srcnn_cli.evaluation.protocol import SRCNN
from srcnn_cli.reproduction.section import Section
from srcnn_cli.reproduction.tables import means, pictures, printed_only, times, trainings

if TYPE_CHECKING:
    from pathlib import Path

    from srcnn_cli.reproduction.figures import Results
    from srcnn_cli.reproduction.network import Course
    from srcnn_cli.reproduction.workshop import Workshop


@dataclass(frozen=True)
class Document:
    """All of it."""

    title: str
    lead: list[str]
    sections: list[Section]


def document(
    shop: Workshop,
    results: Results,
    figures: list[tuple[str, str, Path]],
    course: Course | None,
) -> Document:
    """Put together what was measured and drawn.

    Args:
        shop: Where it was made.
        results: By set and scale, and by the paper's name of the method.
        figures: Title, caption and file of each figure.
        course: How the network of Figure 1 was trained; None: there is none.
    """
    paper = shop.paper
    cores = usable_cores()
    machine = f"{platform.machine()}, {cores} {'core' if cores == 1 else 'cores'}"
    lead = [
        f"{paper.title}, and what srcnn-cli {__version__} measures on this machine ({machine}).",
        f"Protocol {SRCNN.describe()}. Differences are measured minus published, in dB.",
        paper.remark,
    ]
    sections = [
        means(shop, results, course),
        *(pictures(table, results) for table in paper.tables),
        times(shop, results),
        trainings(shop, course),
    ]
    for title, caption, path in figures:
        sections.append(Section(title, figure=path, caption=caption))
    printed = printed_only(shop)
    if printed.rows:
        sections.append(printed)
    return Document(paper.title.rsplit(": ", 1)[-1], [line for line in lead if line], sections)


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
            columns = range(1, len(section.header))
            lines.append(
                "|---|" + "".join("---|" if c in section.words else "---:|" for c in columns)
            )
            lines += ["| " + " | ".join(row) + " |" for row in section.rows]
            lines.append("")
        if section.figure is not None:
            path = section.figure.relative_to(folder).as_posix()
            lines += [f"![{section.caption}]({path})", "", section.caption, ""]
    return "\n".join(lines)
