"""The training loop: learns, stops, continues as if it had not stopped."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from srcnn_cli.errors import ModelError, UsageError
from srcnn_cli.evaluation.protocol import make_pair
from srcnn_cli.imaging.degradation import Degradation
from srcnn_cli.imaging.regions import WHOLE
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks.torch_network import PlaneNetwork
from srcnn_cli.models.weights import load_weights
from srcnn_cli.training.checkpoints import CHECKPOINT, load_checkpoint
from srcnn_cli.training.loss import loss_of
from srcnn_cli.training.matching import patch_spec
from srcnn_cli.training.patches import PatchSampler
from srcnn_cli.training.ranks import Ranks
from srcnn_cli.training.schedule import Schedule
from srcnn_cli.training.trainer import BEST, LAST, Trainer
from srcnn_cli.training.validation import Validator

CPU = torch.device("cpu")
CONFIG = ModelConfig(filters=(5, 1, 3), widths=(6, 4), scales=(3,))
SCHEDULE = Schedule(
    steps=12,
    batch=4,
    patch=16,
    rate=2e-3,
    warmup=2,
    interval=4,
    precision="float32",
    seed=7,
    loss="mse",
)


def pictures(count, seed=0):
    """Smooth shapes with hard edges, in colour: something that can be learned."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:48, 0:54]
    for _ in range(count):
        a, b, c, d = rng.uniform(-0.5, 0.5, 4)
        waves = np.sin(a * x + b * y) + np.sign(np.sin(c * x + d * y))
        colors = rng.uniform(0.2, 1, 3)
        yield np.clip(128 + 50 * waves[..., None] * colors, 0, 255).astype(np.uint8)


@pytest.fixture
def make_trainer(tmp_path):
    def make(schedule=SCHEDULE, folder="run", config=CONFIG, **options):
        (tmp_path / folder).mkdir(exist_ok=True)
        degradation = Degradation(config.scales, config.color, schedule.blur)
        held, *others = pictures(5)
        examples = [degradation.example(p, s) for p in others for s in config.scales]
        patches = PatchSampler(examples, patch_spec(config, schedule), CPU)
        pairs = [make_pair(held, s) for s in config.scales]
        validator = Validator(pairs, Ranks())
        return Trainer(
            config, schedule, patches, validator, tmp_path / folder, CPU, {"data": "x"}, **options
        )

    return make


def finish(trainer):
    return list(trainer.run(lambda: False))


@pytest.mark.parametrize("optimizer", ["muon", "adam"])
@pytest.mark.parametrize("loss", ["mse", "charbonnier", "log-mse"])
def test_training_starts_at_bicubic_and_gets_better(make_trainer, optimizer, loss):
    trainer = make_trainer(
        replace(SCHEDULE, steps=90, interval=30, average=0.9, optimizer=optimizer, loss=loss)
    )
    progress = finish(trainer)
    assert [p.step for p in progress] == [30, 60, 90]
    assert [p.samples for p in progress] == [120, 240, 360]
    assert progress[-1].psnr > trainer._validator.bicubic[0] + 0.05
    assert loss == "log-mse" or progress[-1].loss < progress[0].loss  # a logarithm is noisy


@pytest.mark.parametrize("color", ["rgb", "ycbcr"])
def test_colour_networks_learn_too(make_trainer, color):
    trainer = make_trainer(
        replace(SCHEDULE, steps=90, interval=90, average=0.9), config=replace(CONFIG, color=color)
    )
    (progress,) = finish(trainer)
    assert progress.psnr > trainer._validator.bicubic[0] + 0.05
    assert load_weights(trainer.folder / BEST)[0].color == color


def test_one_network_learns_several_scales_through_its_borders(make_trainer):
    config = ModelConfig("vdsr", (3,) * 4, (8,) * 3, scales=(2, 3), border="zero")
    schedule = replace(SCHEDULE, steps=90, interval=90, average=0.9, border_share=1.0)
    trainer = make_trainer(schedule, config=config)
    (progress,) = finish(trainer)
    for psnr, bicubic in zip(progress.psnr_by_scale, trainer._validator.bicubic, strict=True):
        assert psnr > bicubic + 0.1
    assert progress.psnr == pytest.approx(sum(progress.psnr_by_scale) / 2)


