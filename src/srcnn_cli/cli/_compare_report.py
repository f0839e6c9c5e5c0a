"""What `srcnn compare` says: tables for people, JSON for programs."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from srcnn_cli.cli import _terminal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from srcnn_cli.comparison.compare import Comparison
    from srcnn_cli.errors import SrcnnError
    from srcnn_cli.evaluation.benchmark import Record


@dataclass
class Reporter:
    """Says what came out, to people or to programs."""

    json: bool
    quiet: bool
    failures: int = 0

    @property
    def lively(self) -> bool:
        return not self.json and not self.quiet

    def heading(self, title: str, conditions: str) -> None:
        if self.lively:
            _terminal.say_paragraph(f"{title}, {conditions}")

    def picture(self, path: Path, made: Comparison, outputs: Sequence[Path]) -> None:
        if self.json:
            _terminal.print_json_line(_as_json(path, made, outputs))
        elif not self.quiet:
            _terminal.say(f"\n{made.image}, {made.width}×{made.height} pixels")
            _print_table(made.records())
            for output in outputs:
                _terminal.say(str(output))

    def averages(self, pictures: Sequence[Sequence[Record]]) -> None:
        from srcnn_cli.evaluation.benchmark import average

        items = average([record for records in pictures for record in records])
        if self.json:
            rows = [{"method": item.method, **_figures(item)} for item in items]
            _terminal.print_json_line({"pictures": len(pictures), "averages": rows})
        elif not self.quiet:
            _terminal.say(f"\naverage of {len(pictures)}")
            _print_table(items)

    def failed(self, path: Path, error: SrcnnError) -> None:
        self.failures += 1
        if self.json:
            _terminal.print_json_line(
                {"status": "failed", "input": str(path), "error": error.reason,
                 "exit_code": error.exit_code}
            )  # fmt: skip
        _terminal.print_error(error)

    def passed_over(self, folder: Path, count: int) -> None:
        if self.lively:
            _terminal.warn_passed_over(folder, count)


def _print_table(items: Sequence[Any]) -> None:
    """Figures of records or averages; a long name makes a long line rather than a cut one."""
    from srcnn_cli.cli import _console
    from srcnn_cli.comparison.figures import format_figure, format_seconds

    metrics = list(items[0].metrics)
    best = {name: max(item.metrics[name] for item in items) for name in metrics}
    rows = [["method", *(name.upper() for name in metrics), "prepare", "network", "total"]]
    for item in items:
        figures = [format_figure(name, item.metrics[name]) for name in metrics]
        times = ["", "", ""]  # another program made it
        if item.steps is not None:
            steps = (item.steps.prepare, item.steps.network, item.steps.total)
            times = [*map(format_seconds, steps)]
        rows.append([item.method, *figures, *times])
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    stand_out = {
        (row, column)
        for column, name in enumerate(metrics, start=1)
        for row, item in enumerate(items, start=1)
        if len(items) > 1 and rows[row][column] == format_figure(name, best[name])
    }
    for index, row in enumerate(rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        cells = [
            f"[bold]{_console.escape(cell)}[/bold]"
            if (index, column) in stand_out
            else _console.escape(cell)
            for column, cell in enumerate(cells)
        ]
        _console.out.print("  ".join(cells))


def _as_json(path: Path, made: Comparison, outputs: Sequence[Path]) -> dict[str, Any]:
    request = made.request
    protocol = {**asdict(request.protocol), "description": request.protocol.describe()}
    return {
        "status": "done",
        "input": str(path),
        "outputs": [str(output) for output in outputs],
        "image": made.image,
        "size": [made.width, made.height],
        "scale": request.scale,
        "protocol": protocol if request.reference else None,
        "crops": [[c.left, c.top, c.width, c.height] for c in made.crops],
        "reduction": made.reduction,
        "methods": [{"method": r.method, **_figures(r)} for r in made.records()],
    }


def _figures(item: Any) -> dict[str, Any]:  # noqa: ANN401 - a record or an average
    """As in the JSON of `bench`; null where equal pictures have no finite PSNR."""
    figures = {k: round(v, 4) if math.isfinite(v) else None for k, v in item.metrics.items()}
    steps = item.steps
    if steps is None:
        return {**figures, "seconds": None}
    seconds = {"prepare": steps.prepare, "network": steps.network, "post": steps.merge}
    seconds["total"] = steps.total
    return {**figures, "seconds": {name: round(value, 5) for name, value in seconds.items()}}
