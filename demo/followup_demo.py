import logging

from dateutil.relativedelta import relativedelta
from odoo import Command, api, models

from . import catalogue

_logger = logging.getLogger(__name__)

MODULE = "l10n_be_followup"
#: External ids of the records get a name of their own: uninstalling the add-on leaves customers and invoices alone.
NAMESPACE = "__followup_demo__"


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
        if self.env.ref(f"{NAMESPACE}.company_zilverberk", raise_if_not_found=False):
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
        self._make_agreements(companies["zilverberk"], customers)
        self._make_services(companies["zilverberk"], products)
        self._make_handover(companies["zilverberk"], customers)
        self._make_calls(companies["zilverberk"])
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
        company = self.env["res.company"].browse(company.id)
        self._name_records({f"company_{key}": company, f"company_partner_{key}": partner})
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
            users[login] = (
                self.env["res.users"]
                .with_context(no_reset_password=True)
                .create(
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
            )
        self.env.ref("base.user_admin").company_id = main
        self._name_records({f"user_{login}": user for login, user in users.items()})
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
        self._name_records({f"customer_{row['key']}": p for row, p in zip(rows, partners, strict=True)})
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

    @api.model
    def _name_records(self, records):
        """Give records external ids, so that tests and screenshots find them; an upgrade leaves them alone."""
        self.env["ir.model.data"]._update_xmlids(
            [{"xml_id": f"{NAMESPACE}.{name}", "record": record, "noupdate": True} for name, record in records.items()]
        )
