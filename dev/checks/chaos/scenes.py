"""The scenes: what may happen at the same moment, and where a process may break. Each has customers of its own."""

import collections
import contextlib
import threading
import time

import work
from mail import BEHAVIOURS
from points import message_points, spread
from support import counted, night, queue


def send_now(env):
    """The button *Send now* on every notice that has not left, as the user presses it."""
    from odoo.exceptions import UserError

    for notice in env["followup.notice"].search([("state", "in", ("review", "queued")), ("channel", "=", "email")]):
        with contextlib.suppress(UserError):  # the queue was first
            notice.action_send_now()
        env.cr.commit()


def prepare_by_hand(env):
    """The button *Send notice* for every customer, as the user presses it."""
    from odoo.exceptions import UserError

    for customer in env["followup.customer"].search([]):
        try:
            customer.action_prepare_notice()
        except UserError:
            env.cr.rollback()  # nothing to send: the night was first
        env.cr.commit()


def same_moment(chaos):
    """Two nights, two queues, a person at the buttons, all at the same moment and without gap or delays."""
    rounds = 1 if chaos.short else 4
    admin = "base.user_admin"
    for number in range(rounds):
        chaos.customers(20, unseen=number % 2 == 0)
        chaos.odoo.together((night, (), None), (night, (), None))
        chaos.right_now("two nights")
        chaos.odoo.together((queue, (), None), (queue, (), None))
        chaos.right_now("two queues")
        chaos.all_right("two nights, two queues")
        chaos.customers(20)
        chaos.odoo.together((night, (), None), (prepare_by_hand, (), admin))
        chaos.right_now("night beside Send notice")
        chaos.odoo.together((queue, (), None), (send_now, (), admin), (night, (), None), (queue, (), None))
        chaos.right_now("queue beside Send now, night and queue")
        chaos.all_right("buttons")
        chaos.retire()
    chaos.say(f"{rounds} rounds of two nights, two queues, night + Send notice, queue + Send now + night + queue")


def one_customer(chaos):
    """Several workers on one customer: only one of them may write to him."""
    rounds = 2 if chaos.short else 10
    admin = "base.user_admin"
    chaos.reserve(rounds)
    for _round in range(rounds):
        [name] = chaos.customers(1)
        chaos.odoo.together((night, (), None), (prepare_by_hand, (), admin), (night, (), None))
        chaos.odoo.together((queue, (), None), (send_now, (), admin), (send_now, (), admin), (queue, (), None))
        chaos.right_now(f"several workers on {name}")
    states = chaos.all_right("several workers on one customer")
    chaos.say(f"{rounds} rounds of three who prepare and four who send: {counted(states)}")


def written_meanwhile(chaos):
    """Somebody writes to a customer while the mail server has his message in hands: its answer must not be lost."""
    names = chaos.customers(8)
    chaos.odoo.run(night)
    writers = []

    def write(envelope):
        sql = """UPDATE followup_customer customer SET write_date = now() AT TIME ZONE 'UTC' FROM res_partner partner
                  WHERE partner.id = customer.partner_id AND partner.email = %s"""
        writer = threading.Thread(target=chaos.odoo.query, args=(sql, [envelope.rcpt_tos[0]]))
        writer.start()
        writers.append(writer)
        time.sleep(0.1)

    chaos.server.on_data = write
    chaos.odoo.run(queue)
    chaos.server.on_data = None
    for writer in writers:
        writer.join(20)
    states = chaos.all_right("written meanwhile")
    chaos.say(f"{len(names)} customers: {counted(states)}")


def night_under(actions):
    """Faults at seeded points of the night; the next night goes on.

    :param actions: what happens at each point, in turn
    """

    def scene(chaos):
        chaos.reserve(6 * (len(actions) + 1))
        chaos.customers(4)
        events = chaos.events_of(night)
        done = collections.Counter()
        for number, (action, point) in enumerate(zip(actions, spread(chaos, events, len(actions)), strict=True)):
            chaos.customers(5, unseen=number % 4 == 3)
            # A night that others shortened has fewer points.
            while not chaos.fault(action, point, night) and point:
                chaos.customers(2)
                point = point * 2 // 3
            done[action] += 1
            chaos.right_now()
            if not chaos.short:
                chaos.all_right()
        states = chaos.all_right()
        chaos.say(f"{counted(done)} at seeded points of {len(events)}; then {counted(states)}")

    return scene


