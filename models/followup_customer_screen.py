from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .followup_level import KINDS

#: Columns of the board, over all policies. The digit keeps them in the order of the ladder where PostgreSQL sorts
#: them as text.
STAGES = [("0_none", "No notice yet")] + [(f"{place}_{kind}", label) for place, (kind, label) in enumerate(KINDS, 1)]
#: Bands of the overdue amount, in company currency: the lower bound belongs to the band.
AMOUNT_BANDS = [
    ("0", "Nothing overdue"),
    ("1", "Below 100"),
    ("2", "100 to 1,000"),
    ("3", "1,000 to 5,000"),
    ("4", "5,000 and more"),
]
_AMOUNT_BOUNDS = (100, 1000, 5000)
#: Bands of the oldest due date, in days late; the same as the columns of the ageing.
AGE_BANDS = [
    ("0", "Nothing overdue"),
    ("1", "1-30 days late"),
    ("2", "31-60 days late"),
    ("3", "61-90 days late"),
    ("4", "Over 90 days late"),
]
_AGE_BOUNDS = (31, 61, 91)


class FollowupCustomer(models.Model):
    """What boards, filters and groups need to know of customers: computed where it is asked, nothing stored.

    The three bands have an SQL expression of their own, so that PostgreSQL filters, groups and sums them without
    reading a customer.
    """

    _inherit = "followup.customer"

    level_kind = fields.Selection(related="level_id.kind", string="Kind of Level")
    stage = fields.Selection(
        STAGES,
        compute="_compute_stage",
        search="_search_stage",
        group_expand=True,
        help="Kind of the highest level that was delivered, whatever the policy.",
    )
    amount_band = fields.Selection(
        AMOUNT_BANDS,
        "Overdue Amount Band",
        compute="_compute_amount_band",
        search="_search_amount_band",
        help="What is overdue, in company currency.",
    )
    age_band = fields.Selection(
        AGE_BANDS,
        "Age of the Oldest",
        compute="_compute_age_band",
        search="_search_age_band",
        help="How late the oldest open item is.",
    )

    @api.depends("level_id")
    def _compute_stage(self):
        stage_of = {key.partition("_")[2]: key for key, _label in STAGES}
        for customer in self:
            customer.stage = stage_of[customer.level_id.kind or "none"]

    @api.depends("amount_overdue")
    def _compute_amount_band(self):
        for customer in self:
            amount = customer.amount_overdue
            customer.amount_band = str(1 + sum(amount >= bound for bound in _AMOUNT_BOUNDS)) if amount > 0 else "0"

    @api.depends("oldest_date")
    def _compute_age_band(self):
        today = self.env.company._followup_today()
        for customer in self:
            late = (today - customer.oldest_date).days if customer.oldest_date else 0
            customer.age_band = str(1 + sum(late >= bound for bound in _AGE_BOUNDS)) if late > 0 else "0"

    def _search_stage(self, operator, value):
        if operator != "in":
            return NotImplemented
        kinds = [str(key).partition("_")[2] for key in value if key]
        domain = fields.Domain("level_id.kind", "in", kinds)
        return domain | fields.Domain("level_id", "=", False) if "none" in kinds else domain

    def _search_amount_band(self, operator, value):
        if operator != "in":
            return NotImplemented
        edges = (None, *_AMOUNT_BOUNDS, None)
        domains = []
        for band in value:
            if band == "0":
                domains.append(fields.Domain("amount_overdue", "<=", 0) | fields.Domain("amount_overdue", "=", False))
            elif band:
                low, high = edges[int(band) - 1], edges[int(band)]
                domain = fields.Domain("amount_overdue", ">=", low) if low else fields.Domain("amount_overdue", ">", 0)
                domains.append(domain & fields.Domain("amount_overdue", "<", high) if high else domain)
        return fields.Domain.OR(domains)

    def _search_age_band(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = self.env.company._followup_today()
        # An item that is n days late was due n days ago.
        edges = (1, *_AGE_BOUNDS, None)
        domains = []
        for band in value:
            if band == "0":
                domains.append(fields.Domain("oldest_date", "=", False) | fields.Domain("oldest_date", ">=", today))
            elif band:
                low, high = edges[int(band) - 1], edges[int(band)]
                domain = fields.Domain("oldest_date", "<=", today - timedelta(days=low))
                domains.append(
                    domain & fields.Domain("oldest_date", ">", today - timedelta(days=high)) if high else domain
                )
        return fields.Domain.OR(domains)

    def _field_to_sql(self, alias, field_expr, query=None):
        """EXTENDS base: the bands as SQL, for groups and sums."""
        if field_expr == "stage":
            kind = self._field_to_sql(alias, "level_kind", query)
            rows = SQL(" ").join(SQL("WHEN %s THEN %s", key.partition("_")[2], key) for key, _label in STAGES[1:])
            return SQL("CASE %s %s ELSE '0_none' END", kind, rows)
        if field_expr == "amount_band":
            amount = self._field_to_sql(alias, "amount_overdue", query)
            return self._band_sql(amount, _AMOUNT_BOUNDS)
        if field_expr == "age_band":
            oldest = self._field_to_sql(alias, "oldest_date", query)
            return self._band_sql(SQL("(%s::date - %s)", self.env.company._followup_today(), oldest), _AGE_BOUNDS)
        return super()._field_to_sql(alias, field_expr, query)

    @api.model
    def _band_sql(self, value, bounds):
        """Which band an amount or a number of days is in: 0 when it is not positive, else 1 and one more a bound."""
        return SQL(
            "CASE WHEN COALESCE(%(value)s, 0) <= 0 THEN '0' ELSE (1 + width_bucket(%(value)s, %(bounds)s))::text END",
            value=SQL("(%s)::numeric", value),
            bounds=SQL("ARRAY[%s]::numeric[]", SQL(", ").join(SQL("%s", bound) for bound in bounds)),
        )

    def _web_read_group_format(self, groupby, aggregates, groups):
        """EXTENDS web: empty columns of the board are folded; they take no room and can still be opened."""
        result = super()._web_read_group_format(groupby, aggregates, groups)
        if self._web_read_group_field_expand(groupby) and "__count" in aggregates:
            for group in result:
                group.setdefault("__fold", not group["__count"])
        return result
