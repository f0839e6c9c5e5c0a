"""The training loop: steps, validations, and a state that continues exactly where it stopped."""

from __future__ import annotations

import math
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch

from srcnn_cli.engines.selection import make_engine
from srcnn_cli.engines.torch_engine import autocast
from srcnn_cli.errors import ModelError, UsageError
from srcnn_cli.imaging.regions import WHOLE
from srcnn_cli.models.networks.carriers import split_carriers, with_carriers
from srcnn_cli.models.networks.levels import at_level, with_levels
from srcnn_cli.models.networks.torch_network import PlaneNetwork
from srcnn_cli.models.weights import BEST, load_weights, save_weights
from srcnn_cli.training.checkpoints import Checkpoint, save_checkpoint
from srcnn_cli.training.growing import grow
from srcnn_cli.training.initialization import initialize
from srcnn_cli.training.loss import loss_of
from srcnn_cli.training.matching import check_schedule, trained_network
from srcnn_cli.training.optimizers import Optimizer
from srcnn_cli.training.pieces import Pieces
from srcnn_cli.training.progress import Progress
from srcnn_cli.training.ranks import Ranks
from srcnn_cli.training.validation import overall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from torch import Tensor

    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.weights import Tensors
    from srcnn_cli.training.patches import Patches
    from srcnn_cli.training.schedule import Schedule
    from srcnn_cli.training.validation import Validator

LAST = "last.safetensors"
# Steps between the moments at which distributed processes ask each other whether to stop.
_STEPS_BETWEEN_TALKS = 10


