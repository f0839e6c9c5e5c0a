"""The training loop: learns, stops, continues as if it had not stopped."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from srcnn_cli.config import ModelConfig
from srcnn_cli.data import PatchSampler
from srcnn_cli.errors import ModelError, UsageError
from srcnn_cli.protocol import make_pair
from srcnn_cli.trainer import BEST, CHECKPOINT, LAST, LOG, Schedule, Trainer, load_checkpoint
from srcnn_cli.weights import load_weights

CPU = torch.device("cpu")
CONFIG = ModelConfig(filters=(5, 1, 3), widths=(6, 4), scales=(3,))
SCHEDULE = Schedule(
    steps=12, batch=4, patch=16, rate=2e-3, warmup=2, interval=4, precision="float32", seed=7
)


def pictures(count, seed=0):
    """Smooth shapes with hard edges: something that can be learned."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:48, 0:54]
    for _ in range(count):
        a, b, c, d = rng.uniform(-0.5, 0.5, 4)
        waves = np.sin(a * x + b * y) + np.sign(np.sin(c * x + d * y))
        yield np.clip(128 + 50 * waves, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def pairs():
    return [make_pair(p, 3) for p in pictures(5)]


@pytest.fixture
def make_trainer(pairs, tmp_path):
    def make(schedule=SCHEDULE, folder="run", config=CONFIG):
        (tmp_path / folder).mkdir(exist_ok=True)
        patches = PatchSampler(pairs[1:], schedule.patch, config.receptive_radius, CPU)
        return Trainer(config, schedule, patches, pairs[:1], tmp_path / folder, CPU, {"data": "x"})

    return make


def finish(trainer):
    return list(trainer.run(lambda: False))


def test_training_starts_at_bicubic_and_gets_better(make_trainer, pairs):
    bicubic = pairs[0].psnr(pairs[0].interpolated)
    trainer = make_trainer(replace(SCHEDULE, steps=90, interval=30, average=0.9))
    progress = finish(trainer)
    assert [p.step for p in progress] == [30, 60, 90]
    assert progress[-1].psnr > bicubic + 0.15
    assert progress[-1].loss < progress[0].loss


def test_a_run_leaves_usable_weights_a_checkpoint_and_a_log(make_trainer, tmp_path):
    trainer = make_trainer()
    progress = finish(trainer)
    config, tensors = load_weights(tmp_path / "run" / LAST)
    assert config == CONFIG
    for name, value in trainer.averaged_tensors().items():
        assert np.array_equal(tensors[name], value)
    assert (tmp_path / "run" / BEST).exists()
    lines = (tmp_path / "run" / LOG).read_text().splitlines()
    assert lines[0].startswith("step,loss,psnr")
    assert [int(line.split(",")[0]) for line in lines[1:]] == [p.step for p in progress]


@pytest.mark.parametrize("stop_after", [1, 4, 6, 11])
def test_stopping_and_resuming_gives_the_same_bits(make_trainer, tmp_path, stop_after):
    whole = make_trainer(folder="whole")
    finish(whole)
    first = make_trainer(folder="parts")
    list(first.run(lambda: first.step >= stop_after))
    assert first.step == stop_after
    second = make_trainer(folder="parts")
    second.restore(load_checkpoint(tmp_path / "parts"))
    assert second.step == stop_after
    finish(second)
    assert second.best == whole.best
    for name, value in whole.averaged_tensors().items():
        assert np.array_equal(second.averaged_tensors()[name], value), name


def test_the_seed_alone_decides_the_result(make_trainer):
    runs = [make_trainer(replace(SCHEDULE, seed=s), f"r{i}") for i, s in enumerate((3, 3, 4))]
    for run in runs:
        finish(run)
    a, b, c = (run.averaged_tensors()["conv1.weight"] for run in runs)
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_the_rate_rises_falls_and_ends_near_zero():
    schedule = Schedule(steps=1000, warmup=100, rate=1e-3)
    assert schedule.rate_at(0) == pytest.approx(1e-5)
    assert schedule.rate_at(99) == pytest.approx(1e-3)
    assert schedule.rate_at(550) == pytest.approx(5e-4)
    assert 0 < schedule.rate_at(999) < 1e-8


def test_the_average_is_a_moving_average_of_the_weights(make_trainer, monkeypatch):
    trainer = make_trainer(replace(SCHEDULE, average=0.5))
    seen = []
    expected = trainer.averaged_tensors()["conv1.weight"].astype(np.float64)

    def record():
        seen.append(trainer._network.conv1.weight.detach().numpy().copy())
        return False

    list(trainer.run(record))
    for step, weight in enumerate(seen, start=1):
        decay = min(0.5, step / (step + 10))
        expected = decay * expected + (1 - decay) * weight
    assert np.allclose(trainer.averaged_tensors()["conv1.weight"], expected, atol=1e-6)


def test_a_loss_that_is_no_number_keeps_the_last_good_checkpoint(make_trainer, tmp_path):
    trainer = make_trainer()
    steps = trainer.run(lambda: False)
    next(steps)
    good = (tmp_path / "run" / CHECKPOINT).read_bytes()
    with torch.no_grad():
        trainer._network.conv1.weight.fill_(math.nan)
    with pytest.raises(ModelError, match="loss became nan"):
        next(steps)
    assert (tmp_path / "run" / CHECKPOINT).read_bytes() == good


def test_weights_of_the_same_layers_can_be_the_start(make_trainer, tmp_path):
    finish(make_trainer(folder="old"))
    trainer = make_trainer(folder="new", config=replace(CONFIG, scales=(2,)))
    trainer.start_from(tmp_path / "old" / LAST)
    _, tensors = load_weights(tmp_path / "old" / LAST)
    assert np.array_equal(trainer.averaged_tensors()["conv2.weight"], tensors["conv2.weight"])


def test_weights_of_other_layers_are_refused_as_a_start(make_trainer, tmp_path):
    finish(make_trainer(folder="old"))
    other = make_trainer(folder="new", config=replace(CONFIG, widths=(6, 5)))
    with pytest.raises(ModelError, match="old"):
        other.start_from(tmp_path / "old" / LAST)


@pytest.mark.parametrize("damage", ["cut", "empty", "noise", "missing"])
def test_a_damaged_checkpoint_is_refused_by_name(make_trainer, tmp_path, damage):
    finish(make_trainer())
    path = tmp_path / "run" / CHECKPOINT
    data = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "noise": b"x" * 500}[damage])
    with pytest.raises(ModelError, match=r"checkpoint\.pt"):
        load_checkpoint(tmp_path / "run")


def test_a_checkpoint_that_would_run_code_is_refused_and_does_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "owned"), "w"))

    torch.save({"format": 1, "config": Evil()}, tmp_path / CHECKPOINT)
    with pytest.raises(ModelError):
        load_checkpoint(tmp_path)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "change",
    [{"steps": 0}, {"rate": 0}, {"rate": math.nan}, {"average": 1.0}, {"precision": "half"}],
)
def test_impossible_schedules_are_refused(change):
    with pytest.raises(UsageError):
        replace(SCHEDULE, **change)
