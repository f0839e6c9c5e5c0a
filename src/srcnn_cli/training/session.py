"""A training run in this process, from its pictures to its end; showing it is up to the caller."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from srcnn_cli.errors import InputError
from srcnn_cli.evaluation.protocol import SRCNN
from srcnn_cli.evaluation.sources import Source, load
from srcnn_cli.files import make_folder
from srcnn_cli.models.weights import BEST, load_weights
from srcnn_cli.plotting.convergence import plot_convergence
from srcnn_cli.plotting.filters import plot_filters
from srcnn_cli.training.degraded_patches import DegradedPatches, draw_of
from srcnn_cli.training.examples import (
    Skipped,
    hold_back,
    parse_shrinks,
    training_files,
    without_copies,
)
from srcnn_cli.training.log import LOG, TrainingLog
from srcnn_cli.training.matching import degradation, patch_spec
from srcnn_cli.training.streaming import open_patches
from srcnn_cli.training.trainer import Trainer
from srcnn_cli.training.validation import Validator, overall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import torch

    from srcnn_cli.evaluation.protocol import Pair
    from srcnn_cli.imaging.chain import Chain
    from srcnn_cli.training.patches import Patches
    from srcnn_cli.training.progress import Progress
    from srcnn_cli.training.ranks import Ranks
    from srcnn_cli.training.run import Run

CURVE, FILTERS = "convergence.png", "filters.png"

# How a session ended: at its last step, by the user's wish, or because its time was over.
Ending = Literal["done", "interrupted", "paused"]


@dataclass(frozen=True)
class Resources:
    """What a run may use; none of it changes the result.

    Attributes:
        minutes: Validate, save and stop after so many; None: go on to the end.
        compiled: Use ``torch.compile``.
        cache_bytes: Memory for training pictures.
        workers: Processes that read pictures while streaming, and degrade sub-images for a GPU.
    """

    minutes: float | None
    compiled: bool
    cache_bytes: int
    workers: int


@dataclass(frozen=True)
class Pictures:
    """The files that a run is trained on, and those that it is validated on."""

    training: list[Path]
    validation: list[Path]


def find_pictures(run: Run) -> Pictures:
    """The pictures of a run; what it is validated on, it is not trained on.

    Raises:
        InputError: A folder does not exist, or nothing is left to train on.
    """
    facts = run.provenance
    files = training_files(facts["data"])
    if facts["validation"] is None:
        # At most a tenth: a handful of pictures still leaves most of them for training.
        return Pictures(*hold_back(files, max(1, min(facts["hold_back"], len(files) // 10))))
    held = training_files([facts["validation"]])
    files = without_copies(files, held)
    if not files:
        raise InputError(
            "holds all training pictures: none is left to train on", Path(facts["validation"])
        )
    return Pictures(files, held)


def load_validation(
    files: Sequence[Path],
    scales: Sequence[int],
    on_skip: Callable[[Skipped], object] | None,
    chains: Sequence[Chain] = (),
    *,
    colors: bool = False,
) -> list[Pair]:
    """As `bench` would measure on them; a picture that cannot be used is named and left out.

    Args:
        files: The pictures.
        scales: At each of them.
        on_skip: Told of a picture that cannot be used.
        chains: How the pictures are degraded, taking turns; none: as in the papers.
        colors: R'G'B' is compared instead of luminance.

    Raises:
        InputError: For one of the scales no picture can be used.
    """
    pairs: list[Pair] = []
    for index, path in enumerate(files):
        protocol = SRCNN.changed(
            degrade=chains[index % len(chains)] if chains else None,
            color="rgb" if colors else None,
        )
        try:
            loaded = load(Source(path))
            pairs.extend(loaded.pair(scale, protocol) for scale in scales)
        except InputError as error:
            if on_skip is not None:
                on_skip(Skipped(path, error.reason))
    missing = set(scales) - {pair.scale for pair in pairs}
    if missing:
        raise InputError(f"no picture can be used for validation at ×{min(missing)}")
    return pairs


class Session:
    """A run that is under way in this process; made by `open_session`, to be closed at the end.

    Attributes:
        trainer: Does the steps.
        patches: Where the sub-images come from.
        bicubic: PSNR of bicubic interpolation on the validation pictures in dB.
        used: Number of training pictures, so far as is known.
        skipped: Training files that were left out so far.
    """

    def __init__(
        self,
        trainer: Trainer,
        patches: Patches,
        validator: Validator,
        resources: Resources,
        used: int,
        skipped: list[Skipped],
    ) -> None:
        self.trainer, self.patches, self.used, self.skipped = trainer, patches, used, skipped
        self.bicubic = overall(validator.bicubic)
        self._scales, self._minutes = validator.scales, resources.minutes

    def train(self, stop_requested: Callable[[], bool]) -> Iterator[Progress]:
        """Train, and write the log, until the run or its time is over or a stop is requested.

        When its time is over it is validated once more: there are weights by then.

        Args:
            stop_requested: Asked after every step.

        Raises:
            ModelError: The loss is no longer a number; the last checkpoint stays as it was.
            OutputError: A file cannot be written.
        """
        deadline = None if self._minutes is None else time.monotonic() + 60 * self._minutes

        def should_stop() -> bool:
            return stop_requested() or (deadline is not None and time.monotonic() > deadline)

        def run() -> Iterator[Progress]:
            yield from self.trainer.run(should_stop)
            if self.ending(stop_requested=stop_requested()) == "paused":
                last = self.trainer.validate_now()
                if last is not None:
                    yield last

        if not self.trainer.ranks.first:
            yield from run()
            return
        with closing(TrainingLog(self.trainer.folder, self._scales)) as log:
            for progress in run():
                log.add(progress)
                yield progress

    def ending(self, *, stop_requested: bool) -> Ending:
        """How it ended; all processes of a run must ask, because they answer together."""
        if self.trainer.step == self.trainer.schedule.steps:
            return "done"
        return "interrupted" if self.trainer.ranks.anywhere(condition=stop_requested) else "paused"

    def draw_figures(self) -> None:
        """Draw the course of the run and the first layer's filters, if there are weights by now.

        Raises:
            InputError: The log is damaged.
            OutputError: A figure cannot be written.
            UsageError: There is nothing to draw.
        """
        folder, config = self.trainer.folder, self.trainer.config
        if not (folder / BEST).exists():
            return
        scales = "/".join(f"×{scale}" for scale in config.scales)
        title = f"{config.name} {scales}, recipe {self.trainer.schedule.recipe}"
        plot_convergence(folder / LOG, folder / CURVE, bicubic=self.bicubic, title=title)
        plot_filters(*load_weights(folder / BEST), folder / FILTERS)

    def close(self) -> None:
        """Let go of the pictures, and of the processes that read them."""
        self.patches.close()


def open_session(
    run: Run,
    pictures: Pictures,
    device: torch.device,
    resources: Resources,
    ranks: Ranks,
    *,
    on_read: Callable[[], object] | None = None,
    on_skip: Callable[[Skipped], object] | None = None,
) -> Session:
    """Read the pictures, make the run's folder and the network: all that comes before a step.

    Args:
        run: What to train.
        pictures: From `find_pictures`.
        device: Trains here.
        resources: What may be used for it.
        ranks: The processes that train together.
        on_read: Called after each training picture that is read.
        on_skip: Told of each picture that cannot be used, later ones of a stream included.

    Raises:
        InputError: No picture can be used.
        ModelError: Checkpoint or initial weights do not fit the network.
        OutputError: The folder cannot be made.
        UsageError: Network, schedule and processes do not go together.
    """
    config, schedule = run.config, run.schedule
    draw = draw_of(schedule.degrade)
    chains = draw.validation if draw else ()
    colors = config.family.keeps_luminance
    pairs = load_validation(pictures.validation, config.scales, on_skip, chains, colors=colors)
    validator = Validator(pairs, ranks)
    originals, skipped, used = open_patches(
        pictures.training,
        degradation(config, schedule),
        patch_spec(config, schedule),
        device=device,
        cache_bytes=resources.cache_bytes,
        batch=schedule.batch,
        seed=schedule.seed,
        rank=ranks.rank,
        world=ranks.world,
        workers=resources.workers,
        step=run.checkpoint.state["step"] if run.checkpoint else 0,
        progress=on_read,
        on_skip=on_skip,
        shrinks=parse_shrinks(schedule.shrink),
    )
    patches: Patches = originals
    if draw is not None:
        # A CPU has its cores to train on.
        workers = 0 if device.type == "cpu" else resources.workers
        patches = DegradedPatches(originals, config, schedule.patch, draw, workers)
    with ExitStack() as unless_ready:
        unless_ready.enter_context(closing(patches))
        make_folder(run.folder)
        trainer = Trainer(
            config, schedule.resolved(patches.positions), patches, validator, run.folder, device,
            run.provenance, ranks=ranks, compiled=resources.compiled,
        )  # fmt: skip
        if run.checkpoint is not None:
            trainer.restore(run.checkpoint)
        elif run.provenance["init"]:
            trainer.start_from(Path(run.provenance["init"]), renew=run.provenance["renew"])
        unless_ready.pop_all()
    return Session(trainer, patches, validator, resources, used, skipped)
