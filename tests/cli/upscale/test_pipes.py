"""`srcnn upscale` in a pipe: a picture in on stdin, a picture out on stdout, and nothing else."""

import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from command import command, threads
from picture_files import tiff
from sample_pictures import noise, opened, random_pixels
from terminal import listing, one_line

unix = pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")


class Standard(io.TextIOWrapper):
    """A stream of the process that holds bytes, or that a person sits at."""

    def __init__(self, content=b"", *, terminal=False):
        super().__init__(io.BytesIO(content), encoding="utf-8")
        self.terminal = terminal

    def isatty(self):
        """Whether a person sits at it."""
        return self.terminal


@pytest.fixture
def pipe(monkeypatch, capsysbinary, work, weights):
    """Run `<content> | srcnn upscale ...`: (exit code, bytes on stdout, text on stderr)."""
    from srcnn_cli.cli import main

    def call(content, *arguments):
        monkeypatch.setattr(sys, "stdin", Standard(content))
        with pytest.raises(SystemExit) as ended:
            main(["upscale", *map(str, arguments), "--model", weights])
        output = capsysbinary.readouterr()
        return ended.value.code, output.out, output.err.decode()

    return call


def encoded(kind, shape=(14, 20, 3)):
    stream = io.BytesIO()
    Image.fromarray(random_pixels(shape)).save(stream, kind)
    return stream.getvalue()


def shown(data):
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image


@pytest.mark.parametrize(
    ("kind", "wanted", "given"),
    [
        ("png", "png", "PNG"),
        ("png", "jpeg", "JPEG"),
        ("jpeg", None, "JPEG"),
        ("webp", None, "WEBP"),
        ("tiff", None, "TIFF"),
        ("bmp", None, "BMP"),
        ("ppm", None, "PPM"),
        ("gif", None, "PNG"),
        ("png", "tiff", "TIFF"),
        ("png", "ppm", "PPM"),
    ],
)
def test_stdin_becomes_stdout_in_the_format_asked_for_or_its_own(pipe, kind, wanted, given):
    options = ["--format", wanted] if wanted else []
    code, out, err = pipe(encoded(kind), "-", "-o", "-", "-s", "2", *options)
    assert code == 0
    image = shown(out)
    assert image.format == given
    assert image.size == (40, 28)
    assert err.startswith("standard input → standard output  40×28")
    assert err.count("\n") == 1
    assert listing(".") == []


def test_without_an_output_what_comes_from_stdin_goes_to_stdout(pipe):
    code, out, _ = pipe(encoded("png"), "-", "-s", "2")
    assert code == 0
    assert shown(out).size == (40, 28)


def test_a_pipe_gives_the_bytes_that_a_file_gets(pipe):
    data = encoded("png")
    Path("in.png").write_bytes(data)
    assert pipe(b"", "in.png", "-o", "out.png", "-s", "2")[0] == 0
    assert pipe(data, "-", "-s", "2")[1] == Path("out.png").read_bytes()


def test_sixteen_bits_stay_sixteen(pipe):
    deep = np.random.default_rng(1).integers(0, 65_536, (9, 11), np.uint16)
    for kind in ("tiff", "png"):
        code, out, _ = pipe(tiff(deep), "-", "-s", "1", "-f", kind)
        assert code == 0
        assert np.array_equal(np.asarray(shown(out)), deep)


def test_stdin_into_a_file_and_a_file_onto_stdout(pipe):
    assert pipe(encoded("png"), "-", "-o", "out.webp", "-s", "2")[0] == 0
    assert opened("out.webp").format == "WEBP"
    noise("in.bmp")
    code, out, _ = pipe(b"", "in.bmp", "-o", "-", "-s", "2")
    assert code == 0
    assert shown(out).format == "BMP"


def test_stdin_beside_files_gets_a_name_of_its_own_in_the_folder(pipe):
    noise("a.png")
    assert pipe(encoded("png"), "-", "a.png", "-o", "out", "-s", "2")[0] == 0
    assert listing("out") == ["a_x2.png", "stdin_x2.png"]
    code, _, err = pipe(encoded("png"), "-", "a.png", "-s", "2")
    assert code == 2
    one_line(err)


def test_several_pictures_do_not_fit_onto_stdout(pipe):
    noise("a.png")
    noise("b.png", seed=1)
    code, out, err = pipe(b"", "a.png", "b.png", "-o", "-")
    assert (code, out) == (2, b"")
    assert "standard output" in one_line(err)


