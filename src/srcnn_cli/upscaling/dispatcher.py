"""The workers on a Ray cluster, and who does what.

This process hands out files, one by one, and is told what became of each; pictures do not pass
through it. A worker (`cluster_worker`) is a Ray actor that is bound to a node. What a worker had in
hand when it was lost goes to the others: a file is complete or not there at all, so nothing is lost
and nothing is done by halves. Ray itself restarts and repeats nothing: only we know what may be
repeated.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from srcnn_cli.errors import InputError, OutOfMemoryError, OutputError, SrcnnError, UsageError
from srcnn_cli.files import TEMPORARY_FILES, remove_abandoned
from srcnn_cli.remote import is_remote
from srcnn_cli.upscaling.cluster_worker import places
from srcnn_cli.upscaling.run import HOPELESS, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from srcnn_cli.upscaling.cluster_worker import Place, Settings
    from srcnn_cli.upscaling.jobs import Job
    from srcnn_cli.upscaling.task import Task

# A worker has the next file waiting while it does one: it need not wait for our answer.
_IN_HAND = 2
# Seconds that a worker that was stopped may still write, and that this is watched at most.
_LAST_BREATH, _MOST_PATIENCE_AT_END = 1.0, 8.0
_MOST_DEATHS = 3  # of workers over one and the same file, or of one node before they do anything
_LOOK_AROUND = 2.0  # seconds between looks for new nodes
_PATIENCE = 60.0  # seconds without any worker until that is said


@dataclass(eq=False)
class _Member:
    """A worker, from this side.

    Attributes:
        actor: Ray's handle.
        place: Where it is.
        in_hand: How many files it was given that it has not answered for.
        ready: Whether it has said that it is there.
        lost: Whether it is no more.
    """

    actor: Any
    place: Place
    in_hand: int = 0
    ready: bool = False
    lost: bool = False


@dataclass
class _Errand:
    """A job, and how many workers were lost over it."""

    job: Job
    again: bool = False
    deaths: int = 0


@dataclass
class Dispatcher:
    """All workers, and what they have in hand."""

    jobs: Sequence[Job]
    task: Task
    settings: Settings
    warn: Callable[[str, str], object]
    worker: type
    members: list[_Member] = field(default_factory=list)

    def __post_init__(self) -> None:
        import ray

        self._ray = ray
        self._waiting = deque(map(_Errand, self.jobs))
        self._starting: dict[Any, _Member] = {}  # by what Ray will answer to `ready`
        self._running: dict[Any, tuple[_Member, _Errand]] = {}  # and to `run`
        self._failed_starts: Counter[str] = Counter()  # by node
        self._said: set[object] = set()
        self._any_lost = False
        self._looked = float("-inf")
        self._last_seen = time.monotonic()  # when a worker was ready

    def outcomes(self) -> Iterator[Outcome]:
        """What became of each job."""
        while self._waiting or self._running:
            self._recruit()
            for reference in self._answers():
                if reference in self._starting:
                    self._welcome(reference)
                else:
                    outcome = self._outcome(reference)
                    if outcome is not None:
                        yield outcome

    def dismiss(self) -> None:
        """Stop all workers, and remove what those left half written that were stopped or lost."""
        unfinished = bool(self._running) or self._any_lost
        for member in self.members:
            with suppress(Exception):
                self._ray.kill(member.actor)
        if not unfinished:
            return
        folders = {job.target.parent for job in self.jobs if not is_remote(job.target)}
        begun = seen = time.monotonic()
        # A worker that is not gone yet may begin another file where none is to be seen.
        while (now := time.monotonic()) < min(seen + _LAST_BREATH, begun + _MOST_PATIENCE_AT_END):
            if any(any(folder.glob(TEMPORARY_FILES)) for folder in folders):
                seen = now
                for folder in folders:
                    remove_abandoned(folder)
            time.sleep(0.05)

    def _recruit(self) -> None:
        """Start workers where there is room for more, on nodes that are new, say."""
        now = time.monotonic()
        if now - self._looked < _LOOK_AROUND:
            return
        self._looked = now
        room = places(self._ray.nodes(), self.settings.device)
        useful = [place for place in room if self._failed_starts[place.node] < _MOST_DEATHS]
        if not useful and self.settings.device == "cuda" and not room:
            raise UsageError("--device cuda: no node of the cluster has a GPU and a free core")
        here = Counter(member.place.node for member in self.members)
        wanted = len(self._waiting) + len(self._running) - len(self.members)
        # In turns, so that few files are spread over all nodes.
        for turn in range(max((place.workers for place in useful), default=0)):
            for place in useful:
                if wanted > 0 and here[place.node] <= turn < place.workers:
                    self._start(place)
                    wanted -= 1
        if any(member.ready for member in self.members):
            self._last_seen = now
        elif now - self._last_seen > _PATIENCE:
            self._say("the cluster", "no worker has begun yet; waiting", about="patience")

    def _start(self, place: Place) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        actor = (
            self._ray.remote(self.worker)
            .options(
                num_cpus=1,
                num_gpus=place.gpus,
                scheduling_strategy=NodeAffinitySchedulingStrategy(place.node, soft=False),
            )
            .remote(self.settings, self.task, place.device)
        )
        member = _Member(actor, place)
        self.members.append(member)
        self._starting[actor.ready.remote()] = member

    def _answers(self) -> list[Any]:
        """What has been answered by now, in the order of asking; waits for a second at most."""
        asked = [*self._starting, *self._running]
        if not asked:
            time.sleep(0.2)
            return []
        answered, rest = self._ray.wait(asked, timeout=1.0)
        if answered and rest:
            more, _ = self._ray.wait(rest, num_returns=len(rest), timeout=0)
            answered += more
        known = set(answered)
        return [reference for reference in asked if reference in known]

    def _welcome(self, reference: Any) -> None:  # noqa: ANN401 - Ray's own
        """A worker is there, or could not be started."""
        member = self._starting.pop(reference)
        try:
            self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            self._lose(member)
            self._failed_starts[member.place.node] += 1
            nodes = {place.node for place in places(self._ray.nodes(), self.settings.device)}
            if nodes and all(self._failed_starts[node] >= _MOST_DEATHS for node in nodes):
                raise _why_not_started(error) from error
            return
        member.ready = True
        self._failed_starts[member.place.node] = 0
        self._hand_out(member)

    def _outcome(self, reference: Any) -> Outcome | None:  # noqa: ANN401 - Ray's own
        """What a worker says of a file; None if it says no more, so that another one does it."""
        member, errand = self._running.pop(reference)
        member.in_hand -= 1
        job = errand.job
        try:
            answer: Outcome = self._ray.get(reference)
        except self._ray.exceptions.RayActorError:
            if not member.lost:  # the first of what it had in hand is what it was at
                errand.deaths += 1
                self._lose(member)
            errand.again = True
            if errand.deaths < _MOST_DEATHS:
                self._waiting.appendleft(errand)
                for other in self.members:
                    self._hand_out(other)
                return None
            error = OutOfMemoryError(
                f"{errand.deaths} workers died over it; most likely their memory did not suffice",
                job.source_name,
            )
            return Outcome(job, error=error)
        except self._ray.exceptions.RayError as error:
            what = f"internal error: {type(error).__name__}: {error}"
            answer = Outcome(job, error=SrcnnError(what, job.source))
        self._hand_out(member)
        if isinstance(answer.error, HOPELESS):
            raise answer.error
        if answer.error is not None:
            answer.error = _seen_from_here(job, answer.error, member.place)
        answer.job = job
        return answer

    def _hand_out(self, member: _Member) -> None:
        """Give a worker as much as it should have in hand; towards the end one file at a time."""
        while member.ready and not member.lost and self._waiting:
            most = _IN_HAND if len(self._waiting) > len(self.members) else 1
            if member.in_hand >= most:
                return
            errand = self._waiting.popleft()
            member.in_hand += 1
            self._running[member.actor.run.remote(errand.job, errand.again)] = (member, errand)

    def _lose(self, member: _Member) -> None:
        member.lost = True
        self._any_lost = True
        self._looked = float("-inf")  # look for a new one at once
        self.members.remove(member)
        with suppress(Exception):
            self._ray.kill(member.actor)
        if member.ready:  # it may have been the process alone or the node, which is not known yet
            self._say(
                member.place.address,
                "a worker was lost there; others do what it had in hand",
                about=member.place.node,
            )

    def _say(self, name: str, note: str, *, about: object) -> None:
        """Tell the user, once."""
        if about not in self._said:
            self._said.add(about)
            self.warn(name, note)


def _why_not_started(error: Exception) -> UsageError:
    """What Ray's pages of words about a worker that did not start come down to."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if "Error" in line.partition(":")[0]]
    return UsageError(f"no node of the cluster could start a worker: {(told or lines)[-1]}")


def _seen_from_here(job: Job, error: Exception, place: Place) -> Exception:
    """A failure that is there for want of a common file system says so."""
    missing = (
        isinstance(error, InputError)
        and error.reason == "no such file"
        and not is_remote(job.source)
        and job.source.exists()
    )
    if missing:
        return InputError(
            f"is on this machine, but not on {place.address}: all nodes must see the same files",
            job.source,
        )
    homeless = (
        isinstance(error, OutputError)
        and error.reason == "its folder does not exist"
        and job.target.parent.exists()
    )
    if homeless:
        return OutputError(
            f"its folder is on this machine, but not on {place.address}: all nodes must see the "
            "same folders",
            job.target,
        )
    return error
