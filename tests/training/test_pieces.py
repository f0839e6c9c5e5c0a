"""Gradients that are summed over pieces of a batch."""

import pytest
import torch

from srcnn_cli.threads import Crew
from srcnn_cli.training.pieces import Pieces


def small_network(seed=0):
    torch.manual_seed(seed)
    layers = [torch.nn.Conv2d(1, 8, 5), torch.nn.ReLU(), torch.nn.Conv2d(8, 1, 3)]
    return torch.nn.Sequential(*layers).to(memory_format=torch.channels_last)


def gradients(network, source, truth, *, whole):
    network.zero_grad()
    pieces = Pieces(network.parameters(), whole=whole)
    loss = pieces.backward(lambda x, y: (network(x) - y).square().mean(), source, truth)
    return loss, [parameter.grad.clone() for parameter in network.parameters()]


def batch(count):
    generator = torch.Generator().manual_seed(count)
    return (
        torch.rand(count, 1, 12, 12, generator=generator),
        torch.rand(count, 1, 6, 6, generator=generator),
    )


@pytest.mark.parametrize("count", [1, 7, 8, 9, 30])
def test_gradients_of_pieces_add_up_to_those_of_the_batch(count):
    network = small_network()
    for got, wanted in zip(
        gradients(network, *batch(count), whole=False),
        gradients(network, *batch(count), whole=True),
        strict=True,
    ):
        torch.testing.assert_close(got, wanted)


def test_the_number_of_threads_changes_no_bit_of_a_gradient(monkeypatch):
    network, results = small_network(), []
    for threads in (1, 2, 5):
        monkeypatch.setattr("srcnn_cli.threads._crew", Crew(threads))
        results.append(gradients(network, *batch(50), whole=False))
    for loss, parts in results[1:]:
        assert torch.equal(loss, results[0][0])
        assert all(torch.equal(a, b) for a, b in zip(parts, results[0][1], strict=True))


def test_gradients_lie_in_memory_as_their_parameters_do():
    network = small_network()
    gradients(network, *batch(20), whole=False)
    for parameter in network.parameters():
        assert parameter.grad.stride() == parameter.stride()


def test_a_parameter_without_part_in_the_loss_has_no_gradient():
    network, unused = small_network(), torch.nn.Parameter(torch.ones(3))
    pieces = Pieces([*network.parameters(), unused], whole=False)
    pieces.backward(lambda x, y: (network(x) - y).square().mean(), *batch(20))
    assert unused.grad is None


def test_what_goes_wrong_in_a_piece_is_raised():
    pieces = Pieces(small_network().parameters(), whole=False)

    def fail(source, truth):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        pieces.backward(fail, *batch(20))
