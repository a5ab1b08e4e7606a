from unittest.mock import patch

from odoo.tests import tagged

from ..models import mail_mail
from .common import SendingCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSendingTogether(SendingCommon):
    """The queue makes many messages ready at once; each leaves on what is true at its own moment."""

    def prepared(self, count):
        """Prepared notices, one to each of so many new customers."""
        partners = self.env["res.partner"].create(
            [
                {"name": f"Klant {n}", "email": f"k{n}@x.example", "is_company": True, "vat": "BE0477472701"}
                for n in range(count)
            ]
        )
        for partner in partners:
            self.invoice(partner=partner)
        self.night()
        notices = self.env["followup.notice"].sudo().search([("partner_id", "in", partners.ids)], order="id")
        self.assertEqual(notices.mapped("state"), ["queued"] * count)
        return notices

    def queue_with(self, change):
        """One pass of the queue, in which `change` happens after the first message was claimed.

        :return: ids of notices that were decided alone
        """
        model, alone, claimed = type(self.env["followup.notice"]), [], []
        claim, again = model._claim, model._decide_again

        def claims(notice, mail, ready=None):
            self.assertTrue(ready, "made ready with the others")
            result = claim(notice, mail, ready)
            claimed.append(notice.id)
            if len(claimed) == 1:
                change()
                self.env.flush_all()
                self.env.invalidate_all()
            return result

        def decides(notice, mail, decision=None, amounts=None):
            if decision is None:
                alone.append(notice.id)
            return again(notice, mail, decision, amounts)

        with patch.object(model, "_claim", claims), patch.object(model, "_decide_again", decides):
            self.queue()
        return alone

    def test_nothing_changes(self):
        notices = self.prepared(3)
        self.assertEqual(self.queue_with(lambda: None), [])
        self.assertEqual(set(notices.mapped("state")), {"sent"})
        for notice in notices:
            [message] = self.sink.to(notice.partner_id.email)
            html = message.get_body(("html",)).get_content()
            self.assertIn(notice.line_ids.move_id.name, html)
            self.assertEqual(message["Message-Id"], notice.message_id)
            self.assertEqual(notice.sha256, notice._fingerprint())
            self.assertEqual((notice.mail_ids.body_html, notice.mail_ids.subject), (notice.body, notice.subject))

    def test_paid_after_it_was_made_ready(self):
        notices = self.prepared(3)
        alone = self.queue_with(lambda: self.pay(notices[1].line_ids.move_id))
        self.assertEqual(notices.mapped("state"), ["sent", "cancelled", "sent"])
        self.assertEqual(alone, notices[1].ids)
        self.assertEqual(self.sink.recipients(), ["k0@x.example", "k2@x.example"])

    def test_paid_in_part_after_it_was_made_ready(self):
        notices = self.prepared(2)
        self.queue_with(lambda: self.pay(notices[1].line_ids.move_id, 40))
        [message] = self.sink.to("k1@x.example")
        self.assertIn("60.00", message.get_body(("html",)).get_content())
        self.assertEqual(notices[1].line_ids.amount_residual, 60)

    def test_held_after_it_was_made_ready(self):
        notices = self.prepared(2)
        values = {"customer_id": notices[1].customer_id.id, "until": "2026-11-30", "reason": "x"}
        self.queue_with(lambda: self.env["followup.hold"].create(values))
        self.assertEqual(notices.mapped("state"), ["sent", "cancelled"])

    def test_another_address_after_it_was_made_ready(self):
        notices = self.prepared(2)
        self.queue_with(lambda: notices[1].partner_id.write({"email": "nieuw@x.example"}))
        self.assertEqual(self.sink.recipients(), ["k0@x.example", "nieuw@x.example"])
        self.assertIn("nieuw@x.example", notices[1].email_to)

    def test_a_level_to_review_after_it_was_made_ready(self):
        notices = self.prepared(3)
        self.queue_with(lambda: self.level(10).sudo().write({"automatic": False}))
        self.assertEqual(notices.mapped("state"), ["sent", "review", "review"])

    def test_a_pause_after_it_was_made_ready(self):
        notices = self.prepared(2)
        self.queue_with(
            lambda: self.company.write({"followup_pause_until": "2026-11-30", "followup_pause_reason": "x"})
        )
        self.assertEqual(notices.mapped("state"), ["sent", "queued"])

    def test_an_add_on_that_decides_on_facts_of_its_own(self):
        notices = self.prepared(2)
        engine = type(self.engine)
        original = engine._authors

        def authors(records, name):
            return original(records, name) | ({"other"} if name == "_settings" else set())

        with patch.object(engine, "_authors", authors):
            self.assertEqual(notices._make_ready(), {})
        self.assertEqual(len(notices._make_ready()), 2)

    def test_queries_of_a_message(self):
        """Most of what a message needs is read for many of them at once."""

        def measure(count):
            self.prepared(count)
            before = self.env.cr.sql_log_count
            self.queue()
            return self.env.cr.sql_log_count - before

        measure(1)
        with patch.object(mail_mail, "READY_BATCH", 12):
            few, many = measure(2), measure(10)
        self.assertLess((many - few) / 8, 50)
