"""The work of `srcnn compare`: one picture, or a folder with a page for each picture."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from srcnn_cli.cli import _progress, _terminal
from srcnn_cli.cli._compare_outputs import (
    check_folder,
    page_names,
    write_comparison,
    write_index,
)
from srcnn_cli.errors import ModelError, SrcnnError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from srcnn_cli.cli._compare_report import Reporter
    from srcnn_cli.cli._methods import Choice
    from srcnn_cli.cli._pace import Pace
    from srcnn_cli.comparison.compare import Comparison, Request
    from srcnn_cli.evaluation.results import Results
    from srcnn_cli.evaluation.sources import PictureSet, Source
    from srcnn_cli.methods.base import Method


def make_bar(reporter: Reporter) -> _progress.ProgressBar:
    return _progress.ProgressBar(
        "comparing", None, visible=reporter.lively, in_units=False, later=True
    )


def make_pace(
    bar: _progress.ProgressBar,
    sources: Sequence[Source],
    methods: Sequence[Method],
    request: Request,
    reporter: Reporter,
) -> Pace:
    from srcnn_cli.cli._pace import Pace
    from srcnn_cli.evaluation.sources import header_sizes

    pixels = sum(height * width for height, width in header_sizes(sources).values())
    if not request.reference:
        pixels *= request.scale**2
    return Pace(bar, pixels, len(methods), say=_terminal.note if reporter.lively else None)


def compare_one(
    source: Source,
    methods: Sequence[Method],
    request: Request,
    given: Sequence[Results],
    pace: Pace,
) -> Comparison:
    from srcnn_cli.comparison import compare as core

    return core.compare(source, methods, request, given=given, watch=pace)


def compare_folder(
    folder: Path,
    outputs: Sequence[Path],
    reference: Path | None,
    result: Sequence[str],
    request: Request,
    choice: Choice,
    reporter: Reporter,
    *,
    overwrite: bool,
) -> None:
    from srcnn_cli.comparison.page_index import Entry, thumbnail
    from srcnn_cli.evaluation.sources import find_sources

    found = find_sources(folder) if reference is None else find_sources(reference, folder)
    sources = found.sources
    given = _given(folder, found, result, reporter)
    if sources[0].low and not request.protocol.given_lr:
        request = replace(request, protocol=request.protocol.with_given_low())
    target = outputs[0] if outputs else None
    pages = page_names(sources)
    if target is not None:
        check_folder(target, [*pages, "index.html"], overwrite=overwrite)
    methods = choice.make(request.scale)
    entries: list[Entry] = []
    conditions = request.describe()
    reporter.heading(f"{folder.resolve().name} ×{request.scale}", conditions)
    with make_bar(reporter) as bar:
        pace = make_pace(bar, sources, methods, request, reporter)
        for source, page in zip(sources, pages, strict=True):
            try:
                made = compare_one(source, methods, request, given, pace)
                written = [] if target is None else [target / page]
                for path in written:
                    write_comparison(path, made, zoom=0, overwrite=overwrite, index="index.html")
            except (ModelError, UsageError):
                raise  # no other picture would fare better
            except SrcnnError as error:
                reporter.failed(source.low or source.path, error)
                continue
            small = thumbnail(made.panels[0].whole) if written else b""
            entries.append(Entry(page, made.records(), small))
            reporter.picture(source.low or source.path, made, written)
    if entries:
        if target is not None:
            write_index(target, folder, request, conditions, entries, overwrite=overwrite)
        reporter.averages([entry.records for entry in entries])
    if reporter.failures:
        raise typer.Exit(1)


def _given(
    folder: Path, found: PictureSet, result: Sequence[str], reporter: Reporter
) -> list[Results]:
    """What other programs made; says what is left out."""
    from srcnn_cli.cli._given_results import find_all_results, warn_left_out

    given = find_all_results(result, found.sources)
    reporter.passed_over(folder, found.others)
    if reporter.lively:
        warn_left_out(folder, found.left_out, given, "--result")
    return given
