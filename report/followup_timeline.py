from odoo import api, fields, models
from odoo.tools import SQL

KINDS = [
    ("next_step", "Next step"),
    ("email", "E-mail"),
    ("letter", "Letter"),
    ("sms", "SMS"),
    ("call", "Call"),
    ("bounce", "Returned message"),
    ("answer", "Answer of the customer"),
    ("reminded", "Reminded elsewhere (imported)"),
    ("promise", "Promise"),
    ("dispute", "Dispute"),
    ("arrangement", "Arrangement"),
    ("instalment", "Instalment"),
    ("hold", "Hold"),
    ("payment", "Payment"),
    ("credit_note", "Credit note"),
    ("charge", "Charge"),
    ("suspension", "Suspension"),
]
#: What a row means for who reads it, whatever the record calls it.
STATUSES = [
    ("planned", "Planned"),
    ("open", "Open"),
    ("done", "Done"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
]
#: One record may have several rows: when it began, what it asks for on a day to come, and how it ended.
PHASES = [("start", "Began"), ("due", "Due"), ("end", "Ended")]
#: Room for the kinds of rows in an id: id of the record times this, plus the number of the source.
_SOURCES = 32

_EMPTY = {
    "amount": "NULL::numeric",
    "currency_id": "company.currency_id",
    "moment": "NULL::timestamp",
    "state_key": "NULL::varchar",
    "user_id": "NULL::int",
    "reference": "NULL::varchar",
    "detail": "NULL::varchar",
    "level_id": "NULL::int",
    "phase": "'start'",
}
_COLUMNS = (
    "date", "moment", "kind", "phase", "status", "state_key", "reference", "detail", "level_id", "amount",
    "currency_id", "user_id", "res_model",
)  # fmt: skip


class FollowupTimeline(models.Model):
    """Everything that happened with a customer, and what is planned, in one chronological view.

    A query over the records themselves: nothing is written twice, and one customer is read in one statement.
    """

    _name = "followup.timeline"
    _description = "Timeline of Customers"
    _auto = False
    _order = "date desc, moment desc nulls last, id desc"

    customer_id = fields.Many2one("followup.customer", "Follow-up", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    date = fields.Date("When", readonly=True, help="On the company's calendar.")
    moment = fields.Datetime("Time", readonly=True)
    kind = fields.Selection(KINDS, readonly=True)
    phase = fields.Selection(PHASES, readonly=True)
    status = fields.Selection(STATUSES, readonly=True)
    state_key = fields.Char(readonly=True)
    state_text = fields.Char("State", compute="_compute_texts")
    name = fields.Char("What", compute="_compute_texts")
    reference = fields.Char(readonly=True)
    detail = fields.Char("Details", readonly=True)
    level_id = fields.Many2one("followup.level", readonly=True)
    amount = fields.Monetary(readonly=True, aggregator=None)
    currency_id = fields.Many2one("res.currency", readonly=True)
    user_id = fields.Many2one("res.users", "By", readonly=True)
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", readonly=True)

    @property
    def _table_query(self):
        """All sources in one `UNION ALL`: a condition on the customer reaches the index of each of them."""
        return SQL(" UNION ALL ").join(
            self._source(place, **source) for place, source in enumerate(self._sources(), start=1)
        )

    @api.model
    def _source(self, place, table, where="TRUE", res_id="source.id", model=None, **columns):
        """One `SELECT` of the union.

        :param place: number of the source, part of the ids
        :param table: SQL of the `FROM` clause; must offer `source.id` and `source.customer_id`
        :param columns: SQL of the columns that differ from nothing
        """
        columns = _EMPTY | columns | {"res_model": f"'{model}'"}
        # Written here, never by a user: the parts of the query are constants of this file.
        texts = ", ".join(f"{columns[name]} AS {name}" for name in _COLUMNS)
        return SQL(
            # Constants of this file and of those who extend it, nothing that anybody typed.
            f"""SELECT source.id::bigint * {_SOURCES} + {place} AS id, source.customer_id, customer.partner_id,
                       customer.company_id, {texts}, {res_id} AS res_id
                  FROM {table}
                  JOIN followup_customer customer ON customer.id = source.customer_id
                  JOIN res_company company ON company.id = customer.company_id
                 WHERE {where}""".replace("%", "%%")  # noqa: S608 # pylint: disable=sql-injection
        )

    @api.model
    def _sources(self):
        """The sources of the timeline, in a fixed order: their places are part of the ids. Add yours at the end."""

        def day(moment):
            zone = "COALESCE(company.followup_tz, 'Europe/Brussels')"
            return f"({moment} AT TIME ZONE 'UTC' AT TIME ZONE {zone})::date"

        sent = "COALESCE(source.sent_date, source.bounced_date, source.claim_date)"
        return [
            {
                "model": "followup.notice",
                "table": "followup_notice source LEFT JOIN mail_activity activity ON activity.id = source.activity_id",
                "date": f"COALESCE({day(sent)}, source.delivered_on, activity.date_deadline, "
                f"{day('source.scheduled_date')}, source.prepared_on, {day('source.create_date')})",
                "moment": f"COALESCE({sent}, source.create_date)",
                "kind": "source.channel",
                "status": "CASE WHEN source.state IN ('failed', 'bounced', 'unknown') THEN 'failed' "
                "WHEN source.state = 'cancelled' THEN 'cancelled' WHEN source.state = 'review' THEN 'open' "
                "WHEN source.state IN ('queued', 'sending', 'printed') THEN 'planned' ELSE 'done' END",
                "state_key": "source.state",
                "reference": "source.name",
                "detail": "COALESCE(source.cancel_reason, source.failure, source.subject)",
                "level_id": "source.level_id",
                "amount": "source.amount_total",
                "user_id": "COALESCE(source.approved_by, source.responsible_id)",
            },
            {
                "model": "followup.notice",
                "table": "followup_notice source",
                "where": "source.bounced_date IS NOT NULL",
                "date": day("source.bounced_date"),
                "moment": "source.bounced_date",
                "kind": "'bounce'",
                "status": "'failed'",
                "reference": "source.name",
                "detail": "source.failure",
                "level_id": "source.level_id",
            },
            {
                "model": "followup.notice",
                "table": "(SELECT answer.*, notice.customer_id, notice.name AS notice_name "
                "FROM followup_notice_answer answer JOIN followup_notice notice ON notice.id = answer.notice_id) source",
                "res_id": "source.notice_id",
                "date": day("source.create_date"),
                "moment": "source.create_date",
                "kind": "'answer'",
                "status": "'done'",
                "reference": "source.notice_name",
                "detail": "COALESCE(source.text, source.result)",
                "amount": "NULLIF(source.amount::numeric, 0)",
            },
            {
                "model": "followup.promise",
                "table": "followup_promise source",
                "date": "source.made_on",
                "moment": "source.create_date",
                "kind": "'promise'",
                "status": "CASE source.state WHEN 'active' THEN 'open' WHEN 'broken' THEN 'failed' "
                "WHEN 'cancelled' THEN 'cancelled' ELSE 'done' END",
                "state_key": "source.state",
                "reference": "source.name",
                "detail": "source.note",
                "amount": "source.amount",
                "currency_id": "source.currency_id",
                "user_id": "source.user_id",
            },
            {
                "model": "followup.promise",
                "table": "followup_promise source",
                "where": "source.state = 'active' OR source.closed_on IS NOT NULL",
                "date": "CASE source.state WHEN 'active' THEN source.date ELSE source.closed_on END",
                "kind": "'promise'",
                "phase": "CASE source.state WHEN 'active' THEN 'due' ELSE 'end' END",
                "status": "CASE source.state WHEN 'active' THEN 'planned' WHEN 'broken' THEN 'failed' "
                "WHEN 'cancelled' THEN 'cancelled' ELSE 'done' END",
                "state_key": "source.state",
                "reference": "source.name",
                "detail": "source.close_reason",
                "amount": "source.amount",
                "currency_id": "source.currency_id",
                "user_id": "source.user_id",
            },
            {
                "model": "followup.dispute",
                "table": "followup_dispute source",
                "date": "source.date",
                "moment": "source.create_date",
                "kind": "'dispute'",
                "status": "CASE WHEN source.state IN ('open', 'expired') THEN 'open' "
                "WHEN source.state = 'withdrawn' THEN 'cancelled' ELSE 'done' END",
                "state_key": "source.state",
                "reference": "source.name",
                "detail": "source.note",
                "amount": "source.amount",
                "currency_id": "source.currency_id",
                "user_id": "source.user_id",
            },
            {
                "model": "followup.dispute",
                "table": "followup_dispute source",
                "where": "source.state = 'open' OR source.closed_on IS NOT NULL",
                "date": "CASE source.state WHEN 'open' THEN source.deadline ELSE source.closed_on END",
                "kind": "'dispute'",
                "phase": "CASE source.state WHEN 'open' THEN 'due' ELSE 'end' END",
                "status": "CASE source.state WHEN 'open' THEN 'planned' WHEN 'expired' THEN 'failed' "
                "WHEN 'withdrawn' THEN 'cancelled' ELSE 'done' END",
                "state_key": "source.state",
                "reference": "source.name",
                "detail": "source.close_reason",
                "amount": "source.amount",
                "currency_id": "source.currency_id",
                "user_id": "source.user_id",
            },
            {
                "model": "followup.arrangement",
                "table": "followup_arrangement source",
                "date": "source.date",
                "moment": "source.create_date",
                "kind": "'arrangement'",
                "status": "CASE WHEN source.state = 'broken' THEN 'failed' WHEN source.state = 'cancelled' "
                "THEN 'cancelled' WHEN source.state = 'completed' THEN 'done' ELSE 'open' END",
                "state_key": "source.state",
                "reference": "source.name",
                "detail": "source.note",
                "amount": "source.amount_total",
                "currency_id": "source.currency_id",
                "user_id": "source.user_id",
            },
            {
                "model": "followup.arrangement",
                "table": "followup_arrangement source",
                "where": "source.closed_on IS NOT NULL",
                "date": "source.closed_on",
                "kind": "'arrangement'",
                "phase": "'end'",
                "status": "CASE source.state WHEN 'broken' THEN 'failed' WHEN 'cancelled' THEN 'cancelled' "
                "ELSE 'done' END",
                "state_key": "source.state",
                "reference": "source.name",
                "detail": "source.close_reason",
                "amount": "source.amount_total",
                "currency_id": "source.currency_id",
                "user_id": "source.user_id",
            },
            {
                "model": "followup.instalment",
                "table": "followup_instalment source "
                "JOIN followup_arrangement arrangement ON arrangement.id = source.arrangement_id",
                "where": "arrangement.state = 'active' OR source.state = 'paid'",
                "date": "source.date",
                "kind": "'instalment'",
                "phase": "'due'",
                "status": "CASE WHEN source.state = 'paid' THEN 'done' WHEN source.state IN ('late', 'missed') "
                "THEN 'failed' ELSE 'planned' END",
                "state_key": "source.state",
                "reference": "arrangement.name",
                "detail": "source.reference",
                "amount": "source.amount",
                "currency_id": "arrangement.currency_id",
                "user_id": "arrangement.user_id",
            },
            {
                "model": "followup.hold",
                "table": "followup_hold source LEFT JOIN account_move move ON move.id = source.move_id",
                "date": day("source.create_date"),
                "moment": "source.create_date",
                "kind": "'hold'",
                "status": "CASE WHEN source.released THEN 'done' ELSE 'open' END",
                "reference": "move.name",
                "detail": "source.reason",
                "user_id": "source.user_id",
            },
            {
                "model": "followup.hold",
                "table": "followup_hold source LEFT JOIN account_move move ON move.id = source.move_id",
                "date": f"CASE WHEN source.released THEN {day('source.released_date')} ELSE source.until END",
                "moment": "source.released_date",
                "kind": "'hold'",
                "phase": "'end'",
                "status": "CASE WHEN source.released OR source.until < "
                "(now() AT TIME ZONE COALESCE(company.followup_tz, 'Europe/Brussels'))::date "
                "THEN 'done' ELSE 'planned' END",
                "reference": "move.name",
                "detail": "source.reason",
                "user_id": "source.user_id",
            },
            {
                "model": "account.move",
                # One row per payment, however many invoices it paid.
                "table": "(SELECT min(partial.id) AS id, item.customer_id, credit.move_id, "
                "sum(partial.amount) AS amount FROM followup_item item "
                "JOIN account_partial_reconcile partial ON partial.debit_move_id = item.move_line_id "
                "JOIN account_move_line credit ON credit.id = partial.credit_move_id "
                "GROUP BY item.customer_id, credit.id, credit.move_id) source "
                "JOIN account_move move ON move.id = source.move_id",
                "res_id": "source.move_id",
                "where": "move.journal_id IS DISTINCT FROM company.currency_exchange_journal_id",
                "date": "move.date",
                "moment": "move.create_date",
                "kind": "CASE move.move_type WHEN 'out_refund' THEN 'credit_note' ELSE 'payment' END",
                "status": "'done'",
                "reference": "move.name",
                "detail": "move.ref",
                "amount": "source.amount",
                "user_id": "move.create_uid",
            },
            {
                "model": "followup.charge",
                "table": "followup_charge source "
                "LEFT JOIN followup_notice claimed ON claimed.id = source.first_notice_id",
                "date": day("COALESCE(claimed.sent_date, source.create_date)"),
                "moment": "COALESCE(claimed.sent_date, source.create_date)",
                "kind": "'charge'",
                "status": "CASE WHEN source.state IN ('claimed', 'posted') THEN 'open' WHEN source.state = 'settled' "
                "THEN 'done' ELSE 'cancelled' END",
                "state_key": "source.state",
                "reference": "source.name",
                "detail": "source.waive_reason",
                "amount": "source.amount",
                "currency_id": "source.currency_id",
                "user_id": "source.waived_by",
            },
            {
                "model": "followup.suspension",
                "table": "followup_suspension source",
                "where": "source.announced_on IS NOT NULL",
                "date": "source.announced_on",
                "moment": "source.create_date",
                "kind": "'suspension'",
                "status": "CASE source.state WHEN 'cancelled' THEN 'cancelled' WHEN 'restored' THEN 'done' "
                "ELSE 'open' END",
                "state_key": "'announced'",
                "reference": "source.name",
                "amount": "source.amount_announced",
                "user_id": "source.user_id",
            },
            {
                "model": "followup.suspension",
                "table": "followup_suspension source",
                "where": "source.suspended_date IS NOT NULL",
                "date": day("source.suspended_date"),
                "moment": "source.suspended_date",
                "kind": "'suspension'",
                "status": "CASE source.state WHEN 'suspended' THEN 'failed' ELSE 'done' END",
                "state_key": "'suspended'",
                "reference": "source.name",
                "amount": "source.amount_overdue",
                "user_id": "COALESCE(source.approved_by, source.user_id)",
            },
            {
                "model": "followup.suspension",
                "table": "followup_suspension source",
                "where": "source.restored_date IS NOT NULL",
                "date": day("source.restored_date"),
                "moment": "source.restored_date",
                "kind": "'suspension'",
                "phase": "'end'",
                "status": "'done'",
                "state_key": "'restored'",
                "reference": "source.name",
                "detail": "source.end_reason",
                "user_id": "source.lifted_by",
            },
            {
                "model": "followup.suspension",
                "table": "followup_suspension source",
                "where": "source.state IN ('announced', 'postponed')",
                "date": "GREATEST(source.deadline, source.earliest, source.postponed_until)",
                "kind": "'suspension'",
                "phase": "'due'",
                "status": "'planned'",
                "state_key": "source.state",
                "reference": "source.name",
                "detail": "source.postpone_reason",
                "amount": "source.amount_announced",
                "user_id": "source.user_id",
            },
            {
                "model": "followup.customer",
                "table": "(SELECT id, id AS customer_id, next_date, next_level_id, amount_overdue, responsible_id, state "
                "FROM followup_customer WHERE next_date IS NOT NULL AND next_level_id IS NOT NULL "
                "AND state NOT IN ('queued', 'review')) source",
                "date": "source.next_date",
                "kind": "'next_step'",
                "phase": "'due'",
                "status": "'planned'",
                "level_id": "source.next_level_id",
                "amount": "source.amount_overdue",
                "user_id": "source.responsible_id",
            },
        ]

    @api.depends_context("lang")
    @api.depends("kind", "phase", "state_key", "reference", "level_id", "res_model")
    def _compute_texts(self):
        """What happened and how it stands, in the reader's language; levels are read once."""
        states = {
            name: dict(self.env[name]._fields["state"]._description_selection(self.env))
            for name in set(self.mapped("res_model")) - {False}
            if "state" in self.env[name]._fields
        }
        statuses = dict(self._fields["status"]._description_selection(self.env))
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for row in self:
            row.state_text = states.get(row.res_model, {}).get(row.state_key) or statuses.get(row.status)
            kind = kinds.get(row.kind, row.kind)
            if row.level_id:
                what = self.env._("%(kind)s: %(level)s", kind=kind, level=row.level_id.name)
            elif row.kind == "hold" and row.phase == "end":
                what = self.env._("End of hold")
            elif row.kind == "promise" and row.phase == "due":
                what = self.env._("Promised to pay")
            elif row.kind == "promise" and row.phase == "end":
                what = self.env._("End of promise")
            elif row.kind == "dispute" and row.phase == "due":
                what = self.env._("Dispute to solve by")
            elif row.kind == "dispute" and row.phase == "end":
                what = self.env._("End of dispute")
            elif row.kind == "arrangement" and row.phase == "end":
                what = self.env._("End of arrangement")
            elif row.kind == "suspension" and row.phase == "due":
                what = self.env._("Service may be suspended")
            elif row.kind == "suspension":
                what = self.env._("Service: %s", row.state_text.lower())
            else:
                what = kind
            row.name = f"{what} {row.reference}" if row.reference else what

    @api.depends("name")
    def _compute_display_name(self):
        for row in self:
            row.display_name = row.partner_id.display_name + ": " + row.name if row.partner_id else row.name

    def action_open(self):
        """Open the record behind the row."""
        self.ensure_one()
        record = self.env[self.res_model].browse(self.res_id)
        if self.res_model == "followup.hold":
            record = self.customer_id
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
            "context": {"followup_refresh": 1} if record._name == "followup.customer" else {},
        }
