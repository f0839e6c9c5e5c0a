"""Pictures that another program made of a test set, to be judged like our own methods' results.

They are paired with the originals by name, their sizes are checked, and they are compared under the
same protocol. How the low-resolution pictures were made, and how long it took, is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.evaluation.file_names import bare, bare_result, begins_with, kind_of
from srcnn_cli.evaluation.sources import files_sha256
from srcnn_cli.imaging.planes import grey_from_network
from srcnn_cli.imaging.resize import modcrop
from srcnn_cli.pictures.folders import find_pictures
from srcnn_cli.pictures.reading import read_8bit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from srcnn_cli.evaluation.protocol import Pair
    from srcnn_cli.evaluation.sources import Loaded, Source

    Pixels = NDArray[np.uint8]

# Of a grey result beside a colour original: this much nearer in dB when read as 0 to 255 means
# that it is no Y' from 16 to 235.
_PLAINLY = 3.0


@dataclass(frozen=True)
class Results:
    """What another method made of some pictures.

    Attributes:
        name: As printed.
        files: The result of each picture by the name of its `Source`.
    """

    name: str
    files: Mapping[str, Path]

    def describe(self) -> dict[str, str]:
        """What a report says of them beside their figures."""
        files = sorted(self.files.values())
        folder = files[0].resolve().parent.name
        return {"name": self.name, "results": folder, "results_sha256": files_sha256(files)}

    def output(self, loaded: Loaded, pair: Pair) -> NDArray[np.float32]:
        """The result of a picture, as `Pair.compared` takes it: [0, 1], of the size of the truth.

        Of a result that has fewer pixels on all sides alike, as MATLAB codes save it that shave
        before saving, the missing ones are made up; they must be fewer than are shaved off.

        Raises:
            InputError: It is unreadable, or its size or channels do not fit.
        """
        path = self.files[loaded.source.name]
        pixels = _fitted(read_8bit(path), loaded.pixels.shape[:2], pair, path)
        return _planes(pixels, loaded.pixels, pair, path)


def parse_results(text: str) -> tuple[str, Path]:
    """A name and a path of ``NAME=PATH``; of a path alone, the last part of it is the name.

    Raises:
        UsageError: One of the two is empty.
    """
    name, equals, rest = text.partition("=")
    path = Path(rest)
    if not equals or Path(text).exists():
        path = Path(text)
        name = path.stem if path.is_file() else path.resolve().name
    if not name or not text or (equals and not rest):
        raise UsageError(f"{text!r} is not NAME=PATH: a name for the table, and where results are")
    return name, path


def find_results(name: str, folder: Path, sources: Sequence[Source]) -> Results:
    """The results of all pictures of a test set in a folder, paired by name.

    A result has the picture's name, or that with anything appended: ``_SR``, ``x3``, ``_EDSR``.
    Of several, the one counts to which ``_NAME`` is appended.

    Raises:
        InputError: The folder is missing or empty, or a picture has no result or more than one.
    """
    pictures, _ = find_pictures(folder, recursive=False)
    own = {path.resolve() for s in sources for path in (s.path, s.low) if path is not None}
    candidates = [
        path for path in pictures if path.resolve() not in own and kind_of(path.stem) != "low"
    ]
    stems = {bare(source.path.stem) for source in sources}
    files = {s.name: _result_of(s.path, name, candidates, stems, folder) for s in sources}
    return Results(name, files)


def _result_of(
    picture: Path, name: str, candidates: Sequence[Path], stems: Collection[str], folder: Path
) -> Path:
    stem = bare(picture.stem)
    # What belongs to `img_1_b` does not belong to `img_1`.
    longer = [other for other in stems if begins_with(other, stem)]
    named = [path for path in candidates if path.stem.lower() == f"{stem}_{name.lower()}"]
    found = named or [
        path
        for path in candidates
        if path.stem == picture.stem
        or bare_result(path.stem) == stem
        or (
            begins_with(path.stem, stem)
            and not any(begins_with(path.stem, other) for other in longer)
        )
    ]
    if len(found) > 1:
        raise InputError(
            f"has two results in {folder}: {found[0].name} and {found[1].name}", picture
        )
    if found:
        return found[0]
    raise InputError(f"has no result in {folder}", picture)


def read_result(path: Path, size: tuple[int, int]) -> Pixels:
    """A picture that must have a certain size, (height, width), as `read_8bit` gives it.

    Raises:
        InputError: It is unreadable, or has another size.
    """
    pixels = read_8bit(path)
    if pixels.shape[:2] != size:
        raise _other_size(path, pixels.shape, size)
    return pixels


def _other_size(path: Path, found: tuple[int, ...], wanted: tuple[int, int]) -> InputError:
    reason = f"is {found[1]}x{found[0]}, but {wanted[1]}x{wanted[0]} is what it must be"
    return InputError(reason, path)


def _fitted(pixels: Pixels, original: tuple[int, ...], pair: Pair, path: Path) -> Pixels:
    """The result in the size of the truth."""
    height, width = pair.truth.shape[-2:]
    size = pixels.shape[:2]
    if size == original:  # a program that does not crop
        pixels = np.moveaxis(modcrop(np.moveaxis(pixels, (0, 1), (-2, -1)), pair.scale),
                             (-2, -1), (0, 1))  # fmt: skip
        size = pixels.shape[:2]
    if size == (height, width):
        return np.ascontiguousarray(pixels)
    missing = height - size[0]
    border = pair.protocol.border(pair.scale)
    if missing == width - size[1] and missing > 0 and missing % 2 == 0:
        shaved = missing // 2
        if shaved <= border:
            around = [(shaved, shaved)] * 2 + [(0, 0)] * (pixels.ndim - 2)
            return np.pad(pixels, around, "edge")
        raise InputError(
            f"lacks {shaved} pixels on each side, but only {border} are shaved off: "
            f"--crop-border {shaved} compares what is there",
            path,
        )
    raise _other_size(path, size, (height, width))


def _planes(pixels: Pixels, original: Pixels, pair: Pair, path: Path) -> NDArray[np.float32]:
    whole = pair.truth.ndim == 3 or pair.protocol.rounds_pictures
    if pixels.ndim == 3:
        planes: NDArray[np.float32] = np.moveaxis(pixels, -1, 0) / np.float32(255)
        if original.ndim == 3 or whole:
            return planes
        grey: NDArray[np.float32] = grey_from_network(planes, "rgb")
        return grey
    plane: NDArray[Any] = pixels.astype(np.float32) / np.float32(255)
    if original.ndim == 2:
        return np.array([plane] * 3) if whole else plane
    if whole:
        raise InputError("is grey, but the original has colours, which are compared", path)
    full_range = (16 + plane * 219) / 255
    if pair.psnr(full_range) > pair.psnr(plane) + _PLAINLY:
        raise InputError(
            "is grey from 0 to 255, but what is compared is Y' from 16 to 235: save its colours, "
            "or the plane as rgb2ycbcr gives it",
            path,
        )
    return plane
