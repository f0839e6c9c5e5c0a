"""Training a network on patches, with checkpoints that continue exactly where they stopped."""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from srcnn_cli.config import ModelConfig
from srcnn_cli.engine.torch_engine import TorchEngine
from srcnn_cli.errors import ModelError, UsageError
from srcnn_cli.files import write_atomically
from srcnn_cli.networks import PlaneNetwork, initialize_identity
from srcnn_cli.tiling import run_plane
from srcnn_cli.weights import load_weights, save_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from torch import Tensor

    from srcnn_cli.data import PatchSampler
    from srcnn_cli.protocol import Pair

CHECKPOINT = "checkpoint.pt"
BEST = "best.safetensors"
LAST = "last.safetensors"
LOG = "log.csv"
_FORMAT = 1


@dataclass(frozen=True)
class Schedule:
    """Every number that shapes a training run; stored in its checkpoints and weights.

    Attributes:
        steps: Optimiser steps in the whole run.
        batch: Patches per step.
        patch: Side of an input patch in pixels; valid convolutions make the output smaller.
        rate: Adam's peak learning rate, reached after ``warmup`` steps and then falling to zero
            along half a cosine.
        warmup: Steps of linear rise.
        average: Decay of the exponential moving average of the weights, which is what is
            validated and kept; 0 keeps the raw weights.
        precision: ``bfloat16`` (autocast) or ``float32``.
        interval: Steps between validations and checkpoints.
        seed: Of the initial weights and of the patches drawn.
    """

    steps: int = 40_000
    batch: int = 16
    patch: int = 48
    rate: float = 1.5e-3
    warmup: int = 200
    average: float = 0.999
    precision: str = "bfloat16"
    interval: int = 1000
    seed: int = 1

    def __post_init__(self) -> None:
        if min(self.steps, self.batch, self.patch, self.interval) < 1 or self.warmup < 0:
            raise UsageError("steps, batch, patch and interval must be at least 1")
        if not 0 < self.rate < 1 or not 0 <= self.average < 1:
            raise UsageError("the learning rate must lie in (0, 1), the average's decay in [0, 1)")
        if self.precision not in {"bfloat16", "float32"}:
            raise UsageError(f"unknown precision {self.precision!r}: use bfloat16 or float32")

    def rate_at(self, step: int) -> float:
        """Learning rate of the given step, counted from 0."""
        if step < self.warmup:
            return self.rate * (step + 1) / self.warmup
        progress = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.rate * (1 + math.cos(math.pi * progress)) / 2


@dataclass(frozen=True)
class Progress:
    """Where a run stands after an interval.

    Attributes:
        step: Steps done.
        loss: Mean squared error over the interval, in [0, 1] units.
        psnr: Mean over the validation pictures in dB, under the ``srcnn`` convention.
        best: The highest ``psnr`` so far.
        rate: Learning rate of the last step.
        pixels_per_second: Output pixels trained per second in this interval.
        seconds: Training time so far, over all resumed parts.
    """

    step: int
    loss: float
    psnr: float
    best: float
    rate: float
    pixels_per_second: float
    seconds: float


