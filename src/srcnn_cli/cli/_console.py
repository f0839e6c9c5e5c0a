"""Tables and bars on a terminal; the only importer of rich. Lines need none: see `_terminal`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from srcnn_cli.cli._terminal import bar_aside, reader_gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.console import JustifyMethod

_T = TypeVar("_T")
_WIDE = 100  # columns; in fewer, a bar has room for its share and the time left only

__all__ = ["escape", "fits", "in_parts", "make_progress", "out", "print_table", "table"]


class _Stdout(Console):
    def print(self, *objects: Any, **how: Any) -> None:  # noqa: ANN401 - what rich takes
        with bar_aside():
            super().print(*objects, **how)

    def on_broken_pipe(self) -> None:
        reader_gone()


out = _Stdout(highlight=False, soft_wrap=True, emoji=False)


def make_progress(label: str, *, counted: bool, in_units: bool = True) -> Progress:
    """What `_progress.ProgressBar` shows.

    Args:
        label: What is being done.
        counted: How much there is to do is known.
        in_units: What is counted is something that people count: files, not pixels.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
    wide = console.width >= _WIDE
    share = (TaskProgressColumn(),) if counted else ()
    numbers = (MofNCompleteColumn(),) if counted and wide and in_units else ()
    elapsed = (TimeElapsedColumn(),) if wide or not counted else ()
    left = (TextColumn("left"), TimeRemainingColumn()) if counted else ()
    return Progress(
        TextColumn(label),
        BarColumn(40 if wide else 20),
        *share,
        *numbers,
        *elapsed,
        *left,
        TextColumn("{task.description}"),
        console=console,
        transient=True,
        redirect_stdout=False,  # it would go to stderr; lines there make the bar step aside
    )


def print_table(table: Table) -> None:
    """Print a table: figures must not be cut where stdout is narrow or a pipe, words may break.

    On a terminal the text in the last column is broken where that makes it fit. Otherwise the table
    is as wide as it is.
    """
    room = out.measure(table, options=out.options.update(width=10_000))
    breaks = out.is_terminal and room.minimum <= out.width
    if room.maximum > out.width and not breaks:
        table.width = room.maximum
    out.print(table, crop=False, soft_wrap=not breaks)


def fits(table: Table) -> bool:
    """Whether a table is no wider than the terminal; what is no terminal takes any."""
    wide = out.options.update(width=10_000)
    return not out.is_terminal or out.measure(table, options=wide).maximum <= out.width


def in_parts(items: Sequence[_T], table: Callable[[Sequence[_T]], Table]) -> list[Sequence[_T]]:
    """Neighbours that fit together into a table.

    Args:
        items: What the columns are made of.
        table: Makes the table of some of them.
    """
    parts: list[Sequence[_T]] = []
    start = 0
    for stop in range(2, len(items) + 1):
        if not fits(table(items[start:stop])):
            parts.append(items[start : stop - 1])
            start = stop - 1
    return [*parts, items[start:]]


def table(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]) -> Table:
    """A table; ``columns`` are (heading, "left" or "right")."""
    result = Table(box=None, padding=(0, 2, 0, 0))
    for index, (heading, justify) in enumerate(columns):
        side: JustifyMethod = "right" if justify == "right" else "left"
        # Figures stay whole; what a narrow terminal breaks is the text in the last column.
        last = index == len(columns) - 1
        result.add_column(heading, justify=side, no_wrap=not last, overflow="fold")
    for row in rows:
        result.add_row(*row)
    return result
