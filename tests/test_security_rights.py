"""Who may do what: the tables `rights_models.csv` and `rights_methods.csv`, against what really happens.

A new model, a new button or a new route without a row in its table fails here: whoever adds it says who may use it.
"""

import csv
import os
from pathlib import Path

from odoo.exceptions import AccessError
from odoo.service.model import get_public_method
from odoo.tests import tagged

from .security_common import SecurityCommon, is_ours, own_models
from .security_fields import FieldRights

HERE = Path(__file__).parent
FULL = os.environ.get("FOLLOWUP_SECURITY") == "full"
OPERATIONS = {"C": "create", "R": "read", "U": "write", "D": "unlink"}
#: Roles that press buttons in the test of the methods; a wizard is one that this very role has.
CALLERS = ("portal", "internal", "provisioning", "readonly", "billing", "user", "manager", "accounting")
#: Names of sets of callers, as the table says them.
SETS = {
    "nobody": (),
    "anyone": CALLERS,
    "employee": CALLERS[1:],
    "provisioning": ("provisioning", "readonly", "user", "manager", "accounting"),
    "receiver": ("provisioning", "manager", "accounting"),
    "reader": ("readonly", "user", "manager", "accounting"),
    "accountant": ("readonly", "billing", "user", "manager", "accounting"),
    "biller": ("billing", "user", "manager", "accounting"),
    "user": ("user", "manager", "accounting"),
    "manager": ("manager", "accounting"),
    "accounting": ("accounting",),
}
#: What a method needs beside the record.
ARGUMENTS = {
    "default_get": (["customer_id", "customer_ids", "line_ids", "company_id"],),
    "web_read": ({"display_name": {}},),
    "get_empty_list_help": ("",),
    "acknowledge": (["no such key"],),
}
#: Known by `test_every_model`, and by the wizards' own test.
CRUD = {"create", "write", "unlink", "onchange"}


def table(name):
    with (HERE / name).open(newline="") as stream:
        return {row.pop("name"): row for row in csv.DictReader(stream)}


def own_methods(env):
    """Everything a client can call by RPC that the add-on or a bridge defines: `model.method`."""
    found = set()
    for name in env.registry.models:
        records = env[name]
        if records._abstract:
            continue
        for cls in filter(is_ours, type(records).__mro__):
            for method, value in vars(cls).items():
                if method.startswith("_") or method in CRUD or not callable(value):
                    continue
                try:
                    get_public_method(records, method)
                except AccessError:
                    continue
                found.add((name, method))
    return sorted(found)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestRights(FieldRights, SecurityCommon):
    maxDiff = None
    #: What managers set up: all of it is theirs to write.
    CONFIGURATION = (
        "followup.call.script",
        "followup.dispute.reason",
        "followup.level",
        "followup.minimum",
        "followup.policy",
        "followup.rate",
        "followup.terms",
    )

    def rights_of_models(self):
        return table("rights_models.csv")

    def rights_of_methods(self):
        return table("rights_methods.csv")

    def test_every_model(self):
        """Create, read, update, delete for each role: exactly what the table says."""
        expected = table("rights_models.csv")
        models = [name for name in own_models(self.env) if not self.env[name]._abstract]
        self.assertFalse(set(models) - expected.keys(), "a new model: add a row to tests/rights_models.csv")
        for name in models:
            rights = {
                role: "".join(
                    letter
                    for letter, operation in OPERATIONS.items()
                    if self.env[name].with_user(user).has_access(operation)
                )
                for role, user in self.roles.items()
            }
            wanted = {role: right for role, right in expected[name].items() if role != "scope"}
            self.assertEqual(rights, wanted, name)

    def test_every_model_keeps_companies_apart(self):
        for name, row in table("rights_models.csv").items():
            if name not in self.env:
                continue
            records = self.env[name]
            with self.subTest(model=name):
                if row["scope"] == "own":
                    self.assertTrue(records._transient)
                    rule = self.env["ir.rule"].with_user(self.roles["manager"])._compute_domain(name, "read")
                    self.assertEqual(list(rule), [("create_uid", "in", [self.roles["manager"].id])])
                    self.assertTrue(hasattr(records, "_check_named"), "inherits followup.wizard")
                    continue
                one = self.target(name, None)
                self.assertEqual(len(one), 1, "the world holds one")
                self.assertTrue(one.with_user(self.roles["manager"]).has_access("read"))
                if row["scope"] == "shared":
                    self.assertTrue(one.with_user(self.outsider).has_access("read"))
                    continue
                self.assertEqual(row["scope"], "company")
                elsewhere = records.with_user(self.outsider).with_context(active_test=False)
                self.assertFalse(elsewhere.search([("id", "in", one.ids)]))
                for operation in OPERATIONS.values():
                    self.assertFalse(one.with_user(self.outsider).has_access(operation), operation)

    def test_no_wizard_names_what_its_user_may_not_read(self):
        """Nobody reads another company's customers through a wizard of his own."""
        company = {name for name, row in table("rights_models.csv").items() if row["scope"] == "company"}
        for name in own_models(self.env):
            records = self.env[name]
            if not records._transient:
                continue
            values = self.wizard_values(records, self.outsider)
            named = {
                field
                for field in values
                if records._fields[field].comodel_name in (*company, "account.move", "account.move.line")
            }
            for field in named:
                with self.subTest(model=name, field=field), self.undone():
                    alone = {key: value for key, value in values.items() if key == field or key not in named}
                    with self.assertRaises(AccessError):
                        records.with_user(self.outsider).create(alone)
                    with self.assertRaises(AccessError):
                        records.with_user(self.outsider).onchange(alone, [], {"display_name": {}})

    def test_every_method(self):
        """What happens when each role calls each method of ours by RPC: exactly what the table says.

        The roles that tell most; all of them with FOLLOWUP_SECURITY=full.
        """
        expected = table("rights_methods.csv")
        methods = own_methods(self.env)
        names = {f"{model}.{method}" for model, method in methods}
        self.assertFalse(names - expected.keys(), "a new method: add a row to tests/rights_methods.csv")
        callers = CALLERS if FULL else ("internal", "readonly", "user")
        for model, method in methods:
            name, arguments = f"{model}.{method}", ARGUMENTS.get(method, ())
            row = expected[name]
            with self.subTest(method=name):
                for role in callers:
                    kind, said, tables = self.call(self.roles[role], model, method, arguments)
                    self.assertEqual(kind != "refused", role in SETS[row["answers"]], f"{role} gets {said}")
                    self.assertEqual(bool(tables), role in SETS[row["writes"]], f"{role} writes {tables}")
                # On no record nobody without rights writes.
                _kind, _said, tables = self.call(self.roles["internal"], model, method, arguments, empty=True)
                self.assertFalse(tables, "an employee without rights writes, on no record")
                # A manager of another company, on a record of this one.
                kind, said, tables = self.call(self.outsider, model, method, arguments)
                written = " ".join(sorted(tables))
                self.assertEqual(written or {"refused": "refused"}.get(kind, "nothing"), row["elsewhere"], said)
