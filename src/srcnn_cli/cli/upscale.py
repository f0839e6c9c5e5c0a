"""`srcnn upscale`: enlarge files and folders."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srcnn_cli.cli import _progress, _terminal
from srcnn_cli.cli._options import (
    BorderOption,
    DeviceOption,
    JsonOption,
    OverwriteOption,
    PrecisionOption,
    QuietOption,
    TileOption,
    parse_border,
    parse_path,
    parse_precision,
)
from srcnn_cli.errors import ModelError, SrcnnError, UsageError
from srcnn_cli.process import check_address_space

if TYPE_CHECKING:
    from collections.abc import Sequence

    from srcnn_cli.upscaling.jobs import Job
    from srcnn_cli.upscaling.one_file import Done, Task
    from srcnn_cli.upscaling.upscaler import Upscaler


def upscale(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="INPUT", help="Pictures, or folders of pictures.", parser=parse_path
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A file, a folder, or a template such as {stem}.big{ext} "
            "(default: beside each input). The extension chooses the format.",
            parser=parse_path,
        ),
    ] = None,
    scale: Annotated[float, typer.Option("--scale", "-s", help="Factor, 1 to 16.")] = 3,
    model: Annotated[
        str,
        typer.Option("--model", "-m", help="A name from `srcnn models`, or a .safetensors file."),
    ] = "srcnn-9-1-5",
    device: DeviceOption = "auto",
    tile: TileOption = 0,
    border: BorderOption = None,
    precision: PrecisionOption = "float32",
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Look into subfolders too.")
    ] = False,
    overwrite: OverwriteOption = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave files that exist, without an error.")
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
    quality: Annotated[int, typer.Option(min=1, max=100, help="Of JPEG and WebP.")] = 95,
    subsampling: Annotated[str, typer.Option(help="Of colour in JPEG: 444, 422 or 420.")] = "444",
    compression: Annotated[
        int, typer.Option(min=0, max=9, help="Effort for PNG and TIFF; never changes a pixel.")
    ] = 1,
    background: Annotated[
        str | None,
        typer.Option(help="Colour behind transparent pixels, such as '#ffffff', for JPEG."),
    ] = None,
    max_pixels: Annotated[
        int, typer.Option(min=1, help="Refuse pictures larger than this, in or out.")
    ] = 500_000_000,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Enlarge pictures with a super-resolution network.

    Colour pictures, grey ones, 16 bits and transparency stay what they are. Nothing is
    overwritten unasked, and a file is written complete or not at all.
    """
    check_address_space()
    from srcnn_cli.cli._options import parse_background
    from srcnn_cli.files import remove_abandoned
    from srcnn_cli.pictures.writing import SUBSAMPLINGS
    from srcnn_cli.upscaling.jobs import plan_jobs
    from srcnn_cli.upscaling.one_file import Task
    from srcnn_cli.upscaling.stages import target_size
    from srcnn_cli.upscaling.upscaler import Upscaler

    policy, numbers = parse_border(border), parse_precision(precision)
    if subsampling not in SUBSAMPLINGS:
        raise UsageError(f"unknown subsampling {subsampling!r}: use {', '.join(SUBSAMPLINGS)}")
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
    report = _Report(json=json, quiet=quiet, count=len(jobs), passed_over=passed_over)
    if skip_existing:
        missing = []
        for job in jobs:
            if job.target.exists():
                report.skipped(job)
            else:
                missing.append(job)
        jobs = missing
    if dry_run:
        for job in jobs:
            report.planned(job, task)
        return
    if output is not None:
        _make_folders(jobs, output)
    for folder in {job.target.parent for job in jobs}:
        remove_abandoned(folder)
    _work(
        jobs,
        task,
        Upscaler(model, device=device, tile=tile, border=policy, precision=numbers),
        report,
        fail_fast=fail_fast,
    )
    report.summary()
    if report.code:
        raise typer.Exit(report.code)


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
    report: _Report,
    *,
    fail_fast: bool,
) -> None:
    from srcnn_cli.upscaling.one_file import open_file, upscale_file

    visible = not report.quiet and not report.json
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
            except (ModelError, UsageError):
                raise  # no other file would fare better
            except Exception as error:  # even a bug of ours stops one file only
                what = f"internal error: {type(error).__name__}: {error}"
                failure = error if isinstance(error, SrcnnError) else SrcnnError(what, job.source)
                if report.count == 1:
                    report.note_failure(job, failure)
                    raise
                report.failed(job, failure)
                if fail_fast:
                    break
            else:
                report.done(job, done, upscaler, load_seconds)


