from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import agreement_content

PURPOSES = [
    ("level", "Level of the policy"),
    ("arrangement", "Payment arrangement"),
    ("instalment", "Coming instalment"),
    ("missed", "Missed instalment"),
    ("promise", "Promise to pay"),
    ("dispute", "Answer to a dispute"),
    ("suspended", "Service suspended"),
    ("restored", "Service restored"),
    ("call", "Agreed on the phone"),
]
#: Mail template of each purpose that is no level.
TEMPLATES = {
    "arrangement": "l10n_be_followup.mail_template_arrangement",
    "instalment": "l10n_be_followup.mail_template_instalment",
    "missed": "l10n_be_followup.mail_template_missed",
    "promise": "l10n_be_followup.mail_template_promise",
    "dispute": "l10n_be_followup.mail_template_dispute",
    "suspended": "l10n_be_followup.mail_template_suspended",
    "restored": "l10n_be_followup.mail_template_restored",
    "call": "l10n_be_followup.mail_template_call",
}


class FollowupNotice(models.Model):
    """Messages about what was agreed. The same evidence, the same single sending, no step of a ladder."""

    _inherit = "followup.notice"

    title = fields.Char("Message", compute="_compute_title", help="Its level, or what it is about.")
    purpose = fields.Selection(PURPOSES, "About", required=True, readonly=True, default="level", index=True)
    arrangement_id = fields.Many2one("followup.arrangement", readonly=True, ondelete="restrict", index="btree_not_null")
    instalment_id = fields.Many2one("followup.instalment", readonly=True, ondelete="restrict", index="btree_not_null")
    promise_id = fields.Many2one("followup.promise", readonly=True, ondelete="restrict", index="btree_not_null")
    dispute_id = fields.Many2one("followup.dispute", readonly=True, ondelete="restrict", index="btree_not_null")
    suspension_id = fields.Many2one("followup.suspension", readonly=True, ondelete="restrict", index="btree_not_null")
    amount_missed_interest = fields.Float(
        "Interest on Missed Instalments",
        readonly=True,
        digits=(16, 2),
        help="In the currency of the arrangement, until the day of the message.",
    )
    agreement_key = fields.Char(readonly=True, help="What it was rendered on: when it changes, it is rendered again.")
    occupies = fields.Boolean(
        default=True, help="Off when it was cancelled, or when a person solved what kept it from arriving."
    )

    # One message about an instalment, whatever runs at the same time.
    _once_per_instalment = models.UniqueIndex(
        "(instalment_id, purpose) WHERE instalment_id IS NOT NULL AND occupies",
        "There is a message about this instalment already.",
    )

    def _about(self):
        """The promise, dispute or arrangement that a message is about."""
        self.ensure_one()
        return self.arrangement_id or self.dispute_id or self.promise_id or self.suspension_id

    @api.depends("purpose", "level_id", "arrangement_id", "dispute_id", "promise_id")
    def _compute_title(self):
        for notice in self:
            notice.title = notice._title()

    def _title(self):
        """What people call this message: its level, or what it is about."""
        self.ensure_one()
        if self.purpose == "level":
            return self.level_id.name or ""
        purposes = dict(self._fields["purpose"]._description_selection(self.env))
        return f"{purposes[self.purpose]} {self._about().name}"

    def _template(self):
        """The words of this message.

        :rtype: `mail.template`
        :raises UserError: names the level without one
        """
        self.ensure_one()
        if self.purpose != "level":
            return self.env.ref(TEMPLATES[self.purpose])
        if not self.level_id.template_id:
            raise UserError(self.env._("Level %s has no e-mail template. Choose one on the level.", self.level_id.name))
        return self.level_id.template_id

    @api.model
    def _send_for(self, record, purpose, pay_before=None):
        """A person sends a message about what was agreed: it leaves at the next sending hour.

        :param record: arrangement, dispute or promise
        :return: the notice
        """
        record.company_id._followup_check_may_write()
        notice = self.sudo()._prepare_for(record, purpose, pay_before=pay_before, by=self.env.user)
        return notice.with_env(self.env)

    @api.model
    def _prepare_for(self, record, purpose, instalment=None, today=None, run=None, pay_before=None, by=None):
        """Prepare a message about what was agreed, render it, and queue it when nobody needs to see it first.

        :param by: the user who sends it: that is his approval
        :raises UserError: without a usable address
        """
        customer, company = record.customer_id, record.company_id
        today = today or company._followup_today()
        partner = customer.partner_id.with_company(company)
        engine = self.env["followup.engine"].sudo()
        route = partner._followup_route(company)
        review = []
        if by is None:
            if not company._followup_live_partners(partner):
                review.append("outside_segment" if company.followup_live else "safe_mode")
            if not company.followup_plan_automatic and purpose in ("instalment", "missed"):
                review.append("level")
            if partner.followup_vip:
                review.append("vip")
        if purpose == "missed":
            pay_before = record._catch_up_by(today)
        elif instalment:
            pay_before = instalment.date
        amount = instalment.amount_open if instalment else record._message_amount()
        notice = self.create(
            {
                "customer_id": customer.id,
                "company_id": company.id,
                "run_id": run.id if run else False,
                **route._prepare_notice(),
                **engine._wish_values(partner, company, route.recipient),
                "purpose": purpose,
                record._notice_field: record.id,
                "instalment_id": instalment.id if instalment else False,
                "regime": partner.followup_regime,
                "lang": engine._message_lang(partner, company),
                "manual": by is not None,
                "responsible_id": record.user_id._followup_fit(company).id,
                "state": "review" if review else "queued",
                "review_reasons": review,
                "approved_by": by.id if by else False,
                "approved_date": fields.Datetime.now() if by else False,
                "prepared_on": today,
                "email_from": engine._sender(company, record.user_id),
                "pay_before": pay_before,
                "amount_missed_interest": engine._interest_missed(record, today) if purpose == "missed" else 0.0,
                "credits": [],
                "reference": instalment.reference if instalment else False,
                "amount_total": record.currency_id._convert(amount, company.currency_id, company, today),
            }
        )
        reply_to = customer._notify_get_reply_to(default=notice.email_from)
        notice.reply_to = reply_to.get(customer.id) or notice.email_from
        notice.agreement_key = notice._agreement_key()
        notice._render()
        if notice.state == "queued":
            notice._queue()
        return notice

    def _still_right(self, mail):
        """Look again, just before it leaves, whether a message about what was agreed may still go.

        :return: False when it was cancelled or goes back to a person
        """
        self.ensure_one()
        record = self._about()
        company = self.company_id
        today = company._followup_today()
        self.env["followup.engine"]._follow_agreements(company, self.customer_id, today)
        why = self._outdated(record)
        if why:
            self._cancel(why)
            self.customer_id._refresh()
            return False
        values = {"reference": self.instalment_id.reference} if self.instalment_id else {}
        partner = self.partner_id.with_company(company)
        if partner.followup_vip and not self.approved_by:
            self._back_to_review(mail, "vip")  # he became one since
            return False
        route = partner._followup_route(company, channel=self.channel)
        values |= route._prepare_notice() | self.env["followup.engine"]._wish_values(partner, company, route.recipient)
        if self.purpose == "missed":
            values["pay_before"] = record._catch_up_by(today)
            values["amount_missed_interest"] = self.env["followup.engine"]._interest_missed(record, today)
        if self.instalment_id:
            values["amount_total"] = record.currency_id._convert(
                self.instalment_id.amount_open, company.currency_id, company, today
            )
        values |= {"prepared_on": today, "agreement_key": self._agreement_key()}
        said = self.read(list(values), load=None)[0]
        self.with_context(followup_engine=True).write(values)
        if self.read(list(values), load=None)[0] != said:
            self._render()
        return True

    def _agreement_key(self):
        """What the customer reads that may change while the message waits."""
        self.ensure_one()
        record, arrangement = self._about(), self.arrangement_id
        parts = [f"{part.state}:{part.amount_paid:.2f}" for part in arrangement.instalment_ids.sorted("date")]
        return " ".join([record.state, f"{record._message_amount():.2f}", *parts])

    def _outdated(self, record):
        """Why this message must not leave any more; None when it may."""
        if self.purpose in ("instalment", "missed"):
            if record.state != "active":
                return self.env._("%s has ended", record.name)
            if record.trouble:
                return record.trouble
            if self.instalment_id.state == "paid":
                return self.env._("the instalment is paid")
            if self.purpose == "missed" and self.instalment_id.state != "missed":
                return self.env._("the instalment is not missed any more")
            if self.purpose == "instalment" and self.instalment_id.date < self.company_id._followup_today():
                return self.env._("its day is over")
        elif self.purpose == "arrangement":
            if record.state not in ("proposed", "active", "completed"):
                return self.env._("%s has ended", record.name)
        elif self.suspension_id and record.state != self.purpose:
            return self.env._("%s is not so any more", record.name)
        elif self.purpose == "promise" and record.state != "active":
            return self.env._("%s has ended", record.name)
        elif self.purpose == "dispute" and record.state != "rejected":
            return self.env._("%s was opened again", record.name)
        if self.partner_id.with_company(self.company_id).followup_insolvency and self.purpose != "dispute":
            return self.env._("the customer is insolvent")
        if not self.partner_id.active and not self.approved_by:
            return self.env._("the customer is archived")
        return None

    def _agreement_values(self, intro):
        """Everything that the frame of a message about an agreement shows."""
        self.ensure_one()
        return agreement_content.agreement_values(self, intro)
