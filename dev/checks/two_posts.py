"""Two people at once on the same charge: it is posted once, reversed once; nothing is half made by a kill."""

import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support import Odoo, check, make_customers

#: What `killed_at` stops before; together they are the steps of a posting.
STEPS = [
    ("res.company", "_followup_charge_books"),
    ("account.move", "create"),
    ("account.move", "action_post"),
    ("followup.charge", "_sync_books"),
    ("followup.charge.entry", "_rebuild"),
    ("followup.charge", "_go"),
    ("followup.charge", "_tell"),
    ("commit", ""),
]


def request(env, action, *arguments):
    """Run `action(env, *arguments)` as the administrator, tried again by Odoo's own rule, and commit.

    :return: its answer, or the words in which it was refused
    """
    from odoo.exceptions import UserError
    from odoo.service.model import retrying

    user = env.ref("base.user_admin")
    own = env(user=user.id, su=False, context={"allowed_company_ids": user.company_ids.ids})
    try:
        answer = retrying(lambda: action(own, *arguments), own)
        env.cr.commit()
        return answer
    except UserError as error:
        env.cr.rollback()
        return f"refused: {error}"


def claim(env, number):
    """One claimed compensation of 40 on the invoice of a customer; committed.

    :return: its id
    """
    partner = env["res.partner"].search([("email", "=", f"customer{number:03d}@customers.example")])
    move = env["account.move"].search([("partner_id", "=", partner.id)], limit=1)
    customer = env["followup.customer"]._for_partner(partner, move.company_id)
    charge = env["followup.charge"].create(
        {
            "customer_id": customer.id,
            "company_id": move.company_id.id,
            "move_id": move.id,
            "name": move.name,
            "kind": "compensation",
            "currency_id": move.currency_id.id,
            "amount": 40.0,
        }
    )
    env.cr.commit()
    return charge.id


def post(env, charge_id):
    env["followup.charge"].browse(charge_id)._post_to_books()
    return "done"


def reverse(env, charge_id):
    env["followup.charge"].browse(charge_id)._reverse_in_books("twice")
    return "done"


def waive(env, charge_id):
    env["followup.charge"].browse(charge_id)._waive("twice")
    return "done"


def make(env, first, count):
    make_customers(env, first, count)
    if not env.company.followup_charge_account_id:
        env.company.followup_charge_account_id = env["account.account"].search(
            [("account_type", "in", ("income_other", "income")), ("company_ids", "in", env.company.ids)], limit=1
        )
        env.cr.commit()


def killed_at(env, model, method, charge_id):
    """Post a charge, and be killed at this step."""

    def die(*_args, **_kwargs):
        os.kill(os.getpid(), signal.SIGKILL)

    if model == "commit":
        env.cr.commit = die
    else:
        setattr(env.registry[model], method, die)
    return request(env, post, charge_id)


class Check:
    def __init__(self, database):
        self.odoo = Odoo(database)
        self.number = 0

    def charges(self, count):
        first, self.number = self.number, self.number + count
        self.odoo.run(make, first, count)
        return [self.odoo.run(claim, number) for number in range(first, first + count)]

    def books(self, charge_id):
        """(state, debit lines, credit lines, income) of a charge, as PostgreSQL has them."""
        [row] = self.odoo.query(
            """SELECT charge.state,
                      (SELECT count(*) FROM account_move_line WHERE followup_charge_id = charge.id),
                      (SELECT count(*) FROM account_move_line WHERE followup_credited_charge_id = charge.id),
                      (SELECT COALESCE(-sum(balance), 0)::float FROM account_move_line
                        WHERE charge.id IN (followup_charge_id, followup_credited_charge_id)
                          AND parent_state = 'posted')
                 FROM followup_charge charge WHERE charge.id = %s""",
            [charge_id],
        )
        return row

    def two(self, first, second, charge_id):
        return self.odoo.together((request, (first, charge_id), None), (request, (second, charge_id), None))


def main(database):
    this = Check(database)
    # The first of all also makes the journal.
    for charge_id in this.charges(3):
        answers = sorted(this.two(post, post, charge_id))
        check(answers[0] == "done" and "once" in answers[1], f"posted by two: {answers}")
        check(this.books(charge_id) == ("posted", 1, 0, 40.0), f"posted by two: {this.books(charge_id)}")
        answers = sorted(this.two(reverse, reverse, charge_id))
        check(answers[0] == "done" and "not posted" in answers[1], f"reversed by two: {answers}")
        check(this.books(charge_id) == ("reversed", 1, 1, 0.0), f"reversed by two: {this.books(charge_id)}")
    [[journals]] = this.odoo.query("SELECT count(*) FROM account_journal WHERE code LIKE 'FUC%'")
    check(journals == 1, f"{journals} journals of charges")
    print("two people post, then reverse, the same charge: 3 rounds, one wins, the other reads why; one journal")

    ends = []
    for charge_id in this.charges(3):
        answers = this.two(post, waive, charge_id)
        check(sorted(answer == "done" for answer in answers) == [False, True], f"post beside waive: {answers}")
        state, lines, _credits, income = this.books(charge_id)
        check(
            (state, lines, income) in (("posted", 1, 40.0), ("waived", 0, 0.0)), f"post beside waive: {state} {lines}"
        )
        ends.append(state)
    print(f"one posts while another waives: 3 rounds, one wins ({', '.join(ends)})")

    before = this.odoo.query("SELECT count(*) FROM account_move WHERE followup_charge_note")
    for charge_id, (model, method) in zip(this.charges(len(STEPS)), STEPS, strict=True):
        process = this.odoo.start(killed_at, model, method, charge_id)
        process.process.join(60)
        code = process.process.exitcode
        process.kill()
        check(code == -signal.SIGKILL, f"not killed at {model} {method}: {code}")
        check(this.books(charge_id) == ("claimed", 0, 0, 0.0), f"killed at {model} {method}: {this.books(charge_id)}")
        check(this.odoo.run(request, post, charge_id) == "done", f"again after a kill at {model} {method}")
        check(this.books(charge_id) == ("posted", 1, 0, 40.0), f"again after {model} {method}: {this.books(charge_id)}")
    after = this.odoo.query("SELECT count(*) FROM account_move WHERE followup_charge_note")
    check(after[0][0] == before[0][0] + len(STEPS), f"notes: {before} {after}")
    print(f"kill -9 at {len(STEPS)} steps of a posting: nothing half made, and it can be done again")


if __name__ == "__main__":
    main(*sys.argv[1:])
