"""docs/faults.md is what the tests say."""

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "scripts" / "fault_table.py"


def test_the_table_of_faults_is_up_to_date():
    spec = importlib.util.spec_from_file_location("fault_table", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert len(list(module.faults())) > 50
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run scripts/fault_table.py"