class Trainer:
    """One training run in a folder of its own.

    Args:
        config: The network to train.
        schedule: How.
        patches: Where the training patches come from.
        validation: Held-back pairs; at least one.
        folder: Receives ``checkpoint.pt``, ``best.safetensors``, ``last.safetensors``, ``log.csv``.
        device: Trains here.
        provenance: JSON-ready facts (data, command) stored with the weights.
    """

    def __init__(
        self,
        config: ModelConfig,
        schedule: Schedule,
        patches: PatchSampler,
        validation: Sequence[Pair],
        folder: Path,
        device: torch.device,
        provenance: dict[str, Any],
    ) -> None:
        self.config, self.schedule, self.folder, self.device = config, schedule, folder, device
        self.provenance = provenance
        self.step = 0
        self.best = -math.inf
        self.seconds = 0.0
        self._patches = patches
        self._validation = [(pair, pair.interpolated) for pair in validation]
        self._generator = torch.Generator().manual_seed(schedule.seed)
        network = PlaneNetwork(config)
        initialize_identity(network, self._generator)
        self._network: PlaneNetwork = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._average = [p.detach().clone() for p in self._network.parameters()]
        self._optimizer = torch.optim.Adam(self._network.parameters(), lr=schedule.rate)

    def start_from(self, path: Path) -> None:
        """Take the initial weights from a weights file of the same layers.

        Raises:
            ModelError: The file is unusable or of another architecture.
        """
        config, tensors = load_weights(path)
        if config.layer_shapes != self.config.layer_shapes:
            raise ModelError(f"is {config.name}, not the {self.config.name} to be trained", path)
        self._network.load_state_dict({k: torch.from_numpy(v) for k, v in tensors.items()})
        self._average = [p.detach().clone() for p in self._network.parameters()]

    def run(self, should_stop: Callable[[], bool]) -> Iterator[Progress]:
        """Train to the end, saving and reporting after every interval.

        Args:
            should_stop: Asked after every step; when true, the run saves its state and ends.

        Raises:
            ModelError: The loss is no longer a number; the last checkpoint stays as it was.
            OutputError: A file cannot be written.
        """
        while self.step < self.schedule.steps:
            started, first = time.perf_counter(), self.step
            # Aligned to multiples of the interval, so that a run that was interrupted validates
            # at the same steps as one that was not.
            end = min(
                self.schedule.steps, (first // self.schedule.interval + 1) * self.schedule.interval
            )
            total = torch.zeros((), device=self.device)
            stopped = False
            while self.step < end and not stopped:
                total += self._train_step()
                stopped = should_stop()
            loss = float(total) / (self.step - first)
            elapsed = time.perf_counter() - started
            self.seconds += elapsed
            if not math.isfinite(loss):
                raise ModelError(
                    f"the loss became {loss} near step {self.step}: a lower --rate may help; "
                    "the last good checkpoint is kept",
                    self.folder,
                )
            if stopped and self.step < end:
                self._save_checkpoint()
                return
            progress = self._validate(loss, (self.step - first) / elapsed)
            self._save(progress)
            yield progress
            if stopped:
                return

    def _train_step(self) -> Tensor:
        schedule = self.schedule
        for group in self._optimizer.param_groups:
            group["lr"] = schedule.rate_at(self.step)
        source, truth = self._patches.sample(schedule.batch, self._generator)
        source = source.contiguous(memory_format=torch.channels_last)
        with torch.autocast(
            self.device.type, torch.bfloat16, enabled=schedule.precision == "bfloat16"
        ):
            output = self._network(source)
        loss = (output.float() - truth).square().mean()
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        self.step += 1
        # Early on the average follows quickly, so that the start does not weigh it down.
        decay = min(schedule.average, self.step / (self.step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(self._average, list(self._network.parameters()), 1 - decay)
        detached: Tensor = loss.detach()
        return detached

    def averaged_tensors(self) -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
        """The averaged weights as float32 arrays under their names in a weights file."""
        names = [name for name, _ in self._network.named_parameters()]
        return {
            name: value.cpu().contiguous().numpy()
            for name, value in zip(names, self._average, strict=True)
        }

    def _validate(self, loss: float, steps_per_second: float) -> Progress:
        engine = TorchEngine(self.config, self.averaged_tensors(), self.device)
        score = float(
            np.mean([p.psnr(run_plane(engine, x[None], 128)[0]) for p, x in self._validation])
        )
        output_side = self.schedule.patch - 2 * self.config.receptive_radius
        return Progress(
            step=self.step,
            loss=loss,
            psnr=score,
            best=max(score, self.best),
            rate=self.schedule.rate_at(self.step - 1),
            pixels_per_second=steps_per_second * self.schedule.batch * output_side**2,
            seconds=self.seconds,
        )

    def _save(self, progress: Progress) -> None:
        tensors = self.averaged_tensors()
        facts = {
            **self.provenance,
            "schedule": asdict(self.schedule),
            "step": self.step,
            "seconds": round(self.seconds, 1),
            "validation_psnr": round(progress.psnr, 4),
        }
        if progress.psnr > self.best:
            self.best = progress.psnr
            save_weights(self.folder / BEST, self.config, tensors, training=facts, overwrite=True)
        save_weights(self.folder / LAST, self.config, tensors, training=facts, overwrite=True)
        self._save_checkpoint()
        log = self.folder / LOG
        if not log.exists():
            log.write_text("step,loss,psnr,best,rate,pixels_per_second,seconds\n", encoding="utf-8")
        with log.open("a", encoding="utf-8") as file:
            file.write(
                f"{progress.step},{progress.loss:.6g},{progress.psnr:.4f},{progress.best:.4f},"
                f"{progress.rate:.4g},{progress.pixels_per_second:.4g},{progress.seconds:.1f}\n"
            )

    def _save_checkpoint(self) -> None:
        state = {
            "format": _FORMAT,
            "config": json.dumps(self.config.to_dict()),
            "schedule": json.dumps(asdict(self.schedule)),
            "provenance": json.dumps(self.provenance),
            "step": self.step,
            "best": self.best,
            "seconds": self.seconds,
            "network": self._network.state_dict(),
            "average": self._average,
            "optimizer": self._optimizer.state_dict(),
            "generator": self._generator.get_state(),
        }
        write_atomically(
            self.folder / CHECKPOINT, lambda file: torch.save(state, file), overwrite=True
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Continue from a checkpoint of this configuration and schedule."""
        state = checkpoint.state
        self._network.load_state_dict(state["network"])
        self._average = [value.to(self.device) for value in state["average"]]
        self._optimizer.load_state_dict(state["optimizer"])
        self._generator.set_state(state["generator"])
        self.step, self.best, self.seconds = state["step"], state["best"], state["seconds"]


@dataclass(frozen=True)
class Checkpoint:
    """A stored run: what it was, and the state to continue from."""

    config: ModelConfig
    schedule: Schedule
    provenance: dict[str, Any]
    state: dict[str, Any]


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read the checkpoint in a run's folder. It cannot run code (``weights_only=True``).

    Raises:
        ModelError: There is none, or it is damaged.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        raise ModelError(
            "no checkpoint to resume from (expected a folder made by srcnn train)", path
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        checkpoint = Checkpoint(
            ModelConfig.from_dict(json.loads(state["config"])),
            Schedule(**json.loads(state["schedule"])),
            json.loads(state["provenance"]),
            state,
        )
    except Exception as error:  # torch raises a dozen types over damaged files
        raise ModelError("damaged, or not a checkpoint of srcnn train", path) from error
    if state.get("format") != _FORMAT:
        raise ModelError(f"checkpoint format {state.get('format')} is not known here", path)
    return checkpoint