class _Report:
    """Says what happened, to people or to programs, and keeps count."""

    def __init__(self, *, json: bool, quiet: bool, count: int, passed_over: int) -> None:
        self.json, self.quiet, self.count = json, quiet, count
        self.code = 0
        self._passed_over = passed_over
        self._numbers = {"done": 0, "skipped": 0, "failed": 0}
        self._started = time.perf_counter()

    def done(self, job: Job, done: Done, upscaler: Upscaler, load_seconds: float) -> None:
        self._numbers["done"] += 1
        for note in done.notes:
            self._warn(job.source, note)
        timing = done.timing
        if self.json:
            _terminal.print_json_line(
                {
                    "status": "done",
                    "input": str(job.source),
                    "output": str(job.target),
                    "input_size": done.input_size,
                    "output_size": done.output_size,
                    "model": upscaler.model,
                    "weights": [stage.scale for stage in done.stages],
                    "border": upscaler.border_of(done.stages),
                    "device": upscaler.device,
                    "precision": upscaler.precision,
                    "tile": done.tile,
                    "seconds": {
                        "load": round(load_seconds, 4),
                        "read": round(done.read, 4),
                        "prepare": round(timing.prepare, 4),
                        "network": round(timing.network, 4),
                        "merge": round(timing.merge, 4),
                        "write": round(done.write, 4),
                        "total": round(load_seconds + done.total, 4),
                        "bicubic": round(timing.bicubic, 4),
                    },
                    "peak_memory_mb": _terminal.peak_memory_mb(),
                    "notes": done.notes,
                }
            )
        elif not self.quiet:
            (width, height), (new_width, new_height) = done.input_size, done.output_size
            _terminal.say(
                f"{job.target}  {width}×{height} → {new_width}×{new_height}  "
                f"{_seconds(done.total)} (read {_seconds(done.read)}, "
                f"prepare {_seconds(timing.prepare)}, network {_seconds(timing.network)}, "
                f"merge {_seconds(timing.merge)}, write {_seconds(done.write)}; "
                f"bicubic alone {_seconds(timing.bicubic)})"
            )

    def planned(self, job: Job, task: Task) -> None:
        if self.json:
            _terminal.print_json_line(
                {"status": "planned", "input": str(job.source), "output": str(job.target)}
            )
        else:
            exists = " (exists)" if job.target.exists() and not task.overwrite else ""
            _terminal.say(f"{job.source} → {job.target}{exists}")

    def skipped(self, job: Job) -> None:
        self._numbers["skipped"] += 1
        if self.json:
            _terminal.print_json_line(
                {"status": "skipped", "input": str(job.source), "output": str(job.target)}
            )

    def note_failure(self, job: Job, error: SrcnnError) -> None:
        """For programs: an object on stdout beside the line on stderr."""
        if self.json:
            _terminal.print_json_line(
                {
                    "status": "failed",
                    "input": str(job.source),
                    "output": str(job.target),
                    "error": error.reason,
                    "exit_code": error.exit_code,
                }
            )

    def failed(self, job: Job, error: SrcnnError) -> None:
        self._numbers["failed"] += 1
        self.code = 1
        self.note_failure(job, error)
        _terminal.print_error(error)

    def summary(self) -> None:
        if self.quiet or self.json or self.count + self._passed_over < 2:
            return
        parts = [f"{number} {what}" for what, number in self._numbers.items()]
        if self._passed_over:
            parts.append(f"{self._passed_over} not taken (no pictures, or results of other files)")
        elapsed = _seconds(time.perf_counter() - self._started)
        _terminal.note(f"{', '.join(parts)} in {elapsed}")

    def _warn(self, path: Path, note: str) -> None:
        if not self.quiet and not self.json:
            _terminal.warn(path, note)


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
