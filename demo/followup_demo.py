import logging
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import Command, api, models

from . import catalogue

_logger = logging.getLogger(__name__)

MODULE = "l10n_be_followup"
#: Days of credit, and the payment term that gives them. Instalments: 30 % at once, the rest after 60 days.
TERMS = {
    "business": (30, "account.account_payment_term_30days"),
    "self_employed": (30, "account.account_payment_term_30days"),
    "authority": (30, "account.account_payment_term_30days"),
    "consumer": (15, "account.account_payment_term_15days"),
    "instalments": (0, "account.account_payment_term_advance_60days"),
}


class FollowupDemo(models.AbstractModel):
    """Demo data: two Belgian companies, their customers, and how these paid over the last months.

    Called once, by the demo file. Everything is made as a user would make it (invoices posted, payments registered,
    credit notes made from the invoice), on dates relative to today, and the same on every day. Nothing is sent, and
    no notice is invented: the first night finds customers to whom nobody wrote yet.
    """

    _name = "followup.demo"
    _description = "Follow-up Demo Data"

    @api.model
    def _build(self):
        """Make the demo data unless they exist. Needs no network."""
        if self.env.ref(f"{MODULE}.demo_company_zilverberk", raise_if_not_found=False):
            return
        # Nobody follows, no tracking: thousands of messages that nobody will read.
        self = self.with_context(  # noqa: PLW0642
            tracking_disable=True, mail_create_nosubscribe=True, mail_create_nolog=True, followup_no_refresh=True
        )
        self._activate_languages()
        companies = {key: self._make_company(key) for key in catalogue.COMPANIES}
        self._make_rates(companies["zilverberk"])
        users = self._make_users(companies)
        products = self._make_products(companies)
        customers = self._make_customers()
        self._make_contacts(customers)
        self._make_responsible(companies["zilverberk"], customers, users["elke"])
        for key, company in companies.items():
            invoices = self._make_invoices(key, company, customers, products)
            self._make_history(company, invoices)
            self._make_bank_data(company)
        self._make_credits(companies["zilverberk"], customers, products)
        self.env.flush_all()
        for company in companies.values():
            self.env["followup.engine"]._refresh(
                company, [row["partner"].id for row in customers.values()], company._followup_today()
            )
        self._make_holds(companies["zilverberk"], customers)
        _logger.info("Follow-up demo data made")

    # Companies, people, products

    @api.model
    def _activate_languages(self):
        """The customers' languages, in full: what a customer receives and what a user may want to see."""
        languages = self.env["res.lang"]
        installed = {code for code, _name in languages.get_installed()}
        missing = [code for code in catalogue.LANGUAGES.values() if code not in installed]
        for code in missing:
            languages._activate_lang(code)
        if missing:
            # This module's own terms follow by themselves, after its demo data.
            self.env["ir.module.module"].search([("state", "=", "installed")])._update_translations(missing)

    @api.model
    def _make_company(self, key):
        data = catalogue.COMPANIES[key]
        address = {name: data[name] for name in ("name", "street", "zip", "city", "email", "phone", "website")}
        partner = self.env["res.partner"].create(
            {
                **address,
                "is_company": True,
                "lang": data["lang"],
                "country_id": self.env.ref("base.be").id,
                "vat": catalogue.enterprise_number(data["number"]),
            }
        )
        euro = self.env.ref("base.EUR")
        euro.active = True
        values = {
            "name": data["name"],
            "partner_id": partner.id,
            "currency_id": euro.id,
            "qr_code": True,
            "followup_cutoff_date": self.env.company._followup_today() - relativedelta(months=9),
            # Safe mode, as after every installation: a person approves what the night prepares.
            "followup_live": False,
            # A demonstration must work at any hour and on any day; a real company keeps to working hours.
            "followup_send_from": 0,
            "followup_send_until": 24,
            "followup_send_any_day": True,
        }
        if "iap_enrich_auto_done" in self.env["res.company"]._fields:
            values["iap_enrich_auto_done"] = True  # asks nothing of the network
        # The chart is loaded below; the context keeps a new company from installing other localisation modules.
        company = self.env["res.company"].with_context(chart_template_load=True).create(values)
        company = company.with_context(self.env.context)
        self._name_records({f"demo_company_{key}": company, f"demo_company_partner_{key}": partner})
        for user in (self.env.ref("base.user_root"), self.env.ref("base.user_admin")):
            user.company_ids = [Command.link(company.id)]
        # Not `try_loading`: that one asks for Odoo's own demo invoices as well.
        self.env["account.chart.template"]._load("be_comp", company, install_demo=False)
        self._make_bank_account(company, data)
        self._journal(company, "sale").write({"invoice_reference_type": "invoice", "invoice_reference_model": "be"})
        return company

    @api.model
    def _make_bank_account(self, company, data):
        bank = self.env["res.partner.bank"].create(
            {
                "acc_number": data["iban"],
                "partner_id": company.partner_id.id,
                "company_id": company.id,
                "bank_id": self.env["res.bank"].create({"name": data["bank"]}).id,
                "allow_out_payment": True,
            }
        )
        self._journal(company, "bank").bank_account_id = bank

    @api.model
    def _journal(self, company, kind):
        return self.env["account.journal"].search(
            [("company_id", "=", company.id), ("type", "=", kind)], order="id", limit=1
        )

    @api.model
    def _make_rates(self, company):
        pound = self.env.ref("base.GBP")
        pound.active = True
        month = company._followup_today().replace(day=1)
        self.env["res.currency.rate"].create(
            [
                {
                    "name": month - relativedelta(months=len(catalogue.GBP_RATES) - 1 - place),
                    "currency_id": pound.id,
                    "company_id": company.id,
                    "company_rate": rate,
                }
                for place, rate in enumerate(catalogue.GBP_RATES)
            ]
        )

    @api.model
    def _make_users(self, companies):
        """Elke does the follow-up, Marc only reads; the administrator starts in the first company."""
        main = companies["zilverberk"]
        everywhere = [Command.set([company.id for company in companies.values()])]
        users = {}
        for login, name, group in (
            ("elke", "Elke Peeters", f"{MODULE}.l10n_be_followup_group_user"),
            ("marc", "Marc Dewulf", "account.group_account_readonly"),
        ):
            users[login] = self.env["res.users"].with_context(no_reset_password=True).create(
                {
                    "name": name,
                    "login": login,
                    "password": login,
                    "email": f"{login}@zilverberk.example",
                    "lang": "en_US",
                    "tz": "Europe/Brussels",
                    "company_id": main.id,
                    "company_ids": everywhere,
                    "group_ids": [Command.set([self.env.ref("base.group_user").id, self.env.ref(group).id])],
                }
            )
        self.env.ref("base.user_admin").company_id = main
        self._name_records({f"demo_user_{login}": user for login, user in users.items()})
        return users

    @api.model
    def _make_products(self, companies):
        taxes = {
            rate: self.env["account.tax"].union(
                *(self._chart(company).ref(f"attn_VAT-OUT-{rate:02d}-L") for company in companies.values())
            )
            for rate in (21, 6)
        }
        products = {}
        for key, (price, rate, *names) in catalogue.PRODUCTS.items():
            products[key] = self.env["product.product"].create(
                {
                    "name": names[0],
                    "type": "service",
                    "list_price": price,
                    "taxes_id": [Command.set(taxes[rate].ids)],
                    "supplier_taxes_id": [Command.clear()],
                    "purchase_ok": False,
                }
            )
            products[key].product_tmpl_id.update_field_translations(
                "name", dict(zip(("nl_BE", "fr_BE", "de_DE"), names[1:], strict=True))
            )
        return products

    @api.model
    def _chart(self, company):
        return self.env["account.chart.template"].with_company(company)

    # Customers

    @api.model
    def _make_customers(self):
        """:return: rows of `catalogue.customers` by key, each with its `partner`"""
        rows = catalogue.customers()
        countries = {code: self.env.ref(f"base.{code.lower()}") for code in ("BE", "NL")} | {
            "GB": self.env.ref("base.uk")
        }
        partners = self.env["res.partner"].create(
            [
                {
                    **{name: row[name] for name in ("name", "street", "zip", "city", "lang", "email", "phone", "vat")},
                    "country_id": countries[row["country"]].id,
                    "is_company": row["kind"] in ("business", "authority"),
                    "followup_authority": row["kind"] == "authority",
                }
                for row in rows
            ]
        )
        self._name_records({f"demo_customer_{row['key']}": p for row, p in zip(rows, partners, strict=True)})
        return {row["key"]: {**row, "partner": partner} for row, partner in zip(rows, partners, strict=True)}

    @api.model
    def _make_contacts(self, customers):
        for key, (name, kind, email, use) in catalogue.CONTACTS.items():
            customer = customers[key]
            contact = self.env["res.partner"].create(
                {
                    "parent_id": customer["partner"].id,
                    "name": name,
                    "type": kind,
                    "email": email,
                    "lang": customer["lang"],
                    "street": customer["street"],
                    "zip": customer["zip"],
                    "city": customer["city"],
                    "country_id": customer["partner"].country_id.id,
                }
            )
            customer["contact"], customer["contact_use"] = contact, use

    @api.model
    def _make_responsible(self, company, customers, user):
        for key in catalogue.RESPONSIBLE:
            customers[key]["partner"].with_company(company).followup_responsible_id = user
        customer = next(row for row in customers.values() if row.get("contact_use") == "follow_up")
        customer["partner"].with_company(company).followup_contact_id = customer["contact"]

    # Invoices and what became of them

    @api.model
    def _make_invoices(self, company_key, company, customers, products):
        """Invoices of one company, posted in the order of their dates.

        :return: list of (invoice, what became of it)
        """
        bought = [(row, row["habit"]) for row in customers.values() if row["company"] == company_key]
        bought += [(customers[key], habit) for shop, key, habit in catalogue.SHARED if shop == company_key]
        made = []
        for place, (row, habit) in enumerate(bought):
            for turn, (late, fate) in enumerate(catalogue.HABITS[habit]):
                made.append((self._invoice_values(company_key, company, row, place, turn, late, fate, products), fate))
        made.sort(key=lambda pair: pair[0]["invoice_date"])
        invoices = self.env["account.move"].with_company(company).create([values for values, _fate in made])
        invoices.action_post()
        return list(zip(invoices, (fate for _values, fate in made), strict=True))

    @api.model
    def _invoice_values(self, company_key, company, row, place, turn, late, fate, products):
        instalments = row["habit"].startswith("instalments")
        days, term = TERMS["instalments" if instalments else row["kind"]]
        partner = row["partner"]
        if row.get("contact_use") == "invoices" or (row.get("contact_use") == "every_other" and turn % 2):
            partner = row["contact"]
        # An invoice that is not due yet was still made before today.
        day = company._followup_today() - timedelta(days=max(late + days, 1))
        currency = self.env.ref(f"base.{catalogue.CURRENCIES.get(row['key'], 'EUR')}")
        basket = catalogue.BASKETS[company_key, "consumer" if row["kind"] == "consumer" else "business"]
        return {
            "move_type": "out_invoice",
            "partner_id": partner.id,
            "invoice_date": day,
            "date": day,
            "delivery_date": day,
            "currency_id": currency.id,
            "invoice_payment_term_id": self.env.ref(term).id,
            "invoice_user_id": False,
            "invoice_line_ids": [
                Command.create(values)
                for values in self._invoice_lines(basket, place, turn, fate, row["lang"], products)
            ],
        }

    @api.model
    def _invoice_lines(self, basket, place, turn, fate, lang, products):
        if fate == "cents":
            return [{"product_id": products["keys"].id, "quantity": 0.1, "price_unit": 29.99}]
        lines = []
        for number in range(1 + (place + turn) % 2):
            product = products[basket[(place + turn + 3 * number) % len(basket)]]
            seed = 11 * place + 7 * turn + 3 * number
            by_hour = product.list_price < 100
            lines.append(
                {
                    "product_id": product.id,
                    "quantity": 1 + seed % 9 + seed % 4 * 0.25 if by_hour else 1 + seed % 3 // 2,
                    # Prices were agreed with each customer.
                    "price_unit": round(product.list_price * (1 - seed % 13 / 100), 2),
                }
            )
        return lines

    @api.model
    def _make_history(self, company, invoices):
        """Pay, credit or block invoices."""
        today = company._followup_today()
        by_day = {}
        for number, (invoice, fate) in enumerate(invoices):
            # Most pay around the due date, nobody later than yesterday.
            day = min(invoice.invoice_date_due + timedelta(days=(7 * number) % 9 - 2), today - timedelta(days=1))
            day = max(day, invoice.invoice_date)
            if fate == "paid":
                # Registered once a week, as small offices do.
                week = min(day + timedelta(days=-day.weekday() % 7), today - timedelta(days=1))
                by_day.setdefault((week, invoice.currency_id), self.env["account.move"])
                by_day[week, invoice.currency_id] |= invoice
            elif handler := getattr(self, f"_history_{fate}", None):
                handler(company, invoice, day)
        for (week, _currency), moves in sorted(by_day.items(), key=lambda pair: pair[0][0]):
            self._register_payment(moves, week)

    @api.model
    def _register_payment(self, moves, day, amount=None):
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=moves.ids
        ).create({"payment_date": day, "group_payment": False})
        if amount is not None:
            wizard.amount = amount
            wizard.payment_difference_handling = "open"
        wizard._create_payments()

    @api.model
    def _history_bank(self, company, invoice, day):
        """Paid by transfer: a bank line with the structured communication, reconciled with the invoice."""
        self._bank_line(company, invoice.commercial_partner_id, invoice.amount_residual, invoice.payment_reference, day, invoice)

    @api.model
    def _bank_line(self, company, partner, amount, label, day, invoice=None):
        receivable = partner.with_company(company).property_account_receivable_id
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self._journal(company, "bank").id,
                "date": day,
                "payment_ref": label,
                "partner_id": partner.id,
                "amount": amount,
                "counterpart_account_id": receivable.id,
            }
        )
        if invoice:
            (line.move_id | invoice).line_ids.filtered(
                lambda item: item.account_id == receivable and not item.reconciled
            ).reconcile()

    @api.model
    def _history_part(self, company, invoice, day):
        self._register_payment(invoice, day, invoice.currency_id.round(invoice.amount_residual / 2))

    @api.model
    def _history_rest(self, company, invoice, day):
        self._register_payment(invoice, day, invoice.amount_residual - 3.85)

    @api.model
    def _history_first_paid(self, company, invoice, day):
        first = invoice.line_ids.filtered("date_maturity").sorted("date_maturity")[0]
        self._register_payment(invoice, invoice.invoice_date + timedelta(days=4), first.amount_residual_currency)

    @api.model
    def _history_credited(self, company, invoice, day):
        self._credit(company, invoice, day, "Order cancelled")

    @api.model
    def _history_credited_part(self, company, invoice, day):
        self._credit(company, invoice, day, "Part of the work was not done", part=True)

    @api.model
    def _credit(self, company, invoice, day, reason, part=False):
        wizard = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"date": day, "reason": reason, "journal_id": invoice.journal_id.id})
        wizard.refund_moves()
        credit_note = wizard.new_move_ids
        if part:
            for line in credit_note.invoice_line_ids:
                line.quantity = max(line.quantity // 3, 0.5)
        credit_note.action_post()

    @api.model
    def _history_in_process(self, company, invoice, day):
        self._pay_without_entry(company, invoice, invoice.amount_residual)

    @api.model
    def _history_in_process_part(self, company, invoice, day):
        self._pay_without_entry(company, invoice, invoice.currency_id.round(invoice.amount_residual / 3))

    @api.model
    def _pay_without_entry(self, company, invoice, amount):
        """A payment that is known but not in the books until the bank line arrives."""
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": invoice.commercial_partner_id.id,
                "amount": amount,
                "currency_id": invoice.currency_id.id,
                "date": company._followup_today() - timedelta(days=1),
                "journal_id": self._journal(company, "bank").id,
                "memo": invoice.name,
                "invoice_ids": [Command.set(invoice.ids)],
            }
        )
        payment.outstanding_account_id = False
        payment.action_post()

    @api.model
    def _history_blocked(self, company, invoice, day):
        invoice.action_toggle_block_payment()

    @api.model
    def _history_no_followup(self, company, invoice, day):
        invoice.no_followup = True

    @api.model
    def _make_bank_data(self, company):
        """Yesterday's statement: without recent bank data nothing is sent by itself."""
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": self._journal(company, "bank").id,
                "date": company._followup_today() - timedelta(days=1),
                "payment_ref": "Bank charges",
                "amount": -12.10,
            }
        )

    @api.model
    def _make_credits(self, company, customers, products):
        """Money that nobody allocated yet."""
        today = company._followup_today()
        for key, amount, kind, days in catalogue.CREDITS:
            partner = customers[key]["partner"]
            if kind == "payment":
                self._bank_line(company, partner, amount, "Payment", today - timedelta(days=days))
                continue
            self.env["account.move"].with_company(company).create(
                {
                    "move_type": "out_refund",
                    "partner_id": partner.id,
                    "invoice_date": today - timedelta(days=days),
                    "invoice_line_ids": [
                        Command.create({"product_id": products["keys"].id, "name": "Goodwill", "price_unit": amount})
                    ],
                }
            ).action_post()

    @api.model
    def _make_holds(self, company, customers):
        for key, days, scope, reason in catalogue.HOLDS:
            customer = self.env["followup.customer"]._for_partner(customers[key]["partner"], company)
            self.env["followup.hold"].create(
                {
                    "customer_id": customer.id,
                    "move_id": customer.item_ids[:1].move_id.id if scope == "invoice" else False,
                    "until": company._followup_today() + timedelta(days=days),
                    "reason": reason,
                }
            )

    @api.model
    def _name_records(self, records):
        """Give records external ids, so that tests and screenshots find them; an upgrade leaves them alone."""
        self.env["ir.model.data"]._update_xmlids(
            [{"xml_id": f"{MODULE}.{name}", "record": record, "noupdate": True} for name, record in records.items()]
        )
