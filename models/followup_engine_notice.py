import logging

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import application, claims, decision

_logger = logging.getLogger(__name__)


class FollowupEngine(models.AbstractModel):
    """Make notices out of decisions: values, claims, calls, and the one that a person asks for."""

    _inherit = "followup.engine"

    @api.model
    def _prepare(self, company, decisions, today, run=None, manual=False):
        """Make the notices that the decisions ask for: all in one go, and one by one when that fails.

        :return: (notices, failures by customer id)
        """
        notices = self.env["followup.notice"]
        failures = {}
        values, owners = [], []
        acting = [taken for taken in decisions if taken.acts]
        amounts = self._claims_of(company, [taken for taken in acting if taken.message], today)
        amounts = application.Known.of(self.env, acting, amounts)
        for taken in decisions:
            try:
                for vals in self._values_of(company, taken, today, manual, amounts):
                    values.append(dict(vals, run_id=run.id if run else False))
                    owners.append(taken.customer.id)
            except UserError as error:
                failures[taken.customer.id] = str(error)
        if not values:
            return notices, failures
        try:
            with self.env.cr.savepoint():
                return self._create_notices(values), failures
        except psycopg2.OperationalError:
            raise
        except Exception:  # noqa: BLE001
            # One of them is bad: each customer in a savepoint of his own, so that nobody else suffers.
            self.env.invalidate_all()
        for vals, customer_id in zip(values, owners, strict=True):
            try:
                with self.env.cr.savepoint():
                    notices |= self._create_notices([vals])
            except psycopg2.errors.UniqueViolation:
                self.env.invalidate_all()  # another process was first: exactly what the index is for
            except psycopg2.OperationalError:
                raise
            except Exception as error:
                # A customer's failure is kept on him and stops nobody.
                self.env.invalidate_all()
                _logger.info("Follow-up of customer %s failed", customer_id, exc_info=True)
                failures[customer_id] = str(error)
        return notices, failures

    @api.model
    def _values_of(self, company, taken, today, manual, amounts):
        if taken.message:
            lead = self._notice_values(company, taken, today, manual, amounts)
            yield dict(lead, companions=self._companion_values(company, taken, lead))
        if taken.calls:
            yield self._call_values(company, taken, today, amounts)

    @api.model
    def _claims_of(self, company, decisions, today):
        """What the levels of these messages claim, as far as the law allows, in a fixed number of queries.

        :rtype: dict item id -> `legal.claim.Claim`
        """
        levels = self.env["followup.level"].browse(
            {line.level.id for taken in decisions for line in taken.message if line.level}
        )
        by_id = {level.id: level for level in levels}
        chosen = {}
        for taken in decisions:
            if any(credit.amount > 0 for credit in taken.customer.credits):
                continue  # perhaps his money is here already: allocate it first, then claim on what is left
            for line in taken.message:
                level = by_id.get(line.level.id) if line.level else None
                if not level:
                    continue
                # A reminder may cost something only in a contract of regular delivery, which the law part checks.
                cost = line.advances and level.kind in ("first_reminder", "reminder")
                if level.claim_interest or level.claim_compensation or cost:
                    chosen[line.item.id] = (level.claim_interest, level.claim_compensation, cost)
        return claims.claims(self.env, company, list(chosen), today, chosen) if chosen else {}

    @api.model
    def _claims_as_of(self, company, items, day):
        """Everything that the law allows on these items as of `day`, whatever their level.

        :rtype: dict item id -> `legal.claim.Claim`
        """
        return claims.claims(self.env, company, items.ids, day)

    @api.model
    def _notice_values(self, company, taken, today, manual=False, amounts=None, channel=None):
        """Values of one written notice.

        :param amounts: what was read for many decisions at once: `engine.application.Known`
        :param channel: `email` or `letter`; None: the level's, as far as the customer can be reached by it
        :raises UserError: without a usable address
        """
        known = amounts
        if not isinstance(known, application.Known):
            amounts = self._claims_of(company, [taken], today) if amounts is None else amounts
            known = application.Known.of(self.env, [taken], amounts)
        customer = self.env["followup.customer"].browse(taken.customer.id).with_prefetch(known.customer_ids)
        partner = customer.partner_id.with_company(company)
        level = self.env["followup.level"].browse(taken.message_level.id)
        lang = self._message_lang(partner, company)
        level = level.with_context(lang=lang)
        route = partner._followup_route(company, level, channel)
        responsible = partner.followup_responsible_id._followup_fit(company)
        sender = self._sender(company, responsible)
        lines = application.line_values(self.with_context(lang=lang).env, taken, today, known)
        for line in lines:
            application.add_claim(line, known.get(line["item_id"]))
        credits = application.credit_values(taken)
        regime = self._message_regime(taken, partner, known)
        review = ["manual"] if manual else list(taken.review)
        total = sum(line.amount_company for line in taken.message)
        total -= sum((credit.amount_company for credit in taken.customer.credits), decision.ZERO)
        return {
            "customer_id": customer.id,
            "company_id": company.id,
            **route._prepare_notice(),
            "level_id": level.id,
            "level_kind": level.kind,
            "regime": regime,
            "lang": lang,
            "manual": manual,
            "responsible_id": responsible.id,
            "state": "review" if review else "queued",
            "review_reasons": review,
            "prepared_on": today,
            "email_from": sender,
            "pay_before": self._pay_before(company, level, lines, regime, today, route.medium),
            "credits": credits,
            "amount_total": float(max(total, decision.ZERO)),
            "line_ids": [fields.Command.create(line) for line in lines],
            "fingerprint": application.content_key(
                [
                    (ln["item_id"], ln["level_id"], ln["advances"], ln["currency_id"], ln["amount_residual"])
                    for ln in lines
                ],
                credits,
            ),
        }

    @api.model
    def _pay_before(self, company, level, lines, regime, today, medium="email"):
        """The date by which to pay; for a consumer's first reminder never inside his fourteen days."""
        if medium == "post":
            today = company._followup_posting_day(today)
        day = level._pay_before(today)
        if regime == "b2c" and any(ln["advances"] and ln["level_kind"] == "first_reminder" for ln in lines):
            day = max(day, self.env["followup.notice"]._free_until(today, company, medium))
        return day

    @api.model
    def _companion_values(self, company, taken, lead):
        """The same message through the level's other written channels, as far as the customer can be reached by them.

        :return: list of values; their lines do not count while the first message stands
        """
        partner = self.env["followup.customer"].browse(taken.customer.id).partner_id.with_company(company)
        level = self.env["followup.level"].browse(taken.message_level.id)
        result = []
        for route in partner._followup_companion_routes(company, level, lead["channel"]):
            said = [line for _command, _id, line in lead["line_ids"]]
            pay_before = self._pay_before(company, level, said, lead["regime"], lead["prepared_on"], route.medium)
            lines = [fields.Command.create(dict(line, live=False)) for line in said]
            vals = {"standby": True, "line_ids": lines, "pay_before": pay_before}
            result.append(dict(lead, **route._prepare_notice(), **vals))
        return result

    @api.model
    def _message_regime(self, taken, partner, known=None):
        """A message to a customer with a consumer's invoice follows the rules for consumers."""
        if not isinstance(known, application.Known):
            known = application.Known.of(self.env, [taken])
        regimes = {known.items[line.item.id].regime or partner.followup_regime for line in taken.message}
        return next((regime for regime in ("b2c", "b2g", "b2b") if regime in regimes), partner.followup_regime)

    @api.model
    def _message_lang(self, partner, company):
        installed = dict(self.env["res.lang"].get_installed())
        return next((code for code in (partner.lang, company.partner_id.lang) if code in installed), "en_US")

    @api.model
    def _sender(self, company, responsible):
        sender = responsible.email_formatted if responsible.email else company.email_formatted
        sender = application.one_line(sender)
        if not sender:
            raise UserError(
                self.env._(
                    "%(company)s has no e-mail address to send from. Set it in Settings > Companies.",
                    company=company.name,
                )
            )
        return sender

    @api.model
    def _call_values(self, company, taken, today, amounts=None):
        known = amounts if isinstance(amounts, application.Known) else application.Known.of(self.env, [taken])
        customer = self.env["followup.customer"].browse(taken.customer.id).with_prefetch(known.customer_ids)
        partner = customer.partner_id.with_company(company)
        calls = decision.Decision(taken.customer, (), calls=taken.calls)
        lines = application.line_values(self.env, calls, today, known)
        return {
            "customer_id": customer.id,
            "company_id": company.id,
            "channel": "call",
            "level_id": taken.call_level.id,
            "level_kind": taken.call_level.kind,
            "regime": partner.followup_regime,
            "lang": self._message_lang(partner, company),
            "responsible_id": partner.followup_responsible_id._followup_fit(company).id,
            "state": "queued",
            "prepared_on": today,
            "amount_total": float(sum(line.amount_company for line in taken.calls)),
            "line_ids": [fields.Command.create(line) for line in lines],
        }

    @api.model
    def _create_notices(self, values):
        """Create, render a sample and queue. All or nothing: the caller holds the savepoint."""
        _leads, notices = self._make_notices(values)
        written = notices.filtered(lambda notice: notice.channel != "call")
        self._render_samples(written)
        written.filtered(lambda notice: notice.state == "queued")._queue()
        # The night plans them when all of them are known: the highest amounts come first.
        (notices - written).filtered(lambda n: n.state == "queued" and not n.run_id)._plan_call()
        self.env.flush_all()
        return notices

    @api.model
    def _prepare_manual(self, customer):
        """Prepare the next notice of one customer because a person asks.

        :raises UserError: with the reason when the ladder, the law or a hold does not allow one
        """
        company = customer.company_id
        company._followup_check_may_write()
        if not self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_user"):
            raise UserError(self.env._("You need the rights of a follow-up user to do this."))
        if customer.review_notice_id:
            return customer.review_notice_id
        engine = self.sudo()
        today = company._followup_today()
        engine._synchronise(company, customer.partner_id.ids)
        customer.sudo().lock_for_update(allow_referencing=True)
        taken = engine._decide(company, engine._select(company, customer.ids, today), today, manual=True)[0]
        if not taken.message:
            if taken.calls:
                raise UserError(
                    self.env._(
                        "The next step for %(customer)s is a call (%(level)s): no level is skipped. "
                        "Call and use the button Log a call.",
                        customer=customer.partner_id.display_name,
                        level=self.env["followup.level"].browse(taken.call_level.id).name,
                    )
                )
            raise UserError(
                self.env._(
                    "There is nothing to send to %(customer)s: %(why)s",
                    customer=customer.partner_id.display_name,
                    why=self._explain(application.pack_reasons(taken.reasons)) or self.env._("nothing is overdue."),
                )
            )
        vals = engine._notice_values(company, taken, today, manual=True)
        vals["companions"] = engine._companion_values(company, taken, vals)
        notice = engine._create_notices([vals])[:1]
        customer._refresh()
        return notice.sudo(False)

    @api.model
    def _complete_call(self, customer, summary):
        """A call was made: close the planned one, or take the call level that is next, and write it down.

        :param summary: what was said, in the user's language
        """
        planned = customer.notice_ids.filtered(lambda n: n.channel == "call" and n.state == "queued")
        if planned.activity_id:
            planned.activity_id.with_context(followup_call_logged=True).action_feedback(feedback=summary)
            planned.sudo().filtered(lambda n: n.state == "queued")._call_done()
            return
        customer.message_post(body=summary)
        engine = self.sudo()
        company = customer.company_id
        today = company._followup_today()
        if not planned:
            engine._synchronise(company, customer.partner_id.ids)
            taken = engine._decide(company, engine._select(company, customer.ids, today), today, manual=True)[0]
            if taken.calls:
                planned = self.env["followup.notice"].sudo().create([engine._call_values(company, taken, today)])
        planned.sudo()._call_done()