def test_a_run_leaves_usable_weights_and_a_checkpoint(make_trainer, tmp_path):
    trainer = make_trainer()
    progress = finish(trainer)
    config, tensors = load_weights(tmp_path / "run" / LAST)
    assert config == CONFIG
    for name, value in trainer.averaged_tensors().items():
        assert np.array_equal(tensors[name], value)
    assert progress[-1].best == max(p.psnr for p in progress)
    assert (tmp_path / "run" / BEST).exists()
    assert load_checkpoint(tmp_path / "run").schedule == SCHEDULE


@pytest.mark.parametrize("optimizer", ["muon", "adam", "sgd"])
@pytest.mark.parametrize("stop_after", [1, 4, 6, 11])
def test_stopping_and_resuming_gives_the_same_bits(make_trainer, tmp_path, stop_after, optimizer):
    schedule = replace(SCHEDULE, optimizer=optimizer)
    whole = make_trainer(schedule, "whole")
    finish(whole)
    first = make_trainer(schedule, "parts")
    list(first.run(lambda: first.step >= stop_after))
    assert first.step == stop_after
    second = make_trainer(schedule, "parts")
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


def test_the_average_is_a_moving_average_of_the_weights(make_trainer):
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


def loss_in(trainer, output, truth):
    return loss_of(output, truth, trainer.schedule, trainer.step)


def test_the_papers_loss_is_half_the_sum_over_a_sub_image(make_trainer):
    trainer = make_trainer(replace(SCHEDULE, loss="half-sum"))
    output, truth = torch.rand(4, 1, 10, 10), torch.rand(4, 1, 10, 10)
    errors = (output - truth).numpy()
    expected = np.mean([0.5 * np.sum(error**2) for error in errors])
    assert float(loss_in(trainer, output, truth)) == pytest.approx(expected, rel=1e-5)
    mean = loss_of(output, truth, make_trainer().schedule, 0)
    # The trap of re-implementations: a rate for the one is hundreds of times off for the other.
    assert expected / float(mean) == pytest.approx(10 * 10 / 2, rel=1e-4)


def test_the_logarithmic_loss_is_minus_the_mean_psnr_but_for_flat_sub_images(make_trainer):
    trainer = make_trainer(replace(SCHEDULE, loss="log-mse", log_floor=1e-4))
    truth = torch.rand(3, 1, 10, 10)
    errors = torch.tensor([0.1, 0.2, 0.4]).reshape(3, 1, 1, 1)
    value = float(loss_in(trainer, truth + errors, truth))
    mean_psnr = np.mean([20, 20 * np.log10(5), 20 * np.log10(2.5)])
    assert -10 / np.log(10) * value == pytest.approx(mean_psnr, abs=0.03)
    assert np.isfinite(float(loss_in(trainer, truth, truth)))


@pytest.mark.parametrize(
    ("pretrain", "counted"), [("y", [True, False, False]), ("cbcr", [False, True, True])]
)
def test_pre_training_counts_some_channels_and_then_all(make_trainer, pretrain, counted):
    config = replace(CONFIG, color="ycbcr")
    trainer = make_trainer(replace(SCHEDULE, pretrain=pretrain, pretrain_steps=2), config=config)
    for channel in range(3):
        output = torch.zeros(1, 3, 4, 4)
        output[:, channel] = 1
        trainer.step = 1
        assert (float(loss_in(trainer, output, torch.zeros(1, 3, 4, 4))) > 0) == counted[channel]
        trainer.step = 2
        assert float(loss_in(trainer, output, torch.zeros(1, 3, 4, 4))) == pytest.approx(1 / 3)


