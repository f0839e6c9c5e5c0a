"""`srcnn train`: make weights from a folder of pictures."""

from __future__ import annotations

import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srcnn_cli.cli._options import DeviceOption, parse_border
from srcnn_cli.config import BORDER_POLICIES, ModelConfig, parse_filters
from srcnn_cli.errors import InputError, OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from typing_extensions import Self

    from srcnn_cli.protocol import Pair
    from srcnn_cli.trainer import Checkpoint, Progress, Schedule, Trainer


def train(
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="Folder of training pictures; several are allowed."),
    ] = None,
    scale: Annotated[int, typer.Option("--scale", "-s", min=2, max=8, help="Factor.")] = 3,
    filters: Annotated[str, typer.Option(help="Filter sizes, first to last layer.")] = "9-1-5",
    widths: Annotated[str, typer.Option(help="Feature maps between the layers.")] = "64-32",
    border: Annotated[
        str, typer.Option(help=f"Border policy of the result: {', '.join(BORDER_POLICIES)}.")
    ] = "replicate",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder of the run (default: runs/NAME-xSCALE)."),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Continue the run in this folder, as it was started.")
    ] = None,
    initial: Annotated[
        Path | None, typer.Option("--init", help="Start from this weights file.")
    ] = None,
    validation: Annotated[
        Path | None,
        typer.Option(help="Folder of validation pictures (default: hold some training ones back)."),
    ] = None,
    hold_back: Annotated[
        int, typer.Option(min=1, help="Training pictures to hold back for validation.")
    ] = 20,
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 40_000,
    batch: Annotated[int, typer.Option(min=1, help="Patches per step.")] = 16,
    patch: Annotated[int, typer.Option(min=1, help="Side of an input patch.")] = 48,
    rate: Annotated[float, typer.Option(help="Peak learning rate of Adam.")] = 1.5e-3,
    average: Annotated[
        float, typer.Option(help="Decay of the moving average of the weights; 0: none.")
    ] = 0.999,
    interval: Annotated[int, typer.Option(min=1, help="Steps between validations.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of initial weights and patches.")] = 1,
    precision: Annotated[
        str, typer.Option(help="auto, bfloat16 or float32 (auto: bfloat16 where it is fast).")
    ] = "auto",
    device: DeviceOption = "auto",
) -> None:
    """Train a network on the luminance of your own pictures.

    Pictures are reduced and enlarged as in the papers; the network learns to undo that. The best
    weights by PSNR on the validation pictures are kept as best.safetensors in the run's folder,
    which `srcnn upscale --model` takes. Ctrl-C saves the state, and --resume continues from it.
    """
    from srcnn_cli.engine.torch_engine import choose_device
    from srcnn_cli.trainer import Schedule, load_checkpoint

    where = choose_device(device)
    if resume is not None:
        checkpoint = load_checkpoint(resume)
        _run(
            resume, checkpoint.config, checkpoint.schedule, checkpoint.provenance, where, checkpoint
        )
        return
    if not data:
        raise UsageError("no training pictures: give --data FOLDER, or --resume RUN to continue")
    policy = parse_border(border)
    config = ModelConfig(
        filters=parse_filters(filters),
        widths=parse_filters(widths),
        scales=(scale,),
        border=policy or "replicate",
        mean=0.5,
    )
    schedule = Schedule(
        steps=steps,
        batch=batch,
        patch=patch,
        rate=rate,
        average=average,
        interval=min(interval, steps),
        seed=seed,
        precision=_choose_precision(precision, where.type),
    )
    if patch <= 2 * config.receptive_radius:
        raise UsageError(
            f"a patch of {patch} leaves nothing after {config.name}'s valid convolutions: "
            f"use at least {2 * config.receptive_radius + 1}"
        )
    folder = output or Path("runs") / f"{config.name}-x{scale}"
    if folder.exists() and any(folder.iterdir()):
        raise OutputError("is not empty (--resume continues a run, --output names another)", folder)
    provenance = {
        "data": [str(path) for path in data],
        "validation": str(validation) if validation else None,
        "hold_back": hold_back,
        "init": str(initial) if initial else None,
        "command": shlex.join(["srcnn", *sys.argv[1:]]),
    }
    _run(folder, config, schedule, provenance, where, None)


