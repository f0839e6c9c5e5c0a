"""Commands whose packages are missing: one sentence that says what to type, and exit code 2."""

import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from srcnn_cli.cli import _extras
from srcnn_cli.cli._extras import EXTRAS, explain, install_command
from terminal import one_line

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def without(modules, *arguments):
    """Run `srcnn <arguments>` where these modules cannot be imported."""
    script = (
        "import sys\n"
        f"for name in {sorted(modules)!r}: sys.modules[name] = None\n"
        "from srcnn_cli.cli import main\n"
        "main(sys.argv[1:])"
    )
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )


def test_the_table_says_what_the_package_declares():
    declared = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    projects = {
        extra: {re.split(r"[<>=\[]", requirement)[0] for requirement in requirements}
        for extra, requirements in declared["optional-dependencies"].items()
    }
    assert {extra: set(modules.values()) for extra, modules in EXTRAS.items()} == {
        extra: names for extra, names in projects.items() if extra not in {"all", "dev"}
    }
    base = {re.split(r"[<>=\[]", requirement)[0] for requirement in declared["dependencies"]}
    assert not base & {name for modules in EXTRAS.values() for name in modules.values()}


@pytest.mark.parametrize(
    ("arguments", "modules", "sentence"),
    [
        (["train", "--data", "x"], {"torch"}, "srcnn train needs torch, which is not installed"),
        (["train", "--data", "x"], {"torch", "matplotlib"},
         "srcnn train needs torch and matplotlib, which are not installed"),
        (["bench", "x"], {"skimage", "scipy", "cv2"},
         "srcnn bench needs scikit-image, scipy and opencv-python-headless, which are"),
        (["compare", "x.png", "-o", "y.png"], {"skimage"}, "srcnn compare needs scikit-image,"),
    ],
)  # fmt: skip
def test_a_command_without_its_extra_says_what_to_type(arguments, modules, sentence):
    done = without(modules, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    line = one_line(done.stderr)
    assert sentence in line
    extra = "train" if arguments[0] == "train" else "bench"
    assert f'[{extra}]"' in line
    assert '[all]"' in line


def test_help_needs_no_extra():
    done = without({name for modules in EXTRAS.values() for name in modules}, "train", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--recipe" in done.stdout


def test_a_package_that_is_found_missing_on_the_way_is_named_too(tmp_path):
    Image.new("RGB", (9, 7)).save(tmp_path / "in.png")
    picture = str(tmp_path / "in.png")
    done = without({"torch"}, "upscale", picture, "--engine", "torch", "--device", "cpu")
    assert done.returncode == 2
    assert "this needs torch, which is not installed: type " in one_line(done.stderr)
    assert '[gpu]"' in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]


def test_another_missing_module_stays_a_bug_of_ours():
    assert explain(ModuleNotFoundError("No module named 'x'", name="x")) is None
    assert explain(ModuleNotFoundError("nothing is known")) is None
    assert "[gpu]" in str(explain(ModuleNotFoundError("", name="torch.nn")))
    assert "[bench]" in str(explain(ModuleNotFoundError("", name="cv2")))


@pytest.mark.parametrize(
    ("direct_url", "origin"),
    [
        (None, '"srcnn-cli[train]"'),
        ({"url": "https://example.org/srcnn.git", "vcs_info": {"vcs": "git", "commit_id": "1"}},
         '"srcnn-cli[train] @ git+https://example.org/srcnn.git"'),
        ({"url": "https://example.org/srcnn_cli-0.1.0.tar.gz", "archive_info": {}},
         '"srcnn-cli[train] @ https://example.org/srcnn_cli-0.1.0.tar.gz"'),
    ],
)  # fmt: skip
def test_the_command_installs_from_where_the_program_came(monkeypatch, direct_url, origin):
    text = None if direct_url is None else json.dumps(direct_url)
    installed = SimpleNamespace(read_text=lambda _name: text)
    monkeypatch.setattr("importlib.metadata.distribution", lambda _name: installed)
    assert install_command("train").endswith(f" {origin}")


@pytest.mark.parametrize("editable", [False, True])
def test_the_command_installs_from_the_same_folder(monkeypatch, tmp_path, editable):
    folder = tmp_path / "my pictures"
    record = {"url": folder.as_uri(), "dir_info": {"editable": editable}}
    installed = SimpleNamespace(read_text=lambda _name: json.dumps(record))
    monkeypatch.setattr("importlib.metadata.distribution", lambda _name: installed)
    flag = "-e " if editable else ""
    assert install_command("bench").endswith(f' {flag}"{folder}[bench]"')


def test_the_command_is_the_plain_one_where_the_program_is_not_installed(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.distribution", missing)
    assert install_command("ray").endswith(' "srcnn-cli[ray]"')


@pytest.mark.parametrize(
    ("pip", "on_path", "installer"),
    [(True, True, "pip install "), (True, False, f'"{sys.executable}" -m pip install '),
     (False, True, f'uv pip install --python "{sys.executable}" ')],
)  # fmt: skip
def test_the_installer_is_that_of_the_environment(monkeypatch, pip, on_path, installer):
    monkeypatch.setattr(_extras, "find_spec", lambda _name: object() if pip else None)
    monkeypatch.setattr(_extras, "_on_path", lambda _name: on_path)
    assert install_command("ray").startswith(installer)
