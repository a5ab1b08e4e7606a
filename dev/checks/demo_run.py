"""Two nights in live mode on the demo data: who gets a message, who does not and where that is said."""

import collections
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support import DEV, Odoo, check, load, night, no_delays, queue

COMPANIES = ("__followup_demo__.company_zilverberk", "__followup_demo__.company_boisbleu")


def go_live(env, settings):
    companies = env["res.company"].browse([env.ref(xmlid).id for xmlid in COMPANIES])
    env["followup.assistant"]._mark_finished(companies)
    companies.write({"followup_live": True})
    if settings == "zero":
        companies.followup_min_gap = 0
        no_delays(env)
    env.cr.commit()
    return companies.ids


def preview(env, company_ids):
    """What the night says it will do: {step: number}."""
    steps = collections.Counter()
    for company in env["res.company"].browse(company_ids):
        run = env["followup.engine"]._preview(company, company._followup_today())
        steps.update(run.line_ids.mapped("step"))
    env.cr.rollback()
    return dict(steps)


def addresses(messages):
    return collections.Counter(
        address.strip() for message in messages for address in message["X-Envelope-To"].split(",")
    )


def main(database, folder, settings):
    with load("followup_mailsink", DEV / "mailsink.py").MailSink(folder, page=False) as sink:
        odoo = Odoo(database, sink.smtp_port)
        odoo.run(queue)  # what Odoo's own demo data left to send
        sink.clear()
        companies = odoo.run(go_live, settings)
        expected = odoo.run(preview, companies)
        started = time.monotonic()
        odoo.run(night)
        odoo.run(queue)
        seconds = time.monotonic() - started
        first = sink.messages()
        states = dict(odoo.query("SELECT state, count(*) FROM followup_notice WHERE channel = 'email' GROUP BY state"))
        for _again in range(2):
            odoo.run(night)
            odoo.run(queue)
            check(len(sink.messages()) == len(first), f"the next run sent {len(sink.messages()) - len(first)} messages")
        assert_messages(odoo, first, expected, states, companies)
    print(
        f"{settings} gap and delays: {len(first)} messages delivered in {seconds:.0f} s, "
        f"notices {states}, two more runs at once: none"
    )


def assert_messages(odoo, first, expected, states, companies):
    check(len(first) >= 10, f"only {len(first)} messages")
    check(states.get("sent") == len(first), f"{len(first)} messages received, notices: {states}")
    check(set(states) <= {"sent", "failed", "review"}, f"notices: {states}")
    # To whom the night wrote is to whom the server delivered: nobody else, and nobody twice.
    received = addresses(first)
    notices = odoo.query(
        """SELECT lower(substring(email_to FROM '<([^>]*)>')), customer_id, company_id
             FROM followup_notice WHERE channel = 'email' AND state = 'sent'"""
    )
    check(received == collections.Counter(address for address, *_rest in notices), "recipients differ from the notices")
    pairs = collections.Counter(customer for _address, customer, _company in notices)
    check(max(pairs.values()) == 1, "a customer got two messages")
    check({company for *_rest, company in notices} == set(companies), "one of the companies wrote to nobody")

    # The dead address: refused, failed, said on the customer; nothing marked sent.
    dead = odoo.query(
        """SELECT notice.state, notice.failure, customer.state, customer.failure, notice.sent_date
             FROM followup_notice notice JOIN followup_customer customer ON customer.id = notice.customer_id
            WHERE notice.email_to LIKE '%dead.%'"""
    )
    check(len(dead) == 1, f"{len(dead)} notices to the dead address")
    state, failure, customer_state, customer_failure, sent = dead[0]
    check((state, sent) == ("failed", None), f"the dead address: {dead}")
    check("550" in failure, f"the server's answer is missing: {failure}")
    # ... and the next run writes him a letter instead; the customer without an address got one at once.
    letters = odoo.query(
        """SELECT customer.state, customer.failure, notice.address, partner.email,
                  (SELECT count(*) FROM followup_notice other WHERE other.customer_id = customer.id AND other.state = 'failed')
             FROM followup_notice notice
             JOIN followup_customer customer ON customer.id = notice.customer_id
             JOIN res_partner partner ON partner.id = customer.partner_id
            WHERE notice.channel = 'letter' AND notice.standby IS NOT TRUE AND notice.state = 'queued'"""
    )
    check(customer_failure is None and customer_state == "queued", f"the dead address: {dead}")
    check([row[4] for row in letters].count(1) == 1, f"no letter after the dead address: {letters}")
    direct = [row for row in letters if not row[4]]
    check(len(direct) >= 1 and all(row[2] for row in letters), f"letters: {letters}")

    # Whom nothing reaches: no notice, and it is said on him and on the run.
    without = odoo.query(
        """SELECT customer.id, customer.state, customer.failure, partner.name,
                  (SELECT count(*) FROM followup_notice notice WHERE notice.customer_id = customer.id AND channel = 'email'),
                  (SELECT count(*) FROM followup_run_line line WHERE line.customer_id = customer.id AND step = 'failure'),
                  (SELECT count(*) FROM mail_activity activity
                    WHERE activity.res_model = 'followup.customer' AND activity.res_id = customer.id)
             FROM followup_customer customer JOIN res_partner partner ON partner.id = customer.partner_id
            WHERE customer.state = 'failed'"""
    )
    for _id, _state, text, name, made, reported, tasks in without:
        check(text and name in text, f"the reason does not name {name}: {text}")
        check((made, tasks) == (0, 1) and reported >= 1, f"{name}: {made} notices, {reported} reports, {tasks} tasks")
    check(
        expected.get("message", 0) == len(first) + len(dead) + len(direct) + len(without),
        f"the preview promised {expected}: {len(first)} arrived, {len(direct)} letters, {len(dead) + len(without)} failed",
    )
    check(expected.get("review", 0) == states.get("review", 0), f"the preview promised {expected}: {states}")


if __name__ == "__main__":
    main(*sys.argv[1:])
