"""The sets of pictures that the papers used: finding them, and where to get them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.errors import InputError
from srcnn_cli.evaluation.published import recognise_dataset
from srcnn_cli.evaluation.sources import Source, header_sizes
from srcnn_cli.pictures.folders import find_pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

_PACKAGES = "in the packages of Timofte et al. (ANR, A+) and of Huang et al. (SelfExSR)"
# What each set is, how many pictures it has, and where its authors published it.
ORIGINS = {
    "Set5": f"5 pictures of Bevilacqua et al., BMVC 2012; {_PACKAGES}",
    "Set14": f"14 pictures of Zeyde et al., Curves and Surfaces 2010; {_PACKAGES}",
    "T91": (
        "91 pictures of Yang et al., IEEE TIP 2010, for training; in the packages of Yang et al. "
        "(ScSR, Data/Training) and of SRCNN (Train)"
    ),
    "BSD100": "100 test pictures of the Berkeley segmentation set BSDS300 (Martin et al., 2001)",
    "Urban100": "100 pictures of buildings of Huang et al., CVPR 2015 (SelfExSR)",
}
# How to see that a set is the right one.
CHECKS = {
    "Set5": "lossless files in full size: baby 512×512, bird 288×288, butterfly 256×256, "
    "head 280×280, woman 228×344; bicubic gives 33.66, 30.39 and 28.42 dB at ×2, ×3 and ×4",
    "Set14": "lossless files in full size: baboon 500×480 to zebra 586×391; bicubic gives 30.23, "
    "27.54 and 26.00 dB at ×2, ×3 and ×4",
    "T91": "91 lossless files of 5,355,633 pixels in all, not turned, flipped or resized",
}
_T91 = 91


def find_sets(data: Path, names: Iterable[str], say: Callable[[str], object]) -> None:
    """See that all sets are there, before any work; of those that are not, say where to get them.

    Raises:
        InputError: One is not there, or holds other pictures than the set's.
    """
    missing = []
    for name in names:
        try:
            find_set(data, name)
        except MissingSetError:
            missing.append(name)
    for name in missing:
        say(f"{name}: {ORIGINS[name]}")
        say(f"  to look for: {CHECKS[name]}")
    if missing:
        raise MissingSetError(missing, data)


class MissingSetError(InputError):
    """A folder has no folder of that name."""

    def __init__(self, names: Sequence[str], data: Path) -> None:
        super().__init__(
            f"neither it nor its folders have a folder {' or '.join(names)}: "
            "docs/reproduce.md says where to get the data",
            data,
        )


def find_set(data: Path, name: str) -> Path:
    """The folder of a set: ``data/NAME``, or in a folder within ``data``.

    Raises:
        MissingSetError: It is not there.
        InputError: ``data`` is no folder, or there are other pictures than the set's.
    """
    if not data.is_dir():
        raise InputError("is no folder", data)
    for folder in (data / name, *(inner / name for inner in sorted(data.iterdir()))):
        if folder.is_dir():
            _check(folder, name)
            return folder
    raise MissingSetError([name], data)


def _check(folder: Path, name: str) -> None:
    """Whether these are the set's pictures: by names and sizes, or by their number."""
    pictures, _ = find_pictures(folder, recursive=False)
    if name == "T91":
        if len(pictures) != _T91:
            raise InputError(f"has {len(pictures)} pictures, but T91 is {CHECKS[name]}", folder)
        return
    if recognise_dataset(header_sizes(Source(path) for path in pictures)) != name:
        raise InputError(
            f"does not hold the pictures of {name}: {ORIGINS[name]}; {CHECKS[name]}", folder
        )
