"""The papers' figures: the tables agree with themselves, and each set is known by its pictures."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from importlib.resources import files
from statistics import fmean

import pytest
from PIL import Image

from known_sets import SET5
from srcnn_cli.evaluation import published
from srcnn_cli.evaluation.published import Figure, published_figures, recognise_dataset

ECCV_METHODS = ["Bicubic", "SC", "K-SVD", "NE+NNLS", "NE+LLE", "ANR", "SRCNN"]
VDSR_METHODS = ["Bicubic", "A+", "RFL", "SelfEx", "SRCNN", "VDSR"]
SET14 = {
    "baboon": (480, 500),
    "barbara": (576, 720),
    "bridge": (512, 512),
    "coastguard": (288, 352),
    "comic": (361, 250),
    "face": (276, 276),
    "flowers": (362, 500),
    "foreman": (288, 352),
    "lenna": (512, 512),
    "man": (512, 512),
    "monarch": (512, 768),
    "pepper": (512, 512),
    "ppt3": (656, 529),
    "zebra": (391, 586),
}


def value(source, metric="psnr", **filters):
    (figure,) = (f for f in published_figures(metric=metric, **filters) if f.source == source)
    return figure.value


@pytest.mark.parametrize("table", ["Table 1", "Table 2"])
@pytest.mark.parametrize("quantity", ["value", "seconds"])
def test_pictures_average_to_the_printed_averages(table, quantity):
    columns = defaultdict(dict)
    for figure in published_figures():
        if figure.source == f"Dong et al., ECCV 2014, {table}":
            columns[figure.scale, figure.method][figure.image] = getattr(figure, quantity)
    assert len(columns) == {"Table 1": 6 * 3 + 1, "Table 2": 7}[table]
    # Both sides are rounded: PSNR to two places, long times to one.
    tolerance = {"value": 0.01, "seconds": 0.055}[quantity]
    for (_, method), column in columns.items():
        average = column.pop(None)
        assert sorted(column) == sorted({"Table 1": SET5, "Table 2": SET14}[table])
        if quantity == "seconds" and method == "Bicubic":
            assert {average, *column.values()} == {None}
        else:
            assert fmean(column.values()) == pytest.approx(average, abs=tolerance + 1e-9)


def test_tables_are_complete():
    counts = Counter((f.source, f.metric) for f in published_figures())
    assert counts == {
        ("Dong et al., ECCV 2014, Table 1", "psnr"): 6 * (6 * 3 + 1),
        ("Dong et al., ECCV 2014, Table 2", "psnr"): 15 * 7,
        ("Dong et al., ECCV 2014, Table 3", "psnr"): 3,
        ("Dong et al., ECCV 2014, Section 5.4", "psnr"): 1,
        **{
            ("Dong et al., TPAMI 2016, Table 5", metric): 7
            for metric in ("psnr", "psnr_cb", "psnr_cr", "psnr_color")
        },
        **{("Kim et al., CVPR 2016, Table 3", m): 4 * 3 * 6 for m in ("psnr", "ssim")},
    }


def test_known_cells():
    table1, table2 = (f"Dong et al., ECCV 2014, Table {i}" for i in (1, 2))
    vdsr = "Kim et al., CVPR 2016, Table 3"
    set5 = {"dataset": "Set5", "scale": 3}
    set14 = {"dataset": "Set14", "scale": 3}
    assert value(table1, **set5, image="butterfly", method="SRCNN") == 27.58
    assert value(table1, **set5, image=None, method="SC") == 31.42
    assert value(table1, dataset="Set5", scale=4, image=None, method="SRCNN") == 30.09
    assert value(table2, **set14, image="zebra", method="Bicubic") == 26.63
    assert value(table2, **set14, image=None, method="SRCNN") == 29.00
    assert value(vdsr, **set5, image=None, method="VDSR") == 33.66
    assert value(vdsr, "ssim", **set5, image=None, method="VDSR") == 0.9213
    assert value(vdsr, dataset="Urban100", scale=2, image=None, method="SelfEx") == 29.54
    assert value("Dong et al., TPAMI 2016, Table 5", "psnr_cb", method="SRCNN Y pre-train") == 46.49


def test_filter_numbers_and_sizes():
    found = [(f.method, f.value, f.seconds) for f in published_figures() if "/" in f.method]
    assert found == [
        ("SRCNN 9-1-5 128/64 ImageNet", 32.60, 0.60),
        ("SRCNN 9-1-5 64/32 ImageNet", 32.52, 0.18),
        ("SRCNN 9-1-5 32/16 ImageNet", 32.26, 0.05),
        ("SRCNN 11-1-7 64/32 ImageNet", 32.57, None),
    ]


def test_a_figure_has_all_its_fields():
    (figure,) = published_figures(dataset="Set5", scale=3, image="butterfly", method="SRCNN")
    assert figure == Figure(
        "Set5", 3, "butterfly", "SRCNN", "psnr", 27.58, 0.10, "Dong et al., ECCV 2014, Table 1"
    )


def test_no_figure_stands_twice():
    keys = Counter(
        (f.dataset, f.scale, f.image, f.method, f.metric, f.source) for f in published_figures()
    )
    assert max(keys.values()) == 1


def test_every_figure_is_plausible_and_has_a_source():
    citation = re.compile(
        r"\w+ et al\., (ECCV 2014|TPAMI 2016|CVPR 2016), (Table|Section) \d(\.\d)?"
    )
    for figure in published_figures():
        assert citation.fullmatch(figure.source)
        assert figure.dataset in {"Set5", "Set14", "B100", "Urban100"}
        assert figure.scale in {2, 3, 4}
        assert figure.method == figure.method.strip() != ""
        low, high = (0.6, 1) if figure.metric == "ssim" else (20, 50)
        assert low < figure.value < high
        assert figure.seconds is None or 0 <= figure.seconds < 700


@pytest.mark.parametrize("metric", ["psnr", "ssim"])
def test_quality_falls_with_the_scale_and_vdsr_is_best(metric):
    for dataset in ("Set5", "Set14", "B100", "Urban100"):
        rows = [
            [
                value("Kim et al., CVPR 2016, Table 3", metric, **keys, image=None, method=method)
                for method in VDSR_METHODS
            ]
            for keys in ({"dataset": dataset, "scale": scale} for scale in (2, 3, 4))
        ]
        for column in zip(*rows, strict=True):
            assert column[0] > column[1] > column[2]
        for bicubic, *others, vdsr in rows:
            assert bicubic < min(others) < max(others) < vdsr


def test_filters_keep_the_order_of_the_tables():
    everything = published_figures()
    assert published_figures(image=None) == tuple(f for f in everything if f.image is None)
    assert published_figures(image="woman", scale=2, metric="psnr") == tuple(
        f for f in everything if f.image == "woman" and f.scale == 2
    )
    methods = [f.method for f in published_figures(dataset="Set14", image="ppt3")]
    assert methods == ECCV_METHODS
    assert published_figures(dataset="Set15") == ()
    assert published_figures(method="srcnn") == ()


def test_every_file_of_the_folder_is_read():
    names = {entry.name for entry in files(published).iterdir() if entry.name.endswith(".csv")}
    assert names == {*published.TABLES, "test-sets.csv"}
    for name in published.TABLES:
        assert files(published).joinpath(name).read_text("utf-8").startswith("# source: ")


def run_in(folder, path):
    program = "from srcnn_cli.evaluation.published import *; print(len(published_figures()))"
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(result.stdout)


def test_figures_are_found_from_any_folder_and_in_a_zip(tmp_path):
    package = files("srcnn_cli")
    copy = tmp_path / "tree" / "srcnn_cli"
    (copy / "evaluation").mkdir(parents=True)
    for part in (".", "evaluation"):
        shutil.copy(package / part / "__init__.py", copy / part)
    shutil.copy(package / "errors.py", copy)
    shutil.copytree(package / "evaluation/published", copy / "evaluation/published")
    archive = shutil.make_archive(str(tmp_path / "package"), "zip", tmp_path / "tree")
    shutil.rmtree(copy)
    expected = len(published_figures())
    assert run_in(tmp_path, archive) == expected
    assert run_in(tmp_path, package.parent) == expected


def renamed(sizes, pattern):
    return {pattern.format(i, stem=stem): size for i, (stem, size) in enumerate(sizes.items(), 1)}


@pytest.mark.parametrize(("dataset", "sizes"), [("Set5", SET5), ("Set14", SET14)])
@pytest.mark.parametrize(
    "pattern", ["{stem}", "{stem}_GT", "{stem}_HR", "img_{:03d}", "img_{:03d}_SRF_2_HR"]
)
@pytest.mark.parametrize("change", [str, str.upper, str.capitalize])
def test_a_set_is_recognised_by_names_and_sizes(dataset, sizes, pattern, change):
    given = {change(stem): size for stem, size in renamed(sizes, pattern).items()}
    assert recognise_dataset(given) == dataset
    assert recognise_dataset(dict(reversed(given.items()))) == dataset


@pytest.mark.parametrize(("dataset", "sizes"), [("Set5", SET5), ("Set14", SET14)])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_copies_that_are_cropped_already_are_recognised(dataset, sizes, scale):
    for multiple in (scale, 12):  # SelfExSR's, BasicSR's
        cropped = {
            f"{name}_HR": tuple(side // multiple * multiple for side in size)
            for name, size in sizes.items()
        }
        assert recognise_dataset(cropped, scale) == dataset
    wrong = {name: (side - 6 for side in size) for name, size in sizes.items()}
    assert recognise_dataset({n: tuple(s) for n, s in wrong.items()}, scale) is None


def test_common_spellings_are_recognised():
    spellings = {"lenna": "lena", "pepper": "peppers", "flowers": "flower"}
    assert recognise_dataset({spellings.get(s, s): size for s, size in SET14.items()}) == "Set14"


@pytest.mark.data
@pytest.mark.parametrize("dataset", ["Set5", "Set14"])
def test_the_papers_pictures_are_recognised(shared_data, dataset):
    sizes = {}
    for path in (shared_data / dataset).iterdir():
        with Image.open(path) as image:
            sizes[path.stem] = (image.height, image.width)
    assert recognise_dataset(sizes) == dataset


def without(sizes, stem):
    return {other: size for other, size in sizes.items() if other != stem}


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param({}, id="nothing"),
        pytest.param(without(SET5, "head"), id="missing"),
        pytest.param({**SET5, "extra": (9, 9)}, id="extra"),
        pytest.param({**SET5, "baby_GT": SET5["baby"]}, id="one twice"),
        pytest.param(
            {**without(SET5, "woman"), "baby_GT": SET5["baby"]}, id="one twice, one missing"
        ),
        pytest.param({**without(SET5, "head"), "face": SET5["head"]}, id="renamed"),
        pytest.param({**SET5, "woman": (344, 229)}, id="one pixel off"),
        pytest.param({**SET5, "woman": (228, 344)}, id="transposed"),
        pytest.param({**SET14, "zebra": (390, 585)}, id="cropped"),
        pytest.param({**SET5, **SET14}, id="both sets"),
        pytest.param({"img_001": (512, 512), "img_002": (288, 288)}, id="numbers alone"),
        pytest.param({s: (h // 3, w // 3) for s, (h, w) in SET5.items()}, id="reduced"),
    ],
)
def test_anything_else_is_not_recognised(sizes):
    assert recognise_dataset(sizes) is None
