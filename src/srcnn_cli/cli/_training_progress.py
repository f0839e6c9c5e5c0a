"""From the options of `srcnn train` to a run, and how it looks while it goes."""

from __future__ import annotations

import shlex
import signal
import sys
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcnn_cli.cli import _progress, _terminal
from srcnn_cli.errors import InputError, OutputError, UsageError
from srcnn_cli.evaluation.protocol import SRCNN
from srcnn_cli.evaluation.sources import Source, load
from srcnn_cli.files import describe_os_error
from srcnn_cli.models.weights import load_weights
from srcnn_cli.plotting.convergence import plot_convergence
from srcnn_cli.plotting.filters import plot_filters
from srcnn_cli.training.examples import hold_back, training_files, without_copies
from srcnn_cli.training.log import LOG, TrainingLog
from srcnn_cli.training.ranks import Ranks
from srcnn_cli.training.session import Options
from srcnn_cli.training.streaming import PatchStream, open_patches
from srcnn_cli.training.trainer import BEST, Trainer, degradation, patch_spec
from srcnn_cli.training.validation import Validator, overall

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from typing_extensions import Self

    from srcnn_cli.evaluation.protocol import Pair
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.training.checkpoints import Checkpoint
    from srcnn_cli.training.examples import Skipped
    from srcnn_cli.training.recipes import Schedule
    from srcnn_cli.training.trainer import Progress

CURVE, FILTERS = "convergence.png", "filters.png"


