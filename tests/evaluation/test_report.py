"""One document of a benchmark, and the same figures in each of its three forms."""

import csv
import io
import json
from pathlib import Path

import pytest

from known_sets import SET5
from srcnn_cli import __version__
from srcnn_cli.evaluation.benchmark import Record, average
from srcnn_cli.evaluation.protocol import PROTOCOLS
from srcnn_cli.evaluation.published import published_figures
from srcnn_cli.evaluation.report import (
    Setting,
    build_report,
    canary,
    format_metric,
    published,
)
from srcnn_cli.evaluation.report_forms import to_csv, to_json, to_markdown
from srcnn_cli.methods.base import Timing

PAPERS_BICUBIC = 30.39
METHODS = ({"name": "bicubic"}, {"name": "net", "weights_sha256": "0" * 64, "border": "zero"})


def setting(**changes):
    values = {
        "folder": Path("/data/my-set5"),
        "sizes": SET5,
        "data_sha256": "f" * 64,
        "scale": 3,
        "protocol": PROTOCOLS["srcnn"],
        "metrics": ("psnr", "ssim"),
        "repeat": 1,
        "device": "cpu",
        "threads": 2,
        "methods": METHODS,
    }
    return Setting(**{**values, **changes})


def records(bicubic=PAPERS_BICUBIC, names=tuple(SET5), methods=("bicubic", "net")):
    made = []
    for index, name in enumerate(names):
        offset = (index - (len(names) - 1) / 2) / 3  # differs by picture, mean zero
        for place, method in enumerate(methods):
            metrics = {"psnr": bicubic + offset + place, "ssim": 0.8 + 0.1 * place + offset / 100}
            steps = Timing(0.001, 0.25 * place, 0.0)
            made.append(Record(name, 285, 285, method, metrics, 0.0123456, steps))
    return made


def strict(text):
    """JSON as the standard has it: without NaN and Infinity."""

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


def markdown_tables(text):
    """The tables as lists of rows of cells, heads first, rules left out."""
    tables, current = [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if set("".join(cells)) != {"-"}:
                current.append(cells)
        elif current:
            tables.append(current)
            current = []
    return tables


def test_the_layout_of_format_1_is_what_the_documentation_says():
    report = strict(to_json(build_report(setting(), records())))
    assert list(report) == [
        "format", "complete", "dataset", "scale", "protocol", "methods", "device", "threads",
        "repeat", "versions", "records", "averages", "results", "published", "warnings",
    ]  # fmt: skip
    assert report["format"] == 1
    assert report["complete"] is True
    assert report["dataset"] == {
        "folder": "my-set5", "recognised": "Set5", "pictures": 5, "sha256": "f" * 64,
    }  # fmt: skip
    assert report["protocol"].items() >= {
        "name": "srcnn", "color": "y", "quantize_lr": False, "crop_border": None,
        "description": PROTOCOLS["srcnn"].describe(),
    }.items()  # fmt: skip
    assert report["methods"] == list(METHODS)
    assert report["versions"]["srcnn-cli"] == __version__
    assert set(report["versions"]) >= {"python", "torch", "numpy", "pillow", "scikit-image"}
    seconds = {"load", "prepare", "network", "post", "total"}
    assert len(report["records"]) == 10
    for record in report["records"]:
        assert set(record) == {"image", "width", "height", "method", "psnr", "ssim", "seconds"}
        assert set(record["seconds"]) == seconds
    assert [item["method"] for item in report["averages"]] == ["bicubic", "net"]
    for item in report["averages"]:
        assert set(item) == {
            "method", "psnr", "ssim", "seconds", "images_per_second", "megapixels_per_second",
        }  # fmt: skip
    for figure in report["published"]:
        assert set(figure) == {
            "dataset", "scale", "image", "method", "metric", "value", "seconds", "source",
        }  # fmt: skip
    assert report["warnings"] == []


def test_records_keep_their_order_and_four_digits():
    made = records()
    report = build_report(setting(), made)
    assert [(r["image"], r["method"]) for r in report["records"]] == [
        (r.image, r.method) for r in made
    ]
    for row, source in zip(report["records"], made, strict=True):
        assert row["psnr"] == round(source.metrics["psnr"], 4)
        assert row["seconds"]["load"] == 0.01235
        assert row["seconds"]["total"] == row["seconds"]["prepare"] + row["seconds"]["network"]


def test_averages_are_of_the_unrounded_values():
    report = build_report(setting(), records())
    for item, expected in zip(report["averages"], average(records()), strict=True):
        assert item["psnr"] == round(expected.metrics["psnr"], 4)
    assert report["averages"][0]["psnr"] == PAPERS_BICUBIC
    assert report["averages"][1]["images_per_second"] == round(1 / 0.251, 3)


def test_csv_holds_every_figure_of_the_json():
    report = build_report(setting(), records())
    rows = list(csv.DictReader(io.StringIO(to_csv(report))))
    expected = [*report["records"], *({**a, "image": "average"} for a in report["averages"])]
    assert len(rows) == len(expected) == 12
    for row, source in zip(rows, expected, strict=True):
        assert (row["dataset"], row["scale"], row["protocol"]) == ("my-set5", "3", "srcnn")
        assert (row["image"], row["method"]) == (source["image"], source["method"])
        assert float(row["psnr"]) == source["psnr"]
        assert float(row["ssim"]) == source["ssim"]
        for step, value in source["seconds"].items():
            assert float(row[f"{step}_s"]) == value


def test_csv_survives_names_with_commas_and_quotes():
    name = 'a, "b"'
    report = build_report(setting(sizes={name: (9, 9)}), records(names=(name,)))
    assert next(csv.DictReader(io.StringIO(to_csv(report))))["image"] == name


def test_markdown_holds_the_figures_of_the_json_as_papers_print_them():
    report = build_report(setting(), records())
    text = to_markdown(report)
    assert text.startswith("**Set5 ×3**, protocol srcnn: ")
    figures, speeds, papers = markdown_tables(text)
    assert figures[0] == ["image", "bicubic", "net"]
    assert [row[0] for row in figures[1:]] == [*SET5, "**average**"]
    rows = [*report["records"], *report["averages"]]
    cells = [cell for row in figures[1:] for cell in row[1:]]
    assert cells == [f"{row['psnr']:.2f} / {row['ssim']:.4f}" for row in rows]
    assert "Cells: PSNR / SSIM." in text
    assert [row[0] for row in speeds] == ["method", "bicubic", "net"]
    assert speeds[2][1:3] == ["250.0 ms", "251.0 ms"]
    assert len(papers) == 1 + len(report["published"])
    assert "Dong et al., ECCV 2014, Table 1" in text


def test_a_name_with_a_bar_does_not_break_the_markdown_table():
    report = build_report(setting(sizes={"a|b": (9, 9)}), records(names=("a|b",)))
    row = next(line for line in to_markdown(report).splitlines() if line.startswith("| a"))
    assert row.replace("\\|", "").count("|") == 4


def test_a_perfect_result_is_still_json():
    made = [Record("flat", 40, 40, "bicubic", {"psnr": float("inf")}, 0.0, Timing(0.1))]
    report = build_report(setting(sizes={"flat": (40, 40)}, metrics=("psnr",)), made)
    strict(to_json(report))
    assert "inf" in to_csv(report)
    assert "| flat | inf |" in to_markdown(report)


def test_names_of_any_script_are_kept():
    report = build_report(setting(sizes={"猫": (9, 9)}), records(names=("猫",)))
    assert '"image": "猫"' in to_json(report)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [("psnr", 30.3951, "30.40"), ("ssim", 0.86817, "0.8682"), ("ifc", 2.45678, "2.457"),
     ("ms_ssim", 1, "1.0000")],
)  # fmt: skip
def test_values_have_the_digits_that_papers_print(name, value, text):
    assert format_metric(name, value) == text


