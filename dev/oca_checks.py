"""Run OCA's module checks over every module in a folder.

The command-line program skips an add-on at a repository's root without a word, so the modules come as
a staged copy, and seeing none of them is an error.
"""

import pathlib
import sys

from oca_pre_commit_hooks import checks_odoo_module

# Matters of taste where Odoo's own modules do otherwise.
LEFT_OUT = {"prefer-readme-rst", "xml-header-wrong", "xml-field-numeric-without-eval", "xml-tag-position"}


def main(folder):
    manifests = sorted(pathlib.Path(folder).glob("*/__manifest__.py"))
    if not manifests:
        print("OCA checks saw no module")
        return 1
    errors = checks_odoo_module.run([str(manifest.parent) for manifest in manifests], disable=LEFT_OUT, no_exit=True)
    print(f"OCA checks saw {len(manifests)} module(s)")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
