"""Every optimiser changes the weights as its definition says, whatever their order in memory."""

import copy
import io

import numpy as np
import pytest
import torch

from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks.torch_network import PlaneNetwork
from srcnn_cli.training.optimizers import Optimizer
from srcnn_cli.training.schedule import Schedule

CONFIG = ModelConfig(filters=(5, 1, 3), widths=(6, 4))
CONFIGS = [
    CONFIG,
    ModelConfig(),  # 64 filters of 9 x 9 on one channel
    ModelConfig(filters=(3, 3, 1), widths=(5, 9), color="rgb"),
    ModelConfig("vdsr", (3, 3, 3, 3), (8, 8, 8), border="zero"),
    ModelConfig(filters=(7,), widths=()),
]
RATES = [0.02, 0.02, 0.005, 0.01]


def make(config=CONFIG, **values):
    """A network of random weights, channels last, and what trains it."""
    torch.manual_seed(3)
    network = PlaneNetwork(config).to(memory_format=torch.channels_last)
    return network, Optimizer(network, Schedule(**values))


def weights(network):
    return {n: p.detach().double().numpy().copy() for n, p in network.named_parameters()}


def random_gradients(network, step):
    rng = np.random.default_rng(step)
    scale = 0.1 * (step + 1)
    return {
        name: rng.normal(0, scale, tuple(p.shape)).astype(np.float32)
        for name, p in network.named_parameters()
    }


def take_step(network, optimizer, gradients, rate):
    """One step on a loss that has just these gradients."""
    optimizer.zero_grad()
    parts = [
        (p * torch.from_numpy(gradients[name])).sum() for name, p in network.named_parameters()
    ]
    sum(parts).backward()
    optimizer.step(rate)


def in_last_layer(name, config=CONFIG):
    return name.startswith(f"conv{len(config.filters)}.")


def slow_sgd(start, gradients, rates, momentum=0.0, decay=0.0):
    value, velocity = start, np.zeros_like(start)
    for gradient, rate in zip(gradients, rates, strict=True):
        velocity = momentum * velocity + gradient + decay * value
        value = value - rate * velocity
    return value


def slow_adam(start, gradients, rates):
    """Kingma and Ba, ICLR 2015, algorithm 1."""
    value, first, second = start, np.zeros_like(start), np.zeros_like(start)
    for t, (gradient, rate) in enumerate(zip(gradients, rates, strict=True), start=1):
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        corrected = first / (1 - 0.9**t), second / (1 - 0.999**t)
        value = value - rate * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
    return value


def slow_orthogonal(matrix):
    """Five Newton-Schulz steps of Jordan's quintic, in double precision."""
    x = matrix / np.linalg.norm(matrix)
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x


def slow_muon(start, gradients, rates):
    """Jordan et al., 2024, with Nesterov momentum and the step size of Liu et al., 2025."""
    value, momentum = start.reshape(len(start), -1), 0.0
    for gradient, rate in zip(gradients, rates, strict=True):
        flat = gradient.reshape(value.shape)
        momentum = 0.95 * momentum + 0.05 * flat
        update = slow_orthogonal(0.05 * flat + 0.95 * momentum)
        value = value - rate * 0.2 * max(value.shape) ** 0.5 * update
    return value.reshape(start.shape)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
@pytest.mark.parametrize(
    ("momentum", "decay", "last_rate", "bias_rate"),
    [(0.0, 0.0, 1.0, 1.0), (0.9, 0.0, 0.1, 1.0), (0.9, 0.01, 1.0, 2.0), (0.9, 0.0, 0.5, 0.2)],
)
def test_sgd_is_the_slow_reference_in_every_layer(config, momentum, decay, last_rate, bias_rate):
    network, optimizer = make(
        config,
        optimizer="sgd",
        momentum=momentum,
        weight_decay=decay,
        last_rate=last_rate,
        bias_rate=bias_rate,
    )
    before = weights(network)
    gradients = [random_gradients(network, step) for step in range(len(RATES))]
    for gradient, rate in zip(gradients, RATES, strict=True):
        take_step(network, optimizer, gradient, rate)
    for name, value in weights(network).items():
        factor = last_rate if in_last_layer(name, config) else 1.0
        factor *= bias_rate if name.endswith("bias") else 1.0
        rates = [rate * factor for rate in RATES]
        expected = slow_sgd(before[name], [g[name] for g in gradients], rates, momentum, decay)
        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-6, err_msg=name)
        assert np.abs(value - before[name]).max() > 1e-4


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_gradients_are_clipped_to_theta_over_the_rate_value_by_value(optimizer):
    clip = 1e-3
    network, clipped = make(optimizer=optimizer, clip=clip, momentum=0.9)
    before = weights(network)
    gradients = [random_gradients(network, step) for step in range(len(RATES))]
    for gradient, rate in zip(gradients, RATES, strict=True):
        take_step(network, clipped, gradient, rate)
    limits = [clip / rate for rate in RATES]  # 0.05, 0.05, 0.2, 0.1
    slow = slow_adam if optimizer == "adam" else lambda *args: slow_sgd(*args, momentum=0.9)
    for name, value in weights(network).items():
        cut = [np.clip(g[name], -m, m) for g, m in zip(gradients, limits, strict=True)]
        assert any((np.abs(g[name]) > m).any() for g, m in zip(gradients, limits, strict=True))
        expected = slow(before[name], cut, RATES)
        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_adam_is_the_slow_reference_in_every_layer(config):
    network, optimizer = make(config, optimizer="adam", last_rate=0.5)
    before = weights(network)
    gradients = [random_gradients(network, step) for step in range(len(RATES))]
    for gradient, rate in zip(gradients, RATES, strict=True):
        take_step(network, optimizer, gradient, rate)
    for name, value in weights(network).items():
        factor = 0.5 if in_last_layer(name, config) else 1.0
        rates = [rate * factor for rate in RATES]
        expected = slow_adam(before[name], [g[name] for g in gradients], rates)
        np.testing.assert_allclose(value, expected, rtol=0, atol=2e-6, err_msg=name)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_muon_takes_the_filters_before_the_last_layer_and_adam_the_rest(config):
    network, optimizer = make(config, optimizer="muon", last_rate=0.5, bias_rate=0.4)
    before = weights(network)
    gradients = [random_gradients(network, step) for step in range(len(RATES))]
    for gradient, rate in zip(gradients, RATES, strict=True):
        take_step(network, optimizer, gradient, rate)
    for name, value in weights(network).items():
        own = [g[name] for g in gradients]
        if name.endswith("weight") and not in_last_layer(name, config):
            # The program's Newton-Schulz runs in bfloat16.
            change, expected = value - before[name], slow_muon(before[name], own, RATES)
            error = np.linalg.norm(value - expected) / np.linalg.norm(change)
            assert error < 0.05, name
        else:
            factor = 0.5 if in_last_layer(name, config) else 1.0
            factor *= 0.4 if name.endswith("bias") else 1.0
            expected = slow_adam(before[name], own, [rate * factor for rate in RATES])
            np.testing.assert_allclose(value, expected, rtol=0, atol=2e-6, err_msg=name)


