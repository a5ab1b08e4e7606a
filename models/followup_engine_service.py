import functools
import logging
from dataclasses import replace
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import NamedTuple

import psycopg2
from odoo import api, fields, models
from odoo.tools import format_date, split_every

from ..engine import selection, services, suspension
from ..legal.calendar import is_working_day
from .followup_engine import BATCH
from .followup_suspension import LIVE

_logger = logging.getLogger(__name__)
ZERO, CENT = Decimal("0"), Decimal("0.01")


class ServiceDebt(NamedTuple):
    """The share of an open item that is owed for one service, company currency."""

    item_id: int
    due_date: object
    amount: Decimal
    held: Decimal
    codes: tuple
    share: Decimal


class FollowupEngine(models.AbstractModel):
    """Suspending and restoring services: facts from the books, the pure judgement, and what follows."""

    _inherit = "followup.engine"

    @api.model
    def _service_debts(self, company, customers, today, selected=None):
        """What is open for each service of these customers.

        :param selected: `engine.decision.Customer`s, when they were read already
        :rtype: dict service id -> list of `ServiceDebt`
        """
        shares = services.shares(self.env, customers.ids)
        if not shares:
            return {}
        if selected is None:
            selected = self._select(company, customers.ids, today)
        items = {}
        for customer in selected:
            all_held = [hold for hold in customer.holds if hold.until is None or hold.until >= today]
            for item in customer.items:
                items[item.id] = item, all_held
        result = {}
        for service_id, parts in shares.items():
            debts = []
            for item_id, share in sorted(parts.items()):
                if item_id not in items:
                    continue
                item, all_held = items[item_id]
                amount = (item.residual_company * share).quantize(CENT, ROUND_DOWN)
                reasons = (*all_held, *item.reasons(today))
                free = ZERO if reasons else (item.payable_company(today) * share).quantize(CENT, ROUND_DOWN)
                codes = tuple(dict.fromkeys(reason.code for reason in reasons)) or tuple(
                    dict.fromkeys(
                        c.reason.code for c in item.covers if c.reason.until is None or c.reason.until >= today
                    )
                )
                debts.append(ServiceDebt(item_id, item.due_date, amount, max(amount - free, ZERO), codes, share))
            result[service_id] = debts
        return result

    @api.model
    def _suspension_rules(self, company, today):
        """:rtype: `engine.suspension.Rules`"""
        to_decimal = company.currency_id._followup_decimal
        done = self.env["followup.suspension"].search_count(
            [
                ("company_id", "=", company.id),
                ("by_hand", "=", False),
                ("suspended_date", ">=", company._followup_day_start(today)),
            ]
        )
        return suspension.Rules(
            days_consumer=company.followup_suspend_days_consumer,
            days_business=company.followup_suspend_days_business,
            minimum=to_decimal(company.followup_suspend_minimum),
            share=Decimal(str(company.followup_suspend_share)) / 100,
            restore_below=to_decimal(company.followup_restore_below),
            approval=company.followup_suspend_approval,
            newest_bank_data=selection.newest_bank_data(self.env, company.id, today),
            freshness_days=company.followup_freshness_days,
            first_hour=company.followup_suspend_from,
            last_hour=company.followup_suspend_until,
            daily_cap=company.followup_suspend_cap,
            done_today=done,
            paused=bool(company.followup_pause_until and company.followup_pause_until >= today)
            or company._followup_is_stopped(),
            live=company.followup_live,
        )

    @api.model
    def _service_facts(self, company, episodes, today):
        """What the judgement needs, read for all episodes together.

        :rtype: dict episode id -> `engine.suspension.Service`
        """
        owners = episodes.customer_id
        selected = self._select(company, owners.ids, today)
        debts = self._service_debts(company, owners, today, selected)
        credits = {
            customer.id: sum((credit.amount_company for credit in customer.credits), ZERO) for customer in selected
        }
        paid_through = episodes.service_id._paid_through()
        clauses = episodes.service_id._terms_allow()
        partners = {partner.id: partner for partner in owners.partner_id.with_company(company)}
        consumer_items = set(episodes.item_ids.filtered(lambda item: item.regime == "b2c").ids)
        rewarded = self._rewarded_items(episodes.item_ids)
        bounces_seen = company._followup_bounces_seen()
        result = {}
        for episode in episodes:
            service = episode.service_id
            partner = partners[episode.customer_id.partner_id.id]
            announced = set(episode.item_ids.ids)
            announcement = None
            if episode.notice_id.state == "delivered":
                announcement = suspension.Announcement(
                    episode.announced_on,
                    episode.deadline,
                    proven=bounces_seen or episode.notice_id.channel == "letter",
                )
            result[episode.id] = suspension.Service(
                id=service.id,
                debts=tuple(
                    part
                    for debt in debts.get(service.id, ())
                    for part in self._announced_parts(episode, debt, announced)
                ),
                monthly_value=company.currency_id._followup_decimal(service.monthly_value),
                essential=service.essential,
                exempt_until=service.exempt_until or None,
                grace_days=service.grace_days,
                paid_through=paid_through.get(service.id) or None,
                consumer=partner.followup_regime == "b2c" or not consumer_items.isdisjoint(announced),
                clause=clauses[service.id],
                proportionate=service.proportionate,
                credits=credits.get(episode.customer_id.id, ZERO),
                insolvent=bool(partner.followup_insolvency),
                announcement=announcement,
                postponed_until=episode.postponed_until or None if episode.state == "postponed" else None,
                approved=bool(episode.approved_by),
                rewarded=not rewarded.isdisjoint(announced),
                suspended_by_hand=episode.by_hand,
            )
        return result

    @api.model
    def _announced_parts(self, episode, debt, announced):
        """A debt as the judgement knows it; what was counted to the service after its announcement was not announced."""

        def part(amount, held, known):
            return suspension.Debt(debt.due_date, amount, held, debt.codes, known)

        limit = (episode.limits or {}).get(str(debt.item_id))
        if debt.item_id not in announced or limit is None or debt.amount <= Decimal(limit):
            return [part(debt.amount, debt.held, debt.item_id in announced)]
        amount = Decimal(limit)
        held = min((debt.held * amount / debt.amount).quantize(CENT, ROUND_UP), amount)
        rest = debt.amount - amount
        return [part(amount, held, True), part(rest, min(max(debt.held - held, ZERO), rest), False)]

    @api.model
    def _rewarded_items(self, items):
        """Ids of the items in a running arrangement of which an instalment is paid."""
        covers = self.env["followup.cover"].search(
            [
                ("item_id", "in", items.ids),
                ("kind", "=", "arrangement"),
                ("live", "=", True),
                ("arrangement_id.state", "=", "active"),
            ]
        )
        paid = covers.arrangement_id.instalment_ids.filtered(lambda part: part.state == "paid").arrangement_id
        return set(covers.filtered(lambda cover: cover.arrangement_id in paid).item_id.ids)

    @api.model
    def _follow_suspensions(self, company, customers, today, suspend=False):
        """Judge the suspensions of these customers; restore what must be restored, and suspend what may be.

        Reads for all of them together, and writes one by one only what changes.

        :param customers: `followup.customer` whose rows are locked
        :param suspend: False: only restore, postpone and cancel (a payment, an opened screen)
        """
        domain = fields.Domain("state", "in", LIVE)
        if suspend:
            # A restored one matters while the items that caused it are open again.
            domain |= fields.Domain("state", "=", "restored") & fields.Domain("item_ids.is_open", "=", True)
        # The live one first; of what was restored and is owed again, the last announcement counts.
        episodes = (
            self.env["followup.suspension"]
            .search(fields.Domain("customer_id", "in", customers.ids) & domain, order="id desc")
            .sorted(lambda episode: episode.state == "restored")
        )
        if not episodes:
            return
        facts = self._service_facts(company, episodes, today)
        rules = self._suspension_rules(company, today)
        inside = company._followup_live_partners(episodes.customer_id.partner_id)
        now = company._followup_now()
        # The legal calendar, also for a company that writes on any day: nobody would be there to restore a service.
        hour, working = now.hour + now.minute / 60, functools.cache(is_working_day)
        judged = asked = self.env["followup.suspension"]
        for episode in episodes:
            if episode.state == "suspended":
                self._follow_suspended(episode, facts[episode.id], rules, today)
                continue
            if not self._is_judged(episode, today):
                continue
            live = rules.live and episode.customer_id.partner_id in inside
            verdict = suspension.judge(facts[episode.id], replace(rules, live=live), today, hour, working)
            go = suspend and verdict.may_suspend
            if episode.state != "restored" or go:
                judged += episode
                asked += episode if episode.ready else asked.browse()
                self._note_verdict(episode, verdict)
            if go:
                episode._suspend()
                rules = self._suspension_rules(company, today)
        judged.with_context(tracking_disable=True).judged_date = fields.Datetime.now()
        ready = judged.filtered("ready")
        ready._ask_approval()
        (asked - ready)._ask_no_more()

    @api.model
    def _follow_suspended(self, episode, facts, rules, today):
        overdue = float(sum(debt.free for debt in facts.debts if debt.due_date < today))
        if episode.currency_id.compare_amounts(overdue, episode.amount_overdue):
            episode.amount_overdue = overdue
        if not episode.by_hand and episode.notice_id.state != "delivered":
            # Also when something kept it from being restored at the moment of the bounce.
            episode._restore(self.env._("the notice that announced it came back"))
            return
        reason = suspension.restore(facts, rules, today)
        if reason:
            # Nobody pays for the reconnection of what he disputed with success.
            episode._restore(self._explain_restore(reason), fee=reason != "disputed")

    @api.model
    def _is_judged(self, episode, today):
        """Whether an announced, postponed or restored one is judged; ends what is over."""
        if episode.state == "postponed" and episode.postponed_until < today:
            episode._go("announced", postponed_until=False)
        if episode.state in ("announced", "postponed"):
            if any(item.is_open for item in episode.item_ids):
                return True
            episode._cancel(self.env._("what was announced is paid"))
            return False
        # A person's word stands, also about what was announced earlier, and a service has one suspension at a time.
        decided = episode.service_id.suspension_ids.filtered("lifted_by")
        return not (episode.by_hand or episode.service_id.suspension_id or max(decided.ids, default=0) >= episode.id)

    @api.model
    def _note_verdict(self, episode, verdict):
        """Keep each condition with its answer, and whether only a person is missing."""
        conditions = [
            {"code": condition.code, "ok": condition.ok, "detail": condition.detail} for condition in verdict.conditions
        ]
        missing = {condition.code for condition in verdict.conditions if not condition.ok}
        values = {
            "conditions": conditions,
            "ready": verdict.ready and "approved" in missing and episode.state == "announced",
            "earliest": verdict.earliest or False,
            "amount_overdue": float(verdict.overdue),
        }
        changed = {name: value for name, value in values.items() if episode[name] != value}
        if changed:
            episode.with_context(tracking_disable=True).write(changed)

    @api.model
    def _cron_suspend(self):
        """Within the hours of each company: suspend what was approved and fulfils every condition. Safe to run twice."""
        for company in self.env["res.company"].sudo().search([("parent_id", "=", False)]):
            if self.env["followup.restore"]._stands_still(company):
                continue  # perhaps he paid since the backup that was restored
            today = company._followup_today()
            episodes = self.env["followup.suspension"].search(
                [
                    ("company_id", "=", company.id),
                    "|",
                    ("state", "in", ("announced", "postponed", "suspended")),
                    "&",
                    ("state", "=", "restored"),
                    ("item_ids.is_open", "=", True),
                ]
            )
            for ids in split_every(BATCH, episodes.customer_id.ids):
                try:
                    locked = self.env["followup.customer"].browse(ids).try_lock_for_update(allow_referencing=True)
                    self._suspend_safely(company, locked, today)
                    self.env["ir.cron"]._commit_progress(len(ids))
                except psycopg2.OperationalError as error:
                    self.env.cr.rollback()
                    self.env.invalidate_all()
                    _logger.info("Suspensions of %s wait for the next pass: %s", company.name, error)

    @api.model
    def _suspend_safely(self, company, customers, today):
        """A batch together; when one has a bad server action or subscription, each customer by himself."""
        try:
            with self.env.cr.savepoint():
                self._follow_suspensions(company, customers, today, suspend=True)
            return
        except psycopg2.OperationalError:
            raise
        except Exception:  # noqa: BLE001
            self.env.invalidate_all()
        for customer in customers:
            try:
                with self.env.cr.savepoint():
                    self._follow_suspensions(company, customer, today, suspend=True)
            except psycopg2.OperationalError:
                raise
            except Exception as error:
                self.env.invalidate_all()
                _logger.info("Suspensions of customer %s failed", customer.id, exc_info=True)
                customer._report_failure(self.env._("A suspension could not be carried out: %s", str(error)))

    # Words

    @api.model
    def _explain_restore(self, code):
        return {
            "paid": self.env._("paid"),
            "below_threshold": self.env._("what is left is below the threshold"),
            "arranged": self.env._("the first instalment of the arrangement is paid"),
            "disputed": self.env._("what is left is disputed or held"),
        }.get(code, code)

    @api.model
    def _explain_conditions(self, conditions):
        """Each condition with its answer, a line each."""
        names = {
            "announced": self.env._("a notice that announced it was delivered"),
            "deadline": self.env._("the deadline of the notice has passed"),
            "clause": self.env._("a suspension clause was accepted, or a person confirmed that it is proportionate"),
            "owed": self.env._("what was announced is still overdue"),
            "amount": self.env._("the amount for this service is large enough"),
            "not_held": self.env._("not disputed, promised, arranged or on hold"),
            "credits": self.env._("no unallocated money covers it"),
            "bank_data": self.env._("the bank data are fresh"),
            "not_paid_ahead": self.env._("the service is not paid ahead"),
            "not_essential": self.env._("the service is not essential"),
            "not_exempt": self.env._("the service is not exempt"),
            "not_postponed": self.env._("not postponed"),
            "not_insolvent": self.env._("the customer is not insolvent"),
            "working_day": self.env._("a working day that is not the eve of a day off"),
            "hour": self.env._("within the hours"),
            "cap": self.env._("under the daily cap"),
            "live": self.env._("live mode, no pause"),
            "approved": self.env._("approved by a person"),
        }
        lines = []
        for row in conditions or ():
            detail = row.get("detail") or ""
            if len(detail) == 10 and detail[4:5] == "-":
                detail = format_date(self.env, detail)
            mark = "\u2713" if row["ok"] else "\u2717"
            lines.append(f"{mark} {names.get(row['code'], row['code'])}{f' ({detail})' if detail else ''}")
        return "\n".join(lines)
