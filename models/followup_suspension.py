import logging
from decimal import ROUND_UP, Decimal

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..engine import watch

_logger = logging.getLogger(__name__)
CENT = Decimal("0.01")
STATES = [
    ("announced", "Announced"),
    ("postponed", "Postponed"),
    ("suspended", "Suspended"),
    ("restored", "Restored"),
    ("cancelled", "Cancelled"),
]
#: The only ways from one state to another. A restored one is suspended again when its payment is taken back.
TRANSITIONS = {
    "announced": {"suspended", "postponed", "cancelled"},
    "postponed": {"announced", "postponed", "suspended", "cancelled"},
    "suspended": {"restored"},
    "restored": {"suspended"},
    "cancelled": set(),
}
LIVE = ("announced", "postponed", "suspended")


class FollowupSuspension(models.Model):
    """One episode: announced by a delivered notice, perhaps suspended, restored as soon as the cause is gone."""

    _name = "followup.suspension"
    _description = "Suspension of a Service"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _mail_post_access = "read"
    _order = "id desc"
    _notice_field = "suspension_id"

    name = fields.Char("Reference", readonly=True, copy=False)
    service_id = fields.Many2one("followup.service", required=True, readonly=True, ondelete="restrict", index=True)
    customer_id = fields.Many2one(related="service_id.customer_id", store=True, index=True)
    partner_id = fields.Many2one(related="service_id.partner_id", store=True)
    company_id = fields.Many2one(related="service_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one("res.users", "Responsible", readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True, default="announced", index=True, tracking=True)
    notice_id = fields.Many2one(
        "followup.notice", "Announced By", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    announced_on = fields.Date(
        readonly=True, help="The day on which the notice that announced it left; it was delivered."
    )
    deadline = fields.Date("To Pay By", readonly=True, help="The last day to pay that the notice named.")
    item_ids = fields.Many2many("followup.item", string="Announced Items", readonly=True)
    # What of each announced item was for the service at that time, before payments.
    limits = fields.Json("Announced of Each Item", readonly=True)
    amount_announced = fields.Monetary("Announced Amount", readonly=True)
    amount_overdue = fields.Monetary("Overdue Now", readonly=True, help="Of this service, not held, at the last look.")
    conditions = fields.Json("Judgement", readonly=True)
    conditions_text = fields.Text("Conditions", compute="_compute_conditions_text")
    judged_date = fields.Datetime("Looked At", readonly=True)
    ready = fields.Boolean("To Approve", readonly=True, help="Everything is fulfilled but a person's approval.")
    earliest = fields.Date("Not Before", readonly=True)
    approved_by = fields.Many2one("res.users", readonly=True, ondelete="set null")
    approved_date = fields.Datetime(readonly=True)
    postponed_until = fields.Date(readonly=True)
    postpone_reason = fields.Char(readonly=True)
    suspended_date = fields.Datetime("Suspended On", readonly=True)
    restored_date = fields.Datetime("Restored On", readonly=True)
    end_reason = fields.Char(readonly=True)
    lifted_by = fields.Many2one(
        "res.users",
        "Restored By",
        readonly=True,
        ondelete="set null",
        help="A person restored it, whatever was owed: only a new announcement suspends again.",
    )
    by_hand = fields.Boolean(readonly=True, help="Set by a person: only a person lifts it.")
    days_suspended = fields.Integer(compute="_compute_days_suspended")
    occurrence = fields.Integer(readonly=True, help="How often it was suspended.")
    notice_ids = fields.One2many("followup.notice", "suspension_id", "Notices", readonly=True)

    # One live suspension per service, whatever runs at the same time.
    _one_live = models.UniqueIndex(
        "(service_id) WHERE state IN ('announced', 'postponed', 'suspended')",
        "This service has a suspension under way already.",
    )

    @api.depends("conditions")
    def _compute_conditions_text(self):
        for suspension in self:
            suspension.conditions_text = self.env["followup.engine"]._explain_conditions(suspension.conditions)

    @api.depends("suspended_date", "restored_date")
    def _compute_days_suspended(self):
        for suspension in self:
            start, end = suspension.suspended_date, suspension.restored_date
            if not start:
                suspension.days_suspended = 0
                continue
            end = end if end and suspension.state != "suspended" else fields.Datetime.now()
            suspension.days_suspended = (end.date() - start.date()).days

    @api.model_create_multi
    def create(self, vals_list):
        suspensions = super().create(vals_list)
        for suspension in suspensions:
            suspension.name = f"SU{suspension.id:05d}"
        return suspensions

    def write(self, vals):
        """Only the steps write: the record of what was done to a customer is no form to fill in."""
        if not self.env.su and {
            name for name in vals if not name.startswith(("activity_", "message_")) and self._fields[name].store
        }:
            raise UserError(
                self.env._("%s cannot be changed by hand: use its buttons.", ", ".join(self.mapped("name")))
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("Suspensions are history: cancel or restore them instead."))

    def _go(self, state, **vals):
        """Move to `state`; the only place where the state is written.

        :raises UserError: when the table of transitions does not know the step
        """
        names = dict(self._fields["state"]._description_selection(self.env))
        for suspension in self:
            if state not in TRANSITIONS[suspension.state]:
                raise UserError(
                    self.env._(
                        "%(name)s is %(old)s and cannot become %(new)s.",
                        name=suspension.name,
                        old=names[suspension.state].lower(),
                        new=names[state].lower(),
                    )
                )
        self.sudo().write({"state": state, **vals})
        self.sudo().flush_recordset()

    def _check_user(self):
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_user"):
            raise UserError(self.env._("You need the rights of a follow-up user to do this."))

    def _lock(self):
        """The customer's row: one at a time, a person or a run."""
        self.customer_id.sudo().lock_for_update(allow_referencing=True)
        self.invalidate_recordset()

    def _tell(self, body):
        for suspension in self.sudo():
            suspension.message_post(body=body)
            name, service = suspension.name, suspension.service_id
            for record, prefix in ((service, name), (suspension.customer_id, f"{service.name}, {name}")):
                text = f"{prefix}: {body}"
                record.message_post(body=text)

    def _message_amount(self):
        """The amount that a message about it shows first, in company currency."""
        self.ensure_one()
        return self.amount_overdue

    def _emit(self, kind):
        """Tell the system that delivers the service; once per step, whatever happens twice."""
        for suspension in self.sudo():
            self.env["followup.service.event"].sudo()._emit(
                suspension.service_id,
                kind,
                suspension,
                {
                    "reason": suspension.end_reason or "",
                    "amount": suspension.amount_overdue,
                    "currency": suspension.currency_id.name,
                },
            )
            action = (
                suspension.company_id[f"followup_action_{kind}_id"]
                if kind in ("announced", "suspended", "restored")
                else False
            )
            if action:
                action.sudo().with_context(
                    active_model=suspension._name, active_id=suspension.id, active_ids=suspension.ids
                ).run()

    # Steps

    @api.model
    def _announce(self, notices):
        """Notices that announce suspensions were delivered: the clock of each service in them begins.

        The books are read for all of them together; of two notices to one customer the earlier one counts first.
        """
        while notices:
            first = notices.browse([same.sorted("id")[0].id for same in notices.grouped("customer_id").values()])
            for company, same in first.grouped("company_id").items():
                self._announce_of(company, same)
            notices -= first

    @api.model
    def _announce_of(self, company, notices):
        """:param notices: one of each customer"""
        today = company._followup_today()
        named = {notice: [row["id"] for row in notice.services or ()] for notice in notices}
        telling = notices.filtered(named.get)
        debts = self.env["followup.engine"]._service_debts(company, telling.customer_id, today) if telling else {}
        services = self.env["followup.service"].browse([one for ids in named.values() for one in ids]).exists()
        values = []
        for notice in telling:
            items = set(notice.line_ids.item_id.ids)
            for service in services.browse(named[notice]) & services:
                own = [debt for debt in debts.get(service.id, ()) if debt.item_id in items and debt.due_date < today]
                if not own or service.essential:
                    continue
                before = service.suspension_id
                if before.state in ("announced", "postponed"):
                    # Announced again, by a later notice: its own deadline counts.
                    before._cancel(self.env._("announced again by %s", notice.name))
                elif before:
                    continue
                values.append(self._announcement_values(notice, service, own))
        for suspension in self.create(values):
            day = format_date(self.env, suspension.deadline)
            suspension._tell(self.env._("Suspension announced: to pay by %(date)s.", date=day))
            suspension._emit("announced")

    def _announcement_values(self, notice, service, debts):
        user = service.user_id or notice.responsible_id or notice.customer_id._default_responsible()
        return {
            "service_id": service.id,
            "user_id": user.id,
            "notice_id": notice.id,
            "announced_on": notice.delivered_on,
            "deadline": notice.pay_before,
            "item_ids": [fields.Command.set([debt.item_id for debt in debts])],
            "limits": self._announced_limits(debts),
            "amount_announced": float(sum(debt.amount for debt in debts)),
        }

    def _announced_limits(self, debts):
        """What of each item is for the service, before any payment: a payment taken back counts again, nothing else."""
        items = {item.id: item for item in self.env["followup.item"].sudo().browse([debt.item_id for debt in debts])}
        limits = {}
        for debt in debts:
            item = items[debt.item_id]
            whole = abs(item.company_id.currency_id._followup_decimal(item.move_line_id.balance))
            limits[str(item.id)] = str(max((whole * debt.share).quantize(CENT, ROUND_UP), debt.amount))
        return limits

    def _withdraw_announcement(self, notice):
        """The notice came back: nothing was announced, and what it suspended is restored."""
        announced = self.search([("notice_id", "=", notice.id), ("state", "in", LIVE), ("by_hand", "=", False)])
        reason = self.env._("the notice that announced it came back")
        announced.filtered(lambda suspension: suspension.state != "suspended")._cancel(reason)
        announced.filtered(lambda suspension: suspension.state == "suspended")._restore(reason)

    def _suspend(self):
        for suspension in self:
            suspension._go(
                "suspended",
                suspended_date=fields.Datetime.now(),
                restored_date=False,
                end_reason=False,
                ready=False,
                occurrence=suspension.occurrence + 1,
            )
            suspension.activity_ids.sudo().unlink()
            suspension._unclaim_reconnection()
            suspension.service_id.sudo()._apply_suspension()
            suspension._tell(self.env._("Service suspended."))
            suspension._log("suspended")
            suspension._emit("suspended")
            suspension._message("suspended")

    def _restore(self, reason, fee=False):
        """:param fee: money restored it: a business pays the reconnection fee, where there is one"""
        for suspension in self:
            suspension._go("restored", restored_date=fields.Datetime.now(), end_reason=reason)
            suspension.service_id.sudo()._apply_restoration(suspension.sudo())
            if fee:
                suspension.sudo()._claim_reconnection()
            suspension._tell(self.env._("Service restored: %s", reason))
            suspension._log("restored")
            suspension._emit("restored")
            suspension._message("restored")

    def _log(self, event):
        self.ensure_one()
        facts = {"company": self.company_id.id, "suspension": self.name, "customer": self.customer_id.id}
        _logger.info("%s", watch.line(event, **facts, service=self.service_id.id, user=self.env.user.login))

    def _cancel(self, reason):
        for suspension in self:
            suspension._go("cancelled", end_reason=reason, ready=False)
            suspension.activity_ids.sudo().unlink()
            suspension._tell(self.env._("Suspension cancelled: %s", reason))
            suspension._emit("cancelled")

    def _message(self, purpose):
        """Tell the customer, at once when it is restored; a customer without an address does not keep it from happening."""
        try:
            with self.env.cr.savepoint():
                self.env["followup.notice"].sudo()._prepare_for(self.sudo(), purpose)
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            self.env.invalidate_all()
            if not isinstance(error, UserError):
                _logger.warning("The message about %s could not be made", self.mapped("name"), exc_info=True)
            self._tell(self.env._("The customer could not be told: %s", str(error)))

    # Buttons

    def action_approve(self):
        """Approve: it is suspended at the next hour in which that may be, if every condition still holds."""
        self._check_user()
        self._lock()
        waiting = self.filtered(lambda suspension: suspension.state == "announced")
        waiting.sudo().write({"approved_by": self.env.uid, "approved_date": fields.Datetime.now()})
        waiting._tell(self.env._("Approved by %s.", self.env.user.name))
        for company, same in waiting.grouped("company_id").items():
            self.env["followup.engine"].sudo()._follow_suspensions(
                company, same.customer_id, company._followup_today(), suspend=True
            )
        return True

    def action_undo_approval(self):
        self._check_user()
        self._lock()
        undone = self.filtered(lambda s: s.state in ("announced", "postponed") and s.approved_by)
        undone.sudo().write({"approved_by": False, "approved_date": False})
        undone._tell(self.env._("Approval taken back by %s.", self.env.user.name))
        for company, same in undone.grouped("company_id").items():
            self.env["followup.engine"].sudo()._follow_suspensions(company, same.customer_id, company._followup_today())
        return True

    def _postpone(self, until, reason):
        self._check_user()
        self._lock()
        for suspension in self:
            if until <= suspension.company_id._followup_today():
                raise UserError(self.env._("Choose a day after today."))
            suspension._go("postponed", postponed_until=until, postpone_reason=reason, ready=False)
            suspension._tell(
                self.env._("Postponed until %(date)s: %(why)s", date=format_date(self.env, until), why=reason or "-")
            )
            suspension._ask_no_more()
            suspension._emit("postponed")

    def action_restore(self):
        """Lift it now, whatever is owed: a person decides."""
        self._check_user()
        self._lock()
        suspended = self.filtered(lambda s: s.state == "suspended")
        suspended.sudo().lifted_by = self.env.uid
        suspended._restore(self.env._("by %s", self.env.user.name))
        return True

    def action_cancel(self):
        self._check_user()
        self._lock()
        waiting = self.filtered(lambda s: s.state in ("announced", "postponed"))
        waiting.sudo().lifted_by = self.env.uid
        waiting._cancel(self.env._("by %s", self.env.user.name))
        return True

    def _suspend_by_hand(self, service, reason):
        """A person suspends outside the machine: he answers for it, and only a person lifts it."""
        service.check_access("read")
        self.browse()._check_user()
        service.company_id._followup_check_not_stopped()
        service.customer_id.sudo().lock_for_update(allow_referencing=True)
        suspension = service.sudo().suspension_id
        if suspension.state == "suspended":
            raise UserError(self.env._("%s is suspended already.", service.name))
        if not suspension:
            suspension = self.sudo().create({"service_id": service.id, "user_id": self.env.uid})
        suspension.sudo().write({"by_hand": True, "amount_overdue": service.sudo().amount_overdue})
        suspension._tell(self.env._("Suspended by hand by %(user)s: %(why)s", user=self.env.user.name, why=reason))
        suspension._suspend()
        return suspension

    def _ask_approval(self):
        """One task for the responsible person while a suspension waits for a yes."""
        kind = self.env.ref("l10n_be_followup.mail_activity_type_suspension")
        waiting = self.sudo().filtered(lambda suspension: kind not in suspension.activity_ids.activity_type_id)
        # All together, and without a mail for each.
        self.env["mail.activity"].sudo().with_context(mail_activity_quick_update=True).create(
            [
                {
                    "activity_type_id": kind.id,
                    "summary": kind.summary,
                    "automated": True,
                    "note": suspension.conditions_text,
                    "date_deadline": fields.Date.context_today(suspension),
                    "res_model_id": self.env["ir.model"]._get_id(self._name),
                    "res_id": suspension.id,
                    "user_id": (suspension.user_id or suspension.customer_id._default_responsible()).id,
                }
                for suspension in waiting
            ]
        )

    def _ask_no_more(self):
        self.sudo().activity_unlink(["l10n_be_followup.mail_activity_type_suspension"])
