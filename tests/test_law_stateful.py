"""Any order of events on the real models, with a naive book of the law beside them.

The book (`Book`) knows nothing of `legal/` or `engine/`: it counts day by day, from what the customer could see: the
invoice, the payments, and the messages that a mail server accepted. After each event both must agree.

`FOLLOWUP_EXAMPLES=1000` looks further than the usual run, `FOLLOWUP_SHRINK=1` looks for the shortest story that fails.
"""

import os
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from freezegun.api import freeze_time
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import SendingCommon

DAY = timedelta(days=1)
START = datetime(2025, 5, 26, 10, 0)
EXAMPLES = int(os.environ.get("FOLLOWUP_EXAMPLES", "6"))
PHASES = (
    Phase.explicit,
    *((Phase.generate,) if EXAMPLES else ()),
    *((Phase.shrink,) if os.environ.get("FOLLOWUP_SHRINK") else ()),
)
CENT = Decimal("0.01")

#: Legal holidays as an almanac prints them.
HOLIDAYS = {
    date(2025, month, day)
    for month, day in ((1, 1), (4, 21), (5, 1), (5, 29), (6, 9), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25))
} | {
    date(2026, month, day)
    for month, day in ((1, 1), (4, 6), (5, 1), (5, 14), (5, 25), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25))
}

#: Consumer clauses: values for `followup.terms`.
CLAUSES = {
    "none": None,
    "scale": {"date": date(2023, 9, 1), "interest": "statutory", "compensation": "scale"},
    "flat 20": {"date": date(2024, 1, 1), "interest": "none", "compensation": "fixed", "amount": 20},
    "flat 40": {"date": date(2024, 1, 1), "interest": "statutory", "compensation": "fixed", "amount": 40},
    "tenth": {
        "date": date(2024, 1, 1),
        "interest": "statutory",
        "compensation": "percent",
        "percent": 10,
        "amount": 20,
    },
    "15 %": {"date": date(2024, 1, 1), "interest": "rate", "rate": 15, "compensation": "none"},
    "8 %": {"date": date(2024, 1, 1), "interest": "rate", "rate": 8, "compensation": "scale"},
    "old": {"date": date(2019, 1, 1), "interest": "rate", "rate": 15, "compensation": "fixed", "amount": 100},
    "later": {"date": date(2026, 12, 1), "interest": "statutory", "compensation": "scale"},
}


def working(day):
    return day.weekday() < 5 and day not in HOLIDAYS


def statutory(day):
    return Decimal("11.5") if day < date(2025, 7, 1) else Decimal("10.5")


def scale(balance):
    """Article XIX.4, 2°, in the words of the law."""
    if balance <= 0:
        return Decimal(0)
    if balance <= 150:
        return Decimal(20)
    if balance <= 500:
        return 30 + (balance - 150) / 10
    return min(65 + (balance - 500) / 20, Decimal(2000))


def words_of(day):
    """A day as an English message writes it."""
    return f"{day.day} {day:%b %Y}"


@dataclass()
class Reminder:
    """A free first reminder that a mail server took."""

    notice: int
    episode: int
    moment: datetime
    bounced: bool = False


@dataclass()
class Invoice:
    amount: Decimal
    invoiced: date
    due: date
    regime: str
    paid: dict = field(default_factory=dict)  # entry id -> (day, amount)
    episode: int = 1
    reminders: list = field(default_factory=list)

    def balance(self, day):
        """Open at the end of a day."""
        return max(self.amount - sum(amount for paid_on, amount in self.paid.values() if paid_on <= day), Decimal(0))

    @property
    def open(self):
        return self.balance(date.max) > 0


