"""A world with one record of every model, and one user of every kind: what the tests of rights stand on."""

import re
from contextlib import contextmanager
from datetime import date, timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.models import MAGIC_COLUMNS
from odoo.service.model import call_kw
from odoo.sql_db import Cursor
from odoo.tests import new_test_user
from odoo.tools import SQL

from .common import TODAY, FollowupCommon

#: Role -> groups. `outsider` manages follow-up in another company.
ROLES = {
    "public": "base.group_public",
    "portal": "base.group_portal",
    "internal": "base.group_user",
    "provisioning": "base.group_user,l10n_be_followup.l10n_be_followup_group_provisioning",
    "settings": "base.group_system",
    "readonly": "account.group_account_readonly",
    "billing": "account.group_account_invoice",
    "bookkeeper": "account.group_account_user",
    "user": "base.group_partner_manager,l10n_be_followup.l10n_be_followup_group_user",
    "manager": "base.group_partner_manager,l10n_be_followup.l10n_be_followup_group_manager",
    "accounting": "account.group_account_manager",
}
OURS = "l10n_be_followup"
WRITES = re.compile(r"^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)")
SAMPLES = {"char": "x", "text": "x", "date": TODAY, "integer": 1, "float": 1.0, "monetary": 1.0}


def is_ours(cls):
    """Whether a class belongs to the add-on or to one of its bridges."""
    return cls.__module__.startswith(f"odoo.addons.{OURS}") and ".tests" not in cls.__module__


def own_models(env):
    """Names of the models that the add-on and its bridges define; what they only extend is not among them."""
    data = env["ir.model.data"].sudo().search([("model", "=", "ir.model"), ("module", "=like", f"{OURS}%")])
    models = env["ir.model"].sudo().browse(data.mapped("res_id")).exists()
    return sorted(
        {name for name in models.mapped("model") if name in env and (env[name]._original_module or "").startswith(OURS)}
    )


