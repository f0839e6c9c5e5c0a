"""What the papers report, as data: one CSV file per table, cited in its first line.

The same method may stand in several tables with different figures: SRCNN in the ECCV paper is not
SRCNN as the VDSR paper measured it. ``Figure.source`` tells them apart.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import EllipsisType

TABLES = (
    "eccv2014-table-1.csv",
    "eccv2014-table-2.csv",
    "eccv2014-table-3.csv",
    "eccv2014-section-5.4.csv",
    "tpami2016-table-5.csv",
    "cvpr2016-table-3.csv",
)
_SOURCE = "# source: "
_CROPPED_TO = 12  # pixels, of which BasicSR's copies have multiples on each side
_SUFFIX = re.compile(r"(_srf_\d)?(_hr|_gt)?$")


@dataclass(frozen=True)
class Figure:
    """One published number.

    Attributes:
        dataset: ``Set5``, ``Set14``, ``B100`` or ``Urban100``.
        scale: The upscaling factor.
        image: The picture's name in lower case; None is the average over the set.
        method: As the table names it; variants of SRCNN that are not the main one say which.
        metric: ``psnr`` (of Y, in dB) or ``ssim``; ``psnr_cb``, ``psnr_cr`` and ``psnr_color`` in
            the table of colour channels.
        value: As printed.
        seconds: Time per picture on the authors' machine, None where none is printed.
        source: Paper and table.
    """

    dataset: str
    scale: int
    image: str | None
    method: str
    metric: str
    value: float
    seconds: float | None
    source: str


def published_figures(
    *,
    dataset: str | None = None,
    scale: int | None = None,
    metric: str | None = None,
    image: str | EllipsisType | None = ...,
    method: str | None = None,
) -> tuple[Figure, ...]:
    """The papers' figures that match everything given, in the tables' order.

    Args:
        dataset: None for all of them, as for ``scale``, ``metric`` and ``method``.
        scale: The upscaling factor.
        metric: See `Figure`.
        image: A picture's name, or None for averages only; everything when left out.
        method: See `Figure`.
    """
    return tuple(
        figure
        for figure in _figures()
        if dataset in {None, figure.dataset}
        and scale in {None, figure.scale}
        and metric in {None, figure.metric}
        and image in {..., figure.image}
        and method in {None, figure.method}
    )


def recognise_dataset(sizes: Mapping[str, tuple[int, int]], scale: int = 1) -> str | None:
    """``Set5`` or ``Set14`` if these are exactly that set's pictures, else None.

    Names may be in capitals, end in ``_GT`` or ``_HR``, or be numbered as in ``img_001``: the
    sizes must agree all the same. Copies that are cropped already are recognised, too: to
    multiples of the scale (Huang et al., CVPR 2015: SelfExSR) or of 12 (BasicSR).

    Args:
        sizes: File name without ending -> (height, width) of the whole picture.
        scale: At which the pictures are used.
    """
    for dataset, (names, expected) in _test_sets().items():
        found = {
            names.get(_SUFFIX.sub("", stem.lower(), count=1)): size for stem, size in sizes.items()
        }
        if len(sizes) != len(expected):
            continue
        for multiple in (1, scale, _CROPPED_TO):
            cropped = {
                image: (height // multiple * multiple, width // multiple * multiple)
                for image, (height, width) in expected.items()
            }
            if found == cropped:
                return dataset
    return None


@cache
def _figures() -> tuple[Figure, ...]:
    return tuple(figure for name in TABLES for figure in _read_table(name))


def _read_table(name: str) -> Iterator[Figure]:
    """The figures of one file: every column that is no key and not ``seconds`` is a metric."""
    source = _read_text(name).splitlines()[0].removeprefix(_SOURCE)
    for row in _read_rows(name):
        dataset, scale, image, method = (
            row.pop(key) for key in ("dataset", "scale", "image", "method")
        )
        seconds = row.pop("seconds", "")
        for metric, value in row.items():
            if value:
                yield Figure(
                    dataset=dataset,
                    scale=int(scale),
                    image=None if image == "average" else image,
                    method=method,
                    metric=metric,
                    value=float(value),
                    seconds=float(seconds) if seconds else None,
                    source=source,
                )


@cache
def _test_sets() -> dict[str, tuple[dict[str, str], dict[str | None, tuple[int, int]]]]:
    """Set -> (any accepted name -> image, image -> size)."""
    sets: dict[str, tuple[dict[str, str], dict[str | None, tuple[int, int]]]] = {}
    for row in _read_rows("test-sets.csv"):
        names, sizes = sets.setdefault(row["dataset"], ({}, {}))
        image = row["image"]
        names.update(dict.fromkeys([image, *row["aliases"].split()], image))
        sizes[image] = (int(row["height"]), int(row["width"]))
    return sets


def _read_rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of a CSV file; lines that are empty or begin with ``#`` are for readers only."""
    lines = _read_text(name).splitlines()
    return csv.DictReader(line for line in lines if line and not line.startswith("#"))


def _read_text(name: str) -> str:
    return files(__name__).joinpath(name).read_text("utf-8")
