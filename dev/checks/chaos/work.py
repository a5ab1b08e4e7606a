"""What people do, broken at seeded points: letters, charges, hand-overs, arrangements, suspensions; and the disk that is full."""

import contextlib
import hashlib
import pathlib
import subprocess

import two_confirms
import two_posts
import two_suspensions
from chaos import Wrong
from points import spread
from support import counted, night, queue
from two_prints import approve, print_all

ADMIN = "base.user_admin"


def number_of(name):
    return int(name.split()[1])


# The disk


class Disk:
    """The folder of the attachments, on a file system of its own that can be filled to the last byte.

    Where mounting is not allowed `real` is False, and each process is refused its files by a limit of its own.
    """

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.filler = self.folder / "filler"
        self.real = False

    def __enter__(self):
        copy = self.folder.with_name(self.folder.name + ".copy")
        self.folder.rename(copy)
        self.folder.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(self.folder)], capture_output=True, check=False
        )
        self.real = mounted.returncode == 0
        subprocess.run(["cp", "-a", f"{copy}/.", str(self.folder)], check=True)
        self.copy = copy
        return self

    def __exit__(self, *_error):
        self.free()
        if self.real:
            subprocess.run(["umount", str(self.folder)], check=False)
        else:
            subprocess.run(["rm", "-rf", str(self.folder)], check=True)
            self.folder.mkdir()
        self.folder.rmdir()
        self.copy.rename(self.folder)

    def fill(self):
        with contextlib.suppress(OSError), self.filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)

    def free(self):
        self.filler.unlink(missing_ok=True)


def whole_files(chaos, folder):
    """Every file that the database names is there, whole."""
    wrong = []
    for name, path, checksum in chaos.odoo.query(
        "SELECT name, store_fname, checksum FROM ir_attachment WHERE store_fname IS NOT NULL AND res_model LIKE 'followup.%%'"
    ):
        file = pathlib.Path(folder) / path
        content = file.read_bytes() if file.exists() else b""
        if hashlib.sha1(content, usedforsecurity=False).hexdigest() != checksum:
            wrong.append((name, f"its file is {len(content)} bytes, and not what was attached"))
    chaos.judge(wrong, "attachments")


def attach(env, on):
    env["followup.level"].search([]).attach_invoices = on
    env.cr.commit()


def disk_full(chaos):
    """No space for the PDF of a message: nothing half leaves, and everything does once there is space."""
    from odoo.tools import config

    chaos.odoo.registry  # noqa: B018  (reads the configuration)
    folder = config.filestore(chaos.odoo.database)
    count = 2 if chaos.short else 5
    with Disk(folder) as disk:
        names = chaos.customers(count)
        chaos.odoo.run(attach, True)
        try:
            for function in (night, queue):
                for _time in range(1 if chaos.short else 2):
                    if disk.real:
                        disk.fill()
                        chaos.quietly(function)
                        disk.free()
                        chaos.summary.faults["disk full"] += 1
                    else:
                        chaos.fault("full", ("file", 0, 0), function)
                    chaos.right_now(f"disk full, {function.__name__}")
                chaos.quietly(function)
            chaos.heal()
            states = chaos.all_right("disk full")
            whole_files(chaos, folder)
            bare = [
                message["To"]
                for addresses, message in chaos.server.messages
                if {f"customer{number_of(name):03d}@customers.example" for name in names} & set(addresses)
                and len(list(message.iter_attachments())) != 1
            ]
            chaos.judge([(who, "its invoice is not attached") for who in bare], "disk full")
        finally:
            chaos.odoo.run(attach, False)
    chaos.say(f"{'a full file system' if disk.real else 'no file may grow'}: {counted(states)}, each with its invoice")


# Letters


def by_post(env, names):
    partners = env["res.partner"].search([("name", "in", names)])
    partners.write({"email": False, "street": "Straat 1", "zip": "9000", "city": "Gent"})
    partners.child_ids.active = False
    env.cr.commit()


