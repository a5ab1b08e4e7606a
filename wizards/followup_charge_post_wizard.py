from odoo import api, fields, models


class FollowupChargePostWizard(models.TransientModel):
    """Put claimed charges in the books: the date, when they are due, and what will be made."""

    _name = "followup.charge.post.wizard"
    _description = "Post Charges"
    _inherit = ["followup.wizard", "analytic.mixin"]

    charge_ids = fields.Many2many("followup.charge", string="Charges", required=True)
    company_id = fields.Many2one("res.company", compute="_compute_company_id")
    date = fields.Date(required=True, default=lambda self: self.env.company._followup_today())
    date_due = fields.Date(
        "Due Date", compute="_compute_date_due", store=True, readonly=False, required=True, precompute=True
    )
    note_count = fields.Integer("Debit Notes", compute="_compute_note_count")
    lock_warning = fields.Char(compute="_compute_lock_warning")
    consumer = fields.Boolean(compute="_compute_note_count")

    @api.depends("charge_ids")
    def _compute_company_id(self):
        for wizard in self:
            wizard.company_id = wizard.charge_ids.company_id[:1] or self.env.company

    @api.depends("date", "charge_ids")
    def _compute_date_due(self):
        for wizard in self:
            company = wizard.charge_ids.company_id[:1] or self.env.company
            wizard.date_due = fields.Date.add(
                wizard.date or company._followup_today(), days=company._followup_charge_days()
            )

    @api.depends("charge_ids")
    def _compute_note_count(self):
        for wizard in self:
            keys = {charge._note_key() for charge in wizard.charge_ids}
            wizard.note_count = len(keys)
            wizard.consumer = any(key[3] == "b2c" for key in keys)

    @api.depends("date", "charge_ids")
    def _compute_lock_warning(self):
        """The date is checked while it is chosen, with the first open one in words."""
        for wizard in self:
            wizard.lock_warning = False
            for company in {charge._note_key()[0] for charge in wizard.charge_ids}:
                first = company._followup_posting_date(company._followup_root().followup_charge_journal_id)
                if wizard.date and wizard.date < first and first > company._followup_today():
                    wizard.lock_warning = self.env._(
                        "The books are closed on that date. The first open date is %s.", first
                    )

    def action_confirm(self):
        """Post, and show the debit notes."""
        self.ensure_one()
        moves = self.charge_ids._post_to_books(self.date, self.date_due, self.analytic_distribution)
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Debit notes"),
            "res_model": "account.move",
            "domain": [("id", "in", moves.ids)],
            "views": [(False, "list"), (False, "form")],
        }
        if len(moves) == 1:
            action |= {"res_id": moves.id, "views": [(False, "form")]}
        return action
