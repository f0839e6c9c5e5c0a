"""From what the user named to a list of files in and files out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from srcnn_cli.errors import OutputError, UsageError
from srcnn_cli.pictures.formats import WRITABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_NAME = "{stem}_x{scale}{ext}"
DISTINCT_NAME = "{stem}{ext_in}_x{scale}{ext}"


class Job(NamedTuple):
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
        output: A file (one input file only), a folder, or a template with ``{stem}``, ``{scale}``,
            ``{ext}`` and ``{ext_in}`` (that of the input); None puts every result beside its
            source.
        scale: For the names of the results.
        recursive: Look into subfolders.

    Returns:
        The jobs, and how many files were passed over: those in the folders that are no pictures,
        and pictures that are themselves the result of another job (of an earlier run, say).

    Raises:
        InputError: A folder is missing or holds no pictures.
        UsageError: Two inputs would become one file, or the template is wrong.
        OutputError: Several inputs for one output file.
    """
    sources: dict[Path, Path] = {}  # the picture -> its folder below the output
    passed_over = 0
    all_named = True
    for item in inputs:
        if item.is_dir():
            from srcnn_cli.pictures.folders import find_pictures

            pictures, others = find_pictures(item, recursive=recursive)
            passed_over += others
            all_named = False
            for picture in pictures:
                sources.setdefault(picture, picture.parent.relative_to(item))
        else:
            sources.setdefault(item, Path())
    place = _Place(output, scale, single=len(sources) == 1 and all_named)
    jobs = [Job(source, place.target(source, below)) for source, below in sources.items()]
    if place.by_default:
        jobs = _told_apart(jobs, scale)
    results = {job.target.absolute(): job.source for job in jobs}
    kept = [job for job in jobs if results.get(job.source.absolute(), job.source) == job.source]
    taken: dict[Path, Path] = {}
    for job in kept:
        other = taken.setdefault(job.target.absolute(), job.source)
        if other != job.source:
            raise UsageError(
                f"{other} and {job.source} would both become {job.target} (a template with "
                "{ext_in} may tell them apart)"
            )
    return kept, passed_over + len(jobs) - len(kept)


def _told_apart(jobs: list[Job], scale: float) -> list[Job]:
    """Give names of their own to the results of pictures that differ by their extension only.

    ``a.png`` becomes ``a_x2.png``, and ``a.gif``, which is written as a PNG, ``a.gif_x2.png`` then.
    """
    alike: dict[Path, list[Job]] = {}
    for job in jobs:
        alike.setdefault(job.target, []).append(job)
    renamed: dict[Path, Job] = {}
    for target, group in alike.items():
        if len({job.source.name for job in group}) < len(group) or len(group) == 1:
            continue
        stays = next((job for job in group if job.source.suffix == target.suffix), group[0])
        for job in group:
            if job is not stays:
                values = _values(job.source, scale)
                renamed[job.source] = Job(
                    job.source, target.with_name(DISTINCT_NAME.format(**values))
                )
    return [renamed.get(job.source, job) for job in jobs]


def _values(source: Path, scale: float) -> dict[str, str]:
    """What stands for the fields of a template."""
    extension = source.suffix if source.suffix.lower() in WRITABLE else ".png"
    return {
        "stem": source.stem,
        "scale": f"{scale:g}",
        "ext": extension,
        "ext_in": source.suffix,
    }


class _Place:
    """Where results go, decided once for all inputs."""

    def __init__(self, output: Path | None, scale: float, *, single: bool) -> None:
        self._scale = scale
        self._folder: Path | None = None
        self._file: Path | None = None
        self._template = DEFAULT_NAME
        if output is None:
            return
        if "{" in output.name or ("{" in str(output.parent) and not output.parent.is_dir()):
            self._template, self._folder = output.name, output.parent
        elif single and output.suffix and not output.is_dir():
            self._file = output
        elif output.suffix.lower() in WRITABLE and not output.is_dir():
            raise OutputError("is one file, but there are several pictures: name a folder", output)
        else:
            self._folder = output

    @property
    def by_default(self) -> bool:
        """Whether the names are ours."""
        return self._file is None and self._template == DEFAULT_NAME

    def target(self, source: Path, below: Path) -> Path:
        if self._file is not None:
            return self._file
        values = _values(source, self._scale)
        name = self._filled(self._template, values)
        if self._folder is None:
            return source.parent / name
        folder = self._folder
        if "{" in str(folder) and not folder.is_dir():
            folder = Path(self._filled(str(folder), values))
        return folder / below / name

    @staticmethod
    def _filled(template: str, values: dict[str, str]) -> str:
        try:
            return template.format(**values)
        except (KeyError, ValueError, IndexError, AttributeError):
            raise UsageError(
                f"--output {template!r} may hold {{stem}}, {{scale}}, {{ext}} and {{ext_in}} only"
            ) from None
