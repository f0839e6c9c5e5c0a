"""The sets of pictures that the papers used: finding them, and where to get them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.errors import InputError
from srcnn_cli.evaluation.published import recognise_dataset
from srcnn_cli.pictures.folders import find_pictures
from srcnn_cli.pictures.reading import read_8bit

if TYPE_CHECKING:
    from pathlib import Path

# What each set is, how many pictures it has, and where its authors published it.
ORIGINS = {
    "Set5": (
        "5 pictures (baby, bird, butterfly, head, woman) of Bevilacqua et al., BMVC 2012; in the "
        "packages of Timofte et al. (ANR, A+) and of Huang et al. (SelfExSR)"
    ),
    "Set14": ("14 pictures of Zeyde et al., Curves and Surfaces 2010; in the same packages"),
    "T91": (
        "91 pictures of Yang et al., IEEE TIP 2010, for training; in the packages of Yang et al. "
        "(ScSR, Data/Training) and of SRCNN (Train)"
    ),
    "BSD100": "100 test pictures of the Berkeley segmentation set BSDS300 (Martin et al., 2001)",
    "Urban100": "100 pictures of buildings of Huang et al., CVPR 2015 (SelfExSR)",
}
_T91 = 91


def find_set(data: Path, name: str) -> Path:
    """The folder of a set: ``data/NAME``, or in a folder within ``data``.

    Raises:
        InputError: It is not there, or holds other pictures than the set's.
    """
    if not data.is_dir():
        raise InputError("is no folder", data)
    for folder in (data / name, *(inner / name for inner in sorted(data.iterdir()))):
        if folder.is_dir():
            _check(folder, name)
            return folder
    raise InputError(f"has no folder {name}: {ORIGINS[name]}. docs/reproduce.md says more", data)


def _check(folder: Path, name: str) -> None:
    """Whether these are the set's pictures: by names and sizes, or by their number."""
    pictures, _ = find_pictures(folder, recursive=False)
    if name == "T91":
        if len(pictures) != _T91:
            raise InputError(f"has {len(pictures)} pictures, but T91 has {_T91}", folder)
        return
    found: dict[str, tuple[int, int]] = {}
    for path in pictures:
        height, width = read_8bit(path).shape[:2]
        found[path.stem] = (height, width)
    if recognise_dataset(found) != name:
        raise InputError(
            f"does not hold the pictures of {name} in full size: {ORIGINS[name]}", folder
        )
