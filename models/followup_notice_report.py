import logging

import psycopg2
from odoo import api, fields, models
from odoo.tools import email_normalize

from ..engine import application, dsn

_logger = logging.getLogger(__name__)


class FollowupNoticeReport(models.Model):
    """What a mail server reported about a notice: kept first, applied second.

    The message that brought it is gone once it was read. Somebody may be writing the same customer at that moment, so
    the report is a row of its own, which cannot collide, and is applied again until it succeeded.
    """

    _name = "followup.notice.report"
    _description = "Delivery Report"
    _order = "id desc"
    _rec_name = "notice_id"

    notice_id = fields.Many2one("followup.notice", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="notice_id.company_id", store=True)
    action = fields.Selection(
        [("failed", "Came back"), ("delayed", "Late"), ("delivered", "Delivered")],
        "Result",
        required=True,
        readonly=True,
    )
    recipient = fields.Char(readonly=True, help="The addresses that the report names.")
    status = fields.Char(readonly=True, help="Status code of the mail server (RFC 3463).")
    diagnostic = fields.Char("Answer", readonly=True)
    address = fields.Boolean("About the address", readonly=True)
    retry_until = fields.Datetime("Tried Until", readonly=True)
    message_id = fields.Char("Message-ID", readonly=True)
    applied = fields.Boolean(readonly=True)

    _pending_idx = models.Index("(company_id) WHERE applied IS NOT TRUE")

    @api.model
    def _receive(self, message, notices):
        """Keep what `message`, an `email.message.EmailMessage`, reports about notices, and apply it when nobody is in the way."""
        if dsn.is_automatic_answer(message):
            return self  # a machine at the customer's answered: it arrived
        reports = self.create(
            [
                {
                    "notice_id": notice.id,
                    "action": report.action,
                    "recipient": ", ".join(report.recipients),
                    "status": report.status,
                    "diagnostic": report.diagnostic,
                    "address": report.address,
                    "retry_until": application.naive_utc(report.retry_until) if report.retry_until else False,
                    "message_id": message.get("Message-Id") and str(message["Message-Id"])[:200],
                }
                for notice in notices
                for report in dsn.read(message)
            ]
        )
        self.env.flush_all()
        if not reports._apply_safely():
            self.env.ref("l10n_be_followup.ir_cron_followup_report").sudo()._trigger()
        return reports

    @api.model
    def _cron_apply(self):
        """Apply what was kept while somebody else wrote the customer; each in a transaction of its own."""
        for report in self.search([("applied", "=", False)], order="id"):
            try:
                report._apply()
                self.env["ir.cron"]._commit_progress(1)
            except psycopg2.OperationalError as error:
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                _logger.info("Delivery report %s waits: %s", report.id, error)

    @api.model
    def _apply_pending(self, company):
        """Apply what waits of a company.

        :return: the notices of which something still waits: nobody may call them delivered
        """
        waiting = self.search([("company_id", "=", company.id), ("applied", "=", False)], order="id")
        waiting._apply_safely()
        return waiting.filtered(lambda report: not report.applied).notice_id

    def _apply_safely(self):
        """Apply each that can be applied now; one that cannot, for whatever reason, keeps nothing else from it.

        :return: whether all of them are done
        """
        for report in self:
            try:
                with self.env.cr.savepoint():
                    report._apply()
            except Exception as error:  # noqa: BLE001 - the report stays, and is tried again every hour
                self.env.invalidate_all(flush=False)
                _logger.info("Delivery report %s waits: %s", report.id, error)
        return all(report.applied for report in self)

    def _apply(self):
        """One recipient's result, once. A copy that came back is worth a line: the message itself was delivered."""
        self.ensure_one()
        notice = self.notice_id
        if not notice.customer_id.try_lock_for_update(allow_referencing=True):
            return  # somebody is busy with this customer
        self.invalidate_recordset(["applied"])
        if self.applied:
            return
        self.applied = True
        named = set(filter(None, (self.recipient or "").split(", ")))
        own = email_normalize(notice.email_to or "")
        reason = self.diagnostic or self.status or self.env._("the mail server returned it")
        if named and own not in named and named & notice._copy_addresses():
            if self.action == "failed":
                notice.customer_id._note(
                    self.env._(
                        "The copy of %(notice)s to %(address)s came back: %(reason)s",
                        notice=notice.name,
                        address=self.recipient,
                        reason=reason,
                    )
                )
        elif self.action == "delayed":
            notice._delay(reason, self.retry_until)
        elif self.action == "failed":
            notice._bounce(reason, address=self.address)
