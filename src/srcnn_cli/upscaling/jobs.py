"""From what the user named to a list of files in and files out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from srcnn_cli.errors import OutputError, UsageError
from srcnn_cli.pictures.folders import find_pictures
from srcnn_cli.pictures.formats import WRITABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_NAME = "{stem}_x{scale}{ext}"


@dataclass(frozen=True)
class Job:
    """One picture to read and the file to make of it."""

    source: Path
    target: Path


def plan_jobs(
    inputs: Iterable[Path], output: Path | None, scale: float, *, recursive: bool = False
) -> tuple[list[Job], int]:
    """Which file becomes which.

    Args:
        inputs: Files and folders. A folder stands for the pictures in it; with ``recursive`` the
            output mirrors its tree.
        output: A file (one input file only), a folder, or a template with ``{stem}``, ``{scale}``
            and ``{ext}``; None puts every result beside its source.
        scale: For the names of the results.
        recursive: Look into subfolders.

    Returns:
        The jobs, and how many files in the folders were passed over as no pictures. Pictures that
        are themselves the result of another job (of an earlier run, say) are passed over too.

    Raises:
        InputError: A folder is missing or holds no pictures.
        UsageError: Two inputs would become one file, or the template is wrong.
        OutputError: Several inputs for one output file.
    """
    sources: dict[Path, Path] = {}  # the picture -> its folder below the output
    passed_over = 0
    named = set()
    for item in inputs:
        if item.is_dir():
            pictures, others = find_pictures(item, recursive=recursive)
            passed_over += others
            for picture in pictures:
                sources.setdefault(picture, picture.parent.relative_to(item))
        else:
            sources.setdefault(item, Path())
            named.add(item)
    place = _Place(output, scale, single=len(sources) == 1 and bool(named))
    jobs = [Job(source, place.target(source, below)) for source, below in sources.items()]
    results = {job.target.absolute(): job.source for job in jobs}
    kept = [
        job
        for job in jobs
        if job.source in named or results.get(job.source.absolute(), job.source) == job.source
    ]
    taken: dict[Path, Path] = {}
    for job in kept:
        other = taken.setdefault(job.target.absolute(), job.source)
        if other != job.source:
            raise UsageError(f"{other} and {job.source} would both become {job.target}")
    return kept, passed_over + len(jobs) - len(kept)


class _Place:
    """Where results go, decided once for all inputs."""

    def __init__(self, output: Path | None, scale: float, *, single: bool) -> None:
        self._scale = f"{scale:g}"
        self._folder: Path | None = None
        self._file: Path | None = None
        self._template = DEFAULT_NAME
        if output is None:
            return
        if "{" in output.name:
            self._template, self._folder = output.name, output.parent
        elif single and output.suffix and not output.is_dir():
            self._file = output
        elif output.suffix.lower() in WRITABLE and not output.is_dir():
            raise OutputError("is one file, but there are several pictures: name a folder", output)
        else:
            self._folder = output

    def target(self, source: Path, below: Path) -> Path:
        if self._file is not None:
            return self._file
        extension = source.suffix if source.suffix.lower() in WRITABLE else ".png"
        values = {"stem": source.stem, "scale": self._scale, "ext": extension}
        try:
            name = self._template.format(**values)
        except (KeyError, ValueError, IndexError, AttributeError):
            raise UsageError(
                f"--output {self._template!r} may hold {{stem}}, {{scale}} and {{ext}} only"
            ) from None
        folder = source.parent if self._folder is None else self._folder / below
        return folder / name