def test_fixed_carriers_stay_what_they_were_while_the_rest_learns(make_trainer):
    trainer = make_trainer(replace(SCHEDULE, fixed_carriers=True))
    finish(trainer)
    tensors = load_weights(trainer.folder / LAST)[1]
    delta = np.zeros((5, 5), np.float32)
    delta[2, 2] = 1
    assert np.array_equal(tensors["conv1.weight"][0, 0], delta)
    assert np.array_equal(tensors["conv2.weight"][0, :, 0, 0], [1, 0, 0, 0, 0, 0])
    assert tensors["conv3.weight"][0, 0, 1, 1] == 1
    assert np.abs(tensors["conv2.weight"][1:, 1:]).min() > 0


def test_bordered_steps_go_through_the_policy_and_compare_the_whole_sub_image(
    make_trainer, monkeypatch
):
    config = replace(CONFIG, border="normalize")
    trainer = make_trainer(replace(SCHEDULE, border_share=0.5), config=config)
    shapes = []
    forward = trainer._forward
    trainer._forward = lambda source, *edges: shapes.append(edges) or forward(source, *edges)

    def compare(output, truth, *how):
        shapes.append((output.shape[-2:], truth.shape[-2:]))
        return loss_of(output, truth, *how)

    monkeypatch.setattr("srcnn_cli.training.trainer.loss_of", compare)
    finish(trainer)
    assert shapes[:4] == [(), ((10, 10), (10, 10)), (WHOLE,), ((16, 16), (16, 16))]


def test_a_step_follows_the_gradient_of_the_whole_batch(make_trainer):
    """Against plain torch, written out: half-sum loss, SGD, no momentum."""
    schedule = replace(
        SCHEDULE, optimizer="sgd", momentum=0.0, loss="half-sum", rate=1e-3, warmup=0,
        decay="constant", initial="he", last_rate=0.5, average=0.0, steps=1, interval=1,
    )  # fmt: skip
    trainer = make_trainer(schedule)
    network = PlaneNetwork(CONFIG)
    network.load_state_dict(trainer._network.state_dict())
    generator = torch.Generator()
    generator.set_state(trainer._generator.get_state())
    source, truth = trainer._patches.sample(4, generator)
    total = sum(((network(s[None]) - t) ** 2).sum() / 2 for s, t in zip(source, truth, strict=True))
    (total / 4).backward()
    expected = {
        name: p.detach() - 1e-3 * (0.5 if name.startswith("conv3") else 1) * p.grad
        for name, p in network.named_parameters()
    }
    finish(trainer)
    for name, value in trainer.averaged_tensors().items():
        assert np.allclose(value, expected[name].numpy(), rtol=1e-4, atol=1e-7), name


def test_a_loss_that_is_no_number_keeps_the_last_good_checkpoint(make_trainer, tmp_path):
    trainer = make_trainer()
    steps = trainer.run(lambda: False)
    next(steps)
    good = {name: (tmp_path / "run" / name).read_bytes() for name in (CHECKPOINT, BEST, LAST)}
    with torch.no_grad():
        trainer._network.conv1.weight.fill_(math.nan)
    with pytest.raises(ModelError, match="loss became nan"):
        next(steps)
    assert {n: (tmp_path / "run" / n).read_bytes() for n in good} == good


def test_weights_of_the_same_layers_can_be_the_start(make_trainer, tmp_path):
    finish(make_trainer(folder="old"))
    trainer = make_trainer(folder="new", config=replace(CONFIG, scales=(2,)))
    trainer.start_from(tmp_path / "old" / LAST)
    _, tensors = load_weights(tmp_path / "old" / LAST)
    assert np.array_equal(trainer.averaged_tensors()["conv2.weight"], tensors["conv2.weight"])


@pytest.mark.parametrize("fixed_carriers", [False, True])
def test_the_last_layers_of_a_start_can_be_drawn_anew(make_trainer, tmp_path, fixed_carriers):
    schedule = replace(SCHEDULE, fixed_carriers=fixed_carriers)
    finish(make_trainer(schedule, "old"))
    fresh = make_trainer(schedule, "fresh").averaged_tensors()
    trainer = make_trainer(schedule, "new")
    trainer.start_from(tmp_path / "old" / LAST, renew=2)
    _, old = load_weights(tmp_path / "old" / LAST)
    for name, value in trainer.averaged_tensors().items():
        expected, other = (old, fresh) if name.startswith("conv1") else (fresh, old)
        np.testing.assert_allclose(value, expected[name], rtol=0, atol=1e-6, err_msg=name)
        assert not np.allclose(value, other[name], rtol=0, atol=1e-6)