def run(
    folder: Path,
    config: ModelConfig,
    schedule: Schedule,
    provenance: dict[str, Any],
    device: torch.device,
    options: Options,
    ranks: Ranks,
    checkpoint: Checkpoint | None,
) -> None:
    """Train to the end, or until Ctrl-C or the time that was given.

    Raises:
        SrcnnError: Data, folder, network or checkpoint do not serve.
    """
    files = training_files(provenance["data"])
    if provenance["validation"] is None:
        # At most a tenth: a handful of pictures still leaves most of them for training.
        files, held = hold_back(files, max(1, min(provenance["hold_back"], len(files) // 10)))
    else:
        held = training_files([provenance["validation"]])
        files = without_copies(files, held)
        if not files:
            raise InputError(
                "holds all training pictures: none is left to train on",
                Path(provenance["validation"]),
            )
    validator = Validator(_load_validation(held, config.scales, ranks), ranks)
    bicubic = overall(validator.bicubic)
    with _progress.ProgressBar("reading", len(files), visible=ranks.first) as bar:
        patches, skipped, used = open_patches(
            files,
            degradation(config, schedule),
            patch_spec(config, schedule),
            device=device,
            cache_bytes=options.cache_bytes,
            batch=schedule.batch,
            seed=schedule.seed,
            rank=ranks.rank,
            world=ranks.world,
            workers=options.workers,
            step=checkpoint.state["step"] if checkpoint else 0,
            progress=bar.advance,
            on_skip=_report_skipped if ranks.first else None,
        )
    with closing(patches):
        schedule = schedule.resolved(patches.positions)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot be made: {describe_os_error(error)}", folder) from error
        trainer = Trainer(
            config, schedule, patches, validator, folder, device, provenance,
            ranks=ranks, compiled=options.compiled,
        )  # fmt: skip
        if checkpoint is not None:
            trainer.restore(checkpoint)
        elif provenance["init"]:
            trainer.start_from(Path(provenance["init"]), renew=provenance["renew"])
        if ranks.first:
            scales = "/".join(f"×{scale}" for scale in config.scales)
            streamed = "streamed, " if isinstance(patches, PatchStream) else ""
            size = f"{streamed}{patches.pixels / 1e6:.1f} MP in memory"
            left_out = f"{len(skipped)} skipped, " if skipped else ""
            _terminal.note(
                f"{config.name} {scales}, {config.parameters:,} parameters, {used} pictures "
                f"({size}, {patches.positions:,} sub-images), {left_out}"
                f"{len(held)} for validation, bicubic {bicubic:.2f} dB"
            )
            _terminal.note(f"recipe {_describe(schedule)} on {device}")
        ending = _follow(trainer, validator, options)
    if ranks.first:
        _conclude(trainer, bicubic, ending)
    if ending == "interrupted":
        sys.exit(130)  # said already, so not as the interruption that `main` reports


def _conclude(trainer: Trainer, bicubic: float, ending: str) -> None:
    """What is left behind in the folder, and the last words."""
    folder, schedule = trainer.folder, trainer.schedule
    if (folder / BEST).exists():
        scales = "/".join(f"×{scale}" for scale in trainer.config.scales)
        title = f"{trainer.config.name} {scales}, recipe {schedule.recipe}"
        try:
            plot_convergence(folder / LOG, folder / CURVE, bicubic=bicubic, title=title)
            plot_filters(*load_weights(folder / BEST), folder / FILTERS)
        except (InputError, UsageError) as error:  # the weights are there all the same
            _terminal.warn(folder, f"no picture of the run: {error}")
    if ending != "done":
        _terminal.note(
            f"stopped at step {trainer.step:,} of {schedule.steps:,}, state saved; "
            f"continue with: srcnn train --resume {shlex.quote(str(folder))}"
        )
        return
    if trainer.best < bicubic:
        _terminal.warn(
            folder, f"THE BEST WEIGHTS ARE BELOW BICUBIC ({trainer.best:.2f} < {bicubic:.2f} dB)"
        )
    _terminal.say(f"{folder / BEST}  {trainer.best:.3f} dB (bicubic {bicubic:.3f} dB)")


def _report_skipped(item: Skipped) -> None:
    _terminal.warn(item.path, f"skipped: {item.reason}")


def _load_validation(files: Sequence[Path], scales: Sequence[int], ranks: Ranks) -> list[Pair]:
    """As `bench` would measure on them; a picture that does not serve is named and left out."""
    pairs: list[Pair] = []
    for path in files:
        try:
            loaded = load(Source(path))
            pairs.extend(loaded.pair(scale, SRCNN) for scale in scales)
        except InputError as error:
            if ranks.first:
                _terminal.warn(path, f"skipped: {error.reason}")
    missing = set(scales) - {pair.scale for pair in pairs}
    if missing:
        raise InputError(f"no picture is usable for validation at ×{min(missing)}")
    return pairs


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


def _follow(trainer: Trainer, validator: Validator, options: Options) -> str:
    """Train and show it; how it ended: ``done``, ``interrupted``, or ``paused`` by the clock."""
    bicubic, ranks = overall(validator.bicubic), trainer.ranks
    log = TrainingLog(trainer.folder, validator.scales) if ranks.first else None
    deadline = None if options.minutes is None else time.monotonic() + 60 * options.minutes
    steps = trainer.schedule.steps
    with (
        _StopRequest() as stop,
        _progress.ProgressBar(
            "training", steps, completed=trainer.step, visible=ranks.first
        ) as bar,
    ):

        def should_stop() -> bool:
            bar.update(trainer.step)
            return stop.requested or (deadline is not None and time.monotonic() > deadline)

        for progress in trainer.run(should_stop):
            if log is None:
                continue
            log.add(progress)
            bar.update(
                progress.step,
                f"loss {progress.loss:.3e}  {progress.psnr:.3f} dB "
                f"({progress.psnr - bicubic:+.3f} against bicubic)  "
                f"{progress.pixels_per_second / 1e6:.2f} MP/s",
            )
            _terminal.note(_line(progress, bicubic))
        if log is not None:
            log.close()
        if trainer.step == steps:
            return "done"
        return "interrupted" if ranks.anywhere(condition=stop.requested) else "paused"


def _line(progress: Progress, bicubic: float) -> str:
    by_scale = ""
    if len(progress.psnr_by_scale) > 1:
        by_scale = f" [{' / '.join(f'{psnr:.2f}' for psnr in progress.psnr_by_scale)}]"
    return (
        f"step {progress.step}  loss {progress.loss:.3e}  validation {progress.psnr:.3f} dB"
        f"{by_scale} ({progress.psnr - bicubic:+.3f} against bicubic, best {progress.best:.3f})  "
        f"{progress.pixels_per_second / 1e6:.2f} MP/s  {progress.seconds:.0f} s"
    )


class _StopRequest:
    """Turns Ctrl-C and SIGTERM into a wish that the training loop grants after its step.

    A second Ctrl-C interrupts at once.
    """

    requested = False

    def __enter__(self) -> Self:
        self._previous = {s: signal.signal(s, self._ask) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for which, handler in self._previous.items():
            signal.signal(which, handler)

    def _ask(self, _signal: int, _frame: object) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
