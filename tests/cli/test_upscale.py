"""`srcnn upscale` as a user meets it: files, lines, exit codes."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.cli import main
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.upscaling.upscaler import Upscaler
from terminal import listing, one_line


@pytest.fixture
def weights(tiny_weights):
    """A small ×3 network."""
    return str(tiny_weights())


@pytest.fixture
def run(capsys, monkeypatch, tmp_path, weights):
    """Run `srcnn upscale ... --model <tiny>` in tmp_path: (exit code, stdout, stderr)."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def call(*arguments, model=weights):
        with pytest.raises(SystemExit) as ended:
            main(["upscale", *map(str, arguments), "--model", model])
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return call


def opened(path):
    """A picture file, read to its end."""
    with Image.open(path) as image:
        image.load()
        return image


def picture(path, size=(20, 14), mode="RGB", seed=0, **options):
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).convert(mode).save(path, **options)
    return Path(path)


def no_leftovers(folder):
    return not [name for name in listing(folder) if "tmp" in name or name.startswith(".")]


def test_the_result_stands_beside_the_input_with_exact_size(run):
    picture("in.png", (20, 14))
    code, out, err = run("in.png", "--scale", "3")
    assert code == 0
    assert err == ""
    assert opened("in_x3.png").size == (60, 42)
    assert "20×14 → 60×42" in out
    for step in ("read", "prepare", "network", "merge", "write", "bicubic"):
        assert step in out


def test_the_file_holds_what_the_library_gives(run, weights):
    source = picture("in.png")
    run("in.png", "-s", "2.5", "-o", "out.png")
    expected = Upscaler(weights).upscale(np.asarray(opened(source)), 2.5)
    assert np.array_equal(np.asarray(opened("out.png")), expected)


