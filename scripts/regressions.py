"""What the scripts that make the small regressions of `srcnn_cli.imaging` have in common."""

from __future__ import annotations

import argparse
import json
import math
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch

from srcnn_cli.evaluation.sources import find_sources
from srcnn_cli.files import write_atomically
from srcnn_cli.imaging.regression import read_regression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

Sample = TypeVar("Sample")


def parser(doc: str | None, *, rounds: int, steps: int) -> argparse.ArgumentParser:
    """The options that all of them take; the first line of ``doc`` says what for."""
    made = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    made.add_argument("folders", nargs="+", type=Path)
    made.add_argument("--held-back", type=Path, help="pictures that only judge, by their names")
    made.add_argument("--rounds", type=int, default=rounds, help="parts of each picture")
    made.add_argument("--steps", type=int, default=steps)
    made.add_argument("--seed", type=int, default=0)
    return made


def parsed(options: argparse.ArgumentParser) -> argparse.Namespace:
    """What was typed; a folder that is not there ends the script in one line."""
    arguments = options.parse_args()
    for folder in filter(None, [*arguments.folders, arguments.held_back]):
        if not folder.is_dir():
            options.error(f"there is no folder {folder}")
    return arguments


def drawn(folders: Sequence[Path], samples: Callable[[Path], Iterable[Sample]]) -> list[Sample]:
    """The samples of all pictures; says how many there are after each folder."""
    found: list[Sample] = []
    for folder in folders:
        for source in find_sources(folder)[0]:
            found += samples(source.path)
        print(f"{folder.name}: {len(found)} samples", flush=True)
    return found


def fit(
    features: NDArray[np.float32],
    loss: Loss,
    *,
    units: int,
    steps: int,
    weight_decay: float,
    numbers: int = 1,
    limit: float = math.inf,
    dropout: float = 0.0,
) -> dict[str, Any]:
    """The weights of `srcnn_cli.imaging.regression.Regression`.

    Args:
        features: (N, n).
        loss: Of the answers to samples, (256,) or (256, numbers), and of these samples' indices.
        units: How many rectified ones.
        steps: Of AdamW, with 256 samples each.
        weight_decay: Of it.
        numbers: How many are wanted.
        limit: See `Regression`.
        dropout: Share of the features that a step does not see, and twice that of the units.
    """
    shift, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    inputs = torch.from_numpy((features - shift) / scale).clamp(-limit, limit)
    layers = torch.nn.Linear(features.shape[1], units), torch.nn.Linear(units, numbers)
    network = torch.nn.Sequential(
        torch.nn.Dropout(dropout),
        layers[0],
        torch.nn.ReLU(),
        torch.nn.Dropout(2 * dropout),
        layers[1],
    )
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, steps)
    for _ in range(steps):
        batch = torch.randint(len(inputs), (256,))
        optimizer.zero_grad()
        answers = network(inputs[batch])
        loss(answers[:, 0] if numbers == 1 else answers, batch).backward()
        optimizer.step()
        schedule.step()
    values = {
        "shift": torch.from_numpy(shift),
        "scale": torch.from_numpy(scale),
        "hidden": layers[0].weight.T,
        "hidden_bias": layers[0].bias,
        "out": layers[1].weight[0] if numbers == 1 else layers[1].weight.T,
        "out_bias": layers[1].bias[0] if numbers == 1 else layers[1].bias,
    }
    rounded = {
        name: np.round(value.detach().numpy().astype(float), 4).tolist()
        for name, value in values.items()
    }
    return {**rounded, "limit": limit} if limit < math.inf else rounded


def judging(names: Sequence[str], held_back: Path | None) -> NDArray[np.bool_]:
    """Which samples only judge: of every fifth picture, and of those that are held back.

    Args:
        names: Of each sample's picture, such as ``t2.webp``, or ``T91-t2.webp`` with its folder.
        held_back: A folder of pictures with either kind of names.
    """
    held = {path.stem for path in held_back.iterdir()} if held_back else set()
    judges = np.array(
        [
            not held.isdisjoint((Path(name).stem, Path(name).stem.partition("-")[2]))
            or zlib.crc32(name.encode()) % 5 == 0
            for name in names
        ],
        bool,
    )
    if judges.all():
        raise SystemExit("there is nothing to learn from: every picture only judges")
    return judges


def write(values: dict[str, Any], path: Path) -> None:
    """Write weights to where their module reads them; what it had read is forgotten."""
    text = json.dumps(values) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()), overwrite=True)
    read_regression.cache_clear()
