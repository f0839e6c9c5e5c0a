"""The weights that ship with the program, and what a model's name on the command line means.

``weights/index.json`` lists every shipped file with its checksum, its training and its measured
figures. The folder stands at the top of the source tree and inside the installed package.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from srcnn_cli.errors import ModelError, suggestion
from srcnn_cli.models.config import NICKNAMES
from srcnn_cli.models.weights import BEST, file_sha256, load_any, load_weights, read_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from srcnn_cli.imaging.levels import Levels
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.kinds import AnyConfig
    from srcnn_cli.models.networks.base import BorderPolicy
    from srcnn_cli.models.weights import Tensors

# What is appended to a family's name to mean its weights for damaged pictures.
RESTORING = "-photo"


@dataclass(frozen=True)
class Figures:
    """What a shipped model was measured to reach at one scale.

    Attributes:
        psnr: Mean PSNR in dB per test set.
        ssim: Mean SSIM per test set.
    """

    psnr: dict[str, float]
    ssim: dict[str, float]


@dataclass(frozen=True)
class ShippedModel:
    """One shipped weights file.

    Attributes:
        family: The name that users give, ``srcnn-9-1-5``; the scale picks the file.
        name: The file's: ``srcnn-9-1-5-x3``, or the family's if one file serves all scales.
        path: The file.
        sha256: Its checksum in the index.
        training: Data it was trained on, in words.
        figures: By the factors it was trained for, under ``protocol``.
        protocol: How the figures were measured.
    """

    family: str
    name: str
    path: Path
    sha256: str
    training: str
    figures: dict[int, Figures]
    protocol: str

    @property
    def scales(self) -> tuple[int, ...]:
        """The factors it was trained for."""
        return tuple(self.figures)

    @property
    def config(self) -> AnyConfig:
        """The network or dictionary, read from the file's header."""
        return read_config(self.path)


class PhotographWeights(NamedTuple):
    """A shipped file that takes the place of a model's own where a picture is damaged.

    Attributes:
        family: The model's.
        others: Families that take it where they have none of their own.
        scale: The factor; 1 is for every model.
        path: The file.
        sha256: Its checksum in the index.
        training: Data it was trained on, in words.
        clean_from: The JPEG quality from which on the model's own weights do better, measured on
            pictures that no network was trained on; 100: unknown.
    """

    family: str
    others: tuple[str, ...]
    scale: int
    path: Path
    sha256: str
    training: str
    clean_from: int = 100


def weights_folder() -> Path:
    """Where the shipped weights are: inside an installed package, or at the top of a source tree.

    Raises:
        ModelError: The installation is incomplete.
    """
    package = Path(__file__).parents[1]
    for folder in (package / "weights", package.parents[1] / "weights"):
        if (folder / "index.json").is_file():
            return folder
    raise ModelError("the shipped weights are missing: install srcnn-cli again", package)


@cache
def _index() -> dict[str, Any]:
    """What ``index.json`` says; read once, for it is asked at every start."""
    text = (weights_folder() / "index.json").read_text(encoding="utf-8")
    index: dict[str, Any] = json.loads(text)
    return index


@cache
def shipped_models() -> tuple[ShippedModel, ...]:
    """All shipped models, in the order of the index."""
    folder, index = weights_folder(), _index()
    return tuple(
        ShippedModel(
            family=entry["family"],
            name=Path(entry["file"]).stem,
            path=folder / entry["file"],
            sha256=entry["sha256"],
            training=entry["training"],
            figures={int(scale): Figures(**own) for scale, own in entry["figures"].items()},
            protocol=index["protocol"],
        )
        for entry in index["models"]
    )


@cache
def photograph_weights() -> tuple[PhotographWeights, ...]:
    """All shipped weights for damaged pictures, in the order of the index."""
    folder = weights_folder()
    return tuple(
        PhotographWeights(
            entry["family"],
            tuple(entry.get("others", ())),
            entry["scale"],
            folder / entry["file"],
            entry["sha256"],
            entry["training"],
            entry.get("clean_from", 100),
        )
        for entry in _index().get("photographs", ())
    )


def restoring_weights(family: str) -> dict[int, Path]:
    """The files that take the place of a shipped model's where a picture is damaged, by scale."""
    known = {weights.family for weights in photograph_weights()}
    if family not in known | {model.family for model in shipped_models()}:
        return {}
    own, borrowed = {}, {}
    for weights in photograph_weights():
        if weights.family == family:
            own[weights.scale] = weights.path
        elif weights.scale == 1 or family in weights.others:
            borrowed[weights.scale] = weights.path
    return borrowed | own


