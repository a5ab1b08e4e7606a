from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    followup_period_end = fields.Date(
        "Last Day Invoiced",
        copy=False,
        readonly=True,
        help="The last day of service that this line is for, when known.",
    )
    followup_service_id = fields.Many2one(
        "followup.service",
        "Service",
        index="btree_not_null",
        copy=False,
        ondelete="set null",
        help="The service that this line is for. Empty: found by the product, when the customer has one service with it.",
    )
