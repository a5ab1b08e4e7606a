"""This add-on's side of `dev/bench peer`: the nights of all companies, cold; then what follows from them."""

import sys
from datetime import timedelta

from books import working_day
from meter import Clock, Recorder, count, disk
from night import screens, specification
from peer_side import HELD, HISTORIES, LETTERS, OVERDUE, SAMPLE, companies, mail_server, who

#: Which methods count for which phase.
PHASES = {
    "find": ("_synchronise",),
    "select": ("_select",),
    "decide": ("_decide",),
    "notices": ("_prepare",),
    "charges": ("_claims_of", ("followup.charge", "_follow_items"), ("followup.notice", "_after_sent")),
    "mails": (("followup.notice", "_queue"),),
    "figures": ("_apply",),
    "agreements": ("_follow_safely",),
    "skip": ("_idle_customers", "_remember_decided"),
}


def history(env, today):
    """Some businesses got messages before; some customers have a hold."""
    for part, days, level, _peer in HISTORIES:
        known = env.ref(f"l10n_be_followup.{level}")
        env.cr.execute(
            f"""UPDATE followup_item item SET level_id = %s, level_kind = %s, level_date = %s
                  FROM followup_customer customer JOIN who ON who.partner = customer.partner_id
                 WHERE customer.id = item.customer_id AND NOT consumer AND {part.replace("%", "%%")} AND item.date_maturity < %s""",
            [known.id, known.kind, today - timedelta(days=days), today - timedelta(days=OVERDUE)],
        )
    env.cr.execute(
        f"""INSERT INTO followup_hold (customer_id, company_id, partner_id, until, reason, user_id)
            SELECT customer.id, customer.company_id, customer.partner_id, %s, 'bench', 1
              FROM followup_customer customer JOIN who ON who.partner = customer.partner_id WHERE {HELD.replace("%", "%%")}""",
        [today + timedelta(days=20)],
    )
    env.cr.execute("ANALYZE")
    env.cr.commit()
    env.invalidate_all()


def nights(env, recorder, name, clock):
    tables = {
        "followup_notice": "notices", "followup_notice_line": "notice lines", "mail_mail": "mails",
        "mail_activity": "tasks", "followup_charge": "charges",
    }  # fmt: skip
    known = {table: count(env, table) for table in tables}
    with recorder.phase(name) as facts:
        env["followup.engine"]._cron_night()
        runs = env["followup.run"].search([("preview", "=", False)], order="id desc", limit=2)
        bad = [run.message for run in runs if run.state != "done"]
        assert len(runs) == 2 and not bad, bad
        facts["made"] = {words: count(env, table) - known[table] for table, words in tables.items()}
        facts["failures"] = sum(runs.mapped("failure_count"))
        facts["customers"] = sum(runs.mapped("customer_count"))
        # After a tenth of the way, and at the end: whether memory grows with the books.
        early = clock.memory[len(clock.memory) // 10] if clock.memory else 0
        facts["memory"] = [early, clock.memory[-1] if clock.memory else 0]
    assert not facts["failures"], facts
    return facts


def button(env):
    """Queries that the Follow-up button adds to a customer's form."""
    partner = env["res.partner"].search([("ref", "=like", "bench%")], limit=1)
    form = specification(env, "res.partner", "form")
    own = {name for name in ("followup_overdue", "followup_state") if name in form}
    assert own, "the button is not on the form"
    took = []
    for fields in (form, form, {name: spec for name, spec in form.items() if name not in own}):
        env.invalidate_all()
        before = env.cr.sql_log_count
        partner.web_read(fields)
        took.append(env.cr.sql_log_count - before)
    return took[1] - took[2]


def letters(env, recorder):
    waiting = env["followup.notice"].search([("channel", "=", "letter"), ("state", "=", "queued")], order="id")
    company = waiting[:1].company_id
    some = waiting.filtered(lambda letter: letter.company_id == company)[:LETTERS]
    if not some:
        return
    with recorder.phase("letters") as facts:
        action = some.with_context(allowed_company_ids=company.ids).action_print_letters()
        env.cr.commit()
        batch = env["followup.letter.batch"].browse(action["res_id"])
        assert batch.letter_count == len(some), (batch.letter_count, len(some))
        facts["number"] = len(some)


def words(env, recorder):
    """Subject and body of a queued message are rendered before it leaves, not in the night: the same work, later."""
    queued = [("channel", "=", "email"), ("state", "=", "queued")]
    notices = env["followup.notice"].search(queued, order="id desc", limit=SAMPLE)
    with recorder.phase("words") as facts:
        notices._ensure_rendered()
        env.flush_all()
        facts["number"] = len(notices)
        facts["bytes"] = sum(len(notice.body or "") for notice in notices) // len(notices)
    env.cr.rollback()
    env.invalidate_all()


def sending(env, recorder):
    """Decided again, rendered, claimed, handed to a mail server on this machine, its charges written."""
    queued = [("channel", "=", "email"), ("state", "=", "queued"), ("level_kind", "=", "formal_notice")]
    notices = env["followup.notice"].search(queued, order="id", limit=SAMPLE // 2)
    notices |= env["followup.notice"].search(
        [*queued[:2], ("id", "not in", notices.ids)], order="id", limit=SAMPLE // 2
    )
    mails = notices.mail_ids
    before = count(env, "followup_charge")
    with recorder.phase("send") as facts:
        mails.with_context(followup_send_now=True).send(auto_commit=True)
        env.cr.commit()
        facts["number"] = len(mails)
        facts["made"] = {"charges": count(env, "followup_charge") - before}
    env.invalidate_all()
    states = set(notices.mapped("state"))
    assert states == {"sent"}, (
        states,
        notices.filtered(lambda notice: notice.state != "sent")[:1].read(["failure", "cancel_reason"]),
    )


def main(env, path, port):
    clock = Clock(env, PHASES)
    recorder = Recorder(path, clock)
    who(env)
    mail_server(env, port)
    mine = companies(env)
    engine, today = env["followup.engine"], working_day(mine[0])
    recorder.write(event="disk", when="before", size=disk(env))
    with recorder.phase("find") as facts:
        for company in mine:
            engine._synchronise(company)
            env.cr.commit()
        facts["made"] = {"items": count(env, "followup_item", "is_open"), "customers": count(env, "followup_customer")}
    history(env, today)
    nights(env, recorder, "night", clock)
    recorder.write(event="disk", when="after", size=disk(env))
    nights(env, recorder, "idle", clock)
    took = screens(env, clock)
    recorder.write(event="screens", button=button(env), **{name: max(values) for name, values in took.items()})
    words(env, recorder)
    letters(env, recorder)
    sending(env, recorder)


main(env, sys.argv[1], int(sys.argv[2]))  # noqa: F821 - the shell gives the environment
