"""`srcnn upscale` with a size instead of a factor, and what it says of itself in a batch."""

import os
from pathlib import Path

import pytest

from sample_pictures import noise, opened
from srcnn_cli.cli import _terminal
from terminal import listing, one_line


@pytest.mark.parametrize(
    ("options", "name", "size"),
    [
        (("--width", "47"), "in_w47.png", (47, 33)),
        (("--height", "40"), "in_h40.png", (57, 40)),
        (("--width", "47", "--height", "40"), "in_w47h40.png", (47, 33)),
        (("--width", "90", "--height", "40"), "in_w90h40.png", (57, 40)),
        (("--max-side", "50"), "in_x3.png", (50, 35)),
        (("--max-side", "500"), "in_x3.png", (60, 42)),
        (("-s", "2", "--max-side", "30"), "in_x2.png", (30, 21)),
    ],
)
def test_a_side_is_met_exactly_and_a_limit_kept(run, options, name, size):
    noise("in.png", (20, 14))
    assert run("in.png", *options)[0] == 0
    assert listing(".") == ["in.png", name] if name > "in.png" else [name, "in.png"]
    assert opened(name).size == size


@pytest.mark.parametrize("most", [281, 300, 500, 777, 1000, 2519])
def test_no_result_has_more_pixels_than_allowed(run, most):
    noise("in.png", (20, 14))
    assert run("in.png", "--max-pixels-out", most)[0] == 0
    width, height = opened("in_x3.png").size
    assert width * height <= most
    assert abs(height / width - 14 / 20) < 1.5 / width


def test_a_picture_at_the_limit_already_keeps_its_size_and_says_so(run):
    noise("in.png", (20, 14))
    code, _, err = run("in.png", "--max-side", "10")
    assert code == 0
    assert "keeps its size" in err
    assert opened("in_x3.png").size == (20, 14)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--width", "10"), 3),
        (("--width", "2000"), 3),
        (("--width", "40", "-s", "2"), 2),
        (("--height", "0"), 2),
    ],
)
def test_a_size_that_cannot_be_is_refused(run, options, code):
    noise("in.png", (20, 14))
    ended, _, err = run("in.png", *options)
    assert ended == code
    one_line(err)
    assert listing(".") == ["in.png"]


def test_a_template_can_hold_the_size(run):
    noise("in.png", (20, 14))
    assert run("in.png", "--width", "40", "-o", "{stem}-{size}{ext}")[0] == 0
    assert listing(".") == ["in-w40.png", "in.png"]


def test_a_pattern_is_filled_where_the_shell_did_not(run):
    for name in ("a.png", "b.png", "c.bmp"):
        noise(name)
    assert run("*.png", "-s", "2", "-o", "out")[0] == 0
    assert listing("out") == ["a_x2.png", "b_x2.png"]


def test_a_file_with_a_pattern_for_a_name_is_that_file(run):
    noise("[ab].png")
    noise("a.png", seed=1)
    assert run("[ab].png", "-s", "2", "-o", "out")[0] == 0
    assert listing("out") == ["[ab]_x2.png"]


def test_a_pattern_that_nothing_matches_is_code_3(run):
    code, _, err = run("*.png")
    assert code == 3
    assert "no such file" in one_line(err)


def test_a_second_run_over_a_folder_leaves_the_results_of_the_first(run):
    noise("in/a.png")
    noise("in/b_x2.png", seed=1)  # of no picture that is there
    assert run("in", "-s", "2")[0] == 0
    code, _, err = run("in", "-s", "3")
    assert code == 0
    assert listing("in") == [
        "a.png", "a_x2.png", "a_x3.png", "b_x2.png", "b_x2_x2.png", "b_x2_x3.png"
    ]  # fmt: skip
    assert "2 not taken" in err
    assert "a_x2.png" in err


def test_files_that_are_not_taken_are_named(run):
    noise("in/a.png")
    noise("in/b.png", seed=1)
    for number in range(5):
        Path(f"in/notes{number}.txt").write_text("words", encoding="utf-8")
    err = run("in", "-o", "out", "-s", "2")[2]
    assert "5 not taken (notes0.txt, notes1.txt, notes2.txt and 2 more)" in err
    err = run("in", "-o", "out", "-s", "2", "--dry-run")[2]
    assert err.count("not taken: ") == 5
    assert f"in{os.sep}notes4.txt (is not a picture)" in err


@pytest.mark.parametrize("folder", [".", "a folder with a long name/and another one below it"])
@pytest.mark.parametrize("stem", ["a", "a rather long name of a photograph", "endless " * 14])
def test_a_line_fits_into_a_narrow_terminal(run, monkeypatch, folder, stem):
    noise(f"{folder}/{stem}.png")
    monkeypatch.setattr(_terminal, "width_of_lines", lambda **_: 60)
    code, out, _ = run(f"{folder}/{stem}.png", "-s", "2")
    assert code == 0
    (line,) = out.splitlines()
    assert len(line) <= 60
    assert "_x2.png  40×28  " in line


def test_a_log_file_keeps_what_is_said_and_is_added_to(run):
    noise("in/a.png")
    Path("in/b.png").write_bytes(b"broken")
    assert run("in", "-o", "out", "-s", "2", "--log-file", "log.txt", "--quiet")[0] == 1
    first = Path("log.txt").read_text(encoding="utf-8")
    assert "a_x2.png  40×28" in first
    assert "error: in" in first
    run("in/b.png", "--log-file", "log.txt")
    assert Path("log.txt").read_text(encoding="utf-8").startswith(first)
    assert Path("log.txt").read_text(encoding="utf-8").count("error: ") == 2


def test_a_log_file_that_cannot_be_opened_is_code_4(run):
    noise("in.png")
    code, _, err = run("in.png", "--log-file", "nowhere/log.txt")
    assert code == 4
    assert "nowhere" in one_line(err)
