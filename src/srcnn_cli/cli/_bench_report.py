"""What `srcnn bench` shows and writes: lines while it measures, tables, documents, a plot."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from srcnn_cli.cli import _terminal
from srcnn_cli.process import peak_memory_mb

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.table import Table

    from srcnn_cli.evaluation.benchmark import Average, Record
    from srcnn_cli.evaluation.judging import Judged
    from srcnn_cli.evaluation.published import Figure
    from srcnn_cli.evaluation.report import Setting


class LiveTable:
    """The table of a measurement, printed line by line; a block for each picture where it is wide.

    Args:
        setting: What is measured.
    """

    def __init__(self, setting: Setting) -> None:
        self._names = [str(method["name"]) for method in setting.methods]
        cell = " / ".join("00.00" if name == "psnr" else "0.0000" for name in setting.metrics)
        dataset = setting.dataset or setting.folder.name
        _terminal.say_paragraph(
            f"{dataset} ×{setting.scale}, protocol {setting.protocol.describe()}"
        )
        self._widths = [max(7, *map(len, setting.sizes))]
        self._widths += [max(len(name), len(cell)) for name in self._names]
        room = _terminal.width_of_lines(on_stderr=False)
        self._in_blocks = room is not None and sum(w + 2 for w in self._widths) - 2 > room
        if self._in_blocks:
            self._widths = [max(map(len, self._names)) + 2, len(cell)]
        else:
            self._line("", *self._names)

    def _line(self, first: str, *cells: str) -> None:
        widths = self._widths[1:]
        padded = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
        _terminal.say("  ".join([first.ljust(self._widths[0]), *padded]))

    def show(self, records: Sequence[Record]) -> None:
        """Print the figures of every method on a picture."""
        from srcnn_cli.evaluation.report import format_metric

        cells = [
            " / ".join(format_metric(name, value) for name, value in record.metrics.items())
            for record in records
        ]
        if not self._in_blocks:
            self._line(records[0].image, *cells)
            return
        _terminal.say(records[0].image)
        for name, cell in zip(self._names, cells, strict=True):
            self._line(f"  {name}", cell)


def show_averages(setting: Setting, records: Sequence[Record]) -> None:
    """Print the averages, and what the papers published beside them."""
    from srcnn_cli.cli import _console
    from srcnn_cli.evaluation.benchmark import average
    from srcnn_cli.evaluation.report import METRIC_TITLES, format_metric, published

    averages = average(records)
    metrics = list(averages[0].metrics)
    best = {name: max(a.metrics[name] for a in averages) for name in metrics}
    columns = [("average", "left"), *((METRIC_TITLES[m], "right") for m in metrics)]
    columns += [(t, "right") for t in ("prepare", "network", "total", "images/s", "MP/s")]
    rows = []
    for item in averages:
        cells = [
            f"[bold]{text}[/bold]" if item.metrics[m] == best[m] else text
            for m, text in ((m, format_metric(m, item.metrics[m])) for m in metrics)
        ]
        rows.append([_console.escape(item.method), *cells, *_speed(item)])
    _terminal.say()
    _console.print_table(_console.table(columns, rows))
    figures = published(setting)
    for metric in metrics:
        own = [figure for figure in figures if figure.metric == metric]
        if own:
            _show_published(own, averages, metric)


def _speed(item: Average) -> list[str]:
    """Times and rates; nothing of what another program made."""
    if item.steps is None:
        return [""] * 5
    times = (item.steps.prepare, item.steps.network, item.steps.total)
    rates = (item.images_per_second, item.megapixels_per_second)
    return [*(f"{value * 1000:.1f} ms" for value in times), *(f"{rate:.1f}" for rate in rates)]


def _show_published(figures: Sequence[Figure], averages: Sequence[Average], metric: str) -> None:
    """Published figures, and how far each measured method is above each of them.

    Where that does not fit into the terminal's width the methods have numbers for names, the papers
    stand above their figures, and the times are left to the other forms of the report.
    """
    from srcnn_cli.cli import _console
    from srcnn_cli.evaluation.report import METRIC_TITLES, format_difference, format_metric

    def figure_cells(figure: Figure, part: Sequence[Average]) -> list[str]:
        return [
            _console.escape(figure.method),
            format_metric(metric, figure.value),
            *(format_difference(metric, item.metrics[metric] - figure.value) for item in part),
        ]

    names = [_console.escape(item.method) for item in averages]
    columns = [("published", "left"), (METRIC_TITLES[metric], "right")]
    wide = [*columns, *((name, "right") for name in names), ("time", "right"), ("source", "left")]
    rows = [
        [
            *figure_cells(figure, averages),
            "" if figure.seconds is None else f"{figure.seconds:g} s",
            _source(figure),
        ]
        for figure in figures
    ]
    table = _console.table(wide, rows)
    if _console.fits(table):
        _console.print_table(table)
        return

    def narrow(part: Sequence[Average]) -> Table:
        numbers = [(str(averages.index(item) + 1), "right") for item in part]
        rows: list[list[str]] = []
        source = ""
        for figure in figures:
            if _source(figure) != source:
                source = _source(figure)
                rows.append([f"[dim]{source}[/dim]", *[""] * (1 + len(part))])
            name, *cells = figure_cells(figure, part)
            rows.append([f"  {name}", *cells])
        return _console.table([*columns, *numbers], rows)

    legend = ", ".join(f"{number} {name}" for number, name in enumerate(names, start=1))
    legend = f"{METRIC_TITLES[metric]} above the published by {legend}"
    _console.out.print("\n".join(textwrap.wrap(legend, _console.out.width)))
    for part in _console.in_parts(averages, narrow):
        _console.print_table(narrow(part))


def _source(figure: Figure) -> str:
    """The paper and its table; the authors are in the JSON."""
    return figure.source.split(", ", 1)[-1]


def show_other_protocols(judged: Sequence[Judged]) -> None:
    """Print the figures of other programs' results under every protocol."""
    from srcnn_cli.cli import _console
    from srcnn_cli.evaluation.report import format_metric

    if not judged:
        return
    protocols = list(judged[0].protocols)
    columns = [("results under", "left"), *((name, "right") for name in protocols)]
    rows = []
    for item in judged:
        cells = [
            "–" if metrics is None
            else " / ".join(format_metric(name, value) for name, value in metrics.items())
            for metrics in item.protocols.values()
        ]  # fmt: skip
        rows.append([_console.escape(item.name), *cells])
    _console.print_table(_console.table(columns, rows))


