"""Files that are worked on at the same time become what they become one after the other."""

import threading
import time
import warnings

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.errors import InputError
from srcnn_cli.pictures.quiet import quiet
from srcnn_cli.threads import Crew
from srcnn_cli.upscaling import run
from srcnn_cli.upscaling.jobs import plan_jobs
from srcnn_cli.upscaling.run import run_jobs
from srcnn_cli.upscaling.sizes import Size
from srcnn_cli.upscaling.task import Task
from srcnn_cli.upscaling.upscaler import Upscaler

BROKEN = ("03.png", "07.png")


@pytest.fixture
def folder(tmp_path):
    """Twelve small pictures, two of them broken."""
    made = tmp_path / "in"
    made.mkdir()
    rng = np.random.default_rng(0)
    for number in range(12):
        pixels = rng.integers(0, 256, (11 + number, 40 - 2 * number, 3), np.uint8)
        Image.fromarray(pixels).save(made / f"{number:02}.png")
    for name in BROKEN:
        (made / name).write_bytes((made / name).read_bytes()[:200])
    return made


def enlarge(folder, output, monkeypatch, *, threads, **options):
    monkeypatch.setattr("srcnn_cli.threads._crew", Crew(threads))
    output.mkdir()
    jobs, _ = plan_jobs([folder], output, 2)
    seen = []
    upscaler = Upscaler("subpixel-s", device="cpu")
    outcomes = run_jobs(jobs, Task(Size(2)), upscaler, lambda *told: seen.append(told), **options)
    return jobs, [*outcomes], seen


@pytest.mark.parametrize("threads", [2, 5])
def test_files_at_once_become_what_they_become_one_by_one(folder, tmp_path, monkeypatch, threads):
    enlarge(folder, tmp_path / "one", monkeypatch, threads=threads, at_once=1)
    jobs, outcomes, _ = enlarge(folder, tmp_path / "several", monkeypatch, threads=threads)
    assert [outcome.job for outcome in outcomes] == jobs
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(names) == 10
    assert names == sorted(path.name for path in (tmp_path / "several").iterdir())
    for name in names:
        alone, together = (tmp_path / kind / name for kind in ("one", "several"))
        assert alone.read_bytes() == together.read_bytes()


def test_each_broken_file_has_its_error_and_the_others_are_done(folder, tmp_path, monkeypatch):
    _, outcomes, _ = enlarge(folder, tmp_path / "out", monkeypatch, threads=3)
    failed = [outcome for outcome in outcomes if outcome.done is None]
    assert [outcome.job.source.name for outcome in failed] == [*BROKEN]
    for outcome in failed:
        assert isinstance(outcome.error, InputError)
        assert outcome.job.source.name in str(outcome.error)


@pytest.mark.parametrize("threads", [1, 3])
def test_progress_ends_with_all_but_the_last_files_done(folder, tmp_path, monkeypatch, threads):
    _, _, seen = enlarge(folder, tmp_path / "out", monkeypatch, threads=threads)
    numbers = [number for number, _ in seen]
    assert numbers == sorted(numbers)
    assert numbers[-1] <= 11
    assert all(0 <= share <= 1 for _, shares in seen for share in shares)


def test_results_in_memory_are_limited_but_any_one_is_allowed(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "_PIXELS_AT_ONCE", 3000)
    real, lock, now, most = run.upscale_file, threading.Lock(), [], []

    def watched(opened, *rest):
        height, width = opened.picture.pixels.shape[:2]
        with lock:
            now.append(4 * height * width)
            most.append((sum(now), len(now)))
        time.sleep(0.005)
        try:
            return real(opened, *rest)
        finally:
            with lock:
                now.remove(4 * height * width)

    monkeypatch.setattr(run, "upscale_file", watched)
    _, outcomes, _ = enlarge(folder, tmp_path / "out", monkeypatch, threads=4)
    assert sum(outcome.done is not None for outcome in outcomes) == 10
    assert all(pixels <= 3000 or count == 1 for pixels, count in most)


def test_warnings_are_as_before_once_the_last_thread_has_read_its_picture():
    before = list(warnings.filters)
    inside, leave = threading.Barrier(3), threading.Event()

    def read():
        with quiet():
            inside.wait(5)
            leave.wait(5)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    inside.wait(5)
    assert warnings.filters[0][0] == "ignore"
    leave.set()
    for reader in readers:
        reader.join(5)
    assert list(warnings.filters) == before
