"""What a bar shows in terminals of several widths."""

import pytest

from srcnn_cli.cli import _console


def shown(monkeypatch, columns, **options):
    monkeypatch.setenv("COLUMNS", str(columns))
    bar = _console.make_progress("upscaling", counted=True, **options)
    bar.add_task("12 of 345", total=4e9, completed=1e9)
    with bar.console.capture() as captured:
        bar.console.print(bar.get_renderable())
    return captured.get().rstrip("\n")


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_a_bar_fits_and_keeps_its_share_and_the_time_left(monkeypatch, columns):
    line = shown(monkeypatch, columns, in_units=False)
    assert "\n" not in line
    assert len(line) <= columns
    for part in ("upscaling", "━", "25%", "left", "12 of 345"):
        assert part in line


def test_pixels_are_not_counted_aloud(monkeypatch):
    assert "4000000000" not in shown(monkeypatch, 140, in_units=False)


def test_the_rest_shows_where_there_is_room(monkeypatch):
    assert "1000000000/4000000000" in shown(monkeypatch, 140)
    assert "/" not in shown(monkeypatch, 80)
