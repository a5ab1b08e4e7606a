from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, plaintext2html


class FollowupArrangement(models.Model):
    """From draft to the end: approval, acceptance, and what a person may undo."""

    _inherit = "followup.arrangement"

    def action_confirm(self):
        """Propose it to the customer, or put it in force at once; beyond the limits a manager looks first."""
        self._check_user()
        self._lock_customers()
        manager = self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_manager")
        for arrangement in self.filtered(lambda arrangement: arrangement.state == "draft"):
            limits = arrangement._beyond_limits()
            if limits and not manager:
                arrangement._ask_manager(limits)
                continue
            if limits:
                arrangement.sudo().approved_by = self.env.user
                arrangement._tell(
                    self.env._("Approved by %(user)s: %(why)s.", user=self.env.user.name, why="; ".join(limits))
                )
            arrangement._confirm()
        self._follow_now()
        return True

    def action_approve(self):
        """A manager approves an arrangement beyond the limits."""
        self._check_user(manager=True)
        return self.action_confirm()

    def _ask_manager(self, limits):
        self.sudo().approval_reason = "; ".join(limits)
        kind = self.env.ref("l10n_be_followup.mail_activity_type_approve")
        if kind in self.sudo().activity_ids.activity_type_id:
            return  # asked already
        managers = (
            self.env.ref("l10n_be_followup.l10n_be_followup_group_manager")
            .sudo()
            .all_user_ids.filtered(lambda user: user.active and not user.share and self.company_id in user.company_ids)
        )
        self.sudo().activity_schedule(
            "l10n_be_followup.mail_activity_type_approve",
            summary=self.env._("Arrangement beyond the limits"),
            note=plaintext2html(self.approval_reason),
            user_id=(managers.sorted("id", reverse=True)[:1] or self.env.user).id,
        )

    def _confirm(self):
        self.ensure_one()
        self.company_id._followup_check_may_write()
        first = min(self.instalment_ids.mapped("date"))
        if first < self.company_id._followup_today():
            raise UserError(
                self.env._(
                    "The first instalment (%(date)s) lies in the past. Cancel %(name)s and make it again.",
                    date=format_date(self.env, first),
                    name=self.name,
                )
            )
        self._make_way()
        self._planned().unlink()
        if self.acceptance:
            # Who accepts on the last day has not missed the first instalment yet.
            until = min(self._offer_end(), first)
            self._go("proposed", offer_until=until, approval_reason=False)
            self._hold(until)
            self._portal_ensure_token()
            self._tell(self.env._("Arrangement proposed, to accept by %(date)s.", date=format_date(self.env, until)))
        else:
            self._start()
        self.env["followup.notice"]._send_for(self, "arrangement")

    def _planned(self):
        """The activities that follow-up planned itself; what a person planned is his."""
        return self.sudo().activity_ids.filtered("automated")

    def _make_way(self):
        """What it covers is covered by nothing else: a promise gives way, a dispute and an arrangement do not.

        :raises UserError: names the invoice and the cure
        """
        self.ensure_one()
        covers = self.sudo().cover_ids.filtered("item_id.is_open")
        items = covers.item_id
        self.env["followup.arrangement"]._check_other_arrangement(items)
        promises = self.env["followup.promise"]
        before = promises._waiting_for(items)
        before._end("cancelled", self.env._("replaced by an arrangement"))
        before._tell(self.env._("Promise cancelled: %s replaces it.", self.name))
        free = promises._free_by_item(items)
        for cover in covers:
            wanted = cover.currency_id.round(cover.amount - cover.paid)
            held = cover.item_id.amount_residual_currency - free[cover.item_id]
            if held > 0 and cover.currency_id.compare_amounts(wanted, free[cover.item_id]) > 0:
                raise UserError(
                    self.env._(
                        "%(name)s: the customer disputes %(invoice)s meanwhile. Solve that first, or make another "
                        "arrangement for the rest.",
                        name=self.name,
                        invoice=cover.name,
                    )
                )

    def _hold(self, until):
        """Put the covers in force, on what is open now."""
        for cover in self.sudo().cover_ids:
            residual = cover.item_id.amount_residual_currency
            if not cover.live and cover.currency_id.compare_amounts(residual, cover.residual_start):
                raise UserError(
                    self.env._(
                        "%(invoice)s was %(before)s when the arrangement was drawn up and is %(now)s now. Cancel the "
                        "draft and make it again.",
                        invoice=cover.name,
                        before=cover.currency_id.format(cover.residual_start),
                        now=cover.currency_id.format(residual),
                    )
                )
        self.sudo().cover_ids.write({"live": True, "holds": True, "until": until})
        self.sudo().cover_ids.flush_recordset()

    def _start(self, **accepted):
        """In force from today on."""
        self.ensure_one()
        today = self.company_id._followup_today()
        if self.state == "draft":
            self._hold(today)
        self._go("active", started_on=today, approval_reason=False, **accepted)
        self._claim_costs()
        self._tell(self.env._("Arrangement in force."))

    def _claim_costs(self):
        """What was agreed on top, for a business: a claim like any other, no income until somebody posts it."""
        for kind, amount, name in (
            ("administration", self.amount_admin, self.env._("%s: administration", self.name)),
            ("agreed_interest", self.amount_interest, self.env._("%s: interest", self.name)),
        ):
            # An arrangement that is in force again asks again for what it lost when it was broken.
            if amount and not self._own_costs((kind,)).filtered(lambda charge: charge.state != "cancelled"):
                self.env["followup.charge"].sudo().create(
                    {
                        "customer_id": self.customer_id.id,
                        "company_id": self.company_id.id,
                        "arrangement_id": self.id,
                        "name": name,
                        "kind": kind,
                        "currency_id": self.currency_id.id,
                        "amount": amount,
                    }
                )

    def _accept(self, name, address):
        """The customer accepts through his link. Twice is once.

        :param name: as he typed it
        :param address: internet address of the request
        :return: True when it is in force
        :raises UserError: when it is too late, or the name is missing
        """
        self.ensure_one()
        self._lock_customers()
        if self.state in ("active", "completed"):
            return True
        if self.state != "proposed":
            raise UserError(self.env._("This proposal is no longer open. Please contact us."))
        if self.partner_id.with_company(self.company_id).followup_insolvency:
            # He may not arrange anything himself any more.
            raise UserError(self.env._("This proposal is no longer open. Please contact us."))
        if self.offer_until < self.company_id._followup_today():
            raise UserError(
                self.env._(
                    "This proposal was open until %(date)s. Please contact us for a new one.",
                    date=format_date(self.env, self.offer_until),
                )
            )
        name = (name or "").strip()[:200]
        if not name:
            raise UserError(self.env._("Please fill in your name."))
        self._start(accepted_name=name, accepted_date=fields.Datetime.now(), accepted_address=address)
        self._tell(self.env._("Accepted by %(name)s, from %(address)s.", name=name, address=address or "-"))
        self.sudo().message_notify(
            partner_ids=self.user_id.partner_id.ids,
            subject=self.env._("%s was accepted", self.name),
            body=self.env._("%(customer)s accepted the arrangement.", customer=self.partner_id.display_name),
        )
        try:
            with self.env.cr.savepoint():
                self.env["followup.notice"].sudo()._prepare_for(self.sudo(), "arrangement", by=self.user_id)
        except UserError as error:  # no address any more: he accepted all the same
            self._tell(self.env._("The confirmation could not be sent: %s", str(error)))
        self._follow_now()
        return True

    def _decline(self, text):
        """The customer says through his link that it does not suit him: a person calls; nothing lapses by it."""
        self.ensure_one()
        if self.state != "proposed":
            raise UserError(self.env._("This proposal is no longer open. Please contact us."))
        self._tell(self.env._("The customer asks for another arrangement: %s", (text or "").strip()[:2000]))
        self.sudo().activity_schedule(
            "mail.mail_activity_data_call",
            summary=self.env._("Asks for another arrangement"),
            note=plaintext2html((text or "").strip()[:2000]),
            user_id=self.user_id.id,
        )

    def _end(self, state, reason=False):
        """Completed, broken or cancelled: the covers end, messages that wait do not leave any more."""
        for arrangement in self:
            arrangement._go(
                state, closed_on=arrangement.company_id._followup_today(), close_reason=reason, next_date=False
            )
            arrangement.sudo().cover_ids.write({"live": False})
            arrangement.sudo().cover_ids.flush_recordset()
            arrangement.sudo().notice_ids.filtered(lambda notice: notice.state in ("review", "queued"))._cancel(
                self.env._("%s has ended", arrangement.name)
            )
            arrangement._planned().unlink()
            kinds = {"broken": ("agreed_interest",), "cancelled": ("agreed_interest", "administration")}.get(state, ())
            if state == "broken" and arrangement.full_interest:
                kinds += ("missed_interest",)  # the interest of the invoices has the same days
            arrangement._own_costs(kinds).filtered(lambda charge: charge.state == "claimed")._go("cancelled")

    def action_cancel(self):
        """End it without blame: ordinary follow-up goes on where it was."""
        self._check_user()
        self._lock_customers()
        self._end("cancelled", self.env._("cancelled by %s", self.env.user.name))
        self._tell(self.env._("Arrangement cancelled."))
        self._follow_now()

    def _replace(self):
        """Another arrangement takes its place."""
        self._check_user()
        self._lock_customers()
        self._end("cancelled", self.env._("replaced by another arrangement"))
        self._tell(self.env._("Arrangement replaced by another one."))

    def action_reinstate(self, days=None):
        """Give a broken arrangement another chance: the customer has some days to catch up.

        :param days: days to catch up; None: as the company sets; more is for a manager
        :raises UserError: for other days than that, and when something else holds the invoices meanwhile
        """
        self._check_user()
        if days is not None and (days < 1 or days > min(self.company_id.mapped("followup_plan_catchup_days"))):
            self._check_user(manager=True)
            if not 1 <= days <= 365:
                raise UserError(self.env._("Give at least one day to catch up, and at most a year."))
        self._lock_customers()
        for arrangement in self.filtered(lambda arrangement: arrangement.state == "broken"):
            company = arrangement.company_id
            until = company._followup_today() + timedelta(days=days or company.followup_plan_catchup_days)
            arrangement._make_way()
            arrangement._revive(until, catch_up_until=until)
            arrangement._tell(
                self.env._("Arrangement in force again: to catch up by %(date)s.", date=format_date(self.env, until))
            )
        self._follow_now()

    def _revive(self, until, **vals):
        """A broken arrangement is in force again."""
        self.ensure_one()
        covers = self.sudo().cover_ids
        self._go("active", closed_on=False, close_reason=False, **vals)
        (covers - covers._in_another_arrangement()).live = True
        covers.write({"until": until, "released": 0.0})
        covers.flush_recordset()
        self._claim_costs()

    def action_amend(self):
        """Draw up another arrangement for what is left; this one ends when the new one is confirmed."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Amend %s", self.name),
            "res_model": "followup.arrange.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_customer_id": self.customer_id.id, "default_previous_id": self.id},
        }

    def action_send(self):
        """Send the confirmation again, or for the first time when it failed."""
        self.ensure_one()
        self._check_user()
        return self.env["followup.notice"]._send_for(self, "arrangement")._action_open()

    def action_open_notices(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_notice_action")
        return action | {"domain": [("arrangement_id", "=", self.id)], "context": {}}

    @api.model
    def _lapse(self, company, today, customers):
        """Proposals that were not accepted in time: follow-up goes on, a person hears of it."""
        for arrangement in self.search(
            [("state", "=", "proposed"), ("offer_until", "<", today), ("customer_id", "in", customers.ids)]
        ):
            arrangement._end("cancelled", self.env._("not accepted in time"))
            arrangement._tell(self.env._("The proposal was not accepted in time."))
            arrangement.activity_schedule(
                "mail.mail_activity_data_call",
                summary=self.env._("The proposal was not accepted in time"),
                user_id=arrangement.user_id.id,
            )

    def _pdf(self, lang=None):
        """The arrangement as PDF in the customer's language.

        :return: (file name, bytes)
        """
        self.ensure_one()
        lang = lang or self.env["followup.engine"]._message_lang(
            self.partner_id.with_company(self.company_id), self.company_id
        )
        report = self.env["ir.actions.report"].sudo().with_context(lang=lang, followup_lang=lang)
        content, _kind = report._render_qweb_pdf("l10n_be_followup.action_report_followup_arrangement", self.ids)
        return f"{self.name}.pdf", content
