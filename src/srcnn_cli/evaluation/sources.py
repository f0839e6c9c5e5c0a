"""The pictures of a test set: finding, pairing and reading them."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.evaluation.file_names import bare, begins_with, kind_of
from srcnn_cli.evaluation.protocol import Pair, Protocol, make_pair, pair_with_low
from srcnn_cli.files import describe_os_error
from srcnn_cli.pictures.folders import find_pictures
from srcnn_cli.pictures.quiet import quiet
from srcnn_cli.pictures.reading import read_8bit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Source:
    """A picture to measure on, and its low-resolution partner if that is given."""

    path: Path
    low: Path | None = None

    @property
    def name(self) -> str:
        """The file's name without its extension."""
        # A name that is no text, which a file system may hold, could not be printed.
        return os.fsencode(self.path.stem).decode("utf-8", "replace")


class PictureSet(NamedTuple):
    """The pictures of a folder.

    Attributes:
        sources: By name, with their low-resolution partners if there are such.
        others: How many files were passed over as no pictures.
        left_out: Pictures that other programs made of the sources, by their names.
    """

    sources: list[Source]
    others: int
    left_out: list[Path]


def find_sources(folder: Path, low_folder: Path | None = None) -> PictureSet:
    """The pictures of a test set, paired by name with given low-resolution files.

    A low-resolution file belongs to a picture if its stem is the same, or the same with ``x3``,
    ``_LR``, ``LRBI`` and the like appended, or with ``HR`` in place of ``LR``. Such files may lie
    in the folder itself, as in the data of Huang et al., CVPR 2015 (SelfExSR); then all pictures
    must have one.

    Args:
        folder: The test set.
        low_folder: Where the low-resolution files are, if there are any and they are elsewhere.

    Raises:
        InputError: A folder is missing or empty, a picture has no partner or more than one, or
            originals cannot be told from small versions of them.
    """
    pictures, others = find_pictures(folder, recursive=False)
    names: dict[str, Path] = {}
    for path in pictures:
        other = names.setdefault(path.stem, path)
        if other != path:
            raise InputError(f"has the name of {other.name}: which of the two is meant?", path)
    sources, left_out = _pairs_within(pictures)
    if low_folder is not None:
        candidates, _ = find_pictures(low_folder, recursive=False)
        sources = [Source(s.path, _partner(s.path, candidates, low_folder)) for s in sources]
    return PictureSet(sources, len(others), left_out)


def _partner(picture: Path, candidates: list[Path], folder: Path) -> Path:
    candidates = [path for path in candidates if not path.samefile(picture)]
    partners = [c for c in candidates if c.stem == picture.stem]
    if not partners:
        partners = [c for c in candidates if bare(c.stem) == bare(picture.stem)]
        partners = [c for c in partners if kind_of(c.stem) == "low"] or partners
    if len(partners) != 1:
        found = " and ".join(p.name for p in partners[:2]) or "none"
        raise InputError(f"needs one low-resolution partner in {folder}, found {found}", picture)
    return partners[0]


def _pairs_within(pictures: list[Path]) -> tuple[list[Source], list[Path]]:
    """The originals of a folder, paired with small versions that lie beside them, and the rest.

    A folder of originals alone is left as it is. One that holds both is paired or refused: small
    versions that are taken for originals would spoil every average.
    """
    groups: dict[str, list[Path]] = {}
    for path in pictures:
        groups.setdefault(bare(path.stem), []).append(path)
    pairs: dict[str, Source] = {}
    for name, paths in groups.items():
        kinds = {path: kind_of(path.stem) for path in paths}
        if len(paths) == 1 or set(kinds.values()) == {"scaled"}:
            continue
        low = [path for path, kind in kinds.items() if kind in ("low", "scaled")]
        high = [path for path in paths if path not in low]
        if (len(low), len(high)) != (1, 1):
            raise InputError(
                f"stands beside {paths[1].name}: which is the original, and which the "
                "low-resolution picture?",
                paths[0],
            )
        pairs[name] = Source(high[0], low[0])
    if not pairs:
        return [Source(path) for path in pictures], []
    used = {path for pair in pairs.values() for path in (pair.path, pair.low)}
    rest = [path for path in pictures if path not in used]
    for path in rest:
        if not any(begins_with(path.stem, name) for name in pairs):
            example = next(iter(pairs.values()))
            raise InputError(
                f"has no low-resolution picture beside it, as {example.path.name} has: put "
                "originals and low-resolution pictures into two folders (--lr)",
                path,
            )
    return list(pairs.values()), rest


@dataclass(frozen=True, eq=False)
class Loaded:
    """A source that was read.

    Attributes:
        source: Its files.
        pixels: uint8 (H, W) or (H, W, 3), the picture.
        low: Likewise, its low-resolution partner if that was given.
        seconds: For reading.
    """

    source: Source
    pixels: NDArray[np.uint8]
    low: NDArray[np.uint8] | None
    seconds: float

    def pair(self, scale: int, protocol: Protocol) -> Pair:
        """The picture as a test pair.

        Raises:
            InputError: It is too small, or the partner's size does not fit.
        """
        smallest = 2 * protocol.border(scale) + 11  # SSIM's window must fit after shaving
        height, width = self.pixels.shape[:2]
        if min(height, width) // scale * scale < smallest:
            raise InputError(
                f"{width}x{height} is too small: at scale {scale}, with "
                f"{protocol.border(scale)} pixels shaved off, {smallest}x{smallest} are needed",
                self.source.path,
            )
        try:
            if self.low is None:
                return make_pair(self.pixels, scale, protocol)
            return pair_with_low(self.pixels, self.low, scale, protocol)
        except UsageError as error:
            raise InputError(error.reason, self.source.low or self.source.path) from error


def load(source: Source) -> Loaded:
    """Read a source.

    Raises:
        InputError: A file is unreadable.
    """
    started = time.perf_counter()
    pixels = read_8bit(source.path)
    low = None if source.low is None else read_8bit(source.low)
    return Loaded(source, pixels, low, time.perf_counter() - started)


def header_sizes(sources: Iterable[Source]) -> dict[str, tuple[int, int]]:
    """(height, width) by name, from the headers; 0 of an unreadable file, which `load` reports."""
    from PIL import Image

    sizes = {}
    for source in sources:
        try:
            with quiet(), Image.open(source.path) as image:
                sizes[source.name] = (image.height, image.width)
        except Exception:  # noqa: BLE001 - Pillow raises a dozen types
            sizes[source.name] = (0, 0)
    return sizes


def data_sha256(sources: Iterable[Source]) -> str:
    """One checksum over the names and contents of all files, in their order."""
    return files_sha256(
        path for source in sources for path in (source.path, source.low) if path is not None
    )


def files_sha256(paths: Iterable[Path]) -> str:
    """One checksum over the names and contents of files, in their order.

    Raises:
        InputError: One is unreadable.
    """
    digest = hashlib.sha256()
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError(f"cannot be read: {describe_os_error(error)}", path) from error
        digest.update(os.fsencode(path.name) + b"\0" + content)
    return digest.hexdigest()
