"""`srcnn upscale --raw`: frames of a video, from FFmpeg and back to it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, BinaryIO

from srcnn_cli.cli import _progress, _terminal
from srcnn_cli.errors import UsageError
from srcnn_cli.files import check_writable, write_atomically
from srcnn_cli.process import peak_memory_mb
from srcnn_cli.streams import STANDARD, check_stdin, check_stdout, is_stream, named, opened, sink
from srcnn_cli.upscaling.raw_frames import parse_raw, upscale_frames
from srcnn_cli.upscaling.stages import target_size

if TYPE_CHECKING:
    from pathlib import Path

    from srcnn_cli.upscaling.sizes import Size
    from srcnn_cli.upscaling.upscaler import Upscaler


def upscale_raw(
    raw: tuple[str, str],
    inputs: list[Path],
    output: Path | None,
    size: Size,
    upscaler: Upscaler,
    *,
    max_pixels: int,
    overwrite: bool,
    quiet: bool,
    json: bool,
) -> None:
    """Enlarge a stream of frames into another one.

    Raises:
        UsageError: The options do not say what the frames are, or there is more than one input.
        InputError: The input ends within a frame.
        OutputError: The output cannot be written.
    """
    frames = parse_raw(*raw)
    target = STANDARD if output is None else output
    if len(inputs) != 1:
        raise UsageError("--raw takes one input, such as - for standard input")
    source_name = named(inputs[0], "standard input")
    scale, _ = size.factor(frames.height, frames.width)
    height, width = target_size(frames.height, frames.width, scale)
    if height * width > max_pixels:
        raise UsageError(f"a frame would become {width:,} x {height:,} pixels (--max-pixels)")
    _check_ends(inputs[0], target, overwrite=overwrite)
    upscaler.load(scale)
    started = time.perf_counter()
    count = 0

    def work(sent: BinaryIO) -> None:
        nonlocal count

        def show(done: int) -> None:
            nonlocal count
            count = done
            bar.update(done, f"frame {done}, {done / (time.perf_counter() - started):.2g} a second")

        with (
            _progress.ProgressBar("upscaling", None, visible=not quiet and not json) as bar,
            opened(inputs[0]) as source,
        ):
            upscale_frames(source, source_name, sent, frames, scale, upscaler, show)

    try:
        if is_stream(target):
            with sink(target) as sent:
                work(sent)
        else:
            write_atomically(target, work, overwrite=overwrite)
    except BrokenPipeError:  # `srcnn upscale ... | ffmpeg ...` that has seen enough
        _terminal.reader_gone()
    seconds = time.perf_counter() - started
    if json:
        _terminal.print_json_line(
            {
                "status": "done",
                "input": str(inputs[0]),
                "output": str(target),
                "input_size": (frames.width, frames.height),
                "output_size": (width, height),
                "pixel_format": frames.pixels,
                "frames": count,
                "seconds": {"total": round(seconds, 4)},
                "peak_memory_mb": peak_memory_mb(),
            },
            on_stderr=target == STANDARD,
        )
    elif not quiet:
        line = (
            f"{source_name} → {named(target)}  {count} frames of {width}×{height} {frames.pixels}  "
            f"{seconds:.1f} s, {count / seconds:.3g} a second"
        )
        (_terminal.note if target == STANDARD else _terminal.say)(line)


def _check_ends(source: Path, target: Path, *, overwrite: bool) -> None:
    if source == STANDARD:
        check_stdin()
    if target == STANDARD:
        check_stdout()
    elif not is_stream(target):
        check_writable(target, overwrite=overwrite)
