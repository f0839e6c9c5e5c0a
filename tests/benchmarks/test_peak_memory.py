"""The measuring of peak memory: of whole processes, and of no other than the one that is meant."""

import subprocess
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("the system does not say what a process took", allow_module_level=True)

import peak_memory
from srcnn_cli.models.config import ModelConfig


def test_a_process_is_charged_with_what_it_touches():
    empty = peak_memory.usage_of([sys.executable, "-S", "-c", "pass"])
    full = peak_memory.usage_of([sys.executable, "-S", "-c", "bytes(range(250)) * 400_000"])
    assert 90 < full.megabytes - empty.megabytes < 130


def test_a_process_that_fails_is_an_error():
    with pytest.raises(subprocess.CalledProcessError) as caught:
        peak_memory.usage_of([sys.executable, "-S", "-c", "raise SystemExit('no')"])
    assert (caught.value.returncode, caught.value.stderr) == (1, b"no\n")


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_result_has_the_megapixels_that_were_asked_for(scale):
    width, height = peak_memory.low_size(27, scale)
    assert width * height * scale**2 == pytest.approx(27e6, rel=1e-3)
    assert width / height == pytest.approx(4 / 3, rel=1e-3)


def test_a_table_and_what_is_above_the_limit(monkeypatch, capsys, tiny_weights):
    path = tiny_weights(ModelConfig(filters=(3, 1), widths=(2,), scales=(2,)))
    found = {1.0: peak_memory.Usage(200, 1), 2.0: peak_memory.Usage(1600, 3)}
    monkeypatch.setattr(peak_memory, "measure", lambda _path, _scale, size, _folder: found[size])
    monkeypatch.setattr(sys, "argv", ["peak_memory.py", str(path), "--megapixels", "1", "2"])
    assert peak_memory.main() == 1
    rows = [line for line in capsys.readouterr().out.splitlines() if "tiny" in line]
    assert [row.split("|")[4:6] for row in rows[:2]] == [[" 1 ", " 200 "], [" 2 ", " 1,600 "]]
    assert rows[2].startswith("Not below 1,500 MB: ")
