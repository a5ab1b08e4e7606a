"""Fields, reports and server actions: part of `test_security_rights`, which stands on the same world."""

import datetime

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw, get_public_method
from odoo.tests import tagged

from .security_common import OURS, is_ours

#: What people write in records that tell what happened; everything else is written by steps, whoever asks by RPC.
WRITABLE = {
    "followup.arrangement": {"user_id", "note"},
    "followup.assistant": {
        "accepted",
        "confirmed",
        "cutoff_date",
        "example_customer_id",
        "live_domain",
        "live_scope",
        "step",
    },
    "followup.customer": set(),
    "followup.dispute": {"user_id", "note"},
    "followup.handover": {"user_id", "note", "reference"},
    "followup.hold": {"until", "reason"},
    "followup.interruption": {"date", "kind", "move_id", "note"},
    "followup.letter.batch": set(),
    "followup.promise": {"user_id", "note"},
    "followup.restore": {"confirm_free", "safe_mode"},
    "followup.restore.line": {"count"},
    "followup.reminder.import": {  # until it was imported
        "bulk_before",
        "bulk_date",
        "bulk_free_date",
        "bulk_kind",
        "bulk_scope",
        "company_id",
        "confirm_free",
        "filename",
        "free_medium",
        "note",
        "source",
    },
    "followup.service": {
        "active",
        "company_id",
        "essential",
        "exempt_reason",
        "exempt_until",
        "external_reference",
        "grace_days",
        "monthly_value",
        "name",
        "paid_through_manual",
        "partner_id",
        "period_months",
        "proportionate",
        "proportionate_reason",
        "stop_billing",
        "user_id",
    },
    "followup.brake": set(),
    "followup.suspension": set(),
}
#: Our fields on other models that whoever reads the record may read, with the reason.
OPEN_FIELDS = {
    "account.bank.statement.line": "bank lines are for accountants only",
    "account.invoice.report": "the report is for accountants only",
    "account.move": "the law, the clause and the marks of one's own invoice",
    "account.move.line": "numbers of records that need rights of their own",
    "digest.digest": "the digests are for employees; a figure is computed for whoever may read invoices",
    "mail.mail": "mails are for the administrator only",
    "res.company": "closed for customers by `_has_field_access`; employees see how their company follows up",
    "res.config.settings": "settings are for the administrator only",
    "res.partner": "the regime of a customer, and that he is a public authority",
    "sms.tracker": "trackers are for the administrator only",
    "snailmail.letter": "letters are for the administrator only",
}


