import logging
from datetime import timedelta

import psycopg2
from odoo import api, models
from odoo.tools import format_date

from ..engine import limitation

_logger = logging.getLogger(__name__)
TASK = "l10n_be_followup.mail_activity_type_limitation"


class FollowupEngine(models.AbstractModel):
    """Limitation of open items: noted each night and when a customer is touched, warned of once."""

    _inherit = "followup.engine"

    @api.model
    def _begin_night(self, company, today):
        # EXTENDS l10n_be_followup: no conflict about a warning may cost a night of reminders
        result = super()._begin_night(company, today)
        if result[1] is None:
            return result  # another process began this night, and notes them
        try:
            with self.env.cr.savepoint():
                self._note_limitations(company)
                self._warn_limitations(company, today)
        except psycopg2.OperationalError as error:
            self.env.invalidate_all()
            _logger.info("The limitations of %s wait for the next night: %s", company.name, error)
        return result

    @api.model
    def _refresh(self, company, partner_ids, today):
        # EXTENDS l10n_be_followup
        result = super()._refresh(company, partner_ids, today)
        self._note_limitations(company._followup_root(), partner_ids)
        return result

    @api.model
    def _note_limitations(self, company, partner_ids=None):
        """Write kind, ground and last day of the limitation of open items; three queries for any number."""
        limitation.note(self.env, company, partner_ids)

    @api.model
    def _note_limitations_of(self, moves):
        for company, same in moves.grouped(lambda move: move.company_id._followup_root()).items():
            self._note_limitations(company, same.commercial_partner_id.ids)

    @api.model
    def _barred_on(self, item):
        # OVERRIDE l10n_be_followup
        return item.limitation_date or None

    @api.model
    def _warn_limitations(self, company, today):
        """One task for each customer with items that come near; each item is warned of once for each last day.

        :return: the customers
        """
        until = today + timedelta(days=company.followup_limitation_days)
        near = self.env["followup.item"].search(
            [("company_id", "=", company.id), ("is_open", "=", True), ("limitation_date", "<=", until)],
            order="limitation_date, id",
        )
        fresh = near.filtered(lambda item: item.limitation_warned != item.limitation_date)
        kind = self.env.ref(TASK)
        for customer, items in near.filtered(lambda item: item.customer_id in fresh.customer_id).grouped(
            "customer_id"
        ).items():  # fmt: skip
            note = self._limitation_note(items)
            planned = customer.activity_ids.filtered(lambda activity: activity.activity_type_id == kind)
            if planned:
                planned[0].note = note
                continue
            customer.with_context(mail_activity_quick_update=True).activity_schedule(
                TASK,
                note=note,
                date_deadline=max(today, min(today + timedelta(days=14), items[0].limitation_date)),
                user_id=(customer.responsible_id or customer._default_responsible()).id,
            )
        for day, items in fresh.grouped("limitation_date").items():
            items.limitation_warned = day
        return fresh.customer_id

    @api.model
    def _limitation_note(self, items):
        return "; ".join(
            self.env._(
                "%(invoice)s can be claimed until %(date)s",
                invoice=item.sudo().move_id.name or item.display_name,
                date=format_date(self.env, item.limitation_date),
            )
            for item in items
        )
