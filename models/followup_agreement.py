from odoo import api, fields, models
from odoo.exceptions import UserError


class FollowupAgreement(models.AbstractModel):
    """What a customer and a person agreed, or disagree, on: a promise, a dispute, a payment arrangement.

    Each says through its covers which part of which open items it keeps out of follow-up, and until when. Written
    by its own steps only; a user posts messages, plans activities and changes the responsible person and the note.
    """

    _name = "followup.agreement"
    _description = "Agreement with a Customer"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _mail_post_access = "read"

    #: State -> states that may follow: the only ways from one to another.
    _transitions = {}
    #: Beginning of the number that people read.
    _prefix = ""
    #: The field by which a notice says that it is about this.
    _notice_field = ""
    #: What a user may write without a step.
    _free_fields = frozenset({"user_id", "note"})

    name = fields.Char("Reference", readonly=True, copy=False, index="btree_not_null")
    customer_id = fields.Many2one(
        "followup.customer", "Follow-up", required=True, readonly=True, ondelete="restrict", index=True
    )
    partner_id = fields.Many2one(related="customer_id.partner_id", store=True, string="Customer", index=True)
    company_id = fields.Many2one(related="customer_id.company_id", store=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", "Responsible", required=True, default=lambda self: self.env.user, tracking=True
    )
    note = fields.Text()
    closed_on = fields.Date("Ended On", readonly=True)
    close_reason = fields.Char("Ended Because", readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        for record in records:
            record.name = f"{self._prefix}{record.id:05d}"
        return records

    def write(self, vals):
        """Only the steps write; a user changes what is his."""
        if not self.env.su:
            own = {
                name
                for name in vals.keys() - self._free_fields
                if not name.startswith(("activity_", "message_")) and self._fields[name].store
            }
            if own:
                raise UserError(
                    self.env._(
                        "%(name)s cannot be changed by hand: use its buttons. (%(fields)s)",
                        name=", ".join(self.mapped("name")),
                        fields=", ".join(sorted(own)),
                    )
                )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("Promises, disputes and arrangements are history: cancel them instead."))

    def _go(self, state, **vals):
        """Move to `state`; the only place where the state is written.

        :raises UserError: when the table of transitions does not know the step
        """
        names = dict(self._fields["state"]._description_selection(self.env))
        for record in self:
            if state not in self._transitions[record.state]:
                raise UserError(
                    self.env._(
                        "%(name)s is %(old)s and cannot become %(new)s.",
                        name=record.name,
                        old=names[record.state].lower(),
                        new=names[state].lower(),
                    )
                )
        self.sudo().write({"state": state, **vals})

    def _check_user(self, manager=False):
        """:raises UserError: when the user may not do this"""
        self.check_access("read")
        group = "manager" if manager else "user"
        if not self.env.su and not self.env.user.has_group(f"l10n_be_followup.l10n_be_followup_group_{group}"):
            raise UserError(
                self.env._("You need the rights of a follow-up manager to do this.")
                if manager
                else self.env._("You need the rights of a follow-up user to do this.")
            )

    def _lock_customers(self):
        """Two people, or a person and the night, on the same customer: one after the other."""
        self.customer_id.sudo().lock_for_update(allow_referencing=True)
        self.invalidate_recordset()

    def _message_amount(self):
        """The amount that a message about it shows first, in its currency."""
        self.ensure_one()
        return self.amount

    def _tell(self, body):
        """Write it in the customer's timeline and in the record's own."""
        for record in self:
            record.sudo().message_post(body=body)
            text = f"{record.name}: {body}"
            record.customer_id.sudo().message_post(body=text)

    def action_open_customer(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "followup.customer",
            "res_id": self.customer_id.id,
            "views": [(False, "form")],
            "context": {"followup_refresh": 1},
        }

    def _action_open(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }
