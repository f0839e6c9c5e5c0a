"""How many workers a node gets, and where they compute."""

import pytest

from srcnn_cli.upscaling.cluster_worker import Place, places


def node(name, alive=True, **resources):
    return {
        "NodeID": name,
        "NodeManagerAddress": f"10.0.0.{name}",
        "Alive": alive,
        "Resources": {"memory": 1e9, **resources},
    }


@pytest.mark.parametrize(
    ("resources", "device", "expected"),
    [
        ({"CPU": 8.0}, "auto", (8, "cpu", 0)),
        ({"CPU": 8.0}, "cpu", (8, "cpu", 0)),
        ({"CPU": 8.0}, "cuda", None),
        ({"CPU": 16.0, "GPU": 1.0}, "auto", (4, "cuda", 0.25)),
        ({"CPU": 16.0, "GPU": 8.0}, "cuda", (16, "cuda", 0.5)),
        ({"CPU": 2.0, "GPU": 4.0}, "auto", (2, "cuda", 1)),
        ({"CPU": 16.0, "GPU": 1.0}, "cpu", (16, "cpu", 0)),
        ({"GPU": 1.0}, "auto", None),
        ({}, "auto", None),
        ({"CPU": 0.0}, "auto", None),
    ],
)
def test_workers_of_a_node(resources, device, expected):
    found = places([node("1", **resources)], device)
    assert found == ([] if expected is None else [Place("1", "10.0.0.1", *expected)])


@pytest.mark.parametrize("cores", range(1, 20))
@pytest.mark.parametrize("gpus", range(1, 9))
def test_workers_never_ask_for_more_than_there_is(cores, gpus):
    (place,) = places([node("1", CPU=float(cores), GPU=float(gpus))], "auto")
    assert 1 <= place.workers <= cores
    assert place.workers * place.gpus <= gpus


def test_each_node_counts_for_itself_and_dead_ones_do_not():
    found = places(
        [node("1", CPU=2.0), node("2", alive=False), node("3", CPU=4.0, GPU=1.0)], "auto"
    )
    assert [(place.node, place.workers, place.device) for place in found] == [
        ("1", 2, "cpu"),
        ("3", 4, "cuda"),
    ]
