from odoo import api, fields, models
from odoo.exceptions import UserError


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

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS account: posting a charge is for who works with charges, whatever form the request has
        if any(vals.get("followup_charge_id") for vals in vals_list):
            self.env["followup.charge"].browse()._check_user()
        return super().create(vals_list)

    def write(self, vals):
        # EXTENDS account: which charge a line posts or takes back is a fact of the books
        if not self.env.su and {"followup_charge_id", "followup_credited_charge_id"} & vals.keys():
            raise UserError(
                self.env._("The charge of a journal item is noted by posting and reversing it, never by hand.")
            )
        return super().write(vals)

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
