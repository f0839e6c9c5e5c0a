"""`srcnn upscale` with lists of files: which become what, and which are passed over."""

import json
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from picture_files import tiff
from sample_pictures import noise
from srcnn_cli.cli import main
from srcnn_cli.files import remove_abandoned, write_atomically
from srcnn_cli.upscaling.jobs import plan_jobs
from terminal import listing, one_line


@pytest.fixture
def run(capsys, monkeypatch, tmp_path, tiny_weights):
    """Run `srcnn upscale ... --model <tiny>` in tmp_path / work: (exit code, stdout, stderr)."""
    weights = str(tiny_weights())
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["upscale", *map(str, arguments), "--model", weights])
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return call


def picture(path, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.mark.parametrize("arguments", [("",), ("a.png", ""), ("a.png", "-o", "")])
@pytest.mark.fault("an empty name (an unset variable)", "refused", 2)
def test_an_empty_name_is_a_mistake_not_the_current_folder(run, arguments):
    picture("a.png")
    code, _, err = run(*arguments)
    assert code == 2
    assert "empty" in one_line(err)
    assert listing(".") == ["a.png"]


def test_a_template_fills_the_folders_too(run):
    picture("a.png")
    picture("b.png", 1)
    assert run("a.png", "b.png", "-s", "2", "-o", "{stem}/{scale}{ext}")[0] == 0
    assert Path("a/2.png").exists()
    assert Path("b/2.png").exists()


def test_a_folder_whose_name_looks_like_a_template_is_a_folder(run):
    picture("a.png")
    Path("{stem}").mkdir()
    assert run("a.png", "-s", "2", "-o", "{stem}/out.png")[0] == 0
    assert Path("{stem}/out.png").exists()


@pytest.mark.fault("own results among the inputs", "passed over", 0)
def test_own_results_in_a_list_are_not_enlarged_again(run):
    picture("a.png")
    for _ in range(3):
        assert run(*sorted(Path().glob("*.png")), "-s", "2", "--skip-existing")[0] == 0
    assert listing(".") == ["a.png", "a_x2.png"]


@pytest.mark.fault("`a.png` and `a.gif` in one run", "`a_x2.png` and `a.gif_x2.png`", 0)
def test_pictures_that_differ_by_their_extension_get_names_of_their_own(run):
    for name in ("a.png", "a.gif", "a.tga", "b.gif"):
        picture(f"in/{name}")
    assert run("in", "-s", "2", "-o", "out")[0] == 0
    assert listing("out") == ["a.gif_x2.png", "a.tga_x2.png", "a_x2.png", "b_x2.png"]


def test_without_one_that_keeps_its_format_the_first_gets_the_plain_name(run):
    for name in ("a.gif", "a.tga"):
        picture(f"in/{name}")
    assert run("in", "-s", "2", "-o", "out")[0] == 0
    assert listing("out") == ["a.tga_x2.png", "a_x2.png"]


def test_a_template_can_hold_the_extension_of_the_input(run):
    for name in ("a.png", "a.gif"):
        picture(f"in/{name}")
    code, _, err = run("in", "-s", "2", "-o", "out/{stem}{ext}")
    assert code == 2
    assert "{ext_in}" in one_line(err)
    assert run("in", "-s", "2", "-o", "out/{stem}{ext_in}.png")[0] == 0
    assert listing("out") == ["a.gif.png", "a.png.png"]


def test_planning_many_files_takes_no_more_steps_for_each(monkeypatch, tmp_path):
    names = [tmp_path / f"{number}.png" for number in range(2000)]
    compared = 0
    equal = type(names[0]).__eq__

    def counted(self, other):
        nonlocal compared
        compared += 1
        return equal(self, other)

    monkeypatch.setattr(type(names[0]), "__eq__", counted)
    assert len(plan_jobs(names, None, 2)[0]) == 2000
    assert compared < 20 * len(names)


@pytest.mark.skipif(sys.platform == "win32", reason="names are text there")
@pytest.mark.fault("a name that is not UTF-8, with `--json`", "escaped", 0)
def test_json_is_utf8_whatever_bytes_a_name_holds(run):
    name = os.fsdecode(b"odd\xff.png")
    Path(name).write_bytes(b"")
    code, out, _ = run(name, "--json")
    assert code == 3
    out.encode()  # no stray bytes
    assert os.fsencode(json.loads(out)["input"]) == b"odd\xff.png"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such pipes")
@pytest.mark.parametrize("kind", ["tif", "pgm"])
def test_a_named_pipe_is_read_once(run, kind):
    grey = np.random.default_rng(3).integers(0, 256, (20, 30), np.uint8)
    data = tiff(grey) if kind == "tif" else b"P5 30 20 255\n" + grey.tobytes()
    os.mkfifo(f"pipe.{kind}")
    feeder = threading.Thread(target=lambda: Path(f"pipe.{kind}").write_bytes(data), daemon=True)
    feeder.start()
    assert run(f"pipe.{kind}", "-s", "1", "-o", "out.png")[0] == 0
    with Image.open("out.png") as image:
        assert np.array_equal(np.asarray(image), grey)
    feeder.join()


def test_a_damaged_jpeg_is_code_3_or_taken_with_a_warning_when_that_is_asked_for(run):
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)).save("a.jpg")
    whole = Path("a.jpg").read_bytes()
    Path("a.jpg").write_bytes(whole[: len(whole) // 2] + b"\xff\xd9")
    code, _, err = run("a.jpg", "-s", "2")
    assert code == 3
    assert "--accept-damaged" in one_line(err)
    assert listing(".") == ["a.jpg"]
    code, _, err = run("a.jpg", "-s", "2", "--accept-damaged")
    assert code == 0
    assert err.startswith("warning: a.jpg: it is damaged")
    with Image.open("a_x2.jpg") as image:
        assert image.size == (128, 128)


# Leftovers


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_files_that_a_killed_run_left_are_removed_and_others_not(run):
    old = Path(".srcnn-0123456789abcdef.tmp")
    old.write_bytes(b"half")
    os.utime(old, (time.time() - 60,) * 2)
    for name in (".srcnn-notes.tmp", ".other.tmp"):
        Path(name).write_bytes(b"not ours")
    picture("a.png")
    assert run("a.png", "-s", "2")[0] == 0
    assert not old.exists()
    assert {".srcnn-notes.tmp", ".other.tmp"} < set(listing("."))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_a_file_that_is_being_written_is_no_leftover(tmp_path):
    def write(file):
        (temporary,) = tmp_path.iterdir()
        os.utime(temporary, (time.time() - 60,) * 2)
        assert remove_abandoned(tmp_path) == 0
        file.write(b"whole")

    write_atomically(tmp_path / "x", write)
    assert (tmp_path / "x").read_bytes() == b"whole"


@pytest.mark.parametrize("given", [[], ["-j", "1"], ["--jobs", "3"]])
def test_the_number_of_files_at_a_time_changes_no_result_and_no_order(run, monkeypatch, given):
    from srcnn_cli.upscaling import run as running

    asked = []
    original = running.run_jobs

    def watched(*arguments, at_once=None):
        asked.append(at_once)
        return original(*arguments, at_once=at_once)

    monkeypatch.setattr(running, "run_jobs", watched)
    for number in range(5):
        noise(f"in/{number}.png", seed=number)
    code, out, _ = run("in", "-o", "out", "-s", "2", *given)
    assert code == 0
    assert [line.split(" ")[0] for line in out.splitlines()] == [f"in/{n}.png" for n in range(5)]
    assert asked == [int(given[1]) if given else None]
    alone = run("in/3.png", "-o", "alone.png", "-s", "2")
    assert alone[0] == 0
    assert Path("alone.png").read_bytes() == Path("out/3_x2.png").read_bytes()
