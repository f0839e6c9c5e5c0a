"""A bar while something takes long."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from srcnn_cli.cli._terminal import bars_shown

if TYPE_CHECKING:
    from rich.progress import Progress
    from typing_extensions import Self


def can_be_seen() -> bool:
    """Whether somebody sees stderr."""
    return sys.stderr.isatty()


class ProgressBar:
    """A bar on stderr with the time left, erased at the end; nothing where that is no terminal.

    Args:
        label: What is being done.
        total: How much there is to do; None: not known, so only a sign of life is shown.
        completed: How much of that is done already.
        visible: Show it at all.
        in_units: What is counted is something that people count: files, not pixels.
        later: How much there is to do becomes known later, by `update`.
        after: Seconds until it appears, with the next call, so that short work does not flash.
    """

    def __init__(
        self,
        label: str,
        total: float | None,
        *,
        completed: float = 0,
        visible: bool = True,
        after: float = 0.0,
        in_units: bool = True,
        later: bool = False,
    ) -> None:
        self._label, self._total, self._completed = label, total, completed
        self._text = ""
        self._in_units, self._later = in_units, later
        self._wanted = visible and can_be_seen()
        self._due = time.monotonic() + after
        self._rich: Progress | None = None

    def __enter__(self) -> Self:
        self._show()
        return self

    def __exit__(self, *_: object) -> None:
        if self._rich is not None:
            self._rich.stop()
        bars_shown.clear()

    def advance(self) -> None:
        """One more is done."""
        self.update(self._completed + 1)

    def update(
        self, completed: float, text: str | None = None, *, total: float | None = None
    ) -> None:
        """Say how much is done, what to show beside it, and how much there is to do at all."""
        self._completed = completed
        self._total = self._total if total is None else total
        self._text = self._text if text is None else text
        self._show()

    def _show(self) -> None:
        if not self._wanted or time.monotonic() < self._due:
            return
        if self._rich is None:
            from srcnn_cli.cli import _console

            self._rich = _console.make_progress(
                self._label, counted=self._later or self._total is not None, in_units=self._in_units
            )
            self._task = self._rich.add_task("", total=self._total)
            self._rich.start()
            bars_shown.append(self._rich)
        self._rich.update(
            self._task, completed=self._completed, description=self._text, total=self._total
        )