class SecurityCommon(FollowupCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        here = {"company_id": cls.company.id, "company_ids": [Command.set(cls.company.ids)], "lang": "en_US"}
        cls.roles = {
            role: new_test_user(cls.env, f"security_{role}", groups, **here)
            for role, groups in ROLES.items()
            if role != "public"
        }
        cls.roles["public"] = cls.env.ref("base.public_user")
        cls.other_company = cls.setup_other_company()["company"]
        cls.outsider = new_test_user(
            cls.env,
            "security_outsider",
            "account.group_account_manager",
            company_id=cls.other_company.id,
            company_ids=[Command.set(cls.other_company.ids)],
            lang="en_US",
        )
        cls.world = {}
        cls._make_world()
        cls.env.flush_all()

    @classmethod
    def _keep(cls, records):
        cls.world[records._name] = records.sudo()
        return records

    @classmethod
    def _make_world(cls):
        """One record of every stored model, of the company, on one customer."""
        cls.env["res.partner.bank"].create({"acc_number": "BE68539007547034", "partner_id": cls.company.partner_id.id})
        cls._keep(cls.env["followup.brake"].sudo()._hold(cls.company, "bounces", "too many"))
        cls.world["followup.health"] = cls.env["followup.health"].sudo().browse(cls.company.id)
        cls.bank_line = cls.env["account.bank.statement.line"].create(
            {
                "journal_id": cls.company_data["default_journal_bank"].id,
                "date": TODAY,
                "payment_ref": "unknown",
                "partner_id": cls.business.id,
                "amount": 33.0,
            }
        )
        cls.bailiff = cls.env["res.partner"].create(
            {"name": "Deurwaarders Kouter", "is_company": True, "followup_recovery_kind": "bailiff"}
        )
        cls.company.followup_handover_minimum = 50
        moves = cls.env["account.move"]
        for number in range(6):
            moves |= cls._bill(100.0 * (number + 6), date(2026, 9, 20) + timedelta(days=number))
        cls.moves = moves
        customer = cls._keep(cls.env["followup.customer"]._for_partner(cls.business, cls.company))
        customer._refresh()
        items = [
            cls.env["followup.item"].sudo().search([("move_line_id.move_id", "=", move.id)]).sudo(False)
            for move in moves
        ]
        cls._keep(items[0])
        cls._keep(cls._policy())
        cls._keep(cls.env["followup.minimum"].create({"currency_id": cls.env.ref("base.USD").id, "amount": 5,
                                                      "company_id": cls.company.id}))  # fmt: skip
        cls._make_notice(customer, items[0])
        cls._make_agreements(customer, items)
        cls._make_service(customer)
        cls._make_charges(customer, items[0])
        cls._make_rest(customer, items)

    @classmethod
    def _bill(cls, amount, due):
        move = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": cls.business.id,
                "invoice_date": fields.Date.subtract(due, days=30),
                "invoice_date_due": due,
                "invoice_line_ids": [
                    Command.create({"name": "Onderhoud", "price_unit": amount, "tax_ids": [Command.clear()]})
                ],
            }
        )
        move.action_post()
        return move

    @classmethod
    def _policy(cls):
        policy = cls.business_policy.copy({"company_id": cls.company.id, "name": "Security"})
        cls._keep(policy.level_ids[:1])
        for name, values in (
            ("followup.terms", {"name": "Security", "company_id": cls.company.id, "regime": "b2b"}),
            ("followup.call.script", {"company_id": cls.company.id}),
        ):
            source = cls.env[name].search([], limit=1)
            cls._keep(source.copy({key: value for key, value in values.items() if key in source._fields}))
        for name in ("followup.rate", "followup.dispute.reason"):
            cls._keep(cls.env[name].search([], limit=1))
        return policy

    @classmethod
    def _make_notice(cls, customer, item):
        level = cls.env.ref("l10n_be_followup.followup_level_business_10")
        notice = cls._keep(
            cls.env["followup.notice"]
            .sudo()
            .create(
                {
                    "customer_id": customer.id,
                    "company_id": cls.company.id,
                    "level_id": level.id,
                    "level_kind": level.kind,
                    "regime": "b2b",
                    "lang": "en_US",
                    "prepared_on": TODAY,
                    "email_to": "boekhouding@zoetebrood.example",
                    "subject": "Your file",
                    "body": "<p>Please pay</p>",
                    "pay_before": level._pay_before(TODAY),
                    "line_ids": [
                        Command.create(
                            {
                                "item_id": item.id,
                                "move_id": item.move_id.id,
                                "level_id": level.id,
                                "level_kind": level.kind,
                                "episode": item.episode,
                                "advances": True,
                                "name": item.move_id.name,
                                "currency_id": item.currency_id.id,
                                "amount_residual": item.amount_residual_currency,
                            }
                        )
                    ],
                }
            )
        )
        cls._keep(notice.line_ids)
        cls._keep(notice.answer_ids.create({"notice_id": notice.id, "kind": "paid", "text": "x"}))
        cls._keep(cls.env["followup.notice.report"].sudo().create({"notice_id": notice.id, "action": "delayed"}))
        batch = cls.env["followup.letter.batch"].sudo().create({"company_id": cls.company.id, "date": TODAY})
        cls._keep(batch)
        cls._keep(cls.env["followup.call"].sudo().create({"customer_id": customer.id, "next_date": date(2026, 12, 1)}))

    @classmethod
    def _make_agreements(cls, customer, items):
        amount = items[1].amount_residual_currency
        cls._keep(cls.env["followup.promise"]._promise(customer, items[1], amount, TODAY + timedelta(days=5)))
        reason = cls.env.ref("l10n_be_followup.followup_dispute_reason_quality")
        dispute = cls.env["followup.dispute"]._dispute(
            customer, [(items[2], items[2].amount_residual_currency)], reason
        )
        cls._keep(dispute)
        amount = items[3].amount_residual_currency
        arrangement = cls.env["followup.arrangement"]._arrange(
            customer, [(items[3], amount)], [(date(2026, 12, 1), 100.0), (date(2027, 1, 4), amount - 100.0)],
            acceptance=True,
        )  # fmt: skip
        arrangement.action_confirm()
        cls._keep(arrangement)
        cls._keep(arrangement.instalment_ids[:1])
        cls._keep(dispute.cover_ids[:1])
        cls._keep(
            cls.env["followup.hold"].create(
                {"customer_id": customer.id, "until": TODAY + timedelta(days=9), "reason": "wacht"}
            )
        )

    @classmethod
    def _make_service(cls, customer):
        service = cls.env["followup.service"].create(
            {"name": "Hosting", "partner_id": cls.business.id, "company_id": cls.company.id, "monthly_value": 100}
        )
        cls._keep(service)
        suspension = cls.env["followup.suspension"].sudo().create({"service_id": service.id})
        cls._keep(suspension)
        cls._keep(cls.env["followup.service.event"]._emit(service, "announced", suspension))

    @classmethod
    def _make_charges(cls, customer, item):
        charge = cls._keep(
            cls.env["followup.charge"]
            .sudo()
            .create(
                {
                    "customer_id": customer.id,
                    "company_id": cls.company.id,
                    "move_id": item.move_id.id,
                    "item_id": item.id,
                    "name": item.move_id.name,
                    "kind": "compensation",
                    "currency_id": item.currency_id.id,
                    "amount": 40.0,
                }
            )
        )
        entry = {"charge_id": charge.id, "event": "posted", "date": TODAY, "amount": 40.0}
        cls._keep(cls.env["followup.charge.entry"].sudo().create(entry))

    @classmethod
    def _make_rest(cls, customer, items):
        handover = cls.env["followup.handover"].sudo()
        handover = handover.create(
            {
                "customer_id": customer.id,
                "currency_id": cls.company.currency_id.id,
                "proposed_on": TODAY,
                "user_id": cls.roles["user"].id,
                "line_ids": [Command.create({"item_id": items[5].id, "currency_id": items[5].currency_id.id})],
            }
        )
        cls._keep(handover)
        cls._keep(handover.line_ids)
        cls._keep(
            cls.env["followup.interruption"].create({"move_id": items[5].move_id.id, "note": "letter of 3 November"})
        )
        run = cls._keep(cls.env["followup.run"].sudo().create({"company_id": cls.company.id, "date": TODAY}))
        cls._keep(cls.env["followup.run.line"].sudo().create({"run_id": run.id, "customer_id": customer.id}))
        cls._keep(cls.env["followup.run.batch"].sudo().create({"run_id": run.id}))
        # Answered: an open one stops everything.
        restored = cls.env["followup.restore"].sudo()
        answered = cls._keep(restored.create({"company_id": cls.company.id, "kind": "told", "state": "settled"}))
        cls._keep(restored.line_ids.sudo().create({"restore_id": answered.id, "attempt": "security"}))
        assistant = cls._keep(cls.env["followup.assistant"]._for_company(cls.company))
        assistant.sudo().action_check()
        cls._keep(assistant.sudo().check_ids[:1])
        record = cls._keep(
            cls.env["followup.reminder.import"].create(
                {"company_id": cls.company.id, "file": "YTtiCjE7Mgo=", "filename": "reminders.csv"}
            )
        )
        cls._keep(
            cls.env["followup.reminder.import.line"].sudo().create(
                {"import_id": record.id, "status": "error", "number": 2, "message": "x"}
            )
        )  # fmt: skip

    # Who is refused

    @contextmanager
    def undone(self):
        """Whatever happens inside leaves no trace; a commit of the code under test is held back."""
        self.env.flush_all()
        self.env.cr.execute('SAVEPOINT "security"')
        cursor = type(self.env.cr)
        try:
            with patch.object(cursor, "commit", lambda cr: None), patch.object(cursor, "rollback", lambda cr: None):
                yield
        finally:
            self.env.cr.execute('ROLLBACK TO SAVEPOINT "security"')
            self.env.cr.execute('RELEASE SAVEPOINT "security"')
            self.env.transaction.clear()
            self.env.transaction.invalidate_field_data()

    @contextmanager
    def written_tables(self):
        """The tables that the code inside writes to; a set that fills as it runs."""
        tables = set()
        execute = Cursor.execute

        def listen(cr, query, *args, **kwargs):
            tables.update(WRITES.findall(query.code if isinstance(query, SQL) else str(query)))
            return execute(cr, query, *args, **kwargs)

        with patch.object(Cursor, "execute", listen):
            yield tables

    def target(self, model, user):
        """A record of the world; for a wizard: one that `user` has, and that names records of the world."""
        records = self.env[model]
        if model in self.world:
            return self.world[model]
        if records._transient:
            return records.with_user(user).sudo().create(self.wizard_values(records, user))
        known = {
            "account.bank.statement.line": self.bank_line,
            "account.move": self.moves[:1],
            "account.move.line": self.moves[:1].line_ids[:1],
            "res.company": self.company,
            "res.partner": self.business,
        }
        return known[model] if model in known else records.sudo().search([], limit=1)

    def wizard_values(self, records, user):
        """Values of a wizard that name records of the world wherever they can."""
        values = {}
        for name, field in records._fields.items():
            if not field.store or field.related or name in MAGIC_COLUMNS:
                continue
            known = self._known(field)
            if known and field.type == "many2one":
                values[name] = known.id
            elif known and field.type == "many2many":
                values[name] = [Command.set(known.ids)]
            elif field.type == "many2one" and field.required:
                other = self.env[field.comodel_name]
                values[name] = (
                    self.target(other._name, user) if other._transient else other.sudo().search([], limit=1)
                ).id
            elif field.type in SAMPLES and (name in ("reason", "note") or (field.required and not field.default)):
                values[name] = SAMPLES[field.type]
            elif field.type == "selection" and field.required and not field.default:
                values[name] = field.get_values(self.env)[0]
        return values

    def _known(self, field):
        """What of the world a field of a wizard can name."""
        moves = {"account.move": self.moves[:1], "account.move.line": self.moves[:1].line_ids[:1]}
        others = {"res.company": self.company, **moves}
        return (self.world.get(field.comodel_name) or others.get(field.comodel_name)) if field.relational else None

    def call(self, user, model, method, args=(), empty=False):
        """Call a method as a client does, by RPC, on a record of the world.

        :param empty: call it on no record
        :return: (`refused`, `error` or `answer`; what was said; tables written to)
        """
        with self.undone():
            ids = [] if empty else self.target(model, user).ids
            self.env.flush_all()
            self.env.invalidate_all()  # a request begins with an empty cache
            records = self.env(user=user, su=False, context={"lang": "en_US", "tz": "Europe/Brussels"})[model]
            of_model = getattr(getattr(type(records), method), "_api_model", False)
            with self.written_tables() as tables:
                try:
                    answer = call_kw(records, method, [*([] if of_model else [ids]), *args], {})
                    self.env.flush_all()
                    return "answer", answer, tables
                except AccessError as error:
                    return "refused", str(error), set()
                except UserError as error:
                    return ("refused" if "need the rights" in str(error) else "error"), str(error), set()
                except (ValueError, TypeError) as error:  # as an RPC on nothing, or on too much
                    return "error", repr(error), set()
