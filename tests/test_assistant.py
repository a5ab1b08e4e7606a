import base64
import importlib.util
import socket
from datetime import date
from pathlib import Path
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import config

from .common import TODAY, FollowupCommon, SendingCommon


def closed_port():
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class AssistantCommon(FollowupCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = {"company_id": cls.company.id, "company_ids": [Command.set(cls.company.ids)]}
        cls.manager = new_test_user(
            cls.env,
            "followup_manager",
            "l10n_be_followup.l10n_be_followup_group_manager",
            email="m@x.example",
            **company,
        )
        cls.user = new_test_user(cls.env, "followup_user", "l10n_be_followup.l10n_be_followup_group_user", **company)
        cls.reader = new_test_user(cls.env, "followup_reader", "account.group_account_readonly", **company)
        cls.company.write({"followup_live": False, "followup_cutoff_date": False})
        cls.assistant = cls.env["followup.assistant"]._for_company(cls.company).with_user(cls.manager)
        cls.assistant.action_reopen()
        cls.assistant.cutoff_date = date(2026, 9, 1)

    def walk(self, until, assistant=None):
        assistant = assistant or self.assistant
        while assistant.step != until:
            if assistant.step == "checks" and not assistant.checked_date:
                self.pretend_checked(assistant)
            assistant.action_next()

    def pretend_checked(self, assistant, status="ok"):
        assistant.sudo().write(
            {
                "checked_date": "2026-11-18 09:00:00",
                "check_ids": [
                    Command.clear(),
                    Command.create({"code": "server", "name": "Outgoing mail", "status": status}),
                ],
            }
        )


@tagged("post_install_l10n", "post_install", "-at_install")
class TestAssistant(AssistantCommon):
    """What a new user does first, and what cannot be skipped."""

    def test_live_mode_is_refused_until_it_is_finished(self):
        self.company.followup_cutoff_date = date(2026, 9, 1)
        for who in (self.env.user, self.manager):
            with self.assertRaisesRegex(ValidationError, "finish the start assistant"), self.env.cr.savepoint():
                self.company.with_user(who).sudo().write({"followup_live": True})
        with self.assertRaisesRegex(ValidationError, "start assistant"), self.env.cr.savepoint():
            self.env["res.company"].create({"name": "Born live", "followup_live": True})
        self.assertFalse(self.company.followup_live)

    def test_no_step_is_skipped(self):
        self.assistant.step = "live"
        self.assistant.confirmed = True
        with self.assertRaisesRegex(UserError, "Cut-off date, Reminded elsewhere, Older items"):
            self.assistant.action_go_live()
        with self.assertRaisesRegex(UserError, "not done yet"):
            self.assistant.action_finish()
        self.assertFalse(self.company.followup_live or self.assistant.finished)

    def test_the_whole_way_to_live(self):
        self.invoice(amount=250)
        self.refreshed()
        self.walk("live")
        self.assertEqual(self.assistant.missing, "")
        with self.assertRaisesRegex(UserError, "dry run"):
            self.assistant.action_go_live()
        self.assistant.confirmed = True
        self.assistant.action_go_live()
        self.assertTrue(self.company.followup_live)
        self.assertEqual(self.company.followup_cutoff_date, date(2026, 9, 1))
        self.assertFalse(self.company.followup_live_domain)
        self.assertEqual(self.assistant.finished_by, self.manager)
        self.assertIn("Live from", self.assistant.message_ids[0].body)
        self.night()
        self.assertEqual(self.notices().state, "queued")

    def test_live_for_a_segment(self):
        self.invoice()
        self.invoice(self.consumer)
        self.refreshed(), self.refreshed(self.consumer)
        self.assistant.write({"live_scope": "segment", "live_domain": "[('is_company', '=', True)]"})
        self.assertEqual((self.assistant.segment_count, self.assistant.outside_count), (1, 1))
        self.walk("live")
        self.assistant.confirmed = True
        self.assistant.action_go_live()
        self.assertEqual(self.company.followup_live_domain, "[('is_company', '=', True)]")
        self.night()
        self.assertEqual((self.notices().state, self.notices(self.consumer).state), ("queued", "review"))

    def test_finish_and_stay_in_safe_mode(self):
        self.invoice()
        self.walk("live")
        self.assistant.action_finish()
        self.assertTrue(self.assistant.finished)
        self.assertFalse(self.company.followup_live)
        self.night()
        self.assertEqual(self.notices().state, "review")
        self.company.followup_live = True
        self.assistant.action_safe_mode()
        self.assertFalse(self.company.followup_live)

    def test_nothing_is_prepared_before_the_end(self):
        """Who stops half-way finds no first reminders to people who had a formal notice elsewhere."""
        self.invoice()
        self.walk("reminded")
        self.night()
        self.assertFalse(self.notices())

    def test_going_through_it_again_needs_safe_mode(self):
        self.walk("live")
        self.assistant.confirmed = True
        self.assistant.action_go_live()
        with self.assertRaisesRegex(UserError, "safe mode"):
            self.assistant.action_reopen()
        self.assistant.action_safe_mode()
        self.assistant.action_reopen()
        self.assertEqual((self.assistant.step, self.assistant.finished), ("cutoff", False))
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self.company.followup_live = True

    def test_another_date_asks_for_another_dry_run(self):
        self.walk("live")
        self.assistant.confirmed = True
        self.assistant.cutoff_date = date(2026, 10, 1)
        self.assertFalse(self.assistant.confirmed)
        with self.assertRaisesRegex(UserError, "Dry run"):
            self.assistant.action_finish()

    def test_one_record_for_a_company_and_its_branches(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        assistants = self.env["followup.assistant"]
        self.assertEqual(assistants._for_company(branch), self.assistant.with_env(self.env))
        self.assertEqual(assistants.with_user(self.manager).action_open()["res_id"], self.assistant.id)

    def test_who_was_live_stays_live_at_an_upgrade(self):
        self.company.followup_cutoff_date = date(2026, 9, 1)
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_company SET followup_live = TRUE WHERE id = %s", [self.company.id])
        self.env.cr.execute("DELETE FROM followup_assistant WHERE company_id = %s", [self.company.id])
        self.env.invalidate_all()
        path = Path(__file__).parent.parent / "migrations" / "19.0.1.1.0" / "post-migration.py"
        spec = importlib.util.spec_from_file_location("post_migration", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.company.followup_cutoff_date = date(2026, 10, 1)  # the constraint holds
        self.assertTrue(self.company.followup_live)
        self.assertTrue(self.env["followup.assistant"]._is_finished(self.company))

    # Rights

    def test_users_look_and_managers_finish(self):
        mine = self.assistant.with_user(self.user)
        mine.step = "older"
        self.assertFalse(mine.can_manage)
        for method in (
            "action_next",
            "action_check",
            "action_preview",
            "action_go_live",
            "action_finish",
            "action_reopen",
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                getattr(mine, method)()
        for vals in ({"cutoff_date": TODAY}, {"finished": True}, {"done": ["cutoff"]}):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                mine.write(vals)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.assistant.with_user(self.reader).step = "older"
        self.assertTrue(self.assistant.with_user(self.reader).read(["step", "before_count", "policy_text"]))

    def test_a_manager_cannot_declare_it_finished(self):
        for vals in ({"finished": True}, {"done": ["cutoff"]}, {"preview_run_id": 1}, {"company_id": 1}):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                self.assistant.write(vals)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.env["followup.assistant"].with_user(self.manager).create({"company_id": self.company.id})
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.assistant.unlink()

    def test_another_companys_manager(self):
        other = self.setup_other_company()["company"]
        outsider = new_test_user(
            self.env,
            "followup_other",
            "l10n_be_followup.l10n_be_followup_group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        for method in ("action_next", "action_go_live", "action_safe_mode"):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                getattr(self.assistant.with_user(outsider), method)()

    def test_the_way_to_it_goes_once_it_is_finished(self):
        customers = self.env["followup.customer"].with_user(self.manager)
        self.assertIn("action_open_assistant", customers.get_view(view_type="list")["arch"])
        self.assertIn("start assistant", customers.get_empty_list_help(""))
        self.env["followup.assistant"]._mark_finished(self.company)
        self.assertNotIn("action_open_assistant", customers.get_view(view_type="list")["arch"])
        self.assertNotIn("start assistant", customers.get_empty_list_help(""))

    # Figures

    def test_what_lies_before_and_after(self):
        self.invoice(amount=100, due=date(2026, 8, 31))
        self.invoice(amount=30, due=date(2026, 9, 1))
        self.invoice(self.consumer, amount=50, due=date(2026, 11, 17))
        self.invoice(amount=7, due=TODAY)
        part = self.invoice(amount=1000, due=date(2026, 7, 1))
        self.pay(part, 900)
        self.assertEqual((self.assistant.before_count, self.assistant.before_amount), (2, 200))
        self.assertEqual((self.assistant.after_count, self.assistant.after_amount), (2, 80))
        self.assertEqual(self.assistant.after_customers, 2)
        self.assertEqual((self.assistant.coming_count, self.assistant.coming_amount), (1, 7))
        self.assistant.cutoff_date = date(2026, 6, 1)
        self.assertEqual(self.assistant.before_count, 0)

    def test_older_items_are_decided_on(self):
        moves = [self.invoice(amount=amount, due=date(2026, 7, 1)) for amount in (10, 20, 30, 40)]
        self.refreshed()
        items = [
            self.env["followup.item"].with_user(self.user).search([("move_line_id.move_id", "=", move.id)])
            for move in moves
        ]
        self.assertEqual((self.assistant.older_count, self.assistant.older_amount), (4, 100))
        items[0].action_include_older()
        items[1].action_leave_older()
        items[2].action_hold_older()
        self.env.invalidate_all()
        self.assertEqual((self.assistant.older_count, self.assistant.older_amount), (1, 40))
        self.assertEqual((self.assistant.older_included, self.assistant.older_left), (2, 1))
        self.assertIn(moves[0].name, self.customer().message_ids.filtered(lambda m: "although" in m.body).body)
        self.walk("live")
        self.assistant.action_finish()
        self.night()
        self.assertEqual(self.notices().line_ids.filtered("advances").move_id, moves[0])
        [hold] = self.customer().hold_ids
        self.assertEqual((hold.move_id, hold.until), (moves[2], date(2026, 12, 18)))
        with self.assertRaises(UserError):
            items[3].with_user(self.reader).action_include_older()

    def test_what_nobody_sees(self):
        receivable = self.company_data["default_account_receivable"]
        entry = self.env["account.move"].create(
            {
                "date": date(2026, 1, 1),
                "line_ids": [
                    Command.create(
                        {
                            "account_id": receivable.id,
                            "partner_id": self.business.id,
                            "debit": 400,
                            "date_maturity": date(2026, 9, 9),
                        }
                    ),
                    Command.create({"account_id": receivable.id, "debit": 70, "date_maturity": date(2026, 9, 9)}),
                    Command.create({"account_id": self.company_data["default_account_revenue"].id, "credit": 470}),
                ],
            }
        )
        entry.action_post()
        self.assertEqual((self.assistant.hidden_count, self.assistant.hidden_amount), (1, 400))
        self.assertEqual((self.assistant.nobody_count, self.assistant.nobody_amount), (1, 70))
        lines = self.env["account.move.line"].with_user(self.user)
        hidden = lines.search(self.assistant.action_open_hidden()["domain"])
        self.assertEqual(hidden.partner_id, self.business)
        self.assertEqual(lines.search(self.assistant.action_open_nobody()["domain"]).amount_residual, 70)
        hidden.action_followup_show()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self.assistant.hidden_count, 0)
        self.refreshed()
        self.assertEqual(self.items().amount_residual_currency, 400)
        self.assertNotIn("no_followup", self.codes(self.items()))

    # Policies, example, dry run

    def test_policies_in_plain_words(self):
        text = self.assistant.policy_text
        for words in (
            "3 days after the due date: Friendly reminder (e-mail)",
            "interest",
            "It leaves by itself",
            "(call). It is planned, and somebody calls",
            "review",
        ):
            self.assertIn(words, text)

    def test_an_example_for_a_real_customer_leaves_no_trace(self):
        move = self.invoice(amount=321.5)
        self.refreshed()
        count = self.env["followup.notice"].search_count([])
        self.assistant.action_example()
        self.assertIn("321.50", self.assistant.example_body)
        self.assertIn(move.name, self.assistant.example_body)
        self.assertIn("Friendly reminder to ", self.assistant.example_name)
        self.assertEqual(self.env["followup.notice"].search_count([]), count)
        self.assertFalse(self.env["mail.mail"].search([("followup_notice_id", "!=", False)]))

    def test_an_example_without_any_customer(self):
        partners = self.env["res.partner"].search_count([])
        self.assistant.action_example()
        self.assertIn("250.00", self.assistant.example_body)
        self.assertEqual(self.env["res.partner"].search_count([]), partners)
        self.assertFalse(self.env["account.move"].search([("company_id", "=", self.company.id)]))

    def test_the_dry_run_answers_for_live_mode(self):
        self.invoice(amount=250)
        self.invoice(self.consumer, amount=80)
        self.invoice(self.business.copy({"name": "Old", "vat": False}), due=date(2026, 3, 1))
        self.assistant.write({"live_scope": "segment", "live_domain": "[('is_company', '=', True)]"})
        self.assistant.action_preview()
        rows = {line.customer_id.partner_id: line for line in self.assistant.preview_line_ids}
        self.assertEqual((rows[self.business].step, rows[self.business].amount), ("message", 250))
        self.assertEqual(rows[self.consumer].step, "review", "outside the segment")
        [old] = [line for partner, line in rows.items() if partner.name == "Old"]
        self.assertEqual(old.step, "none")
        self.assertEqual(
            (self.assistant.preview_messages, self.assistant.preview_reviews, self.assistant.preview_amount),
            (1, 1, 330),
        )
        self.assertFalse(self.notices())

    def test_a_file_that_waits_is_not_forgotten(self):
        move = self.invoice(due=date(2026, 9, 1))
        content = f"Customer;Invoice;Level;Last reminder\n{move.partner_id.name};{move.name};2;01/11/2026\n"
        record = (
            self.env["followup.reminder.import"]
            .with_user(self.manager)
            .create({"file": base64.b64encode(content.encode()), "filename": "x.csv"})
        )
        record.action_check()
        self.walk("reminded")
        with self.assertRaisesRegex(UserError, record.name):
            self.assistant.action_next()
        record.action_import()
        self.assistant.action_next()
        self.assertEqual((self.assistant.step, self.assistant.imported_count), ("older", 1))


@tagged("post_install_l10n", "post_install", "-at_install")
class TestAssistantChecks(AssistantCommon, SendingCommon):
    """The checks speak to a real mail server, on demand only."""

    def check(self, code, assistant=None):
        assistant = assistant or self.assistant
        assistant.action_check()
        [row] = assistant.check_ids.filtered(lambda check: check.code == code)
        return row.status, row.message

    def test_the_mail_server_is_really_asked(self):
        status, message = self.check("server")
        self.assertEqual(status, "ok", message)
        self.assertFalse(self.sink.messages, "nothing is sent")
        self.server.smtp_port = closed_port()
        status, message = self.check("server")
        self.assertEqual(status, "bad")
        self.assertIn("No connection with sink", message)
        self.assertEqual(self.assistant.step, "cutoff")
        self.walk("checks")
        with self.assertRaisesRegex(UserError, "Outgoing mail"):
            self.assistant.action_next()

    def test_without_a_mail_server_the_configuration_file_counts(self):
        """Nobody set up a server in Odoo: the one of the configuration file is asked, and named."""
        self.server.active = False
        with patch.dict(config.options, {"smtp_server": "127.0.0.1", "smtp_port": closed_port(), "smtp_ssl": False}):
            status, message = self.check("server")
        self.assertEqual(status, "bad")
        self.assertIn("configuration file", message)

    def test_no_network_in_a_compute(self):
        def forbidden(*args, **kwargs):
            raise AssertionError("the mail server was asked")

        with patch.object(type(self.env["ir.mail_server"]), "_connect__", forbidden):
            names = list(self.assistant._fields)
            self.assistant.read(names)
            self.walk("checks")

    def test_sender_and_company_data(self):
        self.company.email = False
        self.assertEqual(self.check("sender")[0], "bad")
        self.company.email = "facturen@zilverberk.example"
        self.assertEqual(self.check("sender")[0], "ok")
        self.company.write({"street": "Markt 1", "zip": "9000", "city": "Gent", "phone": False})
        self.assertEqual(self.check("company"), ("warning", "Missing: phone. Customers who want to react look for it."))
        self.company.phone = "+32 9 123 45 67"
        self.assertEqual(self.check("company")[0], "ok")
        self.company.write({"company_registry": False, "vat": False})
        self.assertEqual(self.check("company")[0], "bad")

    def test_bounces(self):
        self.assertEqual(self.check("bounces")[0], "warning")
        self.env["fetchmail.server"].create({"name": "in", "server_type": "imap", "state": "done", "server": "x"})
        self.assertEqual(self.check("bounces")[0], "ok")
        self.company.sudo().alias_domain_id = False
        self.assertIn("no address for returned e-mails", self.check("bounces")[1])

    def test_payment_account_and_its_qr_code(self):
        self.company.partner_id.bank_ids.unlink()
        self.assertEqual((self.check("bank")[0], self.check("qr")[0]), ("bad", "warning"))
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "BE71096123456769", "partner_id": self.company.partner_id.id}
        )
        self.assertEqual((self.check("bank")[0], self.check("qr")[0]), ("ok", "ok"))
        self.assertIn("kB", self.check("qr")[1])
        bank.acc_number = "123-4567"
        self.assertEqual((self.check("bank")[0], self.check("qr")[0]), ("warning", "warning"))

    def test_policies_and_the_night(self):
        self.assertEqual((self.check("policies")[0], self.check("night")[0]), ("ok", "ok"))
        self.consumer_policy.active = False
        self.assertIn("consumers", self.check("policies")[1])
        self.env.ref("l10n_be_followup.ir_cron_followup_night").active = False
        self.assertEqual(self.check("night")[0], "bad")

    def test_orange_is_up_to_a_person(self):
        self.walk("checks")
        self.pretend_checked(self.assistant, "warning")
        with self.assertRaisesRegex(UserError, "orange"):
            self.assistant.action_next()
        self.assistant.accepted = True
        self.assistant.action_next()
        self.assertEqual(self.assistant.step, "policies")

    def test_every_point_leads_to_a_screen(self):
        self.assistant.action_check()
        for row in self.assistant.check_ids:
            self.assertEqual(row.action_open()["type"], "ir.actions.act_window", row.code)
