"""Standard input and output, and other files that bytes only flow through: pipes and devices."""

from __future__ import annotations

import io
import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from srcnn_cli.errors import InputError, OutputError, UsageError
from srcnn_cli.files import describe_os_error
from srcnn_cli.remote import is_remote, parse_location

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

# Stands for standard input among inputs, for standard output among outputs.
STANDARD = Path("-")

_STDIN = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
# Opened by name, a file that stdout was redirected to would be another file or begin anew.
_STDOUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def input_path(name: str) -> Path:
    """The file of that name, here or elsewhere, or `STANDARD`; ``./-`` is a file called ``-``."""
    return STANDARD if name in _STDIN else _file(name)


def output_path(name: str) -> Path:
    """Likewise, of an output."""
    return STANDARD if name in _STDOUT else _file(name)


def _file(name: str) -> Path:
    path = parse_location(name)
    return path.absolute() if path == STANDARD else path


def named(path: str | os.PathLike[str], standard: str = "standard output") -> str:
    """A path as people read it."""
    return standard if Path(path) == STANDARD else str(path)


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Whether bytes only flow through what is there: a file cannot be replaced by that."""
    if Path(path) == STANDARD:
        return True
    if is_remote(path):
        return False
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def check_stdout() -> None:
    """Whether standard output may be filled with bytes.

    Raises:
        UsageError: A person reads it.
    """
    if sys.stdout.isatty():
        raise UsageError("standard output is a terminal: redirect it, or pipe it into a program")


def check_stdin() -> None:
    """Whether standard input may be asked for bytes.

    Raises:
        UsageError: A person would have to type them.
        InputError: It is closed.
    """
    if sys.stdin is None:
        raise InputError("is closed", named(STANDARD, "standard input"))
    if sys.stdin.isatty():
        raise UsageError("standard input is a terminal: pipe a picture into it")


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file, or standard input, to read bytes from.

    Raises:
        InputError: There is none.
    """
    if path == STANDARD:
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise InputError("no such file", path) from error
    except OSError as error:
        raise InputError(f"cannot be read: {describe_os_error(error)}", path) from error
    with file:
        yield file


@contextmanager
def sink(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A stream to send bytes through.

    Raises:
        OutputError: The stream does not take what is sent.
        BrokenPipeError: Nobody reads it any more.
    """
    try:
        if Path(path) == STANDARD:
            sys.stdout.flush()
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        else:
            with Path(path).open("wb") as stream:
                yield stream
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot be written: {describe_os_error(error)}", named(path)) from error


def read_stdin(most: int) -> bytes:
    """All of standard input.

    Args:
        most: Refuse more bytes than this.

    Raises:
        UsageError: A person would have to type it.
        InputError: It cannot be read, or there is too much.
    """
    name = named(STANDARD, "standard input")
    check_stdin()
    try:
        data = sys.stdin.buffer.read(most + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {describe_os_error(error)}", name) from error
    if len(data) > most:
        raise InputError(f"is longer than {most:,} bytes, too large for a picture", name)
    return data


def send(path: str | os.PathLike[str], encode: Callable[[BinaryIO], object]) -> None:
    """Let ``encode`` fill a file in memory, then send all of it through a stream.

    Raises:
        OutputError: The stream does not take it.
        BrokenPipeError: Nobody reads it any more.
    """
    whole = io.BytesIO()
    encode(whole)
    with sink(path) as stream:
        stream.write(whole.getbuffer())
