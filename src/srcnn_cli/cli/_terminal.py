"""What the command says: lines, and JSON.

Results go to stdout, everything else (progress, warnings) to stderr, so that pipes stay clean.
Nothing here imports rich before a bar appears: a small picture is done sooner.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from srcnn_cli.errors import OutputError
from srcnn_cli.files import describe_os_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST_LIST = 6
_logs: list[Path] = []  # the file that keeps the lines, if one does
_BROKEN_PIPE = 128 + 13  # as a shell says of a program that SIGPIPE ended


def say(line: str = "") -> None:
    """One line on stdout, at once."""
    log(line)
    with bar_aside():
        _write(sys.stdout, line)


def width_of_lines(*, on_stderr: bool) -> int | None:
    """How many columns a line has where it is read; None: no terminal, as long as it likes."""
    stream = sys.stderr if on_stderr else sys.stdout
    if not stream.isatty():
        return None
    import shutil

    return shutil.get_terminal_size().columns


def log_to(path: Path | None) -> None:
    """Add every line from now on to the end of a file, too; None: no more.

    Raises:
        OutputError: It cannot be written.
    """
    _logs.clear()
    if path is None:
        return
    try:
        path.open("a", encoding="utf-8").close()
    except OSError as error:
        raise OutputError(f"cannot be written: {describe_os_error(error)}", path) from error
    _logs.append(path.absolute())


def log(line: str) -> None:
    """One line in the log file alone, if there is one."""
    for path in _logs:
        # What is said on the terminal is said there, whatever becomes of the file.
        with suppress(OSError), path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")


def reader_gone() -> NoReturn:
    """End the command as programs end that write to a pipe which nobody reads any more.

    Nobody is there to tell, but the work may not be done, so the exit code is not 0.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(_BROKEN_PIPE)


def note(line: str) -> None:
    """One line on stderr."""
    log(line)
    _write(sys.stderr, line)


def paragraph(text: str) -> None:
    """A line on stderr that is broken at words where a terminal is narrower."""
    log(text)
    _write(sys.stderr, _broken(text, on_stderr=True))


def say_paragraph(text: str) -> None:
    """The same on stdout."""
    log(text)
    with bar_aside():
        _write(sys.stdout, _broken(text, on_stderr=False))


def _broken(text: str, *, on_stderr: bool) -> str:
    width = width_of_lines(on_stderr=on_stderr)
    if width is None:
        return text
    import textwrap

    return textwrap.fill(text, width, break_on_hyphens=False, break_long_words=False)


def warn(path: object, reason: str) -> None:
    """One line on stderr that does not stop the work."""
    line = f"warning: {path}: {reason}"
    colored = sys.stderr.isatty() and sys.platform != "win32" and not os.environ.get("NO_COLOR")
    log(line)
    _write(sys.stderr, f"\x1b[33m{line}\x1b[0m" if colored else line)


def warn_passed_over(folder: object, count: int) -> None:
    """Say how many files of a folder are not pictures, if there are any."""
    if count:
        are = "file is not a picture and was" if count == 1 else "files are not pictures and were"
        warn(folder, f"{count} {are} left out")


def print_error(error: object) -> None:
    """The one line that a failure gets, with what to type where that helps."""
    extra = getattr(error, "extra", None)
    if extra:
        from srcnn_cli.cli._extras import install_command

        error = f"{error}: type {install_command(extra)}"
    note(f"error: {' '.join(str(error).split())}")


def print_json(values: Iterable[object]) -> None:
    """An array, indented."""
    say(_json(list(values), indent=2))


def print_json_line(value: object, *, on_stderr: bool = False) -> None:
    """One object on a line of its own, so that a reader sees it as soon as it is true."""
    (note if on_stderr else say)(_json(value))


def _json(value: object, indent: int | None = None) -> str:
    """JSON that is UTF-8 whatever the names of files hold: stray bytes of them are escaped."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _write(stream: TextIO, line: str) -> None:
    try:
        try:
            stream.write(f"{line}\n")
        except UnicodeEncodeError:  # names may hold what the stream's encoding does not
            encoding = stream.encoding or "ascii"
            stream.write(f"{line}\n".encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:  # `srcnn upscale ... | head -1`
        reader_gone()
    except OSError as error:
        if stream is sys.stdout:
            reason = f"cannot be written: {describe_os_error(error)}"
            raise OutputError(reason, "standard output") from error


def in_words(value: object) -> str:
    """A setting's value: yes and no, numbers without idle zeros, lists joined or counted."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        if len(value) > _LONGEST_LIST:
            return f"{value[0]} ({len(value)} times)"
        return "-".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else f"{value}" or "none"


bars_shown: list[Any] = []  # the bar that is shown at present, if one is


@contextmanager
def bar_aside() -> Iterator[None]:
    """While it lasts, no bar stands where the next line of stdout belongs."""
    bars = [bar.live for bar in bars_shown if sys.stdout.isatty()]
    for bar in bars:
        bar.stop()
    try:
        yield
    finally:
        for bar in bars:
            bar.start(refresh=True)
