"""Output folders that cannot be made: a file is in the way."""

import pytest

from sample_pictures import smooth


@pytest.mark.parametrize(
    "arguments",
    [
        ["upscale", "in", "-o", "file/out"],
        ["compare", "in", "-s", "2", "-m", "subpixel-s", "-o", "file/pages"],
        ["train", "--data", "in", "--steps", "1", "--patch", "16", "-o", "file/run"],
        ["train", "--method", "anr", "--data", "in", "-s", "3", "-o", "file/anr"],
        ["reproduce", "eccv2014", "in", "-o", "file/report"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_a_folder_that_cannot_be_made_is_code_4_and_one_line(
    srcnn, tmp_path, monkeypatch, arguments
):
    monkeypatch.chdir(tmp_path)
    for name in "abc":
        smooth(f"in/{name}.png", size=(64, 60))
    monkeypatch.setattr("srcnn_cli.reproduction.reproduce.find_sets", lambda *_: None)
    (tmp_path / "file").write_bytes(b"precious")
    code, out, err = srcnn(*arguments)
    assert (code, out) == (4, "")
    [line] = [line for line in err.splitlines() if line.startswith("error: ")]
    assert line.startswith("error: file")
    assert line.endswith("cannot be made: not a directory")
    assert (tmp_path / "file").read_bytes() == b"precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "in"]
