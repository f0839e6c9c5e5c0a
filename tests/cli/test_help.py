"""What `--help` says: whole sentences, in columns that leave room for them."""

import re

import pytest
from typer.main import get_command

from srcnn_cli.cli import make_app

COMMANDS = ["upscale", "models", "train", "import", "export", "bench", "compare"]


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
def test_at_80_columns_the_sentences_have_room(srcnn, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = srcnn(command, "--help")
    assert code == 0
    lines = [line for line in out.splitlines() if re.match(r"│ [ *] ? ?--|│ --", line)]
    assert lines
    assert max(map(len, lines)) <= 80
    for line in lines:
        # The last column begins after the last gap of two spaces or more.
        begins = max(gap.end() for gap in re.finditer(r"\s{2,}(?=\S+ \S|\S+$)", line.rstrip("│ ")))
        assert begins <= 50, line


def test_alone_it_shows_its_help_and_no_error(srcnn):
    code, out, err = srcnn()
    assert code == 2
    assert "Usage:" in out + err
    assert "error:" not in out + err


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_has_a_short_name_too(srcnn, option):
    code, out, _ = srcnn(option)
    assert (code, out.split()[0]) == (0, "srcnn")
