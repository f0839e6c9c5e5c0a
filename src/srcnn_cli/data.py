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
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from srcnn_cli.batch import find_pictures
from srcnn_cli.color import luminance_uint8, ycbcr_from_rgb
from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.image import read_8bit
from srcnn_cli.protocol import round_to_uint8
from srcnn_cli.resize import cubic, modcrop, resize

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from srcnn_cli.config import Color

# Where scipy cuts the Gaussian off, in sigmas.
_TRUNCATE = 4.0


@dataclass(frozen=True)
class Skipped:
    """A training file that was left out, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, eq=False)
class Example:
    """A picture, or a part of one, at one scale.

    Attributes:
        truth: uint8 (C, H, W), both sides multiples of the scale.
        source: float32 (C, H, W), the network's input, in [0, 1] but for overshoot.
    """

    truth: NDArray[np.uint8]
    source: NDArray[np.float32]


class Window(NamedTuple):
    """A part of a picture, in pixels that are all multiples of the scale."""

    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class Degradation:
    """How the network's input is made from a picture.

    The planes are reduced, in floating point and without rounding, and enlarged again bicubically.
    Reducing is MATLAB's antialiased bicubic, as in the papers' code; with ``blur`` it is what the
    SRCNN paper describes in words: a Gaussian, then sub-sampling (Dong et al., ECCV 2014, section
    4). The samples lie where bicubic reduction puts them: on every s-th pixel for odd scales s,
    half-way between two pixels, by cubic interpolation, for even ones.

    Attributes:
        scales: The integer factors at which every picture is used.
        color: The planes: ``y`` is 8-bit Y', ``rgb`` R'G'B' and ``ycbcr`` Y'CbCr rounded to 8
            bits. Grey pictures are three equal planes in ``rgb`` and have Cb = Cr = 128.
        blur: Sigma of the Gaussian in pixels of the original; 0: antialiased bicubic.

    Raises:
        UsageError: A value is impossible.
    """

    scales: tuple[int, ...]
    color: Color = "y"
    blur: float = 0.0

    def __post_init__(self) -> None:
        if not self.scales or min(self.scales) < 1:
            raise UsageError(f"a picture is reduced by integer scales, not {self.scales}")
        if not 0 <= self.blur <= 100:
            raise UsageError(f"the blur must lie between 0 and 100 pixels, not {self.blur}")

    @property
    def channels(self) -> int:
        """Planes of an example."""
        return 1 if self.color == "y" else 3

    @property
    def bytes_per_pixel(self) -> int:
        """Memory that an example takes for each of its pixels: 8-bit truth and float32 source."""
        return 5 * self.channels

    def example(self, pixels: NDArray[np.uint8], scale: int, part: Window | None = None) -> Example:
        """Make an example.

        Args:
            pixels: (H, W, 3) R'G'B' or (H, W) grey.
            scale: Integer factor.
            part: What of the picture to make, from its surroundings as they are; None: all of it,
                cropped to a multiple of the scale.

        Raises:
            UsageError: The picture is smaller than the scale.
        """
        height, width = cropped_size(pixels, scale)
        part = part or Window(0, 0, height, width)
        halo = scale * (4 + -(-int(_TRUNCATE * self.blur + 0.5) // scale))
        top, left = max(0, part.top - halo), max(0, part.left - halo)
        bottom = min(height, part.top + part.height + halo)
        right = min(width, part.left + part.width + halo)
        planes = color_planes(pixels[top:bottom, left:right], self.color)
        rows = slice(part.top - top, part.top - top + part.height)
        columns = slice(part.left - left, part.left - left + part.width)
        source = self._degraded(planes, scale).astype(np.float32)
        inside = (slice(None), rows, columns)
        # A copy of the truth, or a small part would keep the whole picture in memory.
        return Example(planes[inside].copy(), np.ascontiguousarray(source[inside]))

    def _degraded(self, planes: NDArray[np.uint8], scale: int) -> NDArray[np.float64]:
        height, width = planes.shape[-2:]
        exact = planes.astype(np.float64) / 255
        if self.blur == 0:
            low = resize(exact, height // scale, width // scale)
        else:
            from scipy.ndimage import gaussian_filter

            sigma = (0, self.blur, self.blur)
            exact = gaussian_filter(exact, sigma, mode="nearest", truncate=_TRUNCATE)
            low = _subsampled(_subsampled(exact, scale, -2), scale, -1)
        enlarged: NDArray[np.float64] = resize(low, height, width)
        return enlarged


def color_planes(pixels: NDArray[np.uint8], color: Color) -> NDArray[np.uint8]:
    """(H, W, 3) R'G'B' or (H, W) grey as (C, H, W) 8-bit planes; see `Degradation` for grey."""
    if color == "y":
        return luminance_uint8(pixels)[None]
    if pixels.ndim == 2:
        neutral = pixels if color == "rgb" else np.full_like(pixels, 128)
        return np.stack([pixels, neutral, neutral])
    rgb = np.moveaxis(pixels, -1, 0)
    if color == "rgb":
        return rgb
    planes = round_to_uint8(ycbcr_from_rgb(rgb.astype(np.float32) / 255))
    planes[0] = luminance_uint8(pixels)  # exact where Y' lies between two values
    return planes


