"""The options of `srcnn train`: all there, where they belong, and explained in docs/train.md."""

from dataclasses import fields
from pathlib import Path

import pytest
from typer.main import get_command

from srcnn_cli.cli import _terminal, make_app
from srcnn_cli.training.recipes import RECIPES
from srcnn_cli.training.schedule import Schedule, schedule_values

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/train.md"

PANELS = {
    None: "recipe recipes help",
    "Computing": "device threads",
    "Data": "data validation hold-back cache-gb workers",
    "Network (default: the recipe's)": "method architecture filters widths depth width channels "
    "scale border init renew",
    "Run": "output resume minutes compile",
    "Values of the recipe, which --recipes explains": "steps epochs batch patch stride sampling "
    "augment shrink blur degrade border-share loss log-floor optimizer rate last-rate bias-rate "
    "momentum weight-decay clip decay warmup initial fixed-carriers pretrain pretrain-steps "
    "average precision interval seed",
}


def command():
    app = get_command(make_app())
    return app.get_command(None, "train")


def options():
    """By name, without the dashes."""
    found = command()
    every = [*found.params, found.get_help_option(found.make_context("train", []))]
    return {option.opts[0].removeprefix("--"): option for option in every}


@pytest.mark.parametrize("panel", PANELS)
def test_every_option_has_its_panel(panel):
    by_name = options()
    own = {n for n, option in by_name.items() if getattr(option, "rich_help_panel", None) == panel}
    assert own == set(PANELS[panel].split())


def test_switches_can_be_turned_off():
    by_name = options()
    pairs = {
        name: by_name[name].secondary_opts for name in ("augment", "fixed-carriers", "compile")
    }
    assert pairs == {
        "augment": ["--no-augment"],
        "fixed-carriers": ["--free-carriers"],
        "compile": ["--no-compile"],
    }


def test_choices_are_told_in_the_help():
    by_name = options()
    assert by_name["optimizer"].help.endswith(": muon, adam or sgd.")
    assert by_name["loss"].help.endswith(": mse, half-sum, charbonnier or log-mse.")
    assert by_name["channels"].help.endswith(": y, rgb or ycbcr.")


def test_every_value_of_a_recipe_but_its_name_can_be_replaced():
    assert set(schedule_values()) == {field.name for field in fields(Schedule)} - {"recipe"}


def test_the_document_has_each_value_with_its_help_and_what_the_recipes_have():
    by_name = options()
    rows = ["| option | what it is | `fast` | `srcnn` | `vdsr` |", "|---|---|---|---|---|"]
    for name in PANELS["Values of the recipe, which --recipes explains"].split():
        field = name.replace("-", "_")
        both = " ".join(f"`{flag}`" for flag in [f"--{name}", *by_name[name].secondary_opts])
        values = [
            _terminal.in_words(getattr(recipe.schedule, field)) for recipe in RECIPES.values()
        ]
        rows.append(f"| {' | '.join([both, by_name[name].help.removesuffix('.'), *values])} |")
    assert "\n".join(rows) in DOCUMENT.read_text(encoding="utf-8")
