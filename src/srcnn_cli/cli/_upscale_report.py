"""What `srcnn upscale` says: lines for people, JSON for programs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from srcnn_cli.cli import _terminal
from srcnn_cli.streams import STANDARD, is_stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from srcnn_cli.errors import SrcnnError
    from srcnn_cli.upscaling.jobs import Job, PassedOver
    from srcnn_cli.upscaling.one_file import Done
    from srcnn_cli.upscaling.run import Outcome
    from srcnn_cli.upscaling.task import Task
    from srcnn_cli.upscaling.upscaler import Upscaler


_NAMED = 3  # files that are not taken, in the last line


class Reporter:
    """Says what happened, to people or to programs, and keeps count."""

    def __init__(
        self,
        *,
        json: bool,
        quiet: bool,
        verbose: bool,
        count: int,
        passed_over: Sequence[PassedOver],
        stdout_taken: bool,
    ) -> None:
        self.json, self.quiet, self.count = json, quiet, count
        self.stdout_taken = stdout_taken  # by a picture, which nothing may be mixed with
        self.code = 0
        self._verbose = verbose
        self._passed_over = passed_over
        self._numbers = {"done": 0, "skipped": 0, "failed": 0}
        self._started = time.perf_counter()

    def done(self, outcome: Outcome, done: Done, upscaler: Upscaler) -> None:
        job = outcome.job
        self._numbers["done"] += 1
        for note in done.notes:
            self._warn(job.source_name, note)
        timing = done.timing
        if self.json:
            self._object(
                {
                    "status": "done",
                    "input": str(job.source),
                    "output": str(job.target),
                    "input_size": done.input_size,
                    "output_size": done.output_size,
                    "model": upscaler.model,
                    "weights": [stage.scale for stage in done.stages],
                    "border": outcome.border,
                    "device": outcome.device,
                    "engine": outcome.engine,
                    "self_ensemble": upscaler.self_ensemble,
                    "precision": outcome.precision,
                    "tile": done.tile,
                    "quality": done.quality,
                    "damage": {
                        "found": done.finding.words,
                        "by": done.finding.source,
                        "levels": done.finding.levels._asdict(),
                        "restored": done.restored,
                        "undone": done.undone._asdict(),
                    },
                    "frames": done.frames,
                    "seconds": {
                        "load": round(outcome.load_seconds, 4),
                        "read": round(done.read, 4),
                        "prepare": round(timing.prepare, 4),
                        "network": round(timing.network, 4),
                        "merge": round(timing.merge, 4),
                        "write": round(done.write, 4),
                        "total": round(outcome.load_seconds + done.total, 4),
                        "bicubic": round(timing.bicubic, 4),
                    },
                    "peak_memory_mb": outcome.peak_memory_mb,
                    "notes": done.notes,
                }
            )
        else:
            width, height = done.output_size
            quality = f"quality {done.quality}  " if done.quality else ""
            what = "colours restored" if done.undone.only_chrominance else "restored"
            found = f"{done.finding.words}: {what}  " if done.restored else ""
            frames = f"{done.frames} frames  " if done.frames > 1 else ""
            fewer = f"{outcome.precision}  " if outcome.precision == "bfloat16" else ""
            figures = f"{width}×{height}  {frames}{found}{quality}{fewer}{_seconds(done.total)}"
            if self._verbose:
                old_width, old_height = done.input_size
                figures = (
                    f"{old_width}×{old_height} → {figures} (read {_seconds(done.read)}, "
                    f"prepare {_seconds(timing.prepare)}, network {_seconds(timing.network)}, "
                    f"merge {_seconds(timing.merge)}, write {_seconds(done.write)}; "
                    f"bicubic alone {_seconds(timing.bicubic)})"
                )
            self._result(self._line(job, figures))

    def plan(self, jobs: Sequence[Job], task: Task) -> None:
        """All that would be done, and what would not be taken."""
        for job in jobs:
            self._planned(job, task)
        self.not_taken()

    def _planned(self, job: Job, task: Task) -> None:
        if self.json:
            self._object({"status": "planned", "input": str(job.source), "output": str(job.target)})
        else:
            there = job.target.exists() and not is_stream(job.target)
            exists = " (exists)" if there and not task.overwrite else ""
            self._result(f"{job.source_name} → {job.target_name}{exists}", even_quietly=True)

    def not_taken(self) -> None:
        """Name each file that is left out."""
        for item in self._passed_over:
            if self.json:
                self._object(
                    {"status": "not taken", "input": str(item.path), "reason": item.reason}
                )
            elif not self.quiet:
                _terminal.note(f"not taken: {item.path} ({item.reason})")

    def skipped(self, job: Job) -> None:
        self._numbers["skipped"] += 1
        if self.json:
            self._object({"status": "skipped", "input": str(job.source), "output": str(job.target)})

    def note_failure(self, job: Job, error: SrcnnError) -> None:
        """For programs: an object on stdout beside the line on stderr."""
        if self.json:
            self._object(
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
        if self.json or self.quiet or self.count + len(self._passed_over) < 2:
            return
        if self._verbose:
            self.not_taken()
        parts = [f"{number} {what}" for what, number in self._numbers.items()]
        if self._passed_over:
            names = [item.path.name for item in self._passed_over]
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            parts.append(f"{len(names)} not taken ({', '.join(names[:_NAMED])}{more})")
        elapsed = _seconds(time.perf_counter() - self._started)
        _terminal.note(f"{', '.join(parts)} in {elapsed}")

    def unused_gpu(self) -> None:
        """How to use a GPU, where only a package is missing for it."""
        from srcnn_cli.engines.devices import lacks_torch_for_gpu

        if self.quiet or self.json or not lacks_torch_for_gpu():
            return
        from srcnn_cli.cli._extras import install_command

        _terminal.note(
            f"this machine has a GPU, which {install_command('gpu')} makes use of "
            "(--device cpu: without this line)"
        )

    def _line(self, job: Job, figures: str) -> str:
        """What became of a file, with as much of the two names as there is room for."""
        source, target = job.source_name, job.target_name
        near = job.target.name if job.target.parent == job.source.parent else target
        near = target if job.target == STANDARD else near
        names = (
            f"{source} → {near}",
            f"{job.source.name} → {near}",
            target,
        )
        room = _terminal.width_of_lines(on_stderr=self.stdout_taken)
        if room is None or self._verbose:
            return f"{source} → {target}  {figures}"
        room -= len(figures) + 2
        fitting = next((name for name in names if len(name) <= room), None)
        if fitting is None:
            fitting = f"…{target[-max(room - 1, 12) :]}"
        return f"{fitting}  {figures}"

    def _result(self, line: str, *, even_quietly: bool = False) -> None:
        if self.quiet and not even_quietly:
            _terminal.log(line)
        elif self.stdout_taken:
            _terminal.paragraph(line)
        else:
            _terminal.say_paragraph(line)

    def _object(self, value: object) -> None:
        _terminal.print_json_line(value, on_stderr=self.stdout_taken)

    def _warn(self, name: str, note: str) -> None:
        if not self.quiet and not self.json:
            _terminal.warn(name, note)


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
