"""How the models of a reproduction came about: a row for each, shipped or made here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.models.catalog import shipped_models
from srcnn_cli.models.weights import read_training
from srcnn_cli.reproduction.section import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from srcnn_cli.reproduction.network import Course
    from srcnn_cli.reproduction.workshop import Workshop

HEADER = ["", "made", "training pictures", "time"]
_STAGES = {"K-SVD": "rounds of K-SVD", "joint dictionary": "batches of the joint dictionary"}


def rows(shop: Workshop, course: Course | None) -> list[list[str]]:
    """By model: its name, where it was made, from which pictures, how long that took."""
    names = dict.fromkeys([*shop.paper.methods.values(), *shop.paper.extra.values()])
    scales = dict.fromkeys(scale for _, scale in shop.paper.measurements)
    shipped = {(model.family, scale): model for model in shipped_models() for scale in model.scales}
    found: dict[str, list[str]] = {}
    for name in names:
        for scale in scales:
            path = shop.models / f"{name}-x{scale}.safetensors"
            model = shipped.get((name, scale))
            if path.exists():
                facts = read_training(path) or {}
                time = _duration(_seconds(facts)) if facts.get("done") else NOTHING
                found[path.stem] = [_here(facts), "T91 (91 pictures)", time]
            elif model is not None:
                facts = read_training(model.path) or {}
                found[model.name] = ["shipped", model.training, _duration(_seconds(facts))]
    if course is not None:
        found["srcnn-9-1-5-x3 of Figure 1"] = [
            f"here, recipe {course.recipe}, {course.samples:,} sub-images",
            "T91 (91 pictures)",
            _duration(60 * course.minutes),
        ]  # fmt: skip
    return [[name, *cells] for name, cells in found.items()]


def _here(facts: Mapping[str, Any]) -> str:
    """Which stages there were, and where one ended before its time, because of the minutes."""
    plan, done = facts.get("plan", {}), facts.get("done", {})
    most = {"K-SVD": plan.get("iterations"), "joint dictionary": plan.get("batches")}
    cut = [f"{done[s]} of {most[s]} {w}" for s, w in _STAGES.items() if s in done]
    if "regression" in done:
        cut.append(f"{plan['samples']:,} samples at most")
    return f"here, {', '.join(cut)}" if cut else "here, of atoms that were there"


def _seconds(facts: Mapping[str, Any]) -> float:
    """Of a training and of all that it began with."""
    start = facts.get("start")
    return float(facts.get("seconds", 0)) + (_seconds(start) if start else 0.0)


def _duration(seconds: float) -> str:
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5970 else f"{seconds / 3600:.1f} h"
