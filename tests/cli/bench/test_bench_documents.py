"""The lines and documents of `srcnn bench`."""

import csv
import io
import json
import re
import sys
from pathlib import Path
from statistics import fmean

import pytest
from PIL import Image

from bench_reports import timeless
from known_sets import SET5
from sample_pictures import smooth
from srcnn_cli.methods.interpolation import Interpolation
from terminal import one_line


def test_a_line_a_picture_then_the_averages(run, tiny_weights):
    for index, name in enumerate("ab"):
        smooth(f"set/{name}.png", seed=index)
    code, out, err = run("set", "--model", tiny_weights(), "--methods", "nearest,lanczos")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith(
        "set ×3, protocol srcnn: 8-bit Y' (16-235), modcrop, MATLAB bicubic down"
    )
    names = ["nearest", "bicubic", "lanczos"]
    assert lines[1].split()[:3] == names
    assert [line.split()[0] for line in lines[2:4]] == ["a", "b"]
    for line in lines[2:4]:
        assert len(re.findall(r"\d+\.\d\d / [01]\.\d{4}", line)) == 4
    averages = {line.split()[0]: line.split()[1:] for line in lines[4:] if line}
    assert averages["average"][:2] == ["PSNR", "SSIM"]
    for name in names:
        assert re.fullmatch(r"\d+\.\d\d", averages[name][0])
    assert "cpu, " in lines[-1]
    assert "peak memory" in lines[-1]
    assert "published" not in out


def test_the_lines_hold_the_figures_of_the_document(run, report):
    for index, name in enumerate("ab"):
        smooth(f"set/{name}.png", seed=index)
    document, _ = report("set", "--metrics", "psnr,ssim")
    _, out, _ = run("set")
    for row in document["records"]:
        assert f"{row['image']}  " in out
        assert f"{row['psnr']:.2f} / {row['ssim']:.4f}" in out
    average = document["averages"][0]
    assert re.search(rf"bicubic +{average['psnr']:.2f} +{average['ssim']:.4f} ", out)


def test_each_line_is_printed_when_its_picture_is_done(run):
    smooth("set/a.png")
    Path("set/b.png").write_bytes(b"broken")
    code, out, err = run("set")
    assert code == 3
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["a"]
    assert "b.png" in one_line(err)


@pytest.mark.parametrize("format_", ["json", "csv", "md"])
def test_a_document_is_all_that_is_printed(run, format_):
    smooth("set/a.png")
    Path("set/notes.txt").write_text("no picture")
    code, out, err = run("set", "--format", format_, "-o", f"out.{format_}")
    assert code == 0
    assert out.startswith({"json": "{\n", "csv": "dataset,", "md": "**set ×3**"}[format_])
    assert out.endswith("\n")
    assert err.startswith("warning: set: 1 file")
    assert err.count("\n") == 1
    assert Path(f"out.{format_}").read_text("utf-8") == out


def test_two_runs_differ_in_seconds_and_rates_alone(report, tiny_weights):
    for index, name in enumerate("ab"):
        smooth(f"set/{name}.png", seed=index)
    arguments = ("set", "-m", tiny_weights(), "--methods", "nearest", "--self-ensemble")
    first, second = (report(*arguments)[0] for _ in range(2))
    assert timeless(first) == timeless(second)


def test_records_are_in_order_and_averages_are_means(report, tiny_weights):
    for index, name in enumerate("cab"):
        smooth(f"set/{name}.png", (40 + 3 * index, 34), seed=index)
    document, _ = report("set", "-m", tiny_weights(), "--methods", "lanczos,nearest")
    network = document["methods"][-1]["name"]
    methods = ["nearest", "bicubic", "lanczos", network]
    assert [m["name"] for m in document["methods"]] == methods
    assert [(r["image"], r["method"]) for r in document["records"]] == [
        (image, method) for image in "abc" for method in methods
    ]
    for item in document["averages"]:
        own = [r for r in document["records"] if r["method"] == item["method"]]
        assert len(own) == 3
        for metric in ("psnr", "ssim"):
            assert item[metric] == pytest.approx(fmean(r[metric] for r in own), abs=1.01e-4)
        for step, value in item["seconds"].items():
            mean = fmean(r["seconds"][step] for r in own)
            assert value == pytest.approx(mean, abs=1.01e-5)


