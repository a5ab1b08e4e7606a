"""OCA `account_credit_control` on the same books: what its own buttons do, step by step, each step committed.

As a user would set it up for the same work: the delays of our shipped ladder, by e-mail, by letter to those without an
address, one message a customer (*Apply max policy level*), no follow-up for the customers with a hold, and for the
businesses with a history the same history. It has no charges. Its e-mail carries no PDF of the report here, which its template
asks for: that alone would cost a call of wkhtmltopdf for each mail.
"""

import sys
from datetime import date, timedelta

from meter import Clock, Recorder, count, disk
from peer_side import HELD, HISTORIES, LETTERS, OVERDUE, SAMPLE, companies, mail_server, who

PHASES = {
    "select": (
        ("credit.control.policy", "_get_move_lines_to_process"),
        ("credit.control.policy", "_lines_different_policy"),
    ),
    "decide": (("credit.control.policy.level", "get_level_lines"),),
    "figures": (("credit.control.line", "create_or_update_from_mv_lines"),),
}
#: Levels: delay in days, counted from the due date or the previous message.
LEVELS = ((3, "net_days"), (7, "previous_date"), (14, "previous_date"))


def configure(env, mine, today):
    """A policy for each company, no follow-up for some customers, and the history of some."""
    template = env.ref("account_credit_control.email_template_credit_control_base")
    template.report_template_ids = False
    shipped = env.ref("account_credit_control.credit_control_3_time").level_ids.sorted("level")
    policies = env["credit.control.policy"]
    for company in mine:
        accounts = (
            env["account.account"]
            .with_company(company)
            .search([("account_type", "=", "asset_receivable"), ("company_ids", "=", company.id)])
        )
        policy = env["credit.control.policy"].create(
            {
                "name": f"bench {company.name}",
                "company_id": company.id,
                "account_ids": accounts.ids,
                "apply_max_policy_level": True,
                "level_ids": [
                    (0, 0, {
                        "name": level.name, "level": level.level, "computation_mode": mode, "delay_days": days,
                        "email_template_id": template.id, "channel": "email", "custom_text": level.custom_text,
                        "mail_show_invoice_detail": True, "custom_mail_text": level.custom_mail_text,
                    })
                    for level, (days, mode) in zip(shipped, LEVELS, strict=True)
                ],
            }
        )  # fmt: skip
        company.credit_policy_id = policy
        policies |= policy
    env.flush_all()
    env.cr.execute(
        f"UPDATE res_partner SET credit_policy_id = %s FROM who WHERE who.partner = res_partner.id AND {HELD.replace('%', '%%')}",
        [env.ref("account_credit_control.credit_control_no_follow").id],
    )
    levels = {(level.policy_id.company_id.id, level.level): level.id for level in policies.level_ids}
    for part, days, _level, number in HISTORIES:
        for company in mine:
            day = today - timedelta(days=days)
            env.cr.execute(
                f"""INSERT INTO credit_control_line
                       (date, date_due, date_entry, date_sent, state, channel, invoice_id, partner_id, commercial_partner_id,
                        amount_due, balance_due, move_line_id, account_id, currency_id, company_id, policy_level_id, policy_id,
                        level, create_uid, write_uid, create_date, write_date)
                    SELECT %s, aml.date_maturity, aml.date, %s, 'sent', 'email', aml.move_id, aml.partner_id, aml.partner_id,
                           aml.amount_currency, aml.amount_residual, aml.id, aml.account_id, aml.currency_id, aml.company_id, level.id,
                           level.policy_id, level.level, 1, 1, now(), now()
                      FROM account_move_line aml JOIN who ON who.partner = aml.partner_id
                      JOIN account_account account ON account.id = aml.account_id
                      JOIN credit_control_policy_level level ON level.id = %s
                     WHERE NOT consumer AND {part.replace("%", "%%")} AND aml.date_maturity < %s AND aml.company_id = %s
                       AND account.account_type = 'asset_receivable' AND aml.amount_residual > 0 AND NOT aml.reconciled""",
                [day, day, levels[company.id, number], today - timedelta(days=OVERDUE), company.id],
            )
    env.cr.execute("ANALYZE")
    env.cr.commit()
    env.invalidate_all()


def run(env, recorder, mine, name, today):
    """*Compute Credit Lines* of a run for each company."""
    lines = env["credit.control.line"]
    with recorder.phase(name) as facts:
        for company in mine:
            control = env["credit.control.run"].with_company(company).create({"date": today, "company_id": company.id})
            control.policy_ids = company.credit_policy_id
            control.generate_credit_lines()
            env.cr.commit()
            lines |= control.line_ids
        facts["made"] = {"lines": len(lines)}


def mark(env, recorder):
    """*Mark lines to do*: the button of the run."""
    with recorder.phase("mark"):
        for control in env["credit.control.run"].search([]):
            control.with_company(control.company_id).set_to_ready_lines()
            env.cr.commit()


