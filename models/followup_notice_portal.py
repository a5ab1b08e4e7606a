import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, plaintext2html

from ..engine import application
from .followup_notice import FROZEN
from .followup_notice_answer import KINDS

#: How long follow-up waits for a person to find a solution, and how often a customer may ask for it.
DAYS_HELD = 7
DAYS_BETWEEN = 30
#: What a customer may write at most.
LONGEST_TEXT = 2000


class FollowupNotice(models.Model):
    """The customer's own page of a reminder: he answers, and the machine stops for exactly what he answered about."""

    _inherit = "followup.notice"

    # For the customer alone: whoever has it answers in his name.
    access_token = fields.Char(readonly=True, copy=False, groups="base.group_system")
    offer_until_text = fields.Char(compute="_compute_offer_until_text")
    answer_ids = fields.One2many("followup.notice.answer", "notice_id", "Answers of the Customer", readonly=True)

    @api.depends("arrangement_id.offer_until", "lang")
    def _compute_offer_until_text(self):
        for notice in self:
            notice.offer_until_text = application.notice_date(self.env, notice.arrangement_id.offer_until, notice.lang)

    @api.model_create_multi
    def create(self, vals_list):
        """EXTENDS l10n_be_followup: every message has its own secret."""
        notices = super().create(vals_list)
        for notice in notices.sudo():
            notice.access_token = secrets.token_urlsafe(24)
        return notices

    def _answer_url(self):
        """Address of the page on which the customer answers; None where there is nothing to answer."""
        self.ensure_one()
        notice = self.sudo()
        if notice.purpose != "level" or not notice._is_written() or not notice.access_token:
            return None
        return f"{notice.company_id.get_base_url()}/my/followup/{notice.id}?access_token={notice.access_token}"

    def _link_open(self):
        """Whether the link in this message still opens its page: a later reminder brings a link of its own."""
        self.ensure_one()
        left = self.sent_date or self.claim_date or self.create_date
        return fields.Datetime.now() <= fields.Datetime.add(left, days=self.company_id._followup_link_days())

    def _answerable(self):
        """Whether this is a reminder that may have reached the customer."""
        self.ensure_one()
        return self.purpose == "level" and self._is_written() and self.state in FROZEN

    def _answer_items(self):
        """What the message was about and is still open."""
        self.ensure_one()
        return self.line_ids.item_id.filtered(
            lambda item: (
                item.is_open
                and item.customer_id == self.customer_id
                and item.move_line_id.parent_state == "posted"
                and item.currency_id.compare_amounts(item.amount_residual_currency, 0.0) > 0
            )
        ).sorted(lambda item: (item.date_maturity, item.id))

    def _answer_free(self, items, promised=True):
        """What may still be promised or disputed of items.

        :param promised: count what was promised already as taken
        :return: list of (item, amount in its currency), only what is more than zero
        """
        kinds = ("promise", "dispute", "arrangement") if promised else ("dispute", "arrangement")
        covers = self.env["followup.cover"].search(
            [("item_id", "in", items.ids), ("live", "=", True), ("kind", "in", kinds)]
        )
        free = []
        for item in items:
            own = covers.filtered(lambda cover, item=item: cover.item_id == item)
            if any(cover.kind == "promise" for cover in own):
                continue  # a second promise would replace the first one
            left = item.currency_id.round(item.amount_residual_currency - sum(own.mapped("rest")))
            if item.currency_id.compare_amounts(left, 0.0) > 0:
                free.append((item, left))
        return free

    def _answer(self, kind, address=None, **answer):
        """Take the customer's answer. Twice is once.

        :param kind: see `followup.notice.answer`
        :param address: internet address of the request
        :param answer: `date`, `text`, `amount`, `item_id`, `reason_id`, as the kind needs them
        :raises UserError: in words for the customer
        """
        self.ensure_one()
        if kind not in dict(KINDS):
            raise ValueError(kind)
        self.customer_id.lock_for_update(allow_referencing=True)
        self.invalidate_recordset()
        done = self.answer_ids.filtered(lambda other: other.kind == kind)
        if done:
            return done
        items = self._answer_items()
        if not self._answerable() or not items:
            raise UserError(self.env._("There is nothing left to pay of this message. Thank you."))
        text = (answer.get("text") or "").strip()[:LONGEST_TEXT]
        result = getattr(self, f"_answer_{kind}")(items, **{**answer, "text": text})
        done = self.env["followup.notice.answer"].create(
            {
                "notice_id": self.id,
                "kind": kind,
                "date": answer.get("date"),
                "amount": answer.get("amount") or 0.0,
                "text": text,
                "address": address,
                "result": result,
            }
        )
        self._answer_tell(done)
        return done

    def _answer_tell(self, done):
        """Show in the customer's timeline what he wrote, in his own name."""
        owner = self._answer_owner()
        staff = self.with_context(lang=owner.lang)
        kinds = dict(done.with_context(lang=owner.lang)._fields["kind"]._description_selection(staff.env))
        words = [kinds[done.kind]]
        if done.date:
            words.append(format_date(staff.env, done.date))
        words += [word for word in (done.text, done.result) if word]
        self.customer_id.message_post(
            body=staff.env._(
                "Answer to %(notice)s on the customer's page: %(words)s",
                notice=self.name,
                words=" - ".join(words),
            ),
            author_id=(self.recipient_id or self.partner_id).id,
            message_type="comment",
            subtype_xmlid="mail.mt_note",
        )

    def _answer_owner(self):
        customer = self.customer_id
        return customer.responsible_id or customer._default_responsible()

    # One method a kind: each returns what was made of the answer, in a few words.

    def _answer_promise(self, items, date=None, **_answer):
        promises = self.env["followup.promise"]
        company = self.company_id._followup_root()
        today = company._followup_today()
        last = self._answer_last_day()
        if not date or date < today:
            raise UserError(self.env._("Please choose a day from today on."))
        if last and date > last:
            raise UserError(
                self.env._(
                    "We can wait until %(date)s at most. Do you need more time? Then ask for instalments below, or call us.",
                    date=format_date(self.env, last),
                )
            )
        limit = company.followup_promise_max_row
        if limit and promises._broken_in_a_row(self.customer_id) >= limit:
            raise UserError(
                self.env._(
                    "We would rather talk about this with you first. Please call us, or ask for instalments below."
                )
            )
        free = self._answer_free(items)
        if not free:
            raise UserError(
                self.env._("We have noted something about these invoices already. Please call us to change it.")
            )
        made = promises
        for currency in items.currency_id:
            own = [(item, amount) for item, amount in free if item.currency_id == currency]
            if own:
                made |= promises._promise(
                    self.customer_id,
                    items.browse([item.id for item, _amount in own]),
                    currency.round(sum(amount for _item, amount in own)),
                    date,
                    channel="portal",
                ).sudo()
        made.user_id = self._answer_owner()
        return ", ".join(made.mapped("name"))

    def _answer_last_day(self):
        """The last day that the company waits for a promise; None without a limit."""
        company = self.company_id._followup_root()
        days = company.followup_promise_max_days
        return company._followup_today() + timedelta(days=days) if days else None

    def _answer_dispute(self, items, reason_id=None, text="", **answer):
        reason = self._answer_reasons().filtered(lambda reason: reason.id == reason_id)
        if not reason:
            raise UserError(self.env._("Please choose what is wrong."))
        if not text:
            raise UserError(self.env._("Please tell us in a few words what is wrong, so that we can look into it."))
        return self._answer_object(items, reason, text, **answer)

    def _answer_paid(self, items, date=None, text="", **answer):
        if not date or date > self.company_id._followup_today():
            raise UserError(self.env._("Please fill in the day on which you paid, today at the latest."))
        reasons = self.env["followup.dispute.reason"].with_context(active_test=False)
        reason = reasons.search([("code", "=", "paid")], limit=1) or reasons.search(
            [("check_payments", "=", True)], limit=1
        )
        owner = self._answer_owner()
        said = self.with_context(lang=owner.lang).env._(
            "Paid on %(date)s, says the customer.", date=format_date(self.with_context(lang=owner.lang).env, date)
        )
        return self._answer_object(items, reason, f"{said} {text}".strip(), **answer)

    @api.model
    def _answer_reasons(self):
        """What a customer may choose from; *paid already* has a form of its own."""
        return self.env["followup.dispute.reason"].search([("code", "!=", "paid")])

    def _answer_object(self, items, reason, note, item_id=None, amount=None, **_answer):
        """Record a dispute about one invoice of the message, or about all of them."""
        if item_id:
            items = items.filtered(lambda item: item.id == item_id)
        free = self._answer_free(items, promised=False)
        if not free:
            raise UserError(self.env._("We are looking into these invoices already. You will hear from us."))
        if amount:
            free = self._answer_part(free, amount)
        disputes = self.env["followup.dispute"]
        made = disputes
        for currency in items.currency_id:
            own = [(item, part) for item, part in free if item.currency_id == currency]
            if own:
                made |= disputes._dispute(
                    self.customer_id, own, reason, user=self._answer_owner(), channel="portal", note=note
                ).sudo()
        return ", ".join(made.mapped("name"))

    def _answer_part(self, free, amount):
        """Spread the amount that the customer named, oldest invoice first."""
        currency = free[0][0].currency_id
        if any(item.currency_id != currency for item, _free in free):
            raise UserError(self.env._("Please choose one invoice when you fill in an amount."))
        highest = currency.round(sum(left for _item, left in free))
        if amount < 0 or currency.compare_amounts(amount, highest) > 0:
            raise UserError(
                self.env._("The amount must lie between zero and %s, what is open.", currency.format(highest))
            )
        parts = []
        for item, left in free:
            part = currency.round(min(left, amount))
            if currency.compare_amounts(part, 0.0) > 0:
                parts.append((item, part))
                amount -= part
        return parts

    def _answer_instalments(self, _items, text="", **_answer):
        customer = self.customer_id
        today = self.company_id._followup_today()
        since = fields.Datetime.now() - timedelta(days=DAYS_BETWEEN)
        asked = self.env["followup.notice.answer"].search_count(
            [("notice_id.customer_id", "=", customer.id), ("kind", "=", "instalments"), ("create_date", ">", since)],
            limit=1,
        )
        if asked:
            raise UserError(
                self.env._(
                    "You asked for instalments a short time ago, and we will contact you. Is it urgent? Call us."
                )
            )
        owner = self._answer_owner()
        words = self.with_context(lang=owner.lang).env._
        until = today + timedelta(days=DAYS_HELD)
        self.env["followup.hold"].create(
            {
                "customer_id": customer.id,
                "until": until,
                "reason": words("The customer asks to pay in instalments"),
                "user_id": owner.id,
            }
        )
        customer.with_context(mail_activity_quick_update=True).activity_schedule(
            "l10n_be_followup.mail_activity_type_dispute",
            summary=words("Asks to pay in instalments"),
            note=text and plaintext2html(text),
            date_deadline=today,
            user_id=owner.id,
        )
        return words("on hold until %s", format_date(self.with_context(lang=owner.lang).env, until))
