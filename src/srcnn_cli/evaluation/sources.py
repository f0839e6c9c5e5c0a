"""The pictures of a test set: finding, pairing and reading them."""

from __future__ import annotations

import hashlib
import os
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.evaluation.protocol import Pair, Protocol, make_pair, pair_with_low
from srcnn_cli.files import describe_os_error
from srcnn_cli.pictures.folders import find_pictures
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


def find_sources(folder: Path, low_folder: Path | None = None) -> tuple[list[Source], int]:
    """The pictures of a test set, paired by name with given low-resolution files.

    A low-resolution file belongs to a picture if its stem is the same, or the same with ``x3``,
    ``_LR``, ``LRBI`` and the like appended, or with ``HR`` in place of ``LR``.

    Returns:
        The sources by name, and how many files were passed over as no pictures.

    Raises:
        InputError: A folder is missing or empty, or a picture has no partner or more than one.
    """
    pictures, others = find_pictures(folder, recursive=False)
    names: dict[str, Path] = {}
    for path in pictures:
        other = names.setdefault(path.stem, path)
        if other != path:
            raise InputError(f"has the name of {other.name}: which of the two is meant?", path)
    if low_folder is None:
        return [Source(path) for path in pictures], len(others)
    candidates, _ = find_pictures(low_folder, recursive=False)
    sources = []
    for path in pictures:
        partners = [c for c in candidates if c.stem == path.stem] or [
            c for c in candidates if _bare_stem(c) == _bare_stem(path)
        ]
        if len(partners) != 1:
            found = " and ".join(p.name for p in partners[:2]) or "none"
            raise InputError(
                f"needs one low-resolution partner in {low_folder}, found {found}", path
            )
        sources.append(Source(path, partners[0]))
    return sources, len(others)


def _bare_stem(path: Path) -> str:
    stem = path.stem.lower()
    previous = ""
    while previous != stem:
        previous = stem
        for mark in ("_lrbi", "_lr", "_hr", "_gt", "-lr", "-hr", "lr", "_"):
            stem = stem.removesuffix(mark) or stem
        stem = re.sub(r"(?<=.)x(1[0-6]|[2-9])$", "", stem)
    return stem


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


def data_sha256(sources: Iterable[Source]) -> str:
    """One checksum over the names and contents of all files, in their order."""
    digest = hashlib.sha256()
    for source in sources:
        for path in (source.path, source.low):
            if path is not None:
                try:
                    content = path.read_bytes()
                except OSError as error:
                    raise InputError(f"cannot be read: {describe_os_error(error)}", path) from error
                digest.update(os.fsencode(path.name) + b"\0" + content)
    return digest.hexdigest()
