"""Write the man pages, `man/srcnn*.1`, from the command's own help: `make man`.

Every page says what `--help` says. tests/cli/test_man_pages.py compares the two.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from srcnn_cli import __version__
from srcnn_cli.cli import make_app

if TYPE_CHECKING:
    from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

FOLDER = Path(__file__).resolve().parents[1] / "man"


def pages() -> dict[str, str]:
    """The text of each page by its file's name."""
    group = typer.main.get_command(make_app())
    names = {name: f"srcnn-{name}" for name in group.commands}
    result = {"srcnn.1": _main_page(group, names)}
    for name, command in group.commands.items():
        result[f"{names[name]}.1"] = _page(
            names[name],
            f"srcnn {name}",
            command,
            [*_examples(command), ("SEE ALSO", [".BR srcnn (1)"])],
        )
    return result


def _main_page(group: TyperGroup, names: dict[str, str]) -> str:
    commands = []
    for name, command in group.commands.items():
        commands += [".TP", f".BR {_escaped(names[name])} (1)", _escaped(_first_sentence(command))]
    # "Exit codes: 0 all done, 1 some files failed, ..." becomes a list.
    codes = []
    for code in group.epilog.removeprefix("Exit codes: ").rstrip(".").split(", "):
        number, _, meaning = code.partition(" ")
        codes += [".TP", f".B {number}", _escaped(meaning)]
    return _page("srcnn", "srcnn", group, [("COMMANDS", commands), ("EXIT STATUS", codes)])


def _examples(command: TyperCommand) -> list[tuple[str, list[str]]]:
    if not command.epilog:
        return []
    lines = command.epilog.strip().splitlines()
    return [("EXAMPLES", [".nf", *map(_escaped, lines), ".fi"])]


def _page(
    name: str, typed: str, command: TyperCommand | TyperGroup, further: list[tuple[str, list[str]]]
) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
    inputs = "".join(
        f" \\fI{_metavar(p)}\\fR{'...' if p.nargs == -1 or p.multiple else ''}" for p in arguments
    )
    kind = " \\fICOMMAND\\fR" if hasattr(command, "commands") else ""
    lines = [
        f'.TH {name.upper()} 1 "" "srcnn {__version__}" "srcnn"',
        ".SH NAME",
        f"{_escaped(name)} \\- {_escaped(_first_sentence(command))}",
        ".SH SYNOPSIS",
        f".B {_escaped(typed)}",
        f"[\\fIOPTIONS\\fR]{kind}{inputs}",
        ".SH DESCRIPTION",
    ]
    for number, paragraph in enumerate(re.split(r"\n\s*\n", command.help.strip())):
        lines += [".PP"] * (number > 0) + [_escaped(" ".join(paragraph.split()))]
    for parameter in arguments:
        lines += [".TP", f".I {_metavar(parameter)}", _escaped(parameter.help or "")]
    panels: dict[str, list[TyperOption]] = {}
    for parameter in options:
        panels.setdefault(parameter.rich_help_panel or "", []).append(parameter)
    lines.append(".SH OPTIONS")
    for title, parameters in sorted(panels.items(), key=lambda panel: panel[0] != ""):
        lines += [f".SS {_escaped(title)}"] * bool(title)
        for parameter in parameters:
            lines += [".TP", _names(parameter), _escaped(_explanation(parameter))]
    lines += [".TP", '.BR \\-h ", " \\-\\-help', "Show the help, and end."]
    for title, content in further:
        lines += [f".SH {title}", *content]
    return "\n".join(lines) + "\n"


def _first_sentence(command: TyperCommand | TyperGroup) -> str:
    text = " ".join(command.help.strip().split("\n\n")[0].split())
    return text[:1].lower() + text[1:].rstrip(".")


def _names(parameter: TyperOption) -> str:
    """`-s, --scale FLOAT`, short names first."""
    names = sorted([*parameter.opts, *parameter.secondary_opts], key=lambda name: name[:2] == "--")
    written = ", ".join(f"\\fB{_escaped(name)}\\fR" for name in names)
    return written if parameter.is_flag else f"{written} \\fI{_metavar(parameter)}\\fR"


def _metavar(parameter: TyperArgument | TyperOption) -> str:
    if parameter.metavar:
        return _escaped(parameter.metavar)
    kind = parameter.type.name
    names = {"int": "INTEGER", "float": "NUMBER", "path": "PATH", "choice": "NAME"}
    return names.get(kind.split()[0], "TEXT")


def _explanation(parameter: TyperOption) -> str:
    text = parameter.help or ""
    low, high = (getattr(parameter.type, end, None) for end in ("min", "max"))
    if low is not None and high is not None:
        text += f" Range: {low:g} to {high:g}."
    elif low is not None:
        text += f" At least {low:g}."
    if (
        parameter.show_default
        and parameter.default not in (None, "", False, ())
        and not parameter.is_flag
    ):
        text += f" Default: {parameter.default}."
    return text.strip()


def _escaped(text: str) -> str:
    """Text that is no markup: hyphens stay what they are, and a line may begin with anything."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("**", "").replace("`", "")
    return f"\\&{text}" if text[:1] in {".", "'"} else text


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"man/{name}")


if __name__ == "__main__":
    main()
