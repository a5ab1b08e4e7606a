from odoo import fields, models

KINDS = [
    ("promise", "Pays on a day"),
    ("dispute", "Does not agree"),
    ("instalments", "Asks for instalments"),
    ("paid", "Has paid already"),
]


class FollowupNoticeAnswer(models.Model):
    """What a customer answered through the link in a message: once a kind, and kept as he wrote it."""

    _name = "followup.notice.answer"
    _description = "Answer of a Customer"
    _order = "id desc"

    notice_id = fields.Many2one("followup.notice", required=True, readonly=True, ondelete="cascade", index=True)
    customer_id = fields.Many2one(related="notice_id.customer_id")
    company_id = fields.Many2one(related="notice_id.company_id", store=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    date = fields.Date(readonly=True, help="The day on which he pays, or says that he paid.")
    amount = fields.Float(readonly=True, digits=(16, 2), help="Only when the customer named one.")
    text = fields.Text(readonly=True)
    address = fields.Char("From Address", readonly=True, help="Internet address from which it was answered.")
    result = fields.Char(readonly=True, help="What was made of it: promise, dispute or hold.")

    # A double click, or the same link opened twice: once is enough.
    _once = models.UniqueIndex("(notice_id, kind)", "You told us this already. Thank you.")
