from odoo import fields, models


class AccountMoveLine(models.Model):
    """The income line of a charge: at most one debit note for each, whatever runs at the same time."""

    _inherit = "account.move.line"

    followup_charge_id = fields.Many2one(
        "followup.charge",
        "Charge",
        readonly=True,
        copy=False,
        ondelete="restrict",
        index="btree_not_null",
        help="Posted by this line.",
    )
    followup_credited_charge_id = fields.Many2one(
        "followup.charge",
        "Charge Taken Back",
        readonly=True,
        copy=False,
        ondelete="restrict",
        index="btree_not_null",
        help="Reversed, for all or a part, by this line.",
    )

    # The database itself refuses a second debit note for a charge.
    _followup_charge_once = models.UniqueIndex(
        "(followup_charge_id) WHERE followup_charge_id IS NOT NULL", "This charge was posted already."
    )

    def _get_computed_taxes(self):
        # EXTENDS account: damages stand outside VAT, whatever the account, the journal or the fiscal position say
        if self.move_id.followup_charge_note:
            return self.env["account.tax"]
        return super()._get_computed_taxes()

    def _copy_data_extend_business_fields(self, values):
        # EXTENDS account: a credit note knows which charges it takes back; an ordinary copy does not
        if "move_reverse_cancel" in self.env.context and self.followup_charge_id:
            values["followup_credited_charge_id"] = self.followup_charge_id.id
        return super()._copy_data_extend_business_fields(values)
