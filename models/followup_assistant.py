from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date

STEPS = [
    ("cutoff", "Cut-off date"),
    ("reminded", "Reminded elsewhere"),
    ("older", "Older items"),
    ("hidden", "Hidden items"),
    ("checks", "Checks"),
    ("policies", "Policies"),
    ("preview", "Dry run"),
    ("live", "Go live"),
]
ORDER = [code for code, _name in STEPS]
#: What a manager fills in; a user may only walk through the steps. Everything else is the assistant's own.
EDITABLE = {"step", "cutoff_date", "live_scope", "live_domain", "confirmed", "example_customer_id", "accepted"}


class FollowupAssistant(models.Model):
    """What a new user does first, step by step; one record per root company, so that he can stop and go on.

    Live mode is refused until it is finished.
    """

    _name = "followup.assistant"
    _description = "Start Assistant"
    _inherit = ["mail.thread"]

    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    currency_id = fields.Many2one(related="company_id.currency_id")
    step = fields.Selection(STEPS, required=True, default="cutoff")
    done = fields.Json(readonly=True, help="Codes of the steps that somebody went through.")
    step_done = fields.Boolean(compute="_compute_progress")
    progress = fields.Char(compute="_compute_progress")
    missing = fields.Char(compute="_compute_progress")
    finished = fields.Boolean(readonly=True, tracking=True, copy=False)
    finished_date = fields.Datetime("Finished On", readonly=True, copy=False)
    finished_by = fields.Many2one("res.users", readonly=True, ondelete="set null", copy=False)
    live = fields.Boolean(related="company_id.followup_live")
    can_manage = fields.Boolean(compute="_compute_can_manage")

    cutoff_date = fields.Date(
        "Follow up invoices due from",
        required=True,
        tracking=True,
        default=lambda self: fields.Date.subtract(self.env.company._followup_today(), months=3),
        help="Items that fell due before this day get no automatic step: they were handled elsewhere, or are too old to "
        "be chased without a person looking at them first.",
    )
    accepted = fields.Boolean("I know that the orange points are not in order")
    live_scope = fields.Selection(
        [("all", "All customers"), ("segment", "Chosen customers only")], "Go live for", required=True, default="all"
    )
    live_domain = fields.Char("These customers", default="[]")
    confirmed = fields.Boolean("I looked at the dry run and want notices to leave by themselves")

    _company_unique = models.UniqueIndex("(company_id)", "A company has one start assistant.")

    @api.depends("done", "step", "finished")
    def _compute_progress(self):
        names = dict(self._fields["step"]._description_selection(self.env))
        for record in self:
            done = [code for code in ORDER if code in (record.done or ())]
            missing = [names[code] for code in ORDER[:-1] if code not in done]
            record.step_done = record.step in done
            record.missing = ", ".join(missing)
            record.progress = (
                self.env._("Finished")
                if record.finished
                else self.env._("%(done)s of %(all)s steps done", done=len(done), all=len(ORDER))
            )

    def _compute_display_name(self):
        self.display_name = self.env._("Start assistant")

    @api.depends_context("uid")
    def _compute_can_manage(self):
        self.can_manage = self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_manager")

    @api.model
    def _for_company(self, company):
        """The assistant of the root company of `company`; made when it is missing."""
        root = company._followup_root()
        record = self.sudo().search([("company_id", "=", root.id)])
        if not record:
            cutoff = root.followup_cutoff_date or fields.Date.subtract(root._followup_today(), months=3)
            self.env.cr.execute(
                """INSERT INTO followup_assistant (company_id, step, cutoff_date, live_scope, live_domain,
                                                   create_uid, write_uid, create_date, write_date)
                   VALUES (%s, 'cutoff', %s, 'all', '[]', %s, %s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')
                   ON CONFLICT (company_id) DO NOTHING""",
                [root.id, cutoff, self.env.uid, self.env.uid],
            )
            record = self.sudo().search([("company_id", "=", root.id)])
        return record.with_env(self.env)

    @api.model
    def _is_finished(self, company):
        root = company._followup_root()
        return bool(self.sudo().search_count([("company_id", "=", root.id), ("finished", "=", True)], limit=1))

    @api.model
    def _mark_finished(self, companies):
        """Take the assistant of these companies as finished: they were live before it existed, or are set up by code."""
        for company in companies:
            self._for_company(company).sudo().write(
                {"finished": True, "finished_date": fields.Datetime.now(), "step": "live", "done": ORDER}
            )

    @api.model
    def action_open(self):
        """Open the assistant of the user's company."""
        self.check_access("read")
        record = self._for_company(self.env.company)
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_assistant_action")
        return action | {"res_id": record.id}

    def write(self, vals):
        if not self.env.su:
            allowed = (
                EDITABLE if self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_manager") else {"step"}
            )
            if vals.keys() - allowed:
                raise AccessError(
                    self.env._(
                        "Only a follow-up manager can set up the start assistant, with its buttons (%s).",
                        ", ".join(sorted(vals.keys() - allowed)),
                    )
                )
        result = super().write(vals)
        if not self.env.su and {"cutoff_date", "live_scope", "live_domain"} & vals.keys():
            # What was seen belongs to another date or other customers.
            self.sudo().write({"preview_run_id": False, "confirmed": False})
            for record in self.sudo():
                record.done = [code for code in record.done or () if code != "preview"]
        return result

    def _for_manager(self):
        """These assistants with the rights to work on them.

        :raises AccessError: without the rights of a follow-up manager, or for another company
        """
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_manager"):
            raise AccessError(self.env._("Only a follow-up manager can finish the start assistant."))
        return self.sudo()

    # Steps

    def action_next(self):
        """This step is done: go on with the next."""
        self.ensure_one()
        record = self._for_manager()
        getattr(record, f"_leave_{record.step}", lambda: None)()
        record._note_done(record.step)
        following = ORDER[min(ORDER.index(record.step) + 1, len(ORDER) - 1)]
        record.step = following
        getattr(record, f"_enter_{following}", lambda: None)()
        return True

    def action_previous(self):
        self.ensure_one()
        self.step = ORDER[max(ORDER.index(self.step) - 1, 0)]
        return True

    def _note_done(self, code):
        if code not in (self.done or ()):
            self.done = [*(self.done or ()), code]
            names = dict(self._fields["step"]._description_selection(self.env))
            self._message_log(body=self.env._("Step done: %s", names[code]), author_id=self.env.user.partner_id.id)

    def _leave_cutoff(self):
        if not self.cutoff_date:
            raise UserError(self.env._("Choose from which due date on invoices are followed up."))

    def _leave_reminded(self):
        pending = self.env["followup.reminder.import"].search(
            [("company_id", "=", self.company_id.id), ("state", "in", ("draft", "checked")), ("file", "!=", False)]
        )
        pending = pending.filtered(lambda record: record.count_ok)
        if pending:
            raise UserError(
                self.env._(
                    "%s was checked and not imported yet: import it, or delete it.", ", ".join(pending.mapped("name"))
                )
            )

    # The end

    def action_go_live(self):
        """Finish, and let notices leave by themselves: for all customers, or for those chosen."""
        self.ensure_one()
        record = self._for_manager()
        if not record.confirmed:
            raise UserError(self.env._("Look at the dry run first, and say so with the tick."))
        record._finish()
        segment = record.live_domain if record.live_scope == "segment" else False
        record.company_id.write(
            {
                "followup_cutoff_date": record.cutoff_date,
                "followup_live_domain": segment,
                "followup_live": True,
            }
        )
        record._message_log(
            body=self.env._("Live from %s on", format_date(self.env, record.company_id._followup_today())),
            author_id=self.env.user.partner_id.id,
        )
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_finish(self):
        """Finish, and stay in safe mode: the night prepares notices, and each waits for a person."""
        self.ensure_one()
        record = self._for_manager()
        record._finish()
        record.company_id.followup_cutoff_date = record.cutoff_date
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_safe_mode(self):
        """Back to safe mode: from now on every notice waits for a person."""
        self.ensure_one()
        self._for_manager().company_id.followup_live = False
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_reopen(self):
        """Go through the steps again; only in safe mode."""
        self.ensure_one()
        record = self._for_manager()
        if record.live:
            raise UserError(self.env._("Go back to safe mode first."))
        record.write(
            {
                "finished": False,
                "finished_date": False,
                "finished_by": False,
                "done": [],
                "step": "cutoff",
                "confirmed": False,
                "preview_run_id": False,
                "cutoff_date": record.company_id.followup_cutoff_date or record.cutoff_date,
            }
        )
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _finish(self):
        """:raises UserError: with the steps that are not done, and the red points"""
        self.ensure_one()
        if self.finished:
            return
        if self.missing:
            raise UserError(self.env._("These steps are not done yet: %s.", self.missing))
        self._leave_checks()
        self.write(
            {
                "finished": True,
                "finished_date": fields.Datetime.now(),
                "finished_by": self.env.uid,
                "done": ORDER,
                "step": "live",
            }
        )
