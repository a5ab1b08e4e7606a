"""Two people at once on arrangements of the same customer: one wins, the other reads why, nothing is half made."""

import collections
import os
import pathlib
import re
import signal
import sys
from datetime import timedelta

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support import Odoo, check, counted, make_customers, night, open_all_hours, queue, smtp_server

#: What `KilledAt` stops before; together they are the steps of an arrangement that a person confirms.
STEPS = [
    ("followup.cover", "_prepare"),
    ("followup.arrangement", "action_confirm"),
    ("followup.arrangement", "_hold"),
    ("followup.arrangement", "_go"),
    ("followup.arrangement", "_claim_costs"),
    ("followup.notice", "_send_for"),
    ("followup.notice", "_queue"),
    ("followup.arrangement", "_follow_now"),
    ("commit", ""),
]
TABLES = ("arrangement", "cover", "instalment", "notice", "charge")


# Tasks: what a person does on the screen, each in a request of its own


def request(env, action, *arguments):
    """Run `action(env, *arguments)` as the administrator, tried again by Odoo's own rule.

    :return: its answer, or the words in which it was refused
    """
    from odoo.exceptions import UserError
    from odoo.service.model import retrying

    user = env.ref("base.user_admin")
    own = env(user=user.id, su=False, context={"allowed_company_ids": user.company_ids.ids})
    try:
        return retrying(lambda: action(own, *arguments), own)
    except UserError as error:
        env.cr.rollback()
        return f"refused: {error}"


def item_of(env, number):
    return env["followup.item"].search(
        [("customer_id.partner_id.email", "=", f"customer{number:03d}@customers.example")]
    )


def draw_up(env, number, **options):
    item = item_of(env, number)
    today = env.company._followup_today()
    half = item.currency_id.round(item.amount_residual_currency / 2)
    parts = [(today + timedelta(days=10), half), (today + timedelta(days=40), item.amount_residual_currency - half)]
    return (
        env["followup.arrangement"]
        ._arrange(item.customer_id, [(item, item.amount_residual_currency)], parts, **options)
        .id
    )


def confirm(env, arrangement_id):
    env["followup.arrangement"].browse(arrangement_id).action_confirm()
    return "done"


def draw_up_and_confirm(env, number, **options):
    arrangement_id = draw_up(env, number, **options)
    confirm(env, arrangement_id)
    return "done"


def propose(env, number):
    arrangement_id = draw_up(env, number, acceptance=True)
    confirm(env, arrangement_id)
    return arrangement_id


def accept(env, arrangement_id):
    env["followup.arrangement"].browse(arrangement_id).sudo()._accept("Jan Peeters", "198.51.100.7")
    return "done"


def cancel(env, arrangement_id):
    env["followup.arrangement"].browse(arrangement_id).action_cancel()
    return "done"


def arrange_all(env, first, count):
    """A person arranges customer after customer, each in a request of its own."""
    return [request(env, draw_up_and_confirm, number) for number in range(first, first + count)]


def killed_at(env, model, method, number):
    """Confirm an arrangement, and be killed at this step."""

    def die(*_args, **_kwargs):
        os.kill(os.getpid(), signal.SIGKILL)

    if model == "commit":
        env.cr.commit = die
    else:
        setattr(env.registry[model], method, die)
    return request(env, draw_up_and_confirm, number)


