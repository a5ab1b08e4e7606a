import base64
from datetime import date
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from psycopg2 import IntegrityError

from ..engine import reminder_file
from .common import TODAY, FollowupCommon

TITLES = "Customer;VAT;Reference;Invoice;Due date;Level;Last reminder;Free first reminder"


@tagged("post_install_l10n", "post_install", "-at_install")
class TestReminderImport(FollowupCommon):
    """Reminders that were sent elsewhere: a whole file or nothing, and real for the ladder."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env,
            "followup_manager",
            "l10n_be_followup.l10n_be_followup_group_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def imported(self, text, encoding="utf-8", press=True, **values):
        content = text if isinstance(text, bytes) else text.encode(encoding)
        record = (
            self.env["followup.reminder.import"]
            .with_user(self.manager)
            .create({"file": base64.b64encode(content), "filename": "reminders.csv", **values})
        )
        record.action_check()
        if press:
            record.action_import()
        return record.sudo()

    def lines(self, *rows, **values):
        return self.imported("\n".join((TITLES, *rows)), **values)

    def row(self, move, level="Formal notice", day="01/11/2026", customer=None, vat="", ref="", due="", first=""):
        name = move.partner_id.name if customer is None else customer
        return ";".join((name, vat, ref, move.name, due, level, day, first))

    def bad(self, record):
        return [(line.number, line.message) for line in record.line_ids if line.status == "error"]

    def item(self, move):
        return self.env["followup.item"].sudo().search([("move_line_id.move_id", "=", move.id)])

    # What it does

    def test_a_business_goes_on_from_its_level(self):
        move = self.invoice(due=date(2026, 9, 1))
        record = self.lines(self.row(move, "Formal notice", "12/10/2026"))
        self.assertEqual((record.state, record.count_ok), ("done", 1))
        item = self.item(move)
        self.assertEqual((item.level_id, item.level_date), (self.level(40), date(2026, 10, 12)))
        self.assertFalse(item.waiting_until)
        self.night()
        self.assertEqual(self.notices().level_id, self.level(50), "the final notice, not a friendly reminder")
        self.assertFalse(self.env["followup.notice"].search([("state", "=", "delivered")]), "no evidence was invented")
        self.assertIn("Reminded elsewhere", self.customer().message_ids.mapped("body")[-1] or "")

    def test_it_survives_every_recomputation(self):
        move = self.invoice(due=date(2026, 9, 1))
        self.lines(self.row(move, "2", "2026-10-20"))
        item = self.item(move)
        self.env["followup.item"]._recompute_levels(item.ids)
        self.night()
        notice = self.notices()
        self.deliver(notice)
        self.assertEqual(item.level_id, self.level(30))
        notice._bounce("unknown mailbox")
        self.assertEqual((item.level_id, item.level_date), (self.level(20), date(2026, 10, 20)))

    def test_a_new_due_date_begins_anew(self):
        move = self.invoice(due=date(2026, 9, 1))
        self.lines(self.row(move))
        move.line_ids.filtered(lambda line: line.account_type == "asset_receivable").date_maturity = date(2026, 10, 30)
        self.refreshed()
        self.assertFalse(self.item(move).level_id)

    def test_twice_the_same_file_changes_nothing(self):
        move = self.invoice(due=date(2026, 9, 1))
        self.lines(self.row(move))
        before = self.env["followup.reminder.import.line"].search([("live", "=", True)])
        again = self.lines(self.row(move))
        self.assertEqual((again.state, again.count_known, again.count_ok), ("checked", 1, 0))
        self.assertIn("imported before", again.summary)
        self.assertEqual(self.env["followup.reminder.import.line"].search([("live", "=", True)]), before)

    def test_twice_also_after_we_went_on(self):
        move = self.invoice(due=date(2026, 9, 1))
        self.lines(self.row(move, "2", "2026-10-20"))
        self.night()
        self.deliver(self.notices())
        again = self.lines(self.row(move, "2", "2026-10-20"))
        self.assertEqual(again.count_known, 1)
        self.assertEqual(self.item(move).level_id, self.level(30))

    def test_a_letter_that_lies_in_the_pile_stops_it(self):
        self.business.write({"email": False, "street": "Nieuwstraat 1", "zip": "1000", "city": "Brussel"})
        move = self.invoice(due=date(2026, 9, 1))
        self.night()
        letter = self.notices()
        letter._go("printed")
        record = self.lines(self.row(move, "Formal notice", "12/10/2026"))
        self.assertEqual((record.state, record.count_ok, record.count_error), ("checked", 0, 1))
        letter._post(TODAY)
        self.assertEqual(self.item(move).level_id, letter.level_id)

    def test_the_database_refuses_a_second_one(self):
        move = self.invoice(due=date(2026, 9, 1))
        record = self.lines(self.row(move))
        with self.assertRaises(IntegrityError), self.env.cr.savepoint(), patch("odoo.sql_db._logger"):
            record.line_ids.copy({"live": True})

    def test_undo_puts_everything_back(self):
        moves = [self.invoice(due=date(2026, 9, 1)), self.invoice(self.consumer, due=date(2026, 9, 1))]
        record = self.lines(*(self.row(move, "Reminder", "2026-10-20") for move in moves))
        self.night()
        record.with_user(self.manager).action_undo()
        self.assertEqual(record.state, "undone")
        for move in moves:
            self.assertFalse(self.item(move).level_id)
        self.assertEqual(
            set(self.notices().mapped("state")) | set(self.notices(self.consumer).mapped("state")), {"cancelled"}
        )
        self.night()
        self.assertEqual(self.notices(state="queued").level_id, self.level(10))
        self.assertEqual(self.lines(self.row(moves[0])).state, "done", "and it can be imported again")

    def test_no_undo_once_something_was_sent_on_top(self):
        moves = [self.invoice(due=date(2026, 9, 1)), self.invoice(self.consumer, due=date(2026, 9, 1))]
        record = self.lines(*(self.row(move, "Reminder", "2026-10-20") for move in moves))
        self.night()
        self.deliver(self.notices())
        with self.assertRaisesRegex(UserError, "Zoete Brood"):
            record.with_user(self.manager).action_undo()
        self.assertEqual(record.state, "done")
        self.assertTrue(self.item(moves[1]).level_id, "nothing is undone by halves")

    def test_what_was_prepared_on_the_former_level_is_cancelled(self):
        self.company.followup_live = False
        move = self.invoice(due=date(2026, 9, 1))
        self.night()
        prepared = self.notices()
        self.assertEqual((prepared.state, prepared.level_id), ("review", self.level(10)))
        self.lines(self.row(move))
        self.assertEqual(prepared.state, "cancelled")
        self.night()
        self.assertEqual(self.notices(state="review").level_id, self.level(50))

    # Consumers

    def test_an_earlier_reminder_starts_no_fourteen_days(self):
        move = self.invoice(self.consumer, due=date(2026, 8, 1))
        for level, text in (("First reminder", "10"), ("Reminder", "20"), ("Formal notice", "40")):
            with self.subTest(level):
                record = self.lines(self.row(move, level, "2026-09-20", first="2026-08-20"))
                item = self.item(move)
                self.assertEqual(item.level_id, self.level(int(text), "consumer"))
                self.assertFalse(item.waiting_until)
                self.refreshed(self.consumer)
                self.assertEqual(item.next_level_id, self.level(10, "consumer"), "the free first reminder comes first")
                self.assertEqual(item.claim_total, 0.0)
                record.with_user(self.manager).action_undo()

    def test_after_our_own_free_reminder_the_ladder_goes_on(self):
        move = self.invoice(self.consumer, due=date(2026, 8, 1))
        self.lines(self.row(move, "Formal notice", "2026-09-20"))
        self.night()
        notice = self.notices(self.consumer)
        self.assertEqual(notice.level_id, self.level(10, "consumer"))
        self.assertIn("o_followup_consumer_block", notice.body)
        self.deliver(notice)
        item = self.item(move)
        self.assertEqual(item.level_id, self.level(10, "consumer"))
        self.assertGreater(item.waiting_until, TODAY)

    def test_a_person_confirms_the_free_first_reminder(self):
        move = self.invoice(self.consumer, due=date(2026, 8, 1))
        self.lines(self.row(move, "Formal notice", "2026-10-20", first="2026-08-20"), confirm_free=True)
        item = self.item(move)
        # By post: from the third working day after sending (25/8), fourteen days end on 7/9.
        self.assertEqual(item.waiting_until, date(2026, 9, 7))
        self.refreshed(self.consumer)
        self.assertEqual(item.next_level_id, self.level(50, "consumer"))
        self.assertEqual(item.chargeable_from, date(2026, 9, 8))

    def test_the_last_reminder_is_the_free_one_when_that_is_the_level(self):
        move = self.invoice(self.consumer, due=date(2026, 8, 1))
        self.lines(self.row(move, "1", "2026-10-20"), confirm_free=True, free_medium="email")
        self.assertEqual(self.item(move).waiting_until, date(2026, 11, 3))

    def test_no_day_no_proof(self):
        move = self.invoice(self.consumer, due=date(2026, 8, 1))
        self.lines(self.row(move, "Formal notice", "2026-10-20"), confirm_free=True)
        self.assertFalse(self.item(move).waiting_until)

    # Ways to write a file

    def test_encodings_separators_and_dates(self):
        self.business.name = "Crèmerie Noël"
        move = self.invoice(due=date(2026, 9, 1))
        good = f"Client;Facture;Niveau;Dernier rappel\r\nCrèmerie Noël;{move.name};Formal notice;12/10/2026\r\n"
        for text in (
            good.encode("utf-8"),
            good.encode("utf-8-sig"),
            good.encode("latin-1"),
            good.replace(";", ",").encode(),
            good.replace(";", "\t").encode(),
            good.replace("12/10/2026", "2026-10-12").encode(),
            good.replace("12/10/2026", "12-10-2026").encode(),
            good.replace("12/10/2026", "12.10.2026").encode(),
            good.replace("Crèmerie Noël", "BE 0477.472.701").encode(),
            good.replace("Crèmerie Noël", "0477472701").encode(),
            good.replace("\r\n", "\n\n").encode(),
        ):
            with self.subTest(text):
                record = self.imported(text)
                self.assertEqual(record.state, "done", record.summary or self.bad(record))
                self.assertEqual(self.item(move).level_date, date(2026, 10, 12))
                record.with_user(self.manager).action_undo()

    def test_a_level_in_another_language(self):
        self.env["res.lang"]._activate_lang("nl_BE")
        self.level(40).with_context(lang="nl_BE").name = "Ingebrekestelling"
        move = self.invoice(due=date(2026, 9, 1))
        self.lines(self.row(move, "INGEBREKESTELLING"))
        self.assertEqual(self.item(move).level_id, self.level(40))

    def test_instalments(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Two",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": 10}),
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": 60}),
                ],
            }
        )
        move = self.invoice(
            invoice_date=date(2026, 8, 1), invoice_payment_term_id=term.id, invoice_date_due=False, amount=200
        )
        first, second = self.item(move).sorted("date_maturity") or self.refreshed().item_ids.sorted("date_maturity")
        self.lines(self.row(move, "Reminder", "2026-09-01"))
        self.assertTrue(first.level_id)
        self.assertFalse(second.level_id, "it was not due yet")
        record = self.lines(self.row(move, "Reminder", "2026-10-10", due="30/09/2026"))
        self.assertEqual(record.state, "done", self.bad(record))
        self.assertTrue(second.level_id)

    # Bad lines

    def test_bad_lines_each_named_and_nothing_imported(self):
        twins = [self.business.copy({"name": "Twin", "vat": False, "ref": False}) for _time in range(2)]
        self.business.ref = "K1"
        same = self.invoice(twins[0], due=date(2026, 9, 1))
        wrong = self.invoice(due=date(2026, 9, 1))
        owned = self.invoice(self.consumer, due=date(2026, 9, 1))
        good = self.invoice(due=date(2026, 9, 1))
        other = self.invoice(self.consumer, due=date(2026, 9, 1))
        paid = self.invoice(due=date(2026, 9, 1))
        self.pay(paid)
        draft = self.env["account.move"].create(
            {"move_type": "out_invoice", "partner_id": self.business.id, "name": "INV/DRAFT/1"}
        )
        cancelled = self.invoice(due=date(2026, 9, 1))
        cancelled.button_cancel()
        credit = self.credit_note(self.business, 10)
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.business.id,
                "invoice_date": date(2026, 9, 1),
                "invoice_line_ids": [Command.create({"name": "x", "quantity": 1, "price_unit": 5})],
            }
        )
        bill.action_post()
        hidden = self.invoice(due=date(2026, 9, 1))
        hidden.no_followup = True
        foreign_company = self.setup_other_company()
        foreign = (
            self.env["account.move"]
            .with_company(foreign_company["company"])
            .create(
                {
                    "move_type": "out_invoice",
                    "name": "ELSEWHERE/1",
                    "partner_id": self.business.id,
                    "invoice_date": date(2026, 8, 1),
                    "invoice_line_ids": [
                        Command.create({"name": "x", "quantity": 1, "price_unit": 5, "tax_ids": [Command.clear()]})
                    ],
                }
            )
        )
        foreign.action_post()
        further = self.invoice(due=date(2026, 9, 1))
        self.night()
        self.notices().filtered(lambda notice: notice.state == "queued")._go("cancelled")
        customer = self.customer()
        with self.committing() as env:
            notice = env["followup.engine"]._prepare_manual(
                env["followup.customer"].browse(customer.id).with_user(self.env.ref("base.user_root"))
            )
            keep = notice.sudo().line_ids.filtered(lambda line: line.move_id.id == further.id)
            (notice.sudo().line_ids - keep).write({"advances": False, "live": False})
        notice = self.env["followup.notice"].browse(notice.id).sudo()
        self.deliver(notice, date(2026, 11, 2))
        later = self.invoice(due=date(2026, 9, 2))
        conflict = self.invoice(due=date(2026, 9, 3))
        earlier = self.invoice(due=date(2026, 9, 4))
        self.lines(self.row(earlier, "Reminder", "2026-10-01"))
        instalment = self.invoice(due=date(2026, 9, 5))

        cases = [
            (self.row(wrong, customer="Nobody BV"), "No customer is called Nobody BV"),
            (self.row(same, customer="Twin"), "Several customers fit Twin"),
            ("K1;;;NO/SUCH/1;;Reminder;01/11/2026;", "no invoice NO/SUCH/1"),
            (self.row(owned, customer="K1"), "an invoice of Jan Peeters"),
            (self.row(foreign), "another company"),
            (self.row(paid), "is paid"),
            (self.row(draft), "is a draft"),
            (self.row(cancelled), "is cancelled"),
            (self.row(credit), "credit note"),
            (self.row(bill), "no invoice to a customer"),
            (self.row(hidden), "No Follow-Up"),
            (self.row(self.invoice(due=date(2026, 9, 6)), "Seventh letter"), "no level “Seventh letter”"),
            (self.row(self.invoice(due=date(2026, 9, 7)), "99"), "no level “99”"),
            (self.row(self.invoice(due=date(2026, 9, 8)), "Courtesy message"), "no level"),
            (self.row(self.invoice(due=date(2026, 9, 9)), "Only for consumers"), "a level of the policy"),
            (self.row(self.invoice(due=date(2026, 9, 10)), day="19/11/2026"), "lies in the future"),
            (self.row(self.invoice(due=date(2026, 9, 11)), day="11/09/2026"), "not after the due date"),
            (
                self.row(self.invoice(due=date(2026, 9, 12), invoice_date=date(2026, 9, 1)), day="31/08/2026"),
                "before the invoice itself",
            ),
            (self.row(self.invoice(due=date(2026, 9, 13)), day="31/02/2026"), "31/02/2026” is no date"),
            (self.row(self.invoice(due=date(2026, 9, 14)), day="1/2/26"), "is no date"),
            (self.row(self.invoice(due=date(2026, 9, 15)), level=""), "The cell Level is empty"),
            (self.row(self.invoice(due=date(2026, 9, 16)), customer=""), "Customer (or VAT, or Reference) is empty"),
            (self.row(good), None),
            (self.row(good), "The same as line 24"),
            (self.row(good, level="Reminder"), "Line 24 says something else"),
            (self.row(conflict, ref="K9"), "No customer is called"),
            (self.row(later) + ";one;two", "More cells than titles"),
            (self.row(later, customer="=HYPERLINK(1)"), "is a formula"),
            (self.row(later, level="@x"), "is a formula"),
            (self.row(further, "First reminder"), "was reminded from here already"),
            (self.row(earlier, "Formal notice"), "says something else"),
            (self.row(instalment, due="01/01/2026"), "no open instalment due"),
            (self.row(other, first="02/11/2026"), "after the last reminder"),
            (self.row(instalment, first="02/02/2026", due="05/09/2026"), "free first reminder"),
        ]
        self.level(20, "consumer").name = "Only for consumers"
        before = self.env["followup.reminder.import.line"].search([("live", "=", True)])
        record = self.lines(*(text for text, _words in cases))
        bad = dict(self.bad(record))
        for number, (text, words) in enumerate(cases, 2):
            with self.subTest(words or "good", line=number, text=text):
                if words is None:
                    self.assertNotIn(number, bad)
                else:
                    self.assertIn(words, bad.get(number, "(no problem found)"))
        self.assertEqual(len(bad), len([words for _text, words in cases if words]))
        self.assertEqual(record.state, "checked")
        self.assertIn("nothing is imported by halves", record.summary)
        self.assertEqual(self.env["followup.reminder.import.line"].search([("live", "=", True)]), before)
        self.assertFalse(self.item(good).level_id, "the good line is not imported either")
        # The same lines come back in a file, each with its cure.
        content = reminder_file.read(record._bad_lines_file())
        self.assertEqual(len(content.rows), len(bad))
        self.assertIn("'=HYPERLINK(1)", record._bad_lines_file().decode())
        self.assertIn("Line in the file", content.ignored)

    def test_files_that_cannot_be_read(self):
        move = self.invoice(due=date(2026, 9, 1))
        good = f"{TITLES}\n{self.row(move)}\n"
        for content, words in (
            (b"   \n", "empty"),
            (TITLES.encode(), "nothing follows"),
            (good.replace("Invoice", "Number of it").encode(), "missing: Invoice"),
            (good.replace("Customer;VAT;Reference", "a;b;c").encode(), "missing: Customer"),
            (good.replace("VAT", "Client").encode(), "two columns mean the same"),
            (b"PK\x03\x04" + b"\0" * 99, "spreadsheet"),
            (b"\xd0\xcf\x11\xe0" + b"\0" * 99, "spreadsheet"),
            (good.encode("utf-16"), "UTF-16"),
            (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "no text file"),
            (good.encode() + b"\0", "no text file"),
            (good.replace("Bakkerij", '"Bakkerij').encode(), "quotation mark is not closed"),
            (good.encode() + b"x" * reminder_file.MAX_BYTES, "too large"),
        ):
            with self.subTest(words):
                record = self.imported(content)
                self.assertIn(words, record.file_problem or record.summary or "(accepted)")
                self.assertEqual(record.state, "checked")
                self.assertFalse(record.line_ids)
        with patch.object(reminder_file, "MAX_LINES", 3):
            self.assertIn("at most", self.imported("\n".join((TITLES, *[self.row(move)] * 4))).file_problem)
        self.assertFalse(self.item(move).level_id)

    def test_nothing_by_halves_when_it_breaks_in_the_middle(self):
        moves = [self.invoice(due=date(2026, 9, 1)), self.invoice(self.consumer, due=date(2026, 9, 1))]
        record = self.lines(*(self.row(move, "Reminder", "2026-10-20") for move in moves), press=False)

        def broken(_self, _ids):
            raise RuntimeError("power cut")

        with (
            self.assertRaises(RuntimeError),
            self.env.cr.savepoint(),
            patch.object(type(self.env["followup.item"]), "_recompute_levels", broken),
        ):
            record.with_user(self.manager).action_import()
        self.env.invalidate_all()
        self.assertEqual(record.state, "checked")
        self.assertFalse(record.line_ids.filtered("live"))

    def test_it_is_checked_again_at_the_moment_of_import(self):
        move = self.invoice(due=date(2026, 9, 1))
        record = self.lines(self.row(move), press=False)
        self.assertEqual(record.count_ok, 1)
        self.pay(move)
        action = record.with_user(self.manager).action_import()
        self.assertEqual(action["params"]["type"], "danger")
        self.assertIn("is paid", self.bad(record)[0][1])

    # In bulk

    def test_everything_due_before_a_day(self):
        old = self.invoice(due=date(2026, 7, 1))
        consumer = self.invoice(self.consumer, due=date(2026, 7, 2))
        young = self.invoice(due=date(2026, 11, 10))
        hidden = self.invoice(due=date(2026, 7, 3))
        hidden.no_followup = True
        record = (
            self.env["followup.reminder.import"]
            .with_user(self.manager)
            .create(
                {
                    "source": "bulk",
                    "bulk_scope": "before",
                    "bulk_before": "2026-10-01",
                    "bulk_kind": "formal_notice",
                    "bulk_date": "2026-09-15",
                }
            )
        )
        record.action_check()
        self.assertEqual((record.count_ok, record.count_skipped, record.count_error), (2, 1, 0))
        record.action_import()
        self.assertEqual(self.item(old).level_id, self.level(40))
        self.assertEqual(self.item(consumer).level_id, self.level(40, "consumer"))
        self.assertFalse(self.item(young).level_id or self.item(hidden).level_id)

    def test_chosen_customers_and_invoices(self):
        one, two = self.invoice(due=date(2026, 7, 1)), self.invoice(due=date(2026, 7, 2))
        values = {"source": "bulk", "bulk_kind": "reminder", "bulk_date": "2026-09-15"}
        imports = self.env["followup.reminder.import"].with_user(self.manager)
        first = imports.create({**values, "bulk_scope": "invoices", "bulk_move_ids": [Command.set(one.ids)]})
        first.action_import()
        self.assertEqual((self.item(one).level_id, self.item(two).level_id.id), (self.level(20), False))
        second = imports.create(
            {**values, "bulk_scope": "customers", "bulk_partner_ids": [Command.set(self.business.ids)]}
        )
        second.action_import()
        self.assertEqual((second.count_known, second.count_ok), (1, 1))
        self.assertEqual(self.item(two).level_id, self.level(20))

    # Rights

    def test_only_managers_import_and_nobody_writes_lines(self):
        move = self.invoice(due=date(2026, 9, 1))
        record = self.lines(self.row(move))
        user = new_test_user(
            self.env,
            "followup_user",
            "l10n_be_followup.l10n_be_followup_group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        mine = record.with_user(user)
        self.assertEqual(mine.line_ids.name, move.name, "a user may look")
        for method in ("action_check", "action_import", "action_undo"):
            with self.assertRaises(AccessError):
                getattr(mine, method)()
        with self.assertRaises(AccessError):
            self.env["followup.reminder.import"].with_user(user).create({"source": "bulk"})
        managed = record.with_user(self.manager)
        with self.assertRaises(AccessError):
            managed.line_ids.live = False
        with self.assertRaises(AccessError):
            managed.state = "draft"
        with self.assertRaises(UserError):
            managed.note = "changed afterwards"
        with self.assertRaises(UserError):
            managed.unlink()

    def test_another_company_sees_nothing(self):
        record = self.lines(self.row(self.invoice(due=date(2026, 9, 1))))
        other = self.setup_other_company()["company"]
        outsider = new_test_user(
            self.env,
            "outsider",
            "l10n_be_followup.l10n_be_followup_group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.assertFalse(self.env["followup.reminder.import"].with_user(outsider).search([]))
        with self.assertRaises(AccessError):
            record.with_user(outsider).action_undo()
        with self.assertRaises(AccessError):
            self.env["followup.reminder.import"].with_user(outsider).create({"company_id": self.company.id})

    def test_queries_do_not_grow_with_the_lines(self):
        partners = [self.business.copy({"name": f"Klant {n}", "ref": f"R{n}", "vat": False}) for n in range(30)]
        moves = [self.invoice(partner, due=date(2026, 9, 1)) for partner in partners]

        def count(chosen):
            record = self.lines(*(self.row(move, "Formal notice") for move in chosen), press=False)
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            record._check()
            self.env.flush_all()
            self.assertEqual(record.count_ok, len(chosen), self.bad(record)[:2])
            return self.env.cr.sql_log_count - before

        few, many = count(moves[:3]), count(moves)
        self.assertLessEqual(many, few + 8)
