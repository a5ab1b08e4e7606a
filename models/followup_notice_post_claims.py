from odoo import models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html


class FollowupNotice(models.Model):
    """A delivered message whose level says so puts what it claimed in the books: a person approved it."""

    _inherit = "followup.notice"

    def _follow_delivery(self):
        # EXTENDS followup.notice
        result = super()._follow_delivery()
        for notice in self:
            if notice.level_id.post_charges and notice.approved_by:
                notice._post_claims()
        return result

    def _post_claims(self):
        """Post what this message claimed, in the name of who approved it. What fails becomes a task."""
        self.ensure_one()
        charges = (
            self.env["followup.charge"].sudo().search([("notice_id", "=", self.id), ("state", "=", "claimed")])
        ).filtered("amount")
        if not charges:
            return
        user = self.approved_by
        context = {"allowed_company_ids": user.company_ids.ids}
        try:
            with self.env.cr.savepoint():
                charges.with_user(user).with_context(**context)._post_to_books()
        except UserError as error:
            self.env.invalidate_all()
            self.customer_id.sudo().activity_schedule(
                "l10n_be_followup.mail_activity_type_charges",
                summary=self.env._("Charges could not be posted"),
                note=plaintext2html(str(error)),
                user_id=user.id,
            )
