from odoo import fields, models
from odoo.addons.iap.tools import iap_tools
from odoo.exceptions import UserError


class SnailmailLetter(models.Model):
    """A letter of follow-up leaves only from its notice, which is claimed first: never again from here."""

    _inherit = "snailmail.letter"

    followup_notice_id = fields.Many2one(
        "followup.notice", "Follow-up Notice", readonly=True, ondelete="set null", index="btree_not_null"
    )

    def _of_followup(self):
        return self.filtered(lambda letter: letter.sudo().followup_notice_id)

    def snailmail_print(self):
        # EXTENDS snailmail
        own = self._of_followup().sudo().followup_notice_id
        if own:
            raise UserError(
                self.env._(
                    "%s is a follow-up letter: it is posted under Follow-up > Letters, after a look at what is still due.",
                    ", ".join(own.mapped("name")),
                )
            )
        return super().snailmail_print()

    def _snailmail_print(self, immediate=True):
        # EXTENDS snailmail: neither its own cron nor its "send again" takes a letter of follow-up
        return super(SnailmailLetter, self - self._of_followup())._snailmail_print(immediate)

    def _followup_post(self):
        """Hand this one letter over: the only request for it, without a commit of its own.

        :return: None when it was taken, else the code of why it was refused
        :raises Exception: when there was no answer, or one that cannot be read
        """
        self.ensure_one()
        if not self._is_valid_address(self):
            self._snailmail_print_invalid_address()
        else:
            try:
                self._snailmail_print_valid_address()
            except iap_tools.InsufficientCreditError:
                return "CREDIT_ERROR"
        if self.state == "pending":
            raise ValueError(self.env._("the answer does not name this letter"))
        return None if self.state == "sent" else self.error_code or "UNKNOWN_ERROR"
