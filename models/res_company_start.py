from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.safe_eval import safe_eval


class ResCompany(models.Model):
    """Live mode can begin with some customers: the others stay in safe mode, their notices wait for a person."""

    _inherit = "res.company"

    followup_live_domain = fields.Char(
        "Live for",
        help="Condition on the customer. Live mode holds for these customers only; what is prepared for the others waits "
        "for a person. Empty: for all.",
    )

    @api.constrains("followup_live_domain")
    def _check_followup_live_domain(self):
        for company in self:
            try:
                self.env["res.partner"]._search(company._followup_segment() or [], limit=1)
            except Exception as error:
                raise ValidationError(
                    self.env._(
                        "%(company)s: the customers with whom live mode begins cannot be read (%(error)s). Choose them "
                        "again with the editor.",
                        company=company.name,
                        error=error,
                    )
                ) from error

    def _followup_segment(self):
        """The condition on customers of live mode; None: all customers.

        :rtype: list | None
        """
        self.ensure_one()
        text = self.env.context.get("followup_as_if_segment", self.followup_live_domain)
        domain = safe_eval(text or "[]", {"uid": self.env.uid})
        if not isinstance(domain, (list, tuple)):
            raise UserError(self.env._("a list of conditions was expected"))
        return list(domain) or None

    def _followup_live_partners(self, partners):
        """The partners of these with whom follow-up is live, in one query.

        :param partners: commercial partners, at most a batch
        """
        root = self._followup_root()
        if not (root.followup_live or "followup_as_if_segment" in self.env.context):
            return partners.browse()
        domain = root._followup_segment()
        if domain is None or not partners:
            return partners
        inside = set(
            self.env["res.partner"]
            .sudo()
            .with_company(root)
            .with_context(active_test=False)
            ._search([("id", "in", partners.ids), *domain])
        )
        return partners.filtered(lambda partner: partner.id in inside)
