"""Services and suspensions on the real models, in any order of events, with a simple book beside them.

The book knows nothing of `engine/services.py` and `engine/suspension.py`: it knows which part of each invoice is for
which service, what came in, and which announcements arrived. At every suspension and restoration it says whether that
may be, and after each event that nothing is missing: no service runs that may be suspended at the hour of the cron, and
none stays suspended whose cause is gone.

`FOLLOWUP_EXAMPLES=300` looks further than the usual run, `FOLLOWUP_SHRINK=1` looks for the shortest story that fails.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from unittest.mock import patch

from freezegun.api import freeze_time
from hypothesis import example, given, settings
from hypothesis import strategies as st
from odoo.exceptions import UserError
from odoo.fields import Command, Datetime
from odoo.tests import tagged, test_cursor
from odoo.tools import mute_logger

from ..engine.suspension import CODES
from .suspension_common import ServiceCommon
from .test_law_stateful import CENT, DAY, EXAMPLES, START, profile, working

ZERO = Decimal(0)
MINIMUM, RESTORE_BELOW, MONTHLY, FRESH = 20, 10, 100, 3
#: Codes that the book answers by itself.
KNOWN = set(CODES) - {"cap", "live"}


def money(value):
    return Decimal(str(value)).quantize(CENT)


@dataclass(eq=False)
class Bill:
    """An invoice: what of it is for which service (None: for none), and the money on it."""

    move: object
    parts: dict
    due: date
    paid: dict = field(default_factory=dict)  # entry -> amount

    @property
    def amount(self):
        return sum(self.parts.values(), ZERO)

    @property
    def residual(self):
        return self.amount - sum(self.paid.values(), ZERO)

    def owed(self, service, amount=None):
        """What of the residual, or of a part of it, is for a service."""
        amount = self.residual if amount is None else amount
        return (amount * self.parts.get(service, ZERO) / self.amount).quantize(CENT, ROUND_DOWN)


WHICH = st.integers(0, 2)
SHARE = st.sampled_from(["all", "all", "half", "most", "cent"])
#: Which services an invoice has lines of; "none": of no service.
LINES = st.sampled_from([("web",), ("mail",), ("web", "mail"), ("none",), ("web", "none")])
BILL = st.tuples(st.just("bill"), LINES, st.sampled_from([15, 60, 149.99, 300]), st.sampled_from([-40, -20, -2, 12]))
DAYS = st.tuples(st.just("days"), st.sampled_from([1, 2, 5, 9, 16]), st.sampled_from([True, True, True, False]))
PAY = st.tuples(st.just("pay"), WHICH, SHARE)
ANNOUNCE = st.tuples(st.just("announce"), st.sampled_from(["delivered", "delivered", "sent", "prepared", "returned"]))
APPROVE = st.just(("approve",))
CRON = st.tuples(st.just("cron"), st.sampled_from([5, 10, 10, 16]), st.booleans())
ARRANGE = st.tuples(st.just("arrange"), WHICH, st.sampled_from(["all", "half"]), st.sampled_from([0, 3]))
EVENTS = st.one_of(
    BILL,
    BILL,
    DAYS,
    DAYS,
    DAYS,
    PAY,
    PAY,
    PAY,
    ANNOUNCE,
    ANNOUNCE,
    APPROVE,
    APPROVE,
    CRON,
    CRON,
    ARRANGE,
    st.just(("wait",)),
    st.tuples(st.just("instalment")),
    st.just(("miss",)),
    st.just(("undo",)),
    st.tuples(st.just("back"), WHICH, st.sampled_from(["cancel", "unreconcile"])),
    st.tuples(st.just("credit"), WHICH, SHARE),
    st.tuples(st.just("float"), st.sampled_from([20, 100, 400])),
    st.tuples(st.just("allocate"), WHICH),
    st.tuples(st.just("promise"), WHICH, SHARE, st.sampled_from([0, 5, 12])),
    st.tuples(st.just("dispute"), WHICH, SHARE, st.sampled_from([4, 30])),
    st.tuples(st.just("solve"), st.sampled_from(["action_accept", "reject", "action_withdraw"])),
    st.tuples(st.just("hold"), WHICH, st.booleans(), st.sampled_from([1, 10])),
    st.tuples(st.just("exempt"), st.sampled_from(["web", "mail"]), st.sampled_from([0, 8])),
    st.tuples(st.just("flag"), st.sampled_from(["web", "mail"]), st.sampled_from(["essential", "proportionate"])),
    st.tuples(st.just("postpone"), st.sampled_from([1, 7])),
    st.tuples(st.just("hand"), st.sampled_from(["web", "mail"])),
    st.tuples(st.just("button"), st.sampled_from(["action_restore", "action_cancel"])),
    st.just(("insolvent",)),
    st.just(("returned",)),
)
_ANNOUNCED = (("announce", "delivered"),)
#: Until nothing is missing but a yes.
_DUE = (*_ANNOUNCED, ("wait",))
OPENINGS = {"billed": (), "announced": _ANNOUNCED, "due": _DUE, "suspended": (*_DUE, ("approve",))}


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSuspensionStateful(ServiceCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "followup_cutoff_date": date(2025, 1, 1),
                "followup_min_gap": 0,
                "followup_max_contacts": 0,
                "followup_promise_max_row": 0,
                "followup_freshness_days": FRESH,
                "followup_suspend_minimum": MINIMUM,
                "followup_restore_below": RESTORE_BELOW,
                "followup_plan_grace_days": 1,
                "followup_plan_catchup_days": 3,
            }
        )
        cls.reason = cls.env["followup.dispute.reason"].create(
            {"name": "reason", "code": "test_suspension", "freeze": True, "days": 9}
        )
        cls.other_product = cls.env["product.product"].create({"name": "Mail", "type": "service"})
        cls.no_product = cls.env["product.product"].create({"name": "Domain", "type": "service"})
        cls.services = {}
        for partner in (cls.business, cls.consumer):
            for name, product in (("web", cls.product), ("mail", cls.other_product)):
                known = cls.service if (partner, name) == (cls.business, "web") else cls.service.copy()
                known.write({"partner_id": partner.id, "product_ids": [Command.set(product.ids)], "name": name})
                cls.services[partner, name] = known

    @settings(profile(EXAMPLES // 2))
    @given(
        who=st.sampled_from(["business", "business", "consumer"]),
        opening=st.sampled_from([*OPENINGS, "due", "suspended", "suspended"]),
        both=st.booleans(),
        events=st.lists(EVENTS, min_size=3, max_size=8),
    )
    # The payment of the oldest invoice moves the oldest due date (Kill Bill issue 2297).
    @example(
        "business", "due", False, [("bill", ("web",), 300, -2), ("pay", 0, "all"), ("approve",), ("days", 16, True)]
    )
    @example(
        "business", "suspended", True, [("bill", ("web",), 300, -20), ("pay", 0, "all"), ("back", 0, "cancel"),
                                        ("cron", 10, True), ("pay", 0, "most")],
    )  # fmt: skip
    @example("consumer", "suspended", False, [("arrange", 0, "all", 3), ("instalment",), ("cron", 10, True), ("miss",)])
    @example(
        "consumer",
        "suspended",
        True,
        [("dispute", 0, "all", 30), ("solve", "reject"), ("days", 16, True), ("returned",)],
    )
    @example("business", "suspended", False, [("credit", 0, "all"), ("announce", "delivered"), ("hand", "web")])
    @example("business", "announced", True, [("returned",), ("wait",), ("approve",)])
    def _stories(self, who, opening, both, events):
        first = ("bill", ("web", "mail") if both else ("web",), 149.99, -40)
        self.play(getattr(self, who), (first, *OPENINGS[opening], *events))

    def test_suspensions_in_any_order(self):
        self.proven = set()
        suspensions = type(self.env["followup.suspension"])
        go, suspend, restore = suspensions._go, suspensions._suspend, suspensions._restore

        def seen_go(records, state, **values):
            before = {record: record.state for record in records}
            result = go(records, state, **values)
            for record in records:
                self.note(record, state, before[record])
            return result

        def seen_suspend(records):
            self.at_suspend(records)
            return suspend(records)

        def seen_restore(records, reason, **values):
            self.at_restore(records)
            return restore(records, reason, **values)

        with (
            freeze_time(START, real_asyncio=True) as self.clock,
            mute_logger("mail.log", "odoo.addons.l10n_be_followup.models.followup_engine_service"),
            patch.object(test_cursor.TestCursor, "now", lambda _cursor: Datetime.now()),
            patch.multiple(suspensions, _go=seen_go, _suspend=seen_suspend, _restore=seen_restore),
        ):
            self._stories()
        for what in (
            "suspended",
            "paid",
            "below the threshold",
            "arranged",
            "disputed",
            "again",
            "by hand",
            "cancelled",
        ):
            self.assertIn(what, self.proven, "no story had it: the test proves nothing")

    # What happens inside, seen when it happens

    def note(self, record, state, before):
        if state != "announced":
            self.steps.setdefault(record.service_id, []).append((record.id, state))
        self.proven.add(state)
        if before == "restored":
            self.proven.add("again")

    def at_suspend(self, records):
        for record in records:
            if record.by_hand:
                self.proven.add("by hand")
                continue
            wrong = [code for code, ok in self.answers(record).items() if not ok]
            if wrong:
                self.problems.append(("suspended in spite of", record.name, wrong, self.facts(record)))

    def at_restore(self, records):
        for record in records:
            if record.lifted_by:
                continue
            why = self.gone(record)
            if record.by_hand:
                self.problems.append(("what a person suspended is restored", record.name))
            elif not why:
                self.problems.append(("restored while the cause is there", record.name, self.facts(record)))
            else:
                self.proven.add(why)

    # The book

    def named(self, record):
        """The invoices that the announcement of this suspension named, when it arrived."""
        return self.announced.get(record.id, {}).get("bills", [])

    def held(self, bill):
        """What keeps (a part of) an invoice out of follow-up: amount, and whether it is more than a promise of money."""
        covers = self.env["followup.cover"].sudo().search([("move_id", "=", bill.move.id), ("live", "=", True)])
        covers = covers.filtered(lambda c: c.holds and (c.kind == "arrangement" or c.until >= self.today))
        covers.invalidate_recordset(["paid", "rest"])
        amount = min(sum((max(money(cover.rest), ZERO) for cover in covers), ZERO), bill.residual)
        rests = {cover.kind for cover in covers if money(cover.rest) > 0}
        whole = self.insolvent or bill in self.failed
        if any(until >= self.today and held in (bill, None) for held, until in self.holds):
            return bill.residual, True
        return (bill.residual if whole else amount), "dispute" in rests

    def facts(self, record):
        """Sums over what was announced, is overdue and for this service: all, free, and what keeps it suspended."""
        service = record.service_id
        gross = free = cause = ZERO
        for bill in self.named(record):
            if bill.due < self.today:
                held, contested = self.held(bill)
                gross += bill.owed(service)
                free += bill.owed(service, bill.residual - held)
                cause += bill.owed(service, bill.residual - held if contested else bill.residual)
        return gross, free, cause

    def rewarded(self, record):
        """The first instalment of an arrangement over what was announced is paid."""
        arrangements = self.env["followup.arrangement"].sudo().search(
            [("customer_id", "=", self.follow_up.id), ("state", "=", "active")]
        )  # fmt: skip
        moves = {bill.move.id for bill in self.named(record)}
        return any(
            arrangement.instalment_ids.sorted("date")[:1].state == "paid"
            for arrangement in arrangements
            if moves & set(arrangement.cover_ids.filtered("live").move_id.ids)
        )

    def gone(self, record):
        """Why the cause of a suspension is gone; None: it is not."""
        gross, _free, cause = self.facts(record)
        if gross == 0:
            return "paid"
        if gross < RESTORE_BELOW:
            return "below the threshold"
        if self.rewarded(record):
            return "arranged"
        if cause < RESTORE_BELOW:
            return "disputed"
        if record.notice_id.id not in self.delivered:
            return "not announced"
        return None

    def answers(self, record):
        """Each condition, as the book sees it now. What it does not answer is fulfilled."""
        service, now = record.service_id, self.now + timedelta(hours=2)  # Brussels, in summer
        gross, free, _cause = self.facts(record)
        delivered = self.delivered.get(record.notice_id.id)
        ahead = [
            bill.move.invoice_date
            for bill in self.bills
            if service in bill.parts and bill.move.payment_state in ("paid", "in_payment")
        ]
        consumer = self.partner == self.consumer
        result = dict.fromkeys(CODES, True)
        credits = sum(self.floating.values(), ZERO)
        needed = max(MINIMUM, MONTHLY / 2)
        result |= {
            "announced": delivered is not None,
            "deadline": delivered is not None
            and max(record.notice_id.pay_before, delivered + (15 if consumer else 8) * DAY) < self.today,
            "clause": service.proportionate,
            "owed": free > 0,
            "amount": gross >= needed,
            "not_held": not self.rewarded(record) and (free == gross or free >= needed),
            "credits": not credits or free - credits >= needed,
            "bank_data": (self.today - self.bank_day).days <= FRESH,
            "not_paid_ahead": all(day < self.month_before(self.today) for day in ahead),
            "not_essential": not service.essential,
            "not_exempt": not service.exempt_until or service.exempt_until < self.today,
            "not_postponed": self.postponed.get(record.id, date.min) < self.today,
            "not_insolvent": not self.insolvent,
            "working_day": working(self.today) and working(self.today + DAY),
            "hour": 9 <= now.hour < 15,
            "approved": record.id in self.approved,
        }
        return result

    @staticmethod
    def month_before(day):
        """The earliest invoice date that pays for `day` as well is the day after this."""
        month = day.replace(day=1) - DAY
        return month.replace(day=min(day.day, month.day)) + (DAY if day.day > month.day else 0 * DAY)

    # Play

    def play(self, partner, events):
        savepoint = self.env.cr.savepoint()
        try:
            self.now, self.partner, self.number = START, partner, 0
            self.clock.move_to(self.now)
            self.bills, self.holds, self.failed, self.problems = [], [], [], []
            self.floating, self.steps, self.announced, self.delivered, self.postponed = {}, {}, {}, {}, {}
            self.approved, self.insolvent, self.bank_day = set(), False, date.min
            self.unsure = False
            self.fresh()
            for event in events:
                if event[0] == "bill" and len(self.bills) > 2:
                    continue
                self.number += 1
                self.event = event
                self.move_on(minutes=1)
                getattr(self, f"event_{event[0]}")(*event[1:])
                self.look()
        finally:
            savepoint.close(rollback=True)
            self.env.cr.precommit.clear()

    @property
    def today(self):
        return self.now.date()

    @property
    def follow_up(self):
        return self.customer(self.partner)

    @property
    def episodes(self):
        return self.env["followup.suspension"].sudo().search([("customer_id", "=", self.follow_up.id)], order="id")

    def move_on(self, **time):
        self.now += timedelta(**time)
        self.clock.move_to(self.now)

    def fail_with(self, text, *details):
        raise AssertionError(f"{self.now} after {self.number} {self.event}: {text}: {details}")

    def refresh(self):
        self.env.flush_all()
        self.follow_up._refresh()
        self.env.invalidate_all()

    def fresh(self):
        self.bank_line(self.today)
        self.bank_day = self.today

    def which(self, which):
        return self.bills[which % len(self.bills)]

    def item(self, bill):
        return self.env["followup.item"].sudo().search([("move_id", "=", bill.move.id)])

    def share(self, share, whole):
        amount = {"all": whole, "half": whole / 2, "most": whole - 5, "cent": min(CENT, whole)}[share]
        return max(amount, ZERO).quantize(CENT, ROUND_DOWN)

    def receivable(self, *moves):
        lines = self.env["account.move.line"].union(*(move.line_ids for move in moves))
        return lines.filtered(lambda line: line.account_type == "asset_receivable" and not line.reconciled)

    # Events: the books

    def event_bill(self, lines, amount, due_in):
        due = self.today + timedelta(days=due_in)
        products = {"web": self.product, "mail": self.other_product, "none": self.no_product}
        move = self.invoice(
            self.partner,
            due=due,
            invoice_line_ids=[
                Command.create(
                    {"product_id": products[name].id, "name": name, "price_unit": amount, "tax_ids": [Command.clear()]}
                )
                for name in lines
            ],
        )
        parts = {self.services.get((self.partner, name)): money(amount) for name in lines}
        self.bills.append(Bill(move, parts, due))

    def event_pay(self, which, share):
        bill = self.which(which)
        amount = self.share(share, bill.residual)
        if amount > 0:
            bill.paid[self.pay(bill.move, float(amount), self.today)] = amount

    def event_credit(self, which, share):
        bill = self.which(which)
        amount = self.share(share, bill.residual)
        if amount > 0:
            refund = self.credit_note(self.partner, float(amount), self.today)
            self.receivable(refund, bill.move).reconcile()
            bill.paid[refund] = amount

    def event_float(self, amount):
        bank = self.company_data["default_journal_bank"]
        receivable = self.company_data["default_account_receivable"]
        lines = [
            {"account_id": bank.default_account_id.id, "debit": amount},
            {"account_id": receivable.id, "partner_id": self.partner.id, "credit": amount},
        ]
        entry = self.env["account.move"].create(
            {"journal_id": bank.id, "date": self.today, "line_ids": [Command.create(line) for line in lines]}
        )
        entry.action_post()
        self.floating[entry] = money(amount)

    def event_allocate(self, which):
        bill = self.which(which)
        if self.floating and bill.residual:
            entry, amount = next(iter(self.floating.items()))
            part = min(amount, bill.residual)
            self.receivable(entry, bill.move).reconcile()
            bill.paid[entry] = bill.paid.get(entry, ZERO) + part
            self.floating[entry] -= part
            if not self.floating[entry]:
                del self.floating[entry]

    def event_back(self, which, how):
        """A payment is taken back: returned by the bank, or matched with the wrong invoice."""
        bill = self.which(which)
        entries = [entry for entry in bill.paid if entry.move_type == "entry"]
        if not entries:
            return
        entry = entries[-1]
        amount = sum(other.paid.pop(entry, ZERO) for other in self.bills)
        if how == "cancel":
            entry.button_draft()
            entry.button_cancel()
            self.floating.pop(entry, None)
        else:
            entry.line_ids.remove_move_reconcile()
            self.floating[entry] = self.floating.get(entry, ZERO) + amount

    # Events: time

    def event_days(self, days, fresh):
        self.move_on(days=days)
        if fresh:
            self.fresh()
        self.twice(lambda: self.night(self.today))
        self.event_cron(10, False)

    def event_cron(self, hour, fresh):
        if fresh:
            self.fresh()
        now = self.now.replace(hour=hour)
        self.move_on(seconds=((now if now >= self.now else now + DAY) - self.now).total_seconds())
        self.twice(self.cron)
        self.look_for_missing()

    def cron(self):
        with self.committing() as env:
            env["followup.engine"]._cron_suspend()

    def twice(self, step):
        step()
        self.env.invalidate_all()
        once = self.picture()
        step()
        again = self.picture()
        if once != again:
            self.fail_with("the same step a second time changed something", *self.difference(once, again))

    def event_wait(self):
        """Until a Tuesday after the deadlines, with fresh bank data."""
        days = max([(notice.pay_before - self.today).days for notice in self.notices_of_services()] or [0], default=0)
        self.move_on(days=max(days, 15) + 1)
        while not (working(self.today) and working(self.today + DAY)):
            self.move_on(days=1)
        self.event_cron(10, True)

    # Events: announcements

    def notices_of_services(self):
        return self.notices(self.partner, channel="email").filtered(lambda notice: notice.purpose == "level")

    def event_announce(self, how):
        """The next message is a formal notice, whatever went before."""
        for notice in self.notices(self.partner).filtered(lambda n: n.state in ("review", "queued", "sent")):
            self.reach(notice, notice.channel != "call")
        while not working(self.today):
            self.move_on(days=1)
        self.refresh()
        policy = self.business_policy if self.partner == self.business else self.consumer_policy
        level = policy.level_ids.filtered("announce_suspension")[:1]
        before = policy.level_ids.filtered(lambda other: other.sequence < level.sequence).sorted("sequence")[-1:]
        self.env.cr.execute(
            """UPDATE followup_item SET level_id = %s, level_kind = %s, level_date = %s
                WHERE customer_id = %s AND is_open AND date_maturity < %s""",
            [before.id, before.kind, self.today - 30 * DAY, self.follow_up.id, self.today],
        )
        self.env.invalidate_all()
        self.fresh()
        self.night(self.today)
        for notice in self.notices_of_services().filtered(lambda n: n.state in ("review", "queued")):
            if how != "prepared":
                self.reach(notice, how != "sent")
            if how == "returned":
                self.event_returned()

    def reach(self, notice, delivered):
        """A message leaves, and arrives as far as anybody knows."""
        named = {row["id"] for row in notice.services or ()}
        if notice.channel == "call" or delivered:
            owed = {
                service: [
                    bill
                    for bill in self.bills
                    if bill.move in notice.line_ids.move_id and bill.due < self.today and bill.owed(service)
                ]
                for service in self.services.values()
                if service.id in named
            }
            before = self.episodes
            if notice.state == "sent":
                notice._deliver(self.today)
            else:
                self.deliver(notice, self.today)
            self.delivered[notice.id] = self.today
            for record in self.episodes - before:
                self.steps.setdefault(record.service_id, []).append((record.id, "announced"))
                self.announced[record.id] = {"bills": owed.get(record.service_id, [])}
                if record.item_ids.move_id != self.env["account.move"].union(*(b.move for b in self.named(record))):
                    self.fail_with("another announcement than the notice said", record.name, named)
        else:
            if notice.state == "review":
                notice._go("queued")
            notice._go("sending", claim_date=self.now, attempts=1)
            notice._go("sent", sent_date=self.now)
            notice.mail_ids.write({"state": "sent"})

    def event_returned(self):
        """The last message comes back."""
        notices = self.notices_of_services().filtered(lambda n: n.state in ("sent", "delivered"))[-1:]
        if notices:
            self.delivered.pop(notices.id, None)
            self.failed += [bill for bill in self.bills if bill.move in notices.line_ids.move_id]
            self.unsure = True
            notices._bounce("550 gone")

    # Events: what is agreed

    def free(self, bill):
        return bill.residual - self.held(bill)[0]

    def quietly(self, function, *args, **kwargs):
        """What the screens would refuse is no event."""
        try:
            with self.env.cr.savepoint():
                return function(*args, **kwargs)
        except UserError:
            self.env.invalidate_all()
            return None

    def event_promise(self, which, share, days):
        bill = self.which(which)
        amount = self.share(share, self.free(bill))
        if amount > 0:
            self.refresh()
            day = self.today + timedelta(days=days)
            self.quietly(self.env["followup.promise"]._promise, self.follow_up, self.item(bill), float(amount), day)

    def event_dispute(self, which, share, days):
        bill = self.which(which)
        amount = self.share(share, self.free(bill))
        if amount > 0:
            self.refresh()
            self.quietly(
                self.env["followup.dispute"]._dispute,
                self.follow_up,
                [(self.item(bill), float(amount))],
                self.reason,
                deadline=self.today + timedelta(days=days),
            )

    def event_solve(self, method):
        mine = [("customer_id", "=", self.follow_up.id), ("state", "=", "open")]
        for dispute in self.env["followup.dispute"].search(mine, limit=1):
            if method == "reject":
                dispute._reject("<p>No.</p>", send=False)
            else:
                getattr(dispute, method)()

    def event_arrange(self, which, share, first):
        bill = self.which(which)
        amount = self.share(share, self.free(bill))
        if amount < 4:
            return
        self.refresh()
        part = (amount / 2).quantize(CENT, ROUND_DOWN)
        day = self.today + timedelta(days=first)
        arrangement = self.quietly(
            self.env["followup.arrangement"]._arrange,
            self.follow_up,
            [(self.item(bill), float(amount))],
            [(day, float(part)), (day + 14 * DAY, float(amount - part))],
        )
        if arrangement:
            arrangement.action_confirm()

    def running(self):
        mine = [("customer_id", "=", self.follow_up.id), ("state", "=", "active")]
        return self.env["followup.arrangement"].sudo().search(mine, limit=1)

    def event_instalment(self):
        """The money of the next instalment, on the invoice that is arranged."""
        for part in self.running().instalment_ids.sorted("date").filtered(lambda part: part.state != "paid")[:1]:
            [bill] = [bill for bill in self.bills if bill.move in self.running().cover_ids.move_id]
            amount = min(money(part.amount - part.amount_paid), bill.residual)
            if amount > 0:
                entry = self.pay(bill.move, float(amount), self.today)
                bill.paid[entry] = amount

    def event_miss(self):
        """The next instalment is not paid, the message about it arrives, and the days to catch up go by."""
        if self.running():
            self.event_days(20, True)
            for notice in self.notices(self.partner, purpose="missed").filtered(
                lambda n: n.state in ("review", "queued")
            ):
                self.reach(notice, True)
            self.event_days(16, True)

    # Events: a person

    def event_approve(self):
        waiting = self.episodes.filtered(lambda record: record.state == "announced")
        self.approved |= set(waiting.ids)
        waiting.sudo(False).action_approve()

    def event_undo(self):
        waiting = self.episodes.filtered(lambda record: record.state in ("announced", "postponed"))
        self.approved -= set(waiting.ids)
        waiting.sudo(False).action_undo_approval()

    def event_postpone(self, days):
        for record in self.episodes.filtered(lambda record: record.state in ("announced", "postponed")):
            self.postponed[record.id] = self.today + timedelta(days=days)
            record.sudo(False)._postpone(self.postponed[record.id], "asked for time")

    def event_hand(self, name):
        service = self.services[self.partner, name]
        self.quietly(self.env["followup.suspension"]._suspend_by_hand, service, "abuse")

    def event_button(self, method):
        getattr(self.episodes.sudo(False), method)()

    def event_exempt(self, name, days):
        service = self.services[self.partner, name]
        service.write({"exempt_until": self.today + timedelta(days=days), "exempt_reason": "asked"})

    def event_flag(self, name, flag):
        self.services[self.partner, name][flag] ^= True

    def event_hold(self, which, whole, days):
        bill = None if whole else self.which(which)
        until = self.today + timedelta(days=days)
        self.holds.append((bill, until))
        self.env["followup.hold"].create(
            {
                "customer_id": self.follow_up.id,
                "move_id": bill.move.id if bill else False,
                "until": until,
                "reason": "asked",
            }
        )

    def event_insolvent(self):
        self.insolvent = not self.insolvent
        self.partner.followup_insolvency = "bankruptcy" if self.insolvent else False

    # Look

    def look(self):
        self.refresh()
        if self.problems:
            self.fail_with(*self.problems[0])
        if self.follow_up.failure and not self.failed:
            self.fail_with("something failed", self.follow_up.failure)
        for record in self.episodes:
            if record.state == "suspended" and not record.by_hand and self.gone(record):
                self.fail_with("still suspended", record.name, self.gone(record), self.facts(record))
            self.look_at_conditions(record)
        for service in self.services.values():
            live = service.suspension_ids.filtered(
                lambda record: record.state in ("announced", "postponed", "suspended")
            )
            state = "active" if not live else "suspended" if live.state == "suspended" else "announced"
            if len(live) > 1 or service.state != state:
                self.fail_with("live suspensions of one service", service.name, service.state, live.mapped("state"))
            self.look_at_events(service)

    def look_at_conditions(self, record):
        """What is stored names each condition and its answer."""
        if not record.conditions:
            if record.notice_id and record.state == "suspended" and not record.by_hand:
                self.fail_with("suspended and nobody knows why", record.name)
            return
        if [row["code"] for row in record.conditions] != list(CODES):
            self.fail_with("other conditions", record.name, record.conditions)
        stored = {row["code"]: row["ok"] for row in record.conditions}
        if record.state == "suspended" and not record.by_hand and not all(stored.values()):
            self.fail_with("suspended while a condition was not fulfilled", record.name, stored)
        if record.state in ("announced", "postponed"):
            known = self.answers(record)
            wrong = {code for code in KNOWN if stored[code] != known[code]}
            if wrong:
                self.fail_with("another answer", record.name, wrong, self.facts(record), record.conditions_text)
            missing = {code for code, ok in known.items() if not ok}
            ready = missing and missing <= {"approved", "hour", "working_day"} and "approved" in missing
            if record.state == "announced" and record.ready != bool(ready):
                self.fail_with("asked or not asked", record.name, missing)
            if record.state == "announced" and record.ready and not record.activity_ids:
                self.fail_with("nobody was asked", record.name)
            if len(record.activity_ids) > 1 or (record.activity_ids and not record.ready):
                self.fail_with("asked too often, or for nothing", record.name)

    def look_at_events(self, service):
        events = self.env["followup.service.event"].sudo().search([("service_id", "=", service.id)], order="id")
        if events.mapped("sequence") != list(range(1, len(events) + 1)):
            self.fail_with("events out of order", service.name, events.mapped("sequence"))
        told = [(event.suspension_id.id, event.kind) for event in events]
        done = self.steps.get(service, [])
        # Postponed until the same day twice is one fact.
        if sorted(told) != sorted(done) and sorted(set(told)) != sorted(set(done)):
            self.fail_with("other events than steps", service.name, told, done)
        if [row for row in told if row[1] in ("suspended", "restored")] != [
            row for row in done if row[1] in ("suspended", "restored")
        ]:
            self.fail_with("events in another order than the steps", service.name, told, done)
        messages = self.notices(self.partner).filtered(lambda n: n.suspension_id.service_id == service)
        if len(messages) > len([row for row in done if row[1] in ("suspended", "restored")]):
            self.fail_with("too many messages", service.name, messages.mapped("name"))

    def look_for_missing(self):
        """After the cron: what may be suspended is."""
        self.env.invalidate_all()
        for record in self.episodes:
            again = record.state == "restored" and not record.lifted_by and not record.by_hand
            if record.state not in ("announced", "postponed") and not again:
                continue
            if all(self.answers(record).values()) and record.service_id.state != "suspended":
                self.fail_with("it may be suspended, and was not", record.name, record.state, record.conditions_text)

    def picture(self):
        """Everything that must stay when nothing happened."""
        self.env.invalidate_all()
        env, mine = self.env, [("customer_id", "=", self.follow_up.id)]
        names = (
            "state", "conditions", "ready", "earliest", "amount_overdue", "suspended_date", "restored_date",
            "end_reason", "occurrence", "activity_ids", "postponed_until", "notice_ids",
        )  # fmt: skip

        def rows(model, names, domain=mine):
            return {
                record.id: tuple(str(record[name]) for name in names) for record in env[model].sudo().search(domain)
            }

        ids = [service.id for service in self.services.values()]
        return {
            "suspensions": rows("followup.suspension", names),
            "services": rows("followup.service", ("state", "suspension_id", "message_ids")),
            "notices": rows("followup.notice", ("state", "purpose", "services")),
            "events": rows("followup.service.event", ("kind", "sequence"), [("service_id", "in", ids)]),
            "charges": rows("followup.charge", ("kind", "amount", "state")),
        }

    @staticmethod
    def difference(old, new):
        for name in old:
            if old[name] != new[name]:
                keys = [key for key in old[name].keys() | new[name].keys() if old[name].get(key) != new[name].get(key)]
                yield name, [old[name].get(key) for key in keys], [new[name].get(key) for key in keys]
