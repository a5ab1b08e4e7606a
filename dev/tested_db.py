"""Fed to Odoo's shell by `ensure_tested`: what every test class would make for itself again and roll back.

The tests find the company by its external identifier and make one themselves where it is missing, as in an Odoo
that was installed by hand.
"""

import odoo.modules.module

#: What the browser asks for in the tours; Odoo's own list holds its unit tests too.
BUNDLES = (
    "web.assets_web",
    "web.assets_web_print",
    "web.assets_frontend",
    "web.assets_frontend_minimal",
    "web.assets_frontend_lazy",
    "web.assets_tests",
    "web.__assets_tests_call__",
    "web.report_assets_common",
    "web.report_assets_pdf",
)

odoo.modules.module.current_test = True  # else a Belgian company installs the modules of its country
quiet = env(context={"tracking_disable": True, "mail_create_nolog": True, "mail_create_nosubscribe": True})  # noqa: F821 - of the shell
belgium = quiet.ref("base.be")
charts = quiet["account.chart.template"]
for name in ("company_1_data", "company_2"):  # as Odoo's own accounting tests call them
    company = quiet["res.company"].create(
        {"name": name, "country_id": belgium.id, "currency_id": belgium.currency_id.id}
    )
    charts.try_loading(charts._guess_chart_template(belgium), company=company, install_demo=False)
    company.currency_id = belgium.currency_id
    quiet["ir.model.data"].create(
        {"module": "__followup_test__", "name": name, "model": "res.company", "res_id": company.id, "noupdate": True}
    )
for name in BUNDLES:
    bundle = quiet["ir.qweb"]._get_asset_bundle(name, debug_assets=False)
    bundle.css()
    bundle.js()
quiet.cr.commit()
