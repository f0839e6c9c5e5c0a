"""Train several networks beside one another until a moment in time, on one GPU.

One small network alone keeps a large GPU waiting for Python; several take turns. Their learning
rates fall over the time there is instead of over a number of steps, which nobody knows before.

    python scripts/gpu_trainings.py runs.txt trainings.tar --pack pack --seconds 500

Every line of runs.txt is a name and the options of `srcnn train` but for data, output and steps:

    l3  --init weights/subpixel-l-x3.safetensors -s 3 --patch 48 --batch 64 --seed 5

A run that fails leaves the others alone; when all have failed, this ends at once.
"""

from __future__ import annotations

import argparse
import math
import os
import runpy
import shlex
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from srcnn_cli.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable

# More than any run can do in an hour: the time ends it.
_STEPS = "10000000"
# Of the peak rate; the last steps still change something.
_LEAST = 0.003
# For the last validation, after the time is over.
_GRACE = 25.0
_END = "SRCNN_TRAINING_ENDS"


def main() -> int:
    """Train all, keep what they made in one file, say how each went; 1 if one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("runs", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--device", default="cuda")
    options = parser.parse_args()
    data, held = options.pack / "training", options.pack / "validation"
    for folder in (data, held):
        if not any(folder.glob("*.png")):
            parser.error(f"{folder} holds no pictures")
    if options.output.exists():
        parser.error(f"{options.output} is there already")
    if not options.runs.is_file():
        parser.error(f"there is no list of runs {options.runs}")
    lines = options.runs.read_text(encoding="utf-8").splitlines()
    listed = [words for words in (shlex.split(line, comments=True) for line in lines) if words]
    runs = {name: own for name, *own in listed}
    if not runs or len(runs) < len(listed):
        parser.error(f"{options.runs} names no runs, or one of them twice")
    common = ["--data", str(data), "--validation", str(held), "--device", options.device]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    end = environment[_END] = str(time.time() + options.seconds)
    with tempfile.TemporaryDirectory() as place:
        children = {
            name: _start(
                [*common, *own, "--output", f"{place}/{name}"],
                Path(place, f"{name}.txt"),
                environment,
            )
            for name, own in runs.items()
        }
        try:
            _wait(children, float(end) + _GRACE)
        finally:
            for child in children.values():
                child.kill()
        write_atomically(options.output, lambda file: _pack(Path(place), file))
        failed = 0
        for name, child in children.items():
            said = Path(place, f"{name}.txt").read_text(encoding="utf-8").splitlines()
            failed += child.wait() != 0
            print(f"{name} (exit code {child.returncode}): {said[-1] if said else ''}")
    return min(failed, 1)


def _start(options: list[str], log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, __file__, *options, "--steps", _STEPS]
    with log.open("wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, env=environment)  # noqa: S603 - whoever gives the list may run anything


def _pack(place: Path, file: BinaryIO) -> None:
    """What the runs said, their logs and weights."""
    with tarfile.open(fileobj=file, mode="w") as archive:
        for path in sorted(place.rglob("*")):
            if path.suffix in {".txt", ".csv", ".safetensors"}:
                archive.add(path, path.relative_to(place))


def _wait(children: dict[str, subprocess.Popen[bytes]], deadline: float) -> None:
    while time.time() < deadline and any(child.poll() is None for child in children.values()):
        time.sleep(0.5)


def train_until(end: float) -> None:
    """Run `srcnn train` with the arguments of this process, in this process, up to a moment.

    Args:
        end: In seconds since 1970.
    """
    import torch

    from srcnn_cli.training import schedule, session, trainer

    begun: list[float] = []

    def rate_at(self: schedule.Schedule, step: int) -> float:
        now = time.time()
        begun.append(now) if not begun else None
        share = min(1.0, (now - begun[0]) / max(end - begun[0], 1e-9))
        warm = min(1.0, (step + 1) / max(self.warmup, 1))
        return self.rate * warm * max(_LEAST, (1 + math.cos(math.pi * share)) / 2)

    def until_then(made: Callable[..., None]) -> Callable[..., None]:
        def init(self: Any, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - whatever it takes
            made(self, *arguments, **named)
            self._minutes = max(end - time.time(), 0) / 60

        return init

    def with_true_steps(conclude: Callable[..., Any]) -> Callable[..., Any]:
        def concluded(self: trainer.Trainer, *arguments: float) -> Any:  # noqa: ANN401
            whole = self.schedule
            self.schedule = replace(whole, steps=self.step)
            try:
                return conclude(self, *arguments)
            finally:
                self.schedule = whole

        return concluded

    schedule.Schedule.rate_at = rate_at  # type: ignore[method-assign]
    session.Session.__init__ = until_then(session.Session.__init__)  # type: ignore[method-assign]
    trainer.Trainer._conclude = with_true_steps(trainer.Trainer._conclude)  # type: ignore[method-assign]  # noqa: SLF001
    torch.backends.cudnn.benchmark = True  # every batch has the same shape
    sys.argv = ["srcnn", "train", *sys.argv[1:]]
    runpy.run_module("srcnn_cli", run_name="__main__")


if __name__ == "__main__":
    if _END in os.environ:
        train_until(float(os.environ[_END]))
    else:
        sys.exit(main())
