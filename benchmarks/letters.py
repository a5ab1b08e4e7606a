"""Print letters: decided again, rendered, one PDF with a covering list, kept page by page, on a real database.

Run with `dev/bench letters [NUMBERS…]`: so many customers without an e-mail address (20, 100), two invoices each.
"""

import resource
import sys
import time
from datetime import date, timedelta

from odoo import Command
from odoo.addons.base.models import ir_actions_report
from odoo.addons.l10n_be_followup.engine import letter_pdf

NUMBERS = [int(number) for number in sys.argv[1:]] or [20, 100]
TODAY = date.today()


def prepare(env, number):
    """Letters of `number` customers, prepared yesterday: printing renders each of them again."""
    company = env.company
    env["followup.assistant"]._mark_finished(company)
    company.write(
        {"followup_live": True, "followup_cutoff_date": TODAY - timedelta(days=400), "email": "a@b.example",
         "followup_freshness_days": 0, "street": "Kouter 1", "zip": "9000", "city": "Gent", "followup_send_any_day": True}
    )  # fmt: skip
    if not company.partner_id.bank_ids:
        env["res.partner.bank"].create(
            {"acc_number": "BE71096123456769", "partner_id": company.partner_id.id, "allow_out_payment": True}
        )
    partners = env["res.partner"].create(
        [
            {"name": f"bench {number}/{place}", "is_company": True, "vat": "BE0477472701", "street": f"Straat {place}",
             "zip": str(1000 + place), "city": "Gent", "country_id": env.ref("base.be").id}
            for place in range(number)
        ]
    )  # fmt: skip
    line = Command.create({"name": "bench", "price_unit": 100, "tax_ids": [Command.clear()]})
    moves = env["account.move"].create(
        [
            {"move_type": "out_invoice", "partner_id": partner.id, "invoice_date": TODAY - timedelta(days=50),
             "invoice_date_due": TODAY - timedelta(days=20 + late), "invoice_line_ids": [line]}
            for partner in partners
            for late in (0, 1)
        ]
    )  # fmt: skip
    moves.action_post()
    env.flush_all()
    engine = env["followup.engine"]
    engine._synchronise(company, partners.ids)
    customers = env["followup.customer"].search([("partner_id", "in", partners.ids)])
    decisions = engine._decide(company, engine._select(company, customers.ids, TODAY), TODAY)
    notices, failures = engine._apply(company, decisions, TODAY)
    letters = notices.filtered(lambda notice: notice.channel == "letter")
    assert len(letters) == number and not failures, (len(letters), failures)
    letters.filtered(lambda letter: letter.state == "review").action_approve()
    env.flush_all()
    env.cr.execute("UPDATE followup_notice SET prepared_on = prepared_on - 1 WHERE id = ANY(%s)", [letters.ids])
    env.invalidate_all()
    env.cr.commit()
    return letters


def measure(env, number):
    letters = prepare(env, number)
    calls = []
    run = ir_actions_report._run_wkhtmltopdf

    def timed(args):
        start = time.perf_counter()
        try:
            return run(args)
        finally:
            calls.append(time.perf_counter() - start)

    ir_actions_report._run_wkhtmltopdf = timed
    try:
        before, start = env.cr.sql_log_count, time.perf_counter()
        action = letters.action_print_letters()
        env.cr.commit()
        seconds = time.perf_counter() - start
    finally:
        ir_actions_report._run_wkhtmltopdf = run
    batch = env["followup.letter.batch"].browse(action["res_id"])
    assert batch.letter_count == number, batch.letter_count
    assert len(calls) == 1, calls
    assert letter_pdf.number_of_pages(batch.with_context(bin_size=False)._print_pdf()[1]) > number
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    queries = env.cr.sql_log_count - before
    print(f"| {number} | {seconds:.2f} | {calls[0]:.2f} | {len(calls)} | {queries} | {batch.page_count} | {peak} |")


print("| letters | seconds | of it wkhtmltopdf | calls of it | queries | pages | peak MB |")
print("| --- | --- | --- | --- | --- | --- | --- |")
for number in NUMBERS:
    measure(env, number)  # noqa: F821 - the shell gives env
