"""The results of a benchmark as one document; `report_forms` has it as JSON, CSV and Markdown.

`build_report` gives plain JSON-ready values; its layout is documented in docs/bench.md and only
grows. Everything in it but the seconds and what follows from them is the same from run to run.
"""

from __future__ import annotations

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

    from srcnn_cli.evaluation.judging import Judged
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
        return recognise_dataset(self.sizes, self.scale)


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
    setting: Setting,
    records: Sequence[Record],
    *,
    results: Sequence[Judged] = (),
    complete: bool = True,
) -> dict[str, Any]:
    """Everything about a benchmark as JSON-ready values.

    Args:
        setting: What was measured.
        records: The results, picture by picture.
        results: What other programs made, under every protocol.
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
                "images_per_second": _rounded(item.images_per_second),
                "megapixels_per_second": _rounded(item.megapixels_per_second),
            }
            for item in averages
        ],
        "results": [_judged(item) for item in results],
        "published": [asdict(figure) for figure in published(setting)],
        "warnings": [warning] if warning else [],
    }


def format_metric(name: str, value: float) -> str:
    """A value with the digits that papers print."""
    return f"{value:.{METRIC_DIGITS[name]}f}"


def format_difference(name: str, value: float) -> str:
    """How far a value is above another, with the same digits and a sign."""
    digits = METRIC_DIGITS[name]
    return f"{round(value, digits) + 0.0:+.{digits}f}"  # adding 0 makes +0.00 of -0.00


def _judged(item: Judged) -> dict[str, Any]:
    return {
        "method": item.name,
        "protocols": {
            protocol: metrics and {name: round(value, 4) for name, value in metrics.items()}
            for protocol, metrics in item.protocols.items()
        },
    }


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 3)


def _seconds(item: Record | Average) -> dict[str, float] | None:
    if item.steps is None:
        return None
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
