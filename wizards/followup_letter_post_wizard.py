import psycopg2
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class FollowupLetterPostWizard(models.TransientModel):
    """Mark printed letters as posted. Those that are not right any more are proposed to be taken out of the pile."""

    _name = "followup.letter.post.wizard"
    _description = "Mark Letters as Posted"
    _inherit = "followup.wizard"

    company_id = fields.Many2one("res.company", required=True)
    date = fields.Date("Posted On", required=True, help="That is when the letters were sent, and are delivered.")
    line_ids = fields.One2many("followup.letter.post.line", "wizard_id", "Letters to Look at")
    letter_ids = fields.Many2many("followup.notice", string="Letters")
    post_count = fields.Integer("Letters to Post", compute="_compute_counts")
    doubtful_count = fields.Integer(compute="_compute_counts")

    @api.depends("line_ids.decision", "letter_ids")
    def _compute_counts(self):
        for wizard in self:
            asked = wizard.line_ids
            wizard.doubtful_count = len(asked)
            kept = asked.filtered(lambda line: line.decision != "post")
            wizard.post_count = len(wizard.letter_ids) - len(kept)

    @api.onchange("date")
    def _onchange_date(self):
        if self.date and self.letter_ids:
            self.line_ids = [fields.Command.clear(), *self._prepare_lines(self.letter_ids._origin, self.date)]

    @api.model
    def _open(self, letters):
        """Open the wizard for printed letters of one company.

        :raises UserError: for letters of several companies
        """
        company = letters.company_id
        if len(company) > 1:
            raise UserError(self.env._("These are letters of several companies. Mark those of one company at a time."))
        today = company._followup_today()
        wizard = self.create(
            {
                "company_id": company.id,
                "date": today,
                "letter_ids": [fields.Command.set(letters.ids)],
                "line_ids": self._prepare_lines(letters, today),
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Mark as posted"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    @api.model
    def _prepare_lines(self, letters, day):
        """What is doubtful about posting these letters on `day`, with a proposal for each."""
        doubts = letters.sudo()._doubts(day)
        return [
            fields.Command.create(
                {
                    "notice_id": letter.id,
                    "why": doubts[letter.id][1],
                    "decision": doubts[letter.id][0],
                    "refused": doubts[letter.id][2],
                }
            )
            for letter in letters.sorted(lambda letter: (letter.letter_batch_id.id, letter.letter_number))
            if letter.id in doubts
        ]

    def action_confirm(self):
        """Do what was decided. What somebody else posted or took out meanwhile is left alone."""
        self.ensure_one()
        letters = self.letter_ids._for_user()
        self._check_date(letters)
        letters.customer_id.lock_for_update(allow_referencing=True)
        letters.invalidate_recordset()
        letters = letters.filtered(lambda letter: letter.state == "printed")
        decisions = {line.notice_id.id: line.decision for line in self.line_ids}
        fresh = letters._doubts(self.date)
        unseen = letters.filtered(lambda letter: letter.id in fresh and letter.id not in decisions)
        if unseen:
            raise UserError(
                self.env._(
                    "Something changed while this window was open, for %s. Close it and begin again.",
                    ", ".join(unseen.mapped("name")),
                )
            )
        chosen = {name: letters.browse() for name in ("post", "again", "out", "keep")}
        for letter in letters:
            chosen[decisions.get(letter.id, "post")] |= letter
        for letter in chosen["post"]:
            if letter.id in fresh and fresh[letter.id][2]:
                raise UserError(
                    self.env._("%(letter)s cannot be posted: %(why)s.", letter=letter.name, why=fresh[letter.id][1])
                )
        posted = self._post(chosen["post"])
        chosen["again"]._again()
        for letter in chosen["out"]:
            letter._cancel(fresh.get(letter.id, (None, self.env._("taken out of the pile")))[1])
        self._tell(letters, posted, chosen)
        letters.customer_id._refresh()
        return {"type": "ir.actions.act_window_close"}

    def _check_date(self, letters):
        """:raises UserError: for a day in the future, or before a letter was printed"""
        today = self.company_id._followup_today()
        if self.date > today:
            raise UserError(
                self.env._("%s is still to come. Mark the letters when they are posted.", self._fmt(self.date))
            )
        early = letters.filtered(lambda letter: letter.state == "printed" and letter._printed_on() > self.date)
        if early:
            raise UserError(
                self.env._(
                    "%(letters)s: printed on %(printed)s, so not posted on %(day)s.",
                    letters=", ".join(early.mapped("name")),
                    printed=self._fmt(max(letter._printed_on() for letter in early)),
                    day=self._fmt(self.date),
                )
            )

    def _post(self, letters):
        """Post one by one: what cannot be noted for one letter stops no other."""
        posted = letters.browse()
        for letter in letters:
            try:
                with self.env.cr.savepoint():
                    letter._post(self.date)
                posted |= letter
            except psycopg2.OperationalError:
                raise
            except Exception as error:  # noqa: BLE001
                self.env.invalidate_all()
                letter.customer_id._report_failure(
                    self.env._("%(letter)s could not be marked as posted: %(why)s", letter=letter.name, why=error)
                )
        return posted

    def _tell(self, letters, posted, chosen):
        """The batch keeps who did what."""
        for batch, own in letters.grouped("letter_batch_id").items():
            if not batch:
                continue
            words = []
            if own & posted:
                batch.posted_on = self.date
                words.append(
                    self.env._(
                        "%(number)s letters posted on %(date)s.", number=len(own & posted), date=self._fmt(self.date)
                    )
                )
            if own & chosen["out"]:
                names = ", ".join((own & chosen["out"]).mapped("name"))
                words.append(self.env._("Taken out of the pile: %s.", names))
            if own & chosen["again"]:
                words.append(self.env._("To print again: %s.", ", ".join((own & chosen["again"]).mapped("name"))))
            if words:
                batch.with_user(self.env.user).sudo().message_post(body=" ".join(words))

    def _fmt(self, day):
        return format_date(self.env, day)
