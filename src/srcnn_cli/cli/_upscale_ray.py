"""`srcnn upscale --ray`: the same jobs on a cluster."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcnn_cli.cli import _terminal
from srcnn_cli.cli._extras import needing
from srcnn_cli.errors import UsageError
from srcnn_cli.streams import is_stream
from srcnn_cli.upscaling.cluster_worker import Settings
from srcnn_cli.upscaling.run_on_ray import run_on_ray

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from srcnn_cli.upscaling.jobs import Job
    from srcnn_cli.upscaling.run import Outcome
    from srcnn_cli.upscaling.task import Task

    Progress = Callable[[int, Sequence[float]], object]

_BETWEEN_LOOKS = 0.5  # seconds


@needing("ray", "upscale --ray")
def on_ray(
    address: str,
    jobs: Sequence[Job],
    task: Task,
    model: str,
    *,
    device: str,
    how: dict[str, Any],
) -> Callable[[Progress], Generator[Outcome]]:
    """What does the jobs, once it is told whom to tell the progress.

    Raises:
        UsageError: Ray is not installed, or a stream of this process is among the files.
    """
    for job in jobs:
        if is_stream(job.source) or is_stream(job.target):
            raise UsageError("--ray takes files and addresses: pipes do not lead to other machines")
    settings = Settings(
        model=model,
        weights=Path(model).read_bytes() if Path(model).is_file() else None,
        device=device,
        how=how,
        folder=str(Path.cwd()),
    )

    def start(progress: Progress) -> Generator[Outcome]:
        numbers = {job: number for number, job in enumerate(jobs)}
        shares = [0.0] * len(jobs)
        due = time.monotonic()
        outcomes = run_on_ray(jobs, task, settings, address, warn=_terminal.warn)
        with closing(outcomes):
            for count, outcome in enumerate(outcomes, 1):
                shares[numbers[outcome.job]] = 1.0
                if time.monotonic() >= due:  # it goes through all files, which may be a million
                    progress(min(count, len(jobs) - 1), shares)
                    due = time.monotonic() + _BETWEEN_LOOKS
                yield outcome

    return start
