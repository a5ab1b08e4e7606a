import secrets

from odoo import api, models

from ..engine import application, bulk

#: Values of a notice that are no fields of it.
_ASIDE = ("fingerprint", "companions")
#: Kinds of messages that the run under way has rendered well, by database: (id of the run, kinds). It outlives the
#: commits between the batches; a template that breaks in the meantime is found when its messages leave.
_RENDERED = {}
#: Stored computed fields that `_insert_notices` fills in.
_GIVEN = ("partner_id",)


class FollowupEngine(models.AbstractModel):
    """Notices of a whole batch as rows, in a fixed number of statements; their words are rendered when somebody needs them."""

    _inherit = "followup.engine"

    @api.model
    def _make_notices(self, values):
        """Records of these values, with their references and where answers go.

        :param values: as `_notice_values` and `_call_values` give them
        :return: (notices that count, all of them with those that go beside them)
        """
        leads = self._insert_notices([self._own_values(vals) for vals in values])
        companions = [
            self._own_values(other) | {"lead_id": lead.id, "run_id": vals.get("run_id", False)}
            for lead, vals in zip(leads, values, strict=True)
            for other in vals.get("companions", ())
        ]
        return leads, leads | self._insert_notices(companions)

    @api.model
    def _own_values(self, vals):
        return {name: value for name, value in vals.items() if name not in _ASIDE}

    @api.model
    def _insert_notices(self, values):
        notices, lines = self.env["followup.notice"], self.env["followup.notice.line"]
        if not values:
            return notices
        if not (bulk.fits(notices, _GIVEN) and bulk.fits(lines)):
            return self._create_records(values)
        self.env.flush_all()
        ids = bulk.next_ids(self.env, notices._table, len(values))
        customers = self.env["followup.customer"].browse([vals["customer_id"] for vals in values])
        reply_to = self._reply_addresses(customers, values)
        references = self._references(ids, values)
        rows, line_rows = [], []
        for notice_id, vals, customer in zip(ids, values, customers, strict=True):
            row = dict(
                vals,
                id=notice_id,
                name=notices._number(notice_id),
                partner_id=customer.partner_id.id,
                access_token=secrets.token_urlsafe(24),
            )
            line_rows += [dict(line, notice_id=notice_id) for _command, _id, line in row.pop("line_ids")]
            if row["channel"] != "call":
                row["reference"] = references[notice_id]
                row["reply_to"] = reply_to.get(customer.id) or row["email_from"]
            rows.append(row)
        for row, line_id in zip(line_rows, bulk.next_ids(self.env, lines._table, len(line_rows)), strict=True):
            row["id"] = line_id
        bulk.insert(notices, rows)
        bulk.insert(lines, line_rows)
        for name in ("followup.notice", "followup.notice.line", "followup.customer", "followup.item", "followup.run"):
            self.env[name].invalidate_model(flush=False)
        return notices.browse(ids)

    @api.model
    def _create_records(self, values):
        """The same, one by one, where another add-on has a say in how notices are made."""
        notices = self.env["followup.notice"].create(values)
        written = notices.filtered(lambda notice: notice.channel != "call")
        customers = written.customer_id
        reply_to = self._reply_addresses(
            customers, [{"customer_id": n.customer_id.id, "email_from": n.email_from} for n in written]
        )
        for notice in written:
            notice.reference = application.payment_reference(notice)
            notice.reply_to = reply_to.get(notice.customer_id.id) or notice.email_from
        return notices

    @api.model
    def _reply_addresses(self, customers, values):
        """Where answers of these customers go: the chatter, else the sender."""
        senders = {vals["customer_id"]: vals["email_from"] for vals in values if vals.get("email_from")}
        written = customers.filtered(lambda customer: customer.id in senders)
        if not written:
            return {}
        return written._notify_get_reply_to_batch(defaults={customer.id: senders[customer.id] for customer in written})

    @api.model
    def _references(self, ids, values):
        """One invoice: its own communication; several: the notice's. As `application.payment_reference`."""
        move_ids = {line["move_id"] for vals in values for _command, _id, line in vals["line_ids"]}
        moves = {move.id: move for move in self.env["account.move"].browse(move_ids)}
        result = {}
        for notice_id, vals in zip(ids, values, strict=True):
            own = {line["move_id"] for _command, _id, line in vals["line_ids"]}
            move = moves[next(iter(own))] if len(own) == 1 else None
            result[notice_id] = (
                move.payment_reference
                if move and move.is_invoice() and move.payment_reference
                else application.structured_reference("9", notice_id)
            )
        return result

    @api.model
    def _render_samples(self, notices):
        """Render one message of each kind: a template that is broken is found in the night, not in the morning.

        The others are rendered when somebody opens or approves them, or just before they leave. One of each kind a run.
        """
        run_id = notices.run_id[:1].id
        known, tried = _RENDERED.get(self.env.cr.dbname, (None, frozenset()))
        tried = tried if run_id and known == run_id else frozenset()
        samples, found = notices.browse(), set()
        for notice in notices:
            kind = (notice._template().id, notice.lang, notice.regime, notice.channel)
            if kind in tried or kind in found:
                continue
            found.add(kind)
            samples |= notice
        samples._render()
        if run_id and found:
            _RENDERED[self.env.cr.dbname] = (run_id, tried | found)
