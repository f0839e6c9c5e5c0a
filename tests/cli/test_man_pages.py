"""The man pages say what `--help` says, and are in step with it."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("upscale", "models", "train", "import", "export", "bench", "compare", "reproduce")
PAGES = ["srcnn.1", *(f"srcnn-{command}.1" for command in COMMANDS)]


@pytest.fixture(scope="module")
def made():
    """What the script would write, by file."""
    spec = importlib.util.spec_from_file_location("man_pages", ROOT / "scripts" / "man_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_in_step_with_the_command(made, page):
    written = (ROOT / "man" / page).read_text(encoding="utf-8")
    assert written == made[page], "`make man` writes the man pages anew"


def test_there_is_a_page_for_each_command_and_no_other(made):
    assert set(made) == set(PAGES) == {path.name for path in (ROOT / "man").iterdir()}


def test_a_page_names_options_with_range_and_default(made):
    text = made["srcnn-upscale.1"].replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
    for words in ("-s, --scale ", "-m, --model ", "--skip-existing\n", "-h", "INPUT..."):
        assert words in text
    quality = text.split("--quality ")[1].split(".TP")[0]
    assert "Range: 1 to 100." in quality
    assert "default: a JPEG's own" in quality
    assert "`" not in text


def test_the_main_page_lists_every_exit_code(made):
    codes = made["srcnn.1"].split(".SH EXIT STATUS")[1]
    assert set(re.findall(r"^\.B (\S+)$", codes, re.MULTILINE)) >= {"0", "1", "2", "5", "70"}


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not here")
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_sound(page):
    done = subprocess.run(
        ["groff", "-man", "-ww", "-z", str(ROOT / "man" / page)],  # noqa: S607
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
