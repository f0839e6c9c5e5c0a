"""From what the user named to a list of files in and files out."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from srcnn_cli.errors import OutputError, UsageError
from srcnn_cli.pictures.formats import ANIMATED, WRITABLE
from srcnn_cli.remote import expand_remote, is_remote
from srcnn_cli.streams import STANDARD, is_stream, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from srcnn_cli.pictures.formats import Target

DEFAULT_NAME = "{stem}_{size}{ext}"
DISTINCT_NAME = "{stem}{ext_in}_{size}{ext}"
_DEFAULT_ENDING = re.compile(r"_(?:x\d+(?:\.\d+)?|w\d+|h\d+|w\d+h\d+)")


class Job(NamedTuple):
    """One picture to read and the file to make of it; `STANDARD` is a stream of the process.

    Attributes:
        source: What to read.
        target: What to write.
        extension: Of the format to write; None: as the target's name says, or, where it says
            nothing, the format of the source.
    """

    source: Path
    target: Path
    extension: str | None = None

    @property
    def source_name(self) -> str:
        """What people call it."""
        return named(self.source, "standard input")

    @property
    def target_name(self) -> str:
        """What people call it."""
        return named(self.target)


class PassedOver(NamedTuple):
    """A file that is not enlarged, and why: a clause after its name."""

    path: Path
    reason: str


def plan_jobs(
    inputs: Iterable[Path],
    output: Path | None,
    scale: float,
    *,
    recursive: bool = False,
    size: str | None = None,
    extension: str | None = None,
    all_frames: bool = False,
) -> tuple[list[Job], list[PassedOver]]:
    """Which file becomes which.

    Args:
        inputs: Files, folders, patterns such as ``*.png``, and `STANDARD`. A folder stands for the
            pictures in it; with ``recursive`` the output mirrors its tree.
        output: A file (one input file only), a stream (likewise), a folder, or a template with
            ``{stem}``, ``{scale}``, ``{size}``, ``{ext}`` and ``{ext_in}`` (that of the input);
            None puts every result beside its source.
        scale: For the names of the results.
        recursive: Look into subfolders.
        size: Likewise, if it is not the factor that is given: ``w1920``, say.
        extension: Of the format of all results, such as ``.png``.
        all_frames: Animations become animations, which more formats hold.

    Returns:
        The jobs, and the files that were passed over: those in the folders that are no pictures,
        and pictures that are themselves the result of another one (of an earlier run, say).

    Raises:
        InputError: A folder is missing or holds no pictures.
        UsageError: Two inputs would become one file, or the template is wrong.
        OutputError: Several inputs for one output file.
    """
    passed_over: list[PassedOver] = []
    sources, all_named = _sources(inputs, recursive, passed_over, beside=output is None)
    names = _Names(
        scale, size or f"x{scale:g}", extension, WRITABLE | ANIMATED if all_frames else WRITABLE
    )
    single = len(sources) == 1 and all_named
    if STANDARD in sources and output is None:
        if not single:
            raise UsageError("the result of standard input has no place among others: give -o")
        output = STANDARD
    place = _Place(output, names, single=single)
    jobs = [
        Job(source, place.target(source, below), extension) for source, below in sources.items()
    ]
    if place.by_default:
        jobs = _told_apart(jobs, names)
    return _without_clashes(jobs, passed_over), passed_over


def _sources(
    inputs: Iterable[Path],
    recursive: bool,  # noqa: FBT001 - as the caller has it
    passed_over: list[PassedOver],
    *,
    beside: bool,
) -> tuple[dict[Path, Path], bool]:
    """The pictures, each with its folder below the output; and whether all were named."""
    sources: dict[Path, Path] = {}
    all_named = True
    for item in _expanded(inputs):
        if item == STANDARD or not item.is_dir():
            sources.setdefault(item, Path())
            continue
        all_named = False
        from srcnn_cli.pictures.folders import find_pictures

        pictures, others = find_pictures(item, recursive=recursive)
        passed_over += [PassedOver(other, "is not a picture") for other in others]
        for picture in _without_results(pictures, passed_over) if beside else pictures:
            sources.setdefault(picture, picture.parent.relative_to(item))
    return sources, all_named


def _without_clashes(jobs: list[Job], passed_over: list[PassedOver]) -> list[Job]:
    """Leave out what is the result of another job, and refuse two results of one name."""
    results = {job.target.absolute(): job.source for job in jobs}
    kept: list[Job] = []
    for job in jobs:
        if results.get(job.source.absolute(), job.source) == job.source:
            kept.append(job)
        else:
            passed_over.append(PassedOver(job.source, "is the result of another file"))
    taken: dict[Path, Path] = {}
    for job in kept:
        other = taken.setdefault(job.target.absolute(), job.source)
        if other != job.source:
            raise UsageError(
                f"{other} and {job.source} would both become {job.target} (a template with "
                "{ext_in} may tell them apart)"
            )
    return kept


def _expanded(inputs: Iterable[Path]) -> Iterator[Path]:
    """What patterns stand for, which not every shell expands; the rest as it is."""
    for item in inputs:
        found: list[Path] = []
        if re.search(r"[*?\[]", str(item)) and not os.path.lexists(item):
            if is_remote(item):
                found = expand_remote(item)
            else:
                import glob

                names = sorted(glob.glob(str(item), recursive=True))  # noqa: PTH207 - not below a folder
                found = [Path(name) for name in names]
        yield from found or [item]


def _without_results(pictures: list[Path], passed_over: list[PassedOver]) -> list[Path]:
    """Leave out what earlier runs made of the others, by whatever factor, under our own names."""
    plain = {picture.with_suffix("") for picture in pictures}
    kept = []
    for picture in pictures:
        ending = picture.stem[picture.stem.rfind("_") :] if "_" in picture.stem else ""
        original = picture.with_name(picture.stem.removesuffix(ending) or "_")
        if _DEFAULT_ENDING.fullmatch(ending) and original in plain:
            passed_over.append(PassedOver(picture, "is the result of another file"))
        else:
            kept.append(picture)
    return kept


class _Names(NamedTuple):
    """What stands for the fields of a template, beside those of the source."""

    scale: float
    size: str
    extension: str | None
    formats: Mapping[str, Target]

    def values(self, source: Path) -> dict[str, str]:
        """The fields for a source."""
        extension = source.suffix if source.suffix.lower() in self.formats else ".png"
        if self.extension and self.formats[self.extension] is not self.formats[extension.lower()]:
            extension = self.extension
        return {
            "stem": "stdin" if source == STANDARD else source.stem,
            "scale": f"{self.scale:g}" if self.size.startswith("x") else self.size,
            "size": self.size,
            "ext": extension,
            "ext_in": source.suffix,
        }


def _told_apart(jobs: list[Job], names: _Names) -> list[Job]:
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
                name = DISTINCT_NAME.format(**names.values(job.source))
                renamed[job.source] = job._replace(target=target.with_name(name))
    return [renamed.get(job.source, job) for job in jobs]


class _Place:
    """Where results go, decided once for all inputs."""

    def __init__(self, output: Path | None, names: _Names, *, single: bool) -> None:
        self._names = names
        self._folder: Path | None = None
        self._file: Path | None = None
        self._template = DEFAULT_NAME
        if output is None:
            return
        if is_stream(output):
            if not single:
                raise UsageError(f"{named(output)} takes one picture, and there are several")
            self._file = output
        elif "{" in output.name or ("{" in str(output.parent) and not output.parent.is_dir()):
            self._template, self._folder = output.name, output.parent
        elif single and output.suffix and not output.is_dir():
            self._file = output
            self._check_format(output)
        elif output.suffix.lower() in names.formats and not output.is_dir():
            raise OutputError("is one file, but there are several pictures: name a folder", output)
        else:
            self._folder = output

    def _check_format(self, output: Path) -> None:
        extension = self._names.extension
        own = WRITABLE.get(output.suffix.lower())
        if extension is not None and own is not None and own is not WRITABLE[extension]:
            raise UsageError(
                f"--format says {WRITABLE[extension].name}, and the name of {output} another format"
            )

    @property
    def by_default(self) -> bool:
        """Whether the names are ours."""
        return self._file is None and self._template == DEFAULT_NAME

    def target(self, source: Path, below: Path) -> Path:
        if self._file is not None:
            return self._file
        values = self._names.values(source)
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
                f"--output {template!r} may hold {{stem}}, {{scale}}, {{size}}, {{ext}} and "
                "{ext_in} only"
            ) from None