def cropped_size(pixels: NDArray[Any], scale: int) -> tuple[int, int]:
    """Height and width of (H, W[, 3]) pixels once cropped to multiples of the scale.

    Raises:
        UsageError: Nothing would be left.
    """
    cropped = modcrop(pixels if pixels.ndim == 2 else pixels[..., 0], scale)
    return cropped.shape[0], cropped.shape[1]


def _subsampled(planes: NDArray[np.float64], scale: int, axis: int) -> NDArray[np.float64]:
    """One sample from the centre of every ``scale`` pixels along an axis, nothing smoothed."""
    length = planes.shape[axis]
    along = np.moveaxis(planes, axis, 0)
    if scale % 2:
        return np.moveaxis(along[scale // 2 :: scale], 0, axis)
    # Half-way between two pixels: Keys' cubic over four, with symmetric edges.
    padded = np.pad(along, [(1, 1)] + [(0, 0)] * (planes.ndim - 1), "symmetric")
    weights = cubic(np.array([-1.5, -0.5, 0.5, 1.5]))
    sampled = np.zeros((length // scale, *along.shape[1:]))
    for first, weight in enumerate(weights, start=scale // 2 - 1):
        sampled += weight * padded[first::scale][: length // scale]
    return np.moveaxis(sampled, 0, axis)


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


def load_examples(
    files: Iterable[Path], degradation: Degradation, *, smallest: int = 1
) -> Iterator[list[Example] | Skipped]:
    """Read pictures one by one; a file that does not serve gives `Skipped`.

    Args:
        files: Pictures, colour or grey.
        degradation: How the network's input is made; each picture gives one example per scale.
        smallest: Pictures with a side below this many pixels are skipped.
    """
    for path in files:
        try:
            pixels = read_large_enough(path, degradation.scales, smallest)
        except (InputError, UsageError) as error:
            yield Skipped(path, error.reason)
            continue
        yield [degradation.example(pixels, scale) for scale in degradation.scales]


class Visit(NamedTuple):
    """One picture of the endless order: its index among the files, its scale, and its number."""

    file: int
    scale: int
    number: int


@dataclass(frozen=True)
class Order:
    """Every epoch visits all files, in an order of its own, the scales taking turns.

    Iterating never ends.

    Attributes:
        files: How many there are.
        scales: At which they are used.
        seed: Of the permutations.
        rank: Of several runs that share the files, each visiting its own part of every epoch.
        world: How many such runs there are.
        start: Number of the first visit.
    """

    files: int
    scales: tuple[int, ...]
    seed: int
    rank: int = 0
    world: int = 1
    start: int = 0

    def __iter__(self) -> Iterator[Visit]:
        # With fewer files than ranks, some ranks visit the same.
        share = slice(self.rank % self.files, None, self.world)
        epoch, skip = divmod(self.start, len(range(self.files)[share]))
        number = self.start
        while True:
            permutation = _random(self.seed, epoch).permutation(self.files)[share]
            for file in permutation[skip:]:
                yield Visit(int(file), self.scales[number % len(self.scales)], number)
                number += 1
            epoch, skip = epoch + 1, 0


class Parts:
    """A random part of each visited picture, degraded as the whole picture would be.

    Args:
        files: All pictures.
        degradation: How the network's input is made.
        smallest: Pictures with a side below this many pixels are skipped.
        seed: Of the parts' places.
        rank: Of several runs; their places differ.
        side: Side of a part, for pictures that are larger.
    """

    def __init__(
        self,
        files: Sequence[Path],
        degradation: Degradation,
        *,
        smallest: int,
        seed: int,
        rank: int = 0,
        side: int = 512,
    ) -> None:
        self.files, self.degradation = list(files), degradation
        self.smallest, self.seed, self.rank = smallest, seed, rank
        self._side = side

    def side(self, scale: int) -> int:
        """Side of a part: a multiple of the scale, and never smaller than a patch."""
        return max(self._side // scale, -(-self.smallest // scale)) * scale

    def __getitem__(self, visit: Visit) -> Example | Skipped:
        path, scale = self.files[visit.file], visit.scale
        try:
            pixels = read_large_enough(path, self.degradation.scales, self.smallest)
        except (InputError, UsageError) as error:
            return Skipped(path, error.reason)
        sides = cropped_size(pixels, scale)
        height, width = (min(side, self.side(scale)) for side in sides)
        random = _random(self.seed, self.rank, visit.number)
        top, left = (
            scale * int(random.integers((whole - kept) // scale + 1))
            for whole, kept in zip(sides, (height, width), strict=True)
        )
        return self.degradation.example(pixels, scale, Window(top, left, height, width))


def _random(*key: int) -> np.random.Generator:
    return np.random.default_rng([part % 2**64 for part in key])  # seeds may be negative
