"""The document of a benchmark as JSON, CSV and Markdown; `report` makes it."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, Any

from srcnn_cli.evaluation.report import METRIC_TITLES, format_difference, format_metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def to_json(report: Mapping[str, Any]) -> str:
    """The report, indented; an infinite PSNR, for which JSON has no word, is null."""
    return json.dumps(_finite(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def to_csv(report: Mapping[str, Any]) -> str:
    """One line per picture and method; the averages follow as the picture ``average``."""
    metrics = _metrics(report)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    steps = ("load", "prepare", "network", "post", "total")
    writer.writerow(
        ["dataset", "scale", "protocol", "image", "method", *metrics, *(f"{s}_s" for s in steps)]
    )
    start = [report["dataset"]["folder"], report["scale"], report["protocol"]["name"]]
    for row in [*report["records"], *({"image": "average", **a} for a in report["averages"])]:
        values = [row[name] for name in metrics]
        times = [row["seconds"][step] if row["seconds"] else "" for step in steps]
        writer.writerow([*start, row["image"], row["method"], *values, *times])
    return file.getvalue()


def to_markdown(report: Mapping[str, Any]) -> str:
    """A table of pictures by methods, a table of averages, and the protocol."""
    metrics = _metrics(report)
    methods = list(dict.fromkeys(record["method"] for record in report["records"]))
    lines = [
        (
            f"**{report['dataset']['recognised'] or report['dataset']['folder']} "
            f"×{report['scale']}**, protocol {report['protocol']['description']}."
        ),
        "",
        f"| image | {' | '.join(map(_plain, methods))} |",
        "|---" * (len(methods) + 1) + "|",
    ]
    for image in dict.fromkeys(record["image"] for record in report["records"]):
        own = {r["method"]: r for r in report["records"] if r["image"] == image}
        lines.append(f"| {_plain(image)} | {' | '.join(_cell(own[m], metrics) for m in methods)} |")
    own = {a["method"]: a for a in report["averages"]}
    lines.append(f"| **average** | {' | '.join(_cell(own[m], metrics) for m in methods)} |")
    lines += ["", f"Cells: {' / '.join(METRIC_TITLES[m] for m in metrics)}.", ""]
    lines += ["| method | network | per picture | MP/s |", "|---|---|---|---|"]
    for item in report["averages"]:
        if item["seconds"] is None:  # another program made it
            continue
        network, total = (item["seconds"][step] * 1000 for step in ("network", "total"))
        speed = item["megapixels_per_second"]
        name = _plain(item["method"])
        lines.append(f"| {name} | {network:.1f} ms | {total:.1f} ms | {speed:.1f} |")
    if report["published"]:
        names = [_plain(item["method"]) for item in report["averages"]]
        lines += ["", f"| published | metric | value | {' | '.join(names)} | time | source |"]
        lines += ["|---" * (len(names) + 5) + "|"]
        for figure in report["published"]:
            metric = figure["metric"]
            seconds = "" if figure["seconds"] is None else f"{figure['seconds']} s"
            above = [
                format_difference(metric, item[metric] - figure["value"])
                for item in report["averages"]
            ]
            row = (figure["method"], METRIC_TITLES[metric], figure["value"], *above)
            lines.append(f"| {' | '.join(map(str, (*row, seconds, figure['source'])))} |")
        lines += ["", "Below a method's name: how far it is above the published figure."]
    if report["results"]:
        protocols = list(report["results"][0]["protocols"])
        lines += ["", f"| results under | {' | '.join(protocols)} |"]
        lines += ["|---" * (len(protocols) + 1) + "|"]
        for item in report["results"]:
            cells = ["–" if v is None else _cell(v, metrics) for v in item["protocols"].values()]
            lines.append(f"| {_plain(item['method'])} | {' | '.join(cells)} |")
    lines += [f"\n**Warning:** {warning}" for warning in report["warnings"]]
    return "\n".join(lines) + "\n"


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(text: str) -> str:
    """For a cell of a Markdown table."""
    return text.replace("|", "\\|")


def _cell(row: Mapping[str, Any], metrics: Sequence[str]) -> str:
    return " / ".join(format_metric(name, row[name]) for name in metrics)


def _metrics(report: Mapping[str, Any]) -> list[str]:
    return [name for name in METRIC_TITLES if report["records"] and name in report["records"][0]]
