from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..engine.application import item_name
from ..engine.handover import LIVE

#: The task of a person: decide on a proposal.
TASK = "l10n_be_followup.mail_activity_type_handover"


class FollowupHandover(models.Model):
    """What people do with a hand-over, and how it follows the books."""

    _inherit = "followup.handover"

    @api.model
    def _propose(self, customer, items, user=None, lang=None, by_level=False, note=False):
        """Propose to hand over these items: a person is asked, nothing is held.

        :raises UserError: when there is nothing open, or an item is in another hand-over
        """
        self.browse()._check_user()
        customer.check_access("read")
        customer.sudo().lock_for_update(allow_referencing=True)
        items = items.sudo()
        self._check_items(customer, items)
        company = customer.company_id
        today = company._followup_today()
        advice = self.env["followup.engine"].sudo()._advise(company, customer.sudo(), items, today)
        handover = self.sudo().create(
            {
                "customer_id": customer.id,
                "currency_id": company.currency_id.id,
                "proposed_on": today,
                "by_level": by_level,
                "note": note,
                "lang": lang or self._default_lang(company),
                "user_id": (user or self._owner(customer)).id,
                "line_ids": [fields.Command.create(vals) for vals in self._line_values(company, items, today)],
                **self._advice_values(advice),
            }
        )
        handover._note_amounts()
        handover._plan_decision()
        handover._tell(
            self.env._(
                "Hand-over proposed: %(amount)s. Items: %(count)s.",
                amount=company.currency_id.format(handover.amount),
                count=len(items),
            )
        )
        return handover.sudo(False)

    @api.model
    def _default_lang(self, company, recipient=None):
        """The language of who gets it, else the company's; both only when they are installed."""
        installed = dict(self.env["res.lang"].get_installed())
        wanted = (recipient.lang if recipient else None, company.partner_id.lang, self.env.lang)
        return next((code for code in wanted if code in installed), "en_US")

    @api.model
    def _owner(self, customer):
        user = self.env.user
        return customer.sudo()._default_responsible() if user.share or self.env.su else user

    @api.model
    def _advice_values(self, advice):
        return {
            "conditions": [{"code": row.code, "ok": row.ok, "detail": row.detail} for row in advice.conditions],
            "eligible": advice.eligible,
            "unopposed": advice.unopposed,
        }

    @api.model
    def _check_items(self, customer, items, but=None):
        """:raises UserError: names the invoice and the cure"""
        if not items:
            raise UserError(self.env._("Choose the invoices to hand over: nothing is selected."))
        if items.customer_id != customer.sudo():
            raise UserError(self.env._("A hand-over is about the invoices of one customer."))
        for item in items:
            if not item.is_open or item.currency_id.compare_amounts(item.amount_residual_currency, 0.0) <= 0:
                raise UserError(
                    self.env._("%s is not open any more. Take it off the list.", item.move_id.name or item.display_name)
                )
        taken = self.env["followup.handover.line"].sudo().search([("item_id", "in", items.ids), ("live", "=", True)])
        taken = taken.filtered(lambda line: line.handover_id != (but or self.browse()))
        if taken:
            raise UserError(
                self.env._(
                    "%(invoice)s is in hand-over %(handover)s already. Recall or decline that first.",
                    invoice=taken[0].name,
                    handover=taken[0].handover_id.name,
                )
            )

    @api.model
    def _line_values(self, company, items, day):
        """Each item as it stands, with what the law allows on it on that day."""
        known = self.env["followup.engine"].sudo()._claims_as_of(company, items, day)
        costs = self.env["followup.engine"].sudo()._claimed_reminder_costs(items)
        return [
            {
                "item_id": item.id,
                "move_id": item.move_id.id,
                "name": item_name(item.move_line_id),
                "date_maturity": item.date_maturity,
                "episode": item.episode,
                "currency_id": item.currency_id.id,
                "amount": item.amount_residual_currency,
                "interest": float(known[item.id].interest),
                "costs": float(known[item.id].compensation) + costs.get(item.id, 0.0),
            }
            for item in items.sorted(lambda item: (item.date_maturity, item.id))
        ]

    def _note_amounts(self):
        """The sums of the lines, in company currency at the rate of the books or of the day."""
        for handover in self.sudo():
            company, currency = handover.company_id, handover.currency_id
            day = handover.date or handover.proposed_on
            interest = costs = 0.0
            for line in handover.line_ids:
                interest += line.currency_id._convert(line.interest, currency, company, day)
                costs += line.currency_id._convert(line.costs, currency, company, day)
            handover.write(
                {
                    "amount": sum(handover.line_ids.mapped("amount_open_company")),
                    "amount_interest": interest,
                    "amount_costs": costs,
                }
            )

    # Hand over

    @api.model
    def _hand_over(
        self, customer, items, recipient, kind, date=None, reference=False, lang=None, reason=False, **values
    ):
        """Hand over at once: a proposal that is carried out.

        :raises UserError: when it must not be
        """
        proposal = self._proposal_of(items) or self._propose(customer, items, lang=lang)
        proposal._carry_out(items, recipient, kind, date, reference, lang, reason, **values)
        return proposal

    @api.model
    def _proposal_of(self, items):
        """A proposal that holds all of these items; others in it are left out when it is carried out."""
        lines = (
            self.env["followup.handover.line"]
            .sudo()
            .search([("item_id", "in", items.ids), ("live", "=", True), ("handover_id.state", "=", "proposed")])
        )
        proposals = lines.handover_id
        return proposals.with_env(self.env) if len(proposals) == 1 else self.browse()

    def _carry_out(
        self, items, recipient, kind, date=None, reference=False, lang=None, reason=False, user=None, note=None
    ):
        """Hand over a proposal: freeze it, and everything of ours about its items stops.

        :param reason: why, when the advice is against it: then a manager's decision
        :raises UserError: names what keeps it and the cure
        """
        self.ensure_one()
        self._check_user()
        self._lock_customers()
        customer, items = self.customer_id.sudo(), items.sudo()
        company = customer.company_id
        today = company._followup_today()
        date = date or today
        if date > today:
            raise UserError(self.env._("A claim is handed over today or earlier, not on a day to come."))
        if recipient.commercial_partner_id in customer.partner_id | company.partner_id:
            raise UserError(self.env._("Choose the lawyer, bailiff or agency: this is the customer, or yourself."))
        self._check_items(customer, items, but=self.sudo())
        advice = self.env["followup.engine"].sudo()._advise(company, customer, items, today)
        if advice.stopped:
            raise UserError(
                self.env._(
                    "This cannot be handed over:\n%s",
                    self.env["followup.engine"]._explain_advice(
                        [{"code": code, "ok": False, "detail": ""} for code in advice.stopped]
                    ),
                )
            )
        if not advice.eligible:
            if not (reason or "").strip():
                raise UserError(self.env._("Not everything speaks for it. Say why you hand it over all the same."))
            self._check_user(manager=True)
        handover = self.sudo()
        handover.line_ids.unlink()
        handover._go(
            "handed_over",
            date=date,
            recipient_id=recipient.id,
            recipient_kind=kind,
            reference=reference or handover.reference,
            lang=lang or handover.lang,
            overrule_reason=False if advice.eligible else reason.strip(),
            user_id=user.id if user else handover.user_id.id,
            note=handover.note if note is None else note,
            line_ids=[fields.Command.create(vals) for vals in self._line_values(company, items, date)],
            **self._advice_values(advice),
        )
        handover._note_amounts()
        handover._planned().unlink()
        handover._stop_everything(items)
        handover._tell(
            self.env._(
                "Handed over to %(recipient)s on %(date)s: %(amount)s.%(reason)s",
                recipient=recipient.display_name,
                date=format_date(self.env, date),
                amount=company.currency_id.format(handover.amount_claim),
                reason=self.env._(" All the same, because: %s", reason.strip()) if handover.overrule_reason else "",
            )
        )
        customer._refresh()

    def _stop_everything(self, items):
        """Messages and calls that wait, promises, and, when the company wants so, running suspensions."""
        self.ensure_one()
        reason = self.env._("handed over (%s)", self.name)
        waiting = self.env["followup.notice"].search(
            [
                ("customer_id", "=", self.customer_id.id),
                ("state", "in", ("review", "queued", "printed")),
                ("line_ids.item_id", "in", items.ids),
            ]
        )
        waiting._cancel(reason)
        promises = self.env["followup.promise"]._waiting_for(items)
        promises._end("cancelled", reason)
        if self.company_id.followup_handover_restore:
            suspended = self.env["followup.suspension"].search(
                [("customer_id", "=", self.customer_id.id), ("state", "=", "suspended"), ("item_ids", "in", items.ids)]
            )
            for episode in suspended:
                episode._restore(reason, fee=False)

    # Results

    def _record_fees(self, amount):
        """What they charged us, in all."""
        self._check_user()
        for handover in self:
            handover.sudo().amount_fees = amount
            handover._tell(self.env._("Their costs: %s.", handover.currency_id.format(amount)))

    def _close(self, code, reason=False):
        """They are done. What is still open stays out of our follow-up: write it off, or recall it."""
        self._check_user()
        self._lock_customers()
        names = dict(self._fields["close_code"]._description_selection(self.env))
        for handover in self:
            handover._go(
                "closed", closed_on=handover.company_id._followup_today(), close_code=code, close_reason=reason
            )
            handover._tell(
                self.env._(
                    "Closed: %(outcome)s. Still open: %(amount)s.%(reason)s",
                    outcome=names[code].lower(),
                    amount=handover.currency_id.format(handover.amount_open),
                    reason=f" {reason}" if reason else "",
                )
            )
        self.customer_id._refresh()

    def _recall(self, reason):
        """Take it back: its items go on where they were, as if they had been on hold."""
        self._check_user()
        self._lock_customers()
        for handover in self:
            handover._go("recalled", closed_on=handover.company_id._followup_today(), close_reason=reason)
            handover.sudo().line_ids.live = False
            handover._tell(self.env._("Recalled: %s. Follow-up goes on where it was.", reason))
        self.customer_id._refresh()

    def _decline(self, reason):
        """Not this time: the policy does not propose these items again until they begin anew."""
        self._check_user()
        self._lock_customers()
        for handover in self:
            handover._go("cancelled", closed_on=handover.company_id._followup_today(), close_reason=reason)
            handover.sudo().line_ids.live = False
            handover._planned().unlink()
            handover._tell(self.env._("Hand-over declined: %s.", reason))
        self.customer_id._refresh()

    def _follow(self, company, today, customers):
        """Paid in full, by whatever way; and not any more when that payment is taken back."""
        handovers = self.search([("customer_id", "in", customers.ids), ("state", "in", LIVE)])
        handovers.line_ids.invalidate_recordset(["amount_open", "amount_open_company"])
        handovers.invalidate_recordset(["amount_open", "amount_paid"])
        for handover in handovers:
            is_open = any(line.item_id.is_open for line in handover.line_ids)
            if handover.state == "proposed" and not is_open:
                handover._go("cancelled", closed_on=today, close_reason=self.env._("everything is paid"))
                handover.line_ids.live = False
                handover._planned().unlink()
            elif handover.state == "handed_over" and not is_open:
                handover._go("paid", closed_on=today, close_reason=False)
                handover._tell(self.env._("Paid in full."))
            elif handover.state == "paid" and is_open:
                handover._go("handed_over", closed_on=False, close_reason=False)
                handover._tell(self.env._("A payment was taken back: it is with them again."))

    # Tasks

    def _plan_decision(self):
        """One task for the responsible person: decide on the proposal."""
        for handover in self.sudo():
            handover._planned().unlink()
            handover.with_context(mail_activity_quick_update=True).activity_schedule(
                TASK,
                summary=self.env._("Hand over %s?", handover.partner_id.display_name),
                date_deadline=fields.Date.add(handover.proposed_on, days=7),
                user_id=handover.user_id.id,
            )

    def _planned(self):
        kind = self.env.ref(TASK)
        return self.sudo().activity_ids.filtered(lambda activity: activity.activity_type_id == kind)

    def write(self, vals):
        """Another responsible person gets the planned work with it."""
        result = super().write(vals)
        if "user_id" in vals:
            self._planned().write({"user_id": vals["user_id"]})
        return result

    # Buttons

    def action_hand_over(self):
        """Choose to whom, and read the advice, first."""
        self.ensure_one()
        return self.customer_id._action_handover(self)

    def action_reopen(self):
        """Closed too early: it is with them again."""
        self._check_user()
        self._lock_customers()
        for handover in self.filtered(lambda handover: handover.state == "closed"):
            handover._go("handed_over", closed_on=False, close_code=False, close_reason=False)
            handover._tell(self.env._("Opened again."))
        self.customer_id._refresh()

    def _action_end(self, step, name):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "followup.handover.end.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_handover_id": self.id, "default_step": step},
        }

    def action_recall(self):
        return self._action_end("recall", self.env._("Recall"))

    def action_decline(self):
        return self._action_end("decline", self.env._("Decline the hand-over"))

    def action_close(self):
        return self._action_end("close", self.env._("Close"))

    def action_fees(self):
        return self._action_end("fees", self.env._("Their costs"))

    def action_open_items(self):
        """The journal items, in Odoo's own list."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Items of %s", self.name),
            "res_model": "account.move.line",
            "view_mode": "list,form",
            "domain": [("id", "in", self.line_ids.item_id.move_line_id.ids)],
        }
