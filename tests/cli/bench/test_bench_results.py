"""`srcnn bench --results`: pictures that another program made; folders of originals and others."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench_reports import reduced, timeless
from sample_pictures import smooth
from terminal import one_line


def enlarged(path, target, scale, resample=Image.Resampling.BILINEAR):
    """What another program would make of a picture: reduced and enlarged again."""
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    with Image.open(path) as image:
        width, height = (side // scale for side in image.size)
        cropped = image.crop((0, 0, width * scale, height * scale))
        small = cropped.resize((width, height), Image.Resampling.BICUBIC)
        small.resize((width * scale, height * scale), resample).save(target)


@pytest.fixture
def made(work):
    """Originals in ``set``, somebody's results in ``theirs``, better ones in ``better``."""
    for index, name in enumerate("ab"):
        path = smooth(f"set/{name}.png", seed=index)
        enlarged(path, f"theirs/{name}_x3.png", 3, Image.Resampling.NEAREST)
        enlarged(path, f"better/{name}_SR.png", 3, Image.Resampling.BICUBIC)


@pytest.mark.usefixtures("made")
def test_results_stand_beside_our_methods_in_every_form(run, report):
    options = ("set", "--results", "nn=theirs", "--results", "better")
    document, err = report(*options)
    assert err == ""
    assert [a["method"] for a in document["averages"]] == ["bicubic", "nn", "better"]
    bicubic, nearest, better = document["averages"]
    assert nearest["psnr"] < better["psnr"]
    assert better["psnr"] == pytest.approx(bicubic["psnr"], abs=0.5)
    assert (nearest["seconds"], nearest["images_per_second"]) == (None, None)
    assert document["methods"][1]["name"] == "nn"
    assert document["methods"][1]["results"] == "theirs"
    assert len(document["methods"][1]["results_sha256"]) == 64
    assert [r["method"] for r in document["results"]] == ["nn", "better"]
    assert document["results"][0]["protocols"]["srcnn"]["psnr"] == nearest["psnr"]
    assert set(document["results"][0]["protocols"]) == {"srcnn", "vdsr", "rgb", "basicsr"}
    _, table, _ = run(*options)
    for words in ("nn", "better", f"{nearest['psnr']:.2f}", "results under", "basicsr"):
        assert words in table
    _, csv, _ = run(*options, "--format", "csv")
    assert f",average,nn,{nearest['psnr']},{nearest['ssim']},,,,," in csv
    _, markdown, _ = run(*options, "--format", "md")
    assert "| results under | srcnn | vdsr | rgb | basicsr |" in markdown


@pytest.mark.usefixtures("made")
def test_figures_are_those_of_the_pixels(report):
    document, _ = report("set", "--results", "nn=theirs", "--protocol", "rgb", "--crop-border", 0)
    for row in document["records"]:
        if row["method"] == "nn":
            with Image.open(f"set/{row['image']}.png") as image:
                truth = np.asarray(image, float)[: row["height"], : row["width"]]
            with Image.open(f"theirs/{row['image']}_x3.png") as image:
                error = np.mean((np.asarray(image, float) - truth) ** 2)
            assert row["psnr"] == pytest.approx(10 * np.log10(255**2 / error), abs=0.0001)


@pytest.mark.parametrize(
    ("option", "code", "word"),
    [
        ("x=nowhere", 3, "nowhere"),
        ("=theirs", 2, "NAME=PATH"),
        ("bicubic=theirs", 2, "two have the name bicubic"),
        ("x=half", 3, "b.png: has no result in half"),
        ("x=small", 3, "a.png: is 13x11, but 39x33"),
    ],
)
@pytest.mark.usefixtures("made")
def test_what_does_not_serve_is_refused_and_named(run, option, code, word):
    for name in "ab":
        reduced(f"set/{name}.png", f"small/{name}.png", 3, Image.Resampling.BICUBIC)
    Path("half").mkdir()
    Path("half/a.png").write_bytes(Path("theirs/a_x3.png").read_bytes())
    found, _, err = run("set", "--results", option)
    assert found == code
    assert word in one_line(err)


def mixed_folder(folder="mixed"):
    for index, name in enumerate(("img_001_SRF_3", "img_002_SRF_3")):
        path = smooth(f"high/{name}_HR.png", (39, 33), seed=index)
        Path(folder).mkdir(exist_ok=True)
        Path(f"{folder}/{name}_HR.png").write_bytes(path.read_bytes())
        reduced(path, f"low/{name}_LR.png", 3, Image.Resampling.BICUBIC)
        Path(f"{folder}/{name}_LR.png").write_bytes(Path(f"low/{name}_LR.png").read_bytes())


