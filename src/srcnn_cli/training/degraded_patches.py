"""Sub-images that are degraded as they are drawn, each in a way of its own.

What is cut from the pictures is a sub-image of the original with its surroundings, anywhere. Of
luminance, blur and reduction are a matrix on each side of it, and noise and compression are done to
the small result; colours go the way of a whole picture, through files. That takes a core a
millisecond or two for each. A GPU would wait, so processes share it.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from srcnn_cli.errors import OutOfMemoryError, UsageError
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.imaging.chain_steps import rounded
from srcnn_cli.imaging.color import ycbcr_from_rgb
from srcnn_cli.imaging.resize import resize
from srcnn_cli.training.draws import DRAWS, Drawn, fixed
from srcnn_cli.training.positions import PatchSpec
from srcnn_cli.training.prefetching import begin_worker, interrupts_blocked, worker_context

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.training.draws import Draw
    from srcnn_cli.training.patches import Patches
    from srcnn_cli.training.schedule import Schedule

# Pixels of the low resolution around a sub-image: what is blurred, reduced and compressed with it
# is then as it would be in the whole picture, but for the farthest of a wide blur.
_HALO = 6
# Of grey pictures Y' is what is stored, 0 to 255; of colours it is 16 to 235.
_GREY_SHARE = 1 / 3
_BLACK, _RANGE = np.float32(16), np.float32(219 / 255)


def draw_of(name: str) -> Draw | None:
    """The draw of a name from `DRAWS`, or a fixed chain; None of no name.

    Raises:
        UsageError: It is neither.
    """
    if not name:
        return None
    if name in DRAWS:
        return DRAWS[name]
    try:
        return fixed(parse_chain(name))
    except UsageError as error:
        raise UsageError(f"--degrade takes {', '.join(DRAWS)} or a chain: {error.reason}") from None


def surroundings(config: ModelConfig, schedule: Schedule) -> PatchSpec:
    """How the originals of sub-images are cut: with `_HALO` around them."""
    factor = config.factor * config.family.unshuffled
    return PatchSpec(
        (schedule.patch + 2 * _HALO) * factor,
        _HALO * factor,
        schedule.stride,
        schedule.sampling,
        schedule.augment,
    )


class DegradedPatches:
    """See `Patches`; the source has a plane for each level after the picture's own.

    Args:
        originals: Sub-images of the pictures themselves, cut by `surroundings`.
        config: The network.
        patch: Side of a sub-image on its grid.
        draw: What is done to them.
        workers: Processes that do it, which changes no bit; 0: this one.
    """

    def __init__(
        self, originals: Patches, config: ModelConfig, patch: int, draw: Draw, workers: int = 0
    ) -> None:
        self._originals, self._workers = originals, workers
        self._scale, self._patch, self._config = config.factor, patch, config
        degraded_all = _degraded_all if config.color == "y" else _degraded_colors
        self._degrade = partial(degraded_all, draw=draw, scale=config.factor)
        self._pool: ProcessPoolExecutor | None = None

    @property
    def positions(self) -> int:
        """See `Patches`."""
        return self._originals.positions

    @property
    def pixels(self) -> int:
        """See `Patches`; here of the originals."""
        return self._originals.pixels

    def sample(
        self, count: int, generator: torch.Generator, share: slice = slice(None)
    ) -> tuple[Tensor, Tensor]:
        """See `Patches`."""
        around, truth = self._originals.sample(count, generator, share)
        seeds = torch.randint(2**62, (count,), generator=generator)[share].tolist()
        originals = around.cpu().numpy()
        low, levels = self._degraded(originals, seeds)
        family, color = self._config.family, self._config.color
        if color == "ycbcr":
            low = _ycbcr(low)
            truth = torch.from_numpy(_ycbcr(truth.cpu().numpy())).to(around)
        enlarged = torch.from_numpy(self._enlarged(low)).to(truth)
        residual = torch.nn.functional.pixel_unshuffle(
            truth - enlarged, self._scale * family.unshuffled
        )
        if family.keeps_luminance:
            residual[:, : family.unshuffled**2] = 0
        side = self._patch * family.unshuffled
        first = _HALO * family.unshuffled
        inner = slice(first, first + side)
        picture = torch.from_numpy(np.ascontiguousarray(low[..., inner, inner])).to(truth)
        told = torch.from_numpy(levels).to(truth)[:, :, None, None]
        planes = torch.nn.functional.pixel_unshuffle(picture, family.unshuffled)
        told = told.expand(-1, -1, self._patch, self._patch)
        return torch.cat([planes, told], dim=1), residual

    def _degraded(
        self, pictures: NDArray[np.float32], seeds: list[int]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See `_degraded_all`."""
        if not self._workers:
            return self._degrade(pictures, seeds)
        parts = np.array_split(np.arange(len(seeds)), min(self._workers, len(seeds)))
        try:
            with interrupts_blocked():  # the first calls start the processes
                if self._pool is None:
                    self._pool = ProcessPoolExecutor(self._workers, worker_context(), begin_worker)
                results = [
                    self._pool.submit(self._degrade, pictures[part], [seeds[i] for i in part])
                    for part in parts
                ]
            low, levels = zip(*(result.result() for result in results), strict=True)
        except BrokenProcessPool as error:
            raise OutOfMemoryError(
                "a process that degrades training pictures was killed; with fewer --workers there "
                "may be enough memory"
            ) from error
        return np.concatenate(low), np.concatenate(levels)

    def _enlarged(self, low: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bicubically, without the halo: (n, C, s p, s p)."""
        family = self._config.family
        matrix = _enlarging(self._patch * family.unshuffled, self._scale, _HALO * family.unshuffled)
        result: NDArray[np.float32] = matrix @ low @ matrix.T
        return result

    def seek(self, step: int) -> None:
        """See `Patches`."""
        self._originals.seek(step)

    def advance(self) -> None:
        """See `Patches`."""
        self._originals.advance()

    def close(self) -> None:
        """See `Patches`."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._originals.close()


def _degraded_all(
    pictures: NDArray[np.float32], seeds: Sequence[int], *, draw: Draw, scale: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Degrade originals with their surroundings.

    Args:
        pictures: (n, 1, s (p + 2h), s (p + 2h)) in [0, 1].
        seeds: One for each: it alone decides what is done.
        draw: Says what.
        scale: s.

    Returns:
        (n, 1, p + 2h, p + 2h) in [0, 1], and (n, levels), what the network is told; both float32.
    """
    done = [_degraded(p, seed, draw, scale) for (p,), seed in zip(pictures, seeds, strict=True)]
    levels = np.array([level for _, level in done], np.float32)
    return np.stack([picture[None] for picture, _ in done]), levels


def _degraded_colors(
    pictures: NDArray[np.float32], seeds: Sequence[int], *, draw: Draw, scale: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The same for R'G'B', (n, 3, ...), as it is done to whole pictures."""
    low, levels = [], []
    for picture, seed in zip(pictures, seeds, strict=True):
        random = np.random.default_rng(seed)
        drawn: Drawn = draw.draw(random, scale)
        pixels = rounded(np.moveaxis(picture, 0, -1) * 255)
        done = drawn.chain.apply(pixels, scale, random)
        low.append(np.moveaxis(done, -1, 0).astype(np.float32) / 255)
        levels.append(drawn.levels(scale, grey=False).numbers)
    return np.stack(low), np.array(levels, np.float32)


def _ycbcr(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 3, H, W) Y'CbCr of R'G'B'."""
    return np.moveaxis(ycbcr_from_rgb(np.moveaxis(pictures, 1, 0)), 0, 1)


def _degraded(
    picture: NDArray[np.float32], seed: int, draw: Draw, scale: int
) -> tuple[NDArray[np.float32], tuple[float, ...]]:
    """One of `_degraded_all`."""
    random = np.random.default_rng(seed)
    drawn: Drawn = draw.draw(random, scale)
    matrix = drawn.chain.matrix(len(picture), scale)
    low = matrix @ picture @ matrix.T * 255
    grey = random.random() < _GREY_SHARE
    if not grey:
        low -= _BLACK
        low /= _RANGE
    finished = drawn.chain.imitated(low, random).astype(np.float32, copy=False)
    result: NDArray[np.float32] = finished if grey else finished * _RANGE + _BLACK
    result /= np.float32(255)
    # The noise was added to one plane, as to a grey picture's.
    levels = drawn.levels(scale, grey=True)
    return result, levels._replace(noise=levels.noise * (1 if grey else float(_RANGE))).numbers


@lru_cache
def _enlarging(patch: int, scale: int, halo: int) -> NDArray[np.float32]:
    """Bicubic enlargement along one axis, without the halo: (s p, p + 2h)."""
    length = patch + 2 * halo
    whole: NDArray[np.float32] = resize(np.eye(length, dtype=np.float32), scale * length, length)
    return whole[scale * halo : scale * (halo + patch)]
