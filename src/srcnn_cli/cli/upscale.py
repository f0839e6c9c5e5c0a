"""`srcnn upscale`: enlarge files and folders, and what comes through a pipe."""

from __future__ import annotations

from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from srcnn_cli.cli import _progress, _terminal
from srcnn_cli.cli import _upscale_options as options
from srcnn_cli.cli._options import (
    BorderOption,
    DeviceOption,
    EngineOption,
    JsonOption,
    OverlapOption,
    OverwriteOption,
    PrecisionChoiceOption,
    QuietOption,
    ThreadsOption,
    TileOption,
)
from srcnn_cli.cli._upscale_report import Reporter
from srcnn_cli.errors import ModelError, SrcnnError, UsageError
from srcnn_cli.models.config import DEFAULT_MODEL
from srcnn_cli.process import check_address_space
from srcnn_cli.remote import existing, is_remote
from srcnn_cli.streams import STANDARD, check_stdout, is_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from srcnn_cli.upscaling.jobs import Job
    from srcnn_cli.upscaling.run import Outcome

    Start = Callable[[Callable[[int, Sequence[float]], object]], Generator[Outcome]]
    from srcnn_cli.upscaling.upscaler import Upscaler

EXAMPLES = """\
srcnn upscale photo.jpg                       three times larger: photo_x3.jpg
srcnn upscale holidays/ -r -s 2 -o large/     a folder and all below it
srcnn upscale photo.jpg --width 3840 -f png   as wide as a screen, as a PNG
cat a.jpg | srcnn upscale - -f png > a.png    in a pipe
"""


def upscale(
    inputs: options.InputsArgument,
    output: options.OutputOption = None,
    scale: options.ScaleOption = None,
    width: options.WidthOption = None,
    height: options.HeightOption = None,
    max_side: options.MaxSideOption = None,
    max_pixels_out: options.MaxPixelsOutOption = None,
    model: options.ModelOption = DEFAULT_MODEL,
    restore: options.RestoreOption = "auto",
    device: DeviceOption = "auto",
    tile: TileOption = 0,
    overlap: OverlapOption = None,
    border: BorderOption = None,
    precision: PrecisionChoiceOption = "float32",
    self_ensemble: options.SelfEnsembleOption = False,
    engine: EngineOption = "auto",
    threads: ThreadsOption = 0,
    at_once: options.AtOnceOption = None,
    recursive: options.RecursiveOption = False,
    overwrite: OverwriteOption = False,
    skip_existing: options.SkipExistingOption = False,
    fail_fast: options.FailFastOption = False,
    dry_run: options.DryRunOption = False,
    all_frames: options.AllFramesOption = False,
    strict: options.StrictOption = False,
    accept_damaged: options.AcceptDamagedOption = False,
    strip: options.StripOption = False,
    format_: options.FormatOption = None,
    quality: options.QualityOption = None,
    subsampling: options.SubsamplingOption = "444",
    compression: options.CompressionOption = 1,
    background: options.BackgroundOption = None,
    max_pixels: options.MaxPixelsOption = 500_000_000,
    raw: options.RawOption = None,
    ray: options.RayOption = None,
    json: JsonOption = False,
    verbose: options.VerboseOption = False,
    quiet: QuietOption = False,
    log_file: options.LogFileOption = None,
) -> None:
    """Enlarge pictures with a super-resolution network.

    Nothing is overwritten unless --overwrite says so.
    """
    check_address_space()
    from srcnn_cli.cli._options import parse_background
    from srcnn_cli.threads import set_threads
    from srcnn_cli.upscaling.jobs import plan_jobs
    from srcnn_cli.upscaling.restoring import OFF, Restore, parse_restore
    from srcnn_cli.upscaling.sizes import chosen_size
    from srcnn_cli.upscaling.task import Task
    from srcnn_cli.upscaling.upscaler import Upscaler

    _terminal.log_to(log_file)
    if threads:
        set_threads(threads)
    # A size out of range is refused before anything else.
    size = chosen_size(scale, width, height, max_side, max_pixels_out)
    how: dict[str, Any] = {
        "tile": tile,
        "border": border,
        "precision": precision,
        "engine": engine,
        "overlap": overlap,
        "self_ensemble": self_ensemble,
    }
    upscaler = Upscaler(model, device=device, **how)
    damage = parse_restore(restore)
    if raw is not None:
        if ray is not None:
            raise UsageError("--raw and --ray: the frames of one video stay on one machine")
        from srcnn_cli.cli._upscale_raw import upscale_raw

        upscale_raw(
            raw,
            inputs,
            output,
            size,
            upscaler,
            max_pixels=max_pixels,
            overwrite=overwrite,
            quiet=quiet,
            json=json,
        )
        return
    task = Task(
        size=size,
        restore=damage if damage.chain or upscaler.can_restore else Restore(OFF),
        overwrite=overwrite,
        strict=strict,
        accept_damaged=accept_damaged,
        strip=strip,
        quality=quality,
        compression=compression,
        subsampling=subsampling,
        background=parse_background(background) if background else None,
        max_pixels=max_pixels,
        all_frames=all_frames,
    )
    jobs, passed_over = plan_jobs(
        inputs,
        output,
        size.scale,
        recursive=recursive,
        size=size.label,
        extension=options.EXTENSIONS[format_] if format_ else None,
        all_frames=all_frames,
    )
    reporter = Reporter(
        json=json,
        quiet=quiet,
        verbose=verbose,
        count=len(jobs),
        passed_over=passed_over,
        stdout_taken=any(job.target == STANDARD for job in jobs),
    )
    if skip_existing:
        jobs = _without_existing(jobs, reporter)
    if dry_run:
        reporter.plan(jobs, task)
        return
    _prepare_targets(jobs, output)
    if ray is None:
        from srcnn_cli.upscaling.run import run_jobs

        at_once = 1 if fail_fast else at_once
        start: Start = partial(run_jobs, jobs, task, upscaler, at_once=at_once)
    else:
        from srcnn_cli.cli._upscale_ray import on_ray

        start = on_ray(ray, jobs, task, model, device=device, how=how)
    _work(start, jobs, upscaler, reporter, fail_fast=fail_fast)
    reporter.summary()
    if device == "auto" and ray is None:
        reporter.unused_gpu()
    if reporter.code:
        raise typer.Exit(reporter.code)


