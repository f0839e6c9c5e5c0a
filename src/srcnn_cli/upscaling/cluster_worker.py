"""What runs on the nodes of a cluster: a process that loads the weights once and does files.

And how many of them there are on a node. Nothing here knows how a cluster is talked to.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from srcnn_cli import __version__
from srcnn_cli.errors import SrcnnError, UsageError
from srcnn_cli.methods.base import Timing
from srcnn_cli.threads import set_threads
from srcnn_cli.upscaling.one_file import Done, levels_to_undo
from srcnn_cli.upscaling.opening import open_file, read_source
from srcnn_cli.upscaling.run import Outcome, outcome_of, run_job
from srcnn_cli.upscaling.stages import target_size
from srcnn_cli.upscaling.upscaler import Upscaler

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from srcnn_cli.upscaling.jobs import Job
    from srcnn_cli.upscaling.opening import Opened
    from srcnn_cli.upscaling.task import Task

# One picture at a time leaves a GPU idle while the next is decoded and the last one encoded.
_WORKERS_PER_GPU = 4
DEVICES = ("auto", "cpu", "cuda")


class Settings(NamedTuple):
    """What a worker makes its `Upscaler` of.

    Attributes:
        model: As the user named it.
        weights: What is in the user's own weights file, which the nodes may not have.
        device: One of `DEVICES`; auto is the GPU where a node has one.
        how: The other arguments of `Upscaler`.
        folder: Where relative paths begin.
        version: Of the program that hands out the work.
    """

    model: str
    weights: bytes | None = None
    device: str = "auto"
    how: Mapping[str, Any] = {}
    folder: str = "."
    version: str = __version__


class Place(NamedTuple):
    """A node, and the workers that it has room for.

    Attributes:
        node: Its number in the cluster.
        address: What people call it.
        workers: How many processes.
        device: Where they compute, ``cpu`` or ``cuda``.
        gpus: The share of a GPU for each.
    """

    node: str
    address: str
    workers: int
    device: str
    gpus: float


def places(nodes: Iterable[Mapping[str, Any]], device: str) -> list[Place]:
    """The nodes that can help.

    A worker for each core, as single-threaded processes do more pictures in a second than threads
    that share one. Where a GPU is used, as many as keep it busy.

    Args:
        nodes: As Ray's ``nodes`` describes them.
        device: One of `DEVICES`.
    """
    found = []
    for node in nodes:
        if not node["Alive"]:
            continue
        cores, gpus = (int(node["Resources"].get(name, 0)) for name in ("CPU", "GPU"))
        name, address = node["NodeID"], node["NodeManagerAddress"]
        if gpus and cores and device != "cpu":
            sharing = max(1, min(_WORKERS_PER_GPU, cores // gpus))
            workers = min(cores, gpus * sharing)
            found.append(Place(name, address, workers, "cuda", 1 / sharing))
        elif cores and device != "cuda":
            found.append(Place(name, address, cores, "cpu", 0))
    return found


class Worker:
    """Does one file after another.

    Args:
        settings: What to enlarge with.
        task: What to do with every file.
        device: ``cpu`` or ``cuda``.

    Raises:
        UsageError: The node has another version of this program.
    """

    def __init__(self, settings: Settings, task: Task, device: str) -> None:
        if settings.version != __version__:
            raise UsageError(
                f"the node has srcnn-cli {__version__}, and the command is {settings.version}"
            )
        with suppress(OSError):  # only relative paths need it
            os.chdir(settings.folder)
        set_threads(1)  # there is a worker for each core
        self._task = task
        self._upscaler = self._make_upscaler(settings, device)

    def _make_upscaler(self, settings: Settings, device: str) -> Upscaler:
        model = settings.model
        if settings.weights is not None:
            self._folder = TemporaryDirectory(prefix="srcnn-")
            path = Path(self._folder.name, Path(model).name)
            path.write_bytes(settings.weights)
            model = str(path)
        upscaler = Upscaler(model, device=device, **settings.how)
        upscaler.model = settings.model  # for what is said about it
        return upscaler

    def ready(self) -> None:
        """Answers as soon as the process is there."""

    def run(self, job: Job, again: bool) -> Outcome:  # noqa: FBT001 - a message
        """Do a file.

        Args:
            job: The file.
            again: Another worker had it in hand, and was lost.

        Returns:
            What became of it; failures are such that any process can read them.
        """
        outcome = None
        if again:
            try:
                outcome = self._done_before(job)
            except SrcnnError as error:
                outcome = Outcome(job, error=error)
        outcome = outcome or run_job(job, self._task, self._upscaler)
        failure = outcome.error
        if isinstance(failure, (SrcnnError, ModuleNotFoundError, MemoryError)):
            failure.__cause__ = failure.__context__ = None  # may be anything
        elif failure is not None:
            what = f"internal error: {type(failure).__name__}: {failure}"
            outcome.error = SrcnnError(what, job.source)
        return outcome

    def _done_before(self, job: Job) -> Outcome | None:
        """What a lost worker finished, and only could not say so any more.

        Files are complete or not there at all, and none was at this place when the work was handed
        out. So one of the right size is the result, and a file of any other size is not ours.
        """
        task, upscaler = self._task, self._upscaler
        if task.overwrite or not job.target.exists():
            return None
        done = _done_already(open_file(job, task._replace(overwrite=True)), task, upscaler)
        return None if done is None else outcome_of(job, done, upscaler)


def _done_already(opened: Opened, task: Task, upscaler: Upscaler) -> Done | None:
    """What there is to say of a file whose result is there, at no time; None if it is another's.

    The result is known by its size.

    Raises:
        InputError: What is there cannot be read.
    """
    there, _ = read_source(opened.job._replace(source=opened.job.target), task)
    height, width = opened.picture.pixels.shape[:2]
    size = target_size(height, width, opened.scale)
    if there.pixels.shape[:2] != size:
        return None
    levels = levels_to_undo(opened, upscaler)
    return Done(
        input_size=(width, height),
        output_size=size[::-1],
        read=opened.seconds,
        timing=Timing(),
        write=0.0,
        stages=upscaler.plan(height, width, opened.scale, levels),
        tile=0,
        quality=opened.quality(task, levels),
        finding=opened.finding,
        undone=levels,
        frames=1 if opened.frames is None else opened.frames.count,
        notes=opened.notes,
    )
