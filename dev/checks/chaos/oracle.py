"""What each customer should have, compared with what the mail server kept and with what the database says.

The database is read past Odoo, and what is right is written down here once more: nothing of the product is used.
"""

import collections

#: States in which the customer may have the message.
GONE = {"sending", "sent", "delivered", "unknown"}


class Oracle:
    """`always()` holds at every moment, right after a kill too; `settled()` once an hour passed, a night and the queue."""

    def __init__(self, query, server):
        self.query = query
        self.server = server

    def received(self):
        """Message-ID -> how many times the mail server kept it for how many addresses; a Counter of (id, address)."""
        return collections.Counter(
            (message["Message-Id"], address)
            for addresses, message in list(self.server.messages)
            for address in addresses
        )

    def _mails(self):
        """Message-ID -> (notice id, address of a copy or None)."""
        return {
            message_id: (notice or copied, address)
            for message_id, notice, copied, address in self.query(
                """SELECT message.message_id, mail.followup_notice_id, mail.followup_copy_notice_id, mail.followup_copy_to
                     FROM mail_mail mail JOIN mail_message message ON message.id = mail.mail_message_id
                    WHERE COALESCE(mail.followup_notice_id, mail.followup_copy_notice_id) IS NOT NULL"""
            )
        }

    def _notices(self):
        rows = self.query(
            """SELECT notice.id, notice.name, notice.state, notice.channel, notice.message_id, notice.claim_date IS NOT NULL,
                      notice.sha256 IS NOT NULL, partner.name, notice.purpose, notice.arrangement_id, notice.instalment_id,
                      notice.suspension_id, notice.standby, notice.copy_failure, notice.failure
                 FROM followup_notice notice JOIN res_partner partner ON partner.id = notice.partner_id"""
        )
        fields = (
            "id name state channel message_id claimed proved customer purpose arrangement instalment suspension standby "
            "copy_failure failure"
        )
        kind = collections.namedtuple("Notice", fields)
        return {row[0]: kind(*row) for row in rows}

    def _steps(self):
        """(notice id, what it tells the customer: an item's level in an episode)."""
        return self.query(
            """SELECT notice_id, item_id, level_id, episode FROM followup_notice_line WHERE advances AND item_id IS NOT NULL"""
        )

    def always(self):
        """:return: list of (customer, what is wrong)"""
        wrong = []
        mails, notices, received = self._mails(), self._notices(), self.received()
        reached = collections.Counter()  # notice id -> times that its own recipient got it
        for (message_id, address), times in sorted(received.items()):
            if message_id not in mails:
                wrong.append((address, f"received a message that nobody knows: {message_id}"))
                continue
            notice_id, copy = mails[message_id]
            notice = notices[notice_id]
            if times > 1:
                wrong.append((notice.customer, f"{notice.name} was received {times} times at {address}"))
            if not copy:
                reached[notice_id] += times
                if notice.state not in GONE:
                    wrong.append((notice.customer, f"{notice.name} was received, but is {notice.state}"))
        told = collections.defaultdict(set)
        for notice_id, *step in self._steps():
            if reached[notice_id]:
                told[tuple(step)].add(notice_id)
        for notice in notices.values():
            if notice.purpose != "level" and reached[notice.id]:
                subject = (notice.purpose, notice.arrangement, notice.instalment, notice.suspension)
                if any(subject[1:]):
                    told[subject].add(notice.id)
        for step, ids in told.items():
            if len(ids) > 1:
                names = sorted(notices[notice_id].name for notice_id in ids)
                wrong.append((notices[min(ids)].customer, f"the same step was told {len(ids)} times ({step}): {names}"))
        for notice in notices.values():
            if notice.channel != "email":
                continue
            if notice.state in ("sent", "delivered") and not reached[notice.id]:
                wrong.append((notice.customer, f"{notice.name} is {notice.state}, and nobody received it"))
            if notice.state in GONE and not (notice.claimed and notice.proved and notice.message_id):
                wrong.append(
                    (notice.customer, f"{notice.name} is {notice.state} without claim, Message-ID or fingerprint")
                )
        wrong += self._levels() + self._doubles()
        return wrong

    def _levels(self):
        """The level of an item moved for delivered messages, and for nothing else."""
        rows = self.query(
            """SELECT partner.name, item.id, item.level_id, reached.level_id
                 FROM followup_item item
                 JOIN followup_customer customer ON customer.id = item.customer_id
                 JOIN res_partner partner ON partner.id = customer.partner_id
            LEFT JOIN LATERAL (
                      SELECT line.level_id FROM followup_notice_line line JOIN followup_notice notice ON notice.id = line.notice_id
                       WHERE line.item_id = item.id AND line.advances AND NOT COALESCE(notice.standby, FALSE)
                         AND line.episode = item.episode AND notice.state = 'delivered'
                    ORDER BY notice.delivered_on DESC, notice.id DESC LIMIT 1) reached ON TRUE
                WHERE item.level_id IS DISTINCT FROM reached.level_id"""
        )
        return [(name, f"item {item} is at level {level}, delivered was {real}") for name, item, level, real in rows]

    def _doubles(self):
        rows = self.query(
            """SELECT min(partner.name), line.item_id, line.level_id, count(*)
                 FROM followup_notice_line line
                 JOIN followup_notice notice ON notice.id = line.notice_id
                 JOIN res_partner partner ON partner.id = notice.partner_id
                WHERE line.advances AND NOT COALESCE(notice.standby, FALSE)
                  AND notice.state NOT IN ('cancelled', 'failed', 'bounced')
             GROUP BY line.item_id, line.level_id, line.episode HAVING count(*) > 1"""
        )
        return [(name, f"item {item} has {count} notices at level {level}") for name, item, level, count in rows]

    def settled(self):
        """What must not be left once an hour has passed, a night and the mail queue.

        :return: list of (customer, what is wrong)
        """
        wrong = self.always()
        notices, received, mails = self._notices(), self.received(), self._mails()
        visible = {
            row[0]
            for row in self.query(
                """SELECT notice.id FROM followup_notice notice JOIN followup_customer customer ON customer.id = notice.customer_id
                    WHERE customer.state = 'failed' AND EXISTS (
                          SELECT FROM mail_activity WHERE res_model = 'followup.customer' AND res_id = customer.id AND active)"""
            )
        }
        for notice in notices.values():
            if notice.state == "sending":
                wrong.append((notice.customer, f"{notice.name} is claimed for ever"))
            if notice.state in ("unknown", "failed") and notice.id not in visible:
                wrong.append((notice.customer, f"{notice.name} is {notice.state}, and nobody was given a task"))
        for state, name, notice_state, customer in self.query(
            """SELECT mail.state, notice.name, notice.state, partner.name
                 FROM mail_mail mail JOIN followup_notice notice ON notice.id = mail.followup_notice_id
                 JOIN res_partner partner ON partner.id = notice.partner_id
                WHERE mail.state = 'outgoing' AND notice.state <> 'queued'
                   OR mail.state <> 'outgoing' AND notice.state = 'queued'
                   OR mail.state <> 'sent' AND notice.state IN ('sent', 'delivered')"""
        ):
            wrong.append((customer, f"{name} is {notice_state}, and its mail is {state}"))
        # Copies: each has its own mail, and arrived, or the notice says that perhaps it did not.
        got = collections.Counter()
        for (message_id, address), times in received.items():
            notice_id, copy = mails.get(message_id, (None, None))
            if copy:
                got[notice_id, address] += times
        for notice_id, address, state in self.query(
            """SELECT followup_copy_notice_id, followup_copy_to, state FROM mail_mail
                WHERE followup_copy_notice_id IS NOT NULL"""
        ):
            notice = notices[notice_id]
            bare = address.rpartition("<")[2].rstrip(">")
            times = got[notice_id, bare]
            if times > 1:
                wrong.append((notice.customer, f"{notice.name}: {times} copies for {bare}"))
            if state == "sent" and not times:
                wrong.append((notice.customer, f"{notice.name}: the copy for {bare} is sent, and nobody received it"))
            if state != "sent" and bare not in (notice.copy_failure or ""):
                wrong.append((notice.customer, f"{notice.name}: nothing is said about the copy for {bare} ({state})"))
        for name, state, ended in self.query(
            """SELECT company.name, run.state, run.ended FROM followup_run run JOIN res_company company ON company.id = run.company_id
                WHERE run.state = 'running' OR run.ended IS NULL"""
        ):
            wrong.append((name, f"a run is open for ever: {state}, ended {ended}"))
        return wrong

    def owed_one(self, names, failed=(), unsure=()):
        """Each of these customers has exactly one message, or a visible state in place of it.

        :param names: of customers who are owed exactly one message
        :param failed: of them, those whose message the mail server refused for good
        :param unsure: of them, those of whose message nobody can say whether it arrived
        :return: (list of (customer, what is wrong), Counter of states)
        """
        wrong, states = [], collections.Counter()
        rows = self.query(
            """SELECT partner.name, notice.state, count(notice.id)
                 FROM res_partner partner
            LEFT JOIN followup_notice notice ON notice.partner_id = partner.id AND notice.state <> 'cancelled'
                  AND notice.channel = 'email' AND NOT COALESCE(notice.standby, FALSE)
                WHERE partner.name = ANY(%s) GROUP BY 1, 2""",
            [list(names)],
        )
        found = collections.defaultdict(dict)
        for name, state, count in rows:
            found[name][state] = count
        for name in names:
            own = found[name]
            if list(own.values()) != [1] or None in own:
                wrong.append((name, f"owed one message, has {own or 'none'}"))
                continue
            [state] = own
            states[state] += 1
            allowed = {"failed"} if name in failed else {"sent", "delivered"}
            if name in unsure:
                allowed.add("unknown")
            if state not in allowed:
                wrong.append((name, f"owed one message, which is {state}"))
        return wrong, states
