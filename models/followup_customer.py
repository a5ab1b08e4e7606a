import psycopg2
from odoo import api, fields, models
from odoo.exceptions import AccessError, LockError, UserError
from odoo.tools import format_date, plaintext2html

from .followup_policy import REGIMES

#: How long a person waits for somebody else, or the night, on the same customer.
LOCK_TIMEOUT = "10s"
STATES = [
    ("clear", "Nothing overdue"),
    ("waiting", "Waiting"),
    ("held", "On hold"),
    ("action", "Action due"),
    ("review", "Notice to review"),
    ("queued", "Notice on its way"),
    ("failed", "Needs help"),
]
#: Codes of `res.partner._followup_issue`.
DATA_ISSUES = [
    ("invalid_number", "Number is not valid"),
    ("company_without_number", "Company without a number"),
    ("consumer_with_number", "Consumer with a company number"),
]
#: Data of the customer that can be put right in the list of customers to check.
_PARTNER_DATA = {
    "partner_is_company", "partner_vat", "partner_company_registry", "partner_authority", "partner_regime_manual",
}  # fmt: skip


class FollowupCustomer(models.Model):
    """One customer in one company: what he owes, what happens next, when, and why not now.

    Figures are written by the engine only: at night, and again for customers touched by a payment, a hold or
    a message. Opening the screen decides the customer afresh.
    """

    _name = "followup.customer"
    _description = "Customer Follow-up"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _rec_name = "partner_id"
    _order = "amount_overdue desc, id"

    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, readonly=True, ondelete="cascade", index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    active = fields.Boolean(related="partner_id.active")
    email = fields.Char(related="partner_id.email")
    phone = fields.Char(related="partner_id.phone")
    lang = fields.Selection(related="partner_id.lang", string="Language", store=False)

    partner_is_company = fields.Boolean(related="partner_id.is_company", readonly=False)
    partner_vat = fields.Char(related="partner_id.vat", readonly=False)
    partner_company_registry = fields.Char(related="partner_id.company_registry", readonly=False)
    partner_authority = fields.Boolean(related="partner_id.followup_authority", readonly=False)
    partner_regime_manual = fields.Selection(related="partner_id.followup_regime_manual", readonly=False)

    state = fields.Selection(STATES, readonly=True, required=True, default="clear")
    regime = fields.Selection(REGIMES, readonly=True)
    data_issue = fields.Selection(
        DATA_ISSUES,
        "Data to Check",
        readonly=True,
        help="What is missing or contradictory in the data that decide under which rules the customer falls.",
    )
    data_issue_text = fields.Char(related="partner_id.followup_data_issue")
    insolvency_text = fields.Char(compute="_compute_insolvency_text")
    policy_id = fields.Many2one("followup.policy", readonly=True, ondelete="set null")
    responsible_id = fields.Many2one("res.users", readonly=True, ondelete="set null")
    amount_overdue = fields.Monetary(
        "Overdue", readonly=True, help="Open items past their due date, in company currency."
    )
    amount_due = fields.Monetary("Not due yet", readonly=True)
    amount_1_30 = fields.Monetary("1-30 days", readonly=True)
    amount_31_60 = fields.Monetary("31-60 days", readonly=True)
    amount_61_90 = fields.Monetary("61-90 days", readonly=True)
    amount_over_90 = fields.Monetary("Over 90 days", readonly=True)
    amount_credit = fields.Monetary("Unallocated credits", readonly=True)
    amount_held = fields.Monetary(
        "On Hold",
        readonly=True,
        help="Part of what is overdue that nobody is asked for now: holds, promises, disputes and arrangements.",
    )
    oldest_date = fields.Date("Oldest due date", readonly=True)
    level_id = fields.Many2one("followup.level", "Level Reached", readonly=True, ondelete="set null")
    next_level_id = fields.Many2one("followup.level", readonly=True, ondelete="set null")
    next_date = fields.Date("Next Step On", readonly=True)
    last_message_date = fields.Date("Last Message", readonly=True)
    decided_on = fields.Date("Figures of", readonly=True)
    # What a night need not look at again: on what it was decided, and until which day that holds (`engine.idle`).
    decided_key = fields.Char(readonly=True, copy=False, groups="base.group_system")
    decide_on = fields.Date("Decided Again On", readonly=True, copy=False, groups="base.group_system")
    reasons = fields.Json(readonly=True)
    why = fields.Char("Why Not Now", compute="_compute_why")
    next_step = fields.Char("What Happens Next", compute="_compute_next_step")
    next_is_call = fields.Boolean(compute="_compute_next_is_call")
    failure = fields.Text(readonly=True, help="What went wrong for this customer, and what to do about it.")
    failure_heals = fields.Boolean(
        readonly=True, help="It went wrong in a run and nothing left: a run in which it goes well is the end of it."
    )

    item_ids = fields.One2many("followup.item", "customer_id", "Open Items", domain=[("is_open", "=", True)])
    notice_ids = fields.One2many("followup.notice", "customer_id", "Notices")
    hold_ids = fields.One2many("followup.hold", "customer_id", "Holds")
    notice_count = fields.Integer(compute="_compute_notice_count")
    review_notice_id = fields.Many2one("followup.notice", compute="_compute_notice_count")
    charge_count = fields.Integer(compute="_compute_charges")
    amount_charged = fields.Monetary(
        "Charges Claimed", compute="_compute_charges", help="Interest and costs claimed by notices and not posted yet."
    )
    amount_charged_outstanding = fields.Monetary(
        "Charges Outstanding", compute="_compute_charges", help="Of these, on invoices that are paid meanwhile."
    )
    claim_interest = fields.Monetary("Interest Today", compute="_compute_claim")
    claim_compensation = fields.Monetary("Compensation Today", compute="_compute_claim")
    claim_total = fields.Monetary(
        "Interest and Costs Today",
        compute="_compute_claim",
        help="What the law and the clause allow as of today, claimed already or not; the levels of the policy decide "
        "what a notice claims.",
    )
    amount_with_claim = fields.Monetary("Overdue with Interest and Costs", compute="_compute_claim")
    bank_data_warning = fields.Char(compute="_compute_bank_data_warning")

    _company_partner_unique = models.UniqueIndex(
        "(company_id, partner_id)", "A customer is followed up once per company."
    )
    _state_idx = models.Index("(company_id, state)")

    @api.depends("reasons")
    def _compute_why(self):
        for customer in self:
            customer.why = self.env["followup.engine"]._explain(customer.reasons)

    @api.depends("state", "next_level_id", "next_date", "why")
    def _compute_next_step(self):
        for customer in self:
            customer.next_step = customer._describe_next_step()

    @api.depends("next_level_id")
    def _compute_next_is_call(self):
        for customer in self:
            level = customer.next_level_id
            customer.next_is_call = level.channel_call and not level._is_written()

    @api.depends("partner_id", "company_id")
    def _compute_insolvency_text(self):
        for customer in self:
            partner = customer.partner_id.with_company(customer.company_id)
            text = self.env["followup.engine"]._explain_insolvency(partner.followup_insolvency)
            since = partner.followup_insolvency_date
            if text and since:
                text = self.env._("%(text)s (since %(date)s)", date=format_date(self.env, since), text=text)
            customer.insolvency_text = text or False

    def _compute_charges(self):
        charges = self.env["followup.charge"].search_fetch(
            [("customer_id", "in", self.ids), ("state", "!=", "cancelled")],
            ["customer_id", "currency_id", "amount", "state", "principal_paid_on"],
        )
        by_customer = charges.grouped("customer_id")
        for customer in self:
            own = by_customer.get(customer._origin, charges.browse())
            customer.charge_count = len(own)
            # What is posted stands among the open items.
            customer.amount_charged = customer._in_company_currency(own.filtered(lambda c: c.state == "claimed"))
            customer.amount_charged_outstanding = customer._in_company_currency(own.filtered("outstanding"))

    def _in_company_currency(self, charges):
        self.ensure_one()
        today = self.company_id._followup_today()
        return sum(
            charge.currency_id._convert(charge.amount, self.currency_id, self.company_id, today) for charge in charges
        )

    @api.depends("item_ids.claim_interest", "item_ids.claim_compensation", "amount_overdue", "amount_credit")
    def _compute_claim(self):
        """In company currency, at today's rate where an item has another one."""
        for customer in self:
            company, currency = customer.company_id, customer.currency_id
            today = company._followup_today()
            interest = compensation = 0.0
            for item in customer.item_ids:
                interest += item.currency_id._convert(item.claim_interest, currency, company, today)
                compensation += item.currency_id._convert(item.claim_compensation, currency, company, today)
            customer.claim_interest = interest
            customer.claim_compensation = compensation
            customer.claim_total = interest + compensation
            customer.amount_with_claim = customer.amount_overdue + interest + compensation

    def _compute_notice_count(self):
        counts = dict(
            self.env["followup.notice"]._read_group([("customer_id", "in", self.ids)], ["customer_id"], ["__count"])
        )
        waiting = self.env["followup.notice"].search([("customer_id", "in", self.ids), ("state", "=", "review")])
        by_customer = waiting.grouped("customer_id")
        for customer in self:
            customer.notice_count = counts.get(customer, 0)
            customer.review_notice_id = by_customer.get(customer, waiting.browse()).sorted("standby")[:1]

    @api.depends("company_id", "decided_on")
    def _compute_bank_data_warning(self):
        engine = self.env["followup.engine"]
        for company, customers in self.grouped("company_id").items():
            customers.bank_data_warning = engine._bank_data_warning(company)

    def _describe_next_step(self):
        self.ensure_one()
        if self.state == "failed":
            return self.failure or self.env._("A message could not be sent. Look at the notice and try again.")
        if self.state == "review":
            return self.env._("A notice is waiting for your approval.")
        if self.state == "queued":
            return self.env._("A notice is on its way.")
        if self.state == "held" or not self.next_level_id:
            why = self.why or self.env._("Nothing to do.")
            return why[:1].upper() + why[1:]
        if self.next_date and self.next_date > self.company_id._followup_today():
            return self.env._(
                "%(level)s on %(date)s", level=self.next_level_id.name, date=format_date(self.env, self.next_date)
            )
        return self.env._("%(level)s is due now", level=self.next_level_id.name)

    @api.model
    def _for_partner(self, partner, company):
        """The follow-up record of a customer in the root company of `company`; made when it is missing."""
        root = company._followup_root()
        # Not the archived customer's row out of sight: there is one row, whatever became of him.
        rows = self.with_context(active_test=False)
        domain = [("company_id", "=", root.id), ("partner_id", "=", partner.commercial_partner_id.id)]
        customer = rows.search(domain)
        if not customer:
            self.env.cr.execute(
                """INSERT INTO followup_customer (company_id, partner_id, state, create_uid, write_uid,
                                                  create_date, write_date)
                   VALUES (%s, %s, 'clear', %s, %s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')
                   ON CONFLICT (company_id, partner_id) DO NOTHING""",
                [root.id, partner.commercial_partner_id.id, self.env.uid, self.env.uid],
            )
            customer = rows.search(domain)
        return customer.with_env(self.env)

    def _refresh(self, today=None):
        """Decide these customers again from the books as they are now; write the figures, send nothing."""
        engine = self.env["followup.engine"].sudo()
        for company, customers in self.grouped("company_id").items():
            engine._refresh(company, customers.partner_id.ids, today or company._followup_today())

    def web_read(self, specification):
        """EXTENDS web: opening one customer decides him afresh, so that nobody reads yesterday's figures."""
        if len(self) == 1 and self.env.context.get("followup_refresh") and self.exists():
            self._refresh()
        return super().web_read(specification)

    # The web client reads on a read-only connection where it can; this one may write.
    web_read._readonly = False

    def action_prepare_notice(self):
        """Prepare the next notice of this customer for review, now, and open it.

        A person may be ahead of the calendar, never ahead of the ladder or of the law.
        """
        self.ensure_one()
        notice = self.env["followup.engine"]._prepare_manual(self)
        return notice._action_open()

    def action_open_notices(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_notice_action")
        return action | {"domain": [("customer_id", "=", self.id)], "context": {"search_default_customer_id": self.id}}

    def action_open_charges(self):
        """Interest and costs that notices claimed from this customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_charge_action")
        return action | {"domain": [("customer_id", "=", self.id)], "context": {}}

    def action_open_review(self):
        self.ensure_one()
        return self.review_notice_id._action_open()

    def action_open_partner(self):
        self.ensure_one()
        return self.partner_id.get_formview_action()

    def action_open_items(self):
        """The open journal items behind the figures, in Odoo's own list."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Open items of %s", self.partner_id.display_name),
            "res_model": "account.move.line",
            "view_mode": "list,form",
            "domain": [("id", "in", self.item_ids.move_line_id.ids)],
        }

    def action_hold(self):
        self.ensure_one()
        return self._action_hold()

    def _action_hold(self, move=None):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Hold"),
            "res_model": "followup.hold.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_customer_id": self.id, "default_move_id": move.id if move else False},
        }

    def action_log_call(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Log a call"),
            "res_model": "followup.call.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_customer_id": self.id},
        }

    def _after_message(self, notice):
        """A message left: remember the day, for the minimum gap and for the eyes."""
        self.ensure_one()
        state = "waiting" if self.state == "queued" else self.state
        self.sudo().write({"last_message_date": notice._local_date(notice.sent_date), "state": state})

    def _forget_message(self):
        """The last message came back: the minimum gap counts from the one before it."""
        for customer in self:
            last = self.env["followup.notice"].search(
                [
                    ("customer_id", "=", customer.id),
                    ("state", "in", ("sent", "delivered")),
                    ("purpose", "in", ("level", "missed")),
                    ("channel", "!=", "call"),
                    ("standby", "=", False),
                ],
                order="sent_date desc, id desc",
                limit=1,
            )
            day = last._local_date(last.sent_date) if last.sent_date else False
            customer.sudo().last_message_date = day

    def _note(self, text):
        """A line in the timeline, in plain words, that asks nothing of anybody."""
        for customer in self:
            customer.sudo().message_post(body=text, subtype_xmlid="mail.mt_note")

    def _report_failure(self, text, heals=False):
        """Keep what went wrong on the customer, with one activity for his responsible person.

        :param heals: whether the next run, when it goes well, is the end of it; never of a message that was lost
        """
        self.ensure_one()
        customer = self.sudo()
        heals = heals and (not customer.failure or customer.failure_heals)
        customer.write({"failure": text, "failure_heals": heals, "state": "failed"})
        kind = self.env.ref("l10n_be_followup.mail_activity_type_problem")
        if not customer.activity_ids.filtered(lambda activity: activity.activity_type_id == kind):
            customer.with_context(mail_activity_quick_update=True).activity_schedule(
                "l10n_be_followup.mail_activity_type_problem",
                note=plaintext2html(text),
                user_id=(customer.responsible_id or customer._default_responsible()).id,
            )

    def _heal(self):
        """A run went well for these: what went wrong in the one before is mended."""
        healed = self.filtered(lambda customer: customer.failure and customer.failure_heals)
        if healed:
            healed.sudo().write({"failure": False, "failure_heals": False})
            healed.sudo().activity_unlink(["l10n_be_followup.mail_activity_type_problem"])

    def _default_responsible(self):
        """Who gets the work of a customer without a responsible person: the sales person, else a manager."""
        self.ensure_one()
        user = self.partner_id.user_id.filtered(lambda user: user.active and not user.share)
        if user:
            return user
        managers = self.env.ref("l10n_be_followup.l10n_be_followup_group_manager").all_user_ids.filtered(
            lambda user: user.active and not user.share and self.company_id in user.company_ids
        )
        return managers.sorted("id", reverse=True)[:1] or self.env.user

    def action_clear_failure(self):
        """The cause is solved: let follow-up try again."""
        self.check_access("write")
        for customer in self:
            failed = customer.notice_ids.line_ids.filtered("failure")
            failed.sudo()._forgive()
            # A message about an instalment that failed or came back may be prepared again.
            customer.sudo().notice_ids.filtered(
                lambda notice: notice.instalment_id and notice.occupies and notice.state in ("failed", "bounced")
            ).with_context(followup_engine=True).occupies = False
        self.partner_id._followup_forgive_bounce()
        self.sudo().failure = False
        self.activity_unlink(["l10n_be_followup.mail_activity_type_problem"])
        self._refresh()

    @api.private
    def lock_for_update(self, *, allow_referencing=False):
        # OVERRIDE base
        """Two people, or a person and the night, on the same customer: the second waits, then begins again.

        The row is written, so that whoever waited for it does not go on with what he had read before.

        :raises LockError: when it takes too long
        """
        if not self.ids:
            return
        lock = "SELECT id FROM followup_customer WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute("SELECT set_config('lock_timeout', %s, TRUE)", [LOCK_TIMEOUT])
                self.env.cr.execute(lock, [self.ids], log_exceptions=False)
                self.env.cr.execute(
                    "UPDATE followup_customer SET write_date = write_date WHERE id = ANY(%s)", [self.ids]
                )
                self.env.cr.execute("SET LOCAL lock_timeout TO DEFAULT")
        except psycopg2.errors.LockNotAvailable as error:
            raise LockError(
                self.env._(
                    "Somebody else, or the night, is busy with %s at this moment. Try again in a minute.",
                    ", ".join(self.mapped("partner_id.display_name")),
                )
            ) from error

    def write(self, vals):
        """Figures are the engine's: a user posts messages, plans activities and corrects the customer's own data.

        Corrected data decide the customer again at once.
        """
        if not self.env.su:
            written = [name for name in vals if self._fields[name].readonly and self._fields[name].store]
            if written:
                raise AccessError(
                    self.env._("The figures of follow-up are computed and cannot be written: %s", ", ".join(written))
                )
        result = super().write(vals)
        if _PARTNER_DATA & vals.keys():
            self._refresh()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_evidence(self):
        if self.notice_ids.filtered("sent_date"):
            raise UserError(self.env._("A customer to whom notices were sent cannot be deleted: they are evidence."))
