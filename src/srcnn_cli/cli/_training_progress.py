"""How a training run looks on a terminal while it goes."""

from __future__ import annotations

import math
import shlex
import signal
import sys
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

from srcnn_cli.cli import _progress, _terminal
from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.models.weights import BEST
from srcnn_cli.training.session import find_pictures, open_session
from srcnn_cli.training.streaming import PatchStream

if TYPE_CHECKING:
    import torch
    from typing_extensions import Self

    from srcnn_cli.training.examples import Skipped
    from srcnn_cli.training.progress import Progress
    from srcnn_cli.training.ranks import Ranks
    from srcnn_cli.training.run import Run
    from srcnn_cli.training.schedule import Schedule
    from srcnn_cli.training.session import Ending, Resources, Session


def train_and_show(run: Run, device: torch.device, resources: Resources, ranks: Ranks) -> None:
    """Train to the end, or until Ctrl-C, SIGTERM or the time that was given.

    Raises:
        SrcnnError: Data, folder, network or checkpoint cannot be used.
    """
    pictures = find_pictures(run)
    with _progress.ProgressBar("reading", len(pictures.training), visible=ranks.first) as bar:
        session = open_session(
            run, pictures, device, resources, ranks,
            on_read=bar.advance, on_skip=_report_skipped if ranks.first else None,
        )  # fmt: skip
    with closing(session):
        if ranks.first:
            _introduce(session, len(pictures.validation), device)
        with _StopRequest() as stop:
            ending = _follow(session, stop)
    if ranks.first:
        _conclude(session, ending)
    if ending == "interrupted":
        sys.exit(stop.exit_code)  # said already, so not as the interruption that `main` reports


def _report_skipped(item: Skipped) -> None:
    _terminal.warn(item.path, f"skipped: {item.reason}")


def _introduce(session: Session, held: int, device: torch.device) -> None:
    config, patches = session.trainer.config, session.patches
    scales = "/".join(f"×{scale}" for scale in config.scales)
    streamed = "streamed, " if isinstance(patches, PatchStream) else ""
    size = f"{streamed}{patches.pixels / 1e6:.1f} MP in memory"
    left_out = f"{len(session.skipped)} skipped, " if session.skipped else ""
    _terminal.paragraph(
        f"{config.name} {scales}, {config.parameters:,} parameters, {session.used} pictures "
        f"({size}, {patches.positions:,} sub-images), {left_out}"
        f"{held} for validation, bicubic {session.bicubic:.2f} dB"
    )
    _terminal.paragraph(f"recipe {_describe(session.trainer.schedule)} on {device}")


def _describe(schedule: Schedule) -> str:
    """The recipe's name and every value that matters in it."""
    values = asdict(schedule)
    values.pop("recipe")
    shown = (
        f"{name} {_terminal.in_words(value)}"
        for name, value in values.items()
        if value not in ("", 0, False, "all") or name == "average"
    )
    return f"{schedule.recipe}: {', '.join(shown)}"


def _follow(session: Session, stop: _StopRequest) -> Ending:
    """Train and show it; how it ended."""
    trainer, bicubic, first = session.trainer, session.bicubic, session.trainer.ranks.first
    with _progress.ProgressBar(
        "training", trainer.schedule.steps, completed=trainer.step, visible=first
    ) as bar:

        def stop_requested() -> bool:
            bar.update(trainer.step)
            return stop.requested

        for progress in session.train(stop_requested):
            if not first:
                continue
            bar.update(
                progress.step,
                f"{progress.psnr:.2f} dB ({progress.psnr - bicubic:+.2f})",
            )
            width = _terminal.width_of_lines(on_stderr=True)
            _terminal.note(_line(progress, bicubic, width))
        return session.ending(stop_requested=stop.requested)


def _conclude(session: Session, ending: Ending) -> None:
    """What is left behind in the folder, and the last words."""
    trainer, bicubic = session.trainer, session.bicubic
    folder = trainer.folder
    try:
        session.draw_figures()
    except (InputError, UsageError) as error:  # the weights are there all the same
        _terminal.warn(folder, f"no figure of the run was drawn: {error}")
    if ending != "done":
        _terminal.note(
            f"stopped at step {trainer.step:,} of {trainer.schedule.steps:,}, state saved; "
            f"continue with: srcnn train --resume {shlex.quote(str(folder))}"
        )
    if not math.isfinite(trainer.best):  # no validation so far
        return
    if trainer.best < bicubic:
        _terminal.warn(
            folder, f"THE BEST WEIGHTS ARE BELOW BICUBIC ({trainer.best:.2f} < {bicubic:.2f} dB)"
        )
    _terminal.say(f"{folder / BEST}  {trainer.best:.3f} dB (bicubic {bicubic:.3f} dB)")


def _line(progress: Progress, bicubic: float, width: int | None) -> str:
    """A validation: the most important first, and of that as much as there is room for.

    Args:
        progress: What was measured.
        bicubic: The PSNR of bicubic interpolation, in dB.
        width: Columns of the line; None: as many as it takes.
    """
    over = f"{progress.psnr - bicubic:+.3f} against bicubic"
    parts = [
        f"step {progress.step:,}  {progress.psnr:.3f} dB ({over})",
        f"best {progress.best:.3f}",
        f"{progress.seconds:.0f} s",
        f"loss {progress.loss:.3e}",
        f"{progress.pixels_per_second / 1e6:.2f} MP/s",
    ]
    if len(progress.psnr_by_scale) > 1:
        parts.insert(1, f"[{' / '.join(f'{psnr:.2f}' for psnr in progress.psnr_by_scale)}]")
    while width is not None and len(parts) > 1 and len("  ".join(parts)) > width:
        parts.pop()
    return "  ".join(parts)


class _StopRequest:
    """Turns Ctrl-C and SIGTERM into a wish that the training loop grants after its step.

    A second one ends the command at once.
    """

    def __init__(self) -> None:
        self._signal: int | None = None

    @property
    def requested(self) -> bool:
        """Whether training is to end."""
        return self._signal is not None

    @property
    def exit_code(self) -> int:
        """As a shell says of a program that this signal ended; another process may have got it."""
        return 128 + (self._signal or signal.SIGINT)

    def __enter__(self) -> Self:
        self._previous = {s: signal.signal(s, self._ask) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for which, handler in self._previous.items():
            signal.signal(which, handler)

    def _ask(self, number: int, _frame: object) -> None:
        if self.requested:
            if number == signal.SIGTERM:
                sys.exit(128 + number)
            raise KeyboardInterrupt
        self._signal = number
