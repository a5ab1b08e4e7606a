from odoo import models


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _build_wkhtmltopdf_args(
        self, paperformat_id, landscape, specific_paperformat_args=None, set_viewport_size=False
    ):
        # EXTENDS base: letters lay themselves out before the page has loaded, so there is nothing to wait for
        arguments = super()._build_wkhtmltopdf_args(
            paperformat_id, landscape, specific_paperformat_args, set_viewport_size
        )
        if self.env.context.get("followup_letters") and "--javascript-delay" in arguments:
            arguments[arguments.index("--javascript-delay") + 1] = "0"
        return arguments
