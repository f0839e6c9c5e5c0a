"""Processes that train together: who does what, and that they agree."""

import json
import os
import socket
import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import Conv2d, ReLU, Sequential

import srcnn_cli
from srcnn_cli.errors import UsageError
from srcnn_cli.training.ranks import Ranks, joined, started_by_torchrun

CPU = torch.device("cpu")
VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


@pytest.fixture
def environment(monkeypatch):
    """``environment(RANK=0, ...)``: of torchrun's variables these alone."""

    def put(**values):
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, str(value))

    return put


@pytest.mark.parametrize("values", [{}, {"RANK": 1}, {"WORLD_SIZE": 2}, {"LOCAL_RANK": 3}])
def test_without_torchrun_a_run_is_alone(environment, values):
    environment(**values)
    assert not started_by_torchrun()
    with joined(CPU) as ranks:
        assert ranks == Ranks(0, 1, 0)
        assert ranks.first
        assert not torch.distributed.is_initialized()


def test_a_single_process_of_torchrun_is_alone_too(environment):
    environment(RANK=0, WORLD_SIZE=1, LOCAL_RANK=0)
    assert started_by_torchrun()
    with joined(CPU) as ranks:
        assert ranks == Ranks(0, 1, 0)
        assert not torch.distributed.is_initialized()


def test_alone_nothing_is_shared_or_averaged():
    tensor = torch.tensor([1.5, 2.5])
    ranks = Ranks()
    ranks.average([tensor])
    assert tensor.tolist() == [1.5, 2.5]
    assert ranks.total([1.5, 2.5]) == [1.5, 2.5]
    assert ranks.anywhere(condition=True)
    assert not ranks.anywhere(condition=False)
    assert list(range(5))[ranks.share(5)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "values",
    [
        {"RANK": "first", "WORLD_SIZE": 2, "LOCAL_RANK": 0},
        {"RANK": 0, "WORLD_SIZE": "two", "LOCAL_RANK": 0},
        {"RANK": 0, "WORLD_SIZE": 2, "LOCAL_RANK": ""},
        {"RANK": 0, "WORLD_SIZE": 2},
        {"RANK": 2, "WORLD_SIZE": 2, "LOCAL_RANK": 0},
        {"RANK": -1, "WORLD_SIZE": 2, "LOCAL_RANK": 0},
        {"RANK": 0, "WORLD_SIZE": 2, "LOCAL_RANK": -1},
        {"RANK": 0, "WORLD_SIZE": 0, "LOCAL_RANK": 0},
        {"RANK": 0, "WORLD_SIZE": -2, "LOCAL_RANK": 0},
        {"RANK": 1, "WORLD_SIZE": 1, "LOCAL_RANK": 0},
    ],
)
def test_ranks_that_torchrun_would_not_set_are_refused(environment, values):
    environment(**values)
    with pytest.raises(UsageError, match="as torchrun sets them"), joined(CPU):
        pass


@pytest.mark.parametrize("meeting", [{}, {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "door"}])
def test_processes_that_are_not_told_where_to_meet_are_refused(environment, meeting):
    environment(RANK=0, WORLD_SIZE=2, LOCAL_RANK=0, **meeting)
    with pytest.raises(UsageError, match="cannot be joined"), joined(CPU):
        pass
    assert not torch.distributed.is_initialized()


def test_one_mps_device_cannot_be_shared(environment):
    environment(RANK=0, WORLD_SIZE=2, LOCAL_RANK=0)
    with pytest.raises(UsageError, match="--device cpu"), joined(torch.device("mps")):
        pass


@given(count=st.integers(0, 200), world=st.integers(1, 9))
def test_shares_are_everything_once_and_even(count, world):
    things = list(range(count))
    shares = [things[Ranks(rank, world).share(count)] for rank in range(world)]
    assert sorted(chain.from_iterable(shares)) == things
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


WORKER = """
import json, torch
from torch.nn import Conv2d, ReLU, Sequential
from srcnn_cli.training.ranks import joined

with joined(torch.device("cpu")) as ranks:
    torch.manual_seed(1)
    network = Sequential(Conv2d(1, 3, 3), ReLU(), Conv2d(3, 1, 3))
    network = network.to(memory_format=torch.channels_last)
    planes = torch.linspace(-1, 1, 4 * 64).sin().reshape(4, 1, 8, 8)[ranks.share(4)]
    network(planes).square().mean().backward()
    ranks.average([p.grad for p in network.parameters()])
    print(json.dumps(dict(
        ranks=[ranks.rank, ranks.world, ranks.local],
        first=ranks.first,
        total=ranks.total([ranks.rank + 0.1, 1.0]),
        anywhere=[ranks.anywhere(condition=ranks.rank == 1), ranks.anywhere(condition=False)],
        weights=[p.tolist() for p in network.parameters()],
        gradients=[p.grad.tolist() for p in network.parameters()],
    )))
assert not torch.distributed.is_initialized()
"""


def test_two_processes_hold_one_network_and_find_the_gradient_of_the_whole_batch():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "PYTHONPATH": str(Path(srcnn_cli.__file__).parents[1]),
        "OMP_NUM_THREADS": "1",
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER],
            env=environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        outputs = [process.communicate(timeout=120)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0]
    first, second = map(json.loads, outputs)
    assert (first["ranks"], second["ranks"]) == ([0, 2, 0], [1, 2, 1])
    assert (first["first"], second["first"]) == (True, False)
    assert first["total"] == second["total"] == pytest.approx([1.2, 2.0], abs=1e-12)
    assert first["anywhere"] == second["anywhere"] == [True, False]
    assert first["weights"] == second["weights"]
    assert first["gradients"] == second["gradients"]
    # The same batch in one process.
    network = Sequential(Conv2d(1, 3, 3), ReLU(), Conv2d(3, 1, 3))
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), first["weights"], strict=True):
            parameter.copy_(torch.tensor(value))
    planes = torch.linspace(-1, 1, 4 * 64).sin().reshape(4, 1, 8, 8)
    network(planes).square().mean().backward()
    for parameter, found in zip(network.parameters(), first["gradients"], strict=True):
        np.testing.assert_allclose(np.array(found), parameter.grad, rtol=1e-4, atol=1e-7)
        assert np.abs(found).max() > 1e-3
