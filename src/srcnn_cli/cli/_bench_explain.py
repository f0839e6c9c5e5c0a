"""`srcnn bench --explain`: what moves a PSNR, and which conventions give one that is reported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcnn_cli.cli import _console, _progress, _terminal
from srcnn_cli.cli._given_results import find_all_results
from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.evaluation.claims import find_conventions, parse_claim
from srcnn_cli.evaluation.conventions import KNOWN, Known
from srcnn_cli.evaluation.explain import explain
from srcnn_cli.evaluation.explain_document import answer_document, explanation_document
from srcnn_cli.evaluation.protocol import PROTOCOLS
from srcnn_cli.evaluation.report import format_difference
from srcnn_cli.evaluation.results import Results, parse_results
from srcnn_cli.evaluation.sources import Source, find_sources, header_sizes, load
from srcnn_cli.evaluation.subjects import Enlarged, Given

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from srcnn_cli.cli._methods import Choice
    from srcnn_cli.evaluation.claims import Answer, Match
    from srcnn_cli.evaluation.explain import Explanation
    from srcnn_cli.evaluation.subjects import Subject
    from srcnn_cli.methods.base import Method

_LARGEST = 100_000_000  # pixels of all pictures; they are kept, and measured hundreds of times
_SHOWN = 12  # conventions that fit
_NETWORK_DEPARTURES, _DEPARTURES = 1, 2


def check_alone(options: Iterable[str]) -> None:
    """Whether nothing is asked for that cannot be had together with --explain.

    Raises:
        UsageError: Something is.
    """
    for option in options:
        raise UsageError(f"--explain tries all conventions and prints a table: leave out {option}")


def run(
    path: Path,
    scale: int,
    protocol: str,
    choice: Choice,
    results: Sequence[str],
    claims: str | None,
    *,
    json: bool = False,
) -> None:
    """Explain the PSNR of bicubic, of one network or of one other program's results.

    Raises:
        UsageError: Several are named, or what is claimed is no figure.
    """
    claim = None if claims is None else parse_claim(claims)
    sources = find_sources(path).sources if path.is_dir() else [Source(path)]
    if sum(height * width for height, width in header_sizes(sources).values()) > _LARGEST:
        raise InputError(
            f"has more than {_LARGEST // 1_000_000} megapixels: --explain is for test sets", path
        )
    given = _given(path, results, sources)
    methods = choice.make(scale)
    if len(methods) + len(given) > 1:
        raise UsageError("--explain is about one method: name one --model or one of --results")
    name = [*(m.name for m in methods), *(result.name for result in given), "bicubic"][0]
    subjects = [_subject(source, scale, methods, given) for source in sources]
    heading = {"input": path.resolve().name, "scale": scale, "method": name}
    title = f"{heading['input']} ×{scale}, {name}"
    base = next(known for known in KNOWN if known.name == protocol)
    with _progress.ProgressBar("measuring", 1, in_units=False) as bar:
        if claim is None:
            found = explain(subjects, base.convention, advance=bar.update)
            document = explanation_document(base, found)
        else:
            most = _NETWORK_DEPARTURES if methods else _DEPARTURES
            answer = find_conventions(subjects, claim, most=most, advance=bar.update)
            document = answer_document(claim, answer)
    if json:
        _terminal.print_json_line(heading | document)
    elif claim is None:
        _show_effects(title, base, found)
    else:
        _show_answer(title, str(claims), answer)


def _given(path: Path, texts: Sequence[str], sources: Sequence[Source]) -> list[Results]:
    if path.is_dir():
        return find_all_results(texts, sources)
    named = [parse_results(text) for text in texts]
    return [Results(name, {sources[0].name: file}) for name, file in named]


def _subject(
    source: Source, scale: int, methods: Sequence[Method], given: Sequence[Results]
) -> Subject:
    loaded = load(Source(source.path))
    try:
        if given:
            pair = loaded.pair(scale, PROTOCOLS["srcnn"])
            return Given(loaded.pixels, scale, given[0].output(loaded, pair))
        return Enlarged(loaded.pixels, scale, methods[0] if methods else None)
    except UsageError as error:
        raise InputError(error.reason, source.path) from error


def _show_effects(title: str, base: Known, found: Explanation) -> None:
    _terminal.say_paragraph(f"{title}, in the manner of {base.label}: {found.psnr:.2f} dB.")
    _terminal.say("What each other choice moves:")
    rows = [
        [
            effect.change.steps[0] if len(effect.change.steps) == 1 else "both",
            f"{format_difference('psnr', effect.alone)} dB",
            " to ".join(format_difference("psnr", v) for v in (effect.least, effect.most)),
            effect.change.label,
        ]
        for effect in found.effects
    ]
    columns = [("step", "left"), ("alone", "right"), ("elsewhere", "right"), ("choice", "left")]
    _console.print_table(_console.table(columns, rows))
    _terminal.say("elsewhere: with the other steps as another known convention has them.")
    _terminal.say(
        f"{found.combinations} combinations, from {found.least:.2f} to {found.most:.2f} dB"
    )


def _show_answer(title: str, claimed: str, answer: Answer) -> None:
    steps = "one departure" if answer.most == 1 else f"{answer.most} departures"
    tried = f"{answer.combinations} combinations of at most {steps} from a known convention"
    if not answer.fitting:
        _terminal.say_paragraph(
            f"{title}: none of {tried} gives {claimed} dB. The nearest figures:"
        )
        _show_matches(answer.nearest)
        return
    count = len(answer.fitting)
    gives = "1 gives" if count == 1 else f"{count} give"
    _terminal.say_paragraph(f"{title}: of {tried}, {gives} {claimed} dB, the likeliest first:")
    _show_matches(answer.fitting[:_SHOWN])
    if count > _SHOWN:
        _terminal.say(f"and {count - _SHOWN} more")
    if answer.fitting[0].departures:
        _terminal.say_paragraph(
            "So many combinations give some figure by chance: the more departures, the more doubt."
        )


def _show_matches(matches: Sequence[Match]) -> None:
    columns = [("PSNR", "right"), ("departures", "right"), ("convention", "left")]
    rows = [
        [f"{match.psnr:.3f}", str(len(match.departures)), match.describe()] for match in matches
    ]
    _console.print_table(_console.table(columns, rows))
