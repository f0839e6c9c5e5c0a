"""Sub-images that are degraded as they are drawn, each in a way of its own.

What is cut from the pictures is a sub-image of the original with its surroundings, anywhere; blur
and reduction are a matrix on each side of it, noise and compression are done to the small result.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from srcnn_cli.errors import UsageError
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.imaging.resize import resize
from srcnn_cli.training.draws import DRAWS, Drawn, fixed
from srcnn_cli.training.positions import PatchSpec

if TYPE_CHECKING:
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
    factor = config.factor
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
    """

    def __init__(self, originals: Patches, config: ModelConfig, patch: int, draw: Draw) -> None:
        self._originals, self._draw = originals, draw
        self._scale, self._patch = config.factor, patch

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
        pictures = around[:, 0].cpu().numpy()
        drawn = [self._degraded(p, s) for p, s in zip(pictures, seeds, strict=True)]
        low = np.stack([picture for picture, _ in drawn])
        levels = np.array([level for _, level in drawn], np.float32)
        inner = slice(_HALO, _HALO + self._patch)
        enlarged = torch.from_numpy(self._enlarged(low)).to(truth)[:, None]
        planes = np.broadcast_to(
            levels[:, :, None, None], (*levels.shape, self._patch, self._patch)
        )
        source = np.concatenate([low[:, None, inner, inner], planes], axis=1)
        residual = torch.nn.functional.pixel_unshuffle(truth - enlarged, self._scale)
        return torch.from_numpy(source).to(truth), residual

    def _degraded(
        self, picture: NDArray[np.float32], seed: int
    ) -> tuple[NDArray[np.float32], tuple[float, ...]]:
        """(s (p + 2h), s (p + 2h)) in [0, 1] as (p + 2h, p + 2h), and what the network is told."""
        random = np.random.default_rng(seed)
        drawn: Drawn = self._draw.draw(random, self._scale)
        matrix = drawn.chain.matrix(len(picture), self._scale)
        low = matrix @ picture @ matrix.T * 255
        grey = random.random() < _GREY_SHARE
        if not grey:
            low -= _BLACK
            low /= _RANGE
        finished = drawn.chain.imitated(low, random).astype(np.float32, copy=False)
        result: NDArray[np.float32] = finished if grey else finished * _RANGE + _BLACK
        result /= np.float32(255)
        # The noise was added to one plane, as to a grey picture's.
        levels = drawn.levels(self._scale, grey=True)
        return result, levels._replace(noise=levels.noise * (1 if grey else float(_RANGE)))

    def _enlarged(self, low: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bicubically, without the halo: (n, s p, s p)."""
        matrix = _enlarging(self._patch, self._scale)
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
        self._originals.close()


@lru_cache
def _enlarging(patch: int, scale: int) -> NDArray[np.float32]:
    """Bicubic enlargement along one axis, without the halo: (s p, p + 2h)."""
    length = patch + 2 * _HALO
    whole: NDArray[np.float32] = resize(np.eye(length, dtype=np.float32), scale * length, length)
    return whole[scale * _HALO : scale * (_HALO + patch)]
