"""Is any test picture among the training pictures, whole or in part?

Two looks, because each misses what the other sees; both in all eight turns and flips.

* Whole pictures: the perceptual hash (`imagehash.phash`) of a test picture against those of all
  training pictures. It survives another size, JPEG, and small changes of brightness.
* Parts: the middle of one picture is searched in the other by normalised cross-correlation, at
  all sizes from as large as it to a third. First coarsely, which finds where two pictures would
  fit best if they did; then finely and on edges alone, which tells whether they do. It runs both
  ways, since a training picture that was cut out of a test picture is no better. It misses a crop
  that shares no more than the rim of the other picture's middle.

    python benchmarks/leakage.py ../shared/data/train/* --tests ../shared/data/Set5 ...

Prints a Markdown table, and ends with 1 if a pair is suspicious. 19 test pictures against 640 take
four minutes of one core.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cv2
import imagehash
import numpy as np
from PIL import Image

from srcnn_cli.errors import SrcnnError
from srcnn_cli.imaging.planes import luminance_uint8
from srcnn_cli.pictures.folders import find_pictures
from srcnn_cli.pictures.reading import read_8bit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

HASH_SIDE = 16  # 256 bits, about half of which differ between unrelated pictures
# Measured on the five training folders of weights/README.md and copies of their pictures. Copies
# at half or a third of the size, as JPEG of quality 30, or darker are at most 14 bits away; with
# 3 % of two sides cut off, 38 to 74. The nearest of 12,160 unrelated pairs are 92 bits apart.
MOST_BITS = 64
# 60 crops of 40 to 90 % of each side, at 50 to 100 % of the size, turned, of other brightness and
# as JPEG of quality 50 to 95, correlate by 0.66 or more; the best unrelated pair by 0.41. Two
# pairs among the test sets themselves are found: Set5's "head" is Set14's "face" (8 bits), and its
# "butterfly" was cut out of Set14's "monarch" (102 bits, but 0.96).
LEAST_CORRELATION = 0.5

_MIDDLE = 0.6  # the share of each side that is searched for
_COARSE, _FINE = 32, 96  # pixels of its longer side
_SMALLEST = 1 / 3  # of the other picture: what a part is at least
_COARSE_SIZES = 1.1 ** np.arange(17) * _SMALLEST  # up to where the middle fills the other picture
_FINE_SIZES = np.linspace(0.92, 1.08, 9)  # around the best of those
_CANDIDATES = 12  # pictures that are looked at finely, for each test picture
_KEPT = round(_FINE / _MIDDLE / _SMALLEST * 1.1)  # no search needs more pixels
_EDGES, _EVEN = 3.0, 4.0  # sigmas in pixels of the fine search: see `_edges`


@dataclass(frozen=True, eq=False)
class Sample:
    """A picture, ready to be compared.

    Attributes:
        name: Folder and file.
        grey: (H, W) uint8 luminance.
    """

    name: str
    grey: NDArray[np.uint8]

    @cached_property
    def hashes(self) -> list[imagehash.ImageHash]:
        """Perceptual hashes of its eight views, the first being that of the picture as it is."""
        return [
            imagehash.phash(Image.fromarray(view), hash_size=HASH_SIDE)
            for view in _views(self.grey)
        ]

    @cached_property
    def middle(self) -> list[Plane]:
        """What is searched for coarsely: its middle, in eight views."""
        return [_grained(view, seed=1) for view in _views(_resized(_middle(self.grey), _COARSE))]

    def sizes(self) -> list[Plane]:
        """What is searched coarsely: the whole picture, in falling sizes."""
        return [
            _grained(_resized(self.grey, round(_COARSE / _MIDDLE / ratio)), seed=2)
            for ratio in _COARSE_SIZES
        ]


class Fit(NamedTuple):
    """Where the middle of one picture would lie in another, if it did.

    Attributes:
        correlation: How well it fits, coarsely.
        view: Which of the eight views of the middle.
        side: The longer side of the other picture when the middle's is `_COARSE`.
    """

    correlation: float
    view: int
    side: int


@dataclass(frozen=True)
class Finding:
    """What comes nearest to a test picture.

    Attributes:
        test: Its name.
        twin: The training picture whose hash is nearest.
        bits: The distance of the two.
        relative: The training picture that shares a part, if any does.
        correlation: Of the edges of the two where they fit best; at most 1.
        relation: Which of the two would be a part of the other.
    """

    test: str
    twin: str
    bits: int
    relative: str
    correlation: float
    relation: str

    @property
    def suspicious(self) -> bool:
        """Whether somebody should look at the pictures."""
        return self.bits <= MOST_BITS or self.correlation >= LEAST_CORRELATION


def compare(tests: Sequence[Sample], training: Sequence[Sample]) -> list[Finding]:
    """What comes nearest to each test picture.

    Args:
        tests: Names are free.
        training: At least one.
    """
    inside: list[list[Fit]] = [[] for _ in tests]
    around: list[list[Fit]] = [[] for _ in tests]
    sizes_of_tests = [test.sizes() for test in tests]
    for picture in training:
        sizes = picture.sizes()  # too large to be kept for all
        for index, test in enumerate(tests):
            inside[index].append(best_fit(test.middle, sizes))
            around[index].append(best_fit(picture.middle, sizes_of_tests[index]))
    findings = []
    for index, test in enumerate(tests):
        distances = [min(view - other.hashes[0] for view in test.hashes) for other in training]
        twin = int(np.argmin(distances))
        verified = [
            (verify(test, training[other], inside[index][other]), other, "test in training")
            for other in _best(inside[index])
        ] + [
            (verify(training[other], test, around[index][other]), other, "training in test")
            for other in _best(around[index])
        ]
        correlation, relative, relation = max(verified)
        findings.append(
            Finding(
                test.name, training[twin].name, int(distances[twin]),
                training[relative].name, correlation, relation,
            )
        )  # fmt: skip
    return findings


def best_fit(middle: Sequence[Plane], sizes: Sequence[Plane]) -> Fit:
    """The best fit of any view of a middle in any size of another picture."""
    return max(
        Fit(_correlate(plane, template), view, max(plane.shape))
        for view, template in enumerate(middle)
        for plane in sizes
    )


def verify(part: Sample, whole: Sample, fit: Fit) -> float:
    """The highest correlation of edges, in sizes around a fit."""
    template = _edges(_views(_resized(_middle(part.grey), _FINE))[fit.view], seed=1)
    sides = (round(fit.side * _FINE / _COARSE * ratio) for ratio in _FINE_SIZES)
    return max(_correlate(_edges(_resized(whole.grey, side), seed=2), template) for side in sides)


def _best(fits: Sequence[Fit]) -> list[int]:
    order = np.argsort([-fit.correlation for fit in fits], kind="stable")
    return [int(index) for index in order[:_CANDIDATES]]


def _middle(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = grey.shape
    y, x = round(height * (1 - _MIDDLE) / 2), round(width * (1 - _MIDDLE) / 2)
    return grey[y : height - y, x : width - x]


def _views(plane: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """All eight turns and flips."""
    return [
        np.ascontiguousarray(np.rot90(side, turns))
        for side in (plane, plane[:, ::-1])
        for turns in range(4)
    ]


def _resized(plane: NDArray[np.uint8], longer: int) -> NDArray[np.uint8]:
    """So that its longer side has so many pixels."""
    height, width = (max(1, round(side * longer / max(plane.shape))) for side in plane.shape)
    kernel = cv2.INTER_AREA if longer < max(plane.shape) else cv2.INTER_CUBIC
    resized: NDArray[np.uint8] = cv2.resize(
        np.ascontiguousarray(plane), (width, height), interpolation=kernel
    )
    return resized


def _edges(plane: NDArray[np.uint8], seed: int) -> Plane:
    """What is finer than a blur, evened out.

    Divided by its own strength around, or else one long strong line, of which any other picture
    has one too, would outweigh everything else.
    """
    grey = _grained(plane, seed)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), _EDGES)
    strength = np.sqrt(cv2.GaussianBlur(fine**2, (0, 0), _EVEN))
    even: Plane = fine / (strength + 2)
    return even


def _grained(plane: NDArray[np.generic], seed: int) -> Plane:
    """With noise of one grey level, so that a flat area correlates with nothing.

    Without it a correlation there is 0 / 0, which comes out as anything up to 1.
    """
    noise = np.random.default_rng(seed).standard_normal(plane.shape, np.float32)
    return plane.astype(np.float32) + noise


def _correlate(plane: Plane, template: Plane) -> float:
    """The highest normalised cross-correlation; -1 where there is no place for the template."""
    if plane.shape[0] < template.shape[0] or plane.shape[1] < template.shape[1]:
        return -1.0
    return float(cv2.matchTemplate(plane, template, cv2.TM_CCOEFF_NORMED).max())


def read(folders: Sequence[Path]) -> list[Sample]:
    """All pictures in folders and below.

    Raises:
        InputError: A folder holds none, or a file is no sound picture.
    """
    samples = []
    for folder in folders:
        for path in find_pictures(folder, recursive=True)[0]:
            grey = luminance_uint8(read_8bit(path))
            small = _resized(grey, _KEPT) if max(grey.shape) > _KEPT else grey
            samples.append(Sample(f"{path.parent.name}/{path.name}", small))
    return samples


def main() -> int:
    """Compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("training", type=Path, nargs="+", metavar="TRAIN")
    parser.add_argument("--tests", type=Path, nargs="+", required=True, metavar="FOLDER")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    try:
        training, tests = read(options.training), read(options.tests)
    except SrcnnError as error:
        parser.error(str(error))
    findings = compare(tests, training)
    print(f"{len(tests)} test pictures against {len(training)} training pictures.\n")
    print(f"| test | nearest hash | bits of {HASH_SIDE**2} | best fit | correlation | as |")
    print("|---|---|---|---|---|---|")
    for item in findings:
        print(
            f"| {item.test} | {item.twin} | {item.bits} | {item.relative} "
            f"| {item.correlation:.2f} | {item.relation} |"
        )
    print(
        f"\nSuspicious is a distance of at most {MOST_BITS} bits, or a correlation of at least "
        f"{LEAST_CORRELATION}."
    )
    suspicious = [item for item in findings if item.suspicious]
    for item in suspicious:
        if item.bits <= MOST_BITS:
            print(f"SUSPICIOUS: {item.test} looks like {item.twin}")
        if item.correlation >= LEAST_CORRELATION:
            print(f"SUSPICIOUS: {item.test} and {item.relative} share a part ({item.relation})")
    print(f"{len(suspicious) or 'No'} suspicious test pictures.")
    return 1 if suspicious else 0


if __name__ == "__main__":
    sys.exit(main())
