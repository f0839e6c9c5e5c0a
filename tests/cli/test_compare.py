"""`srcnn compare` as a user meets it: files, lines, exit codes."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sample_pictures import smooth
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.weights import save_weights
from terminal import listing, one_line


@pytest.fixture
def run(srcnn, work, tiny_weights):
    """Run `srcnn compare ... --model <tiny>` in an empty folder: (exit code, stdout, stderr)."""
    weights = str(tiny_weights())

    def call(*arguments, model=weights, command="compare"):
        models = [] if model is None else ["--model", model]
        return srcnn(command, *arguments, *models)

    return call


def picture(path, size=(60, 48), **options):
    return smooth(path, size, **options)


def page_data(path):
    text = Path(path).read_text(encoding="utf-8")
    return json.loads(re.search(r'id="data">(.*?)</script>', text)[1])


def test_a_table_on_the_terminal_and_no_file(run):
    picture("in.png")
    code, out, err = run("in.png")
    assert (code, err) == (0, "")
    assert listing(".") == ["in.png"]
    lines = out.splitlines()
    assert "protocol srcnn: 8-bit Y'" in lines[0]
    assert lines[3].split() == ["method", "PSNR", "SSIM", "prepare", "network", "total"]
    assert [line.split()[0] for line in lines[4:7]][:2] == ["nearest", "bicubic"]


@pytest.mark.parametrize("protocol", ["srcnn", "vdsr", "rgb"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_figures_equal_those_of_bench_to_the_last_digit(run, protocol, mode):
    picture("set/in.png", mode=mode)
    options = ["--protocol", protocol, "--methods", "nearest,bicubic"]
    _, out, _ = run("set", *options, "--format", "json", command="bench")
    expected = {r["method"]: (r["psnr"], r["ssim"]) for r in json.loads(out)["records"]}
    code, out, _ = run("set/in.png", *options, "-o", "page.html", "--json")
    made = json.loads(out)
    assert code == 0
    assert {m["method"]: (m["psnr"], m["ssim"]) for m in made["methods"]} == expected
    shown = {p["name"]: p["figures"] for p in page_data("page.html")["panels"]}
    for name, (psnr, ssim) in expected.items():
        assert shown[name].startswith(f"{psnr:.2f} dB / {ssim:.4f} / ")
    _, out, _ = run("set/in.png", *options)
    for psnr, ssim in expected.values():
        assert re.search(rf"{psnr:.2f} dB +{ssim:.4f}", out)


@pytest.mark.parametrize("color", ["rgb", "ycbcr"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_color_network_is_compared_with_the_figures_of_bench(run, tiny_weights, color, mode):
    picture("set/in.png", mode=mode)
    config = ModelConfig(filters=(3, 1, 3), widths=(6, 5), color=color)
    model = tiny_weights(config, name=f"{color}.safetensors")
    for protocol in ("srcnn", "vdsr", "rgb"):
        options = ["--protocol", protocol, "--methods", "bicubic"]
        _, out, _ = run("set", *options, "-f", "json", command="bench", model=model)
        expected = [(r["method"], r["psnr"], r["ssim"]) for r in json.loads(out)["records"]]
        outputs = ["-o", "sheet.png", "-o", "page.html", "--error-map", "--overwrite"]
        code, out, err = run("set/in.png", *options, *outputs, "--json", model=model)
        assert (code, err) == (0, "")
        made = json.loads(out)
        assert [(m["method"], m["psnr"], m["ssim"]) for m in made["methods"]] == expected
        assert made["size"] == [60, 48]
    code, out, _ = run("set/in.png", "--no-reference", "--json", model=model)
    assert code == 0
    assert json.loads(out)["size"] == [180, 144]


@pytest.mark.parametrize("options", [["--protocol", "srcnn"], ["--no-reference"]])
def test_a_color_network_shows_its_own_colors(tmp_path, options, run):
    # It swaps red and blue: chrominance that was only interpolated would give it away.
    weight = np.zeros((3, 3, 1, 1), np.float32)
    weight[[0, 1, 2], [2, 1, 0]] = 1
    tensors = {"conv1.weight": weight, "conv1.bias": np.zeros(3, np.float32)}
    path = tmp_path / "swap.safetensors"
    save_weights(path, ModelConfig(filters=(1,), widths=(), color="rgb"), tensors)
    Image.new("RGB", (60, 48), (200, 90, 40)).save("in.png")
    chosen = [*options, "--methods", "bicubic", "--crop", "0,0,24,24", "--zoom", "1"]
    assert run("in.png", "-o", "sheet.png", *chosen, model=path)[0] == 0
    with Image.open("sheet.png") as sheet:
        colors = {color for _, color in sheet.getcolors(sheet.width * sheet.height)}
    assert (200, 90, 40) in colors
    assert (40, 90, 200) in colors


def test_a_sheet_and_a_page_in_one_run(run):
    picture("in.png")
    code, out, _ = run("in.png", "-o", "sheet.png", "-o", "page.html")
    assert code == 0
    with Image.open("sheet.png") as sheet:
        assert (sheet.format, sheet.mode) == ("PNG", "RGB")
    assert [panel["name"] for panel in page_data("page.html")["panels"]][:3] == [
        "original", "nearest", "bicubic",
    ]  # fmt: skip
    assert out.splitlines()[-2:] == ["sheet.png", "page.html"]


def test_without_a_reference(run):
    picture("in.png", (30, 20))
    code, out, _ = run("in.png", "--no-reference", "-o", "sheet.png", "-o", "page.html", "--json")
    assert code == 0
    made = json.loads(out)
    assert made["size"] == [90, 60]
    assert made["protocol"] is None
    assert set(made["methods"][0]) == {"method", "seconds"}
    assert page_data("page.html")["panels"][0]["name"] == "nearest"
    _, out, _ = run("in.png", "--no-reference")
    assert "PSNR" not in out
    assert "no reference" in out


def test_with_a_given_low_resolution_picture(run):
    picture("hr.png")
    picture("lr.png", (20, 16), seed=1)
    code, out, _ = run("lr.png", "--reference", "hr.png", "--json")
    assert code == 0
    made = json.loads(out)
    assert (made["image"], made["size"]) == ("hr", [60, 48])
    assert made["methods"][0]["psnr"] < 20
    assert made["protocol"]["name"] == "srcnn (given-lr)"
    assert "as given in files" in made["protocol"]["description"]
    _, out, _ = run("lr.png", "--reference", "hr.png", "--protocol", "rgb", "--json")
    assert made["methods"] != json.loads(out)["methods"]


def test_crops_zoom_and_error_maps_change_the_sheet(run):
    picture("in.png")
    run("in.png", "-o", "a.png", "--crop", "0,0,20,10", "--zoom", "2")
    code, out, _ = run(
        "in.png", "-o", "b.png", "--crop", "0,0,20,10", "--crop", "30,20,20,10",
        "--zoom", "8", "--error-map", "--json",
    )  # fmt: skip
    assert code == 0
    assert json.loads(out)["crops"] == [[0, 0, 20, 10], [30, 20, 20, 10]]
    with Image.open("a.png") as small, Image.open("b.png") as large:
        assert large.height > small.height + 4 * 8 * 10 - 100
        assert large.width > small.width


def test_methods_are_chosen(run):
    picture("in.png")
    _, out, _ = run("in.png", "--methods", "lanczos,bilinear", "--json", model=None)
    assert [m["method"] for m in json.loads(out)["methods"]] == ["bilinear", "lanczos"]
    _, out, _ = run("in.png", "--json", model=None)
    shipped = [m["method"] for m in json.loads(out)["methods"]]
    assert shipped[:2] == ["nearest", "bicubic"]
    assert "srcnn-9-1-5-x3" in shipped


def test_models_of_one_name_are_told_apart(run, tiny_weights, tmp_path):
    picture("in.png")
    paths = []
    for seed in (1, 2):
        path = tmp_path / str(seed) / "run" / "best.safetensors"
        path.parent.mkdir(parents=True)
        paths.append(tiny_weights(seed=seed, name=path.relative_to(tmp_path)))
    code, out, _ = run("in.png", "-m", paths[0], "-m", paths[1], "--json", model=None)
    assert code == 0
    names = [m["method"] for m in json.loads(out)["methods"]]
    assert len(set(names)) == 4
    assert all("run/best" in name for name in names[2:])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--crop", "50,40,20,10"], 2, "does not lie inside the result of 60x48"),
        (["--crop", "1,2,3"], 2, "x,y,width,height"),
        (["--crop", "0,0,0,4"], 2, "does not lie inside"),
        (["--methods", ""], 2, "no methods"),
        (["--methods", "bicubic,srcnn"], 2, "unknown method 'srcnn'"),
        (["--protocol", "div2k"], 2, "'div2k' is not one of 'srcnn', 'vdsr', 'rgb'"),
        (["--border", "mirror"], 2, "'--border': 'mirror' is not one of 'normalize',"),
        (["--no-reference", "--error-map"], 2, "exclude each other"),
        (["--no-reference", "--reference", "in.png"], 2, "exclude each other"),
        (["--reference", "in.png"], 3, "60x48 is not 60x48 reduced by 3"),
        (["--reference", "missing.png"], 3, "missing.png: no such file"),
        (["--reference", "."], 3, "is a folder"),
        (["-o", "out.txt"], 4, "out.txt: its extension must be that of a picture"),
        (["-o", "out"], 4, "(.html)"),
        (["-o", "."], 4, "is a folder"),
        (["-o", "nowhere/page.html"], 4, "its folder does not exist"),
        (["-o", "in.png"], 4, "--overwrite"),
        (["--scale", "17"], 2, "16"),
        (["--model", "srcnn-1-2-3"], 5, "srcnn-9-1-5"),
        (["--device", "abacus"], 2, "abacus"),
        (["-o", "s.png", *["--crop", "0,0,60,48"] * 3, "--zoom", "64"], 2, "--zoom"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_its_code(run, arguments, code, words):
    before = picture("in.png").read_bytes()
    needs_none = arguments[0] in ("--methods", "--model")
    ended, out, err = run("in.png", *arguments, **({"model": None} if needs_none else {}))
    assert ended == code
    assert words in one_line(err)
    assert out == ""
    assert listing(".") == ["in.png"]
    assert Path("in.png").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content"), [("zero.png", b""), ("text.png", b"no picture"), ("missing.png", None)]
)
def test_an_unreadable_picture_is_code_3(run, name, content):
    if content is not None:
        Path(name).write_bytes(content)
    for extra in ([], ["--no-reference"]):
        code, _, err = run(name, "-o", "page.html", *extra)
        assert code == 3
        assert name in one_line(err)
    assert not Path("page.html").exists()


def test_a_picture_too_small_to_measure_is_code_3(run):
    picture("in.png", (12, 12))
    code, _, err = run("in.png")
    assert code == 3
    assert "too small" in one_line(err)


@pytest.mark.parametrize("name", ["out.png", "out.html"])
def test_an_existing_file_is_kept_unless_told(run, name):
    picture("in.png")
    Path(name).write_bytes(b"precious")
    code, _, err = run("in.png", "-o", name)
    assert code == 4
    assert "--overwrite" in one_line(err)
    assert Path(name).read_bytes() == b"precious"
    assert run("in.png", "-o", name, "--overwrite")[0] == 0
    assert Path(name).read_bytes() != b"precious"


def test_a_folder_becomes_pages_and_an_index(run):
    picture("in/a.png")
    picture("in/b.png", seed=1)
    picture("in/index.png", seed=3)
    Path("in/notes.txt").write_text("no picture")
    code, out, err = run("in", "-o", "out")
    assert code == 0
    assert listing("out") == ["a.html", "b.html", "index.html", "index.png.html"]
    index = Path("out/index.html").read_text(encoding="utf-8")
    links = re.findall(r'<a href="(.*?)">', index)
    assert sorted([*links, "index.html"]) == listing("out")
    assert "average of 3" in out
    assert "1 file is not a picture and was left out" in err
    code, _, err = run("in", "-o", "out")
    assert code == 4
    assert "--overwrite" in err.splitlines()[-1]


def test_averages_are_those_of_bench(run):
    picture("in/a.png")
    picture("in/b.png", seed=1)
    _, out, _ = run("in", "--format", "json", command="bench")
    expected = {a["method"]: (a["psnr"], a["ssim"]) for a in json.loads(out)["averages"]}
    code, out, _ = run("in", "-o", "out", "--methods", "bicubic", "--json")
    assert code == 0
    last = json.loads(out.splitlines()[-1])
    assert last["pictures"] == 2
    assert {a["method"]: (a["psnr"], a["ssim"]) for a in last["averages"]} == expected


def test_one_bad_picture_does_not_stop_the_others(run):
    picture("in/a.png")
    Path("in/b.png").write_bytes(b"broken")
    code, out, err = run("in", "-o", "out", "--json")
    assert code == 1
    assert listing("out") == ["a.html", "index.html"]
    assert "b.png" in one_line(err)
    assert [json.loads(line).get("status") for line in out.splitlines()] == ["done", "failed", None]


def test_a_folder_of_low_resolution_pictures_with_their_originals(run):
    picture("hr/a.png")
    picture("lr/a_LR.png", (20, 16))
    code, out, _ = run("lr", "--reference", "hr", "-o", "out", "--json")
    assert code == 0
    assert json.loads(out.splitlines()[0])["input"].endswith("a_LR.png")
    assert listing("out") == ["a.html", "index.html"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["-o", "page.html"], 4), (["-o", "a", "-o", "b"], 2), (["-o", "a", "--zoom", "3"], 2)],
)
def test_options_that_do_not_go_with_a_folder(run, arguments, code):
    picture("in/a.png")
    ended, _, err = run("in", *arguments)
    assert ended == code
    one_line(err)
    assert listing(".") == ["in"]


def test_an_empty_folder_is_code_3(run):
    Path("in").mkdir()
    code, _, err = run("in", "-o", "out")
    assert code == 3
    assert "holds no pictures" in one_line(err)


def test_quiet_prints_nothing(run):
    picture("in.png")
    assert run("in.png", "-o", "page.html", "--quiet") == (0, "", "")


def test_names_with_markup_unicode_and_spaces(run):
    picture("[red]böse & <Katze> 猫.png")
    code, out, _ = run("[red]böse & <Katze> 猫.png", "-o", "[b]x.html", "-o", "[b]x.png")
    assert code == 0
    assert "[red]böse & <Katze> 猫, 60×48 pixels" in out
    assert "<Katze>" not in Path("[b]x.html").read_text(encoding="utf-8")


def test_what_another_program_made_is_shown_and_measured(run):
    picture("in.png")
    with Image.open("in.png") as image:
        image.resize((20, 16)).resize((60, 48)).save("their.png")
    options = ("--methods", "bicubic", "--result", "theirs=their.png")
    code, out, _ = run("in.png", *options, "-o", "page.html", "-o", "sheet.png", "--json")
    assert code == 0
    methods = json.loads(out)["methods"]
    assert [m["method"] for m in methods][::2] == ["bicubic", "theirs"]
    assert methods[-1]["seconds"] is None
    with Image.open("in.png") as image, Image.open("their.png") as theirs:
        luma = [
            np.floor(np.asarray(i, float) @ [65.481, 128.553, 24.966] / 255 + 16.5)[3:-3, 3:-3]
            for i in (image, theirs)
        ]
    expected = 10 * np.log10(255**2 / np.mean((luma[0] - luma[1]) ** 2))
    assert methods[-1]["psnr"] == pytest.approx(expected, abs=0.005)
    assert page_data("page.html")["panels"][-1]["name"] == "theirs"
    _, out, _ = run("in.png", *options)
    assert re.search(r"^theirs +\d+\.\d\d dB", out, re.MULTILINE)
    code, out, _ = run("in.png", "--no-reference", "-s", 2, *options)
    assert code == 3  # the result of that would be twice as large


def test_without_a_reference_a_result_of_the_right_size_is_shown(run):
    picture("in.png", (20, 16))
    picture("their.png", (60, 48))
    options = ("--no-reference", "--methods", "bicubic", "--result", "theirs=their.png")
    code, _, _ = run("in.png", *options, "-o", "page.html")
    assert code == 0
    assert page_data("page.html")["panels"][-1]["name"] == "theirs"


def test_results_of_a_folder_are_paired_by_name(run):
    for index, name in enumerate("ab"):
        picture(f"in/{name}.png", seed=index)
        picture(f"made/{name}_SR.png", seed=index)
    code, out, _ = run("in", "--result", "SR=made", "--methods", "bicubic", "--json", "-o", "out")
    assert code == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["methods"][-1]["method"] for line in lines[:2]] == ["SR", "SR"]
    assert lines[0]["methods"][-1]["psnr"] is None  # the same picture: infinite
    index = Path("out/index.html").read_text(encoding="utf-8")
    assert index.count("<img ") == 2
    assert 'href="index.html"' in Path("out/a.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "code", "word"),
    [
        (("--result", "x=missing.png"), 3, "missing.png"),
        (("--result", "x=small.png"), 3, "small.png: is 20x16, but 60x48"),
        (("--result", "bicubic=small.png"), 2, "bicubic"),
        (("--result", "x=."), 3, "is a folder"),
        (("--result", "=small.png"), 2, "NAME=PATH"),
    ],
)
def test_results_that_do_not_serve(run, options, code, word):
    picture("in.png")
    picture("small.png", (20, 16))
    found, _, err = run("in.png", *options)
    assert found == code
    assert word in one_line(err)


@pytest.mark.parametrize(("pixels", "said"), [(1_000_000, []), (60_000_000, ["about 2 minutes"])])
def test_more_than_a_minute_is_said_before(pixels, said):
    from srcnn_cli.cli._pace import Pace
    from srcnn_cli.cli._progress import ProgressBar

    lines = []
    pace = Pace(ProgressBar("comparing", None, visible=False), pixels, 2, say=lines.append)
    pace.warmed("bicubic", 1e-8)
    pace.warmed("slow", 2e-6)
    pace.warmed("slow", 9e-6)  # of the next picture: known by then
    assert len(lines) == len(said)
    for line, words in zip(lines, said, strict=True):
        assert words in line
        assert "slow" in line
