"""The tables of a reproduction: what is published, what is measured, and how far they are apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.evaluation.published import published_figures
from srcnn_cli.evaluation.report import format_difference
from srcnn_cli.reproduction.reasons import CLOSE, Reasons
from srcnn_cli.reproduction.section import NOTHING, Section, joined
from srcnn_cli.reproduction.trainings import HEADER, cut_short
from srcnn_cli.reproduction.trainings import rows as training_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from srcnn_cli.reproduction.figures import Results
    from srcnn_cli.reproduction.network import Course
    from srcnn_cli.reproduction.papers import Table
    from srcnn_cli.reproduction.workshop import Measured, Workshop

_LEGEND = "Published, measured and difference in dB; one figure alone is measured."


def means(shop: Workshop, results: Results, course: Course | None) -> Section:
    """The methods' means on each set, and what differs where they are apart."""
    names = {**shop.paper.methods, **shop.paper.extra}
    published = {(t.dataset, t.scale): _published(t) for t in shop.paper.tables}
    apart: dict[str, list[str]] = {}
    left_out: dict[str, list[str]] = {}

    def cell(key: tuple[str, int], title: str, own: Measured) -> str:
        printed = published[key].get(title, {}).get(None)
        if printed is not None and abs(_difference(printed, own.mean)) > CLOSE:
            by = format_difference("psnr", _difference(printed, own.mean))
            apart.setdefault(title, []).append(f"{_set(key)} {by}")
            cut = cut_short(shop, names[title], key[1])
            if cut:
                left_out.setdefault(title, []).append(f"{cut} at ×{key[1]}")
        return _three(printed, own.mean)

    section = _by_set("Means", [], names, results, cell)
    reasons = Reasons(course)
    words = [
        f"{title} ({', '.join(where)} dB): {reasons.of(names[title], left_out.get(title, ()))}"
        for title, where in apart.items()
    ]
    none = f"No mean differs by more than {CLOSE} dB from the published one."
    some = f"Where means differ by more than {CLOSE} dB, this is what differs between the two:"
    section.paragraphs.extend([*([some, *words] if words else [none]), _LEGEND])
    return section


def pictures(table: Table, results: Results) -> Section:
    """A table of the paper, picture by picture."""
    own = results[table.dataset, table.scale]
    published = _published(table)
    rows = []
    for picture in [*next(iter(own.values())).psnr, None]:
        row = [picture or "mean"]
        for title, measured in own.items():
            value = measured.mean if picture is None else measured.psnr[picture]
            printed = published.get(title, {}).get(_printed_name(picture, published))
            row.append(_three(printed, value))
        rows.append(row)
    return Section(table.title, [_LEGEND], ["", *own], rows)


def times(shop: Workshop, results: Results) -> Section:
    """How long each method takes."""
    published = {
        (f.dataset, f.scale, f.method): f.seconds
        for table in shop.paper.tables
        for f in published_figures(dataset=table.dataset, scale=table.scale, image=None)
        if f.seconds and f.source == table.source
    }

    def cell(key: tuple[str, int], title: str, own: Measured) -> str:
        seconds = published.get((*key, title))
        printed = NOTHING if seconds is None else f"{seconds:g}"
        return joined(printed, _seconds(own.time), _seconds(own.time_per_megapixel))

    words = (
        "Seconds per picture, published and measured, and measured seconds for a megapixel of the "
        "result. Published times are of the authors' machines and programs, most of them in MATLAB."
    )
    return _by_set("Time", [words], [*shop.paper.methods, *shop.paper.extra], results, cell)


def trainings(shop: Workshop, course: Course | None) -> Section:
    """How the models came about."""
    words = (
        "Times of shipped models are of the machine that trained them. Dictionaries of atoms that "
        "were there take no time of their own."
    )
    return Section("Training", [words], HEADER, training_rows(shop, course), words=(1, 2))


def printed_only(shop: Workshop) -> Section:
    """What the paper reports and nothing here measures."""
    measured = set(shop.paper.methods) | set(shop.paper.extra)
    paper = shop.paper.tables[0].source.rsplit(",", 1)[0]
    rows = [
        [f"{f.dataset} ×{f.scale}, {f.method}", f"{f.value:.2f}", f.source.rsplit(", ", 1)[-1]]
        for f in published_figures(metric="psnr", image=None)
        if f.source.startswith(paper) and f.method not in measured
    ]
    words = "Mean PSNR in dB of methods that are not measured here."
    return Section("Printed only", [words], ["", "published", "where"], rows, words=(2,))


def _by_set(
    title: str,
    paragraphs: list[str],
    methods: Iterable[str],
    results: Results,
    cell: Callable[[tuple[str, int], str, Measured], str],
) -> Section:
    """A row for each method, a column for each set and scale."""
    rows = [
        [
            method,
            *(cell(key, method, own[method]) if method in own else NOTHING
              for key, own in results.items()),
        ]
        for method in methods
    ]  # fmt: skip
    return Section(title, paragraphs, ["", *map(_set, results)], rows)


def _seconds(value: float) -> str:
    return f"{value:.2g}" if value < 99.5 else f"{value:.0f}"  # no 1.2e+02


def _set(key: tuple[str, int]) -> str:
    return f"{key[0]} ×{key[1]}"


def _published(table: Table) -> dict[str, dict[str | None, float]]:
    """Method -> picture (None: the mean) -> PSNR."""
    found: dict[str, dict[str | None, float]] = {}
    for figure in published_figures(dataset=table.dataset, scale=table.scale, metric="psnr"):
        if figure.source == table.source:
            found.setdefault(figure.method, {})[figure.image] = figure.value
    return found


def _difference(printed: float, value: float) -> float:
    """Of the figures as they are shown."""
    return round(round(value, 2) - printed, 2)


def _three(printed: float | None, value: float) -> str:
    if printed is None:
        return f"{value:.2f}"
    apart = format_difference("psnr", _difference(printed, value))
    return joined(f"{printed:.2f}", f"{value:.2f}", apart)


def _printed_name(picture: str | None, published: dict[str, dict[str | None, float]]) -> str | None:
    """The table's name of a picture whose file may be called ``baby_GT``."""
    known = next(iter(published.values()), {})
    if picture is None or picture in known:
        return picture
    return next((name for name in known if name and picture.startswith(name)), picture)
