"""The results of a benchmark as one document, and that document as JSON, CSV and Markdown.

`build_report` gives plain JSON-ready values; its layout is documented in docs/bench.md and only
grows. Everything in it but the seconds and what follows from them is the same from run to run.
"""

from __future__ import annotations

import csv
import io
import json
import math
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from srcnn_cli import __version__
from srcnn_cli.evaluation.benchmark import Average, Record, average
from srcnn_cli.evaluation.published import Figure, published_figures, recognise_dataset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from srcnn_cli.evaluation.protocol import Protocol

FORMAT = 1
# A bicubic baseline further than this from the published one means another protocol or other data.
CANARY_DB = 0.05
_LIBRARIES = ("torch", "onnxruntime", "numpy", "pillow", "scikit-image")
METRIC_TITLES = {"psnr": "PSNR", "ssim": "SSIM", "ms_ssim": "MS-SSIM", "ifc": "IFC"}
METRIC_DIGITS = {"psnr": 2, "ssim": 4, "ms_ssim": 4, "ifc": 3}


@dataclass(frozen=True)
class Setting:
    """What was measured, and on what.

    Attributes:
        folder: The test set.
        sizes: (height, width) of each full picture by name.
        data_sha256: Checksum over the pictures.
        scale: Integer factor.
        protocol: The convention.
        metrics: Names of the metrics.
        repeat: Timed runs of which the median counts.
        device: Where networks ran.
        threads: CPU threads they ran on.
        methods: For each method its name and, for networks, weights and border policy.
    """

    folder: Path
    sizes: Mapping[str, tuple[int, int]]
    data_sha256: str
    scale: int
    protocol: Protocol
    metrics: Sequence[str]
    repeat: int
    device: str
    threads: int
    methods: Sequence[Mapping[str, Any]]

    @property
    def dataset(self) -> str | None:
        """The papers' name of the set, if names and sizes are those of one."""
        return recognise_dataset(self.sizes)


def published(setting: Setting) -> list[Figure]:
    """Published averages that belong beside the measured ones: same set, scale and metrics.

    Only under the protocols of luminance, and of clean reduction: others mean something else.
    """
    if setting.dataset is None or setting.protocol.color == "rgb" or setting.protocol.degrade:
        return []
    return [
        figure
        for metric in setting.metrics
        for figure in published_figures(
            dataset=setting.dataset, scale=setting.scale, metric=metric, image=None
        )
    ]


def canary(setting: Setting, averages: Sequence[Average]) -> str | None:
    """A warning if measured bicubic is not the published one, else None."""
    measured = next((a for a in averages if a.method == "bicubic"), None)
    if measured is None or "psnr" not in measured.metrics:
        return None
    value = measured.metrics["psnr"]
    for figure in published(setting):
        if figure.method == "Bicubic" and figure.metric == "psnr":
            if abs(value - figure.value) <= CANARY_DB:
                return None
            return (
                f"bicubic measures {value:.2f} dB, but {figure.source} has {figure.value:.2f}: the "
                "data or the protocol is not the paper's (srcnn bench --explain IMAGE shows what "
                "each step moves)"
            )
    return None


def build_report(
    setting: Setting, records: Sequence[Record], *, complete: bool = True
) -> dict[str, Any]:
    """Everything about a benchmark as JSON-ready values.

    Args:
        setting: What was measured.
        records: The results, picture by picture.
        complete: False if the run ended early.
    """
    averages = average(records)
    warning = canary(setting, averages) if complete else None
    return {
        "format": FORMAT,
        "complete": complete,
        "dataset": {
            "folder": setting.folder.name,
            "recognised": setting.dataset,
            "pictures": len(setting.sizes),
            "sha256": setting.data_sha256,
        },
        "scale": setting.scale,
        "protocol": {
            **asdict(setting.protocol),
            "degrade": str(setting.protocol.degrade or "") or None,
            "description": setting.protocol.describe(),
        },
        "methods": [dict(method) for method in setting.methods],
        "device": setting.device,
        "threads": setting.threads,
        "repeat": setting.repeat,
        "versions": {
            "srcnn-cli": __version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in _LIBRARIES},
        },
        "records": [
            {
                "image": record.image,
                "width": record.width,
                "height": record.height,
                "method": record.method,
                **{name: round(value, 4) for name, value in record.metrics.items()},
                "seconds": _seconds(record),
            }
            for record in records
        ],
        "averages": [
            {
                "method": item.method,
                **{name: round(value, 4) for name, value in item.metrics.items()},
                "seconds": _seconds(item),
                "images_per_second": round(item.images_per_second, 3),
                "megapixels_per_second": round(item.megapixels_per_second, 3),
            }
            for item in averages
        ],
        "published": [asdict(figure) for figure in published(setting)],
        "warnings": [warning] if warning else [],
    }


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
        times = [row["seconds"][step] for step in steps]
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
        network, total = (item["seconds"][step] * 1000 for step in ("network", "total"))
        speed = item["megapixels_per_second"]
        name = _plain(item["method"])
        lines.append(f"| {name} | {network:.1f} ms | {total:.1f} ms | {speed:.1f} |")
    if report["published"]:
        lines += ["", "| published | metric | value | time | source |", "|---|---|---|---|---|"]
        for figure in report["published"]:
            metric = METRIC_TITLES[figure["metric"]]
            seconds = "" if figure["seconds"] is None else f"{figure['seconds']} s"
            row = (figure["method"], metric, figure["value"], seconds, figure["source"])
            lines.append(f"| {' | '.join(map(str, row))} |")
    lines += [f"\n**Warning:** {warning}" for warning in report["warnings"]]
    return "\n".join(lines) + "\n"


def format_metric(name: str, value: float) -> str:
    """A value with the digits that papers print."""
    return f"{value:.{METRIC_DIGITS[name]}f}"


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


def _seconds(item: Record | Average) -> dict[str, float]:
    return {
        "load": round(item.load, 5),
        "prepare": round(item.steps.prepare, 5),
        "network": round(item.steps.network, 5),
        "post": round(item.steps.merge, 5),
        "total": round(item.steps.total, 5),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
