"""How the training of a dictionary looks on a terminal while it goes."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from srcnn_cli.cli import _progress, _terminal
from srcnn_cli.errors import UsageError
from srcnn_cli.process import peak_memory_mb
from srcnn_cli.training.dictionary_run import (
    default_target,
    new_dictionary_folder,
    planned,
    train_into,
)

if TYPE_CHECKING:
    from pathlib import Path

    import typer

    from srcnn_cli.training.examples import Skipped

# Options of `srcnn train` that mean something for a dictionary.
_MEANT = {"method", "data", "scale", "output", "minutes", "seed", "threads"}


class Stages:
    """A bar for each stage of the training, which begins as the last one ends."""

    def __init__(self) -> None:
        self._bar: _progress.ProgressBar | None = None
        self._stage = ""

    def show(self, stage: str, done: int, total: int) -> None:
        """What is being done, and how much of it is done."""
        if stage != self._stage:
            self.end()
            self._stage = stage
            self._bar = _progress.ProgressBar(stage, total or None, in_units=False)
            self._bar.__enter__()
        if self._bar is not None:
            self._bar.update(done)

    def end(self) -> None:
        """There is no further stage."""
        if self._bar is not None:
            self._bar.__exit__()
            self._bar = None
        self._stage = ""


def refuse_options_of_networks(context: typer.Context) -> None:
    """Most options of `srcnn train` say what a network is, or how it is trained.

    Raises:
        UsageError: One of them was given.
    """
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE" and name not in _MEANT:
            option = next(p.opts[0] for p in context.command.params if p.name == name)
            raise UsageError(
                f"{option} is for networks: a dictionary of --method has no such value"
            )


def train_dictionary_and_show(
    method: str,
    data: list[Path],
    scales: tuple[int, ...],
    output: Path | None,
    minutes: float | None,
    seed: int | None,
) -> None:
    """Train a dictionary and say where it is.

    Raises:
        SrcnnError: Data or folder cannot be used.
    """
    if len(scales) != 1:
        raise UsageError("a dictionary is for one scale: give --scale 3, for example")
    folder = new_dictionary_folder(output, method, scales[0])
    target, stages = default_target(folder), Stages()
    command = shlex.join(["srcnn", *sys.argv[1:]])
    try:
        seconds = train_into(
            target, method, data, scales[0], planned(minutes, seed), stages.show,
            minutes=minutes, command=command, on_skip=_report_skipped,
        )  # fmt: skip
    finally:
        stages.end()
    memory = peak_memory_mb()
    _terminal.say(f"{target}  {method} ×{scales[0]}  {seconds:.0f} s, peak memory {memory} MB")


def _report_skipped(item: Skipped) -> None:
    _terminal.warn(item.path, f"skipped: {item.reason}")
