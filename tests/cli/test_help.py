"""What `--help` says: whole sentences, in columns that leave room for them."""

import re

import pytest
from typer.main import get_command

from srcnn_cli.cli import make_app

COMMANDS = ["upscale", "models", "train", "import", "export", "bench", "compare", "reproduce"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_and_argument_is_explained_in_a_sentence(command):
    found = get_command(make_app([command])).get_command(None, command)
    assert found.help.split("\n\n")[0].endswith(".")
    for parameter in found.params:
        assert parameter.help[0].isupper() or parameter.help.startswith("."), parameter.name
        assert parameter.help.rstrip(")").endswith("."), parameter.name
        assert not parameter.help.startswith("Of "), parameter.name
        assert "{choices}" not in parameter.help, parameter.name


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("columns", [80, 140])
def test_it_fits_the_terminal_with_the_sentences_in_one_column(
    srcnn, monkeypatch, command, columns
):
    monkeypatch.setenv("COLUMNS", str(columns))
    code, out, err = srcnn(command, "--help")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith(f"Usage: srcnn {command} [OPTIONS]")
    assert max(map(len, lines)) <= columns
    options = [line for line in lines if re.match(r"  (-\w, |    )--", line)]
    assert options
    for line in options:  # names too long for their column have the sentence below them
        alone = re.fullmatch(r"  (-\w, |    )--\S+( \S+)?", line)
        assert alone or line[25] == " " != line[26], line


@pytest.mark.parametrize("command", COMMANDS)
def test_it_fits_into_60_lines_and_ends_with_examples(srcnn, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = srcnn(command, "--help")
    lines = out.splitlines()
    assert len(lines) < 60
    examples = lines[lines.index("Examples") + 1 :]
    assert examples
    assert all(f"srcnn {command}" in line for line in examples)


def test_what_a_panel_only_names_the_command_explains(srcnn, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = srcnn("train", "--help")
    assert "  --steps N, --epochs NUMBER, " in out
    code, told, _ = srcnn("train", "--recipes")
    assert code == 0
    assert max(map(len, told.splitlines())) <= 80
    assert "      --patch N           Side of a sub-image in pixels.\n" in told


def test_that_of_upscale_has_panels(srcnn, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = srcnn("upscale", "--help")
    lines = out.splitlines()
    titles = [line for line in lines if line and not line.startswith((" ", "Usage"))]
    assert {"Files", "Size", "Computing", "Reading", "Writing", "Examples"} <= set(titles)
    assert sum("srcnn upscale" in line for line in lines) >= 4


def test_the_help_of_a_command_shows_its_defaults(srcnn):
    _, out, _ = srcnn("upscale", "--help")
    text = " ".join(out.split())
    assert "1 to 16 (default: 3)" in text
    assert "(default: subpixel-s)" in text
    assert text.count("(default: auto)") >= 2


def test_alone_it_shows_its_help_and_no_error(srcnn):
    code, out, err = srcnn()
    assert code == 2
    assert "Usage:" in out + err
    assert "error:" not in out + err


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_has_a_short_name_too(srcnn, option):
    code, out, _ = srcnn(option)
    assert (code, out.split()[0]) == (0, "srcnn")