@pytest.mark.parametrize("color", ["rgb", "ycbcr"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_a_color_network_enlarges_every_kind_of_picture(run, tiny_weights, color, mode):
    config = ModelConfig(filters=(3, 1, 3), widths=(6, 5), color=color, scales=(2, 3))
    path = str(tiny_weights(config, name=f"{color}.safetensors"))
    source = picture("in.png", (20, 14), mode)
    for scale, size in ((3, (60, 42)), (7, (140, 98))):
        code, out, err = run(source, "-s", scale, "-o", f"{scale}.png", "--json", model=path)
        assert (code, err) == (0, "")
        assert json.loads(out)["output_size"] == list(size)
        result = opened(f"{scale}.png")
        assert (result.size, result.mode) == (size, mode)
        expected = Upscaler(path).upscale(np.asarray(opened(source)), scale)
        assert np.array_equal(np.asarray(result), expected)


def test_an_existing_file_is_refused_and_kept(run):
    picture("in.png")
    Path("out.png").write_bytes(b"precious")
    code, _, err = run("in.png", "-o", "out.png")
    assert code == 4
    assert "out.png" in one_line(err)
    assert "--overwrite" in err
    assert Path("out.png").read_bytes() == b"precious"
    assert no_leftovers(".")


def test_overwrite_replaces_even_the_input_itself(run):
    picture("in.png", (8, 8))
    code, _, _ = run("in.png", "-o", "in.png", "-s", "2", "--overwrite")
    assert code == 0
    assert opened("in.png").size == (16, 16)


def test_the_input_is_never_overwritten_unasked(run):
    before = picture("in.png", (8, 8)).read_bytes()
    code, _, _ = run("in.png", "-o", "in.png")
    assert code == 4
    assert Path("in.png").read_bytes() == before


def test_skip_existing_leaves_the_file_and_succeeds(run):
    picture("in.png")
    Path("in_x3.png").write_bytes(b"precious")
    code, _, _ = run("in.png", "--skip-existing")
    assert code == 0
    assert Path("in_x3.png").read_bytes() == b"precious"


def test_dry_run_says_the_plan_and_writes_nothing(run):
    picture("a.png")
    code, out, _ = run("a.png", "-o", "big/{stem}-{scale}{ext}", "-s", "3", "--dry-run")
    assert code == 0
    assert "a.png → big/a-3.png" in out
    assert listing(".") == ["a.png"]


def test_a_folder_becomes_a_folder_and_other_files_are_counted(run):
    picture("in/a.png")
    picture("in/b.jpg", seed=1)
    Path("in/notes.txt").write_text("no picture")
    code, out, err = run("in", "-o", "out", "-s", "2")
    assert code == 0
    assert listing("out") == ["a_x2.png", "b_x2.jpg"]
    assert out.count("\n") == 2
    assert "2 done, 0 skipped, 0 failed" in err
    assert "1 not taken" in err


def test_recursive_mirrors_the_tree(run):
    picture("in/a.png")
    picture("in/deep/er/b.png")
    assert run("in", "-o", "out", "-r")[0] == 0
    assert Path("out/a_x3.png").exists()
    assert Path("out/deep/er/b_x3.png").exists()


def test_a_second_run_over_a_folder_does_not_enlarge_the_results_of_the_first(run):
    picture("in/a.png")
    assert run("in")[0] == 0
    code, _, _ = run("in", "--overwrite")
    assert code == 0
    assert listing("in") == ["a.png", "a_x3.png"]


def test_two_inputs_for_one_output_are_refused(run):
    picture("a/x.png")
    picture("b/x.png", seed=1)
    code, _, err = run("a/x.png", "b/x.png", "-o", "out")
    assert code == 2
    assert "a/x.png" in one_line(err)
    assert "b/x.png" in err


def test_the_output_format_follows_the_extension(run):
    picture("in.png")
    assert run("in.png", "-o", "out.webp")[0] == 0
    assert opened("out.webp").format == "WEBP"


def test_a_format_that_cannot_be_written_becomes_png(run):
    picture("in.gif")
    assert run("in.gif")[0] == 0
    assert opened("in_x3.png").size == (60, 42)


def test_sixteen_bits_stay_sixteen_bits(run):
    values = np.arange(12 * 10, dtype=np.uint16).reshape(10, 12) * 500
    Image.fromarray(values).save("deep.png")
    assert run("deep.png")[0] == 0
    result = np.asarray(opened("deep_x3.png"))
    assert result.dtype == np.uint16
    assert result.shape == (30, 36)


def test_orientation_is_applied_once(run):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture("turned.jpg", (20, 10), exif=exif)
    assert run("turned.jpg", "-o", "out.jpg")[0] == 0
    result = opened("out.jpg")
    assert result.size == (30, 60)
    assert result.getexif().get(0x0112, 1) == 1


def test_transparency_into_jpeg_needs_a_background(run):
    picture("in.png", mode="RGBA")
    code, _, err = run("in.png", "-o", "out.jpg")
    assert code == 4
    assert "--background" in one_line(err)
    assert run("in.png", "-o", "out.jpg", "--background", "#ff0000")[0] == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("zero.png", b""),
        ("text.png", b"hello, this is not a picture at all"),
        ("cut.png", None),
        ("missing.png", False),
    ],
)
def test_an_unreadable_input_is_one_line_and_code_3(run, name, content):
    if content is None:
        whole = picture("whole.png", (64, 64)).read_bytes()
        content = whole[: len(whole) // 2]
    if content is not False:
        Path(name).write_bytes(content)
    code, out, err = run(name)
    assert code == 3
    assert out == ""
    assert name in one_line(err)
    assert not Path(name.replace(".png", "_x3.png")).exists()


def test_an_empty_folder_is_code_3(run):
    Path("empty").mkdir()
    code, _, err = run("empty")
    assert code == 3
    assert "holds no pictures" in one_line(err)


def test_one_bad_file_in_a_batch_does_not_stop_the_others(run):
    picture("in/a.png")
    Path("in/b.png").write_bytes(b"broken")
    picture("in/c.png", seed=2)
    code, out, err = run("in", "-o", "out")
    assert code == 1
    assert listing("out") == ["a_x3.png", "c_x3.png"]
    assert out.count("\n") == 2
    assert [line for line in err.splitlines() if line.startswith("error: ")] == [
        line for line in err.splitlines() if "b.png" in line
    ]
    assert "2 done, 0 skipped, 1 failed" in err


def test_fail_fast_stops_at_the_first_failure(run):
    Path("in").mkdir()
    Path("in/a.png").write_bytes(b"broken")
    picture("in/b.png")
    assert run("in", "-o", "out", "--fail-fast")[0] == 1
    assert listing("out") == []


def test_a_picture_too_large_after_enlarging_is_refused_before_computing(run):
    picture("in.png", (100, 100))
    code, _, err = run("in.png", "-s", "16", "--max-pixels", "1000000")
    assert code == 3
    assert "1,600 x 1,600" in one_line(err)
    assert "--max-pixels" in err


@pytest.mark.parametrize("scale", ["0.5", "17", "nan", "-3", "abc"])
def test_an_impossible_scale_is_code_2(run, scale):
    picture("in.png")
    code, _, err = run("in.png", f"--scale={scale}")
    assert code == 2
    one_line(err)


def test_an_unknown_model_is_code_5_and_names_the_known_ones(run):
    picture("in.png")
    code, _, err = run("in.png", model="srcnn-1-2-3")
    assert code == 5
    assert "srcnn-9-1-5" in one_line(err)


def test_damaged_weights_are_code_5(run, weights):
    picture("in.png")
    Path("bad.safetensors").write_bytes(Path(weights).read_bytes()[:-10])
    code, _, err = run("in.png", model="bad.safetensors")
    assert code == 5
    assert "bad.safetensors" in one_line(err)


def test_an_unknown_device_is_code_2(run):
    picture("in.png")
    code, _, err = run("in.png", "--device", "abacus")
    assert code == 2
    assert "abacus" in one_line(err)


def test_a_missing_output_folder_is_code_4_before_any_work(run):
    picture("in.png")
    code, _, err = run("in.png", "-o", "nowhere/out.png")
    assert code == 4
    assert "nowhere" in one_line(err)
    assert not Path("nowhere").exists()


def test_an_unknown_output_extension_is_code_4(run):
    picture("in.png")
    code, _, err = run("in.png", "-o", "out.xyz")
    assert code == 4
    assert ".xyz" in one_line(err)


def test_a_full_disk_is_code_4_and_leaves_what_was_there(run, monkeypatch):
    picture("in.png")
    Path("out.png").write_bytes(b"precious")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, _, err = run("in.png", "-o", "out.png", "--overwrite")
    assert code == 4
    assert "no space left" in one_line(err)
    assert Path("out.png").read_bytes() == b"precious"
    assert no_leftovers(".")


def test_memory_that_runs_out_is_code_6(run, monkeypatch):
    picture("in.png")

    def exhausted(*_arguments):
        raise MemoryError

    monkeypatch.setattr(Upscaler, "_run", exhausted)
    code, _, err = run("in.png")
    assert code == 6
    assert "in.png" in one_line(err)


def test_a_network_that_finds_no_memory_is_code_6_and_leaves_nothing(run, monkeypatch):
    picture("in.png")
    sizes = []

    class Session:
        def run(self, _names, patches):
            sizes.append(max(patches["input"].shape))
            raise RuntimeError("BFCArena: Failed to allocate memory")

    monkeypatch.setattr("srcnn_cli.engines.onnx_engine.OnnxEngine._session", lambda *_: Session())
    code, _, err = run("in.png", "-o", "out.png", "-d", "cpu", "--tile", "128")
    assert code == 6
    assert "in.png: does not fit into memory" in one_line(err)
    assert min(sizes) < max(sizes)  # smaller tiles were tried
    assert not Path("out.png").exists()
    assert no_leftovers(".")


def test_a_bug_of_ours_is_code_70_and_one_line(run, monkeypatch):
    picture("in.png")

    def bug(*_arguments):
        raise ZeroDivisionError("surprise\nin two lines")

    monkeypatch.setattr(Upscaler, "_run", bug)
    code, _, err = run("in.png")
    assert code == 70
    assert "ZeroDivisionError" in one_line(err, bug=True)


def test_a_bug_of_ours_in_a_batch_stops_one_file_only(run, monkeypatch):
    picture("in/a.png")
    picture("in/b.png", (9, 9), seed=1)
    real = Upscaler._run

    def bug(self, pixels, *arguments):
        if pixels.shape[0] == 9:
            raise ZeroDivisionError("surprise")
        return real(self, pixels, *arguments)

    monkeypatch.setattr(Upscaler, "_run", bug)
    code, _, err = run("in", "-o", "out")
    assert code == 1
    assert listing("out") == ["a_x3.png"]
    assert "error: in/b.png: internal error: ZeroDivisionError: surprise" in err


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_json_names_the_precision(run, precision):
    picture("a.png", (20, 14))
    code, out, _ = run("a.png", "--precision", precision, "--json")
    assert code == 0
    assert json.loads(out)["precision"] == precision


def test_an_unknown_precision_is_code_2(run):
    picture("a.png", (20, 14))
    code, _, err = run("a.png", "--precision", "half")
    assert code == 2
    assert "'--precision': 'half' is not one of 'float32', 'bfloat16'" in one_line(err)


def test_json_gives_one_object_per_file_and_nothing_else(run):
    picture("in/a.png", (20, 14))
    Path("in/b.png").write_bytes(b"broken")
    code, out, _ = run("in", "-o", "out", "-s", "3", "--json")
    assert code == 1
    done, failed = map(json.loads, out.splitlines())
    assert done["status"] == "done"
    assert done["input_size"] == [20, 14]
    assert done["output_size"] == [60, 42]
    assert done["weights"] == [3]
    assert set(done["seconds"]) == {
        "load", "read", "prepare", "network", "merge", "write", "total", "bicubic",
    }  # fmt: skip
    parts = sum(
        done["seconds"][k] for k in ("load", "read", "prepare", "network", "merge", "write")
    )
    assert done["seconds"]["total"] == pytest.approx(parts, abs=0.002)
    assert done["peak_memory_mb"] > 10
    assert failed["status"] == "failed"
    assert failed["exit_code"] == 3


def test_quiet_prints_nothing_when_all_is_well(run):
    picture("in.png")
    assert run("in.png", "--quiet") == (0, "", "")


def test_unicode_and_spaces_in_names(run):
    picture("böse Katze 猫.png")
    assert run("böse Katze 猫.png")[0] == 0
    assert Path("böse Katze 猫_x3.png").exists()


def test_markup_in_a_name_is_printed_as_it_is(run):
    picture("[red]cat[/x].png")
    code, out, _ = run("[red]cat[/x].png")
    assert code == 0
    assert "[red]cat[/x]_x3.png" in out


def test_a_wrong_extension_is_read_with_a_warning(run):
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9), "teal").save(buffer, "PNG")
    Path("cat.jpg").write_bytes(buffer.getvalue())
    code, _, err = run("cat.jpg")
    assert code == 0
    assert err.startswith("warning: cat.jpg: ")
    assert opened("cat_x3.jpg").format == "JPEG"