def chrominance_weights() -> Path | None:
    """The shipped file that puts right the colours of damaged pictures; None: there is none."""
    entry = _index().get("chrominance")
    return weights_folder() / entry["file"] if entry else None


def restoring_chrominance(levels: Levels) -> Path | None:
    """The same for a picture that is so damaged; None where it is neither compressed nor noisy."""
    return chrominance_weights() if levels.compression or levels.noise else None


def clean_quality(path: Path) -> int:
    """The JPEG quality from which on clean weights do better than these; 100: none is known."""
    known = (weights for weights in photograph_weights() if weights.path == path)
    return next((weights.clean_from for weights in known), 100)


class Bfloat16(NamedTuple):
    """What computing in bfloat16 does to a network.

    Attributes:
        cost: PSNR in dB that it loses, on pictures that it was neither trained nor judged on.
        speed: Times that of float32, on a processor that multiplies matrices in bfloat16.
    """

    cost: float
    speed: float


@cache
def bfloat16(path: Path) -> Bfloat16 | None:
    """The same of a shipped network, at the worst of its scales; None where it was not measured."""
    entries = (*_index()["models"], *_index().get("photographs", ()))
    known = {entry["file"]: entry["bfloat16"] for entry in entries if "bfloat16" in entry}
    own = known.get(path.name) if path.parent == weights_folder() else None
    if not own:
        return None
    return Bfloat16(max(s["cost"] for s in own.values()), min(s["speed"] for s in own.values()))


def find_model(name: str, *, interpolations: Sequence[str] = ()) -> dict[int, Path]:
    """The weights files behind a name, by scale.

    Args:
        name: A family (``srcnn-9-1-5``) or its nickname (``best``), with ``-photo`` its weights
            for damaged pictures, one shipped model (``srcnn-9-1-5-x3``), the path of a weights
            file, or the folder of a training run, which stands for its best weights.
        interpolations: What else would be a name where this one came from, for the error.

    Raises:
        ModelError: Nothing is called that, or a shipped file is damaged.
    """
    name = NICKNAMES.get(name, name)
    matches = [model for model in shipped_models() if name in {model.family, model.name}]
    if matches:
        return {scale: model.path for model in matches for scale in model.scales}
    if name.endswith(RESTORING) and (files := restoring_weights(name.removesuffix(RESTORING))):
        return files
    path = Path(name)
    if path.suffix == ".safetensors" or os.path.exists(path):  # noqa: PTH110 - takes any name
        if path.is_dir():
            path = _best_of_run(path)
        config, _ = load_any(path)
        return dict.fromkeys(config.scales, path)
    raise ModelError(_unknown(name, interpolations))


def _best_of_run(folder: Path) -> Path:
    path = folder / BEST
    if not path.is_file():
        raise ModelError(
            f"holds no {BEST}: it is not the folder of a training run, or the run has not been "
            "validated yet",
            folder,
        )
    return path


def _unknown(name: str, interpolations: Sequence[str]) -> str:
    families = dict.fromkeys(model.family for model in shipped_models())
    meant = suggestion(name, [*families, *interpolations])
    if meant:
        return f"unknown model {name!r}: did you mean {meant}?"
    others = f", an interpolation ({', '.join(interpolations)})" if interpolations else ""
    return (
        f"unknown model {name!r}: use {', '.join(families)}{others}, or the path of a "
        ".safetensors or .onnx file or of the folder of a training run"
    )


def load_model(path: Path, *, border: BorderPolicy | None = None) -> tuple[ModelConfig, Tensors]:
    """A network, checked as far as it can be.

    Args:
        path: A weights file, shipped or not.
        border: Another border policy than the file's.

    Raises:
        ModelError: The file is missing, damaged, or not what was shipped.
    """
    check_integrity(path)
    config, tensors = load_weights(path)
    return (config if border is None else replace(config, border=border)), tensors


def load_any_model(path: Path) -> tuple[AnyConfig, Tensors]:
    """A network or a dictionary, checked as far as it can be.

    Raises:
        ModelError: The file is missing, damaged, or not what was shipped.
    """
    check_integrity(path)
    return load_any(path)


def check_integrity(path: Path) -> None:
    """Compare a shipped file with its checksum in the index; other files pass.

    Raises:
        ModelError: It is not the file that was shipped.
    """
    checksums = [(model.path, model.sha256) for model in shipped_models()]
    checksums += [(weights.path, weights.sha256) for weights in photograph_weights()]
    if colors := chrominance_weights():
        checksums.append((colors, _index()["chrominance"]["sha256"]))
    for known, sha256 in checksums:
        if known == path and file_sha256(path) != sha256:
            raise ModelError("damaged: its checksum is wrong (install srcnn-cli again)", path)
