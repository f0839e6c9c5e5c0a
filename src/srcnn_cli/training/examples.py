"""Training pictures: finding them, reading them, and making the network's input from them.

A network learns from a picture at several scales: the 8-bit planes are the truth, and their
reduction and enlargement is what it gets (`Degradation`). Without blur and on luminance that is
the papers' evaluation convention ``srcnn`` to the bit (see `protocol`).
"""

from __future__ import annotations

import filecmp
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.imaging.degradation import Degradation, Example, cropped_size
from srcnn_cli.imaging.resize import imresize, imresize_sides
from srcnn_cli.pictures.folders import find_pictures
from srcnn_cli.pictures.reading import read_8bit

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray


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


def without_copies(files: Iterable[Path], held: Iterable[Path]) -> list[Path]:
    """The training files that are none of the validation files, whatever their names and places.

    Only those that are as long as one of the validation files are read.
    """
    by_size: dict[int, list[Path]] = {}
    for path in held:
        with suppress(OSError):  # it will be named where it is used
            by_size.setdefault(path.stat().st_size, []).append(path)

    def copied(path: Path) -> bool:
        try:
            alike = by_size.get(path.stat().st_size, [])
            return any(filecmp.cmp(path, other, shallow=False) for other in alike)
        except OSError:
            return False

    return [path for path in files if not copied(path)]


def read_large_enough(path: Path, scales: Iterable[int], smallest: int) -> NDArray[np.uint8]:
    """Read a picture for training: uint8, (H, W, 3) or (H, W).

    Raises:
        InputError: It cannot be read, or has a side below ``smallest`` once cropped to a multiple
            of each scale.
        UsageError: It is smaller than a scale.
    """
    pixels = read_8bit(path)
    height, width = min((cropped_size(pixels, scale) for scale in scales), key=min)
    if min(height, width) < smallest:
        raise InputError(f"{width}x{height} is smaller than a patch of {smallest}", path)
    return pixels


def parse_shrinks(text: str) -> tuple[float, ...]:
    """The factors of ``0.8,0.6``; none of an empty text.

    Raises:
        UsageError: One is no number between 0 and 1.
    """
    try:
        factors = tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        factors = (0.0,)
    if not all(0 < factor < 1 for factor in factors):
        raise UsageError(f"--shrink takes factors between 0 and 1, such as 0.8,0.6, not {text!r}")
    return factors


def least_side(degradation: Degradation, smallest: int) -> int:
    """The side that is at least ``smallest``, however it is cropped to a multiple of a scale."""
    return smallest + max(degradation.scales) - 1


def shrunk_size(height: int, width: int, shrink: float, smallest: int) -> tuple[int, int]:
    """Rows and columns of what `shrunk` makes."""
    small = imresize_sides(height, width, shrink)
    return small if min(small) >= smallest else (height, width)


def shrunk(pixels: NDArray[np.uint8], shrink: float, smallest: int) -> NDArray[np.uint8]:
    """A copy of a training picture, reduced by MATLAB's bicubic to 8 bits.

    It adds what pictures as they were taken seldom have: the finest of structures at full
    sharpness. FSRCNN is trained so (Dong, Loy and Tang, ECCV 2016, section 4.1).

    Args:
        pixels: (H, W, 3) or (H, W).
        shrink: What the sides are multiplied by.
        smallest: Where the copy would have a side below this many pixels, it is the picture.
    """
    height, width = pixels.shape[:2]
    if shrunk_size(height, width, shrink, smallest) == (height, width):
        return pixels
    if pixels.ndim == 2:
        return imresize(pixels, shrink)
    return np.ascontiguousarray(np.moveaxis(imresize(np.moveaxis(pixels, -1, 0), shrink), 0, -1))


def load_examples(
    files: Iterable[Path],
    degradation: Degradation,
    *,
    smallest: int = 1,
    shrinks: Sequence[float] = (),
) -> Iterator[list[Example] | Skipped]:
    """Read pictures one by one; a file that does not serve gives `Skipped`.

    Args:
        files: Pictures, colour or grey.
        degradation: How the network's input is made; each picture gives one example per scale.
        smallest: Pictures with a side below this many pixels are skipped.
        shrinks: Of smaller copies of each picture, see `shrunk`, which give examples like it.
    """
    least = least_side(degradation, smallest)
    for path in files:
        try:
            pixels = read_large_enough(path, degradation.scales, smallest)
        except (InputError, UsageError) as error:
            yield Skipped(path, error.reason)
            continue
        copies = [pixels, *(shrunk(pixels, shrink, least) for shrink in shrinks)]
        yield [degradation.example(copy, scale) for copy in copies for scale in degradation.scales]