@pytest.mark.parametrize("shape", [(6, 1, 5, 5), (4, 6, 1, 1), (8, 8, 3, 3), (64, 1, 9, 9)])
def test_a_muon_step_is_that_of_pytorch_on_filters_written_as_rows(shape):
    out, inp, f, _ = shape
    color = "y" if inp == 1 else "rgb"
    filters, widths = ((f, 3), (out,)) if inp == 1 else ((1, f, 3), (inp, out))
    network, optimizer = make(ModelConfig(filters=filters, widths=widths, color=color))
    name = f"conv{len(filters) - 1}.weight"
    start = weights(network)[name].reshape(out, inp * f * f)
    row = torch.nn.Parameter(torch.from_numpy(start).float())
    reference = torch.optim.Muon([row], lr=0.02, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
    for step in range(3):
        gradients = random_gradients(network, step)
        take_step(network, optimizer, gradients, 0.02)
        row.grad = torch.from_numpy(gradients[name]).reshape(out, -1)
        reference.step()
    change = weights(network)[name].reshape(out, -1) - start
    expected = row.detach().double().numpy() - start
    assert np.linalg.norm(change - expected) < 0.05 * np.linalg.norm(expected)


@pytest.mark.parametrize(("optimizer", "tolerance"), [("sgd", 1e-6), ("adam", 2e-5)])
def test_a_backward_pass_through_channels_last_convolutions_moves_the_right_weights(
    optimizer, tolerance
):
    network, own = make(optimizer=optimizer, momentum=0.9, rate=1e-3)
    reference = copy.deepcopy(network).double().to(memory_format=torch.contiguous_format)
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[optimizer]
    extra = {"momentum": 0.9} if optimizer == "sgd" else {}
    slow = kind(reference.parameters(), lr=1e-3, **extra)
    generator = torch.Generator().manual_seed(5)
    for _ in range(4):
        planes = torch.rand(3, 1, 16, 16, generator=generator)
        own.zero_grad()
        network(planes.contiguous(memory_format=torch.channels_last)).square().mean().backward()
        own.step(1e-3)
        slow.zero_grad()
        reference(planes.double()).square().mean().backward()
        slow.step()
    expected = weights(reference)
    for name, value in weights(network).items():
        np.testing.assert_allclose(value, expected[name], rtol=0, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "muon"])
@pytest.mark.parametrize("config", CONFIGS[1:], ids=lambda config: config.name)
def test_a_stored_state_continues_bit_for_bit(config, optimizer):
    values = {"optimizer": optimizer, "last_rate": 0.1, "clip": 0.01, "weight_decay": 1e-3}
    network, whole = make(config, **values)
    for step in range(3):
        take_step(network, whole, random_gradients(network, step), RATES[step])
    file = io.BytesIO()
    torch.save({"network": network.state_dict(), "optimizer": whole.state_dict()}, file)
    file.seek(0)
    stored = torch.load(file, weights_only=True)
    again, resumed = make(config, **values)
    again.load_state_dict(stored["network"])
    resumed.load_state_dict(stored["optimizer"])
    for step in range(3, 6):
        for side in ((network, whole), (again, resumed)):
            take_step(*side, random_gradients(network, step), 0.01)
    for one, other in zip(network.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_state_of_another_optimizer_is_refused():
    _, muon = make(optimizer="muon")
    _, adam = make(optimizer="adam")
    with pytest.raises(ValueError, match="state dict"):
        adam.load_state_dict(muon.state_dict())


def test_gradients_of_the_last_step_are_forgotten():
    network, optimizer = make(optimizer="muon")
    take_step(network, optimizer, random_gradients(network, 0), 0.01)
    optimizer.zero_grad()
    assert all(p.grad is None for p in network.parameters())


def test_filters_that_are_not_channels_last_are_refused_rather_than_left_untrained():
    network = PlaneNetwork(ModelConfig(filters=(3, 3, 3), widths=(4, 4)))
    with pytest.raises(ValueError, match="channels-last"):
        Optimizer(network, Schedule(optimizer="muon"))
