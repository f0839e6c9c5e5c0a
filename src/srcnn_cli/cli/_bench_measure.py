"""The work of `srcnn bench`: methods and other programs' results measured, then reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from srcnn_cli.cli import _bench_report, _progress, _terminal
from srcnn_cli.cli._given_results import find_all_results, warn_left_out
from srcnn_cli.cli._pace import Pace
from srcnn_cli.errors import UsageError
from srcnn_cli.evaluation.benchmark import measure
from srcnn_cli.evaluation.judging import judge
from srcnn_cli.evaluation.report import Setting, build_report
from srcnn_cli.evaluation.sources import data_sha256, find_sources, header_sizes
from srcnn_cli.threads import crew

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from srcnn_cli.cli._methods import Choice
    from srcnn_cli.evaluation.benchmark import Record
    from srcnn_cli.evaluation.judging import Judged
    from srcnn_cli.evaluation.protocol import Protocol
    from srcnn_cli.evaluation.results import Results
    from srcnn_cli.methods.base import Method


@dataclass(frozen=True)
class Plan:
    """What to measure, and where to.

    Attributes:
        folder: The test set.
        low: Folder of its low-resolution pictures, if they are given and elsewhere.
        results: ``NAME=FOLDER`` of what other programs made.
        scale: Integer factor.
        protocol: The convention.
        metrics: Names of the metrics.
        choice: The methods.
        repeat: How often times are measured.
        format: What is printed on stdout.
        output: File for the report.
        plot: File for PSNR against time.
        overwrite: Replace files.
    """

    folder: Path
    low: Path | None
    results: Sequence[str]
    scale: int
    protocol: Protocol
    metrics: Sequence[str]
    choice: Choice
    repeat: int
    format: str
    output: Path | None
    plot: Path | None
    overwrite: bool


def run(plan: Plan) -> None:
    """Measure, and report line by line, then as a whole."""
    with _progress.ProgressBar("measuring", None, in_units=False, later=True) as bar:
        setting, records, others = _measured(plan, bar)
    report = build_report(setting, records, results=others)
    if plan.format == "table":
        _bench_report.show_averages(setting, records)
        _bench_report.show_other_protocols(others)
        _bench_report.show_circumstances(setting)
    else:
        _terminal.say(_bench_report.render(plan.format, report).removesuffix("\n"))
    for warning in report["warnings"]:
        _terminal.warn(plan.folder, warning)
    if plan.plot is not None:
        _bench_report.write_plot(plan.plot, setting, report, overwrite=plan.overwrite)


def _measured(plan: Plan, bar: _progress.ProgressBar) -> tuple[Setting, list[Record], list[Judged]]:
    sources, passed_over, left_out = find_sources(plan.folder, plan.low)
    _terminal.warn_passed_over(plan.folder, passed_over)
    results = find_all_results(plan.results, sources)
    warn_left_out(plan.folder, left_out, results, "--results")
    protocol = plan.protocol.with_given_low() if sources[0].low else plan.protocol
    methods = plan.choice.make(plan.scale)
    _check_names(methods, results)
    setting = Setting(
        folder=plan.folder.resolve(),
        sizes=header_sizes(sources),
        data_sha256=data_sha256(sources),
        scale=plan.scale,
        protocol=protocol,
        metrics=plan.metrics,
        repeat=plan.repeat,
        device=plan.choice.device,
        threads=crew().size,
        methods=[*plan.choice.described, *(given.describe() for given in results)],
    )
    live = _bench_report.LiveTable(setting) if plan.format == "table" else None
    pixels = sum(height * width for height, width in setting.sizes.values()) * plan.repeat
    records: list[Record] = []
    others: list[Judged] = []
    complete = False
    try:
        for image in measure(
            sources, methods, scale=plan.scale, protocol=protocol, metrics=plan.metrics,
            repeat=plan.repeat, results=results, watch=Pace(bar, pixels, len(methods)),
        ):  # fmt: skip
            records += image
            if live:
                live.show(image)
        others = judge(sources, results, scale=plan.scale, protocol=protocol, metrics=plan.metrics)
        complete = True
    finally:
        # What was measured before a failure is kept.
        if records and plan.output is not None:
            report = build_report(setting, records, results=others, complete=complete)
            _bench_report.write_report(plan.output, report, overwrite=plan.overwrite)
    return setting, records, others


def _check_names(methods: Sequence[Method], results: Sequence[Results]) -> None:
    """Figures are averaged by name.

    Raises:
        UsageError: Two have the same.
    """
    names = [*(method.name for method in methods), *(given.name for given in results)]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two have the name {name}: give another (NAME=PATH)")
