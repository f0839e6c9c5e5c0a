"""What `srcnn bench` shows and writes: lines while it measures, tables, documents, a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from srcnn_cli.cli import _terminal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.table import Table

    from srcnn_cli.evaluation.benchmark import Record
    from srcnn_cli.evaluation.explain import Outcome
    from srcnn_cli.evaluation.report import Setting


class LiveTable:
    """The table of a measurement, printed line by line."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._names = [str(method["name"]) for method in setting.methods]
        self._image_width = max(7, *(len(name) for name in setting.sizes))
        cell = " / ".join("00.00" if name == "psnr" else "0.0000" for name in setting.metrics)
        self._widths = [max(len(name), len(cell)) for name in self._names]
        dataset = setting.dataset or setting.folder.name
        _terminal.say(f"{dataset} ×{setting.scale}, {setting.protocol.describe()}")
        self._line("", self._names)

    def _line(self, first: str, cells: Sequence[str]) -> None:
        padded = [cell.rjust(width) for cell, width in zip(cells, self._widths, strict=True)]
        _terminal.say("  ".join([first.ljust(self._image_width), *padded]))

    def show(self, records: Sequence[Record]) -> None:
        """Print the line of a picture: the figures of every method."""
        from srcnn_cli.evaluation.report import format_metric

        cells = [
            " / ".join(format_metric(name, value) for name, value in record.metrics.items())
            for record in records
        ]
        self._line(records[0].image, cells)

    def averages(self, records: Sequence[Record]) -> None:
        """Print the averages, and what the papers published beside them."""
        from srcnn_cli.cli import _console
        from srcnn_cli.evaluation.benchmark import average
        from srcnn_cli.evaluation.report import METRIC_TITLES, format_metric, published

        averages = average(records)
        metrics = list(averages[0].metrics)
        best = {name: max(a.metrics[name] for a in averages) for name in metrics}
        figures = published(self._setting)
        columns = [("average", "left"), *((METRIC_TITLES[m], "right") for m in metrics)]
        columns += [(t, "right") for t in ("prepare", "network", "total", "images/s", "MP/s")]
        rows = []
        for item in averages:
            cells = [
                f"[bold]{text}[/bold]" if item.metrics[m] == best[m] else text
                for m, text in ((m, format_metric(m, item.metrics[m])) for m in metrics)
            ]
            times = (item.steps.prepare, item.steps.network, item.steps.total)
            cells += [f"{value * 1000:.1f} ms" for value in times]
            cells += [f"{item.images_per_second:.1f}", f"{item.megapixels_per_second:.1f}"]
            rows.append([_console.escape(item.method), *cells])
        _terminal.say()
        _console.print_table(_console.table(columns, rows))
        if figures:
            _console.print_table(_published_table(figures, averages, metrics))
        memory = _terminal.peak_memory_mb()
        where = f"{self._setting.device}, {self._setting.threads} threads"
        _console.out.print(f"{where}, peak memory {memory} MB", style="dim")


def _published_table(
    figures: Sequence[Any], averages: Sequence[Any], metrics: Sequence[str]
) -> Table:
    """Published figures, and how far the best measured method is above each."""
    from srcnn_cli.cli import _console
    from srcnn_cli.evaluation.report import METRIC_TITLES, format_metric

    best = {name: max(a.metrics[name] for a in averages) for name in metrics}
    bicubic = {a.method: a for a in averages}["bicubic"].metrics
    columns = [("published", "left")]
    for name in metrics:
        columns += [(METRIC_TITLES[name], "right"), ("ours", "right")]
    columns += [("time", "right"), ("source", "left")]
    rows: dict[tuple[str, str], list[str]] = {}
    for figure in figures:
        row = rows.setdefault(
            (figure.method, figure.source),
            [
                _console.escape(figure.method),
                *[""] * (2 * len(metrics)),
                "",
                figure.source.split(", ", 1)[-1],  # the authors are in the JSON
            ],
        )
        index = metrics.index(figure.metric)
        measured = bicubic if figure.method == "Bicubic" else best
        row[1 + 2 * index] = format_metric(figure.metric, figure.value)
        difference = measured[figure.metric] - figure.value
        row[2 + 2 * index] = f"{difference:+.{2 if figure.metric == 'psnr' else 4}f}"
        row[-2] = "" if figure.seconds is None else f"{figure.seconds:g} s"
    return _console.table(columns, rows.values())


def render(format_: str, report: Mapping[str, Any]) -> str:
    """The report as ``json``, ``csv`` or ``md``."""
    from srcnn_cli.evaluation.report import to_csv, to_json, to_markdown

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
    ]
    points += [
        Point(figure.method, figure.seconds, figure.value, published=True)
        for figure in published(setting)
        if figure.metric == "psnr" and figure.seconds
    ]
    title = f"{setting.dataset or setting.folder.name} ×{setting.scale}, {setting.protocol.name}"
    plot_psnr_against_time(points, title=title, path=path, overwrite=overwrite)


def show_effects(name: str, scale: int, outcomes: Sequence[Outcome]) -> None:
    """Print what each step of a convention moves."""
    from srcnn_cli.cli import _console
    from srcnn_cli.evaluation.explain import STEPS, effects

    _terminal.say(
        f"{name} ×{scale}, bicubic, as the SRCNN paper measures: {outcomes[0].psnr:.2f} dB. "
        "What each other choice moves:"
    )
    first = {step: choices[0] for step, choices in STEPS.items()}
    rows = [
        [
            effect.choice.step,
            f"{effect.base:+.2f} dB",
            f"{effect.mean:+.2f} dB",
            effect.choice.label,
        ]
        for effect in effects(outcomes)
        if effect.choice != first[effect.choice.step]
    ]
    columns = [("step", "left"), ("alone", "right"), ("on average", "right"), ("choice", "left")]
    _console.print_table(_console.table(columns, rows))
    values = [outcome.psnr for outcome in outcomes]
    _terminal.say(f"{len(outcomes)} combinations, from {min(values):.2f} to {max(values):.2f} dB")
