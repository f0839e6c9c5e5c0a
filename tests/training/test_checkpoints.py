"""Checkpoints come back as they were stored, or are refused by name; nothing in them can run."""

import json
import math
from dataclasses import asdict

import pytest
import torch

from srcnn_cli.errors import ModelError, OutputError
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.training.checkpoints import CHECKPOINT, Checkpoint, load_checkpoint, save_checkpoint
from srcnn_cli.training.recipes import RECIPES
from srcnn_cli.training.schedule import Schedule


def make(step=3, recipe="vdsr"):
    generator = torch.Generator().manual_seed(step)
    state = {
        "step": step,
        "best": -math.inf,
        "seconds": 1.5,
        "network": {
            "conv1.weight": torch.randn(8, 3, 5, 5, generator=generator).to(
                memory_format=torch.channels_last
            )
        },
        "average": [torch.randn(7, generator=generator)],
        "optimizer": [{"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": []}],
        "generator": generator.get_state(),
    }
    config = ModelConfig("vdsr", (3, 3), (8,), "ycbcr", (2, 3, 4), "zero", 0.5)
    provenance = {"data": ["Bücher/91"], "validation": None, "hold_back": 20}
    return Checkpoint(config, RECIPES[recipe].schedule, provenance, state)


def content(**changes):
    """What a good file holds, with some of it replaced."""
    return {
        "format": 2,
        "config": json.dumps(ModelConfig().to_dict()),
        "schedule": json.dumps(asdict(Schedule())),
        "provenance": "{}",
        "state": {"step": 3},
        **changes,
    }


def refusal(folder):
    with pytest.raises(ModelError) as caught:
        load_checkpoint(folder)
    assert caught.value.path == folder / CHECKPOINT
    assert str(caught.value).startswith(f"{folder / CHECKPOINT}: ")
    assert "\n" not in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_checkpoint_comes_back_as_it_was(tmp_path, recipe):
    stored = make(recipe=recipe)
    save_checkpoint(tmp_path, stored)
    loaded = load_checkpoint(tmp_path)
    assert loaded.config == stored.config
    assert loaded.schedule == stored.schedule
    assert loaded.provenance == stored.provenance
    assert list(loaded.state) == list(stored.state)
    assert [loaded.state[name] for name in ("step", "best", "seconds")] == [3, -math.inf, 1.5]
    weight = loaded.state["network"]["conv1.weight"]
    assert torch.equal(weight, stored.state["network"]["conv1.weight"])
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(loaded.state["average"][0], stored.state["average"][0])
    assert loaded.state["optimizer"][0]["state"][0]["step"] == 3
    generator = torch.Generator()
    generator.set_state(loaded.state["generator"])
    original = torch.Generator()
    original.set_state(stored.state["generator"])
    assert torch.equal(torch.rand(5, generator=generator), torch.rand(5, generator=original))


def test_the_hand_made_content_of_these_tests_is_good(tmp_path):
    torch.save(content(), tmp_path / CHECKPOINT)
    assert load_checkpoint(tmp_path) == Checkpoint(ModelConfig(), Schedule(), {}, {"step": 3})


def test_a_newer_checkpoint_replaces_the_one_before_and_leaves_nothing_else(tmp_path):
    save_checkpoint(tmp_path, make(step=3))
    save_checkpoint(tmp_path, make(step=6))
    assert load_checkpoint(tmp_path).state["step"] == 6
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


def test_a_full_disk_is_an_output_error_and_keeps_the_checkpoint_before(tmp_path):
    resource = pytest.importorskip("resource")
    save_checkpoint(tmp_path, make(step=3))
    larger = make(step=6)
    larger.state["average"] = [torch.zeros(100_000)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # the next best to a full disk
    try:
        with pytest.raises(OutputError, match=r"checkpoint\.pt: cannot be written: ."):
            save_checkpoint(tmp_path, larger)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert load_checkpoint(tmp_path).state["step"] == 3
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match=r"checkpoint\.pt"):
        save_checkpoint(tmp_path / "gone", make())


