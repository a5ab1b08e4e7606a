from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

#: Reasons that are a step, or end by themselves. What fell due before the cut-off date was left to others.
_STEPS = (
    "notice_under_way", "notice_open", "payment_in_progress", "bank_data_old", "minimum_amount", "max_contacts",
    "before_cutoff", "not_overdue", "handed_over",
)  # fmt: skip
#: Tasks that are a next step of their customer.
_TASKS = (
    "l10n_be_followup.mail_activity_type_no_step",
    "l10n_be_followup.mail_activity_type_problem",
    "l10n_be_followup.mail_activity_type_call",
)


class FollowupItem(models.Model):
    """Overdue items without a next step: nobody would ever look at them again."""

    _inherit = "followup.item"

    no_step = fields.Boolean(
        "Without a next step",
        compute="_compute_no_step",
        search="_search_no_step",
        help="Overdue, with neither a next level, nor a hold with an end, nor a task for somebody.",
    )

    def _compute_no_step(self):
        stuck = set(self._stuck_ids(self.ids)) if self.ids else set()
        for item in self:
            item.no_step = item._origin.id in stuck

    def _search_no_step(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = fields.Domain("id", "in", self._stuck_ids())
        return domain if True in value else ~domain

    @api.model
    def _stuck_ids(self, ids=None, customer_ids=None):
        """Ids of overdue items without a next step, in one query."""
        for name in ("followup.item", "followup.customer", "followup.handover.line", "mail.activity"):
            self.env[name].flush_model()
        kinds = [self.env.ref(name).id for name in _TASKS]
        rows = self.env.execute_query(
            SQL(
                """SELECT item.id
                     FROM followup_item item
                     JOIN res_company company ON company.id = item.company_id
                    WHERE item.is_open AND item.next_date IS NULL AND item.reasons IS NOT NULL
                      AND item.date_maturity <
                          (now() AT TIME ZONE COALESCE(company.followup_tz, 'Europe/Brussels'))::date
                      AND NOT jsonb_path_exists(item.reasons, '$[*].code ? (@ == %(steps)s)')
                      AND %(ids)s AND %(customers)s
                      AND NOT EXISTS (SELECT FROM mail_activity activity
                                       WHERE activity.res_model = 'followup.customer'
                                         AND activity.res_id = item.customer_id
                                         AND activity.active AND activity.activity_type_id = ANY(%(kinds)s))
                      AND NOT EXISTS (SELECT FROM followup_handover_line handed
                                        JOIN followup_handover handover ON handover.id = handed.handover_id
                                       WHERE handed.item_id = item.id AND handed.live
                                         AND handover.state <> 'closed')""",
                steps=SQL(" || @ == ".join(f'"{code}"' for code in _STEPS)),
                ids=SQL("TRUE") if ids is None else SQL("item.id = ANY(%s)", list(ids)),
                customers=SQL("TRUE")
                if customer_ids is None
                else SQL("item.customer_id = ANY(%s)", list(customer_ids)),
                kinds=kinds,
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _plan_decisions(self, company, customers, today):
        """One task for each customer with an overdue item that would otherwise be forgotten."""
        self.env["followup.engine"]._propose_handovers(company, customers, today)
        stuck = self.browse(self._stuck_ids(customer_ids=customers.ids))
        kind = self.env.ref("l10n_be_followup.mail_activity_type_no_step")
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create(
            [
                {
                    "activity_type_id": kind.id,
                    "summary": kind.summary,
                    "automated": True,
                    "note": "; ".join(
                        dict.fromkeys(f"{item.move_id.name or item.display_name}: {item.why}" for item in items[:10])
                    ),
                    "date_deadline": today + timedelta(days=7),
                    "res_model_id": self.env["ir.model"]._get_id(customers._name),
                    "res_id": customer.id,
                    "user_id": (customer.responsible_id or customer._default_responsible()).id,
                }
                for customer, items in stuck.grouped("customer_id").items()
            ]
        )
