from datetime import date

from odoo import Command
from odoo.tests import new_test_user, tagged

from .charge_common import ChargeCommon
from .common import TODAY


@tagged("post_install_l10n", "post_install", "-at_install")
class TestChargeReport(ChargeCommon):
    """Claimed, waived, posted, collected; and the ledger says the same."""

    def totals(self, *groupby):
        self.env.flush_all()
        rows = self.env["followup.charge.report"]._read_group(
            [("company_id", "=", self.company.id)], ["event", *groupby], ["amount:sum"]
        )
        return {tuple(row[:-1]) if groupby else row[0]: round(row[-1], 2) for row in rows}

    def test_every_event_on_its_own_day(self):
        mine, theirs = self.claims(), self.claims(partner=self.consumer)
        note = mine._post_to_books(date(2026, 11, 18))
        self.pay(note, 45.0, day=date(2026, 12, 3))
        mine[0]._reverse_in_books("fout", {mine[0]: 5.0}, date(2027, 1, 4))
        theirs[1]._waive("klein")
        self.assertEqual(
            self.totals(),
            {"1_claimed": 104.68, "2_waived": 40.0, "3_posted": 52.34, "4_reversed": 5.0, "5_collected": 45.0},
        )
        by_day = {
            (event, day.month): amount for (event, day), amount in self.totals("date:month").items() if event >= "3"
        }
        self.assertEqual(by_day, {("3_posted", 11): 52.34, ("5_collected", 12): 45.0, ("4_reversed", 1): 5.0})
        self.assertEqual(self.totals("partner_id")["2_waived", self.consumer], 40.0)

    def check(self, **values):
        action = self.env["followup.charge.check"].action_start()
        check = self.env["followup.charge.check"].browse(action["res_id"])
        if values:
            check.write(values)
            check.action_check()
        return check

    def test_equal_to_the_cent(self):
        dollar = self.setup_other_currency("USD", rates=[("2020-01-01", 3.0)])
        foreign = self.claims(self.invoice(amount=500, due=date(2026, 10, 1), currency_id=dollar.id), 33.33, 11.11)
        mine = self.claims()
        (mine + foreign)._post_to_books()
        mine[1]._reverse_in_books("fout", day=date(2026, 12, 1))
        check = self.check(date=date(2026, 12, 31))
        self.assertTrue(check.equal)
        self.assertEqual((check.amount_charges, check.amount_ledger), (round(12.34 + 11.11 + 3.70, 2), self.ledger()))
        early = self.check(date=TODAY)
        self.assertTrue(early.equal)
        self.assertEqual((early.amount_reversed, early.amount_posted), (0.0, round(52.34 + 14.81, 2)))

    def test_other_income_on_the_account_is_shown_apart(self):
        self.claims()._post_to_books()
        account = self.company._followup_charge_account()
        self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": TODAY,
                "line_ids": [
                    Command.create({"account_id": self.journal_bank.default_account_id.id, "debit": 7.0}),
                    Command.create({"account_id": account.id, "credit": 7.0}),
                ],
            }
        ).action_post()
        check = self.check()
        self.assertEqual((check.equal, check.amount_other, check.amount_ledger), (True, 7.0, 59.34))
        self.assertFalse(check.line_ids)

    def test_a_difference_names_the_entry(self):
        charges = self.claims()
        note = charges._post_to_books()
        self.env.flush_all()
        # Somebody repairs the database by hand.
        self.env.cr.execute("UPDATE account_move_line SET balance = -41 WHERE followup_charge_id = %s", [charges[1].id])
        self.env.invalidate_all()
        check = self.check()
        self.assertFalse(check.equal)
        self.assertEqual(check.difference, 1.0)
        [line] = check.line_ids
        self.assertEqual((line.move_id, line.charge_id, line.difference), (note, charges[1], 1.0))

    def test_an_accountant_who_only_reads_may_check(self):
        self.claims()._post_to_books()
        reader = new_test_user(
            self.env,
            login="reader",
            groups="account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        action = self.env["followup.charge.check"].with_user(reader).action_start()
        check = self.env["followup.charge.check"].with_user(reader).browse(action["res_id"])
        self.assertTrue(check.equal)
        self.assertEqual(len(self.env["followup.charge.report"].with_user(reader).search([])), 4)
