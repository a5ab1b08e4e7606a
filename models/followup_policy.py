from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.safe_eval import safe_eval

REGIMES = [("b2b", "Business"), ("b2g", "Public authority"), ("b2c", "Consumer")]


class FollowupPolicy(models.Model):
    """An ordered set of levels for one kind of customer.

    Chosen for an item: the customer's own policy, else the first whose regime and condition match,
    a company's own before a shared one.
    """

    _name = "followup.policy"
    _description = "Follow-up Policy"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", help="Empty: for all companies.")
    regime = fields.Selection(
        REGIMES,
        required=True,
        default="b2b",
        help="Belgian law protects consumers: their policy begins with a free first reminder. "
        "Public authorities follow the business policy unless they have their own.",
    )
    domain = fields.Char(
        "Only for customers",
        default="[]",
        help="Condition on the customer. The first policy that matches is used.",
    )
    # Levels that are not in use (the courtesy message) stay visible, to be switched on.
    level_ids = fields.One2many("followup.level", "policy_id", "Levels", copy=True, context={"active_test": False})
    level_count = fields.Integer(compute="_compute_level_count")
    note = fields.Html(translate=True)

    @api.depends("level_ids")
    def _compute_level_count(self):
        counts = dict(
            self.env["followup.level"]._read_group([("policy_id", "in", self.ids)], ["policy_id"], ["__count"])
        )
        for policy in self:
            policy.level_count = counts.get(policy, len(policy.level_ids))

    @api.constrains("active", "level_ids", "regime", "name")
    def _check_levels(self):
        for policy in self:
            if policy.active and not self.env.context.get("install_mode"):
                policy._check_ladder()

    @api.constrains("domain")
    def _check_domain(self):
        for policy in self:
            try:
                self.env["res.partner"]._search(policy._customer_domain(), limit=1)
            except Exception as error:
                raise ValidationError(
                    self.env._(
                        "%(policy)s: the condition on customers cannot be read (%(error)s). "
                        "Choose it again with the editor.",
                        policy=policy.name,
                        error=error,
                    )
                ) from error

    def copy_data(self, default=None):
        return [
            dict(vals, name=self.env._("%s (copy)", policy.name)) if not (default or {}).get("name") else vals
            for policy, vals in zip(self, super().copy_data(default), strict=True)
        ]

    def _customer_domain(self):
        self.ensure_one()
        domain = safe_eval(self.domain or "[]", {"uid": self.env.uid})
        if not isinstance(domain, (list, tuple)):
            raise UserError(self.env._("a list of conditions was expected"))
        return list(domain)

    def _check_ladder(self):
        """Raise a `ValidationError` that names the level and the cure when the levels make no sense together."""
        self.ensure_one()
        levels = self.level_ids.filtered("active").sorted(lambda level: (level.sequence, level.id or 0))
        if not levels:
            self._ladder_error(self.env._("it has no levels. Add at least a first reminder, or archive the policy."))
        firsts = levels.filtered(lambda level: level.kind == "first_reminder")
        if len(firsts) > 1:
            self._ladder_error(
                self.env._(
                    "it has two first reminders (%(levels)s). Make the later one a reminder.",
                    levels=", ".join(firsts.mapped("name")),
                )
            )
        if not any(level._is_written() for level in levels):
            self._ladder_error(
                self.env._("no level writes to the customer. Give at least one the channel e-mail or letter.")
            )
        if self.regime == "b2c":
            chasing = levels.filtered(lambda level: level.kind != "courtesy")
            if chasing[:1].kind != "first_reminder" or not chasing[:1]._is_written():
                self._ladder_error(
                    self.env._(
                        "for consumers the first level must be a written first reminder: "
                        "it is free, and nothing may be charged before it (art. XIX.2)."
                    )
                )
        rank = -1
        day = None
        for level in levels:
            self._check_level(level, day, rank)
            rank = level._rank()
            if level.kind != "courtesy":
                day = level.delay if level.delay_from == "due_date" or day is None else day + level.delay

    def _check_level(self, level, day, rank):
        if level._rank() < rank:
            self._ladder_error(
                self.env._(
                    "%(level)s is milder than the level before it. Change its kind or its place.", level=level.name
                )
            )
        if level.kind == "courtesy":
            if level.delay_from != "due_date" or level.delay >= 0:
                self._ladder_error(
                    self.env._(
                        "%(level)s is a courtesy message: give it a negative delay that counts from the due date.",
                        level=level.name,
                    )
                )
        elif level.delay < 0 or (level.delay_from == "due_date" and day is not None and level.delay < day):
            self._ladder_error(
                self.env._(
                    "the delay of %(level)s goes backwards. It must come on or after the level before it "
                    "(day %(day)s after the due date).",
                    level=level.name,
                    day=day or 0,
                )
            )
        if level.delay_from == "waiting_period" and self.regime != "b2c":
            self._ladder_error(
                self.env._(
                    "%(level)s counts from the end of a consumer's 14 days, but the policy is not for consumers. "
                    "Let it count from the previous notice.",
                    level=level.name,
                )
            )
        if level.template_id and level.template_id.model != "followup.notice":
            self._ladder_error(
                self.env._(
                    "the template of %(level)s, %(template)s, is made for other records. Choose one for follow-up notices.",
                    level=level.name,
                    template=level.template_id.name,
                )
            )
        if level._is_written() and not level.template_id:
            self._ladder_error(self.env._("%(level)s writes to the customer: choose its template.", level=level.name))
        if level.channel_sms and not level._is_written():
            self._ladder_error(
                self.env._(
                    "%(level)s sends a text message only, which proves nothing: tick E-mail or Letter as well.",
                    level=level.name,
                )
            )
        if not level._is_written() and not level.channel_call:
            self._ladder_error(self.env._("%(level)s has no channel: tick E-mail, Letter or Call.", level=level.name))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self.with_context(active_test=False).level_ids._unlink_except_used()

    def _ladder_error(self, message):
        raise ValidationError(self.env._("Policy %(policy)s: %(message)s", policy=self.name, message=message))
