from contextlib import nullcontext
from datetime import datetime
from unittest.mock import patch

from freezegun.api import freeze_time
from odoo import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .common import NOW
from .test_letters import LetterCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestLetterTour(LetterCommon, HttpCase):
    """From batch to posted, in a real browser, as a follow-up user."""

    def enter_registry_test_mode(self):
        return nullcontext()  # a browser test is in it already

    def test_from_batch_to_posted(self):
        user = new_test_user(
            self.env,
            login="letter_tour",
            groups="l10n_be_followup.l10n_be_followup_group_user",
            name="Letter User",
            email="letters@zilverberk.example",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
            lang="en_US",
            tz="Europe/Brussels",
        )
        if "odoobot_state" in user._fields:
            user.odoobot_state = "disabled"  # its welcome may come in the middle of the tour
        letters = self.letters(self.business, self.consumer)
        self.assertEqual(letters.mapped("state"), ["queued", "queued"])
        wizards = type(self.env["followup.letter.post.wizard"])
        open_wizard = wizards._open
        invoice = letters[1].line_ids.move_id

        def paid_meanwhile(model, printed):
            # Between printing and posting the money comes in.
            if invoice.payment_state == "not_paid":
                self.pay(invoice.with_env(self.env))
                self.env.flush_all()
                model.env.invalidate_all()
            return open_wizard(model, printed)

        # The clock runs: a browser waits, and must give up some day.
        moment = datetime(NOW.year, NOW.month, NOW.day, 10)
        with freeze_time(moment, tick=True, real_asyncio=True), patch.object(wizards, "_open", paid_meanwhile):
            self.start_tour("/odoo/followup-letters-print", "l10n_be_followup_letters", login="letter_tour")
        self.env.invalidate_all()
        self.assertEqual(letters.mapped("state"), ["delivered", "cancelled"])
        self.assertEqual(letters[0].posted_by, user)
        self.assertEqual(self.items().level_id, self.level(10))
        self.assertEqual(letters.letter_batch_id.state, "posted")
        self.authenticate("letter_tour", "letter_tour")
        page = self.url_open(f"/followup/letter/{letters[0].id}")
        self.assertEqual((page.status_code, page.headers["Content-Type"]), (200, "application/pdf"))
        self.assertIn("COPY", self.words(page.content))
        self.assertEqual(self.url_open("/followup/letter/999999999").status_code, 404)
