"""`srcnn bench`: measure models on a test set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from srcnn_cli.cli._bench_checks import check_metrics, check_outputs
from srcnn_cli.cli._methods import Choice
from srcnn_cli.cli._options import (
    CONVENTION,
    BorderOption,
    DegradeOption,
    DeviceOption,
    IntegerScaleOption,
    JsonOption,
    ModelsOption,
    OverlapOption,
    OverwriteOption,
    PrecisionOption,
    TileOption,
    alternatives,
    parse_degrade,
)
from srcnn_cli.errors import UsageError
from srcnn_cli.evaluation.names import ColorSpace, ProtocolName
from srcnn_cli.models.config import DEFAULT_MODEL

Format = Literal["table", "md", "csv", "json"]

EXAMPLES = """\
srcnn bench Set5/ -s 3                        models that ship, and bicubic
srcnn bench Set5/ --results EDSR=theirs/      beside pictures of others
srcnn bench Set5/ --explain --claims 29.72    how somebody may have measured
"""


def bench(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="High-resolution pictures, such as Set5; of --explain also one picture.",
        ),
    ],
    scale: IntegerScaleOption = 3,
    model: ModelsOption = None,
    methods: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Interpolations, separated by commas: nearest, bilinear, lanczos; bicubic is "
            "always measured (default: bicubic alone).",
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
            help=f"What is compared instead: {alternatives(ColorSpace)}.",
            rich_help_panel=CONVENTION,
        ),
    ] = None,
    quantize_lr: Annotated[
        bool | None,
        typer.Option(
            help="Whether the low resolution is rounded to 8 bits.",
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
            help="Low-resolution pictures to take, paired by name.",
            rich_help_panel=CONVENTION,
        ),
    ] = None,
    degrade: DegradeOption = None,
    restore_levels: Annotated[
        bool,
        typer.Option(
            "--restore-levels",
            help="Gains of the models under a dozen kinds of damage.",
        ),
    ] = False,
    results: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FOLDER",
            help="Pictures that another program made, paired by name, to measure beside ours; may "
            "be given several times.",
        ),
    ] = None,
    border: BorderOption = None,
    self_ensemble: Annotated[
        bool,
        typer.Option(
            "--self-ensemble",
            help="Networks averaged over eight flips and turns, too.",
        ),
    ] = False,
    repeat: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Times are the median of so many."),
    ] = 1,
    device: DeviceOption = "auto",
    tile: TileOption = 0,
    overlap: OverlapOption = None,
    precision: PrecisionOption = "float32",
    format_: Annotated[
        Format,
        typer.Option(
            "--format",
            "-f",
            metavar="NAME",
            help=f"Print as {alternatives(Format)}.",
        ),
    ] = "table",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write a report, too: .json, .csv or .md.",
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
            help="Say what moves the PSNR of bicubic, of one --model or one of --results, under "
            "many conventions.",
        ),
    ] = False,
    claims: Annotated[
        str | None,
        typer.Option(
            metavar="DB",
            help="Find the conventions that give a PSNR such as 29.72.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Measure bicubic and the models on a test set, under a named protocol.

    A line is printed for every picture as it is done, then the averages with what the papers
    published beside them, if the folder is a set that they used.
    """
    from srcnn_cli.evaluation.protocol import PROTOCOLS

    if explain or claims is not None:
        from srcnn_cli.cli import _bench_explain

        given = {
            "--color": color, "--quantize-lr": quantize_lr, "--crop-border": crop_border,
            "--lr": low, "--degrade": degrade, "--output": output, "--plot": plot,
        }  # fmt: skip
        _bench_explain.check_alone(option for option, value in given.items() if value is not None)
        if format_ not in {"table", "json"}:
            raise UsageError("--explain prints a table, or JSON: --format json")
        choice = Choice(
            model or [], "", border, device, tile,
            precision=precision, ensemble=self_ensemble, overlap=overlap,
        )  # fmt: skip
        _bench_explain.run(
            folder, scale, protocol, choice, results or [], claims, json=json or format_ == "json"
        )
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
    from srcnn_cli.cli._bench_measure import Plan, run

    run(Plan(
        folder, low, results or [], scale, convention, names,
        Choice(
            model or None, f"{methods},bicubic", border, device, tile,
            precision=precision, ensemble=self_ensemble, overlap=overlap,
        ),
        repeat, "json" if json else format_, output, plot, overwrite,
    ))  # fmt: skip
