"""A part of a reproduction's document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Between the figures of one cell; in the place of one that there is not.
_BETWEEN, NOTHING = " · ", "–"


@dataclass(frozen=True)
class Section:
    """A part of the document.

    Attributes:
        title: Its heading.
        paragraphs: Plain text, above table and figure.
        header: Of the table; empty: there is none.
        rows: Of the table; the first cell of each is a name.
        words: The numbers of the columns that hold words, not figures.
        figure: A PNG.
        caption: Of the figure, which also stands for it where it cannot be seen.
    """

    title: str
    paragraphs: list[str] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    words: tuple[int, ...] = ()
    figure: Path | None = None
    caption: str = ""


def joined(*figures: str) -> str:
    """Several figures in one cell."""
    return _BETWEEN.join(figures)


def parts(cell: str) -> list[str]:
    """The inverse of `joined`."""
    return cell.split(_BETWEEN)