def queue_under(actions, sender=queue, user=None):
    """Faults between the decision, the claim, the acceptance by the mail server, and the commit."""

    def scene(chaos):
        chaos.reserve(3 * len(actions) + 4)
        chaos.customers(4)
        chaos.odoo.run(night)
        events = chaos.events_of(sender, user=user)
        points = message_points(chaos, events, len(actions))
        chaos.rng.shuffle(points)
        done, where = collections.Counter(), collections.Counter()
        if chaos.short:
            chaos.customers(3 * len(actions))
            chaos.odoo.run(night)
        for action, (point, name) in zip(actions, points, strict=False):
            if not chaos.short:
                chaos.customers(3)
                chaos.odoo.run(night)
            happened = chaos.fault(action, point, sender, user=user)
            done[action] += happened
            where[name] += happened
            chaos.last += f" ({name})"
            chaos.right_now()
            if not chaos.short:
                chaos.all_right()
                chaos.retire()
        states = chaos.all_right() if chaos.short else {}
        chaos.say(f"{counted(done)}, at {counted(where)}; {counted(states)}")

    return scene


def bad_server(chaos):
    """Every way in which a mail server can leave a message: what it took or refused is known, unless nobody can tell."""
    names = []
    chaos.reserve(len(BEHAVIOURS) * 4)
    for _round in range(1 if chaos.short else 4):
        own = chaos.customers(len(BEHAVIOURS))
        names += own
        plans = list(BEHAVIOURS)
        chaos.rng.shuffle(plans)
        expected = dict(zip(own, plans, strict=True))
        for name, plan in expected.items():
            chaos.server.behave(address(name), plan)
        chaos.odoo.run(night)
        for _pass in range(3):
            # Each pass may end early: what broke the connection leaves the rest to the next one.
            chaos.quietly(queue)
            chaos.right_now(f"bad server, {expected}")
        chaos.refused = {name for name, plan in expected.items() if BEHAVIOURS[plan] == "failed"}
        chaos.unsure = {name for name, plan in expected.items() if BEHAVIOURS[plan] == "unknown"}
        chaos.all_right("bad server")
        for name, plan in expected.items():
            [[state]] = chaos.odoo.query(
                """SELECT notice.state FROM followup_notice notice JOIN res_partner partner ON partner.id = notice.partner_id
                    WHERE partner.name = %s AND notice.state <> 'cancelled'""",
                [name],
            )
            right = {"later": "sent"}.get(BEHAVIOURS[plan], BEHAVIOURS[plan])
            chaos.judge([(name, f"{plan}: is {state}, not {right}")] if state != right else [], "bad server")
            chaos.summary.faults[f"mail server: {plan}"] += 1
        chaos.retire()
    chaos.say(f"{len(names)} messages, each way of {len(BEHAVIOURS)}")


def address(name):
    return f"customer{name.split()[1]}@customers.example"


KILL, LOSE, OVERTAKE = ["kill"], ["terminate"], ["conflict"]
ADMIN = "base.user_admin"

SCENES = {
    "same-moment": same_moment,
    "one-customer": one_customer,
    "written-meanwhile": written_meanwhile,
    "night-killed": night_under(KILL * 24),
    "night-disconnected": night_under(LOSE * 10),
    "night-overtaken": night_under(OVERTAKE * 10),
    "queue-killed": queue_under(KILL * 40),
    "queue-disconnected": queue_under(LOSE * 20),
    "queue-overtaken": queue_under(OVERTAKE * 20),
    "button-killed": queue_under(KILL * 20, send_now, ADMIN),
    "button-overtaken": queue_under(OVERTAKE * 20, send_now, ADMIN),
    "bad-server": bad_server,
    "disk-full": work.disk_full,
    "letters-killed": work.letters_killed,
    "posting-killed": work.posting_killed,
    "handover-killed": work.handover_killed,
    "arrangement-killed": work.arrangement_killed,
    "ladder": work.ladder,
    "suspension-killed": work.suspension_killed,
}
#: The same in little, for every run of the tests.
SHORT = SCENES | {
    "night-killed": night_under(KILL * 4 + LOSE + OVERTAKE),
    "night-disconnected": None,
    "night-overtaken": None,
    "queue-killed": queue_under(KILL * 8 + LOSE * 2 + OVERTAKE * 2),
    "queue-disconnected": None,
    "queue-overtaken": None,
    "button-killed": queue_under(KILL * 2 + OVERTAKE * 2, send_now, ADMIN),
    "button-overtaken": None,
    # Killed at each step in checks of their own: two-prints, two-posts, two-confirms, two-suspensions.
    "letters-killed": None,
    "posting-killed": None,
    "handover-killed": None,
    "arrangement-killed": None,
    "suspension-killed": None,
}
