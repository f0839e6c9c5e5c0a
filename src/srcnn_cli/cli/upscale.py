"""`srcnn upscale`: enlarge files and folders."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srcnn_cli.cli import _progress
from srcnn_cli.cli._completion import complete_model
from srcnn_cli.cli._options import (
    BorderOption,
    DeviceOption,
    JsonOption,
    OverwriteOption,
    PrecisionOption,
    QuietOption,
    TileOption,
    alternatives,
    parse_path,
)
from srcnn_cli.cli._upscale_report import Reporter
from srcnn_cli.errors import ModelError, SrcnnError, UsageError
from srcnn_cli.pictures.subsampling import Subsampling
from srcnn_cli.process import check_address_space

if TYPE_CHECKING:
    from collections.abc import Sequence

    from srcnn_cli.upscaling.jobs import Job
    from srcnn_cli.upscaling.one_file import Task
    from srcnn_cli.upscaling.upscaler import Upscaler


def upscale(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="INPUT", help="Picture files, or folders of them.", parser=parse_path
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="A file, a folder, or a template such as {stem}.big{ext} "
            "(default: beside each input). The extension chooses the format.",
            parser=parse_path,
        ),
    ] = None,
    scale: Annotated[
        float,
        typer.Option(
            "--scale", "-s", metavar="NUMBER", help="Factor of enlargement, from 1 to 16."
        ),
    ] = 3,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME",
            help="A name from `srcnn models`, a .safetensors file, or an interpolation: nearest, "
            "bilinear, bicubic or lanczos.",
            autocompletion=complete_model,
        ),
    ] = "srcnn-9-1-5",
    device: DeviceOption = "auto",
    tile: TileOption = 0,
    border: BorderOption = None,
    precision: PrecisionOption = "float32",
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Look into subfolders, too.")
    ] = False,
    overwrite: OverwriteOption = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave out inputs whose result exists already.")
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first file that fails.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse files that hold several pictures.")
    ] = False,
    accept_damaged: Annotated[
        bool,
        typer.Option("--accept-damaged", help="Take what there is of a damaged JPEG, and warn."),
    ] = False,
    strip: Annotated[
        bool, typer.Option("--strip", help="Do not copy EXIF, ICC profile and resolution.")
    ] = False,
    quality: Annotated[
        int, typer.Option(metavar="N", min=1, max=100, help="Quality of JPEG and WebP files.")
    ] = 95,
    subsampling: Annotated[
        Subsampling,
        typer.Option(
            metavar="NAME", help=f"Colour subsampling of JPEG: {alternatives(Subsampling)}."
        ),
    ] = "444",
    compression: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            max=9,
            help="Effort to make PNG and TIFF files smaller; no pixel changes.",
        ),
    ] = 1,
    background: Annotated[
        str | None,
        typer.Option(
            metavar="COLOUR",
            help="Colour to put behind transparent pixels where the format has none, "
            "such as '#ffffff'.",
        ),
    ] = None,
    max_pixels: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            help="Refuse pictures of more pixels than this, before or after enlarging.",
        ),
    ] = 500_000_000,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Enlarge pictures with a super-resolution network.

    Colour stays colour, grey stays grey, and 16 bits and transparency are kept. No file is
    overwritten unless --overwrite says so, and a file is written complete or not at all.
    """
    check_address_space()
    from srcnn_cli.cli._options import parse_background
    from srcnn_cli.files import remove_abandoned
    from srcnn_cli.upscaling.jobs import plan_jobs
    from srcnn_cli.upscaling.one_file import Task
    from srcnn_cli.upscaling.stages import target_size
    from srcnn_cli.upscaling.upscaler import Upscaler

    target_size(1, 1, scale)  # a factor out of range is refused before anything else
    task = Task(
        scale=scale,
        overwrite=overwrite,
        strict=strict,
        accept_damaged=accept_damaged,
        strip=strip,
        quality=quality,
        compression=compression,
        subsampling=subsampling,
        background=parse_background(background) if background else None,
        max_pixels=max_pixels,
    )
    jobs, passed_over = plan_jobs(inputs, output, scale, recursive=recursive)
    reporter = Reporter(json=json, quiet=quiet, count=len(jobs), passed_over=passed_over)
    if skip_existing:
        missing = []
        for job in jobs:
            if job.target.exists():
                reporter.skipped(job)
            else:
                missing.append(job)
        jobs = missing
    if dry_run:
        for job in jobs:
            reporter.planned(job, task)
        return
    if output is not None:
        _make_folders(jobs, output)
    for folder in {job.target.parent for job in jobs}:
        remove_abandoned(folder)
    _work(
        jobs,
        task,
        Upscaler(model, device=device, tile=tile, border=border, precision=precision),
        reporter,
        fail_fast=fail_fast,
    )
    reporter.summary()
    if reporter.code:
        raise typer.Exit(reporter.code)


def _make_folders(jobs: Sequence[Job], output: Path) -> None:
    """Make the output folder that was asked for; a folder for a single output file must exist."""
    from srcnn_cli.errors import OutputError

    if any(job.target == output for job in jobs):
        return
    for folder in {job.target.parent for job in jobs}:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot be made: {error.strerror}", folder) from error


def _work(
    jobs: Sequence[Job],
    task: Task,
    upscaler: Upscaler,
    reporter: Reporter,
    *,
    fail_fast: bool,
) -> None:
    from srcnn_cli.upscaling.one_file import open_file, upscale_file

    visible = not reporter.quiet and not reporter.json
    with _progress.ProgressBar("upscaling", len(jobs), visible=visible, after=1.0) as bar:
        for number, job in enumerate(jobs):

            def show(share: float, before: int = number) -> None:
                bar.update(before + share)

            show(0)
            try:
                opened = open_file(job, task)
                # Only now: a mistyped name should not wait for torch or the weights.
                started = time.perf_counter()
                upscaler.load(task.scale)
                load_seconds = time.perf_counter() - started
                done = upscale_file(opened, task, upscaler, show)
            except (ModelError, UsageError, ModuleNotFoundError):
                raise  # no other file would fare better
            except Exception as error:  # even a bug of ours stops one file only
                what = f"internal error: {type(error).__name__}: {error}"
                failure = error if isinstance(error, SrcnnError) else SrcnnError(what, job.source)
                if reporter.count == 1:
                    reporter.note_failure(job, failure)
                    raise
                reporter.failed(job, failure)
                if fail_fast:
                    break
            else:
                reporter.done(job, done, upscaler, load_seconds)
