"""`srcnn train`: make weights from a folder of pictures."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import typer

from srcnn_cli.cli import _terminal
from srcnn_cli.cli import _train_options as options
from srcnn_cli.cli._options import DeviceOption, ThreadsOption
from srcnn_cli.errors import UsageError
from srcnn_cli.models.config import parse_filters
from srcnn_cli.threads import set_threads
from srcnn_cli.training.recipes import RECIPES

if TYPE_CHECKING:
    from pathlib import Path

    from srcnn_cli.training.ranks import Ranks
    from srcnn_cli.training.run import Run

# What a run that is resumed may change: nothing that its result depends on.
_CHANGEABLE = {"resume", "minutes", "compiled", "device", "cache_gb", "workers", "threads"}

EXAMPLES = """\
srcnn train --data photos/ -s 3               a 9-1-5 from your own pictures
srcnn train --data T91/ --recipe vdsr         as Kim et al. trained VDSR
srcnn train --resume runs/srcnn-9-1-5-x3      go on after Ctrl-C or --minutes
"""


@options.with_recipe_values
def train(
    context: typer.Context,
    data: options.DataOption = None,
    validation: options.ValidationOption = None,
    hold_back: options.HoldBackOption = 20,
    cache_gb: options.CacheOption = 4.0,
    workers: options.WorkersOption = 2,
    recipe: options.RecipeOption = "fast",
    recipes: options.RecipesOption = False,
    method: options.MethodOption = None,
    architecture: options.ArchitectureOption = None,
    filters: options.FiltersOption = None,
    widths: options.WidthsOption = None,
    depth: options.DepthOption = None,
    width: options.WidthOption = None,
    color: options.ChannelsOption = None,
    scale: options.ScalesOption = None,
    border: options.TrainedBorderOption = None,
    initial_weights: options.InitOption = None,
    renew: options.RenewOption = 0,
    output: options.RunFolderOption = None,
    resume: options.ResumeOption = None,
    minutes: options.MinutesOption = None,
    compiled: options.CompileOption = False,
    device: DeviceOption = "auto",
    threads: ThreadsOption = 0,
    **values: Any,  # noqa: ANN401 - one for each value of a recipe
) -> None:
    """Train a network, or a dictionary, on your own pictures.

    Pictures are reduced and enlarged as in the papers; the network learns to undo that. The best
    weights by PSNR on the validation pictures are kept as best.safetensors in the run's folder,
    which `srcnn upscale --model` takes. Ctrl-C saves the state, and --resume continues from it.
    """
    if recipes:
        _print_recipes(device, context)
        return
    if threads:
        set_threads(threads)
    if method is not None:
        _train_dictionary(context, method, data, scale, output, minutes, values.get("seed"))
        return
    from srcnn_cli.cli._training_progress import train_and_show
    from srcnn_cli.training.ranks import joined
    from srcnn_cli.training.run import choose_training_device, configure, continued_run, new_run
    from srcnn_cli.training.session import Resources

    where = choose_training_device(device)
    resources = Resources(
        minutes=minutes, compiled=compiled, cache_bytes=int(cache_gb * 1e9), workers=workers
    )
    if resume is not None:
        _refuse_others(context)
        run = continued_run(resume)
    elif data:
        network = {
            "architecture": architecture,
            "filters": parse_filters(filters) if filters else None,
            "widths": parse_filters(widths) if widths else None,
            "depth": depth,
            "width": width,
            "color": color,
            "scales": _parse_scales(scale) if scale else None,
            "border": border,
        }
        config, schedule = configure(
            recipe, _given(network), _given(values), where, initial_weights
        )
        run = new_run(
            output, config, schedule, data,
            validation=validation, hold_back=hold_back, start=initial_weights, renew=renew,
        )  # fmt: skip
    else:
        raise UsageError("no training pictures: give --data FOLDER, or --resume RUN to continue")
    with joined(where) as ranks:
        if resume is None:
            run = _with_command(run, ranks)
        train_and_show(run, where, resources, ranks)


def _train_dictionary(
    context: typer.Context,
    method: str,
    data: list[Path] | None,
    scale: str | None,
    output: Path | None,
    minutes: float | None,
    seed: int | None,
) -> None:
    from srcnn_cli.cli import _dictionary_training

    _dictionary_training.refuse_options_of_networks(context)
    if not data:
        raise UsageError("no training pictures: give --data FOLDER")
    scales = _parse_scales(scale) if scale else (3,)
    _dictionary_training.train_dictionary_and_show(method, data, scales, output, minutes, seed)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _parse_scales(text: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise UsageError(f"scales are written like 3 or 2,3,4, not {text!r}") from None


def _with_command(run: Run, ranks: Ranks) -> Run:
    """With the command line that repeats it, which is stored with the weights."""
    program = ["srcnn"]
    if ranks.world > 1:
        program = ["torchrun", f"--nproc-per-node={ranks.world}", "-m", "srcnn_cli"]
    command = shlex.join([*program, *sys.argv[1:]])
    return replace(run, provenance={**run.provenance, "command": command})


def _refuse_others(context: typer.Context) -> None:
    """A resumed run goes on as it was started; options that would change it are a mistake."""
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE" and name not in _CHANGEABLE:
            option = next(p.opts[0] for p in context.command.params if p.name == name)
            raise UsageError(f"{option} cannot be changed in a run that is resumed")


def _print_recipes(device: str, context: typer.Context) -> None:
    """The values that a run on this device would print, of every recipe, and what they are."""
    from srcnn_cli.cli import _console, _help
    from srcnn_cli.training.run import choose_training_device, configure

    where = choose_training_device(device)
    values = {}
    for name in RECIPES:
        config, schedule = configure(name, {}, {}, where)
        values[name] = {**config.to_dict(), **asdict(schedule)}
        values[name]["steps"] = schedule.steps or "by the epochs"
    rows = [
        [field, *(_terminal.in_words(values[name][field]) for name in RECIPES)]
        for field in RECIPES["fast"].to_dict()
    ]
    columns = [("value", "left"), *((name, "left") for name in RECIPES)]
    _console.print_table(_console.table(columns, rows))
    _terminal.say()
    for line in _help.panel(context.command, options.RECIPE_PANEL):
        _terminal.say(line)
