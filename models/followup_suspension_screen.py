from markupsafe import Markup
from odoo import api, fields, models


class FollowupSuspension(models.Model):
    """What the screens of a suspension show and do."""

    _inherit = "followup.suspension"

    conditions_html = fields.Html("Condition by Condition", compute="_compute_conditions_html", sanitize=False)
    open_text = fields.Char(
        "What Is Missing", compute="_compute_open_text", help="The conditions that are not fulfilled yet."
    )
    told_ids = fields.Many2many("followup.notice", compute="_compute_told_ids", string="Told to the Customer")
    event_ids = fields.One2many("followup.service.event", "suspension_id", "Provisioning Events", readonly=True)
    charge_ids = fields.One2many("followup.charge", "suspension_id", "Reconnection Fees", readonly=True)

    @api.depends("conditions")
    @api.depends_context("lang")
    def _compute_conditions_html(self):
        row = Markup(
            '<tr><td class="pe-2"><span class="{style}" role="img" aria-label="{answer}" title="{answer}">{mark}</span></td>'
            "<td>{text}</td></tr>"
        )
        yes, no = self.env._("fulfilled"), self.env._("not fulfilled")
        for suspension in self:
            rows = []
            for line in self.env["followup.engine"]._explain_conditions(suspension.conditions).splitlines():
                mark, text = line[0], line[1:].strip()
                ok = mark == "\u2713"
                style = "text-success fw-bold" if ok else "text-danger fw-bold"
                rows.append(row.format(style=style, mark=mark, text=text, answer=yes if ok else no))
            table = Markup('<table class="o_followup_conditions"><tbody>%s</tbody></table>')
            suspension.conditions_html = table % Markup("").join(rows) if rows else False

    @api.depends("conditions")
    @api.depends_context("lang")
    def _compute_open_text(self):
        for suspension in self:
            missing = [row for row in suspension.conditions or () if not row["ok"]]
            lines = self.env["followup.engine"]._explain_conditions(missing).splitlines()
            suspension.open_text = "; ".join(line[1:].strip() for line in lines) or False

    @api.depends("notice_id", "notice_ids")
    def _compute_told_ids(self):
        for suspension in self:
            suspension.told_ids = suspension.notice_id | suspension.notice_ids

    def action_postpone(self):
        """Wait until a day; asks for the day and the reason."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Postpone"),
            "res_model": "followup.postpone.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_suspension_ids": [fields.Command.set(self.ids)]},
        }

    def action_open_customer(self):
        self.ensure_one()
        return self.service_id.action_open_customer()

    def action_open_service(self):
        self.ensure_one()
        return self.service_id.get_formview_action()

    def _claim_reconnection(self):
        """Once per restoration: the fee for starting a business's service again. A claim, no income until it is posted.

        Never of a consumer, nor of somebody whose invoice shows to have been one's; never twice for one suspension.
        """
        self.ensure_one()
        fee = self.company_id._followup_root().followup_reconnection_fee
        partner = self.customer_id.partner_id.with_company(self.company_id)
        # The invoice itself as well: its item is not kept up any more once it is paid.
        consumer = "b2c" in (
            partner.followup_regime, *self.item_ids.mapped("regime"), *self.item_ids.move_id.mapped("followup_regime")
        )  # fmt: skip
        charges = self.env["followup.charge"].sudo()
        if fee <= 0 or consumer or partner.followup_insolvency:
            return charges
        # A waived one is not claimed again.
        if charges.search_count(
            [("suspension_id", "=", self.id), ("kind", "=", "reconnection"), ("state", "!=", "cancelled")]
        ):
            return charges
        return charges.create(
            {
                "customer_id": self.customer_id.id,
                "company_id": self.company_id.id,
                "suspension_id": self.id,
                "name": self.env._("%(suspension)s: %(service)s", suspension=self.name, service=self.service_id.name),
                "kind": "reconnection",
                "currency_id": self.currency_id.id,
                "amount": fee,
            }
        )

    def _unclaim_reconnection(self):
        """The payment that restored it was taken back: nothing was reconnected for good."""
        charges = self.sudo().charge_ids
        charges.filtered(lambda charge: charge.kind == "reconnection" and charge.state == "claimed")._go("cancelled")
