"""Doing the work of a reproduction, step by step, each result a file: so it can be taken up again.

``models/`` receives the dictionaries that are trained, ``network/`` a network's run, ``measured/``
a file for each test set, scale and method, ``figures/`` the pictures of the page.
"""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from srcnn_cli.errors import InputError
from srcnn_cli.evaluation.benchmark import measure
from srcnn_cli.evaluation.protocol import SRCNN
from srcnn_cli.evaluation.sources import find_sources
from srcnn_cli.files import make_folder, write_atomically
from srcnn_cli.methods.interpolation import INTERPOLATIONS, Interpolation
from srcnn_cli.methods.selection import method_of_file
from srcnn_cli.models.catalog import find_model, shipped_models
from srcnn_cli.models.dictionaries import DICTIONARIES
from srcnn_cli.models.weights import load_any, read_training, save_weights
from srcnn_cli.reproduction.data_sets import find_set
from srcnn_cli.training.dictionary import DictionaryPair, train_dictionary
from srcnn_cli.training.dictionary_run import atoms_deadline, planned
from srcnn_cli.training.dictionary_samples import read_planes
from srcnn_cli.training.examples import training_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from srcnn_cli.methods.base import Method
    from srcnn_cli.reproduction.papers import Paper

WEIGHTS = ".safetensors"
# Dictionaries that are made of the same atoms and details, whichever of them these come from.
_SHARED = ("anr", "zeyde", "ne-lle", "ne-nnls")


@dataclass(frozen=True)
class Measured:
    """What a method reached on a test set.

    Attributes:
        psnr: In dB by picture.
        seconds: Of the enlargement, by picture.
        pixels: Of the result, by picture.
    """

    psnr: dict[str, float]
    seconds: dict[str, float]
    pixels: dict[str, int]

    @property
    def mean(self) -> float:
        """Mean PSNR in dB."""
        return statistics.fmean(self.psnr.values())

    @property
    def time(self) -> float:
        """Mean seconds per picture."""
        return statistics.fmean(self.seconds.values())

    @property
    def time_per_megapixel(self) -> float:
        """Seconds for a million pixels of the result."""
        return sum(self.seconds.values()) / sum(self.pixels.values()) * 1e6


