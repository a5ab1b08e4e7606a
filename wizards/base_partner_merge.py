from odoo import models
from odoo.tools import SQL


class BasePartnerMerge(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        """EXTENDS base: two customers that become one keep one follow-up record, with the history of both."""
        self._merge_followup(src_partners, dst_partner)
        return super()._update_foreign_keys(src_partners, dst_partner)

    def _merge_followup(self, src_partners, dst_partner):
        self.env.flush_all()
        cr = self.env.cr
        cr.execute(
            """SELECT company_id, array_agg(id ORDER BY (partner_id = %s) DESC, id)
                 FROM followup_customer WHERE partner_id = ANY(%s)
             GROUP BY company_id HAVING count(*) > 1""",
            [dst_partner.id, (src_partners | dst_partner).ids],
        )
        for _company_id, (keeper, *others) in cr.fetchall():
            for table in (
                "followup_notice",
                "followup_call",
                "followup_charge",
                "followup_item",
                "followup_hold",
                "followup_run_line",
                "followup_cover",
                "followup_promise",
                "followup_dispute",
                "followup_arrangement",
                "followup_instalment",
                "followup_service",
                "followup_suspension",
                "followup_handover",
                "followup_handover_line",
                "followup_reminder_import_line",
            ):
                cr.execute(
                    SQL(
                        "UPDATE %s SET customer_id = %s WHERE customer_id = ANY(%s)",
                        SQL.identifier(table),
                        keeper,
                        others,
                    )
                )
            cr.execute(
                "UPDATE account_bank_statement_line SET followup_customer_id = %s WHERE followup_customer_id = ANY(%s)",
                [keeper, others],
            )
            documents = (("mail_message", "model"), ("mail_activity", "res_model"), ("ir_attachment", "res_model"))
            for table, model in documents:
                cr.execute(
                    SQL(
                        "UPDATE %s SET res_id = %s WHERE %s = 'followup.customer' AND res_id = ANY(%s)",
                        SQL.identifier(table),
                        keeper,
                        SQL.identifier(model),
                        others,
                    )
                )
            cr.execute(
                "DELETE FROM mail_followers WHERE res_model = 'followup.customer' AND res_id = ANY(%s)", [others]
            )
            cr.execute("DELETE FROM followup_customer WHERE id = ANY(%s)", [others])
        self.env.invalidate_all()
