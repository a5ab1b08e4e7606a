from datetime import timedelta

from odoo import api, fields, models


class FollowupItem(models.Model):
    """When an item becomes time-barred."""

    _inherit = "followup.item"

    limitation_date = fields.Date(
        "Claim Until",
        readonly=True,
        help="The last day on which the debt can be claimed in court. A reminder does not interrupt this.",
    )
    limitation_kind = fields.Selection(
        [("general", "10 years"), ("periodic", "5 years"), ("goods", "1 year")], "Limitation", readonly=True
    )
    limitation_why = fields.Char(readonly=True)
    limitation_text = fields.Char("Why This Limitation", compute="_compute_limitation_text")
    limitation_warned = fields.Date(readonly=True, help="The last day for which somebody was warned.")
    limitation_near = fields.Boolean("Comes Near", compute="_compute_limitation_near", search="_search_limitation_near")

    _limitation_idx = models.Index("(company_id, limitation_date) WHERE is_open")

    @api.depends("limitation_why", "limitation_date")
    def _compute_limitation_text(self):
        texts = {
            "chosen": self.env._("chosen on the invoice"),
            "goods": self.env._("goods sold to a private person"),
            "periodic": self.env._("falls due periodically: a contract of regular delivery, or a service"),
            "default": self.env._("the company's setting for everything else"),
            "lawsuit": self.env._("a lawsuit is under way: nothing runs until the judgment"),
            "judgment": self.env._("a judgment gives ten years"),
        }
        for item in self:
            item.limitation_text = texts.get(item.limitation_why, False)

    @api.depends("limitation_date", "is_open")
    def _compute_limitation_near(self):
        for item in self:
            company = item.company_id
            until = company._followup_today() + timedelta(days=company.sudo().followup_limitation_days)
            item.limitation_near = item.is_open and bool(item.limitation_date) and item.limitation_date <= until

    def _search_limitation_near(self, operator, value):
        if operator != "in":
            return NotImplemented
        company = self.env.company._followup_root().sudo()
        until = company._followup_today() + timedelta(days=company.followup_limitation_days)
        domain = fields.Domain("is_open", "=", True) & fields.Domain("limitation_date", "<=", until)
        return domain if True in value else ~domain

    def action_interrupt(self):
        """Note what interrupted the limitation."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Interruption of the limitation"),
            "res_model": "followup.interruption",
            "views": [(self.env.ref("l10n_be_followup.followup_interruption_view_form").id, "form")],
            "target": "new",
            "context": {"default_move_id": self.move_id.id},
        }
