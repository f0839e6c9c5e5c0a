"""The map of the code in docs/design.md cannot lie: imports run one way, and files stay short.

The code is read, not run: imports inside functions and those for the type checker count as well.
"""

import ast
from collections import Counter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "srcnn_cli"

# From bottom to top. A part imports from itself and from the parts above it in this table.
PARTS = (
    "errors",
    "process",
    "files",
    "remote",
    "streams",
    "forks",
    "cores",
    "threads",
    "imaging",
    "pictures",
    "models",
    "exports",
    "engines",
    "plotting",
    "methods",
    "upscaling",
    "evaluation",
    "comparison",
    "training",
    "reproduction",
    "cli",
)
# Beside the parts: the front door for Python programs, and `python -m srcnn_cli`.
DOORS = {"__init__", "__main__"}

# Imports against the order that are still there, as (module, imported module).
KNOWN_BREAKS: set[tuple[str, str]] = set()
# Modules that still import each other in a circle.
KNOWN_CIRCLES: set[frozenset[str]] = set()

LONGEST = 300
# Longer files, each with the reason why it is not cut.
LONG_FILES: dict[str, str] = {}


def sources():
    """Every module by its name below the package, with its file."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if len(parts) > 1 and parts[-1] == "__init__":
            parts = parts[:-1]
        found[".".join(parts)] = path
    return found


SOURCES = sources()


def part_of(module):
    return module.partition(".")[0]


def imported_names(text):
    """The dotted names that a module's imports may mean, absolute ones of this package only."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            # `from package import name`: the name is a module or something in the package's own.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules_imported(text, known=None):
    """Which modules of the package a text imports."""
    known = SOURCES if known is None else known
    for name in imported_names(text):
        if name != "srcnn_cli" and not name.startswith("srcnn_cli."):
            continue
        # The version is a constant of the package that needs no other module.
        if name == "srcnn_cli.__version__":
            continue
        below = name.removeprefix("srcnn_cli").removeprefix(".")
        while below and below not in known:
            below = below.rpartition(".")[0]
        yield below or "__init__"


def imports():
    """Every module's imports, itself left out."""
    return {
        module: {
            other for other in modules_imported(path.read_text(encoding="utf-8")) if other != module
        }
        for module, path in SOURCES.items()
    }


def against_the_order(graph):
    """Imports of a part that lies further up."""
    places = {part: place for place, part in enumerate(PARTS)}
    return {
        (module, other)
        for module, others in graph.items()
        for other in others
        if part_of(module) not in DOORS
        and (part_of(other) in DOORS or places[part_of(other)] > places[part_of(module)])
    }


def circles(graph):
    """Sets of modules, each of which is reached from each other one by imports."""
    reached = {}
    for module in graph:
        seen, waiting = set(), [module]
        while waiting:
            new = graph.get(waiting.pop(), set()) - seen
            seen |= new
            waiting += new
        reached[module] = seen
    return {
        frozenset(other for other in reached[module] if module in reached.get(other, ()))
        for module in graph
        if module in reached[module]
    }


def test_every_module_belongs_to_a_part():
    assert {part_of(module) for module in SOURCES} == {*PARTS, *DOORS}


def test_imports_run_one_way():
    breaks = against_the_order(imports())
    assert breaks - KNOWN_BREAKS == set(), "these import from a part further up"
    assert KNOWN_BREAKS - breaks == set(), "these are mended: take them out of KNOWN_BREAKS"


def test_no_modules_import_each_other_in_a_circle():
    found = circles(imports())
    assert found - KNOWN_CIRCLES == set()
    assert KNOWN_CIRCLES - found == set(), "these are mended: take them out of KNOWN_CIRCLES"


def test_no_file_is_long_without_a_reason():
    long = {
        path.relative_to(PACKAGE).as_posix()
        for path in SOURCES.values()
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST
    }
    assert long - set(LONG_FILES) == set(), f"these have more than {LONGEST} lines"
    assert set(LONG_FILES) - long == set(), "these are short now: take them out of LONG_FILES"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import srcnn_cli.errors", {"errors"}),
        ("from srcnn_cli.errors import SrcnnError", {"errors"}),
        ("from srcnn_cli.models import config, weights", {"models.config", "models.weights"}),
        ("from srcnn_cli import Upscaler", {"__init__"}),
        ("from srcnn_cli import __version__", set()),
        ("def f():\n    from srcnn_cli.models.config import ModelConfig", {"models.config"}),
        ("if TYPE_CHECKING:\n    from srcnn_cli.models.config import ModelConfig",
         {"models.config"}),
        ("import numpy\nfrom srcnn_client import x", set()),
    ],
)  # fmt: skip
def test_the_reading_of_imports(text, found):
    known = {"errors", "models", "models.config", "models.weights"}
    assert set(modules_imported(text, known)) == found


def test_breaks_and_circles_are_found():
    graph = {
        "imaging.a": {"models.b", "errors"},
        "models.b": {"imaging.a"},
        "cli.c": {"cli.c2", "models.b", "__init__"},
        "cli.c2": set(),
    }
    assert against_the_order(graph) == {("imaging.a", "models.b"), ("cli.c", "__init__")}
    assert circles(graph) == {frozenset({"imaging.a", "models.b"})}
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == set()


def test_no_two_files_of_tests_have_the_same_name():
    """Pytest cannot collect both in one run."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
