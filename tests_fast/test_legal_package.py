"""The package stands alone: no Odoo, no float, and no quarrel with the standard library."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

LEGAL = Path(__file__).resolve().parent.parent / "legal"
MODULES = sorted(LEGAL.glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_imports_nothing_of_odoo_and_only_relatives(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= 1, "an import from outside the package"
            names = [] if node.level else [node.module]
        else:
            continue
        for name in names:
            top = name.partition(".")[0]
            assert top in sys.stdlib_module_names or top == "dateutil", name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_holds_no_float_and_no_clock(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            assert not isinstance(node.value, float), node.lineno
        if isinstance(node, ast.Name):
            assert node.id != "float", node.lineno
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("today", "now"), node.lineno


def test_imports_from_the_root_without_shadowing_the_standard_calendar():
    code = (
        "import sys; import legal.interest, legal.consumer, legal.compensation; import calendar;"
        "assert calendar.isleap(2024) and calendar is not legal.calendar;"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'odoo']"
    )
    subprocess.run([sys.executable, "-c", code], cwd=LEGAL.parent, check=True, timeout=20)


def test_imports_under_another_parent():
    """As `odoo.addons.l10n_be_followup.legal`: no module may count on being called `legal`."""
    name = "some_addon_legal"
    spec = importlib.util.spec_from_file_location(name, LEGAL / "__init__.py", submodule_search_locations=[str(LEGAL)])
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        consumer = importlib.import_module(f"{name}.consumer")
        assert consumer.add_working_days.__module__ == f"{name}.calendar"
        assert consumer.waiting_period.__globals__["check_day"].__module__ == f"{name}._checks"
    finally:
        for loaded in [key for key in sys.modules if key.partition(".")[0] == name]:
            del sys.modules[loaded]
