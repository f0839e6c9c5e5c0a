"""What `srcnn <command> --help` prints: as many options on a screen as can be read.

Typer's own panels take 94 lines of 80 columns for `srcnn upscale`, and the import of rich.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDEST = 110
_NAMES = 26  # columns for the names of options, beside which the sentences stand
# What stands in a panel's title where the help has the options' names alone.
NAMES_ALONE = ", which "


class Command(TyperCommand):
    """A subcommand whose help is short: usage, sentences, options by panel, examples."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - of typer's own kinds
        """Write the help."""
        width = min(shutil.get_terminal_size().columns, _WIDEST)
        parameters: list[Any] = self.get_params(ctx)
        arguments = list(filter(_is_argument, parameters))
        inputs = "".join(f" {p.metavar}{'...' if p.nargs == -1 else ''}" for p in arguments)
        lines = [f"Usage: srcnn {self.name} [OPTIONS]{inputs}"]
        for paragraph in (self.help or "").split("\n\n"):
            lines += textwrap.wrap(_plain(" ".join(paragraph.split())), width)
        lines.append("")
        for parameter in arguments:
            lines += _row(parameter.metavar, parameter.help, width)
        panels: dict[str, list[Any]] = {}
        for parameter in parameters:
            if not _is_argument(parameter) and not parameter.hidden:
                panels.setdefault(parameter.rich_help_panel or "", []).append(parameter)
        # What is in no panel comes first; and the option that every command has, last.
        for title in sorted(panels, key=lambda title: title != "" or len(panels[title]) == 1):
            lines += [_bold(title)] if title else []
            if NAMES_ALONE in title:
                lines += _names_alone(panels[title], width)
                continue
            for parameter in panels[title]:
                lines += _row(_names(parameter), _sentence(parameter), width)
        formatter.write("\n".join([*lines, *self._examples()]) + "\n")

    def _examples(self) -> Iterator[str]:
        if self.epilog:
            yield _bold("Examples")
            for line in self.epilog.strip().splitlines():
                yield f"  {line}"


def panel(command: Any, title: str) -> list[str]:  # noqa: ANN401 - of typer's own kinds
    """All options of a command's panel, each beside its sentence."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    own = (p for p in command.params if getattr(p, "rich_help_panel", None) == title)
    return [
        line for parameter in own for line in _row(_names(parameter), _sentence(parameter), width)
    ]


def _is_argument(parameter: Any) -> bool:  # noqa: ANN401 - of typer's own kinds
    return bool(parameter.param_type_name == "argument")


def _row(names: str, sentence: str, width: int) -> list[str]:
    """An option, its sentence beside its names."""
    names = f"  {names}"
    first = names.ljust(_NAMES) if len(names) < _NAMES else names
    wrapped = textwrap.wrap(sentence, width - _NAMES, break_on_hyphens=False)
    if len(names) < _NAMES:
        return [first + wrapped[0], *(" " * _NAMES + line for line in wrapped[1:])]
    return [first, *(" " * _NAMES + line for line in wrapped)]


def _names_alone(parameters: list[Any], width: int) -> list[str]:
    text = ", ".join(_names(parameter).strip() for parameter in parameters)
    # A name stays with what it takes.
    kept = re.sub(r"(?<=\w) (?=[A-Z])", "\0", text)
    indent = "  "
    wrapped = textwrap.wrap(kept, width, initial_indent=indent, subsequent_indent=indent,
                            break_on_hyphens=False)  # fmt: skip
    return [line.replace("\0", " ") for line in wrapped]


def _names(parameter: Any) -> str:  # noqa: ANN401 - of typer's own kinds
    """`-s, --scale NUMBER`."""
    short = [name for name in parameter.opts if name[:2] != "--"]
    long = [name for name in parameter.opts if name[:2] == "--"]
    written = "/".join([*long, *parameter.secondary_opts])
    metavar = "" if parameter.is_flag else f" {parameter.metavar or 'TEXT'}"
    return f"{f'{short[0]},' if short else '   '} {written}{metavar}"


def _sentence(parameter: Any) -> str:  # noqa: ANN401 - of typer's own kinds
    """Its help, and its default where that says something."""
    text = _plain(parameter.help or "")
    default = parameter.default
    if (
        parameter.is_flag
        or not parameter.show_default
        or default in (None, "", ())
        or callable(default)
        or "(default" in text
    ):
        return text
    return (
        f"{text.rstrip('.')} (default: {default:g})."
        if isinstance(default, float)
        else (f"{text.rstrip('.')} (default: {default}).")
    )


def _plain(text: str) -> str:
    return text.replace("`", "").replace("**", "")


def _bold(text: str) -> str:
    shown = sys.stdout.isatty() and sys.platform != "win32" and not os.environ.get("NO_COLOR")
    return f"\x1b[1m{text}\x1b[0m" if shown else text
