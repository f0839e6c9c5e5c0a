"""`srcnn train` as a user meets it."""

import csv
import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image

from command import command, threads
from sample_pictures import smooth
from srcnn_cli.cli._training_progress import _StopRequest
from srcnn_cli.models.weights import load_weights, read_training

SMALL = [
    "--filters", "5-1-3", "--widths", "6-4", "--patch", "16", "--batch", "4",
    "--interval", "4", "--precision", "float32", "--warmup", "2",
]  # fmt: skip


@pytest.fixture
def folder(work):
    """A folder of eleven small pictures, one more that is broken, as the working directory's."""
    for index in range(11):
        smooth(work / f"data/{index:02}.png", (54, 48), seed=index)
    (work / "data/broken.png").write_bytes(b"broken")
    return work


@pytest.fixture
def train(folder, srcnn):
    def call(*arguments):
        return srcnn("train", *arguments)

    return call


def tensors(path):
    return load_weights(path)[1]


def test_one_command_makes_weights_that_upscale_takes(train, folder, srcnn):
    code, out, err = train("--data", "data", "--scale", "2", "--steps", "8", "-o", "run", *SMALL)
    assert code == 0, err
    assert out.startswith("run/best.safetensors")
    assert "broken.png: skipped" in err
    assert " 1 skipped, " in err
    assert "1 for validation" in err
    assert "step 8" in err
    assert "against bicubic" in err
    arguments = ["-s", "2", "-m", "run/best.safetensors", "-o", "big.png"]
    assert srcnn("upscale", "data/00.png", *arguments)[0] == 0
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


def test_pictures_of_the_validation_folder_are_not_trained_on(train, folder):
    (folder / "data/held").mkdir()
    shutil.copy(folder / "data/00.png", folder / "data/held/copy.png")
    code, _, err = train("--data", "data", "--validation", "data/held", "--steps", "4", *SMALL)
    assert code == 0, err
    assert "10 pictures" in err  # of eleven, one of which is validated on
    assert "1 for validation" in err


def test_nothing_left_to_train_on_is_told(train, folder):
    code, _, err = train("--data", "data", "--validation", "data", "--steps", "4", *SMALL)
    assert code == 3
    assert "error: data: holds all training pictures" in err
    assert not (folder / "runs").exists()


