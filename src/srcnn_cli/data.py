"""Training pictures in memory, and random patches from them.

Every picture becomes a pair of planes under the papers' convention (`protocol.make_pair`): the
8-bit Y' truth and its bicubic reduction and enlargement. All planes lie end to end in two flat
tensors, so that a batch of patches, flipped and turned, is one gather by computed index: the same
few lines on CPU and GPU, without a loop over pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from srcnn_cli.batch import find_pictures
from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.image import read_8bit
from srcnn_cli.protocol import Pair, make_pair

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from torch import Tensor


@dataclass(frozen=True)
class Skipped:
    """A training file that was left out, and why."""

    path: Path
    reason: str


def training_files(folders: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """All pictures in the folders, sorted by path, none twice.

    Raises:
        InputError: A folder does not exist or holds no pictures.
    """
    files: dict[Path, None] = {}
    for folder in folders:
        files.update(dict.fromkeys(find_pictures(Path(folder), recursive=True)[0]))
    return sorted(files)


def hold_back(files: Sequence[Path], count: int) -> tuple[list[Path], list[Path]]:
    """Split into training and validation files: ``count`` of them, evenly spaced by name.

    The choice depends on the names alone, so every run over the same folders holds back the same
    pictures.
    """
    picked = {len(files) * (2 * i + 1) // (2 * count) for i in range(count)}
    kept = [file for index, file in enumerate(files) if index not in picked]
    return kept, [files[index] for index in sorted(picked)]


def load_pairs(files: Iterable[Path], scale: int, *, smallest: int = 1) -> Iterator[Pair | Skipped]:
    """Read pictures as pairs, one by one; a file that does not serve gives `Skipped`.

    Args:
        files: Pictures, colour or grey.
        scale: Integer factor.
        smallest: Pictures with a side below this many pixels are skipped.
    """
    for path in files:
        try:
            pair = make_pair(read_8bit(path), scale)
        except (InputError, UsageError) as error:
            yield Skipped(path, error.reason)
            continue
        if min(pair.truth.shape) < smallest:
            height, width = pair.truth.shape
            yield Skipped(path, f"{width}x{height} is smaller than a patch of {smallest}")
        else:
            yield pair


class PatchSampler:
    """Random patches from pairs held in memory on the training device.

    A picture is drawn with a probability proportional to its number of patch positions, so every
    position in the whole set is equally likely, and each of the eight flips and turns too.

    Args:
        pairs: At least one, none smaller than ``patch``.
        patch: Side of the square input patches.
        margin: Pixels by which valid convolutions shrink the patch on each side.
        device: Where the planes live and the patches are made.
    """

    def __init__(
        self, pairs: Sequence[Pair], patch: int, margin: int, device: torch.device
    ) -> None:
        self.patch, self.margin, self.device = patch, margin, device
        self._truth = torch.cat([torch.from_numpy(p.truth).flatten() for p in pairs]).to(device)
        self._input = torch.cat([torch.from_numpy(p.interpolated).flatten() for p in pairs])
        self._input = self._input.to(device)
        heights = torch.tensor([p.truth.shape[0] for p in pairs])
        widths = torch.tensor([p.truth.shape[1] for p in pairs])
        self._widths = widths
        self._starts = torch.cumsum(heights * widths, 0) - heights * widths
        self._columns = widths - patch + 1
        positions = (heights - patch + 1) * self._columns
        self._ends = torch.cumsum(positions, 0)

    @property
    def pixels(self) -> int:
        """Pixels of truth in the whole set."""
        return self._truth.numel()

    def sample(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw patches.

        Args:
            count: How many.
            generator: On the CPU; its state alone decides the draw.

        Returns:
            Input (count, 1, patch, patch) and truth (count, 1, patch - 2 margin, ...), float32 in
            [0, 1].
        """
        position = torch.randint(int(self._ends[-1]), (count,), generator=generator)
        turn = torch.randint(8, (count,), generator=generator)
        picture = torch.searchsorted(self._ends, position, right=True)
        position = position - torch.where(picture > 0, self._ends[picture - 1], 0)
        row, column = position // self._columns[picture], position % self._columns[picture]
        corner = self._starts[picture] + row * self._widths[picture] + column
        index = self._index(corner, self._widths[picture], turn).to(self.device)
        inner = index[
            :, self.margin : self.patch - self.margin, self.margin : self.patch - self.margin
        ]
        truth = self._truth[inner].float().div_(255)
        return self._input[index][:, None], truth[:, None]

    def _index(self, corner: Tensor, stride: Tensor, turn: Tensor) -> Tensor:
        """(count, patch, patch) flat positions; bits of ``turn`` flip and transpose."""
        steps = torch.arange(self.patch)
        backwards = self.patch - 1 - steps
        rows = torch.where((turn & 1).bool()[:, None], backwards, steps) * stride[:, None]
        columns = torch.where((turn & 2).bool()[:, None], backwards, steps)
        grid = rows[:, :, None] + columns[:, None, :]
        grid = torch.where((turn & 4).bool()[:, None, None], grid.transpose(1, 2), grid)
        return corner[:, None, None] + grid
