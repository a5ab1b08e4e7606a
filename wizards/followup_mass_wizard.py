import logging
from datetime import timedelta

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date

_logger = logging.getLogger(__name__)

KINDS = [
    ("prepare", "Prepare notices"),
    ("hold", "Hold"),
    ("release", "Release holds"),
    ("assign", "Assign responsible"),
    ("approve", "Approve notices"),
    ("send", "Send notices now"),
    ("reject", "Reject notices"),
]
#: What is done to notices; everything else is done to customers.
ON_NOTICES = {"approve", "send", "reject"}
#: What can be taken back from the result.
UNDO = {"prepare", "hold", "release", "assign", "approve"}
#: Messages that one press may hand to the mail server while a person waits for it.
MAX_SENT = 50


class FollowupMassWizard(models.TransientModel):
    """One step for several customers or notices: how many and how much first, then each on its own.

    A record that cannot is named with its reason and does not stop the others. What changes what a customer receives
    can be taken back from the result.
    """

    _name = "followup.mass.wizard"
    _description = "Follow-up of Several at Once"
    _inherit = "followup.wizard"

    kind = fields.Selection(KINDS, required=True, readonly=True)
    customer_ids = fields.Many2many("followup.customer", readonly=True)
    notice_ids = fields.Many2many("followup.notice", readonly=True)
    count = fields.Integer("Selected", compute="_compute_summary")
    able_count = fields.Integer("To Do", compute="_compute_summary")
    summary = fields.Text(compute="_compute_summary")
    until = fields.Date(
        "Until (included)", default=lambda self: self.env.company._followup_today() + timedelta(days=14)
    )
    reason = fields.Char()
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        domain=[("share", "=", False)],
        help="Empty: nobody, the sales person gets the work.",
    )
    state = fields.Selection([("ask", "Confirm"), ("done", "Done"), ("undone", "Taken back")], default="ask")
    line_ids = fields.One2many("followup.mass.wizard.line", "wizard_id", "Result")
    result = fields.Char("Outcome", compute="_compute_result")
    can_undo = fields.Boolean(compute="_compute_result")

    @api.depends("kind", "customer_ids", "notice_ids")
    def _compute_summary(self):
        for wizard in self:
            records = wizard._records()
            able = records.filtered(wizard._is_able)
            wizard.count = len(records)
            wizard.able_count = len(able)
            wizard.summary = "\n".join(wizard._summarise(able))

    def _summarise(self, able):
        """How many, and how much per company's currency."""
        self.ensure_one()
        field = "amount_total" if self.kind in ON_NOTICES else "amount_overdue"
        sums = [
            currency.format(sum(same.mapped(field))) for currency, same in able.grouped("currency_id").items() if same
        ]
        texts = [
            self.env._(
                "%(able)s of %(count)s selected, together %(amounts)s.",
                able=len(able),
                count=self.count or len(self._records()),
                amounts=", ".join(sums) or "0",
            )
        ]
        left = len(self._records()) - len(able)
        if left:
            texts.append(self.env._("%s are left as they are: there is nothing to do for them.", left))
        return texts

    @api.depends("line_ids.success", "line_ids.undone", "kind", "state")
    def _compute_result(self):
        for wizard in self:
            good = wizard.line_ids.filtered("success")
            bad = wizard.line_ids - good
            texts = [self.env._("%s done", len(good))]
            if bad:
                texts.append(self.env._("%s not done", len(bad)))
            if wizard.state == "undone":
                texts.append(self.env._("%s taken back", len(good.filtered("undone"))))
            wizard.result = ", ".join(texts) + "."
            wizard.can_undo = wizard.state == "done" and wizard.kind in UNDO and bool(good)

    def _records(self):
        self.ensure_one()
        return self.notice_ids if self.kind in ON_NOTICES else self.customer_ids

    def _is_able(self, record):
        """Whether there is something to do at all; whether it may be done is found out one by one."""
        if self.kind in ("approve", "reject"):
            return record.state == "review"
        if self.kind == "send":
            return record.state in ("review", "queued") and record.channel == "email"
        if self.kind == "release":
            return bool(record.hold_ids.filtered("active_now"))
        return True

    @api.model
    def _open(self, kind, records):
        """Ask before doing `kind` to `records`.

        :raises UserError: without the rights of a follow-up user
        """
        if not self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_user"):
            raise UserError(self.env._("You need the rights of a follow-up user to do this."))
        records.check_access("read")
        name = "notice_ids" if kind in ON_NOTICES else "customer_ids"
        wizard = self.create({"kind": kind, name: [fields.Command.set(records.ids)]})
        return wizard._show()

    def _show(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": dict(self._fields["kind"]._description_selection(self.env))[self.kind],
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def action_confirm(self):
        """Do it, one by one, and show what became of each.

        :raises UserError: when something is missing, or too many messages would be sent at once
        """
        self.ensure_one()
        if self.state != "ask":
            return self._show()  # pressed twice
        todo = self._records().filtered(self._is_able)
        self._check(todo)
        rows = [self._do(record) for record in todo]
        self.line_ids = [fields.Command.create(row) for row in rows]
        self.state = "done"
        return self._show()

    def _check(self, todo):
        if self.kind == "hold" and not (self.until and (self.reason or "").strip()):
            raise UserError(self.env._("A hold needs a day until which it lasts, and a reason."))
        if self.kind == "hold" and self.until < self.env.company._followup_today():
            raise UserError(self.env._("The hold would end in the past. Choose a day from today on."))
        if self.kind == "send" and len(todo) > MAX_SENT:
            raise UserError(
                self.env._(
                    "These are %(count)s messages; %(limit)s at most are sent while you wait. Approve them instead: they "
                    "leave by themselves in the sending hours.",
                    count=len(todo),
                    limit=MAX_SENT,
                )
            )

    def _do(self, record):
        """One record in a savepoint of its own; a message that leaves commits by itself.

        :return: values of a result line
        """
        row = {"notice_id" if self.kind in ON_NOTICES else "customer_id": record.id}
        step = getattr(self, f"_do_{self.kind}")
        reason = ""
        try:
            if self.kind == "send":
                return row | {"success": True, **(step(record) or {})}
            with self.env.cr.savepoint():
                return row | {"success": True, **(step(record) or {})}
        except psycopg2.OperationalError:
            raise  # a conflict: Odoo begins the request again
        except (UserError, AccessError) as error:
            reason = str(error)
        except Exception as error:
            _logger.warning("%s of %s failed", self.kind, record, exc_info=True)
            reason = str(error)
        if self.kind == "send":
            self.env.cr.rollback()
        self.env.invalidate_all(flush=False)
        return row | {"success": False, "note": reason}

    def _do_prepare(self, customer):
        notice = self.env["followup.engine"]._prepare_manual(customer)
        return {"notice_id": notice.id, "note": self.env._("%s waits for review", notice.name)}

    def _do_hold(self, customer):
        lasting = customer.hold_ids.filtered(
            lambda hold: hold.active_now and not hold.move_id and hold.until >= self.until
        )[:1]
        if lasting:
            raise UserError(
                self.env._(
                    "On hold already until %(date)s: %(reason)s",
                    date=format_date(self.env, lasting.until),
                    reason=lasting.reason,
                )
            )
        hold = self.env["followup.hold"].create(
            {"customer_id": customer.id, "until": self.until, "reason": self.reason.strip()}
        )
        return {"hold_ids": [fields.Command.set(hold.ids)]}

    def _do_release(self, customer):
        holds = customer.hold_ids.filtered("active_now")
        holds.action_release()
        return {"hold_ids": [fields.Command.set(holds.ids)], "note": ", ".join(holds.mapped("reason"))}

    def _do_assign(self, customer):
        customer.check_access("write")
        if self.user_id and customer.company_id not in self.user_id.company_ids:
            raise UserError(
                self.env._(
                    "%(user)s may not work in %(company)s.",
                    user=self.user_id.name,
                    company=customer.company_id.name,
                )
            )
        before = customer._assign(self.user_id)
        return {"previous_user_id": before.id, "note": before.name or self.env._("nobody before")}

    def _do_approve(self, notice):
        notice.action_approve()
        opening = notice.company_id._followup_opening()
        if opening:
            return {"note": notice.window_text}
        return {"note": notice.email_to or False}

    def _do_send(self, notice):
        notice.action_send_now()
        notice.invalidate_recordset()
        if notice.state != "sent":
            over = notice.sudo()._over_caps() if notice.state in ("review", "queued") else {}
            limits = dict(notice._fields["held_by"]._description_selection(self.env))
            return {
                "success": False,
                "note": limits.get(notice.held_by or over.get(notice))
                or notice.failure
                or notice.cancel_reason
                or self.env._("It will be sent as soon as the mail server can be reached."),
            }
        return {"note": notice.email_to}

    def _do_reject(self, notice):
        notice.action_reject()

    def action_undo(self):
        """Take back what can still be taken back, one by one."""
        self.ensure_one()
        if not self.can_undo:
            raise UserError(self.env._("There is nothing to take back any more."))
        for line in self.line_ids.filtered("success"):
            try:
                with self.env.cr.savepoint():
                    getattr(self, f"_undo_{self.kind}")(line)
                line.write({"undone": True, "note": self.env._("taken back")})
            except psycopg2.OperationalError:
                raise
            except (UserError, AccessError) as error:
                self.env.invalidate_all(flush=False)
                line.note = str(error)
        self.state = "undone"
        return self._show()

    def _undo_prepare(self, line):
        if line.notice_id.state != "review":
            raise UserError(self.env._("Notice %s does not wait for review any more.", line.notice_id.name))
        line.notice_id.action_reject()

    def _undo_hold(self, line):
        line.hold_ids.action_release()

    def _undo_release(self, line):
        line.hold_ids.check_access("write")
        line.hold_ids.sudo().write({"released": False, "released_date": False})

    def _undo_assign(self, line):
        line.customer_id._assign(line.previous_user_id)

    def _undo_approve(self, line):
        line.notice_id._take_back_approval()

    def action_close(self):
        return {"type": "ir.actions.act_window_close"}
