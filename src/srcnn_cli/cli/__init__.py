"""The `srcnn` command: one file a subcommand, and the one place where errors become exit codes.

Nothing heavy is imported at module level: each subcommand imports the core when it runs, so that
`srcnn --help` and `srcnn --version` answer at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import Annotated, Any, NoReturn

import typer

from srcnn_cli import __version__
from srcnn_cli.cli import bench, compare, import_, models, train, upscale
from srcnn_cli.errors import OutOfMemoryError, SrcnnError

EXIT_INTERNAL = 70

app = typer.Typer(
    name="srcnn",
    help="Super-resolution with SRCNN: enlarge photos, offline, on CPU or GPU.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # paragraphs are filled anew instead of broken twice
    epilog="Exit codes: 0 all done, 1 some files failed, 2 usage, 3 bad input, 4 cannot write, "
    "5 bad model, 6 out of memory, 70 internal error, 130/143 interrupted.",
)
app.command("upscale")(upscale.upscale)
app.command("models")(models.models)
app.command("train")(train.train)
app.command("import")(import_.import_)
app.command("bench")(bench.bench)
app.command("compare")(compare.compare)


def _print_version(value: bool) -> None:  # noqa: FBT001 - the signature of an option's callback
    if value:
        typer.echo(f"srcnn {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # noqa: ARG001 - acted on by its callback
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
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
    signal.signal(signal.SIGTERM, _terminate)
    try:
        result: Any = app(arguments, standalone_mode=False)
    except SrcnnError as error:
        _fail(str(error), error.exit_code)
    except MemoryError:
        _fail("out of memory", OutOfMemoryError.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _fail("interrupted", 130)
    except BrokenPipeError:
        # The reader of our output went away (`srcnn models | head`): nothing to tell anybody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the boundary: everything ends in one line
        usage = getattr(error, "format_message", None)
        if usage is not None:  # a mistake on the command line, found by typer
            _fail(f"{usage()} (see --help)", int(getattr(error, "exit_code", 2)))
        _fail(
            f"internal error: {type(error).__name__}: {error} (srcnn --debug ... shows where)",
            EXIT_INTERNAL,
        )
    if result == 130:  # newer versions of typer turn Ctrl-C into this
        _fail("interrupted", 130)
    sys.exit(result if isinstance(result, int) else 0)


def run() -> NoReturn:
    """What the `srcnn` command calls: `main`, and then the end of the process without a teardown.

    Taking torch apart piece by piece takes 0.4 s, a third of the time from prompt to file for a
    small picture, and frees nothing that the system does not free anyway. By then every file is
    closed and in place.
    """
    code: object = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # the reader went away, or it is closed
            stream.flush()
    os._exit(code if isinstance(code, int) else 0)


def _terminate(_signal: int, _frame: object) -> NoReturn:
    # Unwinds the stack like Ctrl-C, so that temporary files are removed on the way.
    raise SystemExit(143)


def _fail(line: str, code: int) -> NoReturn:
    if os.environ.get("SRCNN_DEBUG") and sys.exc_info()[0] is not None:
        import traceback

        traceback.print_exc()
    text = " ".join(line.split())
    print(f"error: {text}", file=sys.stderr)  # noqa: T201 - rich would wrap the line
    sys.exit(code)
