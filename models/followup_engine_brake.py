from odoo import api, models
from odoo.tools import SQL

from ..engine import brakes

#: So many nights that sent something tell what is usual.
NIGHTS = 10


class FollowupEngine(models.AbstractModel):
    """A night that would send far more than usual waits for a manager, before its first message can leave."""

    _inherit = "followup.engine"

    @api.model
    def _brake_night(self, company, run, notices):
        """After each batch, in its transaction: hold the whole night when it grows beyond the usual.

        :param notices: what the batch made
        """
        leaving = notices.filtered(lambda notice: notice.state == "queued" and notice.channel != "call")
        if leaving and run.leaving_limit > 0:
            self._check_surge(company, run)

    @api.model
    def _check_surge(self, company, run):
        """Hold all of a night that is beyond its limit, also what other workers made of it."""
        [[count]] = self.env.execute_query(
            SQL(
                """SELECT count(*) FROM followup_notice
                    WHERE run_id = %s AND channel <> 'call' AND state NOT IN ('review', 'cancelled')""",
                run.id,
            )
        )
        if count <= run.leaving_limit or run.brake_ids.filtered(lambda brake: brake.state == "released"):
            return  # usual, or a manager has looked already
        root = company._followup_root()
        usual = self.env._(
            "It would send more than %(limit)s messages by itself, which is far more than usual. Look at some of them, then "
            "release them, or have each of them read first.",
            limit=run.leaving_limit,
        )
        held = self.env["followup.brake"]._hold(root, "surge", usual, run=run)
        if held.state == "holding":
            self.env["followup.notice"].search(
                [("run_id", "=", run.id), ("state", "=", "queued"), ("channel", "!=", "call"), ("held_by", "=", False)]
            )._put_aside("surge")

    @api.model
    def _night_limit(self, company, run):
        """How many messages this night may send by itself; 0: any number."""
        root = company._followup_root()
        history = self.env["followup.run"].search(
            [
                ("company_id", "=", root.id),
                ("preview", "=", False),
                ("id", "!=", run.id),
                ("leaving_count", ">", 0),
                # A night that was held, and is still, says nothing about the usual.
                ("brake_ids", "not any", [("state", "=", "holding")]),
            ],
            order="id desc",
            limit=NIGHTS,
        )
        return (
            brakes.surge_limit(
                history.mapped("leaving_count"),
                root.followup_surge_multiple,
                root.followup_surge_least,
                root.followup_surge_first,
            )
            or 0
        )
