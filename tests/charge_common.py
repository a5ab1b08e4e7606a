from datetime import date

from .common import FollowupCommon


class ChargeCommon(FollowupCommon):
    """Charges as a notice makes them, without the ladder: what follows in the books is the story here."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.journal_bank = cls.company_data["default_journal_bank"]

    def claim(self, move=None, amount=40.0, kind="compensation", until=None, partner=None, **values):
        """One claimed charge."""
        move = move or self.invoice(partner=partner, amount=1210.0, due=date(2026, 10, 1))
        self.refreshed(move.partner_id)
        item = self.env["followup.item"].sudo().search([("move_line_id.move_id", "=", move.id)], limit=1)
        return (
            self.env["followup.charge"]
            .sudo()
            .create(
                {
                    "customer_id": self.customer(move.partner_id).id,
                    "company_id": self.company.id,
                    "move_id": move.id,
                    "item_id": item.id,
                    "name": move.name,
                    "kind": kind,
                    "currency_id": move.currency_id.id,
                    "amount": amount,
                    "claimed_until": until,
                    **values,
                }
            )
            .with_env(self.env)
        )

    def claims(self, move=None, interest=12.34, compensation=40.0, partner=None):
        """Interest and compensation of one invoice."""
        move = move or self.invoice(partner=partner, amount=1210.0, due=date(2026, 10, 1))
        return self.claim(move, interest, "interest", date(2026, 11, 18)) + self.claim(move, compensation)

    def receivable(self, move):
        return move.line_ids.filtered(lambda line: line.account_type == "asset_receivable")

    def ledger(self):
        """Income of charges as the general ledger has it, in company currency."""
        lines = self.env["account.move.line"].search(
            [
                ("account_id", "=", self.company._followup_charge_account().id),
                ("parent_state", "=", "posted"),
                ("company_id", "child_of", self.company.id),
            ]
        )
        return self.company.currency_id.round(-sum(lines.mapped("balance")))
