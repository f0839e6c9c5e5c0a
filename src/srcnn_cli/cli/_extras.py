"""Packages that only some commands need: which extra brings them, and what to type for it.

`pip install srcnn-cli` brings what `srcnn upscale` and `srcnn models` need. The rest is a matter of
extras, in pyproject.toml under the same names as here.
"""

from __future__ import annotations

import functools
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from srcnn_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    _P = ParamSpec("_P")
    _T = TypeVar("_T")

PROJECT = "srcnn-cli"

# By extra: the modules that it brings, and the projects that they come from.
EXTRAS = {
    "gpu": {"torch": "torch"},
    "formats": {"pillow_heif": "pillow-heif", "pillow_jxl": "pillow-jxl-plugin"},
    "openvino": {"openvino": "openvino"},
    "ray": {"ray": "ray"},
    "s3": {"fsspec": "fsspec", "s3fs": "s3fs"},
    "gs": {"fsspec": "fsspec", "gcsfs": "gcsfs"},
    "keras": {"pyfive": "pyfive"},
    "bench": {
        "skimage": "scikit-image",
        "scipy": "scipy",
        "matplotlib": "matplotlib",
        "cv2": "opencv-python-headless",
    },
    "train": {
        "torch": "torch",
        "skimage": "scikit-image",
        "scipy": "scipy",
        "matplotlib": "matplotlib",
    },
}


def needing(extra: str, command: str) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """A function that first looks whether what an extra brings is there.

    Looking takes no import, and comes before any work: a plot that cannot be drawn is no surprise
    after hours of training.

    Args:
        extra: Key of `EXTRAS`.
        command: Named in the sentence.
    """

    def checked(function: Callable[_P, _T]) -> Callable[_P, _T]:
        @functools.wraps(function)
        def call(*args: _P.args, **options: _P.kwargs) -> _T:
            missing = [
                project for module, project in EXTRAS[extra].items() if find_spec(module) is None
            ]
            if missing:
                raise _missing(f"srcnn {command}", missing, extra)
            return function(*args, **options)

        return call

    return checked


def explain(error: ModuleNotFoundError) -> UsageError | None:
    """What to say of a package that was found missing on the way; None: no extra brings it."""
    module = (error.name or "").partition(".")[0]
    for extra, modules in EXTRAS.items():  # the first is the smallest
        if module in modules:
            return _missing("this", [modules[module]], extra)
    return None


def _missing(what: str, projects: list[str], extra: str) -> UsageError:
    are = "which is" if len(projects) == 1 else "which are"
    return UsageError(
        f"{what} needs {_listed(projects)}, {are} not installed: type {install_command(extra)}, "
        f"or for all commands {install_command('all')}"
    )


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def install_command(extra: str) -> str:
    """The command that installs an extra, from where this program was installed.

    In double quotes, which every shell takes, that of Windows included.
    """
    return f"{_installer()} {_origin(extra)}"


def _installer() -> str:
    """What installs packages into the environment that this program runs in, as it is typed."""
    if find_spec("pip") is None:  # as in the environments that uv makes
        return f'uv pip install --python "{sys.executable}"'
    if _on_path("pip"):
        return "pip install"
    return f'"{sys.executable}" -m pip install'


def _on_path(program: str) -> bool:
    """Whether the program of that name which a shell would run belongs to this environment."""
    from shutil import which

    found = which(program)
    return found is not None and Path(found).parent == Path(sys.executable).parent


def _origin(extra: str) -> str:
    """What to name to the installer: a folder or an address that it was given, or the project."""
    import json
    from importlib.metadata import PackageNotFoundError, distribution
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        # https://packaging.python.org/en/latest/specifications/direct-url/
        direct = json.loads(distribution(PROJECT).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        direct = {}
    url = direct.get("url", "")
    if url.startswith("file:"):
        editable = "-e " if direct.get("dir_info", {}).get("editable") else ""
        return f'{editable}"{url2pathname(urlsplit(url).path)}[{extra}]"'
    if url:
        version_control = direct.get("vcs_info", {}).get("vcs")
        address = f"{version_control}+{url}" if version_control else url
        return f'"{PROJECT}[{extra}] @ {address}"'
    return f'"{PROJECT}[{extra}]"'
