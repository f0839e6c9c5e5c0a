"""Figures in words."""

from __future__ import annotations

import math

from srcnn_cli.evaluation.report import format_metric


def format_figure(name: str, value: float) -> str:
    """A metric as people read it: the digits of `bench`, dB after PSNR, ∞ for equal pictures."""
    text = "∞" if math.isinf(value) else format_metric(name, value)
    return f"{text} dB" if name == "psnr" else text


def format_seconds(seconds: float) -> str:
    """``3.1 ms``, ``58 ms`` or ``1.25 s``."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.{1 if seconds < 0.01 else 0}f} ms"
