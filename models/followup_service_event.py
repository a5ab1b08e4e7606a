import json
import uuid

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

KINDS = [
    ("announced", "Suspension announced"),
    ("suspended", "Suspended"),
    ("restored", "Restored"),
    ("postponed", "Postponed"),
    ("cancelled", "Cancelled"),
]
STATES = [
    ("pending", "Pending"),
    ("delivered", "Delivered"),
    ("acknowledged", "Acknowledged"),
    ("failed", "Dead letter"),
    ("skipped", "Not sent"),
]
TRANSITIONS = {
    "pending": {"delivered", "acknowledged", "failed", "skipped"},
    "delivered": {"acknowledged"},
    "failed": {"pending", "acknowledged", "skipped"},
    "acknowledged": set(),
    "skipped": set(),
}
#: What happened never changes.
FACTS = {
    "key", "company_id", "service_id", "service_number", "suspension_id", "partner_id", "kind", "occurrence",
    "payload", "sequence",
}  # fmt: skip
MAX_FETCH = 1000
MANAGER = "l10n_be_followup.l10n_be_followup_group_manager"
PROVISIONING = "l10n_be_followup.l10n_be_followup_group_provisioning"


class FollowupServiceEvent(models.Model):
    """The outbox for provisioning: what happened to a service, told at least once to the system that delivers it.

    Written in the transaction of the step itself, so that there is no step without its event; it leaves afterwards,
    by webhook or fetched by RPC. The key lets the receiver apply it once, however often it arrives.
    """

    _name = "followup.service.event"
    _description = "Event of a Service"
    _inherit = ["mail.thread", "mail.activity.mixin"]  # for the task about a dead letter
    _mail_post_access = "read"
    _order = "id desc"
    _rec_name = "key"

    key = fields.Char("Idempotency Key", required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    service_id = fields.Many2one("followup.service", readonly=True, ondelete="set null", index="btree_not_null")
    # Stays when the service is deleted: the order of its events still counts.
    service_number = fields.Integer(required=True, readonly=True)
    suspension_id = fields.Many2one("followup.suspension", readonly=True, ondelete="set null", index="btree_not_null")
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True, ondelete="set null", index="btree_not_null")
    kind = fields.Selection(KINDS, required=True, readonly=True)
    occurrence = fields.Integer(
        required=True, readonly=True, default=1, help="Tells repetitions of one step of one suspension apart."
    )
    sequence = fields.Integer("Number", required=True, readonly=True, help="Counts the events of one service.")
    payload = fields.Json(required=True, readonly=True)
    payload_text = fields.Text("Content", compute="_compute_payload_text")
    state = fields.Selection(STATES, required=True, readonly=True, default="pending", index=True)
    attempts = fields.Integer(readonly=True)
    attempt_date = fields.Datetime("Last Attempt", readonly=True)
    attempt_sequence = fields.Integer(readonly=True, help="The newest event of the service at the last attempt.")
    claimed = fields.Boolean("Being Sent", readonly=True, help="An attempt began, and its answer is not noted yet.")
    next_attempt = fields.Datetime(readonly=True, help="Not tried again before this moment.")
    last_error = fields.Text("What Went Wrong", readonly=True)
    response_status = fields.Integer("Last HTTP Status", readonly=True)
    delivered_date = fields.Datetime("Delivered On", readonly=True)
    acknowledged_date = fields.Datetime("Acknowledged On", readonly=True)
    acknowledged_by = fields.Many2one("res.users", readonly=True, ondelete="set null")
    waits_for_id = fields.Many2one(
        "followup.service.event", compute="_compute_waits_for_id", help="An earlier event of the service."
    )

    _key_unique = models.UniqueIndex("(key)", "Every event has a key of its own.")
    # Whatever runs twice: one event per step.
    _step_unique = models.UniqueIndex(
        "(suspension_id, kind, occurrence) WHERE suspension_id IS NOT NULL", "This event exists already."
    )
    _order_unique = models.UniqueIndex("(service_number, sequence)", "Events of a service are numbered.")
    _due_idx = models.Index("(next_attempt, id) WHERE state = 'pending'")
    _waiting_idx = models.Index("(service_number, sequence) WHERE state IN ('pending', 'failed')")

    @api.depends("kind", "payload")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for event in self:
            service = ((event.payload or {}).get("service") or {}).get("name") or event.key
            event.display_name = f"{service}: {kinds.get(event.kind, '')} ({event.sequence})"

    @api.depends("payload")
    def _compute_payload_text(self):
        for event in self:
            event.payload_text = json.dumps(event.payload, ensure_ascii=False, indent=2, sort_keys=True)

    @api.depends("state", "service_number", "sequence")
    def _compute_waits_for_id(self):
        waiting = self.filtered(lambda event: event.state == "pending")
        (self - waiting).waits_for_id = False
        earlier = self.sudo().search(
            [("service_number", "in", waiting.mapped("service_number")), ("state", "in", ("pending", "failed"))],
            order="sequence",
        )
        for event in waiting:
            event.waits_for_id = next((other for other in earlier if event._is_behind(other)), False)

    def _is_behind(self, other):
        """Whether this event waits for another one: order per service. A restoration passes dead letters."""
        return (
            other.service_number == self.service_number
            and other.sequence < self.sequence
            and (other.state == "pending" or (other.state == "failed" and self.kind != "restored"))
        )

    def write(self, vals):
        if FACTS & vals.keys():
            raise UserError(self.env._("An event tells what happened: it cannot be changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("An event tells what happened: it cannot be deleted."))

    # Emit

    @api.model
    def _emit(self, service, kind, suspension=None, payload=None, occurrence=None):
        """Note what happened to a service, in the transaction in which it happens.

        Twice for one step of one suspension gives one event. A receiver that is down, or none at all, never keeps a
        step from happening.

        :param payload: values that go over or beside those of `_prepare_payload` (reason, amount, currency ...)
        :param occurrence: tells repetitions of one step apart; None: taken from the suspension
        :return: the event, or the one that told it before
        """
        service = service.sudo()
        suspension = (suspension or self.env["followup.suspension"]).sudo()
        company = service.company_id._followup_root()
        events = self.sudo()
        if occurrence is None:
            occurrence = self._occurrence_of(kind, suspension)
        if suspension:
            known = events.search(
                [("suspension_id", "=", suspension.id), ("kind", "=", kind), ("occurrence", "=", occurrence)]
            )
            if known:
                return known
        key = str(uuid.uuid4())
        sequence = service._next_event_sequence()
        goes = company._followup_provisioning_mode() != "none"
        event = events.create(
            {
                "key": key,
                "company_id": company.id,
                "service_id": service.id,
                "service_number": service.id,
                "suspension_id": suspension.id,
                "partner_id": service.partner_id.id,
                "kind": kind,
                "occurrence": occurrence,
                "sequence": sequence,
                "payload": {
                    **self._prepare_payload(service, kind, suspension),
                    **self._clean(payload or {}, company.currency_id),
                    "version": 1,
                    "key": key,
                    "kind": kind,
                    "sequence": sequence,
                },
                "state": "pending" if goes else "skipped",
                "next_attempt": fields.Datetime.now() if goes else False,
                "last_error": False if goes else self.env._("No system to tell: see Provisioning in the settings."),
            }
        )
        event._call_queue()
        return event

    @api.model
    def _occurrence_of(self, kind, suspension):
        """Which repetition of a step this is: the suspension counts its suspensions; each postponement has its day.

        :rtype: int
        """
        if kind in ("suspended", "restored"):
            return suspension.occurrence or 1
        if kind == "postponed" and suspension.postponed_until:
            return suspension.postponed_until.toordinal()
        return 1

    @api.model
    def _prepare_payload(self, service, kind, suspension):
        """What the receiver learns, frozen now. Extend it to add values; never take one away.

        :rtype: dict of what JSON knows; times are UTC, ISO 8601
        """
        return {
            "occurred_at": fields.Datetime.now().isoformat(timespec="seconds") + "Z",
            "service": {
                "id": service.id,
                "name": service.name,
                "external_reference": service.external_reference or None,
            },
            "customer": {"id": service.partner_id.id, "name": service.partner_id.name or ""},
            "suspension": {"id": suspension.id, "reference": suspension.name} if suspension else None,
            "deadline": suspension.deadline.isoformat() if suspension.deadline else None,
            "postponed_until": (
                suspension.postponed_until.isoformat() if kind == "postponed" and suspension.postponed_until else None
            ),
            "reason": "",
            "amount": None,
            "currency": service.company_id.currency_id.name,
        }

    @api.model
    def _clean(self, values, currency):
        """Values of a caller as JSON gives them back: amounts as text, since a float is no money."""
        values = dict(values)
        if isinstance(values.get("amount"), (int, float)) and not isinstance(values["amount"], bool):
            known = self.env["res.currency"].sudo().search([("name", "=", values.get("currency"))], limit=1) or currency
            values["amount"] = f"{values['amount']:.{known.decimal_places}f}"
        return json.loads(json.dumps(values, default=str))

    def _call_queue(self):
        """Let the queue look as soon as this is committed."""
        if any(company._followup_provisioning_mode() == "webhook" for company in self.company_id):
            self.env.ref("l10n_be_followup.ir_cron_followup_service_event").sudo()._trigger()

    # States

    def _go(self, state, **vals):
        """Move to `state`; the only place where the state is written.

        :raises UserError: when the table of transitions does not know the step
        """
        names = dict(self._fields["state"]._description_selection(self.env))
        for event in self:
            if state not in TRANSITIONS[event.state]:
                raise UserError(
                    self.env._(
                        "%(event)s is %(old)s and cannot become %(new)s.",
                        event=event.display_name,
                        old=names[event.state].lower(),
                        new=names[state].lower(),
                    )
                )
        now = fields.Datetime.now()
        if state in ("delivered", "acknowledged"):
            vals.setdefault("last_error", False)
        if state == "acknowledged":
            vals["acknowledged_date"] = now
        for event in self.sudo():
            told = {"delivered_date": event.delivered_date or now} if state in ("delivered", "acknowledged") else {}
            event.write({"state": state, "claimed": False, **told, **vals})
        self.sudo()._follow_dead_letters()

    def _follow_dead_letters(self):
        """One task per company while there are dead letters, none when there are none."""
        kind = self.env.ref("l10n_be_followup.mail_activity_type_provisioning")
        tasks = self.env["mail.activity"].search([("res_model", "=", self._name), ("activity_type_id", "=", kind.id)])
        for company in self.company_id:
            dead = self.search([("company_id", "=", company.id), ("state", "=", "failed")], order="id")
            told = self.browse(tasks.mapped("res_id")).filtered_domain([("company_id", "=", company.id)])
            tasks.filtered_domain([("res_id", "in", (told - dead).ids)]).unlink()
            if dead and not told & dead:
                dead[0]._ask_manager(kind)

    def _ask_manager(self, kind):
        """A task for a follow-up manager about this dead letter."""
        managers = self.env.ref(MANAGER).all_user_ids.filtered(
            lambda user: user.active and not user.share and self.company_id in user.company_ids
        )
        self.with_context(mail_activity_quick_update=True).activity_schedule(
            activity_type_id=kind.id,
            note=self.env._(
                "The system that delivers the services did not take this event: %(error)s Later events of the service "
                "wait, except its restoration. Solve it there, then press Retry, or Acknowledge when you did it by hand. "
                "Look for other dead letters as well.",
                error=self.last_error or "",
            ),
            user_id=(managers.sorted("id", reverse=True)[:1] or self.env.user).id,
        )

    def action_retry(self):
        """Give dead letters a new series of attempts."""
        self._check_manager()
        dead = self.filtered(lambda event: event.state == "failed").sudo()
        for event in dead:
            if event.company_id._followup_provisioning_mode() == "none":
                raise UserError(self.env._("There is no system to tell: see Provisioning in the settings."))
        dead._go("pending", attempts=0, next_attempt=fields.Datetime.now())
        dead._call_queue()
        return True

    def action_acknowledge(self):
        """A person did by hand what these events ask; later ones go on."""
        self._check_manager()
        self._acknowledge()
        return True

    def _check_manager(self):
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only a follow-up manager decides about events that were not delivered."))

    def _acknowledge(self):
        """:return: how many were not acknowledged before"""
        fresh = self.filtered(lambda event: "acknowledged" in TRANSITIONS[event.state]).sudo()
        fresh._go("acknowledged", acknowledged_by=self.env.uid)
        fresh._call_queue()
        return len(fresh)

    # RPC

    @api.model
    def fetch_pending(self, limit=100, after_id=0):
        """Events that nobody acknowledged yet, oldest first; dead letters and delivered ones among them.

        Begin every round with `after_id=0`: what commits late may carry a lower number than what you have seen.

        :param limit: at most this many, up to 1000
        :param after_id: the `id` of the last one of the previous page of this round
        :return: list of dict: the payload, with the `id` of the event
        """
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            return []
        # Stopped: nothing is suspended, and what is restored is told.
        stopped = [("company_id", "child_of", self._stopped_companies().ids), ("kind", "=", "suspended")]
        events = self.search(
            [("state", "in", ("pending", "delivered", "failed")), ("id", ">", int(after_id)), "!", "&", *stopped],
            order="id",
            limit=min(max(int(limit), 1), MAX_FETCH),
        )
        return [{**event.payload, "id": event.id} for event in events]

    @api.model
    def acknowledge(self, keys):
        """Say that events were applied. Saying it again changes nothing; unknown keys are passed over.

        :param keys: list of idempotency keys
        :return: how many were not acknowledged before
        """
        if not self.env.su and not (self.env.user.has_group(PROVISIONING) or self.env.user.has_group(MANAGER)):
            raise AccessError(self.env._("Acknowledging events is for the user of the provisioning system."))
        if not isinstance(keys, (list, tuple)) or not all(isinstance(key, str) for key in keys):
            raise UserError(self.env._("Give a list of keys."))
        return self.search([("key", "in", list(keys))], order="id")._acknowledge()
