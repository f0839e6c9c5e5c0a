"""`srcnn bench`: measure models on a test set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from srcnn_cli.cli import _progress, _terminal
from srcnn_cli.cli._methods import Choice
from srcnn_cli.cli._options import (
    BorderOption,
    DeviceOption,
    IntegerScaleOption,
    ModelsOption,
    OverwriteOption,
    PrecisionOption,
    TileOption,
    alternatives,
)
from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.evaluation.names import ColorSpace, ProtocolName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from srcnn_cli.evaluation.benchmark import Record
    from srcnn_cli.evaluation.protocol import Protocol
    from srcnn_cli.evaluation.report import Setting
    from srcnn_cli.evaluation.sources import Source

Format = Literal["table", "md", "csv", "json"]

_CONVENTION = "Convention of the measurement"


def bench(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="Folder of high-resolution pictures, such as Set5; with --explain one picture.",
        ),
    ],
    scale: IntegerScaleOption = 3,
    model: ModelsOption = None,
    methods: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Interpolations to measure, separated by commas: nearest, bilinear, bicubic, "
            "lanczos. bicubic is always measured.",
        ),
    ] = "bicubic",
    metrics: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="What to measure, separated by commas: psnr, ssim, ms_ssim, ifc.",
        ),
    ] = "psnr,ssim",
    protocol: Annotated[
        ProtocolName,
        typer.Option(
            metavar="NAME",
            help=f"How pictures are reduced and compared: {alternatives(ProtocolName)}.",
            rich_help_panel=_CONVENTION,
        ),
    ] = "srcnn",
    color: Annotated[
        ColorSpace | None,
        typer.Option(
            metavar="NAME",
            help=f"What is compared, instead of the protocol's: {alternatives(ColorSpace)}.",
            rich_help_panel=_CONVENTION,
        ),
    ] = None,
    quantize_lr: Annotated[
        bool | None,
        typer.Option(
            help="Whether the low-resolution picture is rounded to 8 bits.",
            rich_help_panel=_CONVENTION,
        ),
    ] = None,
    crop_border: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Pixels to shave off each side.",
            rich_help_panel=_CONVENTION,
        ),
    ] = None,
    low: Annotated[
        Path | None,
        typer.Option(
            "--lr",
            metavar="FOLDER",
            help="Folder of given low-resolution pictures, paired by name.",
            rich_help_panel=_CONVENTION,
        ),
    ] = None,
    border: BorderOption = None,
    self_ensemble: Annotated[
        bool,
        typer.Option(
            "--self-ensemble",
            help="Measure each network once more, averaged over eight flips and turns.",
        ),
    ] = False,
    repeat: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="How often to measure times; the median counts."),
    ] = 1,
    device: DeviceOption = "auto",
    tile: TileOption = 0,
    precision: PrecisionOption = "float32",
    format_: Annotated[
        Format,
        typer.Option(
            "--format",
            "-f",
            metavar="NAME",
            help=f"What to print on stdout: {alternatives(Format)}.",
        ),
    ] = "table",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the report into this file, too: .json, .csv or .md.",
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw PSNR against time into this PNG file.")
    ] = None,
    overwrite: OverwriteOption = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Measure one picture under every convention, and say what moves its PSNR.",
        ),
    ] = False,
) -> None:
    """Measure bicubic and the models on a test set, under a named protocol.

    A line is printed for every picture as it is done, then the averages with what the papers
    published beside them, if the folder is a set that they used.
    """
    from srcnn_cli.evaluation.protocol import PROTOCOLS

    if explain:
        _explain(folder, scale)
        return
    convention = PROTOCOLS[protocol].changed(
        color=color, quantize_lr=quantize_lr, crop_border=crop_border
    )
    _check_outputs(output, plot, overwrite=overwrite)
    names = _check_metrics(metrics)
    if plot is not None and "psnr" not in names:
        raise UsageError("a plot is of PSNR against time: add psnr to --metrics")
    if low is not None:
        convention = replace(convention, name=f"{convention.name} (given-lr)", given_lr=True)
    _measure(
        folder, low, scale, convention, names,
        Choice(
            model or None, f"{methods},bicubic", border, device, tile,
            precision=precision, ensemble=self_ensemble,
        ),
        repeat, format_, output, plot, overwrite=overwrite,
    )  # fmt: skip


def _measure(
    folder: Path,
    low: Path | None,
    scale: int,
    protocol: Protocol,
    metrics: Sequence[str],
    choice: Choice,
    repeat: int,
    format_: str,
    output: Path | None,
    plot: Path | None,
    *,
    overwrite: bool,
) -> None:
    from srcnn_cli.engines.devices import cpu_cores
    from srcnn_cli.evaluation.benchmark import measure
    from srcnn_cli.evaluation.report import Setting, build_report
    from srcnn_cli.evaluation.sources import data_sha256, find_sources

    sources, passed_over = find_sources(folder, low)
    if passed_over:
        _terminal.warn(folder, f"{passed_over} files are no pictures and were passed over")
    methods = choice.make(scale)
    setting = Setting(
        folder=folder.resolve(),
        sizes=_sizes(sources),
        data_sha256=data_sha256(sources),
        scale=scale,
        protocol=protocol,
        metrics=metrics,
        repeat=repeat,
        device=choice.device,
        threads=cpu_cores(),
        methods=choice.described,
    )
    live = _Live(setting) if format_ == "table" else None
    records: list[Record] = []
    complete = False
    try:
        with _progress.ProgressBar("measuring", len(sources), visible=live is None) as bar:
            images = measure(
                sources, methods, scale=scale, protocol=protocol, metrics=metrics, repeat=repeat
            )
            for image in images:
                bar.advance()
                records += image
                if live:
                    live.show(image)
        complete = True
    finally:
        # What was measured before a failure is kept.
        if records:
            report = build_report(setting, records, complete=complete)
            if output is not None:
                _write(output, report, overwrite=overwrite)
    if live:
        live.averages(records)
    else:
        _terminal.say(_render(format_, report).removesuffix("\n"))
    for warning in report["warnings"]:
        _terminal.warn(folder, warning)
    if plot is not None:
        _plot(plot, setting, report, overwrite=overwrite)


def _sizes(sources: Sequence[Source]) -> dict[str, tuple[int, int]]:
    """(height, width) by name, from the headers; an unreadable file is reported in its turn."""
    from PIL import Image

    from srcnn_cli.pictures.formats import quiet

    sizes = {}
    for source in sources:
        try:
            with quiet(), Image.open(source.path) as image:
                sizes[source.name] = (image.height, image.width)
        except Exception:  # noqa: BLE001 - Pillow raises a dozen types
            sizes[source.name] = (0, 0)
    return sizes


class _Live:
    """The table of a run, line by line."""

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
        from srcnn_cli.evaluation.report import format_metric

        cells = [
            " / ".join(format_metric(name, value) for name, value in record.metrics.items())
            for record in records
        ]
        self._line(records[0].image, cells)

    def averages(self, records: Sequence[Record]) -> None:
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


def _render(format_: str, report: Mapping[str, Any]) -> str:
    from srcnn_cli.evaluation.report import to_csv, to_json, to_markdown

    return {"json": to_json, "csv": to_csv, "md": to_markdown}[format_](report)


def _check_metrics(text: str) -> list[str]:
    from srcnn_cli.evaluation.benchmark import METRICS

    names = [name.strip().replace("-", "_") for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in METRICS]
    if unknown or not names:
        raise UsageError(f"unknown metric {', '.join(unknown)!r}: use {', '.join(METRICS)}")
    return list(dict.fromkeys(names))


def _check_outputs(output: Path | None, plot: Path | None, *, overwrite: bool) -> None:
    """Found before an hour of measuring, not after it."""
    from srcnn_cli.errors import OutputError
    from srcnn_cli.files import check_writable

    for path, known in ((output, (".json", ".csv", ".md")), (plot, (".png",))):
        if path is None:
            continue
        if path.suffix.lower() not in known:
            raise OutputError(f"its extension must be {' or '.join(known)}", path)
        check_writable(path, overwrite=overwrite)


def _write(path: Path, report: Mapping[str, Any], *, overwrite: bool) -> None:
    from srcnn_cli.files import write_atomically

    data = _render(path.suffix.lower()[1:], report).encode()
    write_atomically(path, lambda file: file.write(data), overwrite=overwrite)


def _plot(path: Path, setting: Setting, report: Mapping[str, Any], *, overwrite: bool) -> None:
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


def _explain(path: Path, scale: int) -> None:
    from srcnn_cli.cli import _console
    from srcnn_cli.evaluation.explain import STEPS, effects, explain
    from srcnn_cli.pictures.reading import read_8bit

    try:
        outcomes = explain(read_8bit(path), scale)
    except UsageError as error:
        raise InputError(error.reason, path) from error
    _terminal.say(
        f"{path.name} ×{scale}, bicubic, as the SRCNN paper measures: {outcomes[0].psnr:.2f} dB. "
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
