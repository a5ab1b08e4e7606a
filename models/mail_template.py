from odoo import api, models
from odoo.exceptions import UserError

from .followup_notice_agreement import TEMPLATES


class MailTemplate(models.Model):
    """The words of follow-up are not deleted as long as something is sent with them."""

    _inherit = "mail.template"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_followup(self):
        levels = self.env["followup.level"].sudo().with_context(active_test=False)
        for level in levels.search([("template_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._(
                    "The template %(template)s cannot be deleted: the level %(level)s of the policy %(policy)s writes with "
                    "it. Choose another template on the level first.",
                    template=level.template_id.name,
                    level=level.name,
                    policy=level.policy_id.name,
                )
            )
        shipped = {self.env.ref(name, raise_if_not_found=False) for name in TEMPLATES.values()}
        for template in self.filtered(lambda template: template in shipped):
            raise UserError(
                self.env._(
                    "The template %s cannot be deleted: messages about arrangements, promises, disputes, services and calls "
                    "are written with it. Change its words instead.",
                    template.name,
                )
            )