def test_a_low_floor_makes_flat_sub_images_count_in_the_logarithm(make_trainer):
    truth = torch.rand(2, 1, 8, 8)
    pulls = []
    for log_floor in (1e-6, 1.0):
        output = truth + torch.tensor([0.01, 0.1]).reshape(2, 1, 1, 1)
        output.requires_grad_()
        trainer = make_trainer(replace(SCHEDULE, loss="log-mse", log_floor=log_floor))
        loss_in(trainer, output, truth).backward()
        flat, steep = output.grad.abs().mean((1, 2, 3)).tolist()
        pulls.append(flat / steep)
    # By hand: errors e give gradients 2 e / (e^2 + floor).
    assert pulls == pytest.approx([9.901, 0.101], rel=1e-3)


def test_weights_with_fixed_carriers_can_be_the_start_of_others(make_trainer, tmp_path):
    schedule = replace(SCHEDULE, fixed_carriers=True)
    finish(make_trainer(schedule, "old"))
    trainer = make_trainer(schedule, "new")
    trainer.start_from(tmp_path / "old" / LAST)
    _, tensors = load_weights(tmp_path / "old" / LAST)
    for name, value in trainer.averaged_tensors().items():
        assert np.allclose(value, tensors[name], atol=1e-6), name
    finish(make_trainer(folder="free"))
    with pytest.raises(ModelError, match=r"free.*carriers"):
        trainer.start_from(tmp_path / "free" / LAST)


@pytest.mark.parametrize(
    "other",
    [
        replace(CONFIG, widths=(6, 5)),
        replace(CONFIG, color="rgb"),
        replace(CONFIG, architecture="vdsr"),
        replace(CONFIG, mean=0.5),
    ],
)
def test_weights_of_another_network_are_refused_as_a_start(make_trainer, tmp_path, other):
    finish(make_trainer(folder="old"))
    with pytest.raises(ModelError, match="old"):
        make_trainer(folder="new", config=other).start_from(tmp_path / "old" / LAST)


def test_weights_for_other_colours_are_refused_though_their_shapes_fit(make_trainer, tmp_path):
    finish(make_trainer(folder="old", config=replace(CONFIG, color="rgb")))
    trainer = make_trainer(folder="new", config=replace(CONFIG, color="ycbcr"))
    with pytest.raises(ModelError, match=r"is srcnn-5-1-3-rgb .* with which the srcnn-5-1-3-ycbcr"):
        trainer.start_from(tmp_path / "old" / LAST)


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: state.pop("average"),
        lambda state: state.update(network={}),
        lambda state: state.update(generator=torch.zeros(3)),
        lambda state: state.update(step="four"),
    ],
)
def test_a_checkpoint_whose_state_is_of_another_network_is_refused(make_trainer, tmp_path, damage):
    finish(make_trainer())
    checkpoint = load_checkpoint(tmp_path / "run")
    damage(checkpoint.state)
    with pytest.raises(ModelError, match="does not fit"):
        make_trainer(folder="other").restore(checkpoint)


@pytest.mark.parametrize(
    ("schedule", "config"),
    [
        (replace(SCHEDULE, patch=6), CONFIG),
        (replace(SCHEDULE, pretrain="y"), CONFIG),
        (replace(SCHEDULE, pretrain="cbcr"), replace(CONFIG, color="rgb")),
        (replace(SCHEDULE, fixed_carriers=True), replace(CONFIG, border="normalize")),
        (replace(SCHEDULE, fixed_carriers=True), replace(CONFIG, widths=(1, 4))),
    ],
)
def test_schedules_that_do_not_go_with_the_network_are_refused(make_trainer, schedule, config):
    with pytest.raises(UsageError):
        make_trainer(schedule, config=config)


def test_a_batch_that_cannot_be_shared_is_refused(make_trainer):
    with pytest.raises(UsageError, match="3 processes"):
        make_trainer(ranks=Ranks(0, 3, 0))
