import re
from datetime import date
from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged

from ..engine import application, bulk
from .common import SendingCommon

#: Differ by their nature from one making to the next.
_OWN = {
    "id",
    "create_date",
    "write_date",
    "notice_id",
    "mail_message_id",
    "followup_notice_id",
    "message_id",
    "date",
    "activity_id",
    "lead_id",
}


@tagged("post_install_l10n", "post_install", "-at_install")
class TestNightRows(SendingCommon):
    """Notices are rows first; their words come when somebody needs them."""

    def customers(self, count, **values):
        return self.env["res.partner"].create(
            [
                {"name": f"Klant {n}", "email": f"k{n}@x.example", "is_company": True, "vat": "BE0477472701", **values}
                for n in range(count)
            ]
        )

    def rows(self, table, ids):
        self.env.flush_all()
        self.env.cr.execute(f"SELECT * FROM {table} WHERE id = ANY(%s) ORDER BY id", [ids])
        names = [column.name for column in self.env.cr.description]
        return [dict(zip(names, row, strict=True)) for row in self.env.cr.fetchall()]

    def plain(self, value):
        """Without the numbers and secrets of a record."""
        return re.sub(r"access_token=[\w-]+|[\w-]{32}|\d+", "#", value) if isinstance(value, str) else value

    def without_words(self, partners):
        """Notices of these customers, of which only the first was rendered as a sample."""
        notices = self.env["followup.notice"].sudo().search([("partner_id", "in", partners.ids)], order="id")
        self.assertEqual(len(notices), len(partners))
        self.assertTrue(notices[0].body)
        self.assertFalse(any(notices[1:].mapped("body")))
        return notices

    def test_the_rows_are_those_of_the_orm(self):
        partners = self.customers(3)
        self.level(10).channel_call = True
        for partner in partners:
            self.invoice(partner=partner)
        self.invoice(partner=partners[1], due=date(2026, 11, 12))
        company = self.company
        made = []
        for fits in (True, False):
            with patch.object(bulk, "fits", lambda *args, fits=fits: fits), self.env.cr.savepoint() as savepoint:
                self.engine._synchronise(company)
                customers = self.env["followup.customer"].search([("partner_id", "in", partners.ids)], order="id")
                today = date(2026, 11, 18)
                decisions = self.engine._decide(company, self.engine._select(company, customers.ids, today), today)
                notices, failures = self.engine._prepare(company, decisions, today)
                self.assertFalse(failures)
                notices._ensure_rendered()
                self.env.flush_all()
                made.append(
                    [
                        self.rows("followup_notice", notices.ids),
                        self.rows("followup_notice_line", notices.line_ids.sorted("id").ids),
                        self.rows("mail_mail", notices.mail_ids.sorted("id").ids),
                        self.rows("mail_message", notices.mail_ids.mail_message_id.sorted("id").ids),
                    ]
                )
                savepoint.rollback()
            self.env.invalidate_all()
        for bulk_rows, orm_rows in zip(*made, strict=True):
            self.assertTrue(bulk_rows)
            self.assertEqual(len(bulk_rows), len(orm_rows))
            for row, expected in zip(bulk_rows, orm_rows, strict=True):
                for name in row.keys() - _OWN:
                    self.assertEqual(self.plain(row[name]), self.plain(expected[name]), name)
                self.assertEqual(set(row), set(expected))

    def test_items_in_words_are_those_of_the_records(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "half",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": days}) for days in (0, 0, 30)
                ][1:],
            }
        )
        product = self.env["product.product"].create({"name": "Ketel"})
        line = {"quantity": 1, "price_unit": 10, "tax_ids": [Command.clear()]}
        moves = (
            self.invoice()
            | self.invoice(invoice_payment_term_id=term.id, invoice_date_due=False, invoice_date=date(2026, 11, 1))
            | self.invoice(
                invoice_line_ids=[
                    Command.create({"display_type": "line_section", "name": "Werken"}),
                    Command.create({**line, "name": "Eerste\ntweede"}),
                    Command.create({**line, "product_id": product.id, "name": False}),
                    Command.create({**line, "name": "x" * 150}),
                    Command.create({**line, "name": "vierde"}),
                ]
            )
        )
        moves |= self.env["account.move"].create(
            {
                "journal_id": self.company_data["default_journal_misc"].id,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.company_data["default_account_receivable"].id,
                            "partner_id": self.business.id,
                            "debit": 10,
                            "name": "Opening\nrest",
                        }
                    ),
                    Command.create({"account_id": self.company_data["default_account_revenue"].id, "credit": 10}),
                ],
            }
        )
        moves[-1].action_post()
        self.engine._synchronise(self.company)
        items = self.items()
        self.assertEqual(len(items), 5)
        rows = application.item_rows(self.env, items.ids)
        for item in items:
            row, move_line = rows[item.id], item.move_line_id
            self.assertEqual(row.name, application.item_name(move_line))
            self.assertEqual(row.description, application.item_description(move_line))
            self.assertEqual(float(row.amount), abs(move_line.amount_currency))
        self.assertEqual(
            {row.name.rpartition(" ")[2] for row in rows.values()} & {"(1/2)", "(2/2)"}, {"(1/2)", "(2/2)"}
        )

    def test_another_add_on_has_its_say(self):
        self.assertTrue(bulk.fits(self.env["followup.notice"], ("partner_id",)))
        model = type(self.env["followup.notice"])
        original = model.create

        def create(self, vals_list):
            return original(self, [dict(vals, manual=True) for vals in vals_list])

        self.invoice()
        with patch.object(model, "create", create):
            self.night()
        self.assertTrue(self.notices().manual)
        self.assertTrue(self.notices().reference)

    def test_rendered_when_somebody_opens_it(self):
        partners = self.customers(3)
        for partner in partners:
            self.invoice(partner=partner)
        self.night()
        notice = self.without_words(partners)[1]
        reader = self.env["followup.notice"].with_user(self.env.user)
        [read] = reader.browse(notice.id).web_read({"subject": {}, "body": {}})
        self.assertIn(notice.line_ids.move_id.name, read["body"])
        self.assertTrue(read["subject"])
        self.assertEqual(notice.mail_ids.body_html, notice.body)
        self.assertEqual(notice.mail_ids.subject, notice.subject)

    def test_rendered_when_it_leaves(self):
        partners = self.customers(3)
        moves = [self.invoice(partner=partner) for partner in partners]
        self.night()
        notices = self.without_words(partners)
        self.queue()
        self.assertEqual(set(notices.mapped("state")), {"sent"})
        for partner, move, notice in zip(partners, moves, notices, strict=True):
            [message] = self.sink.to(partner.email)
            self.assertIn(move.name, message.get_body(("html",)).get_content())
            self.assertEqual(message["Subject"], notice.subject)
            self.assertEqual(notice.sha256, notice._fingerprint())

    def test_rendered_when_it_is_approved(self):
        self.company.followup_live = False
        partners = self.customers(2)
        for partner in partners:
            self.invoice(partner=partner)
        self.night()
        notices = self.without_words(partners)
        self.assertEqual(set(notices.mapped("state")), {"review"})
        notices.action_approve()
        self.assertTrue(all(notices.mapped("body")))
        self.assertEqual(notices.mail_ids.mapped("body_html"), notices.sorted("id").mapped("body"))

    def test_a_template_that_breaks_for_one_customer_fails_alone_when_it_leaves(self):
        self.level(10).template_id = self.level(10).template_id.copy(
            {"body_html": "<p><t t-out='1 / (0 if object.partner_id.ref == \"zero\" else 1)'/></p>"}
        )
        partners = self.customers(3)
        partners[1].ref = "zero"
        for partner in partners:
            self.invoice(partner=partner)
        self.night()
        notices = self.without_words(partners)
        self.queue()
        self.assertEqual(notices.mapped("state"), ["sent", "failed", "sent"])
        self.assertIn("ZeroDivisionError", notices[1].failure)
        self.assertTrue(self.customer(partners[1]).failure)
        self.assertEqual(len(self.sink.messages), 2)

    def test_a_broken_template_is_found_in_the_night(self):
        self.level(10).template_id = self.level(10).template_id.copy(
            {"body_html": "<p><t t-out='object.no_such_field'/></p>"}
        )
        partners = self.customers(3)
        for partner in partners:
            self.invoice(partner=partner)
        run = self.night()
        self.assertEqual((run.notice_count, run.failure_count), (0, 3))
        for partner in partners:
            self.assertIn("no_such_field", self.customer(partner).failure)

    def test_a_double_of_another_process_skips_only_its_customer(self):
        partners = self.customers(3)
        for partner in partners:
            self.invoice(partner=partner)
        self.engine._synchronise(self.company)
        today = date(2026, 11, 18)
        customers = self.env["followup.customer"].search([("partner_id", "in", partners.ids)], order="id")
        decisions = self.engine._decide(self.company, self.engine._select(self.company, customers.ids, today), today)
        self.engine._prepare(self.company, decisions[1:2], today)  # "another process"
        notices, failures = self.engine._prepare(self.company, decisions, today)
        self.assertFalse(failures)
        self.assertEqual(notices.partner_id, partners[0] | partners[2])
        self.assertEqual(len(self.notices(partners[1])), 1)

    def test_queries_of_notices_grow_with_batches(self):
        def measure(count):
            partners = self.customers(count)
            for partner in partners:
                self.invoice(partner=partner)
            self.env.flush_all()
            self.night(date(2026, 11, 11))  # finds them; nothing is due yet
            before = self.env.cr.sql_log_count
            self.night()
            self.assertEqual(self.env["followup.notice"].search_count([("partner_id", "in", partners.ids)]), count)
            return self.env.cr.sql_log_count - before

        measure(2)
        few, many = measure(5), measure(25)
        self.assertLessEqual(many, few + 5)