def letters_killed(chaos):
    """kill -9 while letters are printed: each is in one pile in the end, with its pages."""
    names = []

    def prepare(count):
        own = chaos.customers(count)
        chaos.owed = [name for name in chaos.owed if name not in own]
        names.extend(own)
        chaos.odoo.run(by_post, own)
        chaos.odoo.run(night)
        chaos.odoo.run(approve)

    count = 10
    chaos.reserve(2 * count + 2)
    prepare(2)
    events = chaos.events_of(print_all, user=ADMIN)
    for action, point in zip(["kill"] * (count - 2) + ["full"] * 2, spread(chaos, events, count), strict=True):
        prepare(2)
        chaos.fault(action, ("file", 0, 0) if action == "full" else point, print_all, user=ADMIN)
        chaos.right_now()
        half = chaos.odoo.query(
            """SELECT partner.name, 'half printed' FROM followup_notice notice JOIN res_partner partner ON partner.id = notice.partner_id
                WHERE notice.channel = 'letter' AND (notice.state = 'printed') <> (notice.letter_batch_id IS NOT NULL)"""
        )
        chaos.judge(half, chaos.last)
    chaos.odoo.run(print_all, user=ADMIN)
    rows = chaos.odoo.query(
        """SELECT partner.name, notice.state, notice.sha256 IS NOT NULL, notice.letter_batch_id IS NOT NULL
             FROM followup_notice notice JOIN res_partner partner ON partner.id = notice.partner_id
            WHERE partner.name = ANY(%s) AND notice.state <> 'cancelled'""",
        [names],
    )
    chaos.judge([(row[0], f"is {row[1:]}") for row in rows if row[1:] != ("printed", True, True)], "letters")
    chaos.judge([(name, "has no letter") for name in set(names) - {row[0] for row in rows}], "letters")
    chaos.judge([(name, "has several") for name in names if [r[0] for r in rows].count(name) > 1], "letters")
    from odoo.tools import config

    whole_files(chaos, config.filestore(chaos.odoo.database))
    chaos.say(f"{count} points of {len(events)}: {len(names)} letters, each printed once, with its pages")


# Charges and hand-overs


def posting_killed(chaos):
    """kill -9 while a charge is posted: it is in the books once, or not at all and can be posted again."""
    count = 12
    books = two_posts.Check(chaos.odoo.database)
    books.odoo = chaos.odoo

    def charge():
        number = chaos.summary.customers
        chaos.odoo.run(two_posts.make, number, 1)
        chaos.summary.customers += 1
        return chaos.odoo.run(two_posts.claim, number)

    events = chaos.events_of(two_posts.request, two_posts.post, charge())
    ends = []
    for point in spread(chaos, events, count):
        charge_id = charge()
        chaos.fault("kill", point, two_posts.request, two_posts.post, charge_id)
        found = books.books(charge_id)
        ends.append(found[0])
        if found not in (("claimed", 0, 0, 0.0), ("posted", 1, 0, 40.0)):
            raise Wrong(f"{chaos.last}: charge {charge_id} is half posted: {found}")
        chaos.odoo.run(two_posts.request, two_posts.post, charge_id)
        if books.books(charge_id) != ("posted", 1, 0, 40.0):
            raise Wrong(f"{chaos.last}: charge {charge_id} is {books.books(charge_id)}")
    chaos.say(
        f"{count} points of {len(events)}: {counted({name: ends.count(name) for name in ends})}, then posted once each"
    )


def hand_over(env, number):
    item = two_confirms.item_of(env, number).sudo(False)
    lawyer = env["res.partner"].search([("name", "=", "Chaos lawyer")]) or env["res.partner"].create(
        {"name": "Chaos lawyer", "is_company": True}
    )
    env["followup.handover"]._hand_over(item.customer_id, item, lawyer, "lawyer", reason="chaos")
    return "done"


