"""The command as a whole: what it prints at once, and what it does not import for that."""

import io
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
from PIL import Image

from srcnn_cli import __version__
from srcnn_cli.cli import main
from srcnn_cli.config import BORDER_POLICIES

HEAVY = {"torch", "cv2", "skimage", "scipy", "PIL", "numpy"}


def imported(*arguments):
    """The heavy modules in sys.modules after `srcnn <arguments>` in a fresh process."""
    script = (
        "import sys, srcnn_cli.cli as c\n"
        "try: c.main(sys.argv[1:])\n"
        "except SystemExit as e: code = e.code\n"
        f"print('|'.join(sorted(set(sys.modules) & {HEAVY!r})), code, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    names, code = done.stderr.splitlines()[-1].rsplit(" ", 1)
    return set(filter(None, names.split("|"))), int(code), done.stdout


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    output = capsys.readouterr()
    return ended.value.code, output.out, output.err


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["upscale", "--help"]])
def test_help_and_version_import_nothing_heavy(arguments):
    modules, code, out = imported(*arguments)
    assert code == 0
    assert out.strip()
    assert modules == set()


def test_listing_models_needs_no_torch():
    modules, code, _ = imported("models")
    assert code == 0
    assert modules <= {"numpy"}


def test_a_missing_file_is_reported_without_waiting_for_torch():
    modules, code, _ = imported("upscale", "no-such-file.png")
    assert code == 3
    assert "torch" not in modules


def test_a_picture_is_enlarged_on_the_cpu_without_importing_torch(tmp_path):
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    Image.new("RGB", (9, 7), (200, 30, 60)).save(source)
    modules, code, _ = imported("upscale", str(source), "-o", str(target), "--device", "cpu")
    assert code == 0
    assert "torch" not in modules
    with Image.open(target) as enlarged:
        assert enlarged.size == (27, 21)


def test_the_version_is_printed(capsys):
    assert call(capsys, "--version") == (0, f"srcnn {__version__}\n", "")


def test_help_names_every_command_and_the_exit_codes(capsys):
    code, out, _ = call(capsys, "--help")
    assert code == 0
    for word in ("upscale", "models", "train", "Exit codes"):
        assert word in out


@pytest.mark.parametrize(
    "arguments", [["upscal"], ["upscale"], ["upscale", "--nonsense"], ["--nonsense"]]
)
def test_a_mistake_on_the_command_line_is_one_line_and_code_2(capsys, arguments):
    code, _, err = call(capsys, *arguments)
    assert code == 2
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "--help" in err


def test_models_lists_every_shipped_file_with_its_facts(capsys):
    code, out, _ = call(capsys, "models")
    assert code == 0
    for scale in (2, 3, 4):
        assert f"srcnn-9-1-5-x{scale}" in out
    assert "8,129" in out


def test_models_as_json_holds_measured_figures(capsys):
    code, out, _ = call(capsys, "models", "--json")
    assert code == 0
    models = json.loads(out)
    assert [m["scales"] for m in models if m["family"] == "srcnn-9-1-5"] == [[2], [3], [4]]
    for model in models:
        assert [int(scale) for scale in model["figures"]] == model["scales"]
        for figures in model["figures"].values():
            assert {"Set5", "Set14"} <= set(figures["psnr"])
        assert len(model["sha256"]) == 64
        assert model["border"] in BORDER_POLICIES


def test_debug_shows_the_traceback(capsys, monkeypatch):
    monkeypatch.setenv("SRCNN_DEBUG", "")
    _, _, err = call(capsys, "--debug", "upscale", "no-such-file.png")
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("error: ")


def test_a_progress_bar_appears_after_its_time_and_leaves_nothing(monkeypatch):
    from rich.console import Console

    from srcnn_cli.cli import _console

    now = [100.0]
    stderr = io.StringIO()
    stderr.isatty = lambda: True
    monkeypatch.setattr(_console, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(_console, "sys", SimpleNamespace(stderr=stderr))
    monkeypatch.setattr(_console, "err", Console(file=stderr, force_terminal=True, width=80))
    with _console.progress_bar("upscaling", after=1.0) as bar:
        task = bar.add_task("", total=4)
        bar.start()
        bar.update(task, completed=1)
        assert stderr.getvalue() == ""
        now[0] = 101.0
        bar.start()
        bar.update(task, completed=3)
        bar.refresh()
        assert "upscaling" in stderr.getvalue()
        assert "75%" in stderr.getvalue()
    assert stderr.getvalue().endswith("\x1b[2K")  # the line is erased