def waiting(env, channel):
    return env["credit.control.line"].search(
        [("state", "=", "to_be_sent"), ("channel", "=", channel), ("communication_id", "=", False)], order="id"
    )


def group(env, recorder, sample=None):
    """Lines become one communication for each customer: the first half of *Run channel action*."""
    lines = waiting(env, "email")
    if sample:
        lines = lines.filtered(lambda line, some=lines.partner_id[:sample]: line.partner_id in some)
    communications = env["credit.control.communication"]
    found = type(communications)._get_credit_lines
    seen = [0]

    def counted(*args, **kwargs):
        seen[0] += 1
        recorder.progress(f"{seen[0]:,} customers grouped")
        return found(*args, **kwargs)

    type(communications)._get_credit_lines = counted
    try:
        with recorder.phase("sample" if sample else "group") as facts:
            for company, own in lines.grouped("company_id").items():
                communications |= communications.with_company(company)._generate_comm_from_credit_lines(own)
                env.cr.commit()
            facts["made"] = {"communications": len(communications)}
    finally:
        type(communications)._get_credit_lines = found
    return communications


def mails(env, recorder, number=None):
    """The second half: each communication becomes a queued mail in the layout of a notification; not sent at once."""
    ready = env["credit.control.communication"].search(
        [("credit_control_line_ids.state", "=", "to_be_sent")], order="id"
    )
    ready = (ready[:number] if number else ready).with_context(mail_notify_force_send=False)
    before = count(env, "mail_mail")
    with recorder.phase("mails_sample" if number else "mails") as facts:
        done = 0
        for company, own in ready.grouped("company_id").items():
            for communication in own.with_company(company):
                communication._generate_emails()
                done += 1
                recorder.progress(f"{done:,} mails")
            env.cr.commit()
        facts["number"] = len(ready)
        facts["made"] = {"mails": count(env, "mail_mail") - before}
    assert facts["made"]["mails"] == len(ready), (facts, len(ready))


def letters(env, recorder):
    """*Print*: grouped, marked as done, one PDF; letter by letter where wkhtmltopdf refuses several documents at once."""
    lines = waiting(env, "letter")
    company = lines[:1].company_id
    lines = lines.filtered(lambda line: line.company_id == company)
    some = lines.partner_id[:LETTERS]
    lines = lines.filtered(lambda line: line.partner_id in some)
    if not lines:
        return
    report = env["ir.actions.report"].with_company(company)
    name = "account_credit_control.report_credit_control_summary"
    with recorder.phase("letters") as facts:
        wizard = env["credit.control.printer"].with_company(company).create({"line_ids": lines.ids})
        action = wizard.print_lines()
        ids = action["context"]["active_ids"]
        facts["at_once"] = True
        try:
            with env.cr.savepoint():
                pdf, _kind = report._render_qweb_pdf(name, ids)
        except Exception as error:  # noqa: BLE001
            facts["at_once"] = False
            facts["refused"] = str(error)[:200]
            for one in ids:
                pdf, _kind = report._render_qweb_pdf(name, [one])
        assert pdf[:4] == b"%PDF"
        env.cr.commit()
        facts["number"] = len(ids)


def sending(env, recorder):
    """Queued mails handed to a mail server on this machine."""
    queued = env["mail.mail"].search(
        [("state", "=", "outgoing"), ("model", "=", "credit.control.communication")], order="id", limit=SAMPLE
    )
    if not queued:
        return
    with recorder.phase("send") as facts:
        facts["number"] = len(queued)
        facts["bytes"] = sum(len(mail.body_html or "") for mail in queued) // len(queued)
        queued.send(auto_commit=True)
        env.cr.commit()
    states = set(env["mail.mail"].browse(queued.ids).exists().mapped("state"))
    assert states <= {"sent"}, states


def main(env, path, port, steps):
    clock = Clock(env, PHASES)
    recorder = Recorder(path, clock)
    who(env)
    mine = companies(env)
    today = date.today()
    if "configure" in steps:
        mail_server(env, port)
        configure(env, mine, today)
        recorder.write(event="disk", when="before", size=disk(env))
    if "run" in steps:
        run(env, recorder, mine, "run", today)
    if "mark" in steps:
        mark(env, recorder)
    if "group" in steps:
        group(env, recorder)
    if "mails" in steps:
        mails(env, recorder)
        recorder.write(event="disk", when="after", size=disk(env))
    if "sample" in steps:
        group(env, recorder, SAMPLE)
    if "mails_sample" in steps:
        mails(env, recorder, SAMPLE)
    if "letters" in steps:
        letters(env, recorder)
    if "send" in steps:
        sending(env, recorder)
    if "idle" in steps:
        run(env, recorder, mine, "idle", today)


main(env, sys.argv[1], int(sys.argv[2]), sys.argv[3].split(","))  # noqa: F821 - the shell gives the environment
