from odoo import api, fields, models


class AccountMove(models.Model):
    """How long an invoice can be claimed."""

    _inherit = "account.move"

    followup_limitation = fields.Selection(
        [("general", "10 years"), ("periodic", "5 years"), ("goods", "1 year")],
        "Limitation",
        copy=False,
        help="Ten years in general; five for what falls due periodically, energy, water and telecom; one for goods that a "
        "trader sells to a private person. Empty: decided from the invoice.",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_limitation_date = fields.Date(
        "Claim Until",
        compute="_compute_followup_limitation_date",
        help="The last day on which it can be claimed in court; with instalments the first of them.",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_interruption_ids = fields.One2many(
        "followup.interruption",
        "move_id",
        "Interruptions",
        groups="account.group_account_invoice,account.group_account_readonly",
    )

    @api.depends("followup_limitation", "followup_interruption_ids")
    def _compute_followup_limitation_date(self):
        items = (
            self.env["followup.item"]
            .sudo()
            .search(
                [("move_line_id.move_id", "in", self.ids), ("is_open", "=", True), ("limitation_date", "!=", False)]
            )
        )
        by_move = items.grouped(lambda item: item.move_line_id.move_id.id)
        for move in self:
            dates = by_move.get(move._origin.id, items.browse()).mapped("limitation_date")
            move.followup_limitation_date = min(dates) if dates else False

    def write(self, vals):
        """EXTENDS account"""
        result = super().write(vals)
        if "followup_limitation" in vals:
            self.env["followup.engine"].sudo()._note_limitations_of(self.filtered(lambda move: move.state == "posted"))
        return result
