"""The command as a whole: what it prints at once, and what it does not import for that."""

import io
import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from PIL import Image

from command import command
from srcnn_cli import __version__
from srcnn_cli.cli import _console, _progress, _terminal
from srcnn_cli.models.config import BORDER_POLICIES
from terminal import one_line

HEAVY = {"torch", "cv2", "skimage", "scipy", "PIL", "numpy", "pydantic"}
HEAVY |= {"tifffile", "imagecodecs", "simplejpeg"}  # for some formats of pictures only

# What of ours a small picture takes: an opaque PNG that says no more than its resolution.
FOR_A_PLAIN_PNG = {
    "pictures": "decoding encoders formats metadata picture png quiet reading subsampling writing",
    "imaging": "axis channels color levels planes regions resize rounding",
    "upscaling": "enlarging jobs one_file opening quality restoring run sizes stages task "
    "upscaled upscaler",
    "methods": "base interpolation network networks onnx_file selection",
    "engines": "border_strips by_edges devices onnx_engine selection tiling",
}


def imported(*arguments):
    """The heavy modules in sys.modules after `srcnn <arguments>` in a fresh process."""
    modules, code, out = all_imported(*arguments)
    return modules & (HEAVY | {"rich"}), code, out


def all_imported(*arguments):
    """All modules in sys.modules after `srcnn <arguments>` in a fresh process."""
    script = (
        "import sys, srcnn_cli.cli as c\n"
        "try: c.main(sys.argv[1:])\n"
        "except SystemExit as e: code = e.code\n"
        "print('|'.join(sys.modules), code, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    names, code = done.stderr.splitlines()[-1].rsplit(" ", 1)
    return set(names.split("|")), int(code), done.stdout


COMMANDS = ["upscale", "models", "train", "import", "bench", "compare"]


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], *([command, "--help"] for command in COMMANDS)]
)
def test_help_and_version_import_nothing_heavy(arguments):
    modules, code, out = imported(*arguments)
    assert code == 0
    assert out.strip()
    assert modules <= {"rich"}


def test_listing_models_needs_no_torch():
    modules, code, _ = imported("models")
    assert code == 0
    assert modules <= {"numpy", "rich"}


def test_a_missing_file_is_reported_without_waiting_for_torch():
    modules, code, _ = imported("upscale", "no-such-file.png")
    assert code == 3
    assert "torch" not in modules


def test_a_picture_is_enlarged_on_the_cpu_without_importing_torch_or_rich(tmp_path):
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    Image.new("RGB", (9, 7), (200, 30, 60)).save(source)
    modules, code, _ = imported("upscale", str(source), "-o", str(target), "--device", "cpu")
    assert code == 0
    assert modules == {"PIL", "numpy"}
    with Image.open(target) as enlarged:
        assert enlarged.size == (27, 21)


def test_a_plain_png_takes_no_module_for_other_formats_for_tags_or_for_transparency(tmp_path):
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    Image.new("RGB", (9, 7), (200, 30, 60)).save(source, dpi=(72, 72))
    modules, code, _ = all_imported("upscale", str(source), "-o", str(target), "--device", "cpu")
    assert code == 0
    ours = [name.split(".") for name in modules if name.startswith("srcnn_cli.")]
    parts = {part for _, part, *_ in ours}
    assert parts == {
        "cli",
        "errors",
        "files",
        "models",
        "process",
        "remote",
        "streams",
        "forks",
        "cores",
        "threads",
        *FOR_A_PLAIN_PNG,
    }
    for part, names in FOR_A_PLAIN_PNG.items():
        found = {".".join(below) for _, of, *below in ours if of == part and below}
        assert found == set(names.split())
    assert ["srcnn_cli", "models", "foreign"] not in ours
    with Image.open(target) as enlarged:
        assert enlarged.info["dpi"] == pytest.approx((72, 72), abs=0.02)


def test_the_version_is_printed(srcnn):
    assert srcnn("--version") == (0, f"srcnn {__version__}\n", "")


def test_help_names_every_command_and_the_exit_codes(srcnn):
    code, out, _ = srcnn("--help")
    assert code == 0
    for word in ("upscale", "models", "train", "Exit codes"):
        assert word in out


@pytest.mark.parametrize(
    "arguments", [["upscal"], ["upscale"], ["upscale", "--nonsense"], ["--nonsense"]]
)
def test_a_mistake_on_the_command_line_is_one_line_and_code_2(srcnn, arguments):
    code, _, err = srcnn(*arguments)
    assert code == 2
    assert "--help" in one_line(err)


def test_models_lists_every_shipped_file_with_its_facts(srcnn):
    code, out, _ = srcnn("models")
    assert code == 0
    for scale in (2, 3, 4):
        assert f"srcnn-9-1-5-x{scale}" in out
    assert "8,129" in out