class Trainer:
    """One training run in a folder of its own.

    Args:
        config: The network to train.
        schedule: How; with ``steps`` resolved.
        patches: Where the sub-images come from; made with `patch_spec`.
        validator: Held-back pictures.
        folder: Receives ``checkpoint.pt``, ``best.safetensors`` and ``last.safetensors``.
        device: Trains here.
        provenance: JSON-ready facts (data, command) stored with the weights.
        ranks: The processes that train together.
        compiled: Whether ``torch.compile`` makes the network's code.

    Raises:
        UsageError: Network and schedule do not go together.
    """

    def __init__(
        self,
        config: ModelConfig,
        schedule: Schedule,
        patches: Patches,
        validator: Validator,
        folder: Path,
        device: torch.device,
        provenance: dict[str, Any],
        *,
        ranks: Ranks | None = None,
        compiled: bool = False,
    ) -> None:
        check_schedule(config, schedule)
        self.config, self.schedule, self.folder, self.device = config, schedule, folder, device
        self.provenance = provenance
        self.ranks = ranks or Ranks()
        if schedule.batch % self.ranks.world:
            raise UsageError(
                f"a batch of {schedule.batch} cannot be shared by {self.ranks.world} processes"
            )
        self.step, self.best, self.seconds = 0, -math.inf, 0.0
        # Loss and pixels a second of the steps since the last validation, once the run stopped.
        self._unvalidated: tuple[float, float] | None = None
        self._patches, self._validator = patches, validator
        self._generator = torch.Generator().manual_seed(schedule.seed)
        network = PlaneNetwork(trained_network(config, schedule))
        initialize(network, schedule.initial, self._generator)
        self._network: PlaneNetwork = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._parameters = list(self._network.parameters())
        self._average = [p.detach().clone() for p in self._parameters]
        self._optimizer = Optimizer(self._network, schedule)
        self._forward: Any = torch.compile(self._network) if compiled else self._network
        self._pieces = Pieces(self._parameters, whole=compiled or device.type != "cpu")

    def start_from(self, path: Path, *, renew: int = 0) -> None:
        """Take the initial weights from a weights file of the same network, or one to grow from.

        Scales and border policy may differ, and the file's network may be one for clean pictures:
        what it is told beside them it then begins to heed.

        Args:
            path: The file.
            renew: Its last so many layers are left aside: they start as in a fresh network.

        Raises:
            ModelError: The file is unusable, or of a network that this one cannot begin with.
        """
        config, tensors = load_weights(path)
        if self.config.levels:
            config, tensors = with_levels(config, tensors)
        try:
            tensors = grow(config, tensors, self.config, self._generator)
            if self.schedule.fixed_carriers:
                tensors = split_carriers(config, tensors)
        except ModelError as error:
            raise ModelError(error.reason, path) from error
        anew = set(self._network.names[-renew:] if renew else ())
        state = {k: torch.from_numpy(v) for k, v in tensors.items() if k.split(".")[0] not in anew}
        self._network.load_state_dict({**self._network.state_dict(), **state})
        self._average = [p.detach().clone() for p in self._parameters]

    def run(self, should_stop: Callable[[], bool]) -> Iterator[Progress]:
        """Train to the end, saving and reporting after every interval.

        Args:
            should_stop: Asked after every step; when true, the run saves its state and ends.

        Raises:
            ModelError: The loss is no longer a number; the last checkpoint stays as it was.
            OutputError: A file cannot be written.
        """
        torch.set_num_threads(self._pieces.threads)
        while self.step < self.schedule.steps:
            started, first = time.perf_counter(), self.step
            # Aligned to multiples of the interval, so that a run that was interrupted validates
            # at the same steps as one that was not.
            end = min(
                self.schedule.steps, (first // self.schedule.interval + 1) * self.schedule.interval
            )
            total = torch.zeros((), device=self.device)
            stopped, pixels = False, 0.0
            while self.step < end and not stopped:
                loss, trained = self._train_step()
                total += loss
                pixels += trained
                stopped = self._agree(should_stop)
            loss_sum, pixels = self.ranks.total([float(total), pixels])
            mean_loss = loss_sum / self.ranks.world / (self.step - first)
            elapsed = time.perf_counter() - started
            self.seconds += elapsed
            if not math.isfinite(mean_loss):
                raise ModelError(
                    f"the loss became {mean_loss} near step {self.step}: a lower --rate may help; "
                    "the last good checkpoint is kept",
                    self.folder,
                )
            if stopped and self.step < end:
                self._unvalidated = mean_loss, pixels / elapsed
                self._save_checkpoint()
                return
            yield self._conclude(mean_loss, pixels / elapsed)
            if stopped:
                return

    def validate_now(self) -> Progress | None:
        """Validate where the run was stopped, between two intervals; None: just after one.

        All processes must call it.

        Raises:
            ModelError: The PSNR is not a number; the last good weights are kept.
            OutputError: A file cannot be written.
        """
        return self._conclude(*self._unvalidated) if self._unvalidated else None

    def _agree(self, should_stop: Callable[[], bool]) -> bool:
        wish = should_stop()
        if self.ranks.world == 1:
            return wish
        return self.step % _STEPS_BETWEEN_TALKS == 0 and self.ranks.anywhere(condition=wish)

    def _train_step(self) -> tuple[Tensor, int]:
        """One step; the loss, and how many pixels of output it was over."""
        batch = self.schedule.batch
        source, truth = self._patches.sample(batch, self._generator, self.ranks.share(batch))
        loss = self._learn(source, truth)
        self.step += 1
        self._patches.advance()
        # Early on the average follows quickly, so that the start does not weigh it down.
        decay = min(self.schedule.average, self.step / (self.step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(self._average, self._parameters, 1 - decay)
        return loss

    def _learn(self, source: Tensor, truth: Tensor) -> tuple[Tensor, int]:
        """Forward, backward and the change of the weights."""
        bordered, radius = self.schedule.bordered(self.step), self.config.receptive_radius
        if self.schedule.border_share > 0 and not bordered:
            inner = slice(radius, truth.shape[-1] - radius)
            truth = truth[..., inner, inner]

        def loss(source: Tensor, truth: Tensor) -> Tensor:
            source = source.contiguous(memory_format=torch.channels_last)
            with autocast(self.device, self.schedule.precision):
                output = self._forward(source, WHOLE) if bordered else self._forward(source)
            return loss_of(output.float(), truth, self.schedule, self.step)

        self._optimizer.zero_grad()
        batch_loss = self._pieces.backward(loss, source, truth)
        self.ranks.average([p.grad for p in self._parameters if p.grad is not None])
        self._optimizer.step(self.schedule.rate_at(self.step))
        pixels = truth.shape[0] * truth.shape[-1] * truth.shape[-2] * self.config.factor**2
        return batch_loss, pixels

    def averaged_tensors(self) -> Tensors:
        """The averaged weights as float32 arrays under their names in a weights file."""
        names = [name for name, _ in self._network.named_parameters()]
        tensors: Tensors = {
            name: value.cpu().numpy().copy()  # training goes on
            for name, value in zip(names, self._average, strict=True)
        }
        return with_carriers(self.config, tensors) if self.schedule.fixed_carriers else tensors

    def _conclude(self, loss: float, pixels_per_second: float) -> Progress:
        """Validate, save, and say where the run stands."""
        self._unvalidated = None
        tensors = self.averaged_tensors()
        by_scale = self._validator.psnr(
            lambda levels: make_engine(*at_level(self.config, tensors, levels), str(self.device))
        )
        psnr = overall(by_scale)
        if math.isnan(psnr):
            raise ModelError(
                f"the validation PSNR is {psnr} at step {self.step}: a lower --rate may help; "
                "the last good checkpoint is kept",
                self.folder,
            )
        better, self.best = psnr > self.best, max(psnr, self.best)
        facts = {
            **self.provenance,
            "schedule": asdict(self.schedule),
            "step": self.step,
            "seconds": round(self.seconds, 1),
            "validation_psnr": round(psnr, 4),
        }
        if self.ranks.first:
            for name in [BEST, LAST] if better else [LAST]:
                save_weights(
                    self.folder / name, self.config, tensors, training=facts, overwrite=True
                )
        self._save_checkpoint()
        return Progress(
            step=self.step,
            samples=self.step * self.schedule.batch,
            loss=loss,
            psnr=psnr,
            psnr_by_scale=tuple(by_scale),
            best=self.best,
            rate=self.schedule.rate_at(self.step - 1),
            pixels_per_second=pixels_per_second,
            seconds=self.seconds,
        )

    def _save_checkpoint(self) -> None:
        if not self.ranks.first:
            return
        state = {
            "step": self.step,
            "best": self.best,
            "seconds": self.seconds,
            "network": self._network.state_dict(),
            "average": self._average,
            "optimizer": self._optimizer.state_dict(),
            "generator": self._generator.get_state(),
        }
        save_checkpoint(self.folder, Checkpoint(self.config, self.schedule, self.provenance, state))

    def restore(self, checkpoint: Checkpoint) -> None:
        """Continue from a checkpoint of this configuration and schedule.

        Raises:
            ModelError: Its state is not that of this network.
        """
        state = checkpoint.state
        try:
            self._network.load_state_dict(state["network"])
            self._average = [value.to(self.device) for value in state["average"]]
            self._optimizer.load_state_dict(state["optimizer"])
            self._generator.set_state(state["generator"])
            self.step, self.best = int(state["step"]), float(state["best"])
            self.seconds = float(state["seconds"])
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            raise ModelError("its state does not fit its network", self.folder) from error
        self._patches.seek(self.step)
