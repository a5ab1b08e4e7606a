from odoo import api, fields, models

from .followup_level import KINDS

STATUSES = [("ok", "Good"), ("known", "Imported before"), ("skipped", "Left out"), ("error", "Wrong")]


class FollowupReminderImportLine(models.Model):
    """One open item that was reminded elsewhere, or one line of the file that cannot be used.

    It takes its item to a level, as a delivered notice does, but it is no evidence of ours: there is no message, no
    fingerprint and no address. Written by its import only.
    """

    _name = "followup.reminder.import.line"
    _description = "Reminder Sent Elsewhere"
    _order = "import_id desc, status_rank, number, id"
    _rec_name = "name"

    import_id = fields.Many2one(
        "followup.reminder.import", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="import_id.company_id", store=True, index=True)
    number = fields.Integer("Line", readonly=True)
    raw = fields.Json(readonly=True)
    text = fields.Char("As in the File", compute="_compute_text")
    status = fields.Selection(STATUSES, required=True, readonly=True)
    status_rank = fields.Integer(compute="_compute_status_rank", store=True)
    message = fields.Text("What to Do", readonly=True)
    live = fields.Boolean("In Force", readonly=True, help="Imported and not undone: the item stands at this level.")

    item_id = fields.Many2one("followup.item", readonly=True, ondelete="set null", index="btree_not_null")
    customer_id = fields.Many2one(
        "followup.customer", "Follow-up", readonly=True, ondelete="set null", index="btree_not_null"
    )
    partner_id = fields.Many2one(related="customer_id.partner_id", string="Customer")
    move_id = fields.Many2one("account.move", "Invoice", readonly=True, ondelete="set null", index="btree_not_null")
    name = fields.Char("Invoice Number", readonly=True)
    date_maturity = fields.Date("Due Date", readonly=True)
    amount_residual = fields.Monetary("Open Amount", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    episode = fields.Integer(readonly=True)
    level_id = fields.Many2one("followup.level", readonly=True, ondelete="set null")
    level_name = fields.Char(readonly=True)
    level_kind = fields.Selection(KINDS, "Kind", readonly=True)
    date = fields.Date("Last Reminder", readonly=True)
    free_date = fields.Date(
        "Free First Reminder",
        readonly=True,
        help="The day on which the earlier free first reminder to this consumer left, when a person confirmed that it "
        "met article XIX.2.",
    )
    waiting_until = fields.Date("Free of charge until", readonly=True)

    # One earlier reminder per item: the last one says how far it got.
    _once = models.UniqueIndex("(item_id, episode) WHERE live", "This item has an imported reminder already.")

    @api.depends("status")
    def _compute_status_rank(self):
        ranks = {"error": 0, "ok": 1, "known": 2, "skipped": 3}
        for line in self:
            line.status_rank = ranks.get(line.status, 0)

    @api.depends("raw")
    def _compute_text(self):
        for line in self:
            line.text = "; ".join(line.raw or [])

    def action_open_invoice(self):
        self.ensure_one()
        return self.move_id.get_formview_action()
