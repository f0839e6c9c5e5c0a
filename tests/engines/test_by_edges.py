"""One object for each kind of tile, whatever the threads that ask."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from srcnn_cli.engines.by_edges import ByEdges
from srcnn_cli.imaging.regions import WHOLE, Edges

CORNER = Edges(top=True, left=True, bottom=False, right=False)


def test_each_kind_is_made_once_for_all_threads():
    made = []
    objects = ByEdges(lambda edges: made.append(edges) or object())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: objects[WHOLE if n % 2 else CORNER], range(64)))
    assert sorted(made) == sorted([WHOLE, CORNER])
    assert len({id(one) for one in found}) == 2


def test_two_kinds_are_made_at_the_same_time():
    both = Barrier(2, timeout=20)  # breaks where one waits for the other
    objects = ByEdges(lambda edges: both.wait() is not None and edges)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(objects.__getitem__, [WHOLE, CORNER])) == [WHOLE, CORNER]


def test_it_tells_what_is_made():
    objects = ByEdges(lambda _: object())
    assert WHOLE not in objects
    objects[WHOLE]
    assert WHOLE in objects
    assert CORNER not in objects
