from datetime import timedelta
from decimal import Decimal

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html

from ..engine import agreement, selection

#: Money dated in time and booked so many days after a break still mends it.
DAYS_TO_BOOK = 60


class FollowupArrangement(models.Model):
    """What became of a running arrangement: which instalments are paid, missed, and what follows."""

    _inherit = "followup.arrangement"

    @api.model
    def _follow(self, company, today, customers, waiting):
        """Bring arrangements in line with the books: instalments, completion, a break, a payment taken back.

        :param customers: `followup.customer` whose rows are locked
        :param waiting: dict (customer id, currency id) -> unallocated money that may be meant for them
        """
        self._lapse(company, today, customers)
        self._mend(today, customers, waiting)
        running = self.search(
            [
                ("customer_id", "in", customers.ids),
                "|",
                ("state", "=", "active"),
                "&",
                ("state", "=", "completed"),
                ("cover_ids.item_id.is_open", "=", True),
            ]
        )
        running = running.filtered(lambda arrangement: arrangement.state == "active" or arrangement._came_back())
        paid = running._paid_since(waiting)
        for arrangement in running:
            arrangement._follow_one(company, today, paid[arrangement], waiting)

    @api.model
    def _mend(self, today, customers, waiting):
        """Broken, and the money turns out to have come on time: it was booked later than the night looked."""
        broken = self.search(
            [
                ("state", "=", "broken"),
                ("closed_on", ">=", today - timedelta(days=DAYS_TO_BOOK)),
                ("customer_id", "in", customers.ids),
                ("cover_ids.item_id.is_open", "=", True),
            ]
        )
        paid = broken._paid_since(waiting)
        for arrangement in broken:
            if not arrangement._paid_in_time(today, paid[arrangement], waiting):
                continue
            try:
                with self.env.cr.savepoint():
                    arrangement._make_way()
                    arrangement._revive(today)
            except UserError:
                continue  # something else was agreed meanwhile
            arrangement._tell(self.env._("In force again: the money had come in time."))

    def _paid_in_time(self, today, paid, waiting):
        """Whether every instalment of which the days to catch up are over was paid by then, going by the bank's dates."""
        self.ensure_one()
        verdict = self._judgement(today, paid, waiting)
        parts = self._parts()
        lasts = [part.missed_notice_pay_before for part in parts]
        if verdict.broken or not any(lasts) or self.cover_ids._troubled():
            return False
        payments = self.cover_ids._payments_since()
        due = Decimal(0)
        for part, last in zip(parts, lasts, strict=True):
            due += part.amount
            if last and last < today and due > sum(amount for day, amount in payments if day <= last):
                return False
        return True

    def _came_back(self):
        """Whether something of a completed arrangement is open again, and in no other one."""
        self.ensure_one()
        covers = self.cover_ids.filtered(lambda cover: cover.item_id.is_open)
        taken = self.env["followup.cover"].search_count(
            [("item_id", "in", covers.item_id.ids), ("live", "=", True), ("kind", "=", "arrangement")]
        )
        return bool(covers) and not taken and any(cover.paid < cover.amount for cover in covers)

    def _paid_since(self, waiting):
        """Money that came in on the covered items, and beyond them for the charges in the arrangement.

        :rtype: dict arrangement -> Decimal in its currency
        """
        result = {}
        given_up = self._given_up()
        self.cover_ids.mapped("paid")  # computed for all of them at once
        for arrangement in self:
            notes = arrangement.cover_ids._of_charges()
            on_items = sum((arrangement.cover_ids - notes).mapped("paid"))
            # Charges that were posted meanwhile are journal items like any other.
            beyond = arrangement.amount_total - arrangement.amount_items - sum(notes.mapped("amount"))
            free = waiting.get((arrangement.customer_id.id, arrangement.currency_id.id), 0.0) if beyond > 0 else 0.0
            # Money for claims that are not posted stays unallocated once the invoices are paid.
            extra = min(beyond, given_up[arrangement] + (free if arrangement._items_paid(on_items) else 0.0))
            result[arrangement] = arrangement.currency_id._followup_decimal(
                on_items + sum(notes.mapped("paid")) + max(extra, 0.0)
            )
        return result

    def _given_up(self, states=("settled", "waived")):
        """Charges in these arrangements that nobody has to pay any more: paid otherwise, or waived.

        :rtype: dict arrangement -> amount
        """
        own = self._own_costs().grouped("arrangement_id")
        result = {}
        self.cover_ids._of_charges()  # read for all of them at once
        for arrangement in self:
            included = arrangement.charge_ids.sudo()
            covered = arrangement.cover_ids._of_charges().item_id.move_id
            result[arrangement] = sum(
                charge.amount_posted - charge.amount_unpaid if charge.amount_posted else charge.amount
                for charge in included | own.get(arrangement, included.browse()).sudo()
                if charge.debit_note_id not in covered
                and (
                    charge.amount_posted
                    or charge.state in states
                    or (charge.state == "cancelled" and charge in included)
                )
            )
        return result

    def _own_costs(self, kinds=("administration", "agreed_interest")):
        """What was claimed because of this arrangement."""
        return self.env["followup.charge"].sudo().search([("arrangement_id", "in", self.ids), ("kind", "in", kinds)])

    def _items_paid(self, on_items):
        return self.currency_id.compare_amounts(on_items, self.amount_items) >= 0

    def _parts(self):
        """:rtype: list of `engine.agreement.Part`"""
        self.ensure_one()
        to_decimal = self.currency_id._followup_decimal
        parts = []
        for instalment in self.instalment_ids.sorted("date"):
            notices = self.notice_ids.filtered(
                lambda notice, instalment=instalment: notice.instalment_id == instalment and notice.occupies
            )
            missed = notices.filtered(lambda notice: notice.purpose == "missed")
            delivered = missed.filtered(lambda notice: notice.state == "delivered")
            until = max(delivered.mapped("pay_before"), default=None)
            if until and self.catch_up_until:
                until = max(until, self.catch_up_until)
            parts.append(
                agreement.Part(
                    day=instalment.date,
                    amount=to_decimal(instalment.amount),
                    missed_notice_pay_before=until,
                    reminded=bool(notices.filtered(lambda notice: notice.purpose == "instalment")),
                    missed_notified=bool(missed),
                )
            )
        return parts

    def _judgement(self, today, paid, waiting):
        """:rtype: `engine.agreement.Verdict`"""
        self.ensure_one()
        to_decimal = self.currency_id._followup_decimal
        return agreement.judge(
            agreement.Agreement(
                parts=tuple(self._parts()),
                paid=paid,
                grace_days=self.grace_days,
                remind_days=self.remind_days,
                waiting_money=to_decimal(waiting.get((self.customer_id.id, self.currency_id.id), 0.0)),
                acceleration=self.acceleration,
            ),
            today,
            self.company_id._followup_is_working_day,
        )

    def _follow_one(self, company, today, paid, waiting):
        self.ensure_one()
        troubled = self.cover_ids._troubled()
        if troubled:
            self._in_trouble(
                troubled,
                self.env._(
                    "%s is no longer a posted invoice of this customer. Amend or cancel the arrangement.",
                    ", ".join(troubled.mapped("name")),
                ),
            )
            return
        private = self.cover_ids.filtered(lambda cover: cover.item_id.regime == "b2c")
        if private and not self.currency_id.is_zero(self.amount_admin + self.amount_interest):
            self._in_trouble(
                private,
                self.env._(
                    "%s is a consumer's, who pays no interest or costs of an arrangement. Amend or cancel the arrangement.",
                    ", ".join(private.mapped("name")),
                ),
            )
            return
        if self.trouble:
            self.trouble = False
            self.activity_unlink(["l10n_be_followup.mail_activity_type_dispute"])
        verdict = self._judgement(today, paid, waiting)
        for instalment, part in zip(self.instalment_ids.sorted("date"), verdict.parts, strict=True):
            fresh = {"amount_paid": float(part.paid), "state": part.state, "grace_until": part.grace_until}
            changed = {name: value for name, value in fresh.items() if instalment[name] != value}
            if changed:
                instalment.write(changed)
            if part.state == "paid":
                # Paid, and taken back later: that is missed anew, and needs a message of its own.
                self.notice_ids.filtered(
                    lambda notice, instalment=instalment: (
                        notice.instalment_id == instalment and notice.purpose == "missed" and notice.occupies
                    )
                ).with_context(followup_engine=True).occupies = False
        following = self.instalment_ids.sorted("date")[verdict.next_index] if verdict.next_index is not None else None
        fresh = {
            "amount_paid": float(min(paid, self.currency_id._followup_decimal(self.amount_total))),
            "amount_shortfall": float(verdict.shortfall),
            "next_date": following.date if following else False,
        }
        changed = {name: value for name, value in fresh.items() if self[name] != value}
        if changed:
            self.write(changed)
        if verdict.completed:
            self._complete()
        elif self.state == "completed":
            self._go("active", closed_on=False)
            self.cover_ids.filtered(lambda cover: cover.item_id.is_open).write({"live": True, "until": today})
            self._tell(self.env._("A payment was taken back: the arrangement is in force again."))
        elif verdict.broken and not self._old_bank_data(company, today):
            self._end("broken", self.env._("a missed instalment was not caught up"))
            self._tell(self.env._("Arrangement broken: follow-up goes on where it was."))
            return
        if self.state == "active":
            self._keep_covers(verdict, today)

    def _keep_covers(self, verdict, today):
        """Until when the covers surely hold, and what of them went back to ordinary follow-up."""
        released = verdict.released
        taken = self.cover_ids._in_another_arrangement()
        for cover in self.cover_ids.sorted(lambda cover: (cover.date_maturity, cover.id)):
            rest = Decimal(str(cover.currency_id.round(cover.amount - cover.paid)))
            part = float(min(released, rest))
            released -= min(released, rest)
            fresh = {"until": max(verdict.held_until or today, today), "released": part, "live": cover not in taken}
            changed = {name: value for name, value in fresh.items() if cover[name] != value}
            if changed:
                cover.write(changed)

    def _complete(self):
        if self.state == "completed":
            return
        self._end("completed")
        self._tell(self.env._("Arrangement completed: everything is paid."))
        claimed = (self.charge_ids.sudo() | self._own_costs()).filtered(lambda charge: charge.state == "claimed")
        charges = sum(claimed.mapped("amount"))
        if self.currency_id.compare_amounts(charges, 0.0) > 0:
            self.activity_schedule(
                "l10n_be_followup.mail_activity_type_dispute",
                summary=self.env._("Charges were paid: book them"),
                note=self.env._(
                    "Of the arrangement, %s is interest and costs. The money stands unallocated on the customer: post the "
                    "charges, then use Allocate money on his follow-up screen.",
                    self.currency_id.format(charges),
                ),
                user_id=self.user_id.id,
            )

    @api.model
    def _old_bank_data(self, company, today):
        """Perhaps he paid, and the bank statement is not in yet."""
        newest = selection.newest_bank_data(self.env, company.id, today)
        days = company.followup_freshness_days
        return bool(days and newest is not None and newest < today - timedelta(days=days))

    def _in_trouble(self, covers, text):
        """An invoice under an arrangement is not what it was: nothing is sent, a person looks."""
        # Told once, whatever the language of who looks.
        if self.trouble and all(name in self.trouble for name in covers.mapped("name")):
            return
        self.trouble = text
        self.cover_ids.filtered("item_id").write({"until": self.company_id._followup_today()})
        self.activity_schedule(
            "l10n_be_followup.mail_activity_type_dispute",
            summary=self.env._("Arrangement to look at"),
            note=plaintext2html(text),
            user_id=self.user_id.id,
        )

    # Messages

    @api.model
    def _prepare_messages(self, company, today, customers, run=None):
        """Prepare the messages about coming and missed instalments, one savepoint each.

        :return: (notices, failures by customer id)
        """
        notices, failures = self.env["followup.notice"], {}
        for arrangement, purpose, instalment in self._messages_due(company, today, customers):
            try:
                with self.env.cr.savepoint():
                    notices |= self.env["followup.notice"]._prepare_for(
                        arrangement, purpose, instalment=instalment, today=today, run=run
                    )
            except psycopg2.errors.UniqueViolation:
                self.env.invalidate_all()  # another process was first: exactly what the index is for
            except psycopg2.OperationalError:
                raise  # the batch begins again
            except Exception as error:  # noqa: BLE001
                self.env.invalidate_all()
                failures[arrangement.customer_id.id] = str(error)
        return notices, failures

    @api.model
    def _messages_due(self, company, today, customers):
        """:return: list of (arrangement, purpose, instalment)"""
        if not company._followup_is_working_day(today) or company._followup_is_stopped():
            return []
        running = self.search([("state", "=", "active"), ("trouble", "=", False), ("customer_id", "in", customers.ids)])
        if not running:
            return []
        waiting = selection.waiting_money(self.env, running.customer_id.ids)
        paid = running._paid_since(waiting)
        result = []
        for arrangement in running:
            due = arrangement._message_due(company, today, paid[arrangement], waiting)
            if due:
                result.append((arrangement, *due))
        return result

    def _message_due(self, company, today, paid, waiting):
        """The message that this arrangement asks for today.

        :return: (purpose, instalment) or None
        """
        self.ensure_one()
        if self.customer_id.failure or self.partner_id.with_company(company).followup_insolvency:
            return None
        if not self.partner_id.active:
            return None  # a person decides what becomes of what he owes
        if company.followup_pause_until and company.followup_pause_until >= today:
            return None
        verdict = self._judgement(today, paid, waiting)
        instalments = self.instalment_ids.sorted("date")
        if verdict.notify_missed is not None:
            if self._old_bank_data(company, today) or self._has_to_catch_up(today):
                return None
            return "missed", instalments[verdict.notify_missed]
        if verdict.remind is not None:
            return "instalment", instalments[verdict.remind]
        return None

    def _has_to_catch_up(self, today):
        """Another missed instalment was written about, and he has time still: one message at a time."""
        return any(
            notice.purpose == "missed"
            and notice.occupies
            and (notice.state != "delivered" or notice.pay_before >= today)
            for notice in self.notice_ids
        )

    def _catch_up_by(self, today):
        """The last day to catch up that a message of `today` names."""
        day = fields.Date.add(today, days=self.catchup_days)
        while not self.company_id._followup_is_working_day(day):
            day += timedelta(days=1)
        return day

    def _missed_pieces(self):
        """Missed instalments as debts of their own, for the interest of a business: invoices only, never costs.

        :return: list of (amount, day it fell due, tuple of (day, payment))
        """
        self.ensure_one()
        payments = sorted((self.cover_ids - self.cover_ids._of_charges())._payments_since())
        # Money goes to the invoices first: what was agreed on top is the end of the last instalments.
        principal = self.currency_id._followup_decimal(self.amount_items)
        pieces = []
        for instalment in self.instalment_ids.sorted("date"):
            need = min(self.currency_id._followup_decimal(instalment.amount), principal)
            principal -= need
            left, own = need, []
            while payments and left > 0:
                day, amount = payments.pop(0)
                part = min(amount, left)
                own.append((day, part))
                left -= part
                if amount > part:
                    payments.insert(0, (day, amount - part))
            pieces.append((need, instalment.date, tuple(own)))
        return pieces
