"""A customer who keeps his arrangement and one who breaks it, on the demo data, day after day, with real e-mails."""

import datetime
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support import Odoo, check, queue, smtp_server

KEEPS, BREAKS = "clarke", "molenwater"
ADDRESS = {"clarke": "emma.clarke@letters.example", "molenwater": "facturatie@molenwater.example"}
ELKE = "__followup_demo__.user_elke"
CLOCK = datetime.time(10)


def at(day):
    from freezegun import freeze_time

    return freeze_time(datetime.datetime.combine(day, CLOCK), real_asyncio=True)


def customer(env, key):
    partner = env.ref(f"__followup_demo__.customer_{key}")
    return env["followup.customer"]._for_partner(partner, env.ref("__followup_demo__.company_zilverberk"))


def go_live(env):
    """Live, weekends included. Other customers pay by themselves: they are no part of the story."""
    company = env.ref("__followup_demo__.company_zilverberk")
    env["followup.assistant"]._mark_finished(company)
    company.write({"followup_live": True, "followup_freshness_days": 0})
    # One of the two is at the bailiff's in the demo: he comes back, to arrange it with us.
    env["followup.handover"].search([("state", "=", "handed_over")])._recall("he wants to arrange it")
    others = env["followup.customer"].search([("company_id", "=", company.id)])
    others -= customer(env, KEEPS) | customer(env, BREAKS)
    env["followup.hold"].create(
        [
            {"customer_id": other.id, "until": datetime.date(2099, 12, 31), "reason": "not in this story"}
            for other in others
        ]
    )
    env.cr.commit()
    return company._followup_today()


def night(env, day):
    """The run of one night and the mail queue of the morning."""
    with at(day):
        company = env.ref("__followup_demo__.company_zilverberk")
        env["followup.engine"]._run_night(company, day)
        env.cr.commit()
        queue(env)


def morning(env, day):
    """One pass of the mail queue."""
    with at(day):
        queue(env)


def propose(env, key, day, number):
    """Elke draws it up in the wizard while the customer is on the phone, and sends it."""
    with at(day):
        wizard = env["followup.arrange.wizard"].with_context(default_customer_id=customer(env, key).id).create({})
        wizard.write(
            {
                "method": "number",
                "number": number,
                "frequency": "biweekly",
                "first_day": day + datetime.timedelta(days=14),
                "acceptance": True,
            }
        )
        wizard.action_confirm()
        arrangement = customer(env, key).arrangement_ids.sorted("id")[-1:]
        env.cr.commit()
        queue((env.su and env) or env(su=True))
        return arrangement.id


def accept(env, arrangement_id, url, day):
    """The customer opens the link of his e-mail and accepts: real requests to Odoo's web application."""
    import odoo.http
    from werkzeug.test import Client

    with at(day):
        page = Client(odoo.http.root)
        path = re.sub(r"^https?://[^/]+", "", url)
        shown = page.get(path)
        check(
            shown.status_code == 200,
            f"the acceptance page answers {shown.status}: {shown.get_data(as_text=True)[:500]}",
        )
        html = shown.get_data(as_text=True)
        form = re.search(r'<form[^>]*action="([^"]*accept[^"]*)"[^>]*>(.*?)</form>', html, re.DOTALL)
        check(form, "the page has no form to accept")
        hidden = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form[2]))
        hidden["name"] = "A. Klant"
        answer = page.post(
            form[1].replace("&amp;", "&"), data=hidden, follow_redirects=True, environ_base={"REMOTE_ADDR": "192.0.2.7"}
        )
        check(answer.status_code == 200, f"accepting answers {answer.status}")
    env.invalidate_all()
    arrangement = env["followup.arrangement"].browse(arrangement_id)
    return arrangement.state, arrangement.accepted_name, bool(arrangement.accepted_address)


def pay(env, arrangement_id, amount, day):
    """A transfer, on the oldest invoice that is still open."""
    with at(day):
        arrangement = env["followup.arrangement"].browse(arrangement_id)
        items = arrangement.cover_ids.item_id.filtered("is_open").sorted("date_maturity")
        env["followup.demo"]._pay_oldest(items, amount, day)
        env.cr.commit()


def state(env, arrangement_id):
    arrangement = env["followup.arrangement"].browse(arrangement_id)
    items = arrangement.cover_ids.item_id
    return {
        "state": arrangement.state,
        "parts": arrangement.instalment_ids.sorted("date").mapped("state"),
        "dates": arrangement.instalment_ids.sorted("date").mapped("date"),
        "amounts": arrangement.instalment_ids.sorted("date").mapped("amount"),
        "covered": arrangement.cover_ids.mapped("name"),
        "paid": arrangement.amount_paid,
        "total": arrangement.amount_total,
        "open": round(sum(item.amount_residual_currency for item in items if item.is_open), 2),
        "steps": env["followup.notice"]
        .search(
            [
                ("customer_id", "=", arrangement.customer_id.id),
                ("purpose", "=", "level"),
                ("state", "not in", ("cancelled", "failed")),
            ]
        )
        .mapped("level_id.name"),
        "levels": sorted({item.level_kind or "-" for item in items if item.is_open}),
    }