def test_the_three_documents_agree(run, report, tiny_weights):
    for index, name in enumerate("ab"):
        smooth(f"set/{name}.png", seed=index)
    arguments = ("set", "-m", tiny_weights(), "--metrics", "ssim,psnr")
    document, _ = report(*arguments)
    _, table, _ = run(*arguments, "--format", "csv")
    _, text, _ = run(*arguments, "--format", "md")
    expected = [
        *document["records"],
        *({**item, "image": "average"} for item in document["averages"]),
    ]
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [(r["image"], r["method"], float(r["psnr"]), float(r["ssim"])) for r in rows] == [
        (r["image"], r["method"], r["psnr"], r["ssim"]) for r in expected
    ]
    lines = [line for line in text.splitlines() if line.startswith(("| a |", "| b |", "| **a"))]
    cells = [cell.strip() for line in lines for cell in line.strip("|").split("|")[1:]]
    assert cells == [f"{r['psnr']:.2f} / {r['ssim']:.4f}" for r in expected]


def test_what_was_measured_is_kept_if_a_later_picture_cannot_be_read(run):
    for index, name in enumerate("ab"):
        smooth(f"set/{name}.png", seed=index)
    Path("set/c.png").write_bytes(b"broken")
    code, out, err = run("set", "--format", "json", "--output", "kept.json")
    assert code == 3
    assert out == ""
    assert "c.png" in one_line(err)
    kept = json.loads(Path("kept.json").read_text())
    assert kept["complete"] is False
    assert [r["image"] for r in kept["records"]] == ["a", "b"]
    assert kept["dataset"]["pictures"] == 3
    mean = fmean(r["psnr"] for r in kept["records"])
    assert kept["averages"][0]["psnr"] == pytest.approx(mean, abs=1e-4)


def test_what_was_measured_is_kept_if_it_is_interrupted(run, monkeypatch):
    for index, name in enumerate("ab"):
        smooth(f"set/{name}.png", (40 + 30 * index, 34), seed=index)
    enlarge = Interpolation.enlarge

    def interrupted(self, low, height, width, **options):
        if width > 60:
            raise KeyboardInterrupt
        return enlarge(self, low, height, width, **options)

    monkeypatch.setattr(Interpolation, "enlarge", interrupted)
    code, _, err = run("set", "--output", "kept.json")
    assert code == 130
    assert err in {"", "error: interrupted\n"}
    kept = json.loads(Path("kept.json").read_text())
    assert kept["complete"] is False
    assert [r["image"] for r in kept["records"]] == ["a"]


def test_if_the_first_picture_cannot_be_read_nothing_is_written(run):
    smooth("set/b.png")
    Path("set/a.png").write_bytes(b"broken")
    code, _, err = run("set", "--output", "kept.json")
    assert code == 3
    assert "a.png" in one_line(err)
    assert not Path("kept.json").exists()


@pytest.mark.parametrize("extension", ["json", "csv", "md"])
def test_the_file_is_written_in_the_form_of_its_extension(run, extension):
    smooth("set/a.png")
    code, out, _ = run("set", "--output", f"out.{extension.upper()}")
    assert code == 0
    assert "average" in out
    start = {"json": "{\n", "csv": "dataset,", "md": "**set ×3**"}[extension]
    assert Path(f"out.{extension.upper()}").read_text("utf-8").startswith(start)


def test_overwrite_replaces_the_file(run):
    smooth("set/a.png")
    Path("out.json").write_text("old")
    assert run("set", "-o", "out.json", "--overwrite")[0] == 0
    assert json.loads(Path("out.json").read_text())["complete"] is True


def test_a_flat_picture_has_infinite_psnr_and_is_still_json(run):
    Path("set").mkdir()
    Image.new("RGB", (40, 40), "teal").save("set/flat.png")
    code, out, _ = run("set", "--format", "json")
    assert code == 0

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    json.loads(out, parse_constant=refuse)
    assert "inf / 1.0000" in run("set")[1]


def test_narrow_outputs_hide_no_figure(run):
    for index, (name, (height, width)) in enumerate(SET5.items()):
        smooth(f"set/{name}.png", (width, height), seed=index)
    _, out, _ = run("set")
    assert "published" in out
    assert "…" not in out
    for word in ("32.39", "33.66", "0.9213", "images/s", "MP/s"):
        assert word in out


def test_names_are_printed_as_they_are(run, report):
    name = "[red]böse Katze[bold] 猫 :smile:"
    smooth(f"set/{name}.png")
    assert report("set")[0]["records"][0]["image"] == name
    code, out, _ = run("set")
    assert code == 0
    assert name in out


@pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode elsewhere")
@pytest.mark.parametrize("format_", ["json", "csv", "md", "table"])
def test_a_name_that_is_no_text_is_no_internal_error(run, format_):
    smooth("set/a.png").rename(b"set/\xff.png".decode("utf-8", "surrogateescape"))
    code, _, err = run("set", "--format", format_)
    assert "internal error" not in err
    assert code in {0, 3}
