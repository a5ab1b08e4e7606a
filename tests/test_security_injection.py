"""Names and texts that are more than words: in e-mails, letters, pages, the chatter, tables, archives and files."""

import base64
import email.policy
import io
from datetime import date
from email import message_from_bytes

import openpyxl
from lxml import html
from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..report import followup_dossier_files as files
from .common import TODAY, SendingCommon

TAGS = "<script>alert(1)</script><img src=x onerror=alert(1)><a href='javascript:alert(1)'>x</a>"
CODE = "{{ 7*7 }} ${7*7} <t t-out='7*7'/> %(name)s {customer}"
#: What an attacker puts behind the end of a header.
HEADER = "Bakker\r\nBcc: victim@elsewhere.example\r\nX-Evil: 1\r\n\r\nbody"


@tagged("post_install_l10n", "post_install", "-at_install")
class TestInjection(SendingCommon):
    def sent(self):
        """The message that left, as the server got it: (recipients, message)."""
        self.night()
        self.notices(state="review").action_approve()
        self.queue()
        [(recipients, message)] = self.sink.messages
        return recipients, message

    def assertHarmless(self, text):
        """Nothing of a name became an element, an attribute or code."""
        tree = html.fromstring(str(text))
        self.assertFalse(tree.xpath("//script[contains(., 'alert')]"))
        self.assertFalse(tree.xpath("//@*[starts-with(name(), 'on') and contains(., 'alert')]"))
        self.assertFalse(
            [link for link in tree.xpath("//@href | //@src") if link.strip().lower().startswith("javascript")]
        )
        self.assertNotIn("49 ", tree.text_content())

    def test_headers(self):
        """A line break in a name, an address or a subject begins no header and adds no recipient."""
        self.business.write({"name": HEADER, "ref": HEADER})
        self.company.name = f"Zilverberk {HEADER}"
        self.level(10).name = f"Friendly {HEADER}"
        user = new_test_user(
            self.env, "evil", "l10n_be_followup.l10n_be_followup_group_user", email="evil@zilverberk.example",
            company_id=self.company.id, company_ids=[Command.set(self.company.ids)],
        )  # fmt: skip
        user.name = HEADER
        self.business.with_company(self.company).followup_responsible_id = user
        self.invoice(ref=HEADER)
        recipients, message = self.sent()
        self.assertEqual(recipients, ["boekhouding@zoetebrood.example"])
        self.assertFalse(message["Bcc"] or message["X-Evil"] or message["Cc"])
        for header in ("Subject", "From", "To", "Reply-To"):
            self.assertNotIn("\n", str(message[header] or ""), header)
        notice = self.notices(state="sent")
        copy = message_from_bytes(files._eml(notice, []), policy=email.policy.default)
        self.assertFalse(copy["Bcc"] or copy["X-Evil"])
        shown = message_from_bytes(notice._eml(), policy=email.policy.default)
        self.assertFalse(shown["Bcc"] or shown["X-Evil"])

    def test_addresses(self):
        """An address with a line break or a second address reaches one person, or nobody."""
        for address in (
            "boekhouding@zoetebrood.example\r\nBcc: victim@elsewhere.example",
            "boekhouding@zoetebrood.example\nRCPT TO:<victim@elsewhere.example>",
            "victim@elsewhere.example>\r\nDATA",
        ):
            with self.subTest(address=address):
                partner = self.business.copy({"name": "Adres", "email": address})
                self.invoice(partner)
                self.night()
                self.notices(partner, state="review").action_approve()
                self.queue()
                reached = {one for recipients, _message in self.sink.messages for one in recipients}
                self.assertLessEqual(reached, {"boekhouding@zoetebrood.example"})
                for _recipients, message in self.sink.messages:
                    self.assertFalse(message["Bcc"])

    def test_html_and_code_in_names(self):
        """What a customer is called, and what his invoice says, is text everywhere: message, evidence, chatter, statement."""
        self.business.name = f"{TAGS} {CODE}"
        self.company.name = f"Zilverberk {TAGS}"
        self.invoice(ref=f"{TAGS} {CODE}")
        _recipients, message = self.sent()
        self.assertHarmless(message.get_body(("html",)).get_content())
        notice = self.notices(state="sent")
        self.assertHarmless(notice.body)
        self.assertNotIn("49", notice.subject)
        customer = self.customer()
        customer.action_hold()
        self.env["followup.hold.wizard"].create(
            {"customer_id": customer.id, "until": "2026-12-01", "reason": TAGS}
        ).action_confirm()
        promise = self.env["followup.promise"]._promise(customer, customer.item_ids, 50.0, TODAY, note=TAGS)
        promise.action_cancel()
        for body in customer.message_ids.mapped("body") + notice.line_ids.move_id.message_ids.mapped("body"):
            if body:
                self.assertHarmless(body)
        for name in ("schedule_html", "warning_html"):
            wizard = self.env["followup.arrange.wizard"].create({"customer_id": customer.id})
            if wizard[name]:
                self.assertHarmless(wizard[name])
        sheet = self.env["followup.call.sheet"].browse(customer.action_call_sheet()["res_id"])
        for name in ("facts", "head", "script"):
            if sheet[name]:
                self.assertHarmless(sheet[name])
        reports = self.env["ir.actions.report"]
        statement = self.env["followup.statement.wizard"].create({"customer_ids": customer.ids})
        for report, record in (("followup_statement", statement), ("followup_evidence", notice),
                               ("followup_call_sheet_document", customer)):  # fmt: skip
            self.assertHarmless(reports._render_qweb_html(f"l10n_be_followup.{report}", record.ids)[0].decode())

    def test_code_in_templates(self):
        """A follow-up manager changes words; expressions in them are for the editors of templates."""
        manager = new_test_user(
            self.env, "wordsmith", "l10n_be_followup.l10n_be_followup_group_manager",
            company_id=self.company.id, company_ids=[Command.set(self.company.ids)],
        )  # fmt: skip
        self.env["ir.config_parameter"].sudo().set_param("mail.restrict.template.rendering", True)
        manager.group_ids -= self.env.ref("mail.group_mail_template_editor")
        template = self.level(10).template_id
        for values in (
            {"body_html": "<p><t t-out=\"object.env['res.users'].sudo().search([]).mapped('login')\"/></p>"},
            {"subject": "{{ object.env.cr.dbname }}"},
        ):
            with self.subTest(values=values), self.assertRaises(UserError):
                template.with_user(manager).write(values)
        script = self.env.ref("l10n_be_followup.followup_call_script_promise", raise_if_not_found=False)
        script = script or self.env["followup.call.script"].search([], limit=1)
        script.with_user(manager).body = f"<p>{{customer}}</p>{TAGS}{{{{ 7*7 }}}}"
        self.assertHarmless(script._fill({"customer": TAGS}))
        self.assertIn("{{ 7*7 }}", script._fill({}))
        for domain in ("__import__('os').system('true')", "[].__class__.__mro__", "open('/etc/passwd')"):
            with self.subTest(domain=domain), self.assertRaises(ValidationError):
                self.business_policy.with_user(manager).domain = domain

    def test_workbook(self):
        """A name that looks like a formula, or like a link, is text in the statement."""
        self.business.name = '=HYPERLINK("http://evil.example")'
        self.invoice(ref="=1+1")
        self.company.name = "@SUM(A1)"
        self.refreshed()
        wizard = self.env["followup.statement.wizard"].create({"customer_ids": self.customer().ids})
        wizard.action_xlsx()
        book = openpyxl.load_workbook(io.BytesIO(base64.b64decode(wizard.xlsx)))
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
        self.assertFalse([cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink])
        self.assertIn('=HYPERLINK("http://evil.example")', [cell.value for cell in cells])

    def test_cells_and_names_of_files(self):
        for text in (
            "=1+1",
            "+1",
            "-1",
            "@a",
            "\t=1",
            "\r=1",
            "\n=1",
            " =1",
            "\u00a0=1",
            "\u3000=1",
            "＝1",
            "＋1",
            "－1",
            "＠a",
        ):
            self.assertTrue(files.safe_cell(text).startswith("'"), repr(text))
        self.assertEqual(files.safe_cell("Bakkerij - Gent"), "Bakkerij - Gent")
        for name in (
            "../../etc/passwd",
            "..\\..\\x",
            "/abs",
            "C:\\x",
            "a\0b",
            "..",
            ".",
            "x" * 999,
            "con\r\nX: 1",
            "\u202egpj.exe",
        ):
            safe = files.safe_name(name)
            self.assertNotRegex(safe, r"[/\\\x00-\x1f:\u202a-\u202e]")
            self.assertLessEqual(len(safe), 120)
            self.assertNotIn(safe, ("", ".", ".."))

    def test_too_much(self):
        """A file of 50 MB is refused before it is read; nothing is kept of it."""
        record = self.env["followup.reminder.import"].create(
            {"filename": "x.csv", "file": base64.b64encode(b"a;b\n" * 13_000_000)}
        )
        record.action_check()
        self.assertIn("MB", record.file_problem)
        self.assertFalse(record.line_ids)
        # A name that no mail server takes: the message fails, visibly, and the others leave.
        self.business.name = "N" * 20_000
        self.invoice(due=date(2026, 11, 1))
        self.invoice(self.consumer, due=date(2026, 11, 1))
        self.night()
        self.queue()
        self.assertEqual(self.notices().mapped("state"), ["failed"])
        self.assertIn("Line too long", self.notices().failure)
        self.assertEqual(self.notices(self.consumer).mapped("state"), ["sent"])
