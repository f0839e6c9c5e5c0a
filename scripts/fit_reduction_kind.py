"""Make `src/srcnn_cli/imaging/reduction_kind.json`, by which kinds of reduction are told apart.

Pictures of the folders, and as many drawings as --drawings says, are cut and reduced at random by
all kinds, or sharpened, made of large pixels or left as they are; the regression learns from the
features of `imaging.reduction_kind` what was done. Every fifth picture, and every one that is in
--held-back too, only tells how well that went.

The file that is there was made by

    python scripts/fit_reduction_kind.py T91 BSD199 General100 CID22 CLIC PHOTOS --seed 1 \
      --held-back held
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageFont

import regressions
from srcnn_cli.imaging import estimation, reduction_kind
from srcnn_cli.imaging.chain import Chain
from srcnn_cli.imaging.color import LUMINANCE_SHARES
from srcnn_cli.pictures.reading import read_8bit

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

OUTPUT = Path(reduction_kind.__file__).with_suffix(".json")
SIDE = 512  # as `imaging.estimation` looks at
SMALLEST = 64
PILLOWS = {
    "pillow nearest": Image.Resampling.NEAREST,
    "pillow bilinear": Image.Resampling.BILINEAR,
    "pillow bicubic": Image.Resampling.BICUBIC,
    "pillow lanczos": Image.Resampling.LANCZOS,
    "pillow box": Image.Resampling.BOX,
}
# What is called so by `ReductionKind`; all that is not named here is its first, averaged.
NAMED: dict[str, set[str]] = {
    "area": {"area", "pillow box"},
    "cubic": {"cubic"},
    "picked": {"nearest", "pillow nearest"},
}
SCALED = ("bicubic", "linear", "lanczos", "area", "cubic", "nearest")
UNITS, DROPOUT = 48, 0.1
# Features, in standard deviations: what is stranger than that is not stranger still.
LIMIT = 3.0
# It is worse to mistake one of them than any other.
WEIGHT_OF_AVERAGED = 3.0


class Sample(NamedTuple):
    """A picture.

    Attributes:
        features: See `imaging.reduction_kind.features`.
        kind: What was done to it.
        scale: By which it was reduced.
        name: Of its file and folder.
    """

    features: NDArray[np.float32]
    kind: str
    scale: float
    name: str


def samples(
    pixels: Pixels, name: str, rounds: int, random: np.random.Generator
) -> Iterator[Sample]:
    """What becomes of a picture, as often as asked for."""
    for _ in range(rounds):
        for kind, scale, small in variants(pixels, random):
            part = small[:SIDE, :SIDE].astype(np.float32)
            if min(part.shape[:2]) < SMALLEST:
                continue
            seen = reduction_kind.features(part if part.ndim == 2 else part @ LUMINANCE_SHARES)
            if seen is not None:
                yield Sample(seen, kind, scale, name)


def variants(pixels: Pixels, random: np.random.Generator) -> Iterator[tuple[str, float, Pixels]]:
    """Kind, scale and pixels of one round."""
    yield "as it is", 1, cut(pixels, 1, random)
    yield "sharpened", 1, sharpened(cut(pixels, 1, random), random)
    for scale in (2, 3, 4):
        part = cut(pixels, scale, random)
        if min(part.shape[:2]) < SMALLEST * scale:
            continue
        for kind in SCALED:
            yield kind, scale, Chain(kind).apply(part, scale, random)
        yield "bicubic, sharpened", scale, sharpened(Chain().apply(part, scale, random), random)
    size = int(random.integers(2, 9))
    large = Chain("nearest").apply(cut(pixels, 4, random), 4, random).repeat(size, 0)
    yield "large pixels", 4, large.repeat(size, 1)
    for _ in range(3):
        scale = float(random.uniform(1.5, 4))
        kind = list(PILLOWS)[random.integers(len(PILLOWS))]
        width, height = (max(1, int(side / scale)) for side in pixels.shape[1::-1])
        small = Image.fromarray(pixels).resize((width, height), PILLOWS[kind])
        yield kind, scale, np.asarray(small)


def drawing(random: np.random.Generator) -> Pixels:
    """Shapes, lines, letters and waves whose edges are averaged over pixels, (H, W, 3)."""
    finer = int(random.integers(2, 4))
    width, height = (int(side) * finer for side in random.integers(400, 900, 2))
    y, x = np.mgrid[:height, :width].astype(np.float32) / finer
    ground = np.empty((height, width, 3), np.float32)
    for channel in range(3):
        ground[..., channel] = random.uniform(20, 235) + x * random.normal(0, 0.1)
        waves = np.sin(x / random.uniform(2, 40) + y / random.uniform(2, 40))
        ground[..., channel] += random.choice([0, 0, 20, 40]) * waves
    image = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    letters = ImageFont.load_default(int(random.integers(9, 30)) * finer)
    for _ in range(int(random.integers(10, 250))):
        color = tuple(int(value) for value in random.integers(0, 256, 3))
        left, top = (float(random.uniform(-50, side)) for side in (width, height))
        right, bottom = (at + float(random.uniform(3, 120)) * finer for at in (left, top))
        box = [(left, top), (right, bottom)]
        kind = random.integers(5)
        if kind == 0:
            draw.ellipse(box, fill=color)
        elif kind == 1:
            draw.rectangle(box, fill=color)
        elif kind == 2:
            draw.line(box, fill=color, width=int(random.integers(1, 6)) * finer)
        elif kind == 3:
            draw.polygon([*box, (left, bottom + 40)], fill=color)
        else:
            draw.text((left, top), "Wanderers 0123", fill=color, font=letters)
    image = image.reduce(finer)
    if random.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(float(random.uniform(0.3, 1.2))))
    return np.asarray(image)


def cut(pixels: Pixels, scale: int, random: np.random.Generator) -> Pixels:
    """A part that is 512 pixels a side at most when it is reduced."""
    sides = [min(side // scale, SIDE) * scale for side in pixels.shape[:2]]
    top, left = (int(random.integers(pixels.shape[i] - sides[i] + 1)) for i in (0, 1))
    return pixels[top : top + sides[0], left : left + sides[1]]


def sharpened(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """By an unsharp mask, as cameras and people do."""
    mask = ImageFilter.UnsharpMask(float(random.uniform(0.5, 2)), int(random.integers(30, 160)), 0)
    return np.asarray(Image.fromarray(pixels).filter(mask))


def main() -> None:
    """Draw, fit, report, write."""
    parser = regressions.parser(__doc__, rounds=2, steps=12_000)
    parser.add_argument("--drawings", type=int, default=300)
    arguments = regressions.parsed(parser)
    random = np.random.default_rng(arguments.seed)

    def of_picture(path: Path) -> Iterator[Sample]:
        name = f"{path.parent.name}-{path.name}"
        return samples(read_8bit(path), name, arguments.rounds, random)

    drawn = regressions.drawn(arguments.folders, of_picture)
    for number in range(arguments.drawings):
        drawn += samples(drawing(random), f"drawing-{number}", 1, random)
    learn(drawn, regressions.judging([s.name for s in drawn], arguments.held_back), arguments)


def learn(drawn: list[Sample], judging: NDArray[np.bool_], arguments: argparse.Namespace) -> None:
    """Fit, write and report."""
    torch.manual_seed(arguments.seed)
    features = np.stack([sample.features for sample in drawn])
    kinds = np.array([sample.kind for sample in drawn])
    numbers = np.zeros(len(drawn), np.int64)
    for number, names in enumerate(NAMED.values(), start=1):
        numbers[np.isin(kinds, [*names])] = number
    wanted = torch.from_numpy(numbers[~judging])
    weights = torch.ones(1 + len(NAMED))
    weights[0] = WEIGHT_OF_AVERAGED

    def loss(answers: torch.Tensor, batch: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(answers, wanted[batch], weights)

    values = regressions.fit(
        features[~judging],
        loss,
        units=UNITS,
        steps=arguments.steps,
        weight_decay=0.1,
        numbers=1 + len(NAMED),
        limit=LIMIT,
        dropout=DROPOUT,
    )
    regressions.write(values, OUTPUT)
    print(f"{(~judging).sum()} samples taught, {judging.sum()} judge:")
    judges = [sample for sample, judged in zip(drawn, judging, strict=True) if judged]
    found = [reduction_kind.regressed(sample.features) for sample in judges]
    told = np.array([estimation.worth_telling(own) for own in found]).reshape(-1, 2)
    names = np.array([s.kind + f" ×{s.scale}" * (s.kind in SCALED) for s in judges])
    for kind in sorted(set(names)):
        softness, aliasing = told[names == kind].T
        print(
            f"{kind}: {len(softness)}, told softness {np.mean(softness > 0):.3f}, aliasing "
            f"{np.mean(aliasing > 0):.3f}, of more than 0.8 {np.mean(aliasing > 0.8):.3f}"
        )
    for sample, own, levels in zip(judges, found, told, strict=True):
        if levels.any() and not any(sample.kind in kinds for kinds in NAMED.values()):
            print(f"  {sample.name}, {sample.kind}, ×{sample.scale:.2f}: {np.round(own, 2)}")


if __name__ == "__main__":
    main()