def _without_existing(jobs: Sequence[Job], reporter: Reporter) -> list[Job]:
    """The jobs whose results are not there yet."""
    there = existing(job.target for job in jobs)
    missing = []
    for job in jobs:
        if is_remote(job.target):
            exists = job.target in there
        else:
            exists = job.target.exists() and not is_stream(job.target)
        if exists:
            reporter.skipped(job)
        else:
            missing.append(job)
    return missing


def _prepare_targets(jobs: Sequence[Job], output: Path | None) -> None:
    """Make the output folder that was asked for; a folder for a single output file must exist."""
    from srcnn_cli.files import make_folder, remove_abandoned

    if any(job.target == STANDARD for job in jobs):
        check_stdout()
    folders = {job.target.parent for job in jobs if not is_stream(job.target)}
    if output is not None and all(job.target != output for job in jobs):
        for folder in folders:
            make_folder(folder)
    for folder in folders:
        if not is_remote(folder):
            remove_abandoned(folder)


def _work(
    start: Start,
    jobs: Sequence[Job],
    upscaler: Upscaler,
    reporter: Reporter,
    *,
    fail_fast: bool,
) -> None:
    visible = not reporter.quiet and not reporter.json
    work = _workloads(jobs, visible=visible)
    with (
        _progress.ProgressBar(
            "upscaling", sum(work), visible=visible, after=1.0, in_units=False
        ) as bar,
        ExitStack() as stack,
    ):

        def show(number: int, shares: Sequence[float]) -> None:
            done = sum(share * own for share, own in zip(shares, work, strict=True))
            bar.update(done, f"{number + 1} of {len(jobs)}" if len(jobs) > 1 else "")

        for outcome in stack.enter_context(closing(start(show))):
            job, error = outcome.job, outcome.error
            if outcome.done is not None:
                reporter.done(outcome, outcome.done, upscaler)
                continue
            if isinstance(error, (ModelError, UsageError, ModuleNotFoundError)):
                raise error  # no other file would fare better
            if isinstance(error, BrokenPipeError):  # `srcnn upscale a.png -o - | true`
                _terminal.reader_gone()
            # Even a bug of ours stops one file only.
            what = f"internal error: {type(error).__name__}: {error}"
            failure = error if isinstance(error, SrcnnError) else SrcnnError(what, job.source)
            if error is not None and reporter.count == 1:
                reporter.note_failure(job, failure)
                raise error
            reporter.failed(job, failure)
            if fail_fast:
                break


def _workloads(jobs: Sequence[Job], *, visible: bool) -> list[float]:
    """The share of each file in all the work: its pixels, if somebody sees the bar."""
    if len(jobs) > 1 and visible and _progress.can_be_seen():
        from srcnn_cli.upscaling.workload import workloads

        return workloads([job.source for job in jobs])
    return [1.0] * len(jobs)