def _run(
    folder: Path,
    config: ModelConfig,
    schedule: Schedule,
    provenance: dict[str, Any],
    device: torch.device,
    checkpoint: Checkpoint | None,
) -> None:
    from srcnn_cli.cli import _console
    from srcnn_cli.data import PatchSampler, hold_back, training_files
    from srcnn_cli.trainer import BEST, Trainer

    scale = config.scales[0]
    files = training_files(provenance["data"])
    if provenance["validation"] is None:
        # At most a tenth: a handful of pictures still leaves most of them for training.
        files, held = hold_back(files, max(1, min(provenance["hold_back"], len(files) // 10)))
    else:
        held = training_files([provenance["validation"]])
    pairs = _load("reading", files, scale, schedule.patch)
    tests = _load("reading validation", held, scale, 2 * scale + 1)
    patches = PatchSampler(pairs, schedule.patch, config.receptive_radius, device)
    baseline = sum(pair.psnr(pair.interpolated) for pair in tests) / len(tests)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot be made: {error.strerror}", folder) from error
    trainer = Trainer(config, schedule, patches, tests, folder, device, provenance)
    if checkpoint is not None:
        trainer.restore(checkpoint)
    elif provenance["init"]:
        trainer.start_from(Path(provenance["init"]))
    _console.err.print(
        f"{config.name} ×{scale}, {config.parameters:,} parameters, {len(pairs)} pictures "
        f"({patches.pixels / 1e6:.1f} MP), {len(tests)} for validation, bicubic {baseline:.2f} dB, "
        f"{schedule.precision} on {device}"
    )
    latest = _follow(trainer, baseline)
    if trainer.step < schedule.steps:
        resume = f"srcnn train --resume {shlex.quote(str(folder))}"
        _console.err.print(f"stopped at step {trainer.step}, state saved; continue with: {resume}")
        sys.exit(130)  # said already, so not as the interruption that `main` reports
    if latest is not None and trainer.best < baseline:
        _console.warn(folder, f"the best weights are below bicubic ({baseline:.2f} dB)")
    _console.out.print(f"{folder / BEST}  {trainer.best:.3f} dB (bicubic {baseline:.3f} dB)")


def _follow(trainer: Trainer, baseline: float) -> Progress | None:
    from srcnn_cli.cli import _console

    latest = None
    with _StopRequest() as stop, _console.progress_bar("training") as bar:
        task = bar.add_task("", total=trainer.schedule.steps, completed=trainer.step)

        def stop_requested() -> bool:
            bar.update(task, completed=trainer.step)
            return stop.requested

        for latest in trainer.run(stop_requested):
            line = (
                f"step {latest.step}  loss {latest.loss:.3e}  validation {latest.psnr:.3f} dB "
                f"({latest.psnr - baseline:+.3f} against bicubic, best {latest.best:.3f})  "
                f"{latest.pixels_per_second / 1e6:.2f} MP/s  {latest.seconds:.0f} s"
            )
            bar.update(task, description=f"{latest.psnr:.3f} dB")
            _console.err.print(line)
    return latest


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


def _load(label: str, files: Sequence[Path], scale: int, smallest: int) -> list[Pair]:
    from srcnn_cli.cli import _console
    from srcnn_cli.data import Skipped, load_pairs

    pairs = []
    with _console.progress_bar(label) as bar:
        for item in bar.track(load_pairs(files, scale, smallest=smallest), total=len(files)):
            if isinstance(item, Skipped):
                _console.warn(item.path, f"skipped: {item.reason}")
            else:
                pairs.append(item)
    if not pairs:
        raise InputError("no picture is usable for training", files[0].parent if files else None)
    return pairs


def _choose_precision(name: str, device: str) -> str:
    if name != "auto":
        return name
    import torch

    if device == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    fast = device == "cpu" and torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001
    return "bfloat16" if fast else "float32"
