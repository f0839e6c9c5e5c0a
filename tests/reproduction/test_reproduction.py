"""Reproducing papers: their data, their tables, the documents, and that work is taken up again."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from dictionaries import random_dictionary, small_config
from known_sets import SET5
from srcnn_cli.errors import InputError
from srcnn_cli.evaluation.published import published_figures
from srcnn_cli.models.weights import read_training, save_weights
from srcnn_cli.reproduction.data_sets import ORIGINS, find_set
from srcnn_cli.reproduction.document import document, to_markdown
from srcnn_cli.reproduction.network import Course, train_network
from srcnn_cli.reproduction.page import to_page
from srcnn_cli.reproduction.papers import PAPERS
from srcnn_cli.reproduction.workshop import Measured, Workshop
from srcnn_cli.training.dictionary import DictionaryPlan


def write_set5(folder):
    folder.mkdir(parents=True)
    for name, (height, width) in SET5.items():
        plane = np.add.outer(np.arange(height), np.arange(width)) % 256
        Image.fromarray(plane.astype(np.uint8)).save(folder / f"{name}.png")


@pytest.fixture
def data(tmp_path):
    """A folder with a stand-in for Set5 and, one folder deeper, for T91."""
    folder = tmp_path / "data"
    write_set5(folder / "Set5")
    training = folder / "train" / "T91"
    training.mkdir(parents=True)
    for index in range(91):
        Image.new("L", (30, 30), index).save(training / f"t{index}.png")
    return folder


def silent(_line):
    pass


def shop_of(name, data, folder, minutes=10.0):
    return Workshop(PAPERS[name], data, folder, minutes=minutes, full=False, say=silent)


@pytest.mark.parametrize("name", PAPERS)
def test_every_method_of_a_paper_stands_in_its_published_tables(name):
    paper = PAPERS[name]
    for table in paper.tables:
        found = [f for f in published_figures(dataset=table.dataset, scale=table.scale)
                 if f.source == table.source]  # fmt: skip
        missing = set(paper.methods) - {figure.method for figure in found}
        assert missing <= ({"SC"} if table.scale != 3 else set())


def test_sets_are_found_at_the_top_and_one_folder_deeper(data):
    assert find_set(data, "Set5") == data / "Set5"
    assert find_set(data, "T91") == data / "train" / "T91"


def test_every_missing_set_is_named_with_where_to_get_it(srcnn, work):
    (work / "empty").mkdir()
    code, _, err = srcnn("reproduce", "eccv2014", work / "empty")
    assert code == 3
    for name in ("Set5", "Set14", "T91"):
        assert f"{name}: {ORIGINS[name]}" in err
    assert "no folder" not in err.split("error:")[0]
    assert "Set5 or Set14 or T91" in err
    assert not (work / "eccv2014").exists()


def test_pictures_to_train_on_are_asked_for_where_something_is_trained(srcnn, work, data):
    _, _, err = srcnn("reproduce", "cvpr2016", data / "train", "-o", work / "out")
    assert "Set5 or Set14:" in err
    _, _, err = srcnn("reproduce", "cvpr2016", work, "--full", "-o", work / "out")
    assert "or T91" in err


def test_other_pictures_than_the_sets_are_refused(data):
    Image.new("L", (100, 100)).save(data / "Set5" / "baby.png")
    with pytest.raises(InputError, match="full size"):
        find_set(data, "Set5")
    (data / "train" / "T91" / "t3.png").unlink()
    with pytest.raises(InputError, match="90 pictures"):
        find_set(data, "T91")


def fabricated(paper, offset=0.0):
    """What would be measured if every figure were the published one, plus an offset."""
    results = {}
    for table in paper.tables:
        own = results.setdefault((table.dataset, table.scale), {})
        for figure in published_figures(
            dataset=table.dataset, scale=table.scale, metric="psnr", image=None
        ):
            if figure.source == table.source and figure.method in paper.methods:
                moved = figure.value + (offset if figure.method == "SRCNN" else 0)
                own[figure.method] = Measured(
                    dict.fromkeys(SET5, moved), dict.fromkeys(SET5, 0.5),
                    dict.fromkeys(SET5, 250_000),
                )  # fmt: skip
    return results


@pytest.mark.parametrize("name", PAPERS)
def test_the_documents_say_published_measured_and_difference(name, data, tmp_path):
    shop = shop_of(name, data, tmp_path / "out")
    picture = tmp_path / "out" / "figures" / "a.png"
    Image.new("RGB", (40, 30), "red").save(picture)
    course = Course(tmp_path / "log.csv", "fast", 32.456, 9.7, 40_000)
    figures = [("Figure", "A <red> one", picture)]
    made = document(shop, fabricated(shop.paper, 0.5), figures, course)
    text = to_markdown(made, tmp_path / "out")
    page = to_page(made).decode()
    assert "figures/a.png" in text
    if name == "eccv2014":
        means = text[: text.index("## Table")]
        assert "| SRCNN | 36.34 · 36.84 · +0.50 | 32.39 · 32.89 · +0.50 |" in means
        assert "| ANR | 35.83 · 35.83 · +0.00 |" in means
        assert "| SC | – | 31.42 · 31.42 · +0.00 | – |" in means
        assert "SRCNN (Set5 ×2 +0.50, Set5 ×3 +0.50, Set5 ×4 +0.50, Set14 ×3 +0.50 dB): " in means
        assert "in 10 minutes by the recipe fast, it comes to 32.46 dB" in means
        assert not re.search(r"ANR \(Set5", means)
        assert "128/64" in text  # printed only
        assert "35.13<br>31.92<br><b>-3.21</b>" in page  # baby by ANR
        assert "32.39<br>32.89<br><b>+0.50</b>" in page
        assert "31.92<br>31.92<br>+0.00" in page
        assert "| ANR | 0.87 · 0.5 · 2 |" in text  # seconds: published, measured, per megapixel
        assert "| srcnn-9-1-5-x3 of Figure 1 | here, recipe fast, 40,000 sub-images" in text
        assert re.search(r"\| anr-x3 \| shipped \| T91 \(91 pictures\) \| \d+ (s|min) \|", text)
    assert "A &lt;red&gt; one" in page
    assert not re.search(r"(src|href)=\"?(http|//)", page)
    assert "default-src 'none'" in page


def write_dictionary(shop, name, **facts):
    config = small_config(name.rsplit("-x", 1)[0])
    save_weights(
        shop.models / f"{name}.safetensors", config, random_dictionary(config), training=facts
    )


def test_the_documents_say_what_the_minutes_left_out(data, tmp_path):
    shop = shop_of("eccv2014", data, tmp_path / "out")
    plan = {"iterations": 20, "batches": 60}
    write_dictionary(shop, "zeyde-x3", plan=plan, done={"K-SVD": 3}, seconds=9.0)
    write_dictionary(shop, "ne-lle-x3", plan=plan, done={})
    write_dictionary(shop, "sc-x3", plan=plan, done={"joint dictionary": 60}, seconds=9.0)
    results = fabricated(shop.paper)
    for title in ("NE+LLE", "SC"):
        own = results["Set5", 3][title]
        results["Set5", 3][title] = Measured(
            dict.fromkeys(own.psnr, own.mean - 0.5), own.seconds, own.pixels
        )
    text = to_markdown(document(shop, results, [], None), tmp_path / "out")
    cut = "NE+LLE (Set5 ×3 -0.50 dB): Its training was cut short: 3 of 20 rounds of K-SVD at ×3. "
    assert cut in text
    assert "SC (Set5 ×3 -0.50 dB): The published figures" in text
    assert "| zeyde-x3 | here, 3 of 20 rounds of K-SVD | T91 (91 pictures) | 9 s |" in text
    assert "| ne-lle-x3 | here, of atoms that were there | T91 (91 pictures) | – |" in text


def test_all_training_shares_its_minutes(data, tmp_path):
    shop = shop_of("eccv2014", data, tmp_path / "out", minutes=2.0)
    assert shop.minutes_left == 2
    write_dictionary(shop, "sc-x3", seconds=30.0)
    assert shop.minutes_left == 1.5
    write_dictionary(shop, "zeyde-x3", seconds=300.0)
    assert shop.minutes_left == 0
    assert shop_of("eccv2014", data, tmp_path / "out", minutes=None).minutes_left is None


def test_a_dictionary_that_does_not_ship_is_trained_once(data, tmp_path, monkeypatch):
    small = DictionaryPlan(atoms=8, batches=20, joint_stride=2, least_variance=0)
    monkeypatch.setattr("srcnn_cli.training.dictionary_run.DictionaryPlan", lambda: small)
    rng = np.random.default_rng(0)
    for path in (data / "train" / "T91").iterdir():
        Image.fromarray(rng.integers(0, 255, (30, 30), np.uint8)).save(path)
    lines = []
    shop = Workshop(
        PAPERS["eccv2014"], data, tmp_path / "out", minutes=1e-6, full=False, say=lines.append
    )
    path = shop.dictionary("sc", 3)
    assert lines[0] == "training sc ×3 on T91"
    training = read_training(path)
    assert training["done"]["joint dictionary"] == 15  # of 20: the minutes were over
    assert training["seconds"] >= 0
    lines.clear()
    assert shop.dictionary("sc", 3) == path
    assert not lines


def test_a_network_is_trained_on_until_it_has_had_its_minutes(tmp_path, monkeypatch):
    rng = np.random.default_rng(1)
    for folder, count in (("train", 3), ("test", 1)):
        (tmp_path / folder).mkdir()
        for index in range(count):
            pixels = rng.integers(0, 255, (90, 90), np.uint8)
            Image.fromarray(pixels).save(tmp_path / folder / f"{folder}{index}.png")
    monkeypatch.setattr("srcnn_cli.reproduction.network._CHANGED",
                        {"fast": {"interval": 2, "steps": 6}})  # fmt: skip
    monkeypatch.setattr("srcnn_cli.reproduction.network._SHORTEST", 1e-9)
    lines = []

    def train(minutes):
        folder = tmp_path / "network"
        return train_network(
            folder, tmp_path / "train", tmp_path / "test", "fast", minutes, lines.append
        )

    first = train(1e-9)  # the time is over after the first step
    assert first.samples == 16
    assert lines[0].startswith("training srcnn-9-1-5 ×3 on T91 by the recipe fast for 0.0 minutes")
    monkeypatch.setattr("srcnn_cli.reproduction.network.new_run", None)  # it is continued
    whole = train(None)
    assert (whole.recipe, whole.samples) == ("fast", 96)
    lines.clear()
    assert train(None) == whole
    assert not lines


def test_what_is_measured_is_not_measured_again(data, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    monkeypatch.setattr("srcnn_cli.reproduction.papers.Paper.measurements", [("Set5", 3)])
    shop = shop_of("tpami2016", data, folder)
    monkeypatch.setattr(Workshop, "methods", lambda *_: {"Bicubic": "bicubic"})
    first = list(shop.results())
    assert set(first[0][3].psnr) == set(SET5)
    monkeypatch.setattr("srcnn_cli.reproduction.workshop.measure", None)
    assert list(shop_of("tpami2016", data, folder).results()) == first
    file = folder / "measured" / "Set5-x3-bicubic.json"
    assert json.loads(file.read_text())["psnr"]["baby"] == first[0][3].psnr["baby"]
    file.write_text("{")
    with pytest.raises(InputError, match="measured again"):
        list(shop_of("tpami2016", data, folder).results())


def test_the_command_names_a_missing_set_before_any_work(srcnn, work, data):
    code, _, err = srcnn("reproduce", "eccv2014", data)
    assert code == 3
    assert "Set14" in err
    assert "docs/reproduce.md" in err
