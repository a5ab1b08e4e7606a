from datetime import timedelta

from markupsafe import Markup
from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_list

from .followup_policy import REGIMES

#: With more open customers than this the dry run waits until somebody asks for it.
AT_ONCE = 2000


class _Undo(Exception):
    """Leaves a savepoint with a result, and takes everything in it back."""


class FollowupAssistant(models.Model):
    """The policies in plain words, an example of a message, and what tonight would do."""

    _inherit = "followup.assistant"

    policy_text = fields.Html(compute="_compute_policy_text", sanitize=False)
    example_customer_id = fields.Many2one(
        "followup.customer",
        "Example for",
        domain="[('company_id', '=', company_id), ('amount_overdue', '>', 0)]",
        help="Empty: one of your customers with an overdue invoice, else an invented one.",
    )
    example_name = fields.Char(readonly=True)
    example_subject = fields.Char(readonly=True)
    example_body = fields.Html(readonly=True, sanitize=False)
    preview_run_id = fields.Many2one("followup.run", "Dry Run", readonly=True, ondelete="set null")
    preview_line_ids = fields.One2many(related="preview_run_id.line_ids", string="Tonight")
    preview_date = fields.Date(related="preview_run_id.date", string="Night of")
    preview_messages = fields.Integer(compute="_compute_preview", string="Messages that leave by themselves")
    preview_reviews = fields.Integer(compute="_compute_preview", string="Messages to review")
    preview_calls = fields.Integer(compute="_compute_preview", string="Calls")
    preview_amount = fields.Monetary(compute="_compute_preview", string="Overdue with these customers")

    # Policies in plain words

    @api.depends("company_id")
    def _compute_policy_text(self):
        for record in self:
            policies = self.env["followup.policy"].search([("company_id", "in", (record.company_id.id, False))])
            text = Markup("")
            names = dict(self.env["followup.policy"]._fields["regime"]._description_selection(self.env))
            for regime, _name in REGIMES:
                for policy in policies.filtered(lambda policy, regime=regime: policy.regime == regime):
                    rows = Markup("").join(Markup("<li>%s</li>") % line for line in record._policy_lines(policy))
                    text += Markup("<h4>%s <small class='text-muted'>%s</small></h4><ol>%s</ol>") % (
                        policy.name,
                        names[regime],
                        rows,
                    )
            record.policy_text = text

    def _policy_lines(self, policy):
        """Each level as a sentence."""
        for level in policy.level_ids.filtered("active").sorted(lambda level: (level.sequence, level.id)):
            claims = []
            if level.claim_interest:
                claims.append(self.env._("interest"))
            if level.claim_compensation:
                claims.append(self.env._("the flat compensation"))
            words = {
                "when": level.timing[:1].upper() + level.timing[1:],
                "how": self._level_channels(level),
                "name": level.name,
            }
            text = self.env._("%(when)s: %(name)s (%(how)s)", **words)
            if claims:
                text += self.env._(", with %s as far as the law allows", format_list(self.env, claims))
            if not (level.channel_email or level.channel_letter or level.channel_sms):
                yield text + self.env._(". It is planned, and somebody calls.")
            elif level.automatic:
                yield text + self.env._(". It leaves by itself.")
            else:
                yield text + self.env._(". You review it first.")

    def _level_channels(self, level):
        names = {
            "channel_email": self.env._("e-mail"),
            "channel_letter": self.env._("letter"),
            "channel_sms": self.env._("text message"),
            "channel_call": self.env._("call"),
        }
        return ", ".join(text for name, text in names.items() if level[name])

    # An example

    def _enter_policies(self):
        if not self.example_body:
            self._render_example()

    def action_example(self):
        """Render the next message of the chosen customer, or of an invented one; nothing stays of it."""
        self.ensure_one()
        self._for_manager()._render_example()
        return True

    def _render_example(self):
        """The message as the customer would read it. Everything is made in a savepoint that is taken back."""
        customer = self.example_customer_id or self.env["followup.customer"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("amount_overdue", ">", 0),
                ("state", "not in", ("held", "review", "queued", "failed")),
                ("email", "!=", False),
            ],
            limit=1,
        )
        result = {}
        try:
            with self.env.cr.savepoint():
                raise _Undo(self._example_of(customer or self._invented_customer()))
        except _Undo as done:
            [result] = done.args
        except UserError as error:
            result = {"example_subject": False, "example_name": False, "example_body": Markup("<p>%s</p>") % str(error)}
        self.env.invalidate_all(flush=False)
        self.write(result)

    def _example_of(self, customer):
        engine = self.env["followup.engine"].with_context(
            followup_as_if_segment="[]", followup_as_if_cutoff=self.cutoff_date
        )
        company, today = self.company_id, self.company_id._followup_today()
        engine._synchronise(company, customer.partner_id.ids)
        [taken] = engine._decide(company, engine._select(company, customer.ids, today), today, manual=True)
        if not taken.message:
            raise UserError(
                self.env._(
                    "The next step for %s is no written message. Choose another customer.",
                    customer.partner_id.display_name,
                )
            )
        vals = engine._notice_values(company, taken, today, manual=True, channel="email")
        aside = ("fingerprint", "companions")
        notice = self.env["followup.notice"].create({name: v for name, v in vals.items() if name not in aside})
        notice.reference = self.env._("(structured communication)")
        notice._render()
        return {
            "example_name": self.env._(
                "%(level)s to %(customer)s", level=notice.level_id.name, customer=notice.email_to
            ),
            "example_subject": notice.subject,
            "example_body": notice.body,
        }

    def _invented_customer(self):
        """A customer with an overdue invoice; lives in a savepoint only.

        :raises UserError: when the company has no sales journal or income account yet
        """
        company = self.company_id
        today = company._followup_today()
        partner = self.env["res.partner"].create(
            {
                "name": self.env._("Example Customer"),
                "email": "customer@example.com",
                "is_company": True,
                "vat": "BE0477472701",
                "country_id": self.env.ref("base.be").id,
                "lang": self.env.user.lang,
            }
        )
        move = (
            self.env["account.move"]
            .with_company(company)
            .with_context(followup_no_refresh=True)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "company_id": company.id,
                    "invoice_date": today - timedelta(days=45),
                    "invoice_date_due": today - timedelta(days=15),
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": self.env._("Example"),
                                "quantity": 1,
                                "price_unit": 250.0,
                                "tax_ids": [Command.clear()],
                            }
                        )
                    ],
                }
            )
        )
        move.action_post()
        return self.env["followup.customer"]._for_partner(partner, company)

    # Tonight

    @api.depends("preview_run_id")
    def _compute_preview(self):
        for record in self:
            lines = record.preview_run_id.line_ids
            record.preview_messages = len(lines.filtered(lambda line: line.step == "message"))
            record.preview_reviews = len(lines.filtered(lambda line: line.step == "review"))
            record.preview_calls = len(lines.filtered(lambda line: line.step == "call"))
            record.preview_amount = sum(lines.filtered("acts").mapped("amount"))

    def _enter_preview(self):
        open_customers = self.env["followup.customer"].search_count(
            [("company_id", "=", self.company_id.id), ("amount_overdue", ">", 0)], limit=AT_ONCE + 1
        )
        if not self.preview_run_id and open_customers <= AT_ONCE:
            self._run_preview()

    def action_preview(self):
        """What the next night would do, with names and amounts, if you were live; nothing is prepared."""
        self.ensure_one()
        self._for_manager()._run_preview()
        return True

    def _run_preview(self):
        engine = self.env["followup.engine"].with_context(
            followup_as_if_segment=self._segment(), followup_as_if_cutoff=self.cutoff_date
        )
        day = self.company_id._followup_today()
        # On a day off the night prepares nothing: the next working night is what a person wants to see.
        while not self.company_id._followup_is_working_day(day):
            day += timedelta(days=1)
        self.preview_run_id = engine._preview(self.company_id.with_context(**engine.env.context), day)

    def _leave_preview(self):
        if not self.preview_run_id:
            raise UserError(self.env._("Make the dry run first: press Show tonight."))
