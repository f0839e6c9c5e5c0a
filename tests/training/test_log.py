"""What a run writes down: one CSV over all its parts, and TensorBoard's events where installed."""

import csv
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from srcnn_cli.errors import OutputError
from srcnn_cli.training.log import LOG, TrainingLog
from srcnn_cli.training.progress import Progress

COLUMNS = ["step", "samples", "loss", "psnr", "best", "rate", "pixels_per_second", "seconds"]


def progress(step=1000, **values):
    usual = {
        "samples": 16 * step,
        "loss": 0.00123456789,
        "psnr": 31.456789,
        "psnr_by_scale": (35.5, 30.25, 28.0),
        "best": 32.0,
        "rate": 0.00012345678,
        "pixels_per_second": 1234567.0,
        "seconds": 59.96,
    }
    return Progress(**{"step": step, **usual, **values})


def read(folder):
    with (folder / LOG).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(autouse=True)
def events(monkeypatch):
    """No TensorBoard, unless a test puts one there."""
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)


@pytest.fixture
def writers(monkeypatch):
    """A TensorBoard that remembers what it is told."""
    made = []

    class SummaryWriter:
        def __init__(self, log_dir):
            self.log_dir, self.told, self.flushed, self.closed = log_dir, [], 0, False
            made.append(self)

        def add_scalar(self, name, value, step):
            self.told.append((name, value, step))

        def flush(self):
            self.flushed += 1

        def close(self):
            self.closed = True

    fake = SimpleNamespace(SummaryWriter=SummaryWriter)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", fake)
    return made


def test_every_interval_is_a_row_under_named_columns(tmp_path):
    log = TrainingLog(tmp_path, [3])
    log.add(progress(1000))
    log.add(progress(2000, loss=2.5e-7, psnr=33.0, best=33.0))
    log.close()
    first, second = read(tmp_path)
    assert list(first) == COLUMNS
    assert first == {
        "step": "1000",
        "samples": "16000",
        "loss": "0.00123457",
        "psnr": "31.4568",
        "best": "32.0000",
        "rate": "0.0001235",
        "pixels_per_second": "1.235e+06",
        "seconds": "60.0",
    }
    assert (second["step"], second["samples"], second["loss"]) == ("2000", "32000", "2.5e-07")


def test_rows_are_there_before_the_run_ends(tmp_path):
    log = TrainingLog(tmp_path, [3])
    log.add(progress(1000))
    assert len(read(tmp_path)) == 1


def test_every_one_of_several_scales_has_a_column_of_its_own(tmp_path):
    TrainingLog(tmp_path, [2, 3, 4]).add(progress())
    (row,) = read(tmp_path)
    assert list(row) == [*COLUMNS, "psnr_x2", "psnr_x3", "psnr_x4"]
    assert [row[f"psnr_x{s}"] for s in (2, 3, 4)] == ["35.5000", "30.2500", "28.0000"]


def test_a_resumed_run_goes_on_in_the_same_table(tmp_path):
    for step in (1000, 2000):
        log = TrainingLog(tmp_path, [2, 3, 4])
        log.add(progress(step))
        log.close()
    assert [row["step"] for row in read(tmp_path)] == ["1000", "2000"]


def test_a_log_that_was_made_but_never_written_gets_its_header(tmp_path):
    (tmp_path / LOG).touch()
    TrainingLog(tmp_path, [3]).add(progress())
    assert list(read(tmp_path)[0]) == COLUMNS


def test_no_file_is_made_before_there_is_something_to_say(tmp_path):
    TrainingLog(tmp_path, [3]).close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("obstacle", ["folder in its place", "folder is a file", "full disk"])
def test_a_log_that_cannot_be_written_is_an_output_error_that_names_it(tmp_path, obstacle):
    folder = tmp_path / "run"
    if obstacle == "folder is a file":
        folder.touch()
    elif obstacle == "folder in its place":
        (folder / LOG).mkdir(parents=True)
    elif Path("/dev/full").exists():
        folder.mkdir()
        (folder / LOG).symlink_to("/dev/full")
    else:
        pytest.skip("no /dev/full here")
    with pytest.raises(OutputError, match=r"log\.csv: cannot be written") as caught:
        TrainingLog(folder, [3]).add(progress())
    assert caught.value.exit_code == 4


def test_tensorboard_gets_the_curves_and_is_closed(tmp_path, writers):
    log = TrainingLog(tmp_path, [3])
    log.add(progress(1000))
    (writer,) = writers
    assert writer.log_dir == str(tmp_path)
    assert sorted(writer.told) == [
        ("loss", 0.00123456789, 1000),
        ("pixels_per_second", 1234567.0, 1000),
        ("psnr", 31.456789, 1000),
        ("rate", 0.00012345678, 1000),
    ]
    assert (writer.flushed, writer.closed) == (1, False)
    log.close()
    assert writer.closed
    assert len(read(tmp_path)) == 1


@pytest.mark.parametrize("when", ["made", "told"])
def test_a_full_disk_under_tensorboard_is_an_output_error(tmp_path, writers, monkeypatch, when):
    def fail(*_):
        raise OSError(28, "No space left on device")

    fake = sys.modules["torch.utils.tensorboard"].SummaryWriter
    monkeypatch.setattr(fake, "__init__" if when == "made" else "flush", fail)
    with pytest.raises(OutputError, match="no space left on device"):
        TrainingLog(tmp_path, [3]).add(progress())
