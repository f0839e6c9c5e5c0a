"""`srcnn train` as a user meets it."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image

from srcnn_cli.cli import main
from srcnn_cli.weights import load_weights

SMALL = [
    "--filters", "5-1-3", "--widths", "6-4", "--patch", "16", "--batch", "4",
    "--interval", "4", "--precision", "float32",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of eleven small pictures, one more that is broken, as the working directory's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    rng = np.random.default_rng(0)
    for index in range(11):
        small = rng.integers(0, 256, (8, 9, 3), np.uint8)
        Image.fromarray(small).resize((54, 48)).save(tmp_path / f"data/{index:02}.png")
    (tmp_path / "data/broken.png").write_bytes(b"broken")
    return tmp_path


@pytest.fixture
def train(folder, capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["train", *map(str, arguments)])
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return call


def tensors(path):
    return load_weights(path)[1]


def test_one_command_makes_weights_that_upscale_takes(train, folder):
    code, out, err = train("--data", "data", "--scale", "2", "--steps", "8", "-o", "run", *SMALL)
    assert code == 0, err
    assert out.startswith("run/best.safetensors")
    assert "broken.png: skipped" in err
    assert "1 for validation" in err
    assert "step 8" in err
    assert "against bicubic" in err
    with pytest.raises(SystemExit) as ended:
        main(["upscale", "data/00.png", "-s", "2", "-m", "run/best.safetensors", "-o", "big.png"])
    assert ended.value.code == 0
    with Image.open(folder / "big.png") as image:
        assert image.size == (108, 96)


def test_a_validation_folder_takes_the_place_of_held_back_pictures(train, folder):
    (folder / "held").mkdir()
    (folder / "data/00.png").rename(folder / "held/00.png")
    code, _, err = train("--data", "data", "--validation", "held", "--steps", "4", *SMALL)
    assert code == 0
    assert "10 pictures" in err
    assert "1 for validation" in err
    assert (folder / "runs/srcnn-5-1-3-x3/best.safetensors").exists()


def test_a_killed_run_resumes_to_the_same_weights_as_one_that_was_not(train, folder):
    arguments = ["--data", "data", "--steps", "40", *SMALL]
    assert train(*arguments, "-o", "whole")[0] == 0
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    process = subprocess.Popen(
        [sys.executable, "-m", "srcnn_cli", "train", *arguments, "-o", "killed"],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    checkpoint = folder / "killed/checkpoint.pt"
    deadline = time.monotonic() + 60
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert checkpoint.exists()
    code, _, err = train("--resume", "killed")
    assert code == 0, err
    whole, resumed = tensors("whole/last.safetensors"), tensors("killed/last.safetensors")
    for name, value in whole.items():
        assert np.array_equal(resumed[name], value), name


def test_ctrl_c_saves_the_state_and_says_how_to_resume(folder):
    arguments = ["--data", "data", "--steps", "100000", *SMALL, "-o", "run"]
    process = subprocess.Popen(
        [sys.executable, "-m", "srcnn_cli", "train", *arguments],
        stderr=subprocess.PIPE,
        text=True,
    )
    while "step 4 " not in (line := process.stderr.readline()):
        assert line, "the run ended too early"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "srcnn train --resume run" in err
    assert "Traceback" not in err
    assert (folder / "run/checkpoint.pt").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "--data"),
        (["--data", "nowhere"], 3, "no such folder"),
        (["--data", "data", "--filters", "9-x-5"], 5, "9-1-5"),
        (["--data", "data", "--filters", "4-1-5"], 5, "odd"),
        (["--data", "data", "--patch", "9"], 2, "at least 13"),
        (["--data", "data", "--patch", "200"], 3, "no picture is usable"),
        (["--data", "data", "--border", "mirror"], 2, "replicate"),
        (["--data", "data", "--rate", "0"], 2, "learning rate"),
        (["--resume", "nowhere"], 5, "no checkpoint"),
        (["--data", "data", "--init", "none.safetensors"], 5, "none.safetensors"),
    ],
)
def test_what_cannot_work_is_one_line_and_the_right_code(train, arguments, code, words):
    ended, out, err = train(*arguments)
    assert ended == code
    assert out == ""
    errors = [line for line in err.splitlines() if not line.startswith("warning")]
    assert len([line for line in errors if line.startswith("error: ")]) == 1
    assert words in errors[-1]


def test_a_run_is_not_started_over_another(train, folder):
    (folder / "run").mkdir()
    (folder / "run/best.safetensors").write_bytes(b"precious")
    code, _, err = train("--data", "data", "-o", "run")
    assert code == 4
    assert "--resume" in err
    assert (folder / "run/best.safetensors").read_bytes() == b"precious"