def show_circumstances(setting: Setting) -> None:
    """Print where it ran, and what memory it took."""
    from srcnn_cli.cli import _console

    memory = peak_memory_mb()
    where = f"{setting.device}, {setting.threads} threads"
    _console.out.print(f"{where}, peak memory {memory} MB", style="dim")


def render(format_: str, report: Mapping[str, Any]) -> str:
    """The report as ``json``, ``csv`` or ``md``."""
    from srcnn_cli.evaluation.report_forms import to_csv, to_json, to_markdown

    return {"json": to_json, "csv": to_csv, "md": to_markdown}[format_](report)


def write_report(path: Path, report: Mapping[str, Any], *, overwrite: bool) -> None:
    """Write the report in the form of the file's extension.

    Raises:
        OutputError: It cannot be written.
    """
    from srcnn_cli.files import write_atomically

    data = render(path.suffix.lower()[1:], report).encode()
    write_atomically(path, lambda file: file.write(data), overwrite=overwrite)


def write_plot(path: Path, setting: Setting, report: Mapping[str, Any], *, overwrite: bool) -> None:
    """Draw PSNR against time, the published figures beside the measured ones.

    Raises:
        OutputError: It cannot be written.
    """
    from srcnn_cli.evaluation.report import published
    from srcnn_cli.plotting.psnr_against_time import Point, plot_psnr_against_time

    points = [
        Point(row["method"], row["seconds"]["total"], row["psnr"], published=False)
        for row in report["averages"]
        if row["seconds"] is not None
    ]
    points += [
        Point(figure.method, figure.seconds, figure.value, published=True)
        for figure in published(setting)
        if figure.metric == "psnr" and figure.seconds
    ]
    dataset = setting.dataset or setting.folder.name
    title = f"{dataset} ×{setting.scale}, protocol {setting.protocol.name}"
    plot_psnr_against_time(points, title=title, path=path, overwrite=overwrite)