class Check:
    def __init__(self, database, sink):
        self.sink = sink
        self.odoo = Odoo(database, sink.port)
        self.made = 0
        # On paper it takes seconds, and says nothing about who comes first.
        self.odoo.registry["followup.arrangement"]._pdf = lambda record, lang=None: (f"{record.name}.pdf", b"%PDF-1.4")

    def customers(self, count):
        """Numbers of new customers, each with one overdue invoice."""
        self.odoo.run(make_customers, self.made, count)
        numbers = range(self.made, self.made + count)
        self.made += count
        return numbers

    def counts(self):
        return {name: self.odoo.query(f"SELECT count(*) FROM followup_{name}")[0][0] for name in TABLES}

    def names(self, number):
        """The invoice of a customer and his arrangements, as people read them."""
        rows = self.odoo.query(
            """SELECT move.name FROM account_move move JOIN res_partner partner ON partner.id = move.partner_id
                WHERE partner.email = %(email)s
            UNION SELECT arrangement.name FROM followup_arrangement arrangement
                    JOIN res_partner partner ON partner.id = arrangement.partner_id WHERE partner.email = %(email)s""",
            {"email": f"customer{number:03d}@customers.example"},
        )
        return [name for (name,) in rows]

    def arrangements(self, number):
        """State -> number of a customer's arrangements, after a look for anything that is half made."""
        email = f"customer{number:03d}@customers.example"
        rows = self.odoo.query(
            """SELECT arrangement.state, arrangement.amount_total,
                      (SELECT sum(amount) FROM followup_instalment WHERE arrangement_id = arrangement.id),
                      (SELECT count(*) FROM followup_cover WHERE arrangement_id = arrangement.id AND live),
                      (SELECT count(*) FROM followup_notice WHERE arrangement_id = arrangement.id),
                      arrangement.accepted_name IS NOT NULL
                 FROM followup_arrangement arrangement JOIN res_partner partner ON partner.id = arrangement.partner_id
                WHERE partner.email = %s""",
            [email],
        )
        for state, total, instalments, live, notices, accepted in rows:
            running = state in ("active", "proposed")
            check(total == instalments, f"{email}: {state}, {total} in instalments of {instalments}")
            check(live == int(running), f"{email}: {state} with {live} live covers")
            # Who accepts a proposal gets a confirmation that it is in force, once.
            check(not running or notices == 1 + accepted, f"{email}: {state} with {notices} confirmations")
        return collections.Counter(row[0] for row in rows)

    def one_won(self, answers, number, what):
        won = [answer for answer in answers if answer == "done"]
        check(len(won) == 1, f"{what}: not exactly one won: {answers}")
        [text] = [answer for answer in answers if answer != "done"]
        named = any(re.search(re.escape(name), text) for name in self.names(number))
        check(named, f"{what}: the other one does not read which invoice or arrangement: {text}")

    def together(self, *actions):
        return self.odoo.together(*[(request, action, None) for action in actions])

    # Same moment

    def confirm_two(self, rounds=3):
        for number in self.customers(rounds):
            drafts = [self.odoo.run(request, draw_up, number) for _draft in range(2)]
            answers = self.together(*[(confirm, draft) for draft in drafts])
            self.one_won(answers, number, "two drafts confirmed")
            check(self.arrangements(number) == {"active": 1, "draft": 1}, f"{number}: {self.arrangements(number)}")
        for number in self.customers(rounds):
            answers = self.together((draw_up_and_confirm, number), (draw_up_and_confirm, number))
            self.one_won(answers, number, "two wizards confirmed")
            check(self.arrangements(number) == {"active": 1}, f"{number}: {self.arrangements(number)}")
        print(f"two people confirm over the same invoice: {2 * rounds} rounds, one wins, the other reads why")

    def accept_two(self, rounds=3):
        for number in self.customers(rounds):
            proposal = self.odoo.run(request, propose, number)
            answers = self.together((accept, proposal), (accept, proposal))
            check(answers == ["done", "done"], f"accepting twice is accepting once: {answers}")
            check(self.arrangements(number) == {"active": 1}, f"{number}: {self.arrangements(number)}")
            [[told]] = self.odoo.query(
                """SELECT count(*) FROM mail_message WHERE model = 'followup.arrangement' AND res_id = %s
                    AND body LIKE '%%Accepted by%%'""",
                [proposal],
            )
            check(told == 1, f"accepted once, written down {told} times")
        ends = collections.Counter()
        for number in self.customers(rounds):
            proposal = self.odoo.run(request, propose, number)
            accepted, cancelled = self.together((accept, proposal), (cancel, proposal))
            check(cancelled == "done", f"cancelled beside an acceptance: {cancelled}")
            check(accepted == "done" or "no longer open" in accepted, f"accepted beside a cancellation: {accepted}")
            check(self.arrangements(number) == {"cancelled": 1}, f"{number}: {self.arrangements(number)}")
            ends["accepted first" if accepted == "done" else "cancelled first"] += 1
        print(
            f"one proposal accepted twice at once: {rounds} rounds, once in force; beside a cancellation: {counted(ends)}"
        )

    def beside_the_night(self, count=12):
        numbers = self.customers(count)
        answers = self.odoo.together((night, (), None), (arrange_all, (numbers[0], count), None))[1]
        check(set(answers) == {"done"}, f"a person beside the night: {collections.Counter(answers)}")
        for number in numbers:
            check(self.arrangements(number) == {"active": 1}, f"{number}: {self.arrangements(number)}")
        prepared = self.level_notices(numbers)
        for _time in range(3):
            self.odoo.run(queue)
        sent = {state: amount for state, amount in self.level_notices(numbers).items() if state != "cancelled"}
        check(not sent, f"reminders about what is arranged: {sent}")
        print(f"a person arranges {count} customers while the night runs: all made; reminders of the night: "
              f"{counted(prepared)}, none left")  # fmt: skip

    def level_notices(self, numbers):
        emails = [f"customer{number:03d}@customers.example" for number in numbers]
        return dict(
            self.odoo.query(
                """SELECT notice.state, count(*) FROM followup_notice notice
                     JOIN res_partner partner ON partner.id = notice.partner_id
                    WHERE notice.purpose = 'level' AND partner.email = ANY(%s) GROUP BY 1""",
                [emails],
            )
        )

    # Killed

    def kill(self):
        numbers = self.customers(len(STEPS))
        for number, (model, method) in zip(numbers, STEPS, strict=True):
            before = self.counts()
            process = self.odoo.start(killed_at, model, method, number)
            process.process.join(60)
            code = process.process.exitcode
            process.kill()
            check(code == -signal.SIGKILL, f"not killed at {model} {method}: {code}")
            check(self.counts() == before, f"killed at {model} {method}: {before} became {self.counts()}")
            answer = self.odoo.run(request, draw_up_and_confirm, number)
            check(answer == "done", f"again after a kill at {model} {method}: {answer}")
            check(self.arrangements(number) == {"active": 1}, f"{number}: {self.arrangements(number)}")
        print(f"kill -9 at {len(STEPS)} steps of a confirmation: nothing half made, and it can be done again")


def main(database):
    sink = smtp_server().start()
    try:
        this = Check(database, sink)
        this.odoo.run(open_all_hours)
        this.confirm_two()
        this.accept_two()
        this.beside_the_night()
        this.kill()
    finally:
        sink.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