def test_models_as_json_holds_measured_figures(srcnn):
    code, out, _ = srcnn("models", "--json")
    assert code == 0
    models = json.loads(out)
    assert [m["scales"] for m in models if m["family"] == "srcnn-9-1-5"] == [[2], [3], [4]]
    for model in models:
        assert [int(scale) for scale in model["figures"]] == model["scales"]
        for figures in model["figures"].values():
            assert {"Set5", "Set14"} <= set(figures["psnr"])
        assert len(model["sha256"]) == 64
        # Dictionaries have none: beyond the border they see the picture mirrored.
        dictionary = model["family"] in {"a-plus", "anr"}
        assert model["border"] in ([None] if dictionary else BORDER_POLICIES)


def test_debug_shows_the_traceback(srcnn, monkeypatch):
    monkeypatch.setenv("SRCNN_DEBUG", "")
    _, _, err = srcnn("--debug", "upscale", "no-such-file.png")
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("error: ")


class Screen(io.StringIO):
    """A terminal that keeps all that is written to it."""

    def isatty(self):
        """What programs ask before they draw."""
        return True

    def lines(self):
        """What stands there in the end: the last thing written into each line."""
        rows, row = [""], 0
        for part in re.split(r"(\n|\r|\x1b\[[0-9;?]*[A-Za-z])", self.getvalue()):
            if part == "\n":
                row += 1
                rows += [""] * (row == len(rows))
            elif part == "\x1b[1A":
                row -= 1
            elif part == "\x1b[2K":
                rows[row] = ""
            elif part != "\r" and not part.startswith("\x1b"):
                rows[row] += part
        return [line.strip() for line in rows if line.strip()]


@pytest.fixture
def open_screen(monkeypatch):
    """Make stdout and stderr one terminal of 80 columns: to be called in the test itself."""

    def call():
        screen = Screen()
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setattr(sys, "stdout", screen)
        monkeypatch.setattr(sys, "stderr", screen)
        return screen

    return call


def test_a_progress_bar_appears_after_its_time_and_leaves_nothing(open_screen, monkeypatch):
    screen = open_screen()
    now = [100.0]
    monkeypatch.setattr(_progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    with _progress.ProgressBar("upscaling", 4, after=1.0) as bar:
        bar.update(1)
        assert screen.getvalue() == ""
        now[0] = 101.0
        bar.update(2)
        bar.advance()
        bar._rich.refresh()
        assert "upscaling" in screen.lines()[0]
        assert "75%" in screen.lines()[0]
    assert screen.lines() == []


@pytest.mark.parametrize("total", [5, None])
def test_results_stand_on_lines_of_their_own_while_a_bar_is_shown(open_screen, total):
    screen = open_screen()
    with _progress.ProgressBar("upscaling", total) as bar:
        bar.update(1, "well")
        _terminal.say("a.png done")
        _terminal.warn("b.png", "odd")
        _console.out.print("c.png", "done")
        assert screen.lines()[:3] == ["a.png done", "warning: b.png: odd", "c.png done"]
        bar._rich.refresh()
        assert screen.lines()[3].startswith("upscaling")
        assert len(screen.lines()) == 4
    assert screen.lines() == ["a.png done", "warning: b.png: odd", "c.png done"]


def test_results_go_to_stdout_where_that_is_a_file_while_a_bar_is_shown(open_screen, monkeypatch):
    screen = open_screen()
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with _progress.ProgressBar("upscaling", 2):
        _terminal.say("a.png done")
    assert sys.stdout.getvalue() == "a.png done\n"
    assert screen.lines() == []


def test_no_bar_is_drawn_where_stderr_is_no_terminal(capsys):
    with _progress.ProgressBar("upscaling", 2) as bar:
        bar.update(1)
        bar.advance()
    assert capsys.readouterr() == ("", "")


def test_warnings_are_yellow_on_a_terminal_unless_colours_are_unwanted(open_screen, monkeypatch):
    screen = open_screen()
    _terminal.warn("a.png", "odd")
    monkeypatch.setenv("NO_COLOR", "1")
    _terminal.warn("b.png", "odd")
    first, second = screen.getvalue().splitlines()
    assert first.replace("\x1b[33m", "<").replace("\x1b[0m", ">") == "<warning: a.png: odd>"
    assert second == "warning: b.png: odd"


def test_a_name_that_the_terminal_cannot_show_is_written_with_escapes(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    _terminal.say("f\xfcr.png → x")
    assert stream.buffer.getvalue() == rb"f\xfcr.png \u2192 x" + b"\n"


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_peak_memory_is_that_of_this_process_not_of_the_one_that_started_it():
    held = bytearray(500_000_000)
    held[::4096] = b"x" * len(held[::4096])
    script = "from srcnn_cli.process import peak_memory_mb as p; print(p())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert 5 < float(done.stdout) < 300


def test_only_the_subcommand_that_is_asked_for_is_imported():
    script = (
        "import sys, srcnn_cli.cli as c\n"
        "try: c.main(['models', '--json'])\n"
        "except SystemExit: pass\n"
        "names = [n for n in sys.modules if n.startswith('srcnn_cli.cli.')]\n"
        "commands = [n for n in names if not n.startswith('srcnn_cli.cli._')]\n"
        "print(*commands, 'rich' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr.split() == ["srcnn_cli.cli.models", "False"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_goes_away_ends_the_command_without_a_word(options):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command("models", *options),
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