class Book:
    """What the customer may be asked, by the words of the law and the cautious choices."""

    def __init__(self, clause, small, extend):
        self.clause, self.small, self.extend = CLAUSES[clause], small, extend

    def free_until(self, sent_on):
        day = sent_on
        for _count in range(14):
            day += DAY
        while self.extend and not working(day):
            day += DAY
        return day

    def first_reminder(self, invoice, now):
        """The first one that holds for the present due date: sent after it, not returned within 48 hours."""
        valid = [
            reminder
            for reminder in invoice.reminders
            if reminder.episode == invoice.episode
            and not reminder.bounced
            and reminder.moment + timedelta(hours=48) <= now
            and reminder.moment.date() > invoice.due
        ]
        return min(valid, key=lambda reminder: reminder.moment, default=None)

    def interest(self, invoice, after, until, rate, base_on=None):
        """Day by day: what was open when the day began, at the rate of the day."""
        total = Decimal(0)
        day = after + DAY
        while day <= until:
            base = invoice.balance(max(day - DAY, base_on) if base_on else day - DAY)
            total += base * rate(day) / 36500
            day += DAY
        return total.quantize(CENT, ROUND_HALF_UP)

    def allowed(self, invoice, now, until=None):
        """Interest and flat sum that may be asked, the flat sum for this invoice alone."""
        until = until or now.date()
        if until <= invoice.due or invoice.balance(invoice.due) <= 0:
            return Decimal(0), Decimal(0)
        if invoice.regime == "b2b":
            start = min(invoice.due, invoice.invoiced + timedelta(days=60))
            return self.interest(invoice, start, until, statutory), Decimal(40)
        reminder = self.first_reminder(invoice, now)
        if reminder is None:
            return Decimal(0), Decimal(0)
        sent_on = reminder.moment.date()
        last_free = self.free_until(sent_on)
        balance = invoice.balance(last_free)
        clause = self.clause
        if until <= last_free or balance <= 0 or clause is None or clause["date"] > invoice.invoiced:
            return Decimal(0), Decimal(0)
        start = sent_on if self.small else last_free
        old = clause["date"] < date(2023, 9, 1)
        agreed = Decimal(clause.get("rate", 0))
        bears = [day for day in _days(start, until) if invoice.balance(max(day - DAY, last_free)) > 0]
        if clause["interest"] == "rate" and any(agreed > statutory(day) for day in bears) and not old:
            return Decimal(0), Decimal(0)
        rate = {
            "none": lambda day: Decimal(0),
            "statutory": statutory,
            "rate": lambda day: min(agreed, statutory(day)),
        }[clause["interest"]]
        asked = {
            "none": Decimal(0),
            "scale": scale(balance),
            "fixed": Decimal(clause.get("amount", 0)),
            "percent": max(balance * clause.get("percent", 0) / 100, Decimal(clause.get("amount", 0))),
        }[clause["compensation"]]
        if asked > scale(balance):
            if not old:
                return Decimal(0), Decimal(0)
            asked = scale(balance)
        return self.interest(invoice, start, until, rate, base_on=last_free), asked

    def announced(self, invoice, now):
        """What will be asked if nothing is paid after a first reminder of now."""
        reminded = replace(invoice, reminders=[Reminder(0, invoice.episode, now)])
        return self.allowed(reminded, datetime.combine(self.free_until(now.date()) + DAY, now.time()))


def _days(after, until):
    return [after + timedelta(days=count) for count in range(1, (until - after).days + 1)]


SOME = st.integers(0, 2)
BACK = st.sampled_from([0, 0, 1, 5, 12, 20])
SHARE = st.sampled_from(["all", "all", "half", "to150", "cents"])
EVENTS = st.one_of(
    st.tuples(st.just("invoice"), st.sampled_from([149, 150, 151, 300, 499.99, 500, 620, 900]), st.integers(-20, 2)),
    st.tuples(st.just("weeks"), st.sampled_from([1, 2, 3, 3, 4])),
    st.tuples(st.just("weeks"), st.sampled_from([3, 4, 5])),
    st.tuples(st.just("days"), st.sampled_from([1, 2, 3, 7, 14, 15, 16])),
    st.tuples(st.just("send"), st.sampled_from(["taken", "taken", "refused", "broken"])),
    st.tuples(st.just("bounce"), SOME),
    st.tuples(st.just("unknown"), st.booleans()),
    st.tuples(st.just("pay"), SOME, SHARE, BACK),
    st.tuples(st.just("credit"), SOME, SHARE, BACK),
    st.tuples(st.just("reverse"), SOME),
    st.tuples(st.just("hold"), st.integers(-1, 2), st.sampled_from([3, 20])),
    st.tuples(st.just("release")),
    st.tuples(st.just("regime"), SOME, st.sampled_from(["b2b", "b2c"])),
    st.tuples(st.just("due"), SOME, st.sampled_from([-4, 6, 20, 40])),
    st.tuples(st.just("live"), st.booleans()),
    st.tuples(st.just("manual")),
    st.tuples(st.just("call")),
    st.tuples(st.just("forgive")),
    st.tuples(st.just("review"), st.sampled_from(["approve", "approve", "reject"])),
)

