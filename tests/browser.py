from contextlib import nullcontext

from freezegun.api import freeze_time
from odoo import fields
from odoo.tests import new_test_user

from .common import NOW


class InBrowser:
    """Before a class of tests with a company: what those in a real browser have in common."""

    @classmethod
    def new_user(cls, login, group="l10n_be_followup.l10n_be_followup_group_user", **values):
        """Somebody of the company who reads English."""
        return new_test_user(
            cls.env,
            login=login,
            groups=group,
            company_id=cls.company.id,
            company_ids=[fields.Command.set(cls.company.ids)],
            **{
                "name": login.replace("_", " ").title(),
                "email": f"{login}@zilverberk.example",
                "lang": "en_US",
                "tz": "Europe/Brussels",
            }
            | values,
        )

    def enter_registry_test_mode(self):
        return nullcontext()  # a browser test is in it already

    def setUp(self):
        # The same Wednesday as in every other test, but the clock runs: a browser waits, and must give up some day.
        self.enterContext(freeze_time(NOW, tick=True, real_asyncio=True))
        super().setUp()
