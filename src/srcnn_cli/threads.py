"""The threads that this process computes with: as many as it may use, and never more at work.

All that computes shares one crew: the tiles of a picture, the strips of a file that is compressed,
pictures one after the other. So nothing waits for a core that another part of the same process
holds, and nothing is done by more threads than there are cores.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from srcnn_cli.cores import usable_cores
from srcnn_cli.forks import renew_in_child

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeVar

    T = TypeVar("T")
    R = TypeVar("R")

# Items that are begun before the one whose result is waited for is fetched, for each thread.
_AHEAD = 3


class _Batch:
    """Items of one call of `Crew.map`; all fields are guarded by the crew's lock."""

    def __init__(
        self,
        function: Callable[[Any], Any],
        items: Sequence[Any],
        ahead: int,
        lock: threading.Lock,
    ) -> None:
        self.function, self.items, self.ahead = function, items, ahead
        self.begun = self.fetched = self.running = 0
        self.results: dict[int, Any] = {}
        self.error: BaseException | None = None
        self.changed = threading.Condition(lock)

    def can_begin(self) -> bool:
        """Whether there is an item to begin now."""
        most = min(len(self.items), self.fetched + self.ahead)
        return self.error is None and self.begun < most


class Crew:
    """Threads that work together on whatever there is.

    Args:
        size: The most that are at work at any time, callers of `map` included.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.renew()
        renew_in_child(self)

    def renew(self) -> None:
        """Begin anew, with nobody hired and nothing begun."""
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)  # something can be begun, or a place is free
        self._place = threading.Condition(self._lock)  # a place is free
        self._batches: deque[_Batch] = deque()
        self._busy = 0
        self._hired = 0
        self._members = 0
        self._own = threading.local()

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """The results of a function for each item, in order; the calling thread works, too.

        Only a few items are begun before their results are fetched, so that memory does not grow
        with their number. An exception of the function is raised here, once no item is at work.
        """
        if self.size == 1 or len(items) < 2:
            for item in items:
                yield function(item)
            return
        batch = _Batch(function, items, _AHEAD * self.size, self._lock)
        with self._lock:
            self._hire()
            self._batches.append(batch)
            self._work.notify(self.size)
        try:
            for number in range(len(items)):
                with self._lock:
                    self._fetch(batch, number)
                    result = batch.results.pop(number)
                    batch.fetched = number + 1
                    self._work.notify()
                yield result
        finally:
            with self._lock:
                self._batches.remove(batch)
                batch.begun = len(items)
                while batch.running:
                    batch.changed.wait()

    @contextmanager
    def member(self) -> Iterator[None]:
        """Count the calling thread as one at work, except while it waits for others in `map`."""
        with self._lock:
            self._members += 1
            self._take_place()
        self._own.member = True
        try:
            yield
        finally:
            self._own.member = False
            with self._lock:
                self._leave_place()
                self._members -= 1

    @property
    def share(self) -> int:
        """Threads that a caller of `map` can count on while other members have as much to do."""
        return max(1, self.size // max(1, self._members))

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Leave the place of a `member` to others while it waits for something else than `map`."""
        member = getattr(self._own, "member", False)
        if member:
            with self._lock:
                self._leave_place()
        try:
            yield
        finally:
            if member:
                with self._lock:
                    self._take_place()

    def _fetch(self, batch: _Batch, number: int) -> None:
        """Work on a batch until the result of one of its items is there."""
        member = getattr(self._own, "member", False)
        while number not in batch.results:
            if batch.error is not None:
                raise batch.error
            if batch.can_begin() and (member or self._busy < self.size):
                self._run_next(batch, counted=member)
            elif member:
                self._leave_place()
                batch.changed.wait()
                self._take_place()
            else:
                batch.changed.wait()

    def _run_next(self, batch: _Batch, *, counted: bool) -> None:
        """Run one item, without the lock that the caller holds; `counted`: it has a place."""
        number = batch.begun
        batch.begun += 1
        batch.running += 1
        if not counted:
            self._busy += 1
        self._lock.release()
        result, error = None, None
        self._own.member = True  # for a function that calls `map` itself
        try:
            result = batch.function(batch.items[number])
        except BaseException as raised:  # noqa: BLE001 - handed to the thread that waits for it
            error = raised
        self._own.member = counted
        self._lock.acquire()
        if not counted:
            self._leave_place()
        batch.running -= 1
        if error is None:
            batch.results[number] = result
        else:
            batch.error = batch.error or error
        batch.changed.notify_all()

    def _take_place(self) -> None:
        while self._busy >= self.size:
            self._place.wait()
        self._busy += 1

    def _leave_place(self) -> None:
        self._busy -= 1
        self._place.notify()
        self._work.notify()

    def _hire(self) -> None:
        while self._hired < self.size - 1:
            self._hired += 1
            name = f"srcnn-{self._hired}"
            threading.Thread(target=self._help, name=name, daemon=True).start()

    def _help(self) -> None:
        """What a hired thread does all its life."""
        with self._lock:
            while True:
                batch = None
                if self._busy < self.size:
                    batch = next((each for each in self._batches if each.can_begin()), None)
                if batch is None:
                    self._work.wait()
                else:
                    self._run_next(batch, counted=False)
                    del batch  # and with it the last picture


_crew: Crew | None = None


def crew() -> Crew:
    """The crew of this process."""
    global _crew  # noqa: PLW0603 - there is one for the process
    if _crew is None:
        _crew = Crew(usable_cores())
    return _crew


def set_threads(count: int) -> None:
    """Compute with so many threads from now on; 0: as many as there are cores to use."""
    global _crew  # noqa: PLW0603 - there is one for the process
    _crew = Crew(count or usable_cores())


@contextmanager
def one_core_each() -> Iterator[None]:
    """In the meantime a product of matrices takes one core: the crew's threads take the others.

    That makes results the same whatever the number of cores, and small products several times as
    fast where other programs run.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield
