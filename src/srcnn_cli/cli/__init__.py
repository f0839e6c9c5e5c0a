"""The `srcnn` command: one file a subcommand, and the one place where errors become exit codes.

Nothing heavy is imported at module level: each subcommand imports the core when it runs, so that
`srcnn --help` and `srcnn --version` answer at once; and of the subcommands only the one that is
asked for is imported.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from srcnn_cli import __version__
from srcnn_cli.cli import _terminal
from srcnn_cli.cli._help import Command
from srcnn_cli.errors import OutOfMemoryError, OutputError, SrcnnError, suggestion
from srcnn_cli.files import describe_os_error, is_memory_error
from srcnn_cli.process import prepare

if TYPE_CHECKING:
    from collections.abc import Iterable

EXIT_INTERNAL = 70
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

# Commands that need more than the base install, and the extra that brings it.
_EXTRAS = {"train": "train", "bench": "bench", "compare": "bench", "reproduce": "train"}

# The subcommands, and the modules that hold a function of the same name.
_COMMANDS = {
    "upscale": "upscale",
    "models": "models",
    "train": "train",
    "import": "import_",
    "export": "export",
    "bench": "bench",
    "compare": "compare",
    "reproduce": "reproduce",
}


def make_app(commands: Iterable[str] = tuple(_COMMANDS)) -> typer.Typer:
    """The command with these subcommands, whose modules are imported."""
    app = typer.Typer(
        name="srcnn",
        help="Enlarge pictures with SRCNN and VDSR; measure, compare and train these networks.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",  # paragraphs are filled anew instead of broken twice
        epilog="Exit codes: 0 all done, 1 some files failed, 2 a mistake on the command line, "
        "3 input that cannot be used, 4 output that cannot be written, 5 a model that cannot be "
        "used, 6 out of memory, 70 an internal error, 130/141/143 interrupted.",
    )
    app.callback()(_global_options)
    for command in commands:
        module = _COMMANDS[command]
        home = import_module(f"srcnn_cli.cli.{module}")
        function = getattr(home, module)
        if command in _EXTRAS:
            from srcnn_cli.cli import _extras

            function = _extras.needing(_EXTRAS[command], command)(function)
        app.command(command, cls=Command, epilog=getattr(home, "EXAMPLES", None))(function)
    return app


def _print_version(value: bool) -> None:  # noqa: FBT001 - the signature of an option's callback
    if value:
        typer.echo(f"srcnn {__version__}")
        raise typer.Exit


def _global_options(
    version: Annotated[  # noqa: ARG001 - acted on by its callback
        bool,
        typer.Option(
            "--version",
            "-V",
            callback=_print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error.", envvar="SRCNN_DEBUG")
    ] = False,
) -> None:
    if debug:
        os.environ["SRCNN_DEBUG"] = "1"


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command and end the process: one line on stderr and an exit code for each failure."""
    given = sys.argv[1:] if arguments is None else arguments
    named = [given[0]] if given and given[0] in _COMMANDS else _COMMANDS
    try:
        result: Any = make_app(named)(given, standalone_mode=False)
    except SrcnnError as error:
        _fail(error, error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _fail("interrupted", 130)
    except Exception as error:  # noqa: BLE001 - the boundary: everything ends in one line
        if isinstance(error, ModuleNotFoundError):
            _fail_for_a_package(error)
        if is_memory_error(error):
            _fail("out of memory", OutOfMemoryError.exit_code)
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            _fail(f"standard output: cannot be written: {describe_os_error(error)}", 4)
        usage = getattr(error, "format_message", None)
        if type(error).__name__ == "NoArgsIsHelpError":  # `srcnn` alone: the help says it all
            sys.exit(2)
        if usage is not None:  # a mistake on the command line, found by typer
            _fail(
                f"{_with_suggestion(error, usage())} (see --help)", getattr(error, "exit_code", 2)
            )
        _fail(
            f"internal error: {type(error).__name__}: {error} (srcnn --debug ... shows where)",
            EXIT_INTERNAL,
        )
    if result == 130:  # newer versions of typer turn Ctrl-C into this
        _fail("interrupted", 130)
    sys.exit(result if isinstance(result, int) else 0)


def _with_suggestion(error: Exception, message: str) -> str:
    """A mistake on the command line as typer has it, an unknown option in our words."""
    option = getattr(error, "option_name", None)
    if option is None or type(error).__name__ != "NoSuchOption":
        return message
    context = getattr(error, "ctx", None)
    known = [name for p in context.command.params for name in p.opts] if context else []
    meant = suggestion(option, [name for name in known if name.startswith("--")])
    return f"No such option: {option}" + (f". Did you mean {meant}?" if meant else "")


def run() -> NoReturn:
    """What the `srcnn` command calls: `main`, and then the end of the process without a teardown.

    Taking torch apart piece by piece takes 0.4 s, a third of the time from prompt to file for a
    small picture, and frees nothing that the system does not free anyway. By then every file is
    closed and in place.
    """
    prepare()  # again, in case this was called directly
    code: object = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError) as error:  # the reader went away, it is closed, or full
            if stream is sys.stdout and getattr(error, "errno", None) in _NO_ROOM:
                code = code or OutputError.exit_code
    os._exit(code if isinstance(code, int) else 0)


def _fail_for_a_package(error: ModuleNotFoundError) -> None:
    """End if an extra brings what is missing; anything else is a bug of ours."""
    from srcnn_cli.cli import _extras

    missing = _extras.explain(error)
    if missing is not None:
        _fail(str(missing), missing.exit_code)


def _fail(line: str | SrcnnError, code: int) -> NoReturn:
    if os.environ.get("SRCNN_DEBUG") and sys.exc_info()[0] is not None:
        import traceback

        traceback.print_exc()
    _terminal.print_error(line)
    sys.exit(code)
