import csv
import hashlib
import io
import json
import zipfile
from datetime import date
from decimal import Decimal
from email import message_from_bytes, policy

from odoo.tests import tagged
from odoo.tools import SQL

from ..legal.interest import accrue
from ..report import followup_dossier, followup_dossier_files
from .common import TODAY, SendingCommon
from .test_handover import HandoverCommon


class DossierCommon(HandoverCommon):
    def archive(self, handover):
        return zipfile.ZipFile(io.BytesIO(handover.sudo()._dossier_file()))

    def claim(self, handover):
        """The claim as a program reads it."""
        return json.loads(self.archive(handover).read("claim.json"))

    def rows(self, archive, name):
        return list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig")), delimiter=";"))


@tagged("post_install_l10n", "post_install", "-at_install")
class TestDossier(DossierCommon):
    """Every number on the dossier can be computed again from the books."""

    def test_every_number_comes_from_the_books(self):
        """By another road than the product's: journal items, reconciliations and rates, and plain arithmetic."""
        first = self.late(amount=1200, due=date(2026, 6, 30))
        second = self.late(amount=350.5, due=date(2026, 9, 15))
        self.told()
        self.pay(first, 450.25, day=date(2026, 8, 20))
        self.pay(first, 100, day=date(2026, 11, 3))
        self.credit_and_match(second, 50)
        self.refreshed()
        handover = self.hand_over(first)
        handover._recall("together")
        handover = self.env["followup.handover"]._hand_over(
            self.customer(), self.item(first) | self.item(second), self.bailiff, "bailiff"
        )
        data = self.claim(handover)
        self.assertEqual([item["number"] for item in data["items"]], [first.name, second.name])
        statutory = self.env["followup.rate"]._rate_table("b2b")
        for item, move in zip(data["items"], (first, second), strict=True):
            line = move.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
            self.assertEqual(item["journal_item"], line.id)
            self.env.flush_all()
            matched = self.env.execute_query(
                SQL(
                    """SELECT credit.date, partial.amount::text FROM account_partial_reconcile partial
                         JOIN account_move_line credit ON credit.id = partial.credit_move_id
                        WHERE partial.debit_move_id = %s ORDER BY credit.date, partial.id""",
                    line.id,
                )
            )
            payments = [(day, Decimal(amount)) for day, amount in matched]
            self.assertEqual(
                [(date.fromisoformat(row["date"]), Decimal(row["amount"])) for row in item["payments"]], payments
            )
            self.assertEqual(Decimal(item["amount"]), Decimal(str(line.debit)))
            paid = sum((amount for _day, amount in payments), Decimal(0))
            self.assertEqual(Decimal(item["principal"]), Decimal(str(line.debit)) - paid)
            self.assertEqual(Decimal(item["principal"]), Decimal(str(move.amount_residual)))
            # Interest, to the day, on the declining balance.
            expected = accrue(Decimal(str(line.debit)), line.date_maturity, TODAY, statutory, payments)
            self.assertEqual(Decimal(item["interest"]), expected.total)
            self.assertEqual(sum(Decimal(row["amount"]) for row in item["segments"]), expected.total)
            by_hand = sum(
                Decimal(row["base"]) * Decimal(row["rate"]) * row["days"] / Decimal(36500) for row in item["segments"]
            )
            self.assertLess(abs(by_hand - Decimal(item["interest"])), Decimal("0.006"))
            days = sum(row["days"] for row in item["segments"])
            self.assertEqual(days, (TODAY - line.date_maturity).days)
            self.assertEqual(item["compensation"], "40.00")
            self.assertEqual(
                Decimal(item["total"]),
                Decimal(item["principal"]) + Decimal(item["interest"]) + Decimal(item["compensation"]),
            )
        [totals] = data["totals"]
        for name, field in (("principal", "principal"), ("interest", "interest"), ("costs", "compensation")):
            self.assertEqual(Decimal(totals[name]), sum(Decimal(item[field]) for item in data["items"]))
        self.assertEqual(Decimal(totals["total"]), sum(Decimal(item["total"]) for item in data["items"]))
        # And the hand-over itself says the same.
        self.assertEqual(Decimal(f"{handover.amount:.2f}"), Decimal(totals["principal"]))
        self.assertEqual(Decimal(f"{handover.amount_interest:.2f}"), Decimal(totals["interest"]))
        self.assertEqual(Decimal(f"{handover.amount_claim:.2f}"), Decimal(totals["total"]))

    def credit_and_match(self, move, amount):
        credit = self.credit_note(self.business, amount)
        (credit.line_ids + move.line_ids).filtered(lambda line: line.account_type == "asset_receivable").reconcile()

    def test_tables_say_what_the_data_say(self):
        move = self.late()
        self.told()
        self.pay(move, 125.10, day=date(2026, 10, 20))
        self.refreshed()
        handover = self.hand_over(move)
        archive = self.archive(handover)
        [item] = json.loads(archive.read("claim.json"))["items"]
        [row] = self.rows(archive, "claim.csv")
        for name in ("amount", "principal", "interest", "compensation", "total"):
            self.assertEqual(row[name], item[name])
        self.assertEqual(Decimal(row["paid"]), Decimal("125.10"))
        [payment] = self.rows(archive, "payments.csv")
        self.assertEqual((payment["amount"], payment["date"]), ("125.10", "2026-10-20"))
        self.assertEqual(
            [line["interest"] for line in self.rows(archive, "interest.csv")], [r["amount"] for r in item["segments"]]
        )

    def test_paper_says_what_the_data_say(self):
        move = self.late()
        self.told()
        handover = self.hand_over(move, reference="2026/77")
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "l10n_be_followup.followup_dossier_document", handover.ids
        )
        text = html.decode()
        for words in (
            "648.46",
            "8.46",
            "10.5",
            "40.00",
            "600.00",
            move.name,
            "2026/77",
            "Deurwaarders Kouter",
            "10/01/2026",
        ):
            self.assertIn(words, text)
        self.assertIn("48.46", text)  # comes along without a court: less than a tenth of the principal

    def test_real_pdf(self):
        move = self.late()
        self.told()
        handover = self.hand_over(move)
        archive = self.archive(handover.with_context(force_report_rendering=True))
        names = archive.namelist()
        paper = next(name for name in names if name.startswith(handover.name) and name.endswith(".pdf"))
        self.assertTrue(archive.read(paper).startswith(b"%PDF"))
        [invoice] = [name for name in names if name.startswith("invoices/")]
        self.assertTrue(archive.read(invoice).startswith(b"%PDF"))
        self.assertTrue(archive.read("statement/statement.pdf").startswith(b"%PDF"))
        self.assertTrue(archive.read("statement/statement.xlsx").startswith(b"PK"))

    def test_both_numbers_as_belgians_write_them(self):
        move = self.late()
        self.told()
        handover = self.hand_over(move)
        report = self.env["ir.actions.report"]._render_qweb_html(
            "l10n_be_followup.action_report_followup_dossier", handover.ids
        )
        for number in ("0202.239.951", "0477.472.701"):
            self.assertIn(number, report[0].decode())

    def test_list_of_contents(self):
        move = self.late()
        self.told()
        handover = self.hand_over(move)
        archive = self.archive(handover)
        listed = {row["file"]: row["sha256"] for row in self.rows(archive, "contents.csv")}
        self.assertEqual(set(listed) | {"contents.csv"}, set(archive.namelist()))
        for name, digest in listed.items():
            self.assertEqual(hashlib.sha256(archive.read(name)).hexdigest(), digest, name)

    def test_kept_with_the_hand_over(self):
        move = self.late()
        self.told()
        handover = self.hand_over(move)
        action = handover.with_user(self.user).sudo(False).action_dossier()
        [attachment] = handover.dossier_ids
        self.assertIn(f"/web/content/{attachment.id}", action["url"])
        self.assertTrue(attachment.with_user(self.reader).sudo(False).raw.startswith(b"PK"))
        self.assertIn(hashlib.sha256(attachment.raw).hexdigest(), handover.message_ids[:1].body)

    def test_nothing_runs_in_a_spreadsheet(self):
        for text in ("=1+1", "+32 9", "-x", "@SUM(A1)", "\t=1", "  =cmd|' /C calc'!A0", "\r=1"):
            self.assertTrue(followup_dossier_files.safe_cell(text).startswith("'"), repr(text))
        self.assertEqual(followup_dossier_files.safe_cell(Decimal("-5.00")), "-5.00")
        self.assertEqual(followup_dossier_files.safe_cell(date(2026, 1, 2)), "2026-01-02")
        self.business.name = '=HYPERLINK("http://x")'
        move = self.late()
        self.told()
        [row] = self.rows(self.archive(self.hand_over(move)), "claim.csv")
        self.assertEqual(row["debtor"], '\'=HYPERLINK("http://x")')

    def test_agreements_and_disputes(self):
        move = self.late()
        self.told()
        customer, item = self.customer(), self.item(move)
        reason = self.env.ref("l10n_be_followup.followup_dispute_reason_quality")
        dispute = self.env["followup.dispute"]._dispute(customer, [(item, 100)], reason, note="Broken")
        promise = self.env["followup.promise"]._promise(customer, item, 500, date(2026, 11, 20))
        handover = self.hand_over(move, self.manager, reason="He breaks his word")
        dossier = followup_dossier.build(handover)
        self.assertEqual((dossier.disputes, dossier.promises), (dispute, promise))
        self.assertEqual(dossier.items[0].disputed, Decimal("100.00"))
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "l10n_be_followup.followup_dossier_document", handover.ids
        )
        for words in (dispute.name, promise.name, "Broken"):
            self.assertIn(words, html.decode())

    def test_foreign_currency_stands_apart(self):
        pound = self.env.ref("base.GBP")
        pound.active = True
        self.env["res.currency.rate"].create(
            {"name": "2026-01-01", "currency_id": pound.id, "company_id": self.company.id, "company_rate": 0.8}
        )
        euro, sterling = self.late(), self.late_in(pound)
        self.told()
        self.refreshed()
        handover = self.env["followup.handover"]._hand_over(
            self.customer(), self.item(euro) | self.item(sterling), self.bailiff, "bailiff"
        )
        dossier = followup_dossier.build(handover)
        self.assertEqual([section.currency.name for section in dossier.sections], ["EUR", "GBP"])
        self.assertEqual(dossier.sections[1].open, Decimal("400.00"))
        self.assertEqual(handover.amount, 600 + 500)

    def late_in(self, currency):
        return self.invoice(amount=400, due=date(2026, 9, 30), currency_id=currency.id)

    def test_language_of_the_dossier(self):
        self.env["res.lang"]._activate_lang("fr_BE")
        move = self.late()
        self.told()
        self.bailiff.lang = "fr_BE"
        handover = self.hand_over(move, lang=self.env["followup.handover"]._default_lang(self.company, self.bailiff))
        self.assertEqual(handover.lang, "fr_BE")
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "l10n_be_followup.followup_dossier_document", handover.ids
        )
        self.assertIn("30/09/26", html.decode().replace("30/09/2026", "30/09/26"))
        self.assertIn("648,46", html.decode())

    def test_when_everything_is_paid(self):
        move = self.late()
        self.told()
        handover = self.hand_over(move)
        self.pay(move)
        self.refreshed()
        data = self.claim(handover)
        self.assertEqual(data["items"][0]["principal"], "0.00")
        self.assertEqual(data["items"][0]["payments"][0]["amount"], "600.00")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestDossierEvidence(DossierCommon, SendingCommon):
    """Messages as they were sent, over a real mail server."""

    def test_messages_with_their_proof(self):
        move = self.late(due=date(2026, 11, 2))
        self.night()
        notice = self.notices()[-1]
        if notice.state == "review":
            self.press(notice, "action_approve")
        self.queue()
        notice.invalidate_recordset()
        self.assertEqual(notice.state, "sent")
        notice._deliver(TODAY)
        self.refreshed()
        handover = self.hand_over(move, self.manager, reason="At once")
        archive = self.archive(handover)
        evidence = json.loads(archive.read(f"messages/{notice.name}/evidence.json"))
        self.assertEqual(evidence["sha256"], notice.sha256)
        self.assertEqual(evidence["sha256_now"], notice.sha256, "nobody changed it since")
        self.assertEqual((evidence["delivered_on"], evidence["state"]), (TODAY.isoformat(), "delivered"))
        sent = self.sink.messages[-1][1]
        self.assertEqual(evidence["message_id"], sent["Message-ID"])
        rebuilt = message_from_bytes(archive.read(f"messages/{notice.name}/message.eml"), policy=policy.default)
        for header in ("Message-ID", "Subject", "To"):
            self.assertEqual(rebuilt[header], sent[header], header)
        self.assertIn(move.name, rebuilt.get_body(("html",)).get_content())
        self.assertIn(move.name, archive.read(f"messages/{notice.name}/message.html").decode())
        contacts = self.rows(archive, "contacts.csv")
        self.assertEqual([(row["message_id"], row["sha256"]) for row in contacts], [(notice.message_id, notice.sha256)])
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "l10n_be_followup.followup_dossier_document", handover.ids
        )
        self.assertIn(notice.sha256, html.decode())

    def test_replies_of_the_customer(self):
        move = self.late()
        self.told()
        customer = self.customer()
        customer.message_post(
            body="I never pay", message_type="email", email_from="jan@zoetebrood.example", subject="Re: Your file"
        )
        handover = self.hand_over(move)
        dossier = followup_dossier.build(handover)
        self.assertEqual([row.kind for row in dossier.contacts], ["email", "reply"])
        reply = dossier.contacts[1]
        self.assertIn(b"I never pay", self.archive(handover).read(f"messages/reply {reply.record.id}.html"))