@tagged("post_install_l10n", "post_install", "-at_install")
class FieldRights:
    def other_value(self, record, field):
        """A value that the field does not have, or None when there is none to try."""
        value = record[field.name]
        if field.type in ("char", "text", "html"):
            return f"{value or ''}x"
        if field.type in ("integer", "float", "monetary"):
            return (value or 0) + 1
        if field.type == "boolean":
            return not value
        if field.type == "date":
            return (value or datetime.date(2026, 11, 1)) - datetime.timedelta(days=1)
        if field.type == "datetime":
            return (value or datetime.datetime(2026, 11, 1)) - datetime.timedelta(days=1)
        if field.type == "selection":
            return next((key for key in field.get_values(record.env) if key != value), None)
        if field.type == "many2one":
            others = record.env[field.comodel_name].sudo().with_context(active_test=False)
            return others.search([("id", "!=", value.id)], limit=1).id or None
        return {"a": 1} if field.type == "json" else None

    def written_fields(self, name):
        """The stored fields that the one with all rights of accounting can change, one by one."""
        found, user = set(), self.roles["accounting"]
        record = self.world[name]
        for field in record._fields.values():
            if not field.store or field.name in ("id", "create_uid", "create_date", "write_uid", "write_date"):
                continue
            if field.name.startswith(("message_", "activity_")):
                continue
            with self.undone():
                value = self.other_value(record, field)
                if value is None:
                    continue
                before = record[field.name]
                self.env.invalidate_all()
                try:
                    call_kw(self.env(user=user, su=False)[name], "write", [record.ids, {field.name: value}], {})
                    self.env.flush_all()
                    self.env.invalidate_all()
                    if record[field.name] != before:
                        found.add(field.name)
                except (UserError, ValueError):
                    continue
        return found

    def test_history_is_written_by_its_steps(self):
        """Evidence, states of charges and suspensions, numbers of runs: refused for everybody, managers too."""
        for name, records in self.world.items():
            row = self.rights_of_models()[name]
            with self.subTest(model=name):
                if "U" in row["accounting"] and name not in self.CONFIGURATION:
                    self.assertEqual(self.written_fields(name), WRITABLE[name])
                elif "U" not in row["accounting"]:
                    record = records.with_user(self.roles["accounting"])
                    for operation in ("write", "unlink"):
                        self.assertFalse(record.has_access(operation))

    def test_marks_of_the_books_are_not_written_by_hand(self):
        """The number of the charge that a line posts, and what makes an entry one of charges."""
        accounting, biller = self.roles["accounting"], self.roles["billing"]
        charge, move = self.world["followup.charge"], self.moves[0]
        line = move.invoice_line_ids[:1]
        for records, values in (
            (line, {"followup_charge_id": charge.id}),
            (line, {"followup_credited_charge_id": charge.id}),
            (move, {"followup_charge_note": True}),
            (move, {"followup_write_off": True}),
        ):
            with self.subTest(values=values), self.undone(), self.assertRaises(UserError):
                records.with_user(accounting).write(values)
        note = {
            "move_type": "out_invoice",
            "partner_id": self.business.id,
            "invoice_line_ids": [(0, 0, {"name": "x", "price_unit": 40, "followup_charge_id": charge.id})],
        }
        with self.undone(), self.assertRaises(UserError):
            self.env["account.move"].with_user(biller).create(note)

    def test_every_field_on_other_models(self):
        """Our fields on the records of others: behind groups, or open for a reason."""
        for name in self.env.registry.models:
            records = self.env[name]
            if name.startswith("followup.") or records._abstract or not any(map(is_ours, type(records).__mro__)):
                continue
            for field in records._fields.values():
                ours = field._modules and all(module.startswith(OURS) for module in field._modules)
                if ours and not field.groups:
                    self.assertIn(name, OPEN_FIELDS, f"{field}: give it groups, or say why it is open")
        portal = self.roles["portal"]
        for field in self.env["res.company"]._fields:
            if field.startswith("followup_"):
                with self.subTest(field=field), self.assertRaises(AccessError):
                    self.company.with_user(portal).read([field])
        with self.assertRaises(AccessError):
            self.env["res.company"].with_user(portal).search([("followup_minimum_amount", ">", 4)])
        self.assertNotIn("followup_live", self.env["res.company"].with_user(portal).fields_get())

    def test_secrets_are_for_nobody(self):
        """The secret of the webhook and the customer's links: not read, searched, exported or told by the chatter."""
        self.company.sudo().followup_webhook_secret = "hush-hush"
        arrangement, notice = self.world["followup.arrangement"], self.world["followup.notice"]
        arrangement.sudo()._portal_ensure_token()
        for role in ("readonly", "user", "manager", "accounting", "settings"):
            user = self.roles[role]
            secrets = [(self.company, "followup_webhook_secret")]
            if role != "settings":
                secrets += [(arrangement, "access_token"), (notice, "access_token")]
            for record, name in secrets:
                own = record.with_user(user).sudo(False)
                with self.subTest(role=role, field=name):
                    with self.assertRaises(AccessError):
                        own.read([name])
                    with self.assertRaises(AccessError):
                        own.search([(name, "=like", "h%")])
                    with self.assertRaises(UserError):
                        own.export_data([name])
                    self.assertNotIn(name, own.fields_get())
        for model in ("res.company", "followup.arrangement", "followup.notice"):
            for field in self.env[model]._fields.values():
                if "token" in field.name or "secret" in field.name:
                    self.assertFalse(getattr(field, "tracking", None), field)

    def test_every_report(self):
        """A report prints what its reader may read: nothing for portal users, employees or another company."""
        data = self.env["ir.model.data"].search([("model", "=", "ir.actions.report"), ("module", "=like", f"{OURS}%")])
        reports = self.env["ir.actions.report"].browse(data.mapped("res_id"))
        self.assertTrue(reports)
        for report in reports:
            for user in (self.roles["portal"], self.roles["internal"], self.roles["billing"], self.outsider):
                with self.subTest(report=report.report_name, user=user.login), self.undone():
                    ids = self.target(report.model, self.roles["user"]).ids
                    self.env.flush_all()
                    self.env.invalidate_all()
                    with self.assertRaises(AccessError):
                        self.env(user=user, su=False)["ir.actions.report"]._render_qweb_html(report.report_name, ids)

    def test_every_server_action(self):
        """What stands in the menu Actions calls a method of the table, nothing else."""
        data = self.env["ir.model.data"].search([("model", "=", "ir.actions.server"), ("module", "=like", f"{OURS}%")])
        actions = self.env["ir.actions.server"].browse(data.mapped("res_id"))
        crons = self.env["ir.cron"].with_context(active_test=False).search([])
        actions -= crons.ir_actions_server_id
        self.assertTrue(actions)
        methods = self.rights_of_methods()
        for action in actions:
            with self.subTest(action=action.name):
                self.assertEqual(action.state, "code")
                words = action.code.replace("action =", "").replace("records.", "").replace("model.", "").strip()
                method = words.removesuffix("()")
                get_public_method(self.env[action.model_id.model], method)
                self.assertIn(f"{action.model_id.model}.{method}", methods)

    def test_who_runs_the_crons(self):
        data = self.env["ir.model.data"].search([("model", "=", "ir.cron"), ("module", "=like", f"{OURS}%")])
        for cron in self.env["ir.cron"].with_context(active_test=False).browse(data.mapped("res_id")):
            self.assertEqual(cron.user_id, self.env.ref("base.user_root"))
            self.assertFalse(cron.with_user(self.roles["accounting"]).has_access("write"))
