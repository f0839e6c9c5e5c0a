"""What `srcnn upscale` says: lines for people, JSON for programs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from srcnn_cli.cli import _terminal

if TYPE_CHECKING:
    from pathlib import Path

    from srcnn_cli.errors import SrcnnError
    from srcnn_cli.upscaling.jobs import Job
    from srcnn_cli.upscaling.one_file import Done, Task
    from srcnn_cli.upscaling.upscaler import Upscaler


class Reporter:
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
            parts.append(f"{self._passed_over} not taken (not pictures, or results of other files)")
        elapsed = _seconds(time.perf_counter() - self._started)
        _terminal.note(f"{', '.join(parts)} in {elapsed}")

    def _warn(self, path: Path, note: str) -> None:
        if not self.quiet and not self.json:
            _terminal.warn(path, note)


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
