import dataclasses
import hashlib
from datetime import date, timedelta

from odoo import api, models
from odoo.tools import SQL

from ..engine import idle

#: Steps on which an answer depends. An add-on that changes one of them extends `_idle_key` too, or nobody is skipped.
_STEPS = ("_select", "_settings", "_policy_finder", "_pure_policy", "_decide", "_apply", "_customer_state")
#: Steps by which a message is decided again just before it leaves.
_AGAIN = ("_decide_for_notice", "_decide_for_letters", "_notice_values", "_claims_of")


class FollowupEngine(models.AbstractModel):
    """Customers that a night skips, because it would decide them exactly as they were decided last."""

    _inherit = "followup.engine"

    @api.model
    def _idle_customers(self, company, customer_ids, today):
        """Which of these customers the run of `today` need not look at.

        Never anybody of whom a row was written since, whose day has come, for whom something is under way that moves
        by itself, or who lacks a next step.

        :rtype: set of ids
        """
        if not self._may_skip():
            return set()
        key = self._idle_key(company, today)
        idle_ids = idle.idle(self.env, customer_ids, company.id, key, self._busy_conditions(), today)
        items = self.env["followup.item"]
        if idle_ids:
            idle_ids -= set(items.browse(items._stuck_ids(customer_ids=idle_ids)).customer_id.ids)
            idle.still_hold(self.env, idle_ids, today)
        return idle_ids

    @api.model
    def _may_skip(self):
        """Whether everything that decides is known here, or vouched for by the add-on that changes it."""
        vouched = self._authors("_idle_key")  # the first of them is this add-on
        return all(self._authors(name) <= vouched for name in _STEPS)

    @api.model
    def _authors(self, name):
        """Add-ons that define or extend a method of this model."""
        return {cls._module for cls in type(self).mro() if name in vars(cls) and getattr(cls, "_module", None)}

    @api.model
    def _stands_on(self, company, customers):
        """On what the decisions about these customers stand at this moment: `engine.idle.standing`.

        :return: dict customer id -> text; empty where another add-on decides on facts that are not known here
        """
        if any(len(self._authors(name)) > 1 for name in (*_STEPS, *_AGAIN, "_idle_key")):
            return {}
        return idle.standing(self.env, customers.ids, company._followup_root().id, self._busy_conditions())

    @api.model
    def _busy_conditions(self):
        """Of whom every night is about: SQL conditions on `customer`, a row of `followup_customer`.

        Extend it with what moves by itself, or is done by the night, in a table of your own.
        """
        return list(idle.BUSY)

    @api.model
    def _watched_domains(self, company):
        """Conditions on customers that an answer depends on, whatever they are made of."""
        return [policy._customer_domain() for policy in self._policies(company)]

    @api.model
    def _idle_key(self, company, today):
        """A text that changes with every setting, policy and matching customer. Extend it with what you decide on.

        What belongs to a customer, his invoices and notices is watched row by row (`engine.idle`).
        """
        settings = self._settings(company, today)
        newest = settings.newest_bank_data
        if newest and newest >= today - timedelta(days=settings.freshness_days):
            newest = date.max  # fresh: the day itself makes no difference
        policies = self._policies(company)
        everybody = self.env["res.partner"].with_company(company).with_context(active_test=False)
        partners = (
            self.env["followup.customer"]
            .with_context(active_test=False)
            ._search([("company_id", "=", company.id)])
            .subselect("partner_id")
        )
        matching = [
            sorted(everybody._search([("id", "in", partners), *domain])) if domain else None
            for domain in self._watched_domains(company)
        ]
        [[defaults]] = self.env.execute_query(
            SQL("SELECT json_agg(json_build_array(id, ctid::text, xmin::text) ORDER BY id) FROM ir_default")
        )
        facts = (
            dataclasses.replace(settings, newest_bank_data=newest),
            [(policy.regime, self._pure_policy(policy)) for policy in policies],
            matching,
            defaults,
            company._followup_is_working_day(today),
            company.currency_id.id,
        )
        return hashlib.sha256(repr(facts).encode()).hexdigest()

    @api.model
    def _remember_decided(self, company, customers, today):
        """The last step of a batch: what was decided holds until something changes."""
        if self._may_skip():
            idle.remember(self.env, customers.ids, company.id, self._idle_key(company, today), self._busy_conditions())