@pytest.mark.parametrize("folder", ["", "gone", "gone/deeper"])
def test_a_folder_without_a_checkpoint_is_said_to_have_none(tmp_path, folder):
    assert "no checkpoint to resume from" in refusal(tmp_path / folder)


def test_a_folder_in_the_place_of_a_checkpoint_is_none(tmp_path):
    (tmp_path / CHECKPOINT).mkdir()
    assert "no checkpoint to resume from" in refusal(tmp_path)


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.9, -1])
def test_a_file_that_was_cut_off_is_damaged(tmp_path, kept):
    save_checkpoint(tmp_path, make())
    data = (tmp_path / CHECKPOINT).read_bytes()
    end = int(kept * len(data)) if isinstance(kept, float) else kept
    (tmp_path / CHECKPOINT).write_bytes(data[:end])
    assert "damaged" in refusal(tmp_path)


@pytest.mark.parametrize("data", [b"x" * 500, b"PK\x03\x04" + bytes(400), b"\x80\x02}q\x00."])
def test_a_file_of_something_else_is_damaged(tmp_path, data):
    (tmp_path / CHECKPOINT).write_bytes(data)
    assert "damaged" in refusal(tmp_path)


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [1, 2],
        torch.zeros(3),
        {},
        content(config="{"),
        content(config=3),
        content(provenance="3"),
        content(state=None),
        content(state={}),
        content(state={"step": "four"}),
        content(schedule="[" * 100_000),
        {name: value for name, value in content().items() if name != "state"},
    ],
    ids=range(12),
)
def test_content_of_another_kind_is_damaged(tmp_path, stored):
    torch.save(stored, tmp_path / CHECKPOINT)
    assert "damaged" in refusal(tmp_path)


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch):
    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied")

    save_checkpoint(tmp_path, make())
    monkeypatch.setattr("pathlib.Path.read_bytes", forbidden)
    assert refusal(tmp_path) == "cannot be read: permission denied"


@pytest.mark.parametrize("place", ["format", "config", "state", "inside the state"])
def test_code_in_a_checkpoint_does_not_run(tmp_path, place):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "owned"), "w"))

    stored = {"state": {"x": [Evil()]}} if place == "inside the state" else {place: Evil()}
    torch.save(content(**stored), tmp_path / CHECKPOINT)
    assert "damaged" in refusal(tmp_path)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("number", [1, 3, "2a"])
def test_another_format_is_refused_by_its_number(tmp_path, number):
    torch.save({"format": number, "anything": "else"}, tmp_path / CHECKPOINT)
    assert f"format {number!r}" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"more": 1}, "does not know: more"),
        ({"steps": 1.5}, "1.5 as steps"),
        ({"rate": -1.0}, "rate must be at least"),
        ({"optimizer": "lamb"}, "unknown optimizer"),
    ],
)
def test_a_schedule_that_is_not_known_is_refused(tmp_path, change, reason):
    torch.save(content(schedule=json.dumps(asdict(Schedule()) | change)), tmp_path / CHECKPOINT)
    assert reason in refusal(tmp_path)


def test_a_checkpoint_from_before_a_value_was_introduced_opens_with_its_default(tmp_path):
    older = {name: value for name, value in asdict(Schedule(steps=7)).items() if name != "blur"}
    torch.save(content(schedule=json.dumps(older)), tmp_path / CHECKPOINT)
    assert load_checkpoint(tmp_path).schedule == Schedule(steps=7, blur=0.0)


def test_a_network_that_is_not_known_is_refused(tmp_path):
    config = ModelConfig().to_dict() | {"architecture": "edsr"}
    torch.save(content(config=json.dumps(config)), tmp_path / CHECKPOINT)
    assert "unknown architecture 'edsr'" in refusal(tmp_path)
