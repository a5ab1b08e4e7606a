from datetime import date

from lxml import etree
from odoo.tests import new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from .common import TODAY, FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestScreens(FollowupCommon):
    """Boards, filters and groups of customers, the ageing, and that none of them asks the database per customer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(
            cls.env,
            login="collector",
            groups="l10n_be_followup.l10n_be_followup_group_user",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def partners(self, names):
        return [
            self.business.copy({"name": name, "email": f"{name.lower()}@x.example", "vat": False}) for name in names
        ]

    def customers(self, *partners):
        return self.env["followup.customer"].browse(self.refreshed(partner).id for partner in partners)

    def grouped(self, spec, customers, **context):
        groups = (
            self.env["followup.customer"]
            .with_context(**context)
            .web_read_group(
                [("id", "in", customers.ids)],
                [spec],
                ["amount_overdue:sum", "__count"],
                auto_unfold=True,
                unfold_read_specification={"partner_id": {}},
            )["groups"]
        )
        return {group[spec]: group for group in groups}

    def test_board_by_level_reached(self):
        new, reminded = self.partners(["New", "Reminded"])
        self.invoice(partner=reminded, amount=300, due=date(2026, 9, 1))
        self.night(date(2026, 9, 15))
        self.deliver(self.notices(reminded), date(2026, 9, 15))
        self.invoice(partner=new, amount=50)
        customers = self.customers(new, reminded)
        columns = self.grouped("stage", customers, read_group_expand=True)
        self.assertEqual(
            list(columns),
            [key for key, _label in self.env["followup.customer"]._fields["stage"].selection],
            "in the order of the ladder",
        )
        self.assertEqual(
            {key: g["__count"] for key, g in columns.items() if g["__count"]}, {"0_none": 1, "2_first_reminder": 1}
        )
        self.assertEqual(columns["2_first_reminder"]["amount_overdue:sum"], 300.0, "the sum in the header")
        self.assertEqual(
            [key for key, group in columns.items() if "__records" in group],
            ["0_none", "2_first_reminder"],
            "empty columns are folded",
        )
        bar = self.env["followup.customer"].read_progress_bar(
            [("id", "in", customers.ids)], "stage", {"field": "state", "colors": {"action": "warning", "held": "muted"}}
        )
        self.assertEqual(bar["0_none"], {"action": 1, "held": 0})

    def test_bands_agree_with_what_they_filter(self):
        amounts = (0.5, 99.99, 100, 999.99, 1000, 4999.99, 5000)
        late = (1, 30, 31, 60, 61, 90, 91)
        partners = self.partners([f"P{place}" for place in range(len(amounts))])
        for partner, amount, days in zip(partners, amounts, late, strict=True):
            self.invoice(partner=partner, amount=amount, due=date.fromordinal(TODAY.toordinal() - days))
        quiet = self.partners(["Quiet"])[0]
        self.invoice(partner=quiet, amount=100, due=TODAY)
        customers = self.customers(*partners, quiet)
        self.assertEqual(customers.mapped("amount_band"), ["1", "1", "2", "2", "3", "3", "4", "0"])
        self.assertEqual(customers.mapped("age_band"), ["1", "1", "2", "2", "3", "3", "4", "0"])
        for name in ("amount_band", "age_band", "stage"):
            groups = self.grouped(name, customers)
            self.assertEqual(sum(group["__count"] for group in groups.values()), len(customers))
            for key, _label in self.env["followup.customer"]._fields[name].selection:
                by_record = customers.filtered(lambda customer, name=name, key=key: customer[name] == key)
                found = customers.search([("id", "in", customers.ids), (name, "=", key)])
                self.assertEqual(found, by_record.sorted(), f"{name} {key}: the filter")
                self.assertEqual(
                    groups.get(key, {}).get("__count", 0), len(by_record), f"{name} {key}: the group in SQL"
                )
                others = customers.search([("id", "in", customers.ids), (name, "!=", key)])
                self.assertEqual(others | found, customers.sorted())
                self.assertFalse(others & found)

    def test_every_filter_and_group_of_the_search_works(self):
        self.invoice()
        self.refreshed()
        for model in ("followup.customer", "followup.ageing.report", "followup.timeline", "followup.notice"):
            records = self.env[model].with_user(self.user)
            arch = self.env[model].get_view(view_type="search")["arch"]
            for node in etree.fromstring(arch).iter("filter"):
                with self.subTest(model=model, filter=node.get("name")):
                    if node.get("domain"):
                        records.search(safe_eval(node.get("domain"), {"uid": self.user.id}))
                    if "group_by" in (node.get("context") or ""):
                        spec = safe_eval(node.get("context"), {})["group_by"]
                        records.formatted_read_group([], [spec], ["__count"])

    def test_filters_of_a_collector(self):
        partner = self.partners(["Filter"])[0]
        self.invoice(partner=partner, amount=200)
        customer = self.customers(partner)
        domain = self.filter_domains()

        def found(name):
            return bool(customer.search([("id", "=", customer.id), *domain[name]]))

        self.assertTrue(found("needs_action"))
        for day, names in (
            (date(2026, 11, 13), {"late"}),
            (date(2026, 11, 16), {"late", "this_week"}),
            (TODAY, {"today", "this_week"}),
            (date(2026, 11, 22), {"this_week"}),
            (date(2026, 11, 23), {"next_week"}),
            (False, {"no_next_step"}),
        ):
            customer.sudo().next_date = day
            every = {"late", "today", "this_week", "next_week", "no_next_step"}
            self.assertEqual({name for name in every if found(name)}, names, day)
        self.assertFalse(found("no_email"))
        self.assertTrue(found("nobody"))
        self.assertTrue(found("amount_2"))
        self.assertTrue(found("age_1"))
        partner.email = False
        self.env.flush_all()
        self.assertTrue(found("no_email"))
        self.env["followup.promise"]._promise(customer, customer.item_ids, 200.0, date(2026, 11, 27))
        self.assertTrue(found("with_promise"))
        self.assertFalse(found("with_dispute"))
        self.assertFalse(found("with_hold"))
        self.env["followup.hold"].create({"customer_id": customer.id, "until": date(2026, 12, 1), "reason": "x"})
        self.assertTrue(found("with_hold"))
        self.assertTrue(found("held"))

    def filter_domains(self):
        arch = self.env["followup.customer"].get_view(view_type="search")["arch"]
        return {
            node.get("name"): safe_eval(node.get("domain"), {"uid": self.env.uid})
            for node in etree.fromstring(arch).iter("filter")
            if node.get("domain")
        }

    def test_ageing_adds_up_to_the_customers(self):
        first, second = self.partners(["First", "Second"])
        for days, amount in ((-5, 10), (3, 20), (45, 40), (75, 80), (120, 160)):
            self.invoice(partner=first, amount=amount, due=date.fromordinal(TODAY.toordinal() - days))
        self.invoice(partner=second, amount=320, due=date(2026, 11, 1))
        silent = self.invoice(partner=second, amount=1000, due=date(2026, 11, 1))
        silent.line_ids.filtered(lambda line: line.account_type == "asset_receivable").no_followup = True
        customers = self.customers(first, second)
        report = self.env["followup.ageing.report"].with_user(self.user)
        domain = [("customer_id", "in", customers.ids)]
        rows = dict(report._read_group(domain, ["bucket"], ["amount:sum"]))
        self.assertEqual(rows, {"0_due": 10.0, "1_30": 340.0, "31_60": 40.0, "61_90": 80.0, "91_over": 160.0})
        for name, field in (("0_due", "amount_due"), ("1_30", "amount_1_30"), ("91_over", "amount_over_90")):
            self.assertEqual(rows[name], sum(customers.mapped(field)))
        [[overdue]] = report._read_group(domain, [], ["amount_overdue:sum"])
        self.assertEqual(overdue, sum(customers.mapped("amount_overdue")))
        self.assertEqual(report.search(domain, limit=1).action_open()["res_model"], "followup.customer")

    def test_no_query_per_customer(self):
        """List and board of 3 and of 12 customers ask the database equally often."""
        partners = self.partners([f"Q{place}" for place in range(12)])
        for partner in partners:
            self.invoice(partner=partner, amount=200)
        customers = self.customers(*partners)
        specs = {view: self.specification(view) for view in ("list", "kanban", "calendar")}

        def count(view, ids):
            self.env.invalidate_all()
            model = self.env["followup.customer"].with_user(self.user)
            model.check_access("read")
            before = self.env.cr.sql_log_count
            model.web_search_read([("id", "in", ids)], specs[view])
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        for view in specs:
            count(view, customers.ids)  # fills the caches of the registry
            few, many = count(view, customers[:3].ids), count(view, customers.ids)
            self.assertEqual(few, many, view)

    def specification(self, view):
        arch = self.env["followup.customer"].with_user(self.user).get_view(view_type=view)["arch"]
        fields = self.env["followup.customer"]._fields
        names = {node.get("name") for node in etree.fromstring(arch).iter("field")} & fields.keys()
        return {
            name: {"fields": {"display_name": {}}}
            if fields[name].relational and fields[name].type == "many2one"
            else {}
            for name in names
        }