#: How a story begins: an invoice that is overdue; a first reminder; a second one, which claims.
_REMINDED = (("days", 0), ("send", "taken"), ("days", 3))
STORIES = {
    "overdue": (),
    "reminded": _REMINDED,
    "charged": (*_REMINDED, ("days", 7), ("call",), ("days", 7), ("send", "taken")),
}
OPENINGS = ["overdue", "reminded", "charged", "charged"]


def profile(examples):
    return settings(
        max_examples=max(examples, 1),
        deadline=None,
        derandomize="FOLLOWUP_EXAMPLES" not in os.environ,
        database=None,
        phases=PHASES,
        suppress_health_check=list(HealthCheck),
    )


@tagged("post_install_l10n", "post_install", "-at_install")
class TestLawStateful(SendingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"followup_cutoff_date": date(2025, 1, 1), "followup_min_gap": 0, "followup_max_contacts": 0})
        cls.clauses = {
            name: cls.env["followup.terms"].create({"name": name, "regime": "b2c", **values})
            for name, values in CLAUSES.items()
            if values
        }
        cls.policies = {
            "shipped": cls.env["followup.policy"],
            # One ladder for everybody: a change of regime keeps the level.
            "own": cls.consumer_policy.copy({"name": "own"}),
        }

    # The two stories

    @settings(profile(EXAMPLES))
    @given(
        clause=st.sampled_from(["scale", *CLAUSES]),
        small=st.booleans(),
        extend=st.booleans(),
        policy=st.sampled_from(["shipped", "shipped", "own"]),
        opening=st.sampled_from(OPENINGS),
        events=st.lists(EVENTS, min_size=3, max_size=8),
    )
    @example("scale", False, True, "shipped", "charged", [("bounce", 1), ("forgive",), ("weeks", 4)])  # far too late
    @example("scale", False, True, "shipped", "charged", [("pay", 0, "half", 20), ("weeks", 3)])  # booked late
    @example("scale", False, True, "shipped", "charged", [("invoice", 150, -20), ("weeks", 4)])  # one flat sum for both
    @example("scale", False, True, "shipped", "charged", [("due", 0, 20), ("weeks", 5)])  # announced once more
    @example("scale", False, True, "shipped", "charged", [("hold", -1, 20), ("weeks", 2)])
    @example("old", False, False, "shipped", "charged", [("pay", 0, "all", 12)])
    @example("scale", False, True, "own", "overdue", [("days", 0), ("send", "taken"), ("days", 1)])
    @example(
        "scale", False, False, "own", "reminded", [("pay", 0, "half", 0), ("weeks", 3), ("reverse", 0), ("weeks", 1)]
    )
    @example("scale", False, True, "own", "overdue", [("days", 0), ("hold", 0, 3), ("send", "taken"), ("weeks", 1)])
    @example("scale", False, True, "own", "overdue", [("days", 0), ("send", "broken"), ("unknown", True), ("weeks", 3)])
    @example("scale", True, True, "shipped", "overdue", [("days", 0), ("due", 0, -4), ("send", "taken"), ("weeks", 3)])
    def _consumer(self, clause, small, extend, policy, opening, events):
        self.play(self.consumer, clause, small, extend, policy, opening, events)

    @settings(profile(EXAMPLES // 3))
    @given(
        policy=st.sampled_from(["shipped", "own"]),
        opening=st.sampled_from(OPENINGS),
        events=st.lists(EVENTS, min_size=3, max_size=8),
    )
    @example("shipped", "charged", [("regime", 0, "b2c"), ("weeks", 3)])
    @example("own", "charged", [("regime", 0, "b2c"), ("weeks", 3), ("regime", 0, "b2b"), ("weeks", 3)])
    @example("own", "reminded", [("days", 7), ("call",), ("days", 7), ("regime", 0, "b2c"), ("send", "taken")])
    def _business(self, policy, opening, events):
        self.play(self.business, "none", False, True, policy, opening, events)

    def test_a_consumer_is_never_charged_outside_the_rule(self):
        self.proven = {"interest": 0, "flat sum": 0, "reminder": 0, "nothing": 0}
        with freeze_time(START, real_asyncio=True) as self.clock, mute_logger("mail.log"):
            self._consumer()
        for what, count in self.proven.items():
            self.assertTrue(count, f"no story had a line with {what}: the test proves nothing")

    def test_a_business_is_charged_to_the_cent(self):
        self.proven = {"interest": 0, "flat sum": 0, "reminder": 0, "nothing": 0}
        with freeze_time(START, real_asyncio=True) as self.clock, mute_logger("mail.log"):
            self._business()
        self.assertTrue(self.proven["interest"] and self.proven["flat sum"])

    # Play

    def play(self, partner, clause, small, extend, policy, opening, events):
        savepoint = self.env.cr.savepoint()
        try:
            self.now = START
            self.clock.move_to(self.now)
            self.partner = partner
            self.book = Book(clause, small, extend)
            self.known = {}  # move -> Invoice
            self.money = []  # (move, entry)
            self.holds = []  # (hold, move or None, last day)
            self.left = {}  # notice id -> moment of leaving
            self.proofs = {}  # notice id -> what must never change
            self.drafts = {}  # notice id -> what was prepared
            self.levels = {}  # item id -> (episode, level id)
            self.sink.messages.clear()
            self.company.write(
                {"followup_small_creditor": small, "followup_extend_period": extend, "followup_live": True}
            )
            partner.followup_terms_id = self.clauses.get(clause)
            partner.followup_policy_id = self.policies[policy]
            self.event_invoice(300, -5)
            for event in (*STORIES[opening], *events):
                if event[0] == "invoice" and len(self.known) > 2:
                    continue
                getattr(self, f"event_{event[0]}")(*event[1:])
                self.look(event)
        finally:
            savepoint.close(rollback=True)
            self.env.cr.precommit.clear()

    @property
    def today(self):
        return self.now.date()

    def move_on(self, days):
        self.now += timedelta(days=days)
        self.clock.move_to(self.now)

    def chosen(self, number):
        moves = list(self.known)
        return moves[number % len(moves)]

    def refresh(self):
        self.customer(self.partner)._refresh()

    def all_notices(self, *states):
        notices = self.notices(self.partner).filtered(lambda notice: notice.channel == "email")
        return notices.filtered(lambda notice: notice.state in states) if states else notices

    # Events

    def event_invoice(self, amount, due_in):
        due = self.today + timedelta(days=due_in)
        move = self.invoice(self.partner, amount=amount, due=due)
        self.known[move] = Invoice(Decimal(str(amount)), due - timedelta(days=30), due, move.followup_regime)
        self.refresh()

    def event_days(self, days):
        self.move_on(days)
        self.night(self.today)

    def event_weeks(self, weeks):
        """Somebody does the work: nights, approvals, calls, mails."""
        for _half in range(weeks * 2):
            self.event_days(3 if _half % 2 else 4)
            self.look("night")
            self.event_review("approve")
            self.event_send("taken")
            self.look("mail")

    def event_send(self, answer):
        address = self.partner.email
        if answer == "refused":
            self.sink.answers[address] = "550 no such user"
        elif answer == "broken":
            self.sink.drop = "after"
        with mute_logger("odoo.addons.mail.models.mail_mail", "odoo.addons.l10n_be_followup.models.mail_mail"):
            self.queue()
        self.sink.answers.clear()
        self.sink.drop = None

    def event_bounce(self, number):
        notices = self.all_notices("sent", "delivered")
        if notices:
            notice = notices[-1 - number % len(notices)]
            notice._bounce("550 gone")
            for invoice in self.known.values():
                for reminder in invoice.reminders:
                    reminder.bounced |= reminder.notice == notice.id

    def event_unknown(self, was_sent):
        notices = self.all_notices("unknown")
        self.press_if(notices, "action_was_sent" if was_sent else "action_was_not_sent")

    def _share(self, move, share):
        residual = Decimal(str(move.amount_residual))
        return {
            "all": residual,
            "half": (residual / 2).quantize(CENT),
            "to150": residual - 150 if residual > 150 else residual,
            "cents": min(residual, Decimal("0.01")),
        }[share]

    def event_pay(self, number, share, back):
        move = self.chosen(number)
        amount = self._share(move, share)
        if amount:
            self._record(move, self.pay(move, float(amount), self.today - timedelta(days=back)), amount)

    def event_credit(self, number, share, back):
        move = self.chosen(number)
        amount = self._share(move, share)
        if amount:
            refund = self.credit_note(self.partner, float(amount), self.today - timedelta(days=back))
            (refund.line_ids + move.line_ids).filtered(
                lambda line: line.account_type == "asset_receivable" and not line.reconciled
            ).reconcile()
            self._record(move, refund, amount)

    def _record(self, move, entry, amount):
        self.known[move].paid[entry.id] = (entry.date, amount)
        self.money.append((move, entry))
        self.refresh()

    def event_reverse(self, number):
        if not self.money:
            return
        move, entry = self.money.pop(number % len(self.money))
        invoice = self.known[move]
        was_open = invoice.open
        entry.button_draft()
        entry.button_cancel()
        del invoice.paid[entry.id]
        if not was_open and invoice.open:
            invoice.episode += 1
        self.refresh()

    def event_hold(self, number, days):
        move = None if number < 0 else self.chosen(number)
        last = self.today + timedelta(days=days)
        hold = self.env["followup.hold"].create(
            {
                "customer_id": self.customer(self.partner).id,
                "move_id": move.id if move else False,
                "until": last,
                "reason": "betwist",
            }
        )
        self.holds.append([hold, move, last])

    def event_release(self):
        if self.holds:
            self.holds.pop()[0].action_release()

    def event_regime(self, number, regime):
        move = self.chosen(number)
        move.followup_regime = regime
        self.known[move].regime = regime
        self.refresh()

    def event_due(self, number, days):
        move = self.chosen(number)
        invoice = self.known[move]
        if not invoice.open:
            return
        invoice.due += timedelta(days=days)
        invoice.episode += 1
        line = move.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        line.with_context(check_move_validity=False).date_maturity = invoice.due
        self.refresh()

    def event_live(self, live):
        self.company.followup_live = live

    def event_manual(self):
        if self.press_if(self.customer(self.partner), "action_prepare_notice"):
            self.look("prepared by hand")
            self.press_if(self.all_notices("review")[-1:], "action_send_now")

    def event_call(self):
        with self.committing(su=False) as env:
            env["followup.engine"]._complete_call(env["followup.customer"].browse(self.customer(self.partner).ids), "x")

    def event_forgive(self):
        self.customer(self.partner).with_env(self.env).action_clear_failure()

    def event_review(self, answer):
        notices = self.all_notices("review")
        self.press_if(notices, "action_approve" if answer == "approve" else "action_reject")

    def press_if(self, records, method):
        """Press a button; a refusal in words is an answer too."""
        if not records:
            return False
        try:
            return self.press(records.with_env(self.env), method) or True
        except UserError:
            self.env.invalidate_all()
            return False

    # Look

    def look(self, event):
        self.env.invalidate_all()
        self.event = event
        notices = self.all_notices()
        for notice in notices:
            self.look_at_departure(notice)
        for notice in notices:
            self.look_at_evidence(notice)
        self.look_at_doubles()
        self.look_at_items()
        self.look_at_charges()

    def fail_with(self, text, *details):
        raise AssertionError(f"{self.today} after {self.event}: {text}: {details}")

    def held(self, move):
        return any(last >= self.today and of in (None, move) for _hold, of, last in self.holds)

    def look_at_departure(self, notice):
        """What is prepared, or leaves, in this event is judged by the facts of this moment."""
        if notice.state in ("review", "queued"):
            draft = [(line.move_id.id, line.interest, line.compensation, line.advances) for line in notice.line_ids]
            if self.drafts.get(notice.id) != draft:
                self.drafts[notice.id] = draft
                self.look_at_lines(notice)
            return
        if notice.state not in ("sending", "unknown", "sent") or notice.id in self.left:
            return
        self.left[notice.id] = self.now
        self.look_at_lines(notice)
        [message] = [m for _to, m in self.sink.messages if m["Message-Id"] == notice.message_id]
        html = message.get_body(("html",)).get_content()
        for line in notice.line_ids.filtered("advances"):
            invoice = self.known[line.move_id]
            if line.move_id.name not in html or words_of(invoice.due) not in html:
                self.fail_with("the message lacks the invoice or its due date", line.name, invoice.due)
            if line.level_kind != "first_reminder" or invoice.regime != "b2c":
                continue
            if "This first reminder is free of charge" not in html:
                self.fail_with("the first reminder has no block for consumers", notice.name)
            if words_of(self.book.free_until(self.today)) not in html:
                self.fail_with("the first reminder does not name the last free day", notice.name)
            _interest, flat = self.book.announced(invoice, self.now)
            if flat and f"{flat.quantize(CENT, ROUND_DOWN):,.2f}" not in html:
                self.fail_with("the first reminder does not announce the flat sum", notice.name, flat)
            invoice.reminders.append(Reminder(notice.id, invoice.episode, self.now))
            self.proven["reminder"] += 1

    def look_at_lines(self, notice):
        flat_total = balance_total = Decimal(0)
        flats = 0
        for line in notice.line_ids:
            move, invoice = line.move_id, self.known[line.move_id]
            if self.held(move):
                self.fail_with("a held invoice stands in a message", notice.name, move.name)
            if abs(Decimal(str(line.amount_residual)) - invoice.balance(date.max)) >= CENT:
                self.fail_with("another open amount", notice.name, line.amount_residual, invoice)
            interest, flat = self.book.allowed(invoice, self.now)
            asked = Decimal(str(line.interest)), Decimal(str(line.compensation))
            if line.reminder_cost:
                self.fail_with("a reminder cost", notice.name, line.reminder_cost)
            if line.level_id.claim_interest and abs(asked[0] - interest) > CENT:
                self.fail_with("another interest", notice.name, asked[0], interest, invoice)
            if not line.level_id.claim_interest and asked[0]:
                self.fail_with("interest at a level without", notice.name, asked[0])
            if asked[1] > flat or (asked[1] and not line.level_id.claim_compensation):
                self.fail_with("too high a flat sum", notice.name, asked[1], flat, invoice)
            if invoice.regime == "b2b" and line.level_id.claim_compensation and asked[1] != flat:
                self.fail_with("another flat sum than 40 EUR", notice.name, asked[1])
            if asked[1] and invoice.regime == "b2c":
                flats += 1
                flat_total += asked[1]
                balance_total += invoice.balance(
                    self.book.free_until(self.book.first_reminder(invoice, self.now).moment.date())
                )
            self.proven["interest"] += asked[0] > 0
            self.proven["flat sum"] += asked[1] > 0
            self.proven["nothing"] += bool(line.level_id.claim_interest and not sum(asked))
        if flats > 1 and flat_total > scale(balance_total):
            self.fail_with("more than the flat sum on the total", notice.name, flat_total, scale(balance_total))

    def look_at_evidence(self, notice):
        if notice.id not in self.left:
            return
        proof = (
            notice.sha256, notice.body, notice.email_to, notice.subject, notice.claim_date,
            tuple((ln.interest, ln.compensation, ln.amount_residual, ln.episode) for ln in notice.line_ids),
        )  # fmt: skip
        # An unknown one that a person says did not leave may be tried again.
        if notice.state in ("failed", "queued", "review", "cancelled"):
            self.left.pop(notice.id)
            self.proofs.pop(notice.id, None)
            return
        if self.proofs.setdefault(notice.id, proof) != proof or notice.sha256 != notice._fingerprint():
            self.fail_with("evidence changed", notice.name)

    def look_at_doubles(self):
        self.env.flush_all()
        self.env.cr.execute(
            """SELECT line.item_id, line.level_id, line.episode, array_agg(notice.name)
                 FROM followup_notice_line line JOIN followup_notice notice ON notice.id = line.notice_id
                WHERE line.advances AND notice.state NOT IN ('failed', 'bounced', 'cancelled')
             GROUP BY 1, 2, 3 HAVING count(*) > 1"""
        )
        if doubles := self.env.cr.fetchall():
            self.fail_with("two notices for one step", doubles)
        self.env.cr.execute(
            """SELECT notice_id, item_id FROM followup_notice_line WHERE advances GROUP BY 1, 2 HAVING count(*) > 1"""
        )
        if doubles := self.env.cr.fetchall():
            self.fail_with("one notice takes an item two steps", doubles)

    def look_at_items(self):
        items = self.env["followup.item"].sudo().search([("move_line_id.move_id", "in", [m.id for m in self.known])])
        for item in items:
            invoice = self.known[item.move_id]
            lines = self.env["followup.notice.line"].sudo().search([("item_id", "=", item.id), ("advances", "=", True)])
            arrived = lines.filtered(
                lambda line, item=item: line.notice_id.state == "delivered" and line.episode == item.episode
            )
            for notice in arrived.notice_id.filtered(lambda notice: notice.channel == "email"):
                if self.left[notice.id] + timedelta(hours=48) > self.now:
                    self.fail_with("delivered before 48 hours", notice.name)
            if item.is_open and item.episode != invoice.episode:
                self.fail_with("another episode", item.episode, invoice)
            if item.level_id and item.level_id not in arrived.level_id:
                self.fail_with("a level that was not delivered", item.level_id.name, invoice)
            before = self.levels.get(item.id)
            ladder = item.level_id.policy_id.level_ids.filtered("active").sorted("sequence").ids
            if before and item.level_id and before[0] == item.episode and before[1] in ladder:
                steps = ladder.index(item.level_id.id) - ladder.index(before[1])
                if steps > 1 and len(arrived.notice_id) < 2:
                    self.fail_with("two levels at once", item.level_id.name)
            self.levels[item.id] = (item.episode, item.level_id.id)
            reminder = self.book.first_reminder(invoice, self.now)
            if not (item.is_open and item.waiting_until and invoice.regime == "b2c"):
                continue
            if reminder is None or item.waiting_until < self.book.free_until(reminder.moment.date()):
                self.fail_with("the fourteen days count from nothing, or end too early", item.waiting_until, invoice)

    def look_at_charges(self):
        charges = self.env["followup.charge"].sudo().search([("move_id", "in", [move.id for move in self.known])])
        for move, own in charges.grouped("move_id").items():
            flats = own.filtered(lambda charge: charge.kind == "compensation" and charge.state != "cancelled")
            if len(flats) > 1:
                self.fail_with("two flat sums for one invoice", move.name)
        for charge in charges.filtered(lambda charge: charge.state == "claimed"):
            if charge.kind == "reminder":
                self.fail_with("a reminder cost was claimed", charge.amount)
            if charge.first_notice_id.id not in self.left or charge.first_notice_id.state == "bounced":
                self.fail_with("a charge of a message that did not arrive", charge.name, charge.amount)
            self.look_at_charge(charge)

    def look_at_charge(self, charge):
        """A consumer's claim stands no longer than the facts that allowed it."""
        invoice = self.known[charge.move_id]
        line = charge.notice_id.line_ids.filtered(lambda line: line.move_id == charge.move_id)[:1]
        if invoice.regime != "b2c" or line.episode != invoice.episode:
            return
        until = self.today if invoice.open else min(max(day for day, _amount in invoice.paid.values()), self.today)
        if charge.kind == "interest" and charge.claimed_until:
            until = charge.claimed_until
        interest, flat = self.book.allowed(invoice, self.now, until if charge.kind == "interest" else None)
        if Decimal(str(charge.amount)) > (interest + CENT if charge.kind == "interest" else flat):
            self.fail_with("a claim outlives its ground", charge.kind, charge.amount, interest, flat, invoice)