@pytest.mark.parametrize("content", [b"", b"words, not pixels", encoded("png")[:200]])
def test_what_is_no_picture_is_code_3_and_stdout_stays_empty(pipe, content):
    code, out, err = pipe(content, "-")
    assert (code, out) == (3, b"")
    assert one_line(err).startswith("error: standard input: ")


def test_transparency_that_a_format_does_not_hold_is_refused_by_name(pipe):
    code, out, err = pipe(encoded("png", (9, 9, 4)), "-", "-f", "jpeg")
    assert (code, out) == (4, b"")
    assert one_line(err).startswith("error: standard output: ")


def test_json_leaves_stdout_to_the_picture(pipe):
    code, out, err = pipe(encoded("png"), "-", "-s", "2", "--json")
    assert code == 0
    assert shown(out).size == (40, 28)
    result = json.loads(err)
    assert (result["input"], result["output"]) == ("-", "-")


def test_quiet_says_nothing_at_all(pipe):
    assert pipe(encoded("png"), "-", "-s", "2", "--quiet")[2] == ""


def test_terminals_are_refused_at_both_ends(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Standard(terminal=True))
    code, _, err = run("-", "-o", "out.png")
    assert code == 2
    assert "terminal" in one_line(err)
    noise("in.png")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    code, _, err = run("in.png", "-o", "-")
    assert code == 2
    assert "terminal" in one_line(err)


def test_a_file_called_dash_is_named_with_its_folder(pipe):
    noise("x.png").rename("-")
    code, _, _ = pipe(b"", "./-", "-o", "out.png", "-s", "2")
    assert (code, opened("out.png").size) == (0, (40, 28))
    assert pipe(b"", "./-", "-o", "out.png")[0] == 4  # which exists


@unix
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1"])
def test_stdout_by_its_other_names_is_appended_to(work, weights, name):
    noise("in.png")
    arguments = command("upscale", "in.png", "-o", name, "-s", "2", "-m", weights)
    with Path("both").open("wb") as both:
        both.write(b"before")
        both.flush()
        ended = subprocess.run(arguments, stdout=both, env=threads(1), check=False)
    assert ended.returncode == 0
    data = Path("both").read_bytes()
    assert data.startswith(b"before\x89PNG")
    assert shown(data[6:]).size == (40, 28)


@unix
@pytest.mark.parametrize("name", ["fifo", "fifo.jpg"])
def test_a_named_pipe_is_written_to_and_stays_one(run, name):
    noise("in.png")
    os.mkfifo(name)
    received = []
    reader = threading.Thread(target=lambda: received.append(Path(name).read_bytes()), daemon=True)
    reader.start()
    assert run("in.png", "-o", name, "-s", "2")[0] == 0
    reader.join()
    assert shown(received[0]).format == ("JPEG" if name.endswith("jpg") else "PNG")
    assert Path(name).is_fifo()
    assert listing(".") == [name, "in.png"]


@unix
def test_a_device_is_written_to_and_not_replaced(run):
    noise("in.png")
    assert run("in.png", "-o", "/dev/null", "-s", "2", "--overwrite")[0] == 0
    assert Path("/dev/null").is_char_device()


@unix
def test_a_full_device_is_code_4(work, weights):
    noise("in.png")
    arguments = command("upscale", "in.png", "-o", "-", "-s", "2", "-m", weights)
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            arguments, stdout=full, stderr=subprocess.PIPE, env=threads(1), check=False
        )
    assert ended.returncode == 4
    assert one_line(ended.stderr.decode()).startswith("error: standard output: cannot be written")


@unix
def test_a_reader_that_goes_away_ends_it_without_a_word(work, weights):
    noise("in.png", (60, 60))
    receiving, sending = os.pipe()
    os.close(receiving)
    arguments = command("upscale", "in.png", "-o", "-", "-s", "2", "-m", weights)
    ended = subprocess.run(
        arguments, stdout=sending, stderr=subprocess.PIPE, env=threads(1), check=False
    )
    os.close(sending)
    assert ended.returncode == 141
    assert ended.stderr == b""


@pytest.mark.parametrize(("name", "wanted"), [("out.jpg", "png"), ("out.png", "tiff")])
def test_a_format_that_the_name_denies_is_a_mistake(run, name, wanted):
    noise("in.png")
    code, _, err = run("in.png", "-o", name, "--format", wanted)
    assert code == 2
    assert "--format" in one_line(err)


def test_a_format_changes_the_names_of_a_batch(run):
    for name in ("a.png", "b.jpeg", "c.gif"):
        noise(f"in/{name}")
    assert run("in", "-o", "out", "-s", "2", "--format", "jpeg")[0] == 0
    assert listing("out") == ["a_x2.jpg", "b_x2.jpeg", "c_x2.jpg"]
