import logging

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_datetime, plaintext2html

from ..engine import watch

_logger = logging.getLogger(__name__)

KINDS = [
    ("stop", "Everything is stopped"),
    ("surge", "Unusual night"),
    ("bounces", "Too many returned e-mails"),
]
STATES = [("holding", "In Force"), ("released", "Released")]
MANAGER = "l10n_be_followup.l10n_be_followup_group_manager"
USER = "l10n_be_followup.l10n_be_followup_group_user"


class FollowupBrake(models.Model):
    """A brake that holds messages back, or did: why, since when, and who released it.

    A person stops everything, an unusual night waits for a manager, too many returned e-mails stop the next ones. What
    is held stays in the queue and leaves when the brake is released. The restoration of a service is never held.
    """

    _name = "followup.brake"
    _description = "Follow-up Brake"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _mail_post_access = "read"
    _order = "id desc"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    kind = fields.Selection(KINDS, "Brake", required=True, readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True, default="holding", tracking=True)
    run_id = fields.Many2one(
        "followup.run",
        "Night",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
        help="The night that it holds.",
    )
    reason = fields.Char(readonly=True)
    held_date = fields.Datetime("Since", readonly=True, default=fields.Datetime.now)
    held_by_id = fields.Many2one("res.users", "Stopped By", readonly=True, ondelete="set null")
    released_date = fields.Datetime("Released On", readonly=True)
    released_by_id = fields.Many2one("res.users", readonly=True, ondelete="set null")
    release_reason = fields.Char(readonly=True)
    waiting_count = fields.Integer(
        "Messages That Wait", compute="_compute_waiting_count", help="What leaves when this brake is released."
    )
    description = fields.Char(compute="_compute_description")

    # One of a kind, whatever runs at the same time.
    _one_holding = models.UniqueIndex(
        "(company_id, kind, COALESCE(run_id, 0)) WHERE state = 'holding'", "This brake holds already."
    )

    @api.depends("kind", "company_id")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for brake in self:
            brake.display_name = f"{kinds.get(brake.kind, '')} ({brake.company_id.name})"

    @api.depends("kind", "state", "reason", "held_by_id", "held_date")
    def _compute_description(self):
        for brake in self:
            since = format_datetime(self.env, brake.held_date, dt_format="short") if brake.held_date else ""
            if brake.kind == "stop":
                words = self.env._(
                    "%(user)s stopped all follow-up of %(company)s on %(date)s: nothing is sent, printed or suspended.",
                    user=brake.held_by_id.name or "-",
                    company=brake.company_id.name,
                    date=since,
                )
            elif brake.kind == "surge":
                words = self.env._("The night of %s waits for a manager.", since)
            else:
                words = self.env._(
                    "E-mails of %(company)s wait since %(date)s.", company=brake.company_id.name, date=since
                )
            brake.description = f"{words} {brake.reason or ''}".strip()

    @api.depends("state", "kind", "run_id")
    def _compute_waiting_count(self):
        holding = self.filtered(lambda brake: brake.state == "holding")
        (self - holding).waiting_count = 0
        counts = {}
        for company, held_by, run, count in (
            self.env["followup.notice"]
            .sudo()
            ._read_group(
                [
                    ("company_id", "in", holding.company_id.ids),
                    ("held_by", "in", holding.mapped("kind")),
                    ("state", "=", "queued"),
                ],
                ["company_id", "held_by", "run_id"],
                ["__count"],
            )
        ):
            counts[company, held_by, run] = count
            whole = company, held_by, None
            counts[whole] = counts.get(whole, 0) + count
        for brake in holding:
            brake.waiting_count = counts.get((brake.company_id, brake.kind, brake.run_id or None), 0)

    def write(self, vals):
        """Only the steps write: who stopped and released what is a record, no form to fill in."""
        if not self.env.su and {
            name for name in vals if not name.startswith(("activity_", "message_")) and self._fields[name].store
        }:
            raise AccessError(self.env._("A brake cannot be changed by hand: use its buttons."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("Brakes are history: release them instead."))

    # Hold

    @api.model
    def _hold(self, company, kind, reason=None, user=None, run=None):
        """Put a brake on, once; in the transaction of what made it necessary.

        :return: the brake that holds, new or not; empty when another process put it on at this very moment
        """
        root = company._followup_root()
        known = self.sudo().search(
            [
                ("company_id", "=", root.id),
                ("kind", "=", kind),
                ("state", "=", "holding"),
                ("run_id", "=", run.id if run else False),
            ],
            limit=1,
        )
        if known:
            return known
        try:
            with self.env.cr.savepoint():
                brake = self.sudo().create(
                    {
                        "company_id": root.id,
                        "kind": kind,
                        "reason": reason or False,
                        "held_by_id": user.id if user else False,
                        "run_id": run.id if run else False,
                    }
                )
        except psycopg2.errors.UniqueViolation:
            self.env.invalidate_all()
            return self.browse()
        brake._tell(brake.description)
        brake._ask_manager()
        brake._log("hold", user=user)
        return brake

    def _tell(self, body):
        for brake in self.sudo():
            brake.message_post(body=body, subtype_xmlid="mail.mt_note")

    def _ask_manager(self):
        """One task for a manager, until the brake is released."""
        managers = self.env.ref(MANAGER).sudo().all_user_ids
        for brake in self.sudo():
            own = managers.filtered(
                lambda user, brake=brake: user.active and not user.share and brake.company_id in user.company_ids
            )
            brake.with_context(mail_activity_quick_update=True).activity_schedule(
                "l10n_be_followup.mail_activity_type_brake",
                summary=dict(self._fields["kind"]._description_selection(self.env))[brake.kind],
                note=plaintext2html(brake.description),
                user_id=(own.sorted("id", reverse=True)[:1] or self.env.user).id,
            )

    def _log(self, event, user=None, **facts):
        for brake in self.sudo():
            _logger.warning(
                "%s",
                watch.line(
                    f"brake_{event}",
                    brake=brake.kind,
                    company=brake.company_id.id,
                    run=brake.run_id.id or None,
                    user=(user or self.env.user).login,
                    reason=(brake.release_reason if event == "release" else brake.reason) or None,
                    **facts,
                ),
            )

    # Release

    def action_release(self):
        """Let what it holds leave, at the next sending hour; kept with who did it."""
        self._check_manager()
        self._release()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_review(self):
        """Keep an unusual night in safe mode: each of its messages waits for a person."""
        self._check_manager()
        for brake in self.filtered(lambda brake: brake.kind == "surge" and brake.state == "holding"):
            notices = (
                self.env["followup.notice"]
                .sudo()
                .search([("run_id", "=", brake.run_id.id), ("held_by", "=", "surge"), ("state", "=", "queued")])
            )
            notices._back_to_review_together("surge")
            brake._release(self.env._("each message is read first"))
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _check_manager(self):
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only a follow-up manager releases a brake."))

    def _release(self, reason=None):
        """Release these brakes; what they held goes its ordinary way again, with every check when it leaves."""
        held = self.sudo().try_lock_for_update().filtered(lambda brake: brake.state == "holding")
        for brake in held:
            brake.write(
                {
                    "state": "released",
                    "released_date": fields.Datetime.now(),
                    "released_by_id": self.env.uid,
                    "release_reason": reason or False,
                }
            )
            brake._tell(
                self.env._("Released by %(user)s: %(why)s", user=self.env.user.name, why=reason)
                if reason
                else self.env._("Released by %s.", self.env.user.name)
            )
            brake.activity_ids.unlink()
            count = self.env["followup.notice"].sudo()._let_go(brake)
            if brake.kind == "stop":
                self.env["followup.service.event"].sudo()._after_stop(brake.company_id)
            brake.with_env(self.env)._log("release", messages=count)
        return held

    def action_open_waiting(self):
        """The messages that it holds."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_notice_action")
        domain = [("company_id", "=", self.company_id.id), ("held_by", "=", self.kind), ("state", "=", "queued")]
        if self.run_id:
            domain.append(("run_id", "=", self.run_id.id))
        return action | {"domain": domain, "context": {}}
