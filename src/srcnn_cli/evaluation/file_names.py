"""What the name of a file says about the picture in it: an original, a small one, a result."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["original", "low", "scaled", "plain"]

_ORIGINAL_MARKS = ("_hr", "_gt", "-hr")
_LOW_MARKS = ("_lrbi", "_lr", "-lr", "lr")
# Of programs that name their results: Real-ESRGAN, BasicSR and the like.
_RESULT_MARKS = ("_sr", "-sr", "_out", "_result", "_rlt", "_output", "_fake")
_SCALE = re.compile(r"(?<=.)x(1[0-6]|[2-9])$")
# What stands between the name of a picture and what a program appends to it.
_SEPARATORS = ("_", "-", ".", " ", "(")


def bare(stem: str) -> str:
    """A file's name without what marks an original, a low-resolution picture or a scale."""
    return _read(stem, _ORIGINAL_MARKS + _LOW_MARKS)[0]


def bare_result(stem: str) -> str:
    """A file's name without what marks a result or a scale."""
    return _read(stem, _RESULT_MARKS)[0]


def kind_of(stem: str) -> Kind:
    """What a picture is by its name; ``scaled`` has nothing but a scale appended, such as x3."""
    _, marks = _read(stem, _ORIGINAL_MARKS + _LOW_MARKS)
    if marks.intersection(_LOW_MARKS):
        return "low"
    if marks.intersection(_ORIGINAL_MARKS):
        return "original"
    return "scaled" if "x" in marks else "plain"


def begins_with(stem: str, name: str) -> bool:
    """Whether a file's name is another one, in lower case, with something appended."""
    stem = stem.lower()
    return stem.startswith(name) and stem[len(name) :].startswith(_SEPARATORS)


def _read(stem: str, marks: tuple[str, ...]) -> tuple[str, set[str]]:
    """The name in lower case without its marks, and those; a scale is the mark ``x``."""
    stem = stem.lower()
    found: set[str] = set()
    previous = ""
    while previous != stem:
        previous = stem
        for mark in (*marks, "_"):
            if stem.endswith(mark) and stem != mark:
                stem = stem.removesuffix(mark)
                found.add(mark)
        shorter = _SCALE.sub("", stem)
        if shorter != stem:
            stem = shorter
            found.add("x")
    return stem, found
