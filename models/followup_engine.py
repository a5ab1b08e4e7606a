import dataclasses
import functools
import logging
from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL, format_date, split_every

from ..engine import application, claims, decision, selection

_logger = logging.getLogger(__name__)

BATCH = 200
#: How often a step begins again when somebody else wrote the same rows in the meantime.
ATTEMPTS = 5


class FollowupEngine(models.AbstractModel):
    """The night in overridable steps: select, decide, apply. Extend with `_inherit = "followup.engine"`."""

    _name = "followup.engine"
    _description = "Follow-up Engine"

    @api.model
    def _synchronise(self, company, partner_ids=None):
        return selection.synchronise(self.env, company.ids, partner_ids)

    @api.model
    def _select(self, company, customer_ids, today, exclude_notice_ids=None):
        """Read customers of one root company.

        :rtype: list of `engine.decision.Customer`
        """
        partners = self.env["followup.customer"].browse(customer_ids).partner_id.with_company(company)
        insolvent = {
            partner.id: (partner.followup_insolvency, partner.followup_insolvency_date or None)
            for partner in partners
            if partner.followup_insolvency
        }
        find = self._policy_finder(company, customer_ids)
        return selection.select(self.env, customer_ids, find, today, insolvent, exclude_notice_ids)

    @api.model
    def _settings(self, company, today):
        """:rtype: `engine.decision.Settings`"""
        to_decimal = company.currency_id._followup_decimal
        return decision.Settings(
            minimum_gap=company.followup_min_gap,
            minimum_amount=to_decimal(company.followup_minimum_amount),
            minimums={
                minimum.currency_id.id: minimum.currency_id._followup_decimal(minimum.amount)
                for minimum in company.followup_minimum_ids
            },
            cutoff=company.followup_cutoff_date or None,
            paused_until=company.followup_pause_until or None,
            pause_reason=company.followup_pause_reason or "",
            newest_bank_data=selection.newest_bank_data(self.env, company.id, today),
            freshness_days=company.followup_freshness_days,
            max_contacts=company.followup_max_contacts,
            bounces_seen=company._followup_bounces_seen(),
            live=company.followup_live,
            day_cap=company.followup_customer_day_cap,
            week_cap=company.followup_customer_week_cap,
            # A message that is about to leave meets the switch at its claim: it waits, and is not cancelled.
            stopped=not self.env.context.get("followup_at_sending") and company._followup_is_stopped(),
        )

    @api.model
    def _policies(self, company):
        """Policies in the order in which they are tried: a company's own before the shared ones."""
        policies = self.env["followup.policy"].search([("company_id", "in", (company.id, False))])
        return policies.sorted(lambda policy: (not policy.company_id, policy.sequence, policy.id))

    @api.model
    def _policy_finder(self, company, customer_ids):
        """A function (partner id, regime) -> `engine.decision.Policy` for these customers, with policies read once."""
        policies = self._policies(company)
        pure = {policy.id: self._pure_policy(policy) for policy in policies}
        partners = self.env["followup.customer"].browse(customer_ids).partner_id.with_company(company)
        own = {partner.id: partner.followup_policy_id.id for partner in partners if partner.followup_policy_id}
        regimes = {partner.id: partner.followup_regime for partner in partners}
        matching = {}
        for policy in policies:
            domain = policy._customer_domain()
            matching[policy.id] = (
                set(self.env["res.partner"]._search([("id", "in", partners.ids), *domain])) if domain else None
            )

        # Asked for every item: plain values, not records.
        tried = [(policy.regime, matching[policy.id], pure[policy.id]) for policy in policies]

        def find(partner_id, regime):
            if own.get(partner_id) in pure:
                return pure[own[partner_id]]
            regime = regime or regimes.get(partner_id) or "b2c"
            # Authorities follow the business ladder unless they have their own.
            for wanted in (regime, "b2b") if regime == "b2g" else (regime,):
                for own_regime, fitting, policy in tried:
                    if own_regime == wanted and (fitting is None or partner_id in fitting):
                        return policy
            return None

        find.regimes = regimes
        return find

    @api.model
    def _pure_policy(self, policy):
        return decision.Policy(
            policy.id,
            tuple(
                decision.Level(
                    id=level.id,
                    sequence=level.sequence,
                    kind=level.kind,
                    delay=level.delay,
                    delay_from=level.delay_from,
                    written=level._is_written(),
                    call=level.channel_call,
                    automatic=level.automatic,
                    minimum_amount=level.currency_id._followup_decimal(level.minimum_amount),
                )
                for level in policy.level_ids.filtered("active").sorted(lambda level: (level.sequence, level.id))
            ),
        )

    @api.model
    def _decide(self, company, customers, today, manual=False, approved=frozenset()):
        """:rtype: list of `engine.decision.Decision`, one per customer, in the same order"""
        settings = self._settings(company, today)
        working = functools.cache(company._followup_is_working_day)
        return [decision.decide(customer, settings, today, working, manual, approved) for customer in customers]

    @api.model
    def _decide_for_notice(self, notice, today):
        """Decide the customer of a notice again as if that notice did not exist."""
        self._synchronise(notice.company_id, notice.partner_id.ids)
        self._follow_agreements(notice.company_id, notice.customer_id, today)
        if notice.standby:
            return self.with_context(followup_at_sending=True)._repeat_for_companion(notice, today)
        customers = self._select(notice.company_id, notice.customer_id.ids, today, notice.ids)
        # A person's yes stands for the items that he saw, not for what has become due since.
        approved = notice.line_ids.filtered("advances").item_id.ids if notice.manual or notice.approved_by else ()
        engine = self.with_context(followup_at_sending=True)
        return engine._decide(notice.company_id, customers, today, approved=frozenset(approved))[0]

    @api.model
    def _repeat_for_companion(self, notice, today):
        """The same items again, as they are now: the letter beside an e-mail that left may be printed days later."""
        [customer] = self._select(notice.company_id, notice.customer_id.ids, today, notice.lead_id.ids)
        # Where a later message left since, this one would contradict it.
        overtaken = notice._overtaken_items()
        said = [
            (line.item_id.id, line.level_id.id, line.advances)
            for line in notice.line_ids
            if line.item_id not in overtaken
        ]
        answer = decision.repeat(customer, self._settings(notice.company_id, today), today, said)
        if overtaken:
            answer = dataclasses.replace(answer, reasons=(*answer.reasons, decision.Reason("notice_under_way")))
        return answer

    @api.model
    def _apply(self, company, decisions, today, run=None, prepare=True):
        """Write the figures and, when asked, prepare what is due.

        :return: notices made
        """
        notices = self.env["followup.notice"]
        failures = {}
        if prepare:
            notices, failures = self._prepare(company, decisions, today, run)
            decisions = self._decide_after_notices(company, decisions, notices, today)
        customers = self.env["followup.customer"].browse([d.customer.id for d in decisions])
        if prepare:
            customers.filtered(lambda customer: customer.id not in failures)._heal()
        states = {customer.id: customer.failure for customer in customers}
        partners = customers.partner_id.with_company(company)
        responsible = {
            partner.id: partner.followup_responsible_id._followup_fit(company).id or None for partner in partners
        }
        waiting = self._open_notice_states(customers)
        extra = {}
        for taken, customer in zip(decisions, customers, strict=True):
            item_policy = next((item.policy for item in taken.customer.items if item.policy), None)
            extra[customer.id] = {
                "state": self._customer_state(
                    taken, today, waiting.get(customer.id, ()), bool(failures.get(customer.id) or states[customer.id])
                ),
                "regime": customer.partner_id.followup_regime,
                "data_issue": customer.partner_id._followup_issue() or None,
                "policy_id": item_policy.id if item_policy else None,
                "responsible_id": responsible[customer.partner_id.id],
            }
        application.write_figures(self.env, decisions, today, extra)
        for customer_id, text in failures.items():
            self.env["followup.customer"].browse(customer_id)._report_failure(text, heals=True)
        return notices, failures

    @api.model
    def _decide_after_notices(self, company, decisions, notices, today):
        """What stands on the screen is the situation after the notices: their customers are decided once more.

        Nothing else changed since they were read, so they are not read again.
        """
        if not notices:
            return decisions
        notices.flush_recordset()
        notices.line_ids.flush_recordset()
        pending, written = defaultdict(set), set()
        for customer_id, item_id, advances, reads in self.env.execute_query(
            SQL(
                """SELECT notice.customer_id, line.item_id, line.advances AND line.live,
                          notice.channel <> 'call' AND notice.standby IS NOT TRUE
                     FROM followup_notice notice JOIN followup_notice_line line ON line.notice_id = notice.id
                    WHERE notice.id = ANY(%s)""",
                notices.ids,
            )
        ):
            if advances:
                pending[customer_id].add(item_id)
            if reads:
                written.add(customer_id)
        customers = [
            dataclasses.replace(
                taken.customer,
                notice_open=taken.customer.notice_open or taken.customer.id in written,
                items=tuple(
                    dataclasses.replace(item, pending=True) if item.id in pending[taken.customer.id] else item
                    for item in taken.customer.items
                ),
            )
            for taken in decisions
            if taken.customer.id in written or taken.customer.id in pending
        ]
        fresh = {taken.customer.id: taken for taken in self._decide(company, customers, today)}
        return [fresh.get(taken.customer.id, taken) for taken in decisions]

    @api.model
    def _open_notice_states(self, customers):
        groups = self.env["followup.notice"]._read_group(
            [
                ("customer_id", "in", customers.ids),
                ("state", "in", ("review", "queued", "sending", "printed")),
                ("channel", "!=", "call"),
                ("standby", "=", False),
            ],
            ["customer_id", "state"],
        )
        result = {}
        for customer, state in groups:
            result.setdefault(customer.id, set()).add(state)
        return result

    @api.model
    def _customer_state(self, taken, today, open_states, failed):
        """The one word that lists and buttons show for a customer."""
        overdue = [d for d in taken.items if d.item.due_date < today]
        if failed:
            return "failed"
        if "review" in open_states:
            return "review"
        if open_states:
            return "queued"
        if taken.acts:
            return "action"
        if not overdue:
            return "clear"
        waiting = {"not_yet", "notice_under_way", "min_gap", "waiting_period", "not_working_day"}
        if any(not {reason.code for reason in d.reasons} - waiting for d in overdue):
            return "waiting"
        return "held"

    @api.model
    def _follow_agreements(self, company, customers, today):
        """Bring promises, disputes and arrangements of these customers in line with the books. Sends nothing.

        :param customers: `followup.customer` whose rows are locked
        """
        records = [self.env[name] for name in ("followup.promise", "followup.dispute", "followup.arrangement")]
        covered = self.env["followup.cover"].search([("customer_id", "in", customers.ids)]).customer_id
        if not covered:
            return
        self.env["followup.cover"]._find_money(covered)
        self.env["followup.cover"]._forget()
        waiting = selection.waiting_money(self.env, covered.ids)
        promises, disputes, arrangements = records
        disputes._follow(company, today, covered)
        promises._follow(company, today, covered, waiting)
        arrangements._follow(company, today, covered, waiting)
        self.env.flush_all()

    @api.model
    def _interest_missed(self, arrangement, today=None):
        """Interest of a business on missed instalments, as of today, in the arrangement's currency."""
        company = arrangement.company_id
        late = arrangement.instalment_ids.filtered(lambda instalment: instalment.state in ("late", "missed"))
        if arrangement.state != "active" or not late:
            return 0.0
        # Also when an invoice turned out to be private since.
        if arrangement.consumer or "b2c" in arrangement.cover_ids.item_id.mapped("regime"):
            return 0.0
        today = today or company._followup_today()
        closed = arrangement._own_costs(("missed_interest",)).filtered(
            lambda charge: charge.state not in ("claimed", "cancelled") and charge.claimed_until
        )
        closed_until = max(closed.mapped("claimed_until"), default=None)
        return float(claims.on_missed(self.env, company, arrangement._missed_pieces(), today, closed_until))

    @api.model
    def _refresh(self, company, partner_ids, today):
        """Decide customers again now and write their figures; nothing is prepared."""
        root = company._followup_root()
        ids = self._synchronise(root, partner_ids)
        for batch in split_every(BATCH, ids):
            locked = self.env["followup.customer"].browse(batch).try_lock_for_update(allow_referencing=True)
            self._follow_agreements(root, locked, today)
            self._follow_suspensions(root, locked, today)
            self._apply(root, self._decide(root, self._select(root, locked.ids, today), today), today, prepare=False)
            self.env["followup.charge"]._follow_items(root, today, locked)
            self.env["followup.notice"].search(
                [("customer_id", "in", locked.ids), ("channel", "=", "call"), ("state", "=", "queued")]
            )._cancel_moot_calls()

    @api.model
    def _touch_partners(self, moves):
        self._touch_partner_ids(moves.commercial_partner_id.ids)

    @api.model
    def _touch_partner_ids(self, partner_ids):
        if not partner_ids or self.env.context.get("followup_no_refresh"):
            return
        hooks = self.env.cr.precommit
        if "l10n_be_followup.partners" not in hooks.data:
            hooks.data["l10n_be_followup.partners"] = set()
            hooks.add(self.sudo()._refresh_touched)
        hooks.data["l10n_be_followup.partners"].update(partner_ids)

    @api.model
    def _touch_companies(self, companies):
        """Figures depend on settings; they are decided again by the next run, and when a customer is opened."""
        self.env["followup.customer"].invalidate_model(["bank_data_warning"])

    @api.model
    def _refresh_touched(self):
        """Never lets a payment fail: whatever goes wrong here is put right by the night."""
        partner_ids = list(self.env.cr.precommit.data.pop("l10n_be_followup.partners", ()))
        try:
            with self.env.cr.savepoint(flush=False):
                roots = self.env.execute_query(
                    SQL(
                        """SELECT DISTINCT split_part(company.parent_path, '/', 1)::int
                             FROM account_move move
                             JOIN res_company company ON company.id = move.company_id
                            WHERE move.commercial_partner_id = ANY(%s)""",
                        partner_ids,
                    )
                )
                for company in self.env["res.company"].browse([row[0] for row in roots]):
                    self._refresh(company, partner_ids, company._followup_today())
        except Exception:
            self.env.invalidate_all(flush=False)
            _logger.warning("Follow-up figures of %s were not refreshed", partner_ids, exc_info=True)

    @api.model
    def _bank_data_warning(self, company):
        root = company._followup_root()
        days = root.followup_freshness_days
        today = root._followup_today()
        newest = selection.newest_bank_data(self.env, root.id, today)
        if not days:
            return False
        if newest is None:
            return self.env._("There are no bank data: check first whether the customer paid.")
        if (today - newest).days > days:
            return self.env._(
                "The last bank data are of %(date)s. Import the bank statement: the customer may have paid.",
                date=format_date(self.env, newest),
            )
        return False
