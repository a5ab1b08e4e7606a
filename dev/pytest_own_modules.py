"""Pytest plugin for Odoo's `test_lint`: let it look at this checkout's modules only.

By itself it judges everything on the add-ons path, so that a finding in Odoo or in an OCA module
would be reported as ours.
"""

import os

import pytest

COPY = os.path.realpath(os.environ["FOLLOWUP_LINT_COPY"])


class OwnPylintTools:
    """Stands in for `odoo.tools` in test_pylint, which else checks the whole of Odoo as well."""

    def __init__(self, tools):
        self.parse_version = tools.parse_version
        self.constants = tools.constants
        self.config = self
        self._real_config = tools.config
        self.root_path = os.path.join(COPY, sorted(os.listdir(COPY))[0])

    def __getitem__(self, key):
        return self._real_config[key]


def pytest_sessionstart(session):
    from odoo.modules.module import Manifest

    all_manifests = Manifest.all_addon_manifests

    def own_manifests():
        return [m for m in all_manifests() if os.path.realpath(m.path).startswith(COPY)]

    seen = {manifest.name for manifest in own_manifests()}
    if seen != set(os.listdir(COPY)):
        pytest.exit(f"test_lint sees {seen} instead of all that is in {COPY}", returncode=1)
    Manifest.all_addon_manifests = staticmethod(own_manifests)


def pytest_collection_modifyitems(items):
    from odoo import tools

    for item in items:
        if item.module.__name__.endswith(".test_pylint"):
            item.module.tools = OwnPylintTools(tools)
            item.module.which = lambda name: os.path.join(os.path.dirname(__file__), f"{name}-for-odoo")
