from contextlib import nullcontext
from datetime import date
from email import message_from_bytes, policy

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

from .common import FollowupCommon, SendingCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestEvidence(SendingCommon):
    """What was sent can be read, verified and taken along; what was changed is found."""

    def sent_notice(self, invoices=1, attach=False):
        self.level("10").attach_invoices = attach
        for place in range(invoices):
            self.invoice(amount=100 + place)
        self.night()
        self.queue()
        notice = self.notices()
        self.assertEqual(notice.state, "sent")
        return notice

    def verified(self, notice):
        self.env.flush_all()
        self.env.invalidate_all()
        return notice.action_verify()["params"]["type"]

    def test_equal_after_sending_delivery_and_payment(self):
        notice = self.sent_notice(3, attach=True)
        self.assertEqual(len(notice.attachment_ids), 3)
        self.assertEqual(self.verified(notice), "success")
        notice._deliver(date(2026, 11, 18))
        self.pay(notice.line_ids[0].move_id)
        self.refreshed()
        self.assertEqual(self.verified(notice), "success")
        self.assertIn(notice.sha256, notice.action_verify()["params"]["message"])

    def test_what_was_changed_is_found(self):
        notice = self.sent_notice(2, attach=True)
        file = notice.attachment_ids[0]
        self.env.cr.execute("UPDATE ir_attachment SET checksum = %s WHERE id = %s", ["0" * 40, file.id])
        self.assertEqual(self.verified(notice), "danger")
        self.env.cr.execute("UPDATE ir_attachment SET checksum = %s WHERE id = %s", [file.checksum, file.id])
        # Past every guard of the application and of the database.
        self.env.cr.execute("ALTER TABLE followup_notice DISABLE TRIGGER USER")
        self.env.cr.execute("UPDATE followup_notice SET subject = 'Another' WHERE id = %s", [notice.id])
        self.env.cr.execute("ALTER TABLE followup_notice ENABLE TRIGGER USER")
        self.assertEqual(self.verified(notice), "danger")
        self.assertTrue(notice.action_verify()["params"]["sticky"])

    def test_a_file_that_was_swapped_is_found(self):
        notice = self.sent_notice(1, attach=True)
        file = notice.attachment_ids
        checksum = file.checksum
        file.sudo().raw = b"something else"
        self.env.flush_all()
        self.env.cr.execute("UPDATE ir_attachment SET checksum = %s WHERE id = %s", [checksum, file.id])
        self.env.invalidate_all()
        [problem] = notice._verify()
        self.assertIn(file.name, problem)

    def test_nothing_to_verify_before_it_was_sent(self):
        self.company.followup_live = False
        self.invoice()
        self.night()
        with self.assertRaises(UserError):
            self.notices().action_verify()
        with self.assertRaises(UserError):
            self.notices().action_download_eml()

    def test_the_file_is_what_was_received(self):
        notice = self.sent_notice(2, attach=True)
        [received] = self.sink.to("boekhouding@zoetebrood.example")
        made = message_from_bytes(notice._eml(), policy=policy.default)
        # The sender may be another one on the line: Odoo adapts it to what the mail server may send for.
        for header in ("Subject", "Message-ID", "To", "Reply-To"):
            self.assertEqual(made[header], received[header], header)
        self.assertEqual(made["X-Followup-SHA256"], notice.sha256)
        self.assertEqual(
            {part.get_filename(): part.get_content() for part in made.iter_attachments()},
            {part.get_filename(): part.get_content() for part in received.iter_attachments()},
        )

        def words(message):
            return " ".join(message.get_body(("html",)).get_content().split())

        self.assertIn(notice.line_ids[0].name, words(made))
        self.assertEqual(made["Date"].datetime.replace(tzinfo=None), notice.sent_date)

    def test_evidence_sheet(self):
        notice = self.sent_notice(1, attach=True)
        report = (
            self.env["ir.actions.report"]
            ._render_qweb_html("l10n_be_followup.followup_evidence", notice.ids)[0]
            .decode()
        )
        for text in (
            notice.message_id.strip("<>"),
            notice.sha256,
            notice.email_to.split("<")[-1].strip(">"),
            "is equal",
        ):
            self.assertIn(text, report)
        self.assertNotIn("<img", report.partition("The message as it was sent")[2], "nothing is fetched")
        self.assertIn("accepted for delivery", notice.server_answer)

    def test_answer_of_the_mail_server(self):
        self.sink.answers["boekhouding@zoetebrood.example"] = "550 5.1.1 no such user"
        self.invoice()
        self.night()
        self.queue()
        self.assertIn("no such user", self.notices().server_answer)

    def test_readers_may_verify_and_strangers_may_not(self):
        notice = self.sent_notice()
        reader = new_test_user(
            self.env,
            login="reader",
            groups="account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.assertEqual(self.verified(notice.with_user(reader)), "success")
        other = new_test_user(self.env, login="salesman", groups="base.group_user")
        with self.assertRaises(AccessError):
            notice.with_user(other).action_verify()


@tagged("post_install_l10n", "post_install", "-at_install")
class TestEvidenceFile(FollowupCommon, HttpCase):
    """The message as a file over HTTP, only for who may read it."""

    def enter_registry_test_mode(self):
        return nullcontext()  # a test with a browser or a request is in it already

    def test_download(self):
        self.invoice()
        customer = self.refreshed()
        notice = self.engine._prepare_manual(customer).sudo()
        for login, group in (
            ("collector", "l10n_be_followup.l10n_be_followup_group_user"),
            ("nobody", "base.group_user"),
        ):
            new_test_user(
                self.env,
                login=login,
                groups=group,
                company_id=self.company.id,
                company_ids=[(6, 0, self.company.ids)],
            )
        url = f"/followup/notice/{notice.id}/eml"
        self.authenticate("collector", "collector")
        self.assertEqual(self.url_open(url).status_code, 404, "not sent yet")
        self.deliver(notice)
        self.env.flush_all()
        answer = self.url_open(url)
        self.assertEqual(answer.headers["Content-Type"], "message/rfc822")
        self.assertIn(f"{notice.name}.eml", answer.headers["Content-Disposition"])
        self.assertIn(b"X-Followup-Notice", answer.content)
        self.assertEqual(self.url_open("/followup/notice/999999999/eml").status_code, 404)
        self.authenticate("nobody", "nobody")
        self.assertEqual(self.url_open(url).status_code, 404)
