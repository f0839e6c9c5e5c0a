"""`srcnn bench`: measure models on a test set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from srcnn_cli.cli import _bench_report, _progress, _terminal
from srcnn_cli.cli._bench_checks import check_metrics, check_outputs
from srcnn_cli.cli._methods import Choice
from srcnn_cli.cli._options import (
    CONVENTION,
    BorderOption,
    DegradeOption,
    DeviceOption,
    IntegerScaleOption,
    ModelsOption,
    OverwriteOption,
    PrecisionOption,
    TileOption,
    alternatives,
    parse_degrade,
)
from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.evaluation.names import ColorSpace, ProtocolName
from srcnn_cli.models.config import DEFAULT_MODEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from srcnn_cli.evaluation.benchmark import Record
    from srcnn_cli.evaluation.protocol import Protocol
    from srcnn_cli.evaluation.sources import Source

Format = Literal["table", "md", "csv", "json"]


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
            rich_help_panel=CONVENTION,
        ),
    ] = "srcnn",
    color: Annotated[
        ColorSpace | None,
        typer.Option(
            metavar="NAME",
            help=f"What is compared, instead of the protocol's: {alternatives(ColorSpace)}.",
            rich_help_panel=CONVENTION,
        ),
    ] = None,
    quantize_lr: Annotated[
        bool | None,
        typer.Option(
            help="Whether the low-resolution picture is rounded to 8 bits.",
            rich_help_panel=CONVENTION,
        ),
    ] = None,
    crop_border: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Pixels to shave off each side.",
            rich_help_panel=CONVENTION,
        ),
    ] = None,
    low: Annotated[
        Path | None,
        typer.Option(
            "--lr",
            metavar="FOLDER",
            help="Folder of given low-resolution pictures, paired by name.",
            rich_help_panel=CONVENTION,
        ),
    ] = None,
    degrade: DegradeOption = None,
    restore_levels: Annotated[
        bool,
        typer.Option(
            "--restore-levels",
            help="Measure what the models gain over bicubic under a dozen kinds of damage.",
        ),
    ] = False,
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
        color=color, quantize_lr=quantize_lr, crop_border=crop_border,
        degrade=parse_degrade(degrade, scale, needed=not restore_levels and low is None),
    )  # fmt: skip
    if restore_levels:
        from srcnn_cli.cli._bench_levels import bench_levels

        names = [name for name in methods.split(",") if name != "bicubic"]
        bench_levels(
            folder, scale, convention, model or [DEFAULT_MODEL], names, device,
            output=output, overwrite=overwrite,
        )  # fmt: skip
        return
    check_outputs(output, plot, overwrite=overwrite)
    names = check_metrics(metrics)
    if plot is not None and "psnr" not in names:
        raise UsageError("a plot shows PSNR against time: add psnr to --metrics")
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
    from srcnn_cli.evaluation.benchmark import measure
    from srcnn_cli.evaluation.report import Setting, build_report
    from srcnn_cli.evaluation.sources import data_sha256, find_sources
    from srcnn_cli.threads import crew

    sources, passed_over = find_sources(folder, low)
    _terminal.warn_passed_over(folder, passed_over)
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
        threads=crew().size,
        methods=choice.described,
    )
    live = _bench_report.LiveTable(setting) if format_ == "table" else None
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
                _bench_report.write_report(output, report, overwrite=overwrite)
    if live:
        live.averages(records)
    else:
        _terminal.say(_bench_report.render(format_, report).removesuffix("\n"))
    for warning in report["warnings"]:
        _terminal.warn(folder, warning)
    if plot is not None:
        _bench_report.write_plot(plot, setting, report, overwrite=overwrite)


def _sizes(sources: Sequence[Source]) -> dict[str, tuple[int, int]]:
    """(height, width) by name, from the headers; an unreadable file is reported in its turn."""
    from PIL import Image

    from srcnn_cli.pictures.quiet import quiet

    sizes = {}
    for source in sources:
        try:
            with quiet(), Image.open(source.path) as image:
                sizes[source.name] = (image.height, image.width)
        except Exception:  # noqa: BLE001 - Pillow raises a dozen types
            sizes[source.name] = (0, 0)
    return sizes


def _explain(path: Path, scale: int) -> None:
    from srcnn_cli.evaluation.explain import explain
    from srcnn_cli.pictures.reading import read_8bit

    try:
        outcomes = explain(read_8bit(path), scale)
    except UsageError as error:
        raise InputError(error.reason, path) from error
    _bench_report.show_effects(path.name, scale, outcomes)