def test_published_averages_of_the_same_set_scale_and_metrics_stand_beside():
    figures = published(setting())
    assert {(f.dataset, f.scale, f.image) for f in figures} == {("Set5", 3, None)}
    assert {f.metric for f in figures} == {"psnr", "ssim"}
    cell = {(f.method, f.source): f.value for f in figures if f.metric == "psnr"}
    assert cell["SRCNN", "Dong et al., ECCV 2014, Table 1"] == 32.39
    assert cell["VDSR", "Kim et al., CVPR 2016, Table 3"] == 33.66
    only = published(setting(metrics=("ssim",)))
    assert {f.metric for f in only} == {"ssim"}
    assert len(figures) == len(only) + len(published(setting(metrics=("psnr",))))


def test_no_figure_is_published_for_colour_other_sets_or_other_scales():
    assert published(setting(protocol=PROTOCOLS["rgb"])) == []
    assert published(setting(sizes={**SET5, "baby": (511, 512)})) == []
    assert published(setting(scale=5)) == []
    assert published(setting(protocol=PROTOCOLS["vdsr"])) == published(setting())


def test_the_canary_is_silent_where_bicubic_is_the_papers():
    for value in (PAPERS_BICUBIC, PAPERS_BICUBIC + 0.049, PAPERS_BICUBIC - 0.049):
        assert canary(setting(), average(records(value))) is None


@pytest.mark.parametrize("value", [29.07, PAPERS_BICUBIC - 0.051, PAPERS_BICUBIC + 0.051])
def test_the_canary_warns_where_bicubic_is_not_the_papers(value):
    warning = canary(setting(), average(records(value)))
    assert f"{value:.2f}" in warning
    assert "30.39" in warning
    assert "ECCV 2014" in warning
    assert "--explain" in warning
    assert build_report(setting(), records(value))["warnings"] == [warning]
    assert f"**Warning:** {warning}" in to_markdown(build_report(setting(), records(value)))


def test_the_canary_warns_for_luminance_that_is_stretched():
    # Both are luminance; that the papers' is not stretched is what a user has to be told.
    stretched = PROTOCOLS["srcnn"].changed(color="y-full")
    assert canary(setting(protocol=stretched), average(records(29.07))) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"protocol": PROTOCOLS["rgb"]},
        {"sizes": {"a": (512, 512)}},
        {"scale": 5},
    ],
)
def test_the_canary_is_silent_where_nothing_was_published(changes):
    assert canary(setting(**changes), average(records(12.0))) is None


def test_the_canary_needs_bicubic_and_psnr():
    assert canary(setting(), average(records(12.0, methods=("net",)))) is None
    assert canary(setting(metrics=("ssim",)), average([
        Record("baby", 9, 9, "bicubic", {"ssim": 0.1}, 0.0, Timing(1.0))
    ])) is None  # fmt: skip


def test_an_interrupted_run_is_marked_and_does_not_warn():
    report = build_report(setting(), records(12.0, names=("baby",)), complete=False)
    assert report["complete"] is False
    assert report["warnings"] == []
    assert report["dataset"]["pictures"] == 5
    assert len(report["records"]) == 2


def test_the_papers_bicubic_of_every_set_and_scale_agrees_with_itself():
    # The canary compares with the first figure: the others must not contradict it.
    for dataset in ("Set5", "Set14"):
        for scale in (2, 3, 4):
            figures = published_figures(
                dataset=dataset, scale=scale, metric="psnr", image=None, method="Bicubic"
            )
            values = [figure.value for figure in figures]
            assert values
            assert max(values) - min(values) <= 0.01 + 1e-9
