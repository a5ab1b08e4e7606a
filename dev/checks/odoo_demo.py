"""On Odoo's own demo data, with the settings of the installation: the administrator writes to whoever owes money."""

import pathlib
import sys
from datetime import timedelta

from freezegun.api import freeze_time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support import DEV, Odoo, check, load, night, queue


def untouched(env):
    """Nothing of ours is in the database but what installation brings."""
    return {
        "demo": env["ir.module.module"].search([("name", "=", "l10n_be_followup")]).demo,
        "demo partners": env["ir.model.data"].search_count([("module", "=", "__followup_demo__")]),
        "live": env["res.company"].search_count([("followup_live", "=", True)]),
        "notices": env["followup.notice"].search_count([]),
    }


def follow_up(env):
    """As the administrator, in each of his companies, for each partner who owes money: open, prepare, send.

    :return: rows (company, partner, state of the notice or why there is none)
    """
    from odoo.exceptions import UserError

    rows = []
    for company in env.user.company_ids:
        here = env(context={"allowed_company_ids": company.ids})
        for partner in here["followup.customer"].search([("company_id", "=", company.id)]).partner_id:
            action = partner.action_open_followup()
            customer = here[action["res_model"]].browse(action["res_id"])
            if not customer.amount_overdue:
                continue
            try:
                action = customer.action_prepare_notice()
                notice = here[action["res_model"]].browse(action["res_id"])
                check(notice.state == "review", f"{notice.name} is {notice.state} before a person approved it")
                notice.action_send_now()
                rows.append((company.name, partner.email_normalized, notice.state, notice.failure or notice.name))
            except UserError as error:
                env.cr.rollback()
                rows.append((company.name, partner.name, "refused", str(error)))
            env.cr.commit()
    return rows


def at(env, moment):
    """The same with the clock at `moment`: the template database may be of today or of last month."""
    with freeze_time(moment, tick=True, real_asyncio=True):
        return follow_up(env)


def main(database, folder):
    with load("followup_mailsink", DEV / "mailsink.py").MailSink(folder, page=False) as sink:
        odoo = Odoo(database, sink.smtp_port)
        before = odoo.run(untouched)
        check(not any(before.values()), f"not only Odoo's demo data: {before}")
        odoo.run(queue)  # what Odoo's own demo data left to send
        sink.clear()
        odoo.run(night)
        odoo.run(queue)
        check(not sink.messages(), f"safe mode, and the night sent {len(sink.messages())} messages")
        # On the day of its installation nothing is overdue in Odoo's demo data but what credit notes cover.
        [[made]] = odoo.query("SELECT max(create_date) FROM account_move")
        first_day = odoo.run(at, made, user="base.user_admin")
        check(first_day and not sink.messages(), f"{first_day}, {len(sink.messages())} messages")
        check(all(row[2] == "refused" and "credit notes" in row[3] for row in first_day), f"first day: {first_day}")
        rows = odoo.run(at, made + timedelta(days=12), user="base.user_admin")
        sent = [row for row in rows if row[2] == "sent"]
        check(sent, f"nobody got a message: {rows}")
        received = sink.messages()
        check(
            sorted(row[1] for row in sent) == sorted(message["X-Envelope-To"] for message in received),
            f"sent {[row[1] for row in sent]}, received {[message['X-Envelope-To'] for message in received]}",
        )
        for row in sent:
            check(any(row[3] in message["Subject"] for message in received), f"no message has {row[3]} in its subject")
        refused = [row for row in rows if row[2] != "sent"]
        # Odoo's American companies lack what a reminder needs; the text must say what and where to set it.
        for row in refused:
            check("Settings > Companies" in row[3] and "BE" not in row[0], f"refused without a cure: {row}")
    for row in refused:
        print("  refused:", *row)
    print(
        f"Odoo's demo data: first day, {len(first_day)} customers overdue, all covered by credit notes and left alone; "
        f"12 days later {len(rows)} in {len({row[0] for row in rows})} companies, "
        f"{len(sent)} from the button to a received message, {len(refused)} refused with a reason"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
