"""`srcnn upscale --raw`: bare frames in, bare frames out, as FFmpeg sends and takes them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from command import command, threads
from srcnn_cli.upscaling.upscaler import Upscaler
from terminal import listing, one_line

FORMATS = {
    "gray": ((), "u1"),
    "gray16le": ((), "<u2"),
    "ya8": ((2,), "u1"),
    "ya16le": ((2,), "<u2"),
    "rgb24": ((3,), "u1"),
    "rgb48le": ((3,), "<u2"),
    "rgba": ((4,), "u1"),
    "rgba64le": ((4,), "<u2"),
}


def frames(pixels="rgb24", count=3, size=(12, 16)):
    channels, sample = FORMATS[pixels]
    top = np.iinfo(sample).max
    random = np.random.default_rng(5).integers(0, top, (count, *size, *channels), endpoint=True)
    return random.astype(sample)


@pytest.mark.parametrize("pixels", FORMATS)
def test_each_frame_is_what_the_library_makes_of_it(run, weights, pixels):
    video = frames(pixels)
    Path("in.raw").write_bytes(video.tobytes())
    code, out, err = run("in.raw", "--raw", "16x12", pixels, "-s", "2", "-o", "out.raw")
    assert (code, err) == (0, "")
    assert f"3 frames of 32×24 {pixels}" in out
    upscaler = Upscaler(weights)
    expected = b"".join(
        upscaler.upscale(frame.astype(frame.dtype.newbyteorder("=")), 2).astype(video.dtype)
        .tobytes() for frame in video
    )  # fmt: skip
    assert Path("out.raw").read_bytes() == expected


def test_a_width_is_met_and_json_counts_the_frames(run):
    Path("in.raw").write_bytes(frames().tobytes())
    code, out, _ = run("in.raw", "--raw", "16x12", "rgb24", "--width", "40", "-o", "o", "--json")
    assert code == 0
    said = json.loads(out)
    assert (said["frames"], said["output_size"]) == (3, [40, 30])
    assert Path("o").stat().st_size == 3 * 40 * 30 * 3


def test_through_pipes_nothing_else_is_on_stdout(work, weights):
    arguments = command("upscale", "--raw", "16x12", "gray", "-", "-s", "2", "-m", weights)
    video = frames("gray")
    ended = subprocess.run(
        arguments, input=video.tobytes(), capture_output=True, env=threads(1), check=False
    )
    assert ended.returncode == 0
    assert len(ended.stdout) == 4 * video.size
    assert ended.stderr.decode().startswith("standard input → standard output  3 frames of 32×24")


def test_frames_come_out_before_the_input_ends(work, weights):
    arguments = command("upscale", "--raw", "16x12", "gray", "-", "-s", "2", "-q", "-m", weights)
    process = subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=threads(1)
    )
    one = frames("gray", 1).tobytes()
    process.stdin.write(one)
    process.stdin.flush()
    assert len(process.stdout.read(4 * len(one))) == 4 * len(one)
    process.stdin.close()
    process.stdout.close()
    assert process.wait() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
def test_a_reader_that_goes_away_ends_it_though_more_would_come(work, weights):
    receiving, sending = os.pipe()
    os.close(receiving)
    arguments = command("upscale", "--raw", "16x12", "gray", "-", "-s", "2", "-m", weights)
    process = subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=sending, stderr=subprocess.PIPE, env=threads(1)
    )
    os.close(sending)
    process.stdin.write(frames("gray", 3).tobytes())
    process.stdin.flush()  # and stays open
    assert process.wait() == 141
    assert process.stderr.read() == b""
    process.stdin.close()
    process.stderr.close()


@pytest.mark.parametrize("count", [0, 1.5])
def test_an_input_that_ends_within_a_frame_is_code_3_and_leaves_no_file(run, count):
    data = frames(count=2).tobytes()
    Path("in.raw").write_bytes(data[: int(count * len(data) / 2)])
    code, _, err = run("in.raw", "--raw", "16x12", "rgb24", "-s", "2", "-o", "out.raw")
    assert code == 3
    assert "in.raw" in one_line(err)
    assert listing(".") == ["in.raw"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("in.raw", "--raw", "16", "rgb24"), 2),
        (("in.raw", "--raw", "0x12", "rgb24"), 2),
        (("in.raw", "--raw", "16x12", "yuv420p"), 2),
        (("in.raw", "in.raw", "--raw", "16x12", "rgb24"), 2),
        (("in.raw", "--raw", "16x12", "rgb24", "--max-pixels", "99"), 2),
        (("none.raw", "--raw", "16x12", "rgb24"), 3),
        (("in.raw", "--raw", "16x12", "rgb24", "-o", "there.raw"), 4),
        (("in.raw", "--raw", "16x12", "rgb24", "-o", "nowhere/out.raw"), 4),
    ],
)
def test_what_cannot_be_is_one_line_with_its_code(run, arguments, code):
    Path("in.raw").write_bytes(frames().tobytes())
    Path("there.raw").write_bytes(b"precious")
    ended, _, err = run("-o", "out.raw", *arguments)
    assert ended == code
    one_line(err)
    assert Path("there.raw").read_bytes() == b"precious"
    assert listing(".") == ["in.raw", "there.raw"]
