from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL, format_date

from ..engine import handover, selection

ZERO = Decimal("0")


class FollowupEngine(models.AbstractModel):
    """Handing over claims: facts from the books, the advice in words, proposals of the night."""

    _inherit = "followup.engine"

    @api.model
    def _follow_agreements(self, company, customers, today):
        # EXTENDS l10n_be_followup: a claim that was handed over and is paid now
        result = super()._follow_agreements(company, customers, today)
        self.env["followup.handover"]._follow(company, today, customers)
        return result

    @api.model
    def _busy_conditions(self):
        # EXTENDS l10n_be_followup: a claim with somebody else, and one whose time to pay after the last level ends
        return [
            *super()._busy_conditions(),
            SQL("EXISTS (SELECT FROM followup_handover handover WHERE handover.customer_id = customer.id)"),
            SQL(
                """EXISTS (SELECT FROM followup_item item WHERE item.customer_id = customer.id AND item.is_open
                              AND item.level_kind = 'hand_over')"""
            ),
        ]

    # Advice

    @api.model
    def _advise(self, company, customer, items, today):
        """Whether these items of a customer are ready to be handed over.

        :rtype: `engine.handover.Advice`
        """
        return handover.advise(
            self._handover_facts(company, customer, items, today), self._handover_rules(company, today), today
        )

    @api.model
    def _handover_rules(self, company, today):
        return handover.Rules(
            minimum=company.currency_id._followup_decimal(company.followup_handover_minimum),
            newest_bank_data=selection.newest_bank_data(self.env, company.id, today),
            freshness_days=company.followup_freshness_days,
        )

    @api.model
    def _handover_facts(self, company, customer, items, today):
        """:rtype: `engine.handover.Candidate`"""
        partner = customer.partner_id.with_company(company)
        selected = {}
        credits = ZERO
        for known in self._select(company, customer.ids, today):
            selected = {item.id: item for item in known.items}
            credits = sum((credit.amount_company for credit in known.credits), ZERO)
        last = self._last_notices(items)
        debts = []
        for item in items:
            known = selected.get(item.id)
            if known is None:
                continue
            covers = [cover for cover in known.covers if cover.reason.until is None or cover.reason.until >= today]
            kinds = {cover.reason.code for cover in covers}
            disputed = sum((cover.amount for cover in covers if cover.reason.code == "dispute"), ZERO)
            share = known.residual_company / known.residual if known.residual else ZERO
            notified, pay_before = last.get(item.id, (None, None))
            debts.append(
                handover.Debt(
                    due_date=item.date_maturity,
                    amount=known.residual_company,
                    regime=item.regime or "b2c",
                    disputed=(min(disputed, known.residual) * share).quantize(handover.CENT),
                    arranged="arrangement" in kinds,
                    promised="promise" in kinds,
                    in_payment=any(hold.code == "payment_in_progress" for hold in known.holds),
                    notified_on=notified,
                    pay_before=pay_before,
                    barred_on=self._barred_on(item),
                )
            )
        regimes = {debt.regime for debt in debts} or {partner.followup_regime}
        return handover.Candidate(
            debts=tuple(debts),
            credits=max(credits, ZERO),
            insolvent=bool(partner.followup_insolvency),
            consumer="b2c" in regimes,
            missing_address=tuple(name for name in ("street", "zip", "city", "country_id") if not partner[name]),
            number_valid=partner._followup_has_enterprise_number(),
            creditor_number_valid=company.partner_id.sudo()._followup_has_enterprise_number(),
        )

    @api.model
    def _barred_on(self, item):
        """The last day before the item is time-barred; None: unknown."""
        return None

    @api.model
    def _last_notices(self, items):
        """The last notice that was delivered about each item, in its present episode.

        :rtype: dict item id -> (day of delivery, day by which it asked to pay or None)
        """
        for name in ("followup.notice", "followup.notice.line", "followup.item"):
            self.env[name].flush_model()
        return {
            item_id: (day, pay_before)
            for item_id, day, pay_before in self.env.execute_query(
                SQL(
                    """SELECT DISTINCT ON (item.id) item.id, notice.delivered_on, notice.pay_before
                         FROM followup_item item
                         JOIN followup_notice_line line ON line.item_id = item.id AND line.live
                          AND line.episode = item.episode
                         JOIN followup_notice notice ON notice.id = line.notice_id
                        WHERE item.id = ANY(%s) AND notice.state = 'delivered' AND notice.purpose = 'level'
                     ORDER BY item.id, notice.pay_before DESC NULLS LAST, notice.delivered_on DESC""",
                    items.ids,
                )
            )
        }

    @api.model
    def _claimed_reminder_costs(self, items):
        """Costs of reminders that were claimed on these items and not settled, in the item's currency.

        :rtype: dict item id -> float
        """
        groups = self.env["followup.charge"]._read_group(
            [("item_id", "in", items.ids), ("kind", "=", "reminder"), ("state", "=", "claimed")],
            ["item_id"],
            ["amount:sum"],
        )
        return {item.id: amount for item, amount in groups}

    # Words

    @api.model
    def _explain_one(self, reason):
        # EXTENDS l10n_be_followup
        if reason.code == "handed_over":
            return self.env._("handed over (%(detail)s): nothing is sent from here", detail=reason.detail)
        if reason.code == "handover_closed":
            return self.env._("the hand-over is closed (%(detail)s): write it off, or recall it", detail=reason.detail)
        return super()._explain_one(reason)

    @api.model
    def _explain_advice(self, conditions, currency=None):
        """Each condition of a hand-over with its answer, a line each.

        :param currency: of the amounts between brackets
        """
        names = {
            "owed": self.env._("something is open"),
            "overdue": self.env._("everything is overdue"),
            "amount": self.env._("the amount is large enough"),
            "not_arranged": self.env._("not in a payment arrangement: end that first"),
            "not_promised": self.env._("no promise to pay is waiting"),
            "undisputed": self.env._("undisputed"),
            "no_payment": self.env._("no payment is under way"),
            "credits": self.env._("no unallocated payment or credit note"),
            "not_insolvent": self.env._("the customer is not insolvent"),
            "not_barred": self.env._("not time-barred"),
            "notified": self.env._("a notice about every item was delivered"),
            "deadline": self.env._("the last day to pay of that notice has passed"),
            "address": self.env._("the address is complete"),
            "number": self.env._("the enterprise number is valid"),
            "bank_data": self.env._("the bank data are fresh"),
            "unopposed": self.env._("collection without a court is possible (Judicial Code, article 1394/20)"),
        }
        lines = []
        for row in conditions or ():
            detail = self._advice_detail(row["code"], row.get("detail") or "", currency)
            mark = "✓" if row["ok"] else "–" if row["code"] in handover.INFORMING else "✗"
            lines.append(f"{mark} {names.get(row['code'], row['code'])}{f' ({detail})' if detail else ''}")
        return "\n".join(lines)

    @api.model
    def _advice_detail(self, code, detail, currency=None):
        """What stands between brackets: a date, an amount, or words for a code."""
        if code in ("owed", "amount", "undisputed", "credits") and detail:
            amount = currency.format(float(detail)) if currency else detail
            return self.env._("at least %s", amount) if code == "amount" else amount
        if len(detail) == 10 and detail[4:5] == "-":
            return format_date(self.env, detail)
        if code == "address":
            fields = self.env["res.partner"]._fields
            missing = [fields[name]._description_string(self.env) for name in detail.split(", ") if name in fields]
            return self.env._("missing: %s", ", ".join(missing).lower()) if missing else ""
        return {
            "authority": self.env._("not for public authorities"),
            "consumer": self.env._("not asked of a consumer") if code == "number" else self.env._("not for consumers"),
            "number": self.env._("his enterprise number is not valid"),
            "own_number": self.env._("our enterprise number is not valid"),
            "conditions": self.env._("only for what is undisputed, overdue and of a solvent customer"),
        }.get(detail, detail)

    # The night

    @api.model
    def _propose_handovers(self, company, customers, today):
        """One proposal for each customer with items whose last level was a hand-over and whose time to pay has passed.

        What a person declined or recalled is not proposed again in the same episode. Nothing is handed over.

        :param customers: `followup.customer` whose rows are locked
        """
        for name in ("followup.item", "followup.handover", "followup.handover.line", "followup.notice"):
            self.env[name].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT item.customer_id, array_agg(item.id ORDER BY item.id)
                     FROM followup_item item
                     JOIN followup_level level ON level.id = item.level_id
                LEFT JOIN LATERAL (
                          SELECT max(notice.pay_before) AS pay_before
                            FROM followup_notice_line line
                            JOIN followup_notice notice ON notice.id = line.notice_id
                           WHERE line.item_id = item.id AND line.live AND line.episode = item.episode
                             AND line.advances AND notice.state = 'delivered') asked ON TRUE
                    WHERE item.customer_id = ANY(%(customers)s) AND item.is_open AND item.level_kind = 'hand_over'
                      AND item.date_maturity < %(today)s
                      AND COALESCE(asked.pay_before, item.level_date + level.response_days) < %(today)s
                      AND NOT jsonb_path_exists(COALESCE(item.reasons, '[]'::jsonb),
                                                '$[*].code ? (@ != "ladder_finished" && @ != "notice_open")')
                      AND NOT EXISTS (SELECT FROM followup_handover_line line
                                        JOIN followup_handover handover ON handover.id = line.handover_id
                                       WHERE line.item_id = item.id
                                         AND (line.live OR (line.episode = item.episode
                                                            AND handover.state IN ('cancelled', 'recalled'))))
                 GROUP BY item.customer_id""",
                customers=customers.ids,
                today=today,
            )
        )
        proposed = self.env["followup.handover"]
        for customer_id, item_ids in rows:
            customer = self.env["followup.customer"].browse(customer_id)
            proposed |= proposed._propose(
                customer,
                self.env["followup.item"].browse(item_ids),
                user=customer.responsible_id or customer._default_responsible(),
                by_level=True,
            )
        return proposed