def command(*arguments):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return [sys.executable, "-m", "srcnn_cli", *map(str, arguments)], environment


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_leaves_no_temporary_file_and_keeps_finished_ones(tmp_path, weights, name):
    for index in range(60):
        picture(tmp_path / f"in/{index:02}.png", (150, 150), seed=index)
    arguments, environment = command(
        "upscale", tmp_path / "in", "-o", tmp_path / "out", "-s", "4", "-m", weights, "--json"
    )
    process = subprocess.Popen(
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    first = process.stdout.readline()  # a file is done, the others are not
    time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=60)
    assert process.returncode == {"SIGINT": 130, "SIGTERM": 143}[name]
    assert "Traceback" not in err
    if name == "SIGINT":
        assert err == "error: interrupted\n"
    assert no_leftovers(tmp_path / "out")
    finished = [json.loads(line)["output"] for line in (first + out).splitlines()]
    assert 0 < len(finished) < 60
    for path in finished:
        opened(path)
    for path in (tmp_path / "out").iterdir():
        opened(path)


def test_it_runs_as_a_module_from_prompt_to_file(tmp_path, weights):
    picture(tmp_path / "in.png")
    arguments, environment = command(
        "upscale", tmp_path / "in.png", "-m", weights, "-s", "3", "-t", "16"
    )
    subprocess.run(arguments, env=environment, check=True, capture_output=True)
    assert opened(tmp_path / "in_x3.png").size == (60, 42)