def test_a_killed_run_resumes_to_the_same_weights_as_one_that_was_not(train, folder):
    arguments = ["--data", "data", "--steps", "40", *SMALL]
    assert train(*arguments, "-o", "whole")[0] == 0
    process = subprocess.Popen(
        command("train", *arguments, "-o", "killed"),
        env=threads(torch.get_num_threads()),
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


def test_the_number_of_threads_changes_no_weight(train):
    arguments = ["--data", "data", "--steps", "8", *SMALL, "--batch", "24"]
    assert train(*arguments, "-o", "one", "--threads", "1")[0] == 0
    assert train(*arguments, "-o", "three", "--threads", "3")[0] == 0
    one, three = tensors("one/last.safetensors"), tensors("three/last.safetensors")
    for name, value in one.items():
        assert np.array_equal(three[name], value), name


def test_two_processes_learn_what_one_learns_with_the_same_batch(folder, train):
    arguments = ["--data", "data", "--steps", "12", *SMALL, "--average", "0.5"]
    assert train(*arguments, "-o", "alone")[0] == 0
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    process = subprocess.run(
        [*torchrun, "--master-port", str(free_port()), *command("train")[1:], *arguments,
         "-o", "together"],
        env=threads(1),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    assert process.stdout.count("best.safetensors") == 1, "one process alone speaks"
    alone, together = (read_log(folder / name / "log.csv") for name in ("alone", "together"))
    assert [row["step"] for row in together] == ["4", "8", "12"]
    for one, two in zip(alone, together, strict=True):
        assert float(two["psnr"]) == pytest.approx(float(one["psnr"]), abs=0.02)
        assert float(two["loss"]) == pytest.approx(float(one["loss"]), rel=1e-3)
    assert {p.name for p in (folder / "together").iterdir()} >= {
        "best.safetensors", "last.safetensors", "checkpoint.pt", "log.csv", "convergence.png",
    }  # fmt: skip
    commands = [
        read_training(f"{run}/best.safetensors")["command"] for run in ("alone", "together")
    ]
    assert commands[0].split()[0] == "srcnn"  # and whatever this very process was called with
    assert commands[1].startswith("torchrun --nproc-per-node=2 -m srcnn_cli train --data data")


def test_time_given_runs_out_and_the_rest_follows_later(train, folder):
    arguments = ["--data", "data", "--steps", "30", *SMALL]
    code, out, err = train(*arguments, "-o", "run", "--minutes", "0")
    assert code == 0
    assert "step 1  " in err
    assert "stopped at step 1 of 30" in err
    assert "srcnn train --resume run" in err
    assert out.startswith("run/best.safetensors")
    assert {path.name for path in (folder / "run").iterdir()} >= {
        "best.safetensors", "last.safetensors", "checkpoint.pt", "log.csv", "convergence.png",
        "filters.png",
    }  # fmt: skip
    assert [row["step"] for row in read_log(folder / "run/log.csv")] == ["1"]
    code, out, _ = train("--resume", "run")
    assert code == 0
    assert train(*arguments, "-o", "whole")[0] == 0
    resumed, whole = tensors("run/last.safetensors"), tensors("whole/last.safetensors")
    assert all(np.array_equal(resumed[name], whole[name]) for name in whole)


def test_a_run_ends_with_pictures_of_its_course_and_of_what_it_learned(train, folder):
    assert train("--data", "data", "--steps", "8", "-o", "run", *SMALL)[0] == 0
    for name in ("convergence.png", "filters.png"):
        with Image.open(folder / "run" / name) as image:
            image.load()
            assert min(image.size) > 200
    rows = read_log(folder / "run/log.csv")
    assert [(row["step"], row["samples"]) for row in rows] == [("4", "16"), ("8", "32")]


def test_weights_to_start_from_bring_their_network_along(train, folder):
    first = ["--data", "data", "--steps", "4", "--interval", "4", "-o", "first"]
    network = ["--filters", "5-3", "--widths", "7", "--patch", "16", "--batch", "4"]
    assert train(*first, *network)[0] == 0
    code, _, err = train(
        "--data", "data", "--steps", "1", "--init", "first/best.safetensors", "-s", "2",
        "--patch", "16", "-o", "second",
    )  # fmt: skip
    assert code == 0, err
    assert "srcnn-5-3 ×2" in err
    history = read_training("second/best.safetensors")
    assert history["start"]["step"] == 4
    assert history["start"]["start"] is None
    assert "fixed_carriers yes" in err
    renewed = ["--init", "second/best.safetensors", "--patch", "16", "--renew"]
    assert train("--data", "data", "--steps", "1", *renewed, "1", "-o", "renewed")[0] == 0
    assert read_training("renewed/best.safetensors")["renew"] == 1
    code, _, err = train("--data", "data", "--steps", "1", *renewed, "2", "-o", "nothing")
    assert code == 2
    assert "nothing of 2 layers" in err
    # Weights whose carriers have been trained go on with all of them free.
    free = ["--init", "second/best.safetensors", "--free-carriers", "--patch", "16"]
    assert train("--data", "data", "--steps", "4", *free, "--rate", "0.01", "-o", "third")[0] == 0
    code, _, err = train(
        "--data", "data", "--steps", "1", "--init", "third/best.safetensors", "--patch", "16",
        "-o", "fourth",
    )  # fmt: skip
    assert code == 0, err
    assert "fixed_carriers" not in err


@pytest.mark.parametrize("channels", ["rgb", "ycbcr"])
def test_a_colour_network_is_trained_and_upscales(train, folder, srcnn, channels):
    arguments = ["--data", "data", "--channels", channels, "--steps", "4", "-o", "run"]
    if channels == "ycbcr":
        arguments += ["--pretrain", "y", "--pretrain-steps", "2"]
    code, _, err = train(*arguments, *SMALL)
    assert code == 0, err
    arguments = ["-m", "run/best.safetensors", "-o", "big.png"]
    assert srcnn("upscale", "data/00.png", *arguments)[0] == 0
    with Image.open(folder / "big.png") as image:
        assert image.size == (162, 144)


def test_vdsr_of_any_depth_learns_three_scales_in_one_network(train, folder):
    code, _, err = train(
        "--data", "data", "--recipe", "vdsr", "--depth", "3", "--epochs", "0.5",
        "--batch", "8", "--patch", "16", "--stride", "16", "--interval", "1", "-o", "run",
    )  # fmt: skip
    assert code == 0, err
    assert "vdsr-3 ×2/×3/×4" in err
    config = load_weights("run/best.safetensors")[0]
    assert (config.scales, config.border, config.widths) == ((2, 3, 4), "zero", (64, 64))
    # Ten pictures of 54x48: 3x3 sub-images at x2 and x3 each, 3x3 at x4 (52x48); half an epoch.
    assert len(read_log(folder / "run/log.csv")) == -(-10 * 27 // 2 // 8)
    assert "psnr_x4" in read_log(folder / "run/log.csv")[0]


def test_the_srcnn_recipe_is_the_papers_and_every_value_can_be_replaced(train, folder):
    code, _, err = train(
        "--data", "data", "--recipe", "srcnn", "--steps", "2", "--batch", "2", "--rate", "2e-4",
        "-o", "run",
    )  # fmt: skip
    assert code == 0, err
    for word in ("patch 33", "stride 14", "loss half-sum", "sgd", "rate 0.0002", "last_rate 0.1",
                 "momentum 0.9", "initial gaussian"):  # fmt: skip
        assert word in err
    assert "BELOW BICUBIC" in err  # after two steps of a network that starts at zero


def test_the_recipes_are_printed_with_all_values(train):
    code, out, _ = train("--recipes")
    assert code == 0
    table, _, explained = out.partition("\n\n")
    lines = {line.split()[0]: line.split()[1:] for line in table.splitlines()}
    assert "--epochs NUMBER" in explained
    assert lines["value"] == ["fast", "srcnn", "vdsr"]
    assert lines["patch"] == ["48", "33", "41"]
    assert lines["epochs"][2] == "80"


def test_the_recipes_are_printed_as_a_run_prints_them(train, folder):
    _, out, _ = train("--recipes")
    table = out.partition("\n\n")[0]
    lines = {line.split()[0]: line.split()[1] for line in table.splitlines()}
    code, _, err = train("--data", "data", "--minutes", "0", "-o", "run", "--patch", "40")
    assert code == 0, err
    (line,) = [line for line in err.splitlines() if line.startswith("recipe fast: ")]
    said = dict(pair.split() for pair in line[len("recipe fast: ") : -len(" on cpu")].split(", "))
    assert said.pop("patch") == "40"
    assert said.items() <= lines.items()


def test_a_run_is_a_model_by_its_folder(train, folder, srcnn):
    arguments = ["--data", "data", "--scale", "2", "--steps", "4", "-o", "runs/x", *SMALL]
    assert train(*arguments)[0] == 0
    for model, output in (("runs/x", "a.png"), ("runs/x/best.safetensors", "b.png")):
        assert srcnn("upscale", "data/00.png", "-s", "2", "-m", model, "-o", output)[0] == 0
    assert (folder / "a.png").read_bytes() == (folder / "b.png").read_bytes()
    code, _, err = srcnn("upscale", "data/00.png", "-m", "data")
    assert code == 5
    assert "best.safetensors" in err


def test_a_run_is_resumed_from_its_checkpoint_by_name_too(train, folder):
    arguments = ["--data", "data", "--steps", "6", *SMALL, "-o", "run"]
    assert train(*arguments, "--minutes", "0")[0] == 0
    code, out, err = train("--resume", "run/checkpoint.pt")
    assert code == 0, err
    assert out.startswith("run/best.safetensors")
    assert "step 6  " in err
    code, _, err = train("--resume", "run/best.safetensors")
    assert code == 5
    assert "checkpoint.pt" in err


def test_a_set_beyond_the_cache_is_streamed_and_resumes_bit_for_bit(train, folder):
    arguments = ["--data", "data", "--steps", "12", *SMALL, "--cache-gb", "0.00003"]
    arguments += ["--workers", "0"]
    code, _, err = train(*arguments, "-o", "whole")
    assert code == 0, err
    assert "streamed" in err
    assert train(*arguments, "-o", "parts", "--minutes", "0")[0] == 0
    code, _, err = train("--resume", "parts", "--cache-gb", "0.00003", "--workers", "0")
    assert code == 0, err
    resumed, whole = tensors("parts/last.safetensors"), tensors("whole/last.safetensors")
    assert all(np.array_equal(resumed[name], whole[name]) for name in whole)


def test_a_full_disk_is_one_line_and_keeps_the_last_good_checkpoint(train, folder, monkeypatch):
    assert train("--data", "data", "--steps", "40", *SMALL, "-o", "run", "--minutes", "0")[0] == 0
    good = (folder / "run/checkpoint.pt").read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    code, out, err = train("--resume", "run")
    assert code == 4
    assert "no space left" in err
    assert out == ""
    assert (folder / "run/checkpoint.pt").read_bytes() == good


def test_options_that_would_change_a_resumed_run_are_refused(train, folder):
    assert train("--data", "data", "--steps", "8", *SMALL, "-o", "run", "--minutes", "0")[0] == 0
    code, _, err = train("--resume", "run", "--rate", "1e-3")
    assert code == 2
    assert "--rate cannot be changed" in err


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def read_log(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("which", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_saves_the_state_and_says_how_to_resume(folder, which, code):
    arguments = ["--data", "data", "--steps", "100000", *SMALL, "-o", "run"]
    process = subprocess.Popen(
        command("train", *arguments),
        stderr=subprocess.PIPE,
        text=True,
    )
    while "step 4 " not in (line := process.stderr.readline()):
        assert line, "the run ended too early"
    process.send_signal(getattr(signal, which))
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "srcnn train --resume run" in err
    assert "Traceback" not in err
    assert (folder / "run/checkpoint.pt").exists()


def test_a_second_signal_does_not_wait_for_the_step_to_end():
    with _StopRequest() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert (stop.requested, stop.exit_code) == (True, 143)
        with pytest.raises(SystemExit, match="143"):
            os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


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
        (["--data", "data", "--rate", "0"], 2, "rate"),
        (["--data", "data", "--recipe", "secret"], 2, "'fast', 'srcnn', 'vdsr'"),
        (["--data", "data", "--channels", "cmyk"], 2, "rgb"),
        (["--data", "data", "--scale", "three"], 2, "2,3,4"),
        (["--data", "data", "--depth", "5"], 2, "not for srcnn"),
        (["--data", "data", "--pretrain", "y"], 2, "ycbcr"),
        (["--data", "data", "--optimizer", "adam9"], 2, "muon"),
        (["--resume", "nowhere"], 5, "no checkpoint"),
        (["--data", "data", "--init", "none.safetensors"], 5, "none.safetensors"),
        (["--data", "data", "--renew", "1"], 2, "--init"),
        (["--data", "data", "--sampling", "flat"], 2, "'positions', 'pictures'"),
        (["--data", "data", "--log-floor", "0"], 2, "log floor"),
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


def test_a_network_grows_from_a_smaller_one_of_another_factor(train, folder):
    common = ["--data", "data", "--steps", "4", "--interval", "4", "--patch", "8", "--batch", "2"]
    network = ["--architecture", "subpixel", "--depth", "3", "--width", "6", "-s", "2"]
    assert train(*common, *network, "-o", "small")[0] == 0
    begin = ["--init", "small/best.safetensors", "--depth", "4", "--width", "8", "-s", "3"]
    code, _, err = train(*common, *begin, "-o", "large")
    assert code == 0, err
    assert "subpixel-4x8 ×3" in err
    assert read_training("large/best.safetensors")["start"]["step"] == 4
    code, _, err = train(*common, *begin[:2], "--depth", "2", "-o", "less")
    assert code == 5
    assert "subpixel-3x6" in err
    # Growing has a random part: a repeated run ends with the same weights.
    assert train(*common, *begin, "-o", "again")[0] == 0
    _, once = load_weights("large/best.safetensors")
    _, twice = load_weights("again/best.safetensors")
    assert all((once[name] == twice[name]).all() for name in once)


@pytest.mark.parametrize("factors", ["2", "0.8,", "half"])
def test_a_factor_that_reduces_nothing_is_refused_before_a_run_is_made(train, folder, factors):
    code, out, err = train("--data", "data", "--steps", "1", "--shrink", factors, "-o", "run")
    assert (code, out) == (2, "")
    assert f"--shrink takes factors between 0 and 1, such as 0.8,0.6, not '{factors}'" in err
    assert not (folder / "run").exists()