class Story:
    """The days, and what the mail server received."""

    def __init__(self, odoo, sink, day):
        self.odoo, self.sink, self.day = odoo, sink, day

    def until(self, day):
        """Night after night up to and including `day`."""
        while self.day < day:
            self.day += datetime.timedelta(days=1)
            self.odoo.run(night, self.day)

    def mails(self, key):
        """What the customer received since this was asked last, as (subject, text)."""
        found = []
        for place, (addresses, message) in enumerate(self.sink.messages):
            if ADDRESS[key] in addresses and place not in self.__dict__.setdefault("seen", set()):
                self.seen.add(place)
                found.append((message["Subject"], message.get_body(("html",)).get_content(), message))
        return found

    def of(self, arrangement):
        return self.odoo.run(state, arrangement)


def main(database):
    sink = smtp_server().start()
    odoo = Odoo(database, sink.port)
    try:
        odoo.run(queue)
        today = odoo.run(go_live)
        story = Story(odoo, sink, today - datetime.timedelta(days=1))
        days = datetime.timedelta
        story.until(today + days(3))  # the first reminders, delivered
        check(all(len(story.mails(key)) == 1 for key in (KEEPS, BREAKS)), "each got one first reminder")

        plans = {}
        for key in (KEEPS, BREAKS):
            plans[key] = odoo.run(propose, key, story.day, 2 if key == KEEPS else 4, user=ELKE)
            [(_subject, text, message)] = story.mails(key)
            pdfs = [part for part in message.iter_attachments() if part.get_content_type() == "application/pdf"]
            check(len(pdfs) == 1, f"{key}: the proposal has {len(pdfs)} PDFs")
            url = re.search(r'href="([^"]*/my/arrangement/[^"]*)"', text)
            check(url, f"{key}: no link to accept in the proposal")
            accepted = odoo.run(accept, plans[key], url[1].replace("&amp;", "&"), story.day)
            check(accepted == ("active", "A. Klant", True), f"{key}: accepted {accepted}")
            odoo.run(morning, story.day)
            check(len(story.mails(key)) == 1, f"{key}: one confirmation that it is in force")

        kept, broken = plans[KEEPS], plans[BREAKS]
        first = odoo.run(state, broken)
        check(len(first["parts"]) == 4 and abs(sum(first["amounts"]) - first["total"]) < 0.005, f"{first}")
        # One early, in full; one in two parts.
        odoo.run(pay, broken, first["amounts"][0], story.day)
        odoo.run(pay, kept, odoo.run(state, kept)["amounts"][0], story.day)
        story.until(first["dates"][0] + days(1))
        check(story.of(broken)["parts"][:2] == ["paid", "planned"], f"after one: {story.of(broken)}")
        check(not story.mails(BREAKS), "an instalment paid early is not reminded of")
        half = round(first["amounts"][1] / 2, 2)
        odoo.run(pay, broken, half, story.day)
        story.until(first["dates"][1] - days(1))
        check(story.of(broken)["parts"][1] == "partly", f"half paid: {story.of(broken)}")
        odoo.run(pay, broken, round(first["amounts"][1] - half, 2), story.day)
        check(len(story.mails(BREAKS)) == 1, "one friendly reminder before the second")
        last = odoo.run(state, kept)
        story.until(last["dates"][1])
        odoo.run(pay, kept, last["amounts"][1], story.day)
        # The third is missed.
        story.until(first["dates"][2] + days(10))
        now = story.of(broken)
        check(now["state"] == "active" and now["parts"][2] == "missed", f"missed: {now}")
        subjects = [subject for subject, _text, _message in story.mails(BREAKS)]
        check(len(subjects) == 2, f"a reminder before, a message after the third: {subjects}")
        check(now["levels"] == ["first_reminder"], f"no step of the ladder meanwhile: {now}")
        story.until(first["dates"][2] + days(24))
        now = story.of(broken)
        check(now["state"] == "broken", f"broken: {now}")
        paid = first["amounts"][0] + first["amounts"][1]
        check(abs(now["open"] - (first["total"] - paid)) < 0.005, f"what was paid stays paid: {now}")
        check(len(now["steps"]) == 2, f"the ladder goes on with the step after the first reminder: {now}")
        check(not story.mails(BREAKS), "that step is a call")
        # Nobody calls: after five working days the ladder takes the next step, a reminder by e-mail.
        story.until(story.day + days(14))
        mails = story.mails(BREAKS)
        check(len(mails) == 1, f"one message of the ladder: {[subject for subject, *_rest in mails]}")
        now = story.of(broken)
        check(now["levels"] != ["first_reminder"] and len(now["steps"]) == 3, f"at the next level: {now}")
        # The other one.
        end = story.of(kept)
        check(end["state"] == "completed" and end["parts"] == ["paid", "paid"] and end["open"] == 0, f"kept: {end}")
        received = story.mails(KEEPS)
        subjects = [subject for subject, _text, _message in received]
        check(sum("Instalment of" in subject for subject in subjects) == 1, f"one message about the second: {subjects}")
        # An invoice that fell due meanwhile is followed up as usual; what is covered is not.
        check(len(received) == 2, f"and one about a new invoice: {subjects}")
        reminders = [text for subject, text, _message in received if "Instalment of" not in subject]
        check(not any(name in text for name in end["covered"] for text in reminders), "nothing covered is reminded of")
        nights = (story.day - today).days + 1
    finally:
        sink.stop()
    print(f"{nights} nights: one arrangement kept and completed, one missed, reminded of, broken and back at its level")


if __name__ == "__main__":
    main(sys.argv[1])
