from datetime import timedelta

from odoo import fields, models

from .followup_notice import DEAD, FROZEN, WRITTEN


class FollowupNotice(models.Model):
    """One message through several channels: the first one counts, the others stand beside it.

    The e-mail of a level takes its items to the level. The letter and the text message that go with it carry the same
    lines, which do not count: nothing is notified twice. When the e-mail comes back, the letter takes its place.
    """

    _inherit = "followup.notice"

    address = fields.Text("Postal Address", readonly=True, help="As it stands in the window of the envelope.")
    lead_id = fields.Many2one(
        "followup.notice",
        "Goes With",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The message of the same step that this one goes beside.",
    )
    companion_ids = fields.One2many("followup.notice", "lead_id", "Goes Beside It")
    standby = fields.Boolean(
        readonly=True,
        help="It goes beside another message, which takes the items to their level; it takes over when that one fails.",
    )

    def _is_written(self):
        self.ensure_one()
        return self.channel in WRITTEN

    def _medium(self):
        """`email` or `post`: how a consumer's fourteen days are counted (art. XIX.2)."""
        self.ensure_one()
        return "post" if self.channel == "letter" else "email"

    def _post(self, day):
        """Printed letters were posted on `day`: that is when they were sent, and a posted letter is delivered."""
        for letter in self:
            noon = letter.company_id._followup_day_start(day) + timedelta(hours=12)
            letter._go("sent", sent_date=noon)
            letter._after_sent()
            letter._deliver(day)

    def _overtaken_items(self):
        """Items of a message that goes beside another one about which a later message left."""
        self.ensure_one()
        later = self.env["followup.notice.line"].search(
            [
                ("item_id", "in", self.line_ids.item_id.ids),
                ("advances", "=", True),
                ("live", "=", True),
                ("notice_id", ">", self.lead_id.id),
                ("notice_id.state", "in", sorted(FROZEN)),
                ("notice_id.channel", "in", sorted(WRITTEN)),
            ]
        )
        return later.filtered(lambda line: line.notice_id.lead_id != self.lead_id).item_id

    def _promote(self):
        """A message that failed or came back leaves its place to the letter that went beside it.

        :return: the notices that count from now on
        """
        promoted = self.browse()
        for notice in self.filtered(lambda notice: notice.state in DEAD and not notice.standby):
            beside = notice.companion_ids.filtered(
                lambda other: other.standby and other._is_written() and other.state not in DEAD
            )[:1]
            if not beside:
                continue
            beside = beside.with_context(followup_engine=True)
            beside.standby = False
            beside.line_ids.live = True
            beside.flush_recordset()
            beside.line_ids.flush_recordset()
            if beside.state in ("sent", "delivered"):
                beside._after_sent()
            if beside.state == "delivered":
                self.env["followup.item"]._recompute_levels(beside.line_ids.filtered("advances").item_id.ids)
                beside._try(lambda letter: letter._follow_delivery())
            promoted |= beside
        return promoted
