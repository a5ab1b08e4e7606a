import errno
import os
from datetime import timedelta
from unittest.mock import patch

from freezegun.api import freeze_time as freeze
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import NOW, SendingCommon

MAIL = "odoo.addons.mail.models.mail_mail"
OWN = "odoo.addons.l10n_be_followup.models.mail_mail"


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSendingFaults(SendingCommon):
    """What SMTP can tell is known: nothing is called unknown that was never offered, and nobody's claim is taken away.

    With real processes, kills and conflicts: `make chaos`.
    """

    def prepared(self, count=1):
        partners = [
            self.business.copy({"name": f"Klant {number}", "email": f"klant{number}@x.example"})
            for number in range(count)
        ]
        for partner in partners:
            self.invoice(partner=partner)
        self.night()
        return [self.notices(partner) for partner in partners]

    def queue_later(self, hours):
        with freeze(NOW + timedelta(hours=hours), real_asyncio=True):
            self.queue()

    def break_off(self, times=1):
        """The server closes the connection when it hears of a recipient."""
        accept, left = type(self.sink).handle_RCPT, [times]

        async def handle(sink, server, session, envelope, address, options):
            if left[0]:
                left[0] -= 1
                server.transport.abort()
                return "421 gone"
            return await accept(sink, server, session, envelope, address, options)

        return patch.object(type(self.sink), "handle_RCPT", handle)

    def test_broken_before_the_text_is_no_unknown_message(self):
        [notice] = self.prepared()
        with self.break_off(), self.assertLogs(OWN, "WARNING"), mute_logger(MAIL):
            self.queue()
        self.assertEqual(notice.state, "queued", "its text never left")
        self.assertGreater(notice.scheduled_date, NOW)
        self.assertFalse(self.customer(notice.partner_id).failure)
        self.queue_later(2)
        self.assertEqual((notice.state, len(self.sink.messages)), ("sent", 1))

    def test_broken_again_and_again_is_a_persons_task(self):
        [notice] = self.prepared()
        for hours in (0, 24, 48, 120, 144, 168):  # ten in the morning of working days
            with self.break_off(), mute_logger(OWN, MAIL):
                self.queue_later(hours)
        self.assertEqual(notice.state, "failed")
        self.assertTrue(self.customer(notice.partner_id).failure)

    def test_a_session_that_the_server_closed_takes_no_other_message_with_it(self):
        notices = self.prepared(3)
        self.sink.answers["klant0@x.example"] = "421 4.3.2 closing down"
        with mute_logger(MAIL):
            self.queue()
        self.sink.answers.clear()
        self.assertEqual([notice.state for notice in notices], ["queued", "queued", "queued"])
        self.queue()
        self.assertEqual([notice.state for notice in notices], ["queued", "sent", "sent"], "the next pass takes them")
        self.queue_later(2)
        self.assertEqual(notices[0].state, "sent")

    def test_a_mail_server_that_another_process_cannot_reach_is_no_answer(self):
        [notice] = self.prepared()
        mail = notice.mail_ids
        with self.committing() as env:
            env["followup.notice"].browse(notice.id)._claim(env["mail.mail"].browse(mail.id))
        self.assertEqual(notice.state, "sending")
        self.sink.stop()
        with mute_logger(MAIL, "odoo.addons.base.models.ir_mail_server"):
            self.queue()
        self.sink.start()
        self.server.smtp_port = self.sink.port
        self.assertEqual((notice.state, mail.state), ("sending", "outgoing"), "who has it in hands knows its answer")
        self.queue()
        self.assertFalse(self.sink.messages)

    def test_no_space_left_is_tried_again_and_blames_nobody(self):
        self.level(10).attach_invoices = True
        full = [False]
        document = {"filename": "proforma.pdf", "filetype": "pdf", "content": b"%PDF-1.4 test"}

        def legal(move, filetype, allow_fallback=False):
            if full[0]:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return dict(document, content=document["content"] + str(move.id).encode())

        with patch.object(type(self.env["account.move"]), "_get_invoice_legal_documents", legal):
            _sample, notice = self.prepared(2)
            self.assertFalse(notice.body, "rendered when it leaves")
            full[0] = True
            self.queue()
            self.assertEqual(notice.state, "queued")
            self.assertFalse(self.customer(notice.partner_id).failure)
            full[0] = False
            self.queue_later(2)
        self.assertEqual(notice.state, "sent")
        [message] = self.sink.to("klant1@x.example")
        self.assertEqual(len(list(message.iter_attachments())), 1)

    def test_a_copy_in_the_hands_of_a_killed_process_is_told(self):
        [notice] = self.prepared()
        self.env["res.partner"].create(
            {
                "name": "An",
                "parent_id": notice.partner_id.id,
                "type": "other",
                "email": "an@x.example",
                "followup_copy": True,
            }
        )
        self.queue()
        [copy] = notice.copy_mail_ids
        copy.write({"state": "exception", "failure_reason": "taken for sending, without a result"})
        self.assertFalse(notice.copy_failure)
        self.env.flush_all()
        self.env.cr.execute("UPDATE mail_mail SET write_date = %s WHERE id = %s", [NOW - timedelta(hours=2), copy.id])
        copy.invalidate_recordset()
        for _again in range(2):
            self.night()
        self.assertEqual(notice.copy_failure.count("an@x.example"), 1)
        self.assertEqual(notice.state, "sent")
