"""What can go wrong with `srcnn upscale`: one line, its exit code, and nothing left behind."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from command import command, threads
from sample_pictures import noise, opened
from srcnn_cli.upscaling.upscaler import Upscaler
from terminal import listing, no_leftovers, one_line


def test_an_existing_file_is_refused_and_kept(run):
    noise("in.png")
    Path("out.png").write_bytes(b"precious")
    code, _, err = run("in.png", "-o", "out.png")
    assert code == 4
    assert "out.png" in one_line(err)
    assert "--overwrite" in err
    assert Path("out.png").read_bytes() == b"precious"
    assert no_leftovers(".")


def test_the_input_is_never_overwritten_unasked(run):
    before = noise("in.png", (8, 8)).read_bytes()
    code, _, _ = run("in.png", "-o", "in.png")
    assert code == 4
    assert Path("in.png").read_bytes() == before


def test_two_inputs_for_one_output_are_refused(run):
    noise("a/x.png")
    noise("b/x.png", seed=1)
    code, _, err = run("a/x.png", "b/x.png", "-o", "out")
    assert code == 2
    assert "a/x.png" in one_line(err)
    assert "b/x.png" in err


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("zero.png", b""),
        ("text.png", b"hello, this is not a picture at all"),
        ("cut.png", None),
        ("missing.png", False),
    ],
)
def test_an_unreadable_input_is_one_line_and_code_3(run, name, content):
    if content is None:
        whole = noise("whole.png", (64, 64)).read_bytes()
        content = whole[: len(whole) // 2]
    if content is not False:
        Path(name).write_bytes(content)
    code, out, err = run(name)
    assert code == 3
    assert out == ""
    assert name in one_line(err)
    assert not Path(name.replace(".png", "_x3.png")).exists()


def test_an_empty_folder_is_code_3(run):
    Path("empty").mkdir()
    code, _, err = run("empty")
    assert code == 3
    assert "holds no pictures" in one_line(err)


def test_one_bad_file_in_a_batch_does_not_stop_the_others(run):
    noise("in/a.png")
    Path("in/b.png").write_bytes(b"broken")
    noise("in/c.png", seed=2)
    code, out, err = run("in", "-o", "out")
    assert code == 1
    assert listing("out") == ["a_x3.png", "c_x3.png"]
    assert out.count("\n") == 2
    assert [line for line in err.splitlines() if line.startswith("error: ")] == [
        line for line in err.splitlines() if "b.png" in line
    ]
    assert "2 done, 0 skipped, 1 failed" in err


def test_fail_fast_stops_at_the_first_failure(run):
    Path("in").mkdir()
    Path("in/a.png").write_bytes(b"broken")
    noise("in/b.png")
    assert run("in", "-o", "out", "--fail-fast")[0] == 1
    assert listing("out") == []


def test_a_picture_too_large_after_enlarging_is_refused_before_computing(run):
    noise("in.png", (100, 100))
    code, _, err = run("in.png", "-s", "16", "--max-pixels", "1000000")
    assert code == 3
    assert "1,600 x 1,600" in one_line(err)
    assert "--max-pixels" in err


@pytest.mark.parametrize("scale", ["0.5", "17", "nan", "-3", "abc"])
def test_an_impossible_scale_is_code_2(run, scale):
    noise("in.png")
    code, _, err = run("in.png", f"--scale={scale}")
    assert code == 2
    one_line(err)


def test_an_unknown_model_is_code_5_and_names_the_known_ones(run):
    noise("in.png")
    code, _, err = run("in.png", model="srcnn-1-2-3")
    assert code == 5
    assert "srcnn-9-1-5" in one_line(err)


def test_damaged_weights_are_code_5(run, weights):
    noise("in.png")
    Path("bad.safetensors").write_bytes(Path(weights).read_bytes()[:-10])
    code, _, err = run("in.png", model="bad.safetensors")
    assert code == 5
    assert "bad.safetensors" in one_line(err)


def test_an_unknown_device_is_code_2(run):
    noise("in.png")
    code, _, err = run("in.png", "--device", "abacus")
    assert code == 2
    assert "abacus" in one_line(err)


def test_a_missing_output_folder_is_code_4_before_any_work(run):
    noise("in.png")
    code, _, err = run("in.png", "-o", "nowhere/out.png")
    assert code == 4
    assert "nowhere" in one_line(err)
    assert not Path("nowhere").exists()


def test_an_unknown_output_extension_is_code_4(run):
    noise("in.png")
    code, _, err = run("in.png", "-o", "out.xyz")
    assert code == 4
    assert ".xyz" in one_line(err)


def test_a_full_disk_is_code_4_and_leaves_what_was_there(run, monkeypatch):
    noise("in.png")
    Path("out.png").write_bytes(b"precious")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, _, err = run("in.png", "-o", "out.png", "--overwrite")
    assert code == 4
    assert "no space left" in one_line(err)
    assert Path("out.png").read_bytes() == b"precious"
    assert no_leftovers(".")


def test_memory_that_runs_out_is_code_6(run, monkeypatch):
    noise("in.png")

    def exhausted(*_arguments, **_options):
        raise MemoryError

    monkeypatch.setattr(Upscaler, "upscale_pixels", exhausted)
    code, _, err = run("in.png")
    assert code == 6
    assert "in.png" in one_line(err)


def test_a_network_that_finds_no_memory_is_code_6_and_leaves_nothing(run, monkeypatch):
    noise("in.png")
    sizes = []

    class Session:
        def run(self, _names, patches):
            sizes.append(max(patches["input"].shape))
            raise RuntimeError("BFCArena: Failed to allocate memory")

    monkeypatch.setattr("srcnn_cli.engines.onnx_engine.OnnxEngine._session", lambda *_: Session())
    code, _, err = run("in.png", "-o", "out.png", "-d", "cpu", "--tile", "128")
    assert code == 6
    assert "in.png: does not fit into memory" in one_line(err)
    assert min(sizes) < max(sizes)  # smaller tiles were tried
    assert not Path("out.png").exists()
    assert no_leftovers(".")


def test_a_bug_of_ours_is_code_70_and_one_line(run, monkeypatch):
    noise("in.png")

    def bug(*_arguments, **_options):
        raise ZeroDivisionError("surprise\nin two lines")

    monkeypatch.setattr(Upscaler, "upscale_pixels", bug)
    code, _, err = run("in.png")
    assert code == 70
    assert "ZeroDivisionError" in one_line(err, bug=True)


def test_a_bug_of_ours_in_a_batch_stops_one_file_only(run, monkeypatch):
    noise("in/a.png")
    noise("in/b.png", (9, 9), seed=1)
    real = Upscaler.upscale_pixels

    def bug(self, pixels, *arguments, **options):
        if pixels.shape[0] == 9:
            raise ZeroDivisionError("surprise")
        return real(self, pixels, *arguments, **options)

    monkeypatch.setattr(Upscaler, "upscale_pixels", bug)
    code, _, err = run("in", "-o", "out")
    assert code == 1
    assert listing("out") == ["a_x3.png"]
    assert "error: in/b.png: internal error: ZeroDivisionError: surprise" in err


def test_an_unknown_precision_is_code_2(run):
    noise("a.png", (20, 14))
    code, _, err = run("a.png", "--precision", "half")
    assert code == 2
    assert "'--precision': 'half' is not one of 'auto', 'float32', 'bfloat16'" in one_line(err)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_leaves_no_temporary_file_and_keeps_finished_ones(tmp_path, weights, name):
    for index in range(60):
        noise(tmp_path / f"in/{index:02}.png", (150, 150), seed=index)
    arguments = ["-o", tmp_path / "out", "-s", "4", "-m", weights, "--json"]
    process = subprocess.Popen(
        command("upscale", tmp_path / "in", *arguments),
        env=threads(1),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    first = process.stdout.readline()  # a file is done, the others are not
    time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=60)
    assert process.returncode == {"SIGINT": 130, "SIGTERM": 143}[name]
    assert "Traceback" not in err
    if name == "SIGINT":
        assert err == "error: interrupted\n"
    assert no_leftovers(tmp_path / "out")
    finished = [json.loads(line)["output"] for line in (first + out).splitlines()]
    assert 0 < len(finished) < 60
    for path in finished:
        opened(path)
    for path in (tmp_path / "out").iterdir():
        opened(path)
