"""What a run is before it begins: its folder, what is stored with it, and its pictures."""

from pathlib import Path

import pytest

from sample_pictures import smooth
from srcnn_cli.errors import InputError, ModelError, OutputError, UsageError
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.training.run import continued_run, new_run
from srcnn_cli.training.schedule import Schedule
from srcnn_cli.training.session import find_pictures, load_validation

CONFIG = ModelConfig(filters=(3, 1, 3), widths=(4, 3), scales=(2, 3))


@pytest.fixture
def made(work):
    """``made(folder=None, data=("data",), ...)``: a new run."""

    def call(folder=None, data=("data",), **options):
        return new_run(folder, CONFIG, Schedule(), [Path(path) for path in data], **options)

    return call


def test_a_run_is_called_after_its_network_and_its_scales_unless_it_has_a_folder(made):
    assert made().folder == Path("runs/srcnn-3-1-3-x2-3")
    assert made(Path("mine")).folder == Path("mine")


def test_a_run_knows_where_its_pictures_and_its_first_weights_come_from(made):
    facts = made(data=("a", "b"), validation=Path("held"), hold_back=7).provenance
    assert facts == {
        "data": ["a", "b"],
        "validation": "held",
        "hold_back": 7,
        "init": None,
        "renew": 0,
        "start": None,
    }


def test_a_folder_that_holds_something_is_refused_and_an_empty_one_is_not(made):
    Path("mine").mkdir()
    assert made(Path("mine")).folder == Path("mine")
    Path("mine/notes.txt").write_text("precious")
    with pytest.raises(OutputError, match="is not empty"):
        made(Path("mine"))


def test_layers_are_drawn_anew_only_of_weights_that_have_more_of_them(made, tiny_weights):
    start = tiny_weights(CONFIG)
    with pytest.raises(UsageError, match="--init"):
        made(renew=1)
    with pytest.raises(UsageError, match="nothing of 3 layers"):
        made(start=start, renew=3)
    assert made(start=start, renew=2).provenance["renew"] == 2


def test_there_is_nothing_to_continue_without_a_checkpoint(work):
    with pytest.raises(ModelError, match="no checkpoint"):
        continued_run(Path("nowhere"))


@pytest.mark.parametrize(("count", "asked", "held"), [(4, 20, 1), (30, 20, 3), (40, 2, 2)])
def test_at_most_a_tenth_of_the_pictures_is_held_back(made, count, asked, held):
    for index in range(count):
        smooth(f"data/{index:02}.png", seed=index)
    pictures = find_pictures(made(hold_back=asked))
    assert (len(pictures.training), len(pictures.validation)) == (count - held, held)
    assert not set(pictures.training) & set(pictures.validation)


def test_nothing_is_trained_on_that_is_validated_on(made):
    for index in range(3):
        smooth(f"data/{index}.png", seed=index)
    smooth("held/copy.png", seed=1)
    pictures = find_pictures(made(validation=Path("held")))
    assert [path.name for path in pictures.training] == ["0.png", "2.png"]
    assert [path.name for path in pictures.validation] == ["copy.png"]
    with pytest.raises(InputError, match="none is left to train on"):
        find_pictures(made(validation=Path("data")))


def test_a_validation_picture_that_cannot_be_used_is_named_and_left_out(work):
    good, bad = smooth("good.png"), Path("bad.png")
    bad.write_bytes(b"broken")
    skipped = []
    pairs = load_validation([good, bad], [2, 3], skipped.append)
    assert [pair.scale for pair in pairs] == [2, 3]
    assert [item.path for item in skipped] == [bad]
    with pytest.raises(InputError, match="no picture can be used for validation at ×2"):
        load_validation([bad], [2, 3], None)
