"""The books of `dev/bench peer`: so many open items in two companies. Run by `peer.py` in a copy of the base database."""

import sys

from books import fill


def second_company(env):
    """The one that is there, with the same chart, or a new one."""
    company = env["res.company"].search([("name", "=", "Bench Two")])
    if not company:
        company = (
            env["res.company"]
            .with_context(chart_template_load=True)
            .create({"name": "Bench Two", "country_id": env.ref("base.be").id, "currency_id": env.ref("base.EUR").id})
        )
        env["account.chart.template"]._load("be_comp", company, install_demo=False)
        env.user.company_ids |= company
    return company


def main(env, number):
    companies = env.company | second_company(env)
    env.company.partner_id.lang = "en_US"
    for company in companies:
        company.write(
            {
                "street": "Kouter 1",
                "zip": "9000",
                "city": "Gent",
                # The figures are the same on every day and at every hour.
                "followup_send_any_day": True,
                "followup_send_from": 0,
                "followup_send_until": 24,
            }
        )
        if not company.partner_id.bank_ids:
            env["res.partner.bank"].create(
                {
                    "acc_number": "BE71096123456769",
                    "partner_id": company.partner_id.id,
                    "allow_out_payment": True,
                }
            )
    # Charges are claimed and mails queued without a person, on both sides.
    env["followup.level"].search([("kind", "=", "formal_notice")]).automatic = True
    if number:
        fill(env, number, companies=companies, letters=True)
    env.cr.commit()


main(env, int(sys.argv[1]))  # noqa: F821 - the shell gives the environment
