"""What training pictures go through, drawn anew for each sub-image.

Compressions twice with shifted grids, and subsampled chrominance, are those that make a network
useful beyond the laboratory (Jiang et al., FBCNN, ICCV 2021, section 3; waifu2x's training).
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from srcnn_cli.imaging.chain import Chain, parse_chain
from srcnn_cli.imaging.chain_steps import Jpeg, Noise, Poisson, Step, Webp

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from srcnn_cli.imaging.levels import Levels

# The noise of a picture is measured, not known: so far the level may be off.
_NOISE_ERROR = 0.15


class Drawn(NamedTuple):
    """What is done to a sub-image, and what the network is told of it.

    Attributes:
        chain: What is done.
        hidden: Whether its softness is kept from the network: of most files nobody knows it.
        noise: Factor on the level of noise.
    """

    chain: Chain
    hidden: bool = False
    noise: float = 1.0

    def levels(self, scale: int, *, grey: bool) -> Levels:
        """What the network is told."""
        levels = self.chain.levels(scale, grey=grey)
        levels = levels._replace(noise=levels.noise * self.noise)
        return levels._replace(softness=0.0) if self.hidden else levels


@dataclass(frozen=True)
class Draw:
    """A way of drawing chains.

    Attributes:
        draw: Takes a generator and the scale.
        validation: What the validation pictures go through, taking turns.
    """

    draw: Callable[[np.random.Generator, int], Drawn]
    validation: tuple[Chain, ...]


def fixed(chain: Chain) -> Draw:
    """The same chain for all; not by a lambda, which no other process could be given."""
    return Draw(partial(_always, chain), (chain,))


def _always(chain: Chain, _random: np.random.Generator, _scale: int) -> Drawn:
    return Drawn(chain)


_SHARES = {
    "bicubic": 0.58,
    "area": 0.11,
    "linear": 0.08,
    "lanczos": 0.06,
    "cubic": 0.06,
    "nearest": 0.06,
    "nearest-centre": 0.05,
}


_REDUCTIONS = [*_SHARES]
_UP_TO = [*accumulate(_SHARES.values())][:-1]


def _photo(random: np.random.Generator, scale: int) -> Drawn:
    # Faster than `Generator.choice`, which a batch would wait for.
    reduction = _REDUCTIONS[bisect(_UP_TO, random.random())]
    blur = 0.0
    if reduction == "bicubic" and random.random() < 0.18:
        blur = round(float(random.uniform(0.2, 1.0)) * scale, 1)
    damage = random.random()
    steps: list[Step] = []
    if damage < 0.5:
        steps += _noise(random)
    if damage > 0.1:  # noise alone, noise and compression, compression alone
        steps += _compression(random, lowest=12)
    if (reduction != "bicubic" or blur) and random.random() < 0.3:
        steps = []
    hidden = bool(steps) and random.random() < 0.4
    return Drawn(Chain(reduction, blur, tuple(steps)), hidden, _misjudged(random))


def _jpeg(random: np.random.Generator, scale: int) -> Drawn:
    del scale
    steps = _noise(random) if random.random() < 0.12 else []
    return Drawn(Chain(steps=(*steps, *_compression(random, lowest=5))), noise=_misjudged(random))


def _colors(random: np.random.Generator, scale: int) -> Drawn:
    """Chrominance is subsampled in most files, but not in all."""
    del scale
    kind = random.random()
    steps = _noise(random) if kind < 0.35 else []
    if kind > 0.08:
        steps += _compression(random, lowest=10)
    if random.random() < 0.2:
        steps = [replace(s, subsampling=444) if isinstance(s, Jpeg) else s for s in steps]
    return Drawn(Chain(steps=tuple(steps)), noise=_misjudged(random))


def _misjudged(random: np.random.Generator) -> float:
    return float(random.uniform(1 - _NOISE_ERROR, 1 + _NOISE_ERROR))


def _noise(random: np.random.Generator) -> list[Step]:
    if random.random() < 0.2:
        return [Poisson(float(random.uniform(0.02, 1.0)))]
    return [Noise(float(random.uniform(1, 14)))]


def _compression(random: np.random.Generator, *, lowest: int) -> list[Step]:
    """One file, or one that was cut and saved again."""
    kind = random.random()
    quality = _quality(random, lowest)
    if kind < 0.04:
        return [Webp(quality)]
    last = Jpeg(quality, shift=int(random.integers(64)))
    if kind < 0.18:
        return [Jpeg(_quality(random, lowest), shift=int(random.integers(64))), last]
    return [last]


def _quality(random: np.random.Generator, lowest: int) -> int:
    """Half of them evenly up to 96, the others lower ones."""
    highest = 96 if random.random() < 0.5 else 60
    return int(random.integers(lowest, highest + 1))


# The one table that names them.
DRAWS: dict[str, Draw] = {
    "photo": Draw(
        _photo,
        tuple(
            parse_chain(text)
            for text in ("jpeg:85", "jpeg:75", "jpeg:50", "jpeg:30", "noise:8+jpeg:90", "area")
        ),
    ),
    "jpeg": Draw(_jpeg, tuple(parse_chain(f"jpeg:{q}") for q in (10, 20, 30, 40, 70))),
    "colors": Draw(
        _colors,
        tuple(
            parse_chain(text)
            for text in (
                "jpeg:85",
                "jpeg:75",
                "jpeg:50",
                "jpeg:30",
                "noise:8+jpeg:90",
                "jpeg:90:444",
            )
        ),
    ),
}
