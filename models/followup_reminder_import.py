import base64
import binascii

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date

from ..engine import reminder_file
from .followup_level import KINDS

#: What people fill in; everything else is the import's own.
EDITABLE = {
    "company_id", "source", "file", "filename", "confirm_free", "free_medium", "bulk_scope", "bulk_before",
    "bulk_partner_ids", "bulk_move_ids", "bulk_kind", "bulk_date", "bulk_free_date", "note",
}  # fmt: skip


class FollowupReminderImport(models.Model):
    """What was already reminded elsewhere, before this add-on: from a file, or in bulk.

    Checked as a whole, imported as a whole or not at all, and undone as a whole.
    """

    _name = "followup.reminder.import"
    _description = "Reminders Sent Elsewhere"
    _order = "id desc"

    name = fields.Char("Reference", readonly=True, copy=False)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company._followup_root(), index=True
    )
    source = fields.Selection([("file", "A file"), ("bulk", "In bulk")], "From", required=True, default="file")
    state = fields.Selection(
        [("draft", "To check"), ("checked", "Checked"), ("done", "Imported"), ("undone", "Undone")],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
    )
    file = fields.Binary("CSV File", attachment=True, copy=False)
    filename = fields.Char(copy=False)
    note = fields.Char("Sent by", help="The program, agency or bookkeeper that sent these reminders.")
    confirm_free = fields.Boolean(
        "The free first reminder to consumers met article XIX.2",
        copy=False,
        help="Only when you are sure: sent free of charge, with the balance due, what would be claimed, your name and "
        "enterprise number, the product and the day the debt fell due, and fourteen days to pay. Otherwise the ladder "
        "of a consumer begins again with the free first reminder, and nothing is charged before it.",
    )
    free_medium = fields.Selection(
        [("post", "By post"), ("email", "By e-mail")],
        "It was sent",
        default="post",
        required=True,
        help="By post the fourteen days begin on the third working day after sending, by e-mail on the next day.",
    )
    bulk_scope = fields.Selection(
        [
            ("before", "Everything that fell due before a day"),
            ("customers", "Chosen customers"),
            ("invoices", "Chosen invoices"),
        ],
        "For",
        default="before",
    )
    bulk_before = fields.Date("Due before")
    bulk_partner_ids = fields.Many2many("res.partner", string="Customers")
    bulk_move_ids = fields.Many2many("account.move", string="Invoices")
    bulk_kind = fields.Selection(
        [kind for kind in KINDS if kind[0] != "courtesy"],
        "Reached",
        default="first_reminder",
        help="Each customer gets the level of this kind in his own policy.",
    )
    bulk_date = fields.Date("Last reminder on")
    bulk_free_date = fields.Date("Free first reminder on", help="The day on which it left, the same for all of them.")

    line_ids = fields.One2many("followup.reminder.import.line", "import_id", readonly=True, copy=False)
    count_ok = fields.Integer("Good", compute="_compute_counts")
    count_known = fields.Integer("Imported before", compute="_compute_counts")
    count_skipped = fields.Integer("Left out", compute="_compute_counts")
    count_error = fields.Integer("Wrong", compute="_compute_counts")
    amount_ok = fields.Monetary("Open amount", compute="_compute_counts")
    currency_id = fields.Many2one(related="company_id.currency_id")
    summary = fields.Char(compute="_compute_summary")
    file_problem = fields.Text(readonly=True, copy=False)
    ignored = fields.Char(readonly=True, copy=False)
    done_by = fields.Many2one("res.users", "Imported By", readonly=True, ondelete="set null", copy=False)
    done_date = fields.Datetime("Imported On", readonly=True, copy=False)
    undone_by = fields.Many2one("res.users", readonly=True, ondelete="set null", copy=False)
    undone_date = fields.Datetime("Undone On", readonly=True, copy=False)
    can_manage = fields.Boolean(compute="_compute_can_manage")

    @api.depends("line_ids.status")
    def _compute_counts(self):
        groups = self.env["followup.reminder.import.line"]._read_group(
            [("import_id", "in", self.ids)], ["import_id", "status"], ["number:count_distinct"]
        )
        counts = {(record.id, status): count for record, status, count in groups}
        lines = self.env["followup.reminder.import.line"].search_fetch(
            [("import_id", "in", self.ids), ("status", "=", "ok")], ["import_id", "item_id"]
        )
        amounts = dict.fromkeys(self.ids, 0.0)
        for line in lines:
            amounts[line.import_id.id] += line.sudo().item_id.move_line_id.amount_residual
        for record in self:
            for status in ("ok", "known", "skipped", "error"):
                record[f"count_{status}"] = counts.get((record._origin.id, status), 0)
            record.amount_ok = amounts.get(record._origin.id, 0.0)

    @api.depends("count_ok", "count_known", "count_error", "count_skipped", "state")
    def _compute_summary(self):
        for record in self:
            record.summary = record._describe()

    @api.depends_context("uid")
    def _compute_can_manage(self):
        self.can_manage = self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_manager")

    @api.model_create_multi
    def create(self, vals_list):
        self._check_editable(set().union(*vals_list) if vals_list else set())
        records = super().create(vals_list)
        for record in records.sudo():
            record.name = f"RI{record.id:06d}"
        return records

    def write(self, vals):
        self._check_editable(vals)
        if not self.env.su and any(record.state in ("done", "undone") for record in self):
            raise UserError(self.env._("What was imported is not changed: undo the import and make a new one."))
        result = super().write(vals)
        if not self.env.su and vals.keys() - {"note"}:
            self.sudo()._forget_check()
        return result

    def _check_editable(self, names):
        if not self.env.su and set(names) - EDITABLE:
            raise AccessError(
                self.env._("This is written by the import itself: %s", ", ".join(sorted(set(names) - EDITABLE)))
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_done(self):
        if any(record.state in ("done", "undone") for record in self):
            raise UserError(self.env._("An import that was done stays in the list: undo it instead."))

    def _forget_check(self):
        """What was checked is no longer what stands on the screen."""
        for record in self.filtered(lambda record: record.state == "checked"):
            record.line_ids.unlink()
            record.write({"state": "draft", "file_problem": False, "ignored": False})

    def _for_manager(self):
        """These imports with the rights to work on them.

        :raises AccessError: without the rights of a follow-up manager, or for another company
        """
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_manager"):
            raise AccessError(self.env._("Only a follow-up manager can import reminders that were sent elsewhere."))
        return self.sudo()

    def action_check(self):
        """Look at every line and say what is wrong; imports nothing."""
        self.ensure_one()
        self._for_manager()._check()
        return True

    def action_import(self):
        """Import all lines, or none: everything is checked again first, on locked customers."""
        self.ensure_one()
        record = self._for_manager()
        if record.state in ("done", "undone"):
            raise UserError(self.env._("%s was imported already.", record.name))
        record._check()
        good = record.line_ids.filtered(lambda line: line.status == "ok")
        if good and not record.count_error and not record.file_problem:
            # Again on locked customers: somebody may have sent a notice since.
            good.customer_id.lock_for_update(allow_referencing=True)
            record._check(synchronise=False)
        if record.file_problem or record.count_error:
            return record._notify("danger", self.env._("Nothing was imported. %s", record.summary))
        good = record.line_ids.filtered(lambda line: line.status == "ok")
        if not good:
            return record._notify("info", record.summary)
        record._apply(good)
        return record._notify("success", record.summary)

    def _apply(self, lines):
        """Take the items of these lines to their level; customers are locked."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                lines.live = True
                lines.flush_recordset()
        except psycopg2.errors.UniqueViolation as error:
            raise UserError(
                self.env._("Somebody else imported reminders for these invoices at this moment. Check again.")
            ) from error
        self.write({"state": "done", "done_by": self.env.uid, "done_date": fields.Datetime.now()})
        self._cancel_prepared(lines, self.env._("reminded elsewhere, says import %s", self.name))
        self.env["followup.item"]._recompute_levels(lines.item_id.ids)
        self._log(lines, undone=False)
        lines.customer_id._refresh()

    def action_undo(self):
        """Take the whole import back, as long as nothing of ours was sent on top of it."""
        self.ensure_one()
        record = self._for_manager()
        if record.state != "done":
            raise UserError(self.env._("Only an import that was done can be undone."))
        lines = record.line_ids.filtered("live")
        lines.customer_id.lock_for_update(allow_referencing=True)
        self.env["followup.notice"].invalidate_model(["state"])
        later = record._sent_since(lines)
        if later:
            raise UserError(
                self.env._(
                    "%(import)s cannot be undone: notices were sent since, on top of it, to %(customers)s.",
                    **{"import": record.name, "customers": ", ".join(later.partner_id.mapped("display_name")[:10])},
                )
            )
        record._cancel_prepared(lines, self.env._("import %s was undone", record.name))
        lines.live = False
        record.write({"state": "undone", "undone_by": self.env.uid, "undone_date": fields.Datetime.now()})
        self.env["followup.item"]._recompute_levels(lines.item_id.ids)
        record._log(lines, undone=True)
        lines.customer_id._refresh()
        return record._notify("success", self.env._("Undone: the items are back where they were before."))

    def _notices_about(self, lines):
        return self.env["followup.notice"].search(
            [("line_ids", "any", [("item_id", "in", lines.item_id.ids), ("advances", "=", True)])]
        )

    def _sent_since(self, lines):
        """Notices about these items that were handed to the customer, or may have been, since the import."""
        self.ensure_one()
        return self._notices_about(lines).filtered(
            lambda notice: (
                notice.state not in ("review", "queued", "cancelled", "failed")
                and (notice.claim_date or notice.sent_date or notice.create_date) >= self.done_date
            )
        )

    def _cancel_prepared(self, lines, reason):
        """What was prepared on the former level is prepared anew by the next run."""
        self._notices_about(lines).filtered(lambda notice: notice.state in ("review", "queued"))._cancel(reason)

    def _log(self, lines, undone):
        """One message in the timeline of each customer: his items, the level and the day; no evidence of ours."""
        bodies = {}
        for customer, own in lines.grouped("customer_id").items():
            what = "; ".join(
                self.env._(
                    "%(invoice)s: %(level)s of %(date)s",
                    invoice=line.name,
                    level=line.level_name,
                    date=format_date(self.env, line.date),
                )
                for line in own[:20]
            )
            if len(own) > 20:
                what = self.env._("%(what)s and %(number)s more", what=what, number=len(own) - 20)
            values = {"what": what, "import": self.name}
            bodies[customer.id] = (
                self.env._("Import %(import)s was undone. No longer counted as reminded elsewhere: %(what)s", **values)
                if undone
                else self.env._("Reminded elsewhere (imported by %(import)s): %(what)s", **values)
            )
        author = self.env.user.partner_id
        lines.customer_id._message_log_batch(bodies=bodies, author_id=author.id)

    def _content(self):
        """The bytes of the file.

        :raises UserError: without a file
        """
        self.ensure_one()
        if not self.file:
            raise UserError(self.env._("Choose a file first."))
        try:
            return base64.b64decode(self.file, validate=True)
        except binascii.Error as error:
            raise UserError(self.env._("The file did not arrive in good order. Choose it again.")) from error

    def _notify(self, kind, text):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": kind, "message": text, "next": {"type": "ir.actions.client", "tag": "soft_reload"}},
        }

    # Files to download

    def action_example(self):
        return self._download("example")

    def action_template(self):
        return self._download("template")

    def action_bad_lines(self):
        return self._download("bad_lines")

    def _download(self, kind):
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/l10n_be_followup/reminder-import/{self.id}/{kind}",
            "target": "download",
        }

    def _example_file(self):
        """A file with every column, filled with customers of the user where he has some."""
        self.ensure_one()
        rows = self._template_rows(limit=3) or [
            ["Bakkerij Het Zoete Brood", "BE0477472701", "", "INV/2026/00012", "", "", "", ""],
            ["Jan Peeters", "", "K0042", "INV/2026/00015", "31/08/2026", "", "", ""],
        ]
        today = self.company_id._followup_today()
        levels = ["2", self.env._("First reminder"), "formal_notice"]
        for place, row in enumerate(rows):
            row[5] = levels[place % 3]
            row[6] = fields.Date.subtract(today, days=10).strftime("%d/%m/%Y")
        return reminder_file.write([self._titles(), *rows])

    def _template_file(self):
        """All overdue items that nobody reminded here, with empty cells for the level and the day."""
        self.ensure_one()
        return reminder_file.write([self._titles(), *self._template_rows()])

    def _bad_lines_file(self):
        """The bad lines as they stand in the file, each with what to do about it."""
        self.ensure_one()
        bad = self.line_ids.filtered(lambda line: line.status == "error").sorted("number")
        try:
            titles = list(reminder_file.read(self._content()).titles)
        except (reminder_file.FileError, UserError):
            titles = []
        width = max([len(titles), *(len(line.raw or []) for line in bad)], default=0)
        titles += [""] * (width - len(titles))
        rows = [[*titles, self.env._("Line in the file"), self.env._("What to do")]]
        for line in bad:
            cells = list(line.raw or [])
            rows.append([*cells, *[""] * (width - len(cells)), line.number, line.message])
        return reminder_file.write(rows)

    @api.model
    def _titles(self):
        return ["Customer", "VAT", "Reference", "Invoice", "Due date", "Level", "Last reminder", "Free first reminder"]

    def _template_rows(self, limit=None):
        items = self.env["followup.item"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("is_open", "=", True),
                ("level_kind", "=", False),
                ("move_line_id.no_followup", "=", False),
                ("date_maturity", "<", self.company_id._followup_today()),
            ],
            limit=limit,
        )
        return [
            [
                item.customer_id.partner_id.name,
                item.customer_id.partner_id.vat,
                item.customer_id.partner_id.ref,
                item.move_id.name,
                item.date_maturity.strftime("%d/%m/%Y"),
                "",
                "",
                "",
            ]
            for item in items
        ]
