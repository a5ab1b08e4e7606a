from contextlib import contextmanager
from datetime import date, datetime, timedelta
from unittest.mock import patch

from freezegun.api import freeze_time
from odoo import fields
from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.tests import tagged

from .smtp import MailSink

#: A Wednesday; every date in the tests stands beside it.
TODAY = date(2026, 11, 18)
NOW = datetime(2026, 11, 18, 10, 0)


@tagged("post_install_l10n", "post_install", "-at_install")
class FollowupCommon(AccountTestInvoicingCommon):
    """A Belgian company on a fixed day, customers of each regime, and helpers that read like the story."""

    @classmethod
    @AccountTestInvoicingCommon.setup_country("be")
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(NOW, real_asyncio=True))
        cls.company = cls.company_data["company"]
        cls.env["followup.assistant"]._mark_finished(cls.company)
        cls.company.write(
            {
                "email": "facturen@zilverberk.example",
                "company_registry": "0202239951",
                "followup_cutoff_date": date(2026, 1, 1),
                "followup_live": True,
                "followup_freshness_days": 0,
                "followup_minimum_amount": 5.0,
            }
        )
        # Returned e-mails are seen.
        cls.company.sudo().alias_domain_id = cls.env["mail.alias.domain"].sudo().search([], limit=1) or cls.env[
            "mail.alias.domain"
        ].sudo().create({"name": "zilverberk.example", "bounce_alias": "bounce", "catchall_alias": "catchall"})
        cls.company.followup_bounce_gateway = True
        cls.engine = cls.env["followup.engine"].sudo()
        cls.env.user.group_ids |= cls.env.ref("l10n_be_followup.l10n_be_followup_group_manager")
        cls.business_policy = cls.env.ref("l10n_be_followup.followup_policy_business")
        cls.consumer_policy = cls.env.ref("l10n_be_followup.followup_policy_consumer")
        belgium = cls.env.ref("base.be")
        cls.business = cls.env["res.partner"].create(
            {
                "name": "Bakkerij Het Zoete Brood",
                "is_company": True,
                "vat": "BE0477472701",
                "email": "boekhouding@zoetebrood.example",
                "country_id": belgium.id,
            }
        )
        cls.consumer = cls.env["res.partner"].create(
            {"name": "Jan Peeters", "email": "jan@peeters.example", "country_id": belgium.id}
        )
        cls.env["account.partial.reconcile"].flush_model()

    @classmethod
    def _create_company(cls, **create_values):
        """OVERRIDE account: the database may hold the companies already (`dev/tested_db.py`); a chart takes seconds."""
        made = set(create_values) == {"name"} and cls.env.ref(
            f"__followup_test__.{create_values['name']}", raise_if_not_found=False
        )
        if not made:
            return super()._create_company(**create_values)
        cls.env.user.company_ids = [fields.Command.link(made.id)]
        return made

    def setUp(self):
        super().setUp()
        self.enterContext(self.enter_registry_test_mode())

    @contextmanager
    def committing(self, su=True):
        """An environment on a cursor of its own, in which the code under test may commit; root's, like a cron."""
        self.env.flush_all()
        with self.registry.cursor() as cr:
            yield self.env(cr=cr, su=su)
            cr.commit()
        self.env.invalidate_all()

    def level(self, name, policy="business"):
        return self.env.ref(f"l10n_be_followup.followup_level_{policy}_{name}")

    def invoice(self, partner=None, amount=100.0, due=date(2026, 11, 10), **values):
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": (partner or self.business).id,
                "invoice_date": values.pop("invoice_date", fields.Date.subtract(due, days=30)),
                "invoice_date_due": due,
                "invoice_line_ids": [
                    fields.Command.create(
                        {"name": "Onderhoud", "quantity": 1, "price_unit": amount, "tax_ids": [fields.Command.clear()]}
                    )
                ],
                **values,
            }
        )
        move.action_post()
        return move

    def credit_note(self, partner, amount, day=date(2026, 11, 1)):
        move = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": partner.id,
                "invoice_date": day,
                "invoice_line_ids": [
                    fields.Command.create(
                        {"name": "Terug", "quantity": 1, "price_unit": amount, "tax_ids": [fields.Command.clear()]}
                    )
                ],
            }
        )
        move.action_post()
        return move

    def pay(self, move, amount=None, day=TODAY):
        """Money on the bank, reconciled with the invoice."""
        entry = self.env["account.move"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": day,
                "line_ids": [
                    fields.Command.create(
                        {
                            "account_id": self.company_data["default_journal_bank"].default_account_id.id,
                            "debit": amount or move.amount_residual,
                        }
                    ),
                    fields.Command.create(
                        {
                            "account_id": self.company_data["default_account_receivable"].id,
                            "partner_id": move.partner_id.id,
                            "credit": amount or move.amount_residual,
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        lines = (entry.line_ids + move.line_ids).filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )
        lines.reconcile()
        return entry

    def customer(self, partner=None, company=None):
        return self.env["followup.customer"]._for_partner(partner or self.business, company or self.company)

    def refreshed(self, partner=None):
        customer = self.customer(partner)
        customer._refresh()
        return customer

    def night(self, day=TODAY, company=None):
        with self.committing() as env:
            run = env["followup.engine"]._run_night(env["res.company"].browse((company or self.company).id), day)
        return self.env["followup.run"].browse(run.id).sudo()

    def notices(self, partner=None, **criteria):
        domain = [("partner_id", "=", (partner or self.business).id)]
        domain += [(name, "=", value) for name, value in criteria.items()]
        return self.env["followup.notice"].sudo().search(domain, order="id")

    def items(self, partner=None):
        return self.customer(partner).item_ids

    def codes(self, record):
        return {reason["code"] for reason in record.reasons or []}

    def deliver(self, notice, day=None):
        """Take a prepared notice to delivered without the mail server, through the allowed states."""
        if notice.state == "review":
            notice._go("queued")
        if notice.channel == "call":
            return notice._deliver(day or TODAY)
        moment = datetime.combine(day or TODAY, NOW.time())
        notice._go("sending", claim_date=moment, attempts=1)
        notice._go("sent", sent_date=moment)
        notice.mail_ids.write({"state": "sent"})
        notice.customer_id._after_message(notice)
        return notice._deliver(day or TODAY)


class SendingCommon(FollowupCommon):
    """With a real SMTP server, and commits that a test may make."""

    def setUp(self):
        super().setUp()
        self.sink = MailSink().start()
        self.addCleanup(self.sink.stop)
        self.env["ir.mail_server"].search([]).active = False
        self.server = self.env["ir.mail_server"].create(
            {"name": "sink", "smtp_host": "127.0.0.1", "smtp_port": self.sink.port, "smtp_encryption": "none"}
        )
        self.enterContext(patch.object(IrMail_Server, "_disable_send", lambda self: False))

    def climb(self, partner, until, start=TODAY):
        """The nights of the working days from `start` to `until`; what each prepares is delivered on its own day."""
        day = start
        while day <= until:
            if day.weekday() < 5:
                self.night(day)
                for notice in self.notices(partner).filtered(lambda n: n.state in ("review", "queued")):
                    self.deliver(notice, day)
                    if notice.channel == "email":
                        self.env["followup.charge"].sudo()._claim_from(notice)
            day += timedelta(days=1)

    def queue(self):
        """One pass of Odoo's own mail queue."""
        with self.committing() as env:
            env["mail.mail"].process_email_queue()

    def press(self, record, method):
        """Press a button of a screen, in a request of its own."""
        with self.committing(su=False) as env:
            return getattr(env[record._name].browse(record.ids), method)()
