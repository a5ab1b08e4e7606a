from odoo import api, fields, models
from odoo.exceptions import UserError


class FollowupNotice(models.Model):
    """What people see and do: hand a letter to the post, and settle one of which the answer is unknown."""

    _inherit = "followup.notice"

    snailmail_wanted = fields.Boolean("Waits for Snailmail", readonly=True, copy=False)
    snailmail_user_id = fields.Many2one("res.users", "Handed Over By", readonly=True, ondelete="set null", copy=False)
    snailmail_answer = fields.Char("Answer of Snailmail", readonly=True, copy=False)
    snailmail_attachment_id = fields.Many2one(
        "ir.attachment",
        "As Handed Over",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The page with the address, the letter and what goes with it.",
    )

    # Only companies that chose it see the buttons.

    @api.model
    def _snailmail_chosen(self):
        return any(company.followup_snailmail for company in self.env.companies.sudo().root_id)

    @api.model
    def _get_view_cache_key(self, view_id=None, view_type="form", **options):
        # EXTENDS base
        return (*super()._get_view_cache_key(view_id, view_type, **options), self._snailmail_chosen())

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        # EXTENDS base
        arch, view = super()._get_view(view_id, view_type, **options)
        if not self._snailmail_chosen():
            for button in arch.xpath("//button[@name='action_hand_to_post']"):
                button.getparent().remove(button)
        return arch, view

    def action_hand_to_post(self):
        """Have the selected letters printed and posted by Snailmail."""
        letters = self._for_user().filtered(
            lambda notice: notice.channel == "letter" and notice.state in ("queued", "printed")
        )
        if not letters:
            raise UserError(self.env._("None of these is a letter that waits to be printed or posted."))
        return self.env["followup.letter.batch"]._hand_to_post(letters)

    def _again(self):
        # EXTENDS: what was asked for the old paper is not asked for the new one
        self.write({"snailmail_wanted": False})
        return super()._again()

    def _set_printed(self, batch, number, content):
        # EXTENDS: the task about an earlier refusal is done
        result = super()._set_printed(batch, number, content)
        self._forget_refusal()
        return result

    def action_was_sent(self):
        # EXTENDS: a letter that was posted is delivered, on the day on which it was handed over
        letters = self._for_user().filtered(lambda notice: notice.channel == "letter" and notice.state == "unknown")
        for letter in letters:
            letter.failure = False
            letter.with_user(self.env.user).sudo()._post(letter._local_date(letter.claim_date))
        return super().action_was_sent()

    def _check_unpost(self):
        # EXTENDS: what was handed over cannot be taken back
        handed = self.filtered(lambda letter: letter.snailmail_answer and letter.state in ("sent", "delivered"))
        if handed:
            raise UserError(
                self.env._(
                    "%s was handed to Snailmail and cannot be taken back. Did the letter come back? Then use Came back.",
                    ", ".join(handed.mapped("name")),
                )
            )
        return super()._check_unpost()

    def _mark_unknown(self, reason=None):
        # EXTENDS: a letter is looked up with Snailmail
        if self.channel != "letter":
            return super()._mark_unknown(reason)
        text = self.env._(
            "Letter %(notice)s: the connection broke while it was handed to Snailmail, so it is unknown whether it is "
            "posted. Look it up in the history of your Snailmail credits (Settings > View my services), then say so on "
            "the notice. It is not handed over again by itself. %(reason)s",
            notice=self.name,
            reason=reason or "",
        )
        self._go("unknown", failure=text.strip())
        return self.customer_id._report_failure(text.strip())
