from datetime import date

from odoo import Command
from odoo.addons.l10n_be_followup.tests.suspension_common import BridgeCommon


class ContractCommon(BridgeCommon):
    """Contracts of the real OCA add-on."""

    @classmethod
    def make_contract(cls, name="Hosting zoetebrood.example", lines=None, **values):
        post_paid = values.get("recurring_invoicing_type") == "post-paid"
        next_date = date(2026, 12, 1) if post_paid else date(2026, 11, 1)
        # What the form passes on to the lines of a contract that recurs as a whole.
        own = {"recurring_next_date": next_date}
        own |= {name: values[name] for name in ("recurring_rule_type", "recurring_invoicing_type") if name in values}
        return cls.env["contract.contract"].create(
            {
                "name": name,
                "partner_id": cls.business.id,
                "company_id": cls.company.id,
                "date_start": date(2026, 11, 1),
                "recurring_next_date": next_date,
                "line_recurrence": False,
                "recurring_rule_type": "monthly",
                "recurring_interval": 1,
                "recurring_invoicing_type": "pre-paid",
                **values,
                "contract_line_ids": [Command.create(cls.contract_line(**{**own, **line})) for line in (lines or [{}])],
            }
        )

    @classmethod
    def contract_line(cls, **values):
        return {
            "product_id": cls.hosting.id,
            "name": "Hosting #START# - #END#",
            "quantity": 1,
            "specific_price": 100,
            "date_start": date(2026, 11, 1),
            **values,
        }

    def cron(self, day):
        """A night of contract's own cron: the invoices it made, posted."""
        before = self.env["account.move"].search([])
        with self.at(day):
            self.env["contract.contract"].cron_recurring_create_invoice()
            moves = self.env["account.move"].search([]) - before
            moves.action_post()
        return moves.sorted("id")
