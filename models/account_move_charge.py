from odoo import fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """A debit note of charges: a customer invoice in all but the sale. See docs/accounting.md for the choice."""

    _inherit = "account.move"

    followup_charge_note = fields.Boolean(
        "Note of Charges",
        readonly=True,
        copy=False,
        help="A debit note, or a credit note, for interest and costs of late payment: no sale, no VAT, and it bears no "
        "interest itself.",
    )
    followup_write_off = fields.Boolean("Write-off of a Remainder", readonly=True, copy=False)

    def write(self, vals):
        # EXTENDS account: what an entry stands for is said when it is made
        marks = {"followup_charge_note", "followup_write_off"} & vals.keys()
        if not self.env.su and any(bool(vals[name]) != move[name] for name in marks for move in self):
            raise UserError(
                self.env._("Whether an entry stands for charges or for a write-off is said when it is made: it stays.")
            )
        return super().write(vals)

    def _post(self, soft=True):
        """EXTENDS account: never with tax; and the charges follow."""
        notes = self.filtered("followup_charge_note")
        notes._check_followup_charge_note()
        posted = super()._post(soft)
        self.env["followup.charge"]._sync_books(posted.filtered("followup_charge_note"))
        return posted

    def _check_followup_charge_note(self):
        """:raises UserError: when a note of charges has a tax or a VAT grid"""
        for move in self:
            if any(line.tax_ids or line.tax_tag_ids or line.tax_line_id for line in move.line_ids):
                raise UserError(
                    self.env._(
                        "%s is a note of interest and costs: they stand outside VAT. Take the tax out of its lines.",
                        move.display_name,
                    )
                )

    def _reverse_moves(self, default_values_list=None, cancel=False):
        """EXTENDS account: the credit note of a debit note of charges is one of charges too."""
        defaults = default_values_list or [{} for _move in self]
        for move, values in zip(self, defaults, strict=True):
            if move.followup_charge_note and move.move_type == "out_invoice":
                values["followup_charge_note"] = True
                values["followup_regime"] = move.followup_regime
        return super()._reverse_moves(defaults, cancel)

    def _followup_check_keep(self):
        for move in self.filtered(lambda move: move.followup_charge_note and move.state == "posted"):
            raise UserError(
                self.env._(
                    "%s stands for interest and costs that were posted. It is not changed any more: reverse its charges "
                    "with the button Reverse, which makes a credit note and keeps the reason.",
                    move.display_name,
                )
            )

    def button_draft(self):
        """EXTENDS account: what was posted of charges is reversed, never changed."""
        self._followup_check_keep()
        return super().button_draft()

    def button_cancel(self):
        """EXTENDS account"""
        self._followup_check_keep()
        return super().button_cancel()

    def _need_ubl_cii_xml(self, ubl_cii_format):
        # EXTENDS account_edi_ubl_cii: no invoice in the sense of VAT, so none that goes over Peppol
        return not self.followup_charge_note and super()._need_ubl_cii_xml(ubl_cii_format)

    def action_followup_reverse_charges(self):
        """Reverse the charges of this debit note, with the reason."""
        return self.line_ids.followup_charge_id.action_reverse()

    def _compute_show_reset_to_draft_button(self):
        # EXTENDS account: it would be refused
        result = super()._compute_show_reset_to_draft_button()
        self.filtered("followup_charge_note").show_reset_to_draft_button = False
        return result
