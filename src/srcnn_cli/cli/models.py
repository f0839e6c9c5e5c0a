"""`srcnn models`: what ships with the program."""

from __future__ import annotations

from srcnn_cli.cli import _terminal
from srcnn_cli.cli._options import JsonOption

EXAMPLES = """\
srcnn models                                  the table
srcnn models --json                           all of it, for programs
"""


def models(json: JsonOption = False) -> None:
    """List the models that ship with the program: scales, sizes, measured PSNR, border policy."""
    from dataclasses import asdict

    from srcnn_cli.models.catalog import shipped_models
    from srcnn_cli.models.config import NICKNAMES

    nicknames = {family: nickname for nickname, family in NICKNAMES.items()}

    shipped = shipped_models()
    if json:
        _terminal.print_json(
            {
                "name": model.name,
                "family": model.family,
                "nickname": nicknames.get(model.family),
                "scales": model.scales,
                "parameters": model.config.parameters,
                "filters": getattr(model.config, "filters", ()),
                "color": model.config.color,
                "border": model.config.border,
                "training": model.training,
                "protocol": model.protocol,
                "figures": {scale: asdict(own) for scale, own in model.figures.items()},
                "sha256": model.sha256,
                "path": str(model.path),
            }
            for model in shipped
        )
        return

    from srcnn_cli.cli import _console

    every = [own for model in shipped for own in model.figures.values()]
    sets = list(dict.fromkeys(name for own in every for name in own.psnr))
    columns = [("model", "left"), ("scale", "right"), ("parameters", "right")]
    columns += [(f"{name} dB", "right") for name in sets]
    columns += [("border", "left")]
    rows = [
        [
            model.name,
            f"×{scale}",
            f"{model.config.parameters:,}",
            *(f"{own.psnr[name]:.2f}" if name in own.psnr else "" for name in sets),
            model.config.border or "",
        ]
        for model in shipped
        for scale, own in model.figures.items()
    ]
    _console.out.print(_console.table(columns, rows))
    for nickname, family in NICKNAMES.items():
        _console.out.print(f"{nickname}: {family}", style="dim")
    whole = not _console.out.is_terminal  # lines for programs are not broken
    for protocol in dict.fromkeys(model.protocol for model in shipped):
        _console.out.print(f"PSNR: {protocol}", style="dim", soft_wrap=whole)
    for training in dict.fromkeys(model.training for model in shipped):
        families = dict.fromkeys(m.family for m in shipped if m.training == training)
        _console.out.print(
            f"{', '.join(families)}: trained on {training}", style="dim", soft_wrap=whole
        )