def test_a_folder_of_pairs_is_measured_as_two_folders_are(report):
    mixed_folder()
    document, err = report("mixed")
    assert err == ""
    expected, _ = report("high", "--lr", "low")
    assert timeless(document["averages"]) == timeless(expected["averages"])
    assert document["protocol"]["given_lr"] is True
    assert document["dataset"]["pictures"] == 2


def test_low_resolution_pictures_of_another_scale_are_refused(run):
    mixed_folder()
    code, _, err = run("mixed", "-s", 2)
    assert code == 3
    assert "img_001_SRF_3_LR.png: 13x11 is not 39x33 reduced by 2" in one_line(err)


def test_a_folder_that_is_half_paired_is_refused(run):
    mixed_folder()
    Path("mixed/img_002_SRF_3_LR.png").unlink()
    code, out, err = run("mixed")
    assert (code, out) == (3, "")
    assert "img_002_SRF_3_HR.png: has no low-resolution picture beside it" in one_line(err)


def test_results_in_the_same_folder_are_told_and_can_be_measured(run, report):
    mixed_folder()
    for name in ("img_001_SRF_3", "img_002_SRF_3"):
        enlarged(f"mixed/{name}_HR.png", f"mixed/{name}_A+.png", 3)
    code, _, err = run("mixed")
    assert code == 0
    assert "2 pictures that seem to be made by other programs, such as img_001_SRF_3_A+" in err
    document, err = report("mixed", "--results", "A+=mixed")
    assert err == ""
    assert [a["method"] for a in document["averages"]] == ["bicubic", "A+"]


def test_the_bar_goes_on_by_pixels_from_the_first_moment(run, monkeypatch):
    from srcnn_cli.cli import _progress

    told = []
    update = _progress.ProgressBar.update

    def watched(self, completed, text=None, *, total=None):
        told.append((completed, total))
        update(self, completed, text, total=total)

    monkeypatch.setattr(_progress.ProgressBar, "update", watched)
    smooth("set/a.png", (40, 34))
    smooth("set/b.png", (80, 68), seed=1)
    assert run("set")[0] == 0
    (total,) = [total for _, total in told if total is not None]
    done = [completed for completed, known in told if known is None]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(total, rel=0.1)  # what is cropped off is not enlarged
    assert done[0] / total == pytest.approx(40 * 34 / (40 * 34 + 80 * 68), rel=0.1)


def test_the_published_figures_have_a_column_for_each_method(run):
    from known_sets import SET5

    for index, (name, (height, width)) in enumerate(SET5.items()):
        smooth(f"Set5/{name}.png", (width, height), seed=index)
    _, out, _ = run("Set5", "--methods", "nearest", "--metrics", "psnr")
    heading = next(line for line in out.splitlines() if line.startswith("published"))
    assert heading.split() == ["published", "PSNR", "nearest", "bicubic", "time", "source"]
    averages = {
        line.split()[0]: float(line.split()[1])
        for line in out.splitlines()
        if line.startswith(("nearest ", "bicubic ")) and "/" not in line.split()[1]
    }
    row = next(line for line in out.splitlines() if line.startswith("SC ")).split()
    assert float(row[1]) == 31.42
    assert float(row[2]) == pytest.approx(averages["nearest"] - 31.42, abs=0.011)
    assert float(row[3]) == pytest.approx(averages["bicubic"] - 31.42, abs=0.011)
    _, markdown, _ = run("Set5", "--metrics", "psnr", "--format", "md")
    assert "| published | metric | value | bicubic | time | source |" in markdown


def test_in_80_columns_methods_have_numbers_and_nothing_is_wider(run, monkeypatch):
    from known_sets import SET5
    from srcnn_cli.cli import _console, _terminal

    monkeypatch.setattr(_console.out, "_force_terminal", True)
    monkeypatch.setattr(_terminal, "width_of_lines", lambda **_: 80)
    for index, (name, (height, width)) in enumerate(SET5.items()):
        smooth(f"Set5/{name}.png", (width, height), seed=index)
        enlarged(f"Set5/{name}.png", f"theirs/{name}.png", 3)
    options = ("--methods", "nearest,bilinear,lanczos", "--results", "theirs")
    _, out, _ = run("Set5", *options)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    lines = [line.rstrip() for line in plain.splitlines()]
    assert max(map(len, lines[1:])) <= 80
    legend = "1 nearest, 2 bilinear, 3 bicubic, 4 lanczos, 5 theirs"
    assert f"PSNR above the published by {legend}" in " ".join(plain.split())
    assert "baby" in lines  # a block for each picture
    row = next(line for line in lines if line.startswith("  SC ")).split()
    assert len(row) == 7