def handover_killed(chaos):
    """kill -9 while a claim is handed over: it is with the lawyer and nothing of ours leaves, or nothing happened."""
    count = 12
    names = chaos.customers(count + 1)
    chaos.owed = []
    chaos.odoo.run(night)  # a message waits for each of them
    events = chaos.events_of(two_posts.request, hand_over, number_of(names[0]))
    for name, point in zip(names[1:], spread(chaos, events, count), strict=True):
        chaos.fault("kill", point, two_posts.request, hand_over, number_of(name))
        for _again in range(2):
            states = chaos.odoo.query(
                """SELECT handover.state, notice.state
                     FROM res_partner partner
                     JOIN followup_notice notice ON notice.partner_id = partner.id AND notice.purpose = 'level'
                LEFT JOIN followup_handover handover ON handover.partner_id = partner.id
                    WHERE partner.name = %s""",
                [name],
            )
            if states not in ([(None, "queued")], [("handed_over", "cancelled")]):
                raise Wrong(f"{chaos.last}: {name} is half handed over: {states}")
            chaos.odoo.run(two_posts.request, hand_over, number_of(name))
        if states != [("handed_over", "cancelled")]:
            raise Wrong(f"{chaos.last}: {name} was not handed over: {states}")
    before = len(chaos.server.messages)
    chaos.settle()
    chaos.judge(chaos.oracle.settled(), "hand-overs")
    if len(chaos.server.messages) != before:
        raise Wrong("a message left about what is with the lawyer")
    chaos.say(f"{count} points of {len(events)}: handed over once each, nothing of ours left")


# Arrangements and suspensions


def arrangement_killed(chaos):
    """kill -9 while an arrangement is confirmed: in force once, and told once."""
    count = 10
    people = two_confirms.Check.__new__(two_confirms.Check)
    people.odoo = chaos.odoo
    registry = chaos.odoo.registry
    # On paper it takes seconds; letters and attachments are on paper elsewhere.
    registry["followup.arrangement"]._pdf = lambda record, lang=None: (f"{record.name}.pdf", b"%PDF-1.4")
    names = chaos.customers(2 * count + 1)
    chaos.owed = []
    make = two_confirms.request, two_confirms.draw_up_and_confirm
    events = chaos.events_of(*make, number_of(names[0]))
    for name, point in zip(names[1 : count + 1], spread(chaos, events, count), strict=True):
        chaos.fault("kill", point, *make, number_of(name))
        if not people.arrangements(number_of(name)):
            chaos.odoo.run(*make, number_of(name))
        if people.arrangements(number_of(name)) != {"active": 1}:
            raise Wrong(f"{chaos.last}: {name} has {people.arrangements(number_of(name))}")
    for name in names[count + 1 :]:
        chaos.odoo.run(*make, number_of(name))
    chaos.settle()
    chaos.judge(chaos.oracle.settled(), "arrangements")
    told = dict(
        chaos.odoo.query(
            """SELECT partner.name, count(*) FROM followup_notice notice JOIN res_partner partner ON partner.id = notice.partner_id
                WHERE notice.purpose = 'arrangement' AND notice.state = 'sent' GROUP BY 1"""
        )
    )
    chaos.judge([(name, f"was told {told.get(name)} times") for name in names if told.get(name) != 1], "arrangements")
    chaos.say(f"{count} points: {len(names)} arrangements, each in force once and confirmed once")


