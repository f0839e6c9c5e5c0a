"""How the command looks on a terminal; the only importer of rich.

Results go to stdout, everything else (progress, warnings) to stderr, so that pipes stay clean.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import JustifyMethod

__all__ = [
    "err", "escape", "in_words", "out", "peak_memory_mb", "print_error", "print_json",
    "print_json_line", "progress_bar", "table", "warn",
]  # fmt: skip

_LONGEST_LIST = 6

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def warn(path: object, note: str) -> None:
    """One line on stderr that does not stop the work."""
    err.print(f"warning: {path}: {note}", markup=False, style="yellow")


def print_error(error: Exception) -> None:
    """The one line that a failure gets."""
    err.print(f"error: {' '.join(str(error).split())}", markup=False)


def print_json(values: Iterable[object]) -> None:
    """An array, indented."""
    out.print(json.dumps(list(values), indent=2, ensure_ascii=False), markup=False)


def print_json_line(value: object) -> None:
    """One object on a line of its own, flushed, so that a reader sees it as soon as it is true."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def peak_memory_mb() -> float | None:
    """The largest amount of memory that this process has held so far, if the system tells."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)


def progress_bar(
    label: str, *, visible: bool = True, counted: bool = True, after: float = 0.0
) -> Progress:
    """A progress bar with the time left; shows nothing where stderr is no terminal.

    Args:
        label: What is being done.
        visible: Show it at all.
        counted: How much there is to do is known; else only a sign of life is shown.
        after: Seconds until it appears, so that short work does not flash: with the next call of
            its ``start``.
    """
    share = (TaskProgressColumn(), MofNCompleteColumn()) if counted else ()
    left = (TextColumn("left"), TimeRemainingColumn()) if counted else ()
    bar = _LateProgress(
        TextColumn(label),
        BarColumn(),
        *share,
        TimeElapsedColumn(),
        *left,
        TextColumn("{task.description}"),
        console=err,
        transient=True,
        disable=not visible or not sys.stderr.isatty(),
    )
    bar.due = time.monotonic() + after
    return bar


class _LateProgress(Progress):
    """Starts not before ``due``, a time of `time.monotonic`."""

    due = 0.0

    def start(self) -> None:
        """Appear, if it is time to, and if it has not yet."""
        if time.monotonic() >= self.due:
            super().start()


def in_words(value: object) -> str:
    """A setting's value: yes and no, numbers without idle zeros, lists joined or counted."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        if len(value) > _LONGEST_LIST:
            return f"{value[0]} ({len(value)} times)"
        return "-".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else f"{value}"


def print_table(table: Table) -> None:
    """Print a table as wide as it is: figures must not be cut where stdout is narrow or a pipe."""
    natural = out.measure(table, options=out.options.update(width=10_000)).maximum
    if natural > out.width:
        table.width = natural
    out.print(table, crop=False)


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