class Workshop:
    """Everything that is needed for a paper, made when it is first asked for.

    Args:
        paper: The paper.
        data: The folder of the sets of pictures.
        folder: Of the reproduction.
        minutes: For all training; None: as long as it takes.
        full: Train every dictionary, those that ship included.
        say: Told in a line what is being done.

    Attributes:
        paper: See there.
        folder: See there.
        models: Receives what is trained.
        figures: Receives the pictures of the page.
    """

    def __init__(
        self,
        paper: Paper,
        data: Path,
        folder: Path,
        *,
        minutes: float | None,
        full: bool,
        say: Callable[[str], object],
    ) -> None:
        self.paper, self.folder = paper, folder
        self._data, self._minutes, self._full, self._say = data, minutes, full, say
        self.models, self.figures = folder / "models", folder / "figures"
        self._measurements = folder / "measured"
        for made in (folder, self.models, self.figures, self._measurements):
            make_folder(made)

    def trained(self) -> dict[str, float]:
        """What was trained here, and the seconds that each took."""
        facts = {path.stem: read_training(path) for path in sorted(self.models.glob(f"*{WEIGHTS}"))}
        return {name: float((own or {}).get("seconds", 0)) for name, own in facts.items()}

    @property
    def minutes_left(self) -> float | None:
        """Of the time for training; None: as long as it takes."""
        if self._minutes is None:
            return None
        return max(0.0, self._minutes - sum(self.trained().values()) / 60)

    def set_folder(self, name: str) -> Path:
        """Of a test or training set; see `find_set`."""
        return find_set(self._data, name)

    def methods(self, dataset: str, scale: int) -> dict[str, str]:
        """What is measured on a set, by its name in the paper."""
        del dataset
        named = {**self.paper.methods, **self.paper.extra}
        # The paper has sparse coding at ×3 alone.
        return {k: v for k, v in named.items() if v != "sc" or scale == 3}

    def results(self) -> Iterator[tuple[str, int, str, Measured]]:
        """Every measurement, made or read, as (set, scale, name in the paper, result)."""
        for dataset, scale in self.paper.measurements:
            for title, name in self.methods(dataset, scale).items():
                yield dataset, scale, title, self._measured(dataset, scale, title, name)

    def _measured(self, dataset: str, scale: int, title: str, name: str) -> Measured:
        path = self._measurements / f"{dataset}-x{scale}-{name}.json"
        if path.exists():
            return _read_measured(path)
        method = self.method(name, scale)
        self._say(f"{dataset} ×{scale}: measuring {title} ({name})")
        sources = find_sources(self.set_folder(dataset)).sources
        records = [
            image[0]
            for image in measure(sources, [method], scale=scale, protocol=SRCNN, metrics=("psnr",))
        ]
        result = Measured(
            {record.image.lower(): record.metrics["psnr"] for record in records},
            {record.image.lower(): record.steps.total for record in records if record.steps},
            {record.image.lower(): record.height * record.width for record in records},
        )
        self._say(f"  {result.mean:.2f} dB, {result.time:.2g} s a picture")
        data = json.dumps(asdict(result), indent=1).encode()
        write_atomically(path, lambda file: file.write(data), overwrite=True)
        return result

    def method(self, name: str, scale: int) -> Method:
        """A method by our name of it; a dictionary that does not ship is trained."""
        if name in INTERPOLATIONS:
            return Interpolation(name)
        if name not in DICTIONARIES:
            return method_of_file(name, find_model(name)[scale], "cpu")
        return method_of_file(name, self.dictionary(name, scale), "cpu")

    def dictionary(self, name: str, scale: int) -> Path:
        """The weights file of a dictionary: shipped, or trained here on T91."""
        path = self.models / f"{name}-x{scale}{WEIGHTS}"
        if path.exists():
            return path
        shipped = {model.name: model.path for model in shipped_models()}
        if not self._full and f"{name}-x{scale}" in shipped:
            return shipped[f"{name}-x{scale}"]
        pair = self._pair(name, scale, shipped)
        if pair is None or name == "a-plus":
            self._say(f"training {name} ×{scale} on T91")
        planes = read_planes(training_files([self.set_folder("T91")]), scale)
        started, left = time.monotonic(), self.minutes_left
        deadline = atoms_deadline(started, left)
        plan, done = planned(left, None), dict[str, int]()

        def report(stage: str, count: int, total: int) -> None:
            if stage not in done or (total and count == total):
                self._say(f"  {stage}, {time.monotonic() - started:.0f} s")
            done[stage] = count

        config, tensors = train_dictionary(
            name, planes, scale, plan, report, deadline=deadline, pair=pair
        )
        training = {
            "data": ["T91"], "pictures": len(planes), "plan": asdict(plan), "done": done,
            "seconds": round(time.monotonic() - started, 1),
        }  # fmt: skip
        save_weights(path, config, tensors, half=True, training=training, overwrite=True)
        return path

    def _pair(self, name: str, scale: int, shipped: dict[str, Path]) -> DictionaryPair | None:
        """Atoms and details that are there already, those of another method included."""
        if name == "sc":
            return None
        own = [self.models / f"{other}-x{scale}{WEIGHTS}" for other in _SHARED]
        if not self._full and f"anr-x{scale}" in shipped:
            own.append(shipped[f"anr-x{scale}"])
        for path in own:
            if path.exists():
                _, tensors = load_any(path)
                return DictionaryPair(*(tensors[k] for k in DictionaryPair._fields))
        return None


def _read_measured(path: Path) -> Measured:
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
        return Measured(**values)
    except (OSError, ValueError, TypeError) as error:
        raise InputError("is damaged: delete it, and it is measured again", path) from error
