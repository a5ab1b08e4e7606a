"""Some weeks of follow-up in the demo of dev/make-screenshots, made by the nights themselves. Fed to `odoo shell`.

The clock is set back, and every working night runs and sends to the local mailbox; then it is today, in safe mode,
with notices to review. Nothing depends on chance or on the hour of the day.
"""

from datetime import date, datetime, time, timedelta

from freezegun import freeze_time
from odoo.addons.l10n_be_followup.legal.calendar import is_working_day
from odoo.exceptions import UserError


def ref(name):
    return env.ref(f"__followup_demo__.{name}")  # noqa: F821 - the shell gives env


def night(company, day):
    """The run of one night, and the mail queue on the morning after it."""
    with freeze_time(datetime.combine(day, time(9)), real_asyncio=True):
        engine = company.env["followup.engine"]
        engine._run_night(company, day)
        if company.followup_live:
            # A person reads what waits, say because returned e-mails cannot be seen here, and lets it go.
            waiting = [("company_id", "=", company.id), ("state", "=", "review"), ("channel", "=", "email")]
            company.env["followup.notice"].search(waiting).action_approve()
        company.env["mail.mail"].process_email_queue()
        company.env.cr.commit()


def finish_calls(company, day):
    """Elke makes the calls that were planned, the first two excepted."""
    calls = company.env["followup.notice"].search(
        [("company_id", "=", company.id), ("channel", "=", "call"), ("state", "=", "queued")], order="id"
    )
    said = "Called the accounts department: the invoice is in order and will be in the next payment run."
    with freeze_time(datetime.combine(day, time(10)), real_asyncio=True):
        for call in calls:
            if call.customer_id.partner_id not in (ref("customer_kasteel"), ref("customer_horizon")):
                call.env["followup.engine"]._complete_call(call.customer_id, said)
        company.env.cr.commit()


def pay(company, partner, day):
    """The oldest open invoice of a customer is paid without what was claimed on top."""
    item = company.env["followup.item"].search(
        [("customer_id.partner_id", "=", partner.id), ("company_id", "=", company.id), ("is_open", "=", True)],
        order="date_maturity",
        limit=1,
    )
    company.env["account.payment.register"].with_context(
        active_model="account.move", active_ids=item.move_line_id.move_id.ids
    ).create({"payment_date": day})._create_payments()


def announce(company, day):
    """Elke does not wait for the calendar: a formal notice by hand, which announces the suspension of a service."""
    with freeze_time(datetime.combine(day, time(11)), real_asyncio=True):
        for service in company.env["followup.service"].search([("essential", "=", False)]):
            try:
                notice = company.env["followup.engine"]._prepare_manual(service.customer_id)
            except UserError:
                company.env.cr.rollback()
                continue
            if notice.level_id.announce_suspension:
                notice.action_send_now()
                company.env.cr.commit()
                return
            company.env.cr.rollback()


def settings(company, today):
    company.env["followup.assistant"]._mark_finished(company)
    company.write(
        {
            "followup_cutoff_date": today - timedelta(days=200),
            "followup_live": True,
            "followup_terms_b2b_id": env.ref("l10n_be_followup.followup_terms_business").id,  # noqa: F821
            "followup_terms_b2c_id": env.ref("l10n_be_followup.followup_terms_consumer").id,  # noqa: F821
        }
    )
    # The law knows formal notices; here a person approved those of the past.
    company.env["followup.level"].search([]).automatic = True
    company.env["followup.terms"].create(
        {
            "name": "Old general terms",
            "regime": "b2c",
            "date": date(2024, 1, 1),
            "interest": "rate",
            "rate": 14,
            "compensation": "percent",
            "percent": 15,
            "amount": 75,
            "text": "<p>Every late payment bears interest of 14 % a year and a compensation of 15 %, at least 75 EUR.</p>",
        }
    )


def history():
    company = ref("company_zilverberk").with_context(allowed_company_ids=ref("company_zilverberk").ids)
    today = company._followup_today()
    manual = company.env["followup.level"].search([("automatic", "=", False)])
    # Odoo runs beside this script, on the real clock: its own nights and mail queue must not mix in.
    company.env["ir.cron"].search([]).active = False
    settings(company, today)
    company.env.cr.commit()
    days = [today - timedelta(days=number) for number in range(30, 0, -1)]
    announced_on = next(day for day in reversed(days) if is_working_day(day) and day < today - timedelta(days=8))
    for day in filter(is_working_day, days):
        # Back in safe mode for the last days: what these nights prepare still waits.
        company.followup_live = day < today - timedelta(days=5)
        night(company, day)
        finish_calls(company, day)
        if day == announced_on:
            announce(company, day)
    pay(company, ref("customer_escaut"), today - timedelta(days=1))
    manual.automatic = False
    for name in ("veldstraat", "lindelaan"):  # companies without a number: data to check
        ref(f"customer_{name}").write({"vat": False, "company_registry": False})
    # Today, whatever day of the week and hour it is.
    company.write(
        {"followup_live": False, "followup_send_any_day": True, "followup_send_from": 0, "followup_send_until": 24}
    )
    company.env["followup.engine"]._run_night(company, today)
    abused = company.env["followup.service"].search([("suspension_id", "=", False)], order="id desc", limit=1)
    company.env["followup.suspension"]._suspend_by_hand(abused, "Containers filled with building rubble, three times")
    company.env.cr.commit()
    for level, lang, state, count in company.env["followup.notice"]._read_group(
        [], ["level_id", "lang", "state"], ["__count"]
    ):
        print(level.name, lang, state, count)


history()
print("history made")
