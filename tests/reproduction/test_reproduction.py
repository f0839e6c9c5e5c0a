"""Reproducing papers: their data, their tables, the documents, and that work is taken up again."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from known_sets import SET5
from srcnn_cli.errors import InputError
from srcnn_cli.evaluation.published import published_figures
from srcnn_cli.reproduction.data_sets import ORIGINS, find_set
from srcnn_cli.reproduction.document import document, to_markdown
from srcnn_cli.reproduction.page import to_page
from srcnn_cli.reproduction.papers import PAPERS
from srcnn_cli.reproduction.workshop import Measured, Workshop


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


def shop_of(name, data, folder, **options):
    return Workshop(PAPERS[name], data, folder, full=False, say=silent, **options)


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


def test_a_missing_set_is_named_with_where_to_get_it(data):
    with pytest.raises(InputError, match="Set14") as caught:
        find_set(data, "Set14")
    assert ORIGINS["Set14"] in str(caught.value)


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
                own[figure.method] = Measured(dict.fromkeys(SET5, moved), dict.fromkeys(SET5, 0.5))
    return results


@pytest.mark.parametrize("name", PAPERS)
def test_the_documents_say_published_measured_and_difference(name, data, tmp_path):
    shop = shop_of(name, data, tmp_path / "out")
    picture = tmp_path / "out" / "figures" / "a.png"
    Image.new("RGB", (40, 30), "red").save(picture)
    made = document(
        shop, fabricated(shop.paper, 0.5), [("Figure", "A <red> one", picture)], "Done."
    )
    text = to_markdown(made, tmp_path / "out")
    page = to_page(made).decode()
    assert "figures/a.png" in text
    if name == "eccv2014":
        assert "| Set5 ×3, SRCNN | 32.39 | 32.89 | +0.50 |" in text
        assert "Set5 ×3, SRCNN: +0.50 dB. The measured network is the shipped one" in text
        assert "| Set5 ×3, ANR | 31.92 | 31.92 | +0.00 |" in text
        assert not re.search(r"ANR: \+0.00 dB\.", text)
        assert "128/64" in text  # printed only
        assert "35.13<br>31.92<br>-3.21" in page  # baby by ANR
    assert "A &lt;red&gt; one" in page
    assert not re.search(r"(src|href)=\"?(http|//)", page)
    assert "default-src 'none'" in page


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
