"""Write docs/faults.md: every kind of fault that a test shows, what happens, and the test.

    python scripts/fault_table.py

The table is made of the marks ``@pytest.mark.fault(kind, what happens, exit code)`` on the tests. A
test of its own compares it with the file, so that it cannot become stale.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "faults.md"
START = """\
# What can go wrong with a file, and what happens then

Made of the tests by `python scripts/fault_table.py`; do not edit. The exit code is that of `srcnn
upscale` for one file. In a batch the other files are done, and the code is 1. "note" is a line on
stderr that begins with `warning:`, and an entry under `notes` with `--json`.

| fault | what happens | exit code | test |
|---|---|---|---|
"""


def faults() -> Iterator[tuple[str, str, int, str]]:
    """Kind, what happens, exit code and test of each mark, in the order of the files."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fault":
                    kind, happens, code = (ast.literal_eval(value) for value in mark.args)
                    yield kind, happens, code, f"{path.relative_to(ROOT).as_posix()}::{node.name}"


def page() -> str:
    """The whole page."""
    rows = [f"| {kind} | {happens} | {code} | `{test}` |" for kind, happens, code, test in faults()]
    return START + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
