"""Make `src/srcnn_cli/imaging/noise.json`, by which the noise of pictures is measured.

Pictures of the folders are cut, reduced, made noisy and compressed at random; the regression
learns from the features of `imaging.noise` how much noise there was, and that clean pictures have
none. Every fifth picture, and every one that is in --held-back too, only tells how well that went.

The file that is there was made by

    python scripts/fit_noise.py T91 BSD199 General100 CID22 CLIC PHOTOS --seed 1 --held-back held
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

import regressions
from srcnn_cli.imaging import noise
from srcnn_cli.imaging.chain import Chain
from srcnn_cli.imaging.chain_steps import Jpeg, Noise, Step
from srcnn_cli.imaging.color import LUMINANCE_SHARES, NOISE_IN_LUMINANCE
from srcnn_cli.pictures.reading import read_8bit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

OUTPUT = Path(noise.__file__).with_suffix(".json")
SIDE = 512  # as `imaging.estimation` looks at
SMALLEST = 64
SCALES = (1, 2, 2, 3, 4)
REDUCTIONS = ("bicubic",) * 6 + ("area", "linear", "lanczos", "cubic", "nearest")
UNITS = 32
# Clean pictures that seem to have more noise than this are counted.
ALARMS = (2.5, 3, 3.3, 4)


class Sample(NamedTuple):
    """One picture, degraded.

    Attributes:
        features: See `imaging.noise.features`.
        sigma: Its noise, in levels of luminance.
        quality: Of the JPEG compression; 0: none.
        name: Of the picture.
    """

    features: NDArray[np.float32]
    sigma: float
    quality: int
    name: str


def samples(path: Path, rounds: int, random: np.random.Generator) -> Iterator[Sample]:
    """Some of a picture's parts, each degraded in three ways."""
    pixels = read_8bit(path)
    for scale in (int(scale) for scale in random.choice(SCALES, rounds)):
        sides = [min(side // scale, SIDE) * scale for side in pixels.shape[:2]]
        if min(sides) < SMALLEST * scale:
            continue
        top, left = (int(random.integers(pixels.shape[i] - sides[i] + 1)) for i in (0, 1))
        part = pixels[top : top + sides[0], left : left + sides[1]]
        if part.ndim == 3 and random.random() < 0.15:
            part = part[..., 1]
        reduction = REDUCTIONS[random.integers(len(REDUCTIONS))] if scale > 1 else "bicubic"
        low = Chain(reduction).apply(part, scale, random)
        for _ in range(3):
            steps, sigma, quality = draw(random, grey=low.ndim == 2)
            damaged = Chain(steps=steps).apply(low, 1, random).astype(np.float32)
            luminance = damaged if damaged.ndim == 2 else damaged @ LUMINANCE_SHARES
            yield Sample(noise.features(luminance, quality or None), sigma, quality, path.name)


def draw(random: np.random.Generator, *, grey: bool) -> tuple[tuple[Step, ...], float, int]:
    """Noise in three of five pictures, compression in every second."""
    steps: list[Step] = []
    sigma, quality = 0.0, 0
    if random.random() < 0.6:
        level = math.exp(random.uniform(math.log(1.5), math.log(18)))
        steps.append(Noise(level))
        # Independent in three channels it is weaker in their weighted sum.
        sigma = level if grey else level * NOISE_IN_LUMINANCE
    if random.random() < 0.55:
        quality = int(random.integers(random.choice([20, 60, 88]), 97))
        steps.append(Jpeg(quality))
    return tuple(steps), sigma, quality


def report(
    found: NDArray[np.float64], sigma: NDArray[np.float32], quality: NDArray[np.int_]
) -> None:
    """Print how well it does, by compression and by noise."""
    for low, high in ((0, 0), (85, 96), (60, 84), (20, 59)):
        which = (quality >= low) & (quality <= high)
        clean = found[which & (sigma == 0)]
        if len(clean):
            shares = [f"{np.mean(clean > least):.3f} above {least:g}" for least in ALARMS]
            print(f"quality {low} to {high}: {len(clean)} clean pictures, {', '.join(shares)}")
        for weak, strong in ((2, 3), (3, 4.5), (4.5, 7), (7, 12)):
            noisy = which & (sigma > weak) & (sigma <= strong)
            if noisy.any():
                ratio = np.percentile(found[noisy] / sigma[noisy], [5, 25, 50, 75, 95])
                seen = np.mean(found[noisy] > 3)
                print(
                    f"  noise {weak:g} to {strong:g}: {noisy.sum()}, {seen:.2f} above 3, ratio",
                    ratio.round(2),
                )


def main() -> None:
    """Draw, fit, report, write."""
    arguments = regressions.parsed(regressions.parser(__doc__, rounds=12, steps=60_000))
    random = np.random.default_rng(arguments.seed)
    torch.manual_seed(arguments.seed)
    drawn = regressions.drawn(
        arguments.folders, lambda path: samples(path, arguments.rounds, random)
    )
    judging = regressions.judging([sample.name for sample in drawn], arguments.held_back)
    features = np.stack([sample.features for sample in drawn])
    sigma = np.array([sample.sigma for sample in drawn], np.float32)
    quality = np.array([sample.quality for sample in drawn])
    wanted = torch.from_numpy(np.log1p(sigma[~judging]))

    def loss(answers: torch.Tensor, batch: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.huber_loss(answers, wanted[batch], delta=0.3)

    values = regressions.fit(
        features[~judging], loss, units=UNITS, steps=arguments.steps, weight_decay=0.1
    )
    regressions.write(values, OUTPUT)
    print(f"{(~judging).sum()} samples taught, {judging.sum()} judge:")
    found = np.array([noise.regressed(seen) for seen in features[judging]])
    report(found, sigma[judging], quality[judging])


if __name__ == "__main__":
    main()
