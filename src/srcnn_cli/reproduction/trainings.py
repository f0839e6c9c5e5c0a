"""How the models of a reproduction came about: a row for each, shipped or made here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.models.catalog import shipped_models
from srcnn_cli.models.dictionaries import DICTIONARIES
from srcnn_cli.models.weights import read_training
from srcnn_cli.reproduction.section import NOTHING
from srcnn_cli.training.dictionary import DictionaryPlan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from srcnn_cli.reproduction.network import Course
    from srcnn_cli.reproduction.workshop import Workshop

HEADER = ["", "made", "training pictures", "time"]
# Of the atoms: their field of the plan, and what each round of them is.
_STAGES = {
    "K-SVD": ("iterations", "rounds of K-SVD"),
    "joint dictionary": ("batches", "batches of the joint dictionary"),
}


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


def cut_short(shop: Workshop, name: str, scale: int) -> str:
    """What the minutes for training left out of a dictionary; empty: nothing."""
    joint = name == "sc"
    # All but a joint dictionary share the atoms that one of them was trained for.
    names = [name] if joint else [other for other in DICTIONARIES if other != "sc"]
    left_out = []
    for other in names:
        path = shop.models / f"{other}-x{scale}.safetensors"
        facts = (read_training(path) or {}) if path.exists() else {}
        left_out += [words for words, whole in _stages(facts, own=other == name) if not whole]
    return ", ".join(dict.fromkeys(left_out))


def _here(facts: Mapping[str, Any]) -> str:
    stages = [words for words, _ in _stages(facts)]
    return f"here, {', '.join(stages)}" if stages else "here, of atoms that were there"


def _stages(facts: Mapping[str, Any], *, own: bool = True) -> Iterator[tuple[str, bool]]:
    """The stages of a training in words, and whether they are whole; its atoms', or all its own."""
    plan, done = facts.get("plan", {}), facts.get("done", {})
    for stage, (field, words) in _STAGES.items():
        if stage in done:
            yield f"{done[stage]} of {plan[field]} {words}", done[stage] >= plan[field]
    if own and "regression" in done:
        most = DictionaryPlan().samples
        yield f"{plan['samples']:,} of {most:,} samples", plan["samples"] >= most


def _seconds(facts: Mapping[str, Any]) -> float:
    """Of a training and of all that it began with."""
    start = facts.get("start")
    return float(facts.get("seconds", 0)) + (_seconds(start) if start else 0.0)


def _duration(seconds: float) -> str:
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5970 else f"{seconds / 3600:.1f} h"