def suspension_killed(chaos):
    """kill -9 while services are suspended: each once, and told once. The last scene: it makes its own past."""
    count, size = 8, 4
    people = two_suspensions.Check(chaos.odoo.database)
    people.odoo = chaos.odoo
    chaos.odoo.run(two_suspensions.settings)
    made = 0
    for number in range(count):
        first = chaos.summary.customers
        made += chaos.odoo.run(two_suspensions.announced, first, size)
        chaos.summary.customers += size
        if not number:
            events = chaos.events_of(two_suspensions.approve, user=ADMIN)
            continue
        point = int(chaos.rng.uniform(0, len(events)))
        if not chaos.fault("kill", point, two_suspensions.approve, user=ADMIN):
            continue
        chaos.fault("kill", int(chaos.rng.uniform(0, 100)), two_suspensions.cron)
        chaos.odoo.run(two_suspensions.cron)
        chaos.odoo.run(two_suspensions.approve, user=ADMIN)
        chaos.odoo.run(two_suspensions.cron)
        people.assert_once("suspended", chaos.last)
    chaos.drain()
    received = chaos.oracle.received()
    rows = chaos.odoo.query(
        """SELECT partner.name, notice.state, message.message_id FROM followup_notice notice
             JOIN res_partner partner ON partner.id = notice.partner_id
             JOIN mail_mail mail ON mail.followup_notice_id = notice.id
             JOIN mail_message message ON message.id = mail.mail_message_id WHERE notice.purpose = 'suspended'"""
    )
    times = {message_id: sum(n for (mid, _to), n in received.items() if mid == message_id) for *_x, message_id in rows}
    chaos.judge(
        [
            (name, f"{state}, received {times[mid]} times")
            for name, state, mid in rows
            if (state, times[mid]) != ("sent", 1)
        ],
        "suspensions",
    )
    if len(rows) != made:
        raise Wrong(f"{made} services suspended, {len(rows)} messages")
    chaos.say(f"at {count - 1} points and more: {made} services suspended once, told once each")


# The ladder


def straight_ladder(env):
    """Every written level of a business by itself, one after the other, without a call in between."""
    env.ref("l10n_be_followup.followup_level_business_20").active = False
    env["followup.level"].search([]).write({"automatic": True, "attach_invoices": False, "delay": 0})
    env["res.company"].search([("parent_id", "=", False)]).followup_max_contacts = 0
    env.cr.commit()


def ladder(chaos):
    """Level after level while nights and queues are killed: each level once, none skipped, none before the last arrived."""
    rungs, ladder_of = (2, [10, 30]) if chaos.short else (4, [10, 30, 40, 50])
    chaos.odoo.run(straight_ladder)
    names = [name for name in chaos.customers(8 if chaos.short else 16) if number_of(name) % 2 == 0]
    chaos.owed = []
    for _rung in range(rungs):
        for function in (night, queue):
            chaos.fault("kill", int(chaos.rng.uniform(20, 600)), function)
            chaos.right_now()
        chaos.settle()
        chaos.judge(chaos.oracle.settled(), "ladder")
        # Three days without a bounce: that is when a message counts as delivered.
        chaos.odoo.query(
            """UPDATE followup_notice notice SET sent_date = sent_date - interval '3 days' FROM res_partner partner
                WHERE partner.id = notice.partner_id AND notice.state = 'sent' AND partner.name = ANY(%s)""",
            [names],
        )
    told = {name: [] for name in names}
    unsure = set()
    for name, state, sequence in chaos.odoo.query(
        """SELECT partner.name, notice.state, level.sequence FROM followup_notice notice
             JOIN res_partner partner ON partner.id = notice.partner_id JOIN followup_level level ON level.id = notice.level_id
            WHERE partner.name = ANY(%s) AND notice.state IN ('sent', 'delivered', 'unknown') ORDER BY notice.id""",
        [names],
    ):
        told[name].append(sequence)
        unsure |= {name} if state == "unknown" else set()
    wrong = [
        (name, f"was told the levels {levels}")
        for name, levels in told.items()
        if levels != ladder_of[: len(levels)] or (name not in unsure and len(levels) < rungs)
    ]
    chaos.judge(wrong, "ladder")
    chaos.say(
        f"{rungs} levels for {len(names)} customers, {sum(map(len, told.values()))} messages, {len(unsure)} unknown"
    )
