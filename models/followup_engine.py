import functools
import logging

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_amount, format_date, split_every

from ..engine import application, claims, decision, selection

_logger = logging.getLogger(__name__)

BATCH = 200
#: How often a step begins again when somebody else wrote the same rows in the meantime.
ATTEMPTS = 5


class FollowupEngine(models.AbstractModel):
    """The night in overridable steps: select, decide, apply. Extend with `_inherit = "followup.engine"`."""

    _name = "followup.engine"
    _description = "Follow-up Engine"

    # Select

    @api.model
    def _synchronise(self, company, partner_ids=None):
        return selection.synchronise(self.env, company.ids, partner_ids)

    @api.model
    def _select(self, company, customer_ids, today, exclude_notice_id=None):
        """Read customers of one root company.

        :rtype: list of `engine.decision.Customer`
        """
        partners = self.env["followup.customer"].browse(customer_ids).partner_id.with_company(company)
        insolvent = {
            partner.id: (partner.followup_insolvency, partner.followup_insolvency_date or None)
            for partner in partners
            if partner.followup_insolvency
        }
        find = self._policy_finder(company, customer_ids)
        return selection.select(self.env, customer_ids, find, today, insolvent, exclude_notice_id)

    @api.model
    def _settings(self, company, today):
        """:rtype: `engine.decision.Settings`"""
        to_decimal = company.currency_id._followup_decimal
        return decision.Settings(
            minimum_gap=company.followup_min_gap,
            minimum_amount=to_decimal(company.followup_minimum_amount),
            minimums={
                minimum.currency_id.id: minimum.currency_id._followup_decimal(minimum.amount)
                for minimum in company.followup_minimum_ids
            },
            cutoff=company.followup_cutoff_date or None,
            paused_until=company.followup_pause_until or None,
            pause_reason=company.followup_pause_reason or "",
            newest_bank_data=selection.newest_bank_data(self.env, company.id, today),
            freshness_days=company.followup_freshness_days,
            max_contacts=company.followup_max_contacts,
            live=company.followup_live,
        )

    @api.model
    def _policy_finder(self, company, customer_ids):
        """A function (partner id, regime) -> `engine.decision.Policy` for these customers, with policies read once."""
        policies = self.env["followup.policy"].search([("company_id", "in", (company.id, False))])
        # A company's own policies come before the shared ones.
        policies = policies.sorted(lambda policy: (not policy.company_id, policy.sequence, policy.id))
        pure = {policy.id: self._pure_policy(policy) for policy in policies}
        partners = self.env["followup.customer"].browse(customer_ids).partner_id.with_company(company)
        own = {partner.id: partner.followup_policy_id.id for partner in partners if partner.followup_policy_id}
        regimes = {partner.id: partner.followup_regime for partner in partners}
        matching = {}
        for policy in policies:
            domain = policy._customer_domain()
            matching[policy.id] = (
                set(self.env["res.partner"]._search([("id", "in", partners.ids), *domain])) if domain else None
            )

        def find(partner_id, regime):
            if own.get(partner_id) in pure:
                return pure[own[partner_id]]
            regime = regime or regimes.get(partner_id) or "b2c"
            # Authorities follow the business ladder unless they have their own.
            for wanted in (regime, "b2b") if regime == "b2g" else (regime,):
                for policy in policies:
                    if policy.regime == wanted and (matching[policy.id] is None or partner_id in matching[policy.id]):
                        return pure[policy.id]
            return None

        find.regimes = regimes
        return find

    @api.model
    def _pure_policy(self, policy):
        return decision.Policy(
            policy.id,
            tuple(
                decision.Level(
                    id=level.id,
                    sequence=level.sequence,
                    kind=level.kind,
                    delay=level.delay,
                    delay_from=level.delay_from,
                    written=level._is_written(),
                    call=level.channel_call,
                    automatic=level.automatic,
                    minimum_amount=level.currency_id._followup_decimal(level.minimum_amount),
                )
                for level in policy.level_ids.filtered("active").sorted(lambda level: (level.sequence, level.id))
            ),
        )

    # Decide

    @api.model
    def _decide(self, company, customers, today, manual=False, approved=frozenset()):
        """:rtype: list of `engine.decision.Decision`, one per customer, in the same order"""
        settings = self._settings(company, today)
        working = functools.cache(company._followup_is_working_day)
        return [decision.decide(customer, settings, today, working, manual, approved) for customer in customers]

    @api.model
    def _decide_for_notice(self, notice, today):
        """Decide the customer of a notice again as if that notice did not exist."""
        self._synchronise(notice.company_id, notice.partner_id.ids)
        customers = self._select(notice.company_id, notice.customer_id.ids, today, notice.id)
        # A person's yes stands for the items that he saw, not for what has become due since.
        approved = notice.line_ids.filtered("advances").item_id.ids if notice.manual or notice.approved_by else ()
        return self._decide(notice.company_id, customers, today, approved=frozenset(approved))[0]

    # Apply

    @api.model
    def _apply(self, company, decisions, today, run=None, prepare=True):
        """Write the figures and, when asked, prepare what is due.

        :return: notices made
        """
        notices = self.env["followup.notice"]
        failures = {}
        if prepare:
            notices, failures = self._prepare(company, decisions, today, run)
            decisions = self._decide_after_notices(company, decisions, notices, today)
        customers = self.env["followup.customer"].browse([d.customer.id for d in decisions])
        states = {customer.id: customer.failure for customer in customers}
        partners = customers.partner_id.with_company(company)
        responsible = {partner.id: partner.followup_responsible_id.id or None for partner in partners}
        waiting = self._open_notice_states(customers)
        extra = {}
        for taken, customer in zip(decisions, customers, strict=True):
            item_policy = next((item.policy for item in taken.customer.items if item.policy), None)
            extra[customer.id] = {
                "state": self._customer_state(
                    taken, today, waiting.get(customer.id, ()), bool(failures.get(customer.id) or states[customer.id])
                ),
                "regime": customer.partner_id.followup_regime,
                "data_issue": customer.partner_id._followup_issue() or None,
                "policy_id": item_policy.id if item_policy else None,
                "responsible_id": responsible[customer.partner_id.id],
            }
        application.write_figures(self.env, decisions, today, extra)
        for customer_id, text in failures.items():
            self.env["followup.customer"].browse(customer_id)._report_failure(text)
        return notices, failures

    @api.model
    def _decide_after_notices(self, company, decisions, notices, today):
        """What stands on the screen is the situation after the notices: one more read for their customers."""
        if not notices:
            return decisions
        ids = notices.customer_id.ids
        fresh = {d.customer.id: d for d in self._decide(company, self._select(company, ids, today), today)}
        return [fresh.get(taken.customer.id, taken) for taken in decisions]

    @api.model
    def _open_notice_states(self, customers):
        groups = self.env["followup.notice"]._read_group(
            [
                ("customer_id", "in", customers.ids),
                ("state", "in", ("review", "queued", "sending")),
                ("channel", "=", "email"),
            ],
            ["customer_id", "state"],
        )
        result = {}
        for customer, state in groups:
            result.setdefault(customer.id, set()).add(state)
        return result

    @api.model
    def _customer_state(self, taken, today, open_states, failed):
        """The one word that lists and buttons show for a customer."""
        overdue = [d for d in taken.items if d.item.due_date < today]
        if failed:
            return "failed"
        if "review" in open_states:
            return "review"
        if open_states:
            return "queued"
        if taken.acts:
            return "action"
        if not overdue:
            return "clear"
        waiting = {"not_yet", "notice_under_way", "min_gap", "waiting_period", "not_working_day"}
        if any(not {reason.code for reason in d.reasons} - waiting for d in overdue):
            return "waiting"
        return "held"

    @api.model
    def _prepare(self, company, decisions, today, run=None, manual=False):
        """Make the notices that the decisions ask for: all in one go, and one by one when that fails.

        :return: (notices, failures by customer id)
        """
        notices = self.env["followup.notice"]
        failures = {}
        values, owners = [], []
        amounts = self._claims_of(company, [taken for taken in decisions if taken.message], today)
        for taken in decisions:
            try:
                for vals in self._values_of(company, taken, today, manual, amounts):
                    values.append(dict(vals, run_id=run.id if run else False))
                    owners.append(taken.customer.id)
            except UserError as error:
                failures[taken.customer.id] = str(error)
        if not values:
            return notices, failures
        try:
            with self.env.cr.savepoint():
                return self._create_notices(values), failures
        except psycopg2.OperationalError:
            raise
        except Exception:  # noqa: BLE001
            # One of them is bad: each customer in a savepoint of his own, so that nobody else suffers.
            self.env.invalidate_all()
        for vals, customer_id in zip(values, owners, strict=True):
            try:
                with self.env.cr.savepoint():
                    notices |= self._create_notices([vals])
            except psycopg2.errors.UniqueViolation:
                self.env.invalidate_all()  # another process was first: exactly what the index is for
            except psycopg2.OperationalError:
                raise
            except Exception as error:
                # A customer's failure is kept on him and stops nobody.
                self.env.invalidate_all()
                _logger.info("Follow-up of customer %s failed", customer_id, exc_info=True)
                failures[customer_id] = str(error)
        return notices, failures

    @api.model
    def _values_of(self, company, taken, today, manual, amounts):
        if taken.message:
            yield self._notice_values(company, taken, today, manual, amounts)
        if taken.calls:
            yield self._call_values(company, taken, today)

    @api.model
    def _claims_of(self, company, decisions, today):
        """What the levels of these messages claim, as far as the law allows, in a fixed number of queries.

        :rtype: dict item id -> `legal.claim.Claim`
        """
        levels = self.env["followup.level"].browse(
            {line.level.id for taken in decisions for line in taken.message if line.level}
        )
        by_id = {level.id: level for level in levels}
        chosen = {}
        for taken in decisions:
            if any(credit.amount > 0 for credit in taken.customer.credits):
                continue  # perhaps his money is here already: allocate it first, then claim on what is left
            for line in taken.message:
                level = by_id.get(line.level.id) if line.level else None
                if not level:
                    continue
                # A reminder may cost something only in a contract of regular delivery, which the law part checks.
                cost = line.advances and level.kind in ("first_reminder", "reminder")
                if level.claim_interest or level.claim_compensation or cost:
                    chosen[line.item.id] = (level.claim_interest, level.claim_compensation, cost)
        return claims.claims(self.env, company, list(chosen), today, chosen) if chosen else {}

    @api.model
    def _claims_as_of(self, company, items, day):
        """Everything that the law allows on these items as of `day`, whatever their level.

        :rtype: dict item id -> `legal.claim.Claim`
        """
        return claims.claims(self.env, company, items.ids, day)

    @api.model
    def _notice_values(self, company, taken, today, manual=False, amounts=None):
        """Values of one written notice.

        :param amounts: what `_claims_of` gave, when it was asked for many decisions at once
        :raises UserError: without a usable address
        """
        if amounts is None:
            amounts = self._claims_of(company, [taken], today)
        customer = self.env["followup.customer"].browse(taken.customer.id)
        partner = customer.partner_id.with_company(company)
        level = self.env["followup.level"].browse(taken.message_level.id)
        lang = self._message_lang(partner, company)
        level = level.with_context(lang=lang)
        recipient = partner._followup_recipient(company)
        responsible = partner.followup_responsible_id
        sender = self._sender(company, responsible)
        lines = application.line_values(self.with_context(lang=lang).env, taken, today)
        for line in lines:
            application.add_claim(line, amounts.get(line["item_id"]))
        credits = application.credit_values(taken)
        regime = self._message_regime(taken, partner)
        review = ["manual"] if manual else list(taken.review)
        total = sum(line.item.residual_company for line in taken.message)
        total -= sum((credit.amount_company for credit in taken.customer.credits), decision.ZERO)
        return {
            "customer_id": customer.id,
            "company_id": company.id,
            "channel": "email",
            "level_id": level.id,
            "level_kind": level.kind,
            "regime": regime,
            "lang": lang,
            "manual": manual,
            "responsible_id": responsible.id,
            "state": "review" if review else "queued",
            "review_reasons": review,
            "prepared_on": today,
            "recipient_id": recipient.id,
            "email_to": recipient.email_formatted,
            "email_from": sender,
            "pay_before": self._pay_before(company, level, lines, regime, today),
            "credits": credits,
            "amount_total": float(max(total, decision.ZERO)),
            "line_ids": [fields.Command.create(line) for line in lines],
            "fingerprint": application.content_key(
                [
                    (ln["item_id"], ln["level_id"], ln["advances"], ln["currency_id"], ln["amount_residual"])
                    for ln in lines
                ],
                credits,
            ),
        }

    @api.model
    def _pay_before(self, company, level, lines, regime, today):
        """The date by which to pay; for a consumer's first reminder never inside his fourteen days."""
        day = level._pay_before(today)
        if regime == "b2c" and any(ln["advances"] and ln["level_kind"] == "first_reminder" for ln in lines):
            day = max(day, self.env["followup.notice"]._free_until(today, company))
        return day

    @api.model
    def _message_regime(self, taken, partner):
        """A message to a customer with a consumer's invoice follows the rules for consumers."""
        regimes = {item.regime for item in self.env["followup.item"].browse([line.item.id for line in taken.message])}
        return next((regime for regime in ("b2c", "b2g", "b2b") if regime in regimes), partner.followup_regime)

    @api.model
    def _message_lang(self, partner, company):
        installed = dict(self.env["res.lang"].get_installed())
        return next((code for code in (partner.lang, company.partner_id.lang) if code in installed), "en_US")

    @api.model
    def _sender(self, company, responsible):
        sender = responsible.email_formatted if responsible.email else company.email_formatted
        if not sender:
            raise UserError(
                self.env._(
                    "%(company)s has no e-mail address to send from. Set it in Settings > Companies.",
                    company=company.name,
                )
            )
        return sender

    @api.model
    def _call_values(self, company, taken, today):
        customer = self.env["followup.customer"].browse(taken.customer.id)
        partner = customer.partner_id.with_company(company)
        lines = application.line_values(self.env, decision.Decision(taken.customer, (), calls=taken.calls), today)
        return {
            "customer_id": customer.id,
            "company_id": company.id,
            "channel": "call",
            "level_id": taken.call_level.id,
            "level_kind": taken.call_level.kind,
            "regime": partner.followup_regime,
            "lang": self._message_lang(partner, company),
            "responsible_id": partner.followup_responsible_id.id,
            "state": "queued",
            "prepared_on": today,
            "amount_total": float(sum(line.item.residual_company for line in taken.calls)),
            "line_ids": [fields.Command.create(line) for line in lines],
        }

    @api.model
    def _create_notices(self, values):
        """Create, render and queue. All or nothing: the caller holds the savepoint."""
        for vals in values:
            vals.pop("fingerprint", None)
        notices = self.env["followup.notice"].create([dict(vals) for vals in values])
        written = notices.filtered(lambda notice: notice.channel == "email")
        for notice in written:
            notice.reference = application.payment_reference(notice)
        reply_to = (
            written.customer_id._notify_get_reply_to_batch(
                defaults={notice.customer_id.id: notice.email_from for notice in written}
            )
            if written
            else {}
        )
        for notice in written:
            notice.reply_to = reply_to.get(notice.customer_id.id) or notice.email_from
        written._render()
        written.filtered(lambda notice: notice.state == "queued")._queue()
        (notices - written)._plan_call()
        notices.filtered(lambda n: n.channel == "email" and n.level_id.channel_call)._plan_call()
        self.env.flush_all()
        return notices

    # The night

    @api.model
    def _cron_night(self):
        """Nightly run over all root companies. Safe to run twice, in two processes, or to kill anywhere."""
        for company in self.env["res.company"].sudo().search([("parent_id", "=", False)]):
            try:
                # What the night writes down is read in the company's language, not in the cron's.
                night = self.with_context(lang=company.partner_id.lang or self.env.lang)
                night._run_night(company.with_env(night.env), company._followup_today())
            except psycopg2.OperationalError:
                raise
            except Exception as error:  # noqa: BLE001
                self._report_night(company, error)

    def _report_night(self, company, error):
        """A night that cannot be run at all: the other companies have theirs, and the list of runs says why."""
        self.env.cr.rollback()
        self.env.invalidate_all(flush=False)
        _logger.exception("The follow-up night of %s failed", company.name)
        self.env["followup.run"].create(
            {
                "company_id": company.id,
                "date": company._followup_today(),
                "state": "failed",
                "ended": fields.Datetime.now(),
                "message": str(error),
            }
        )
        self.env["ir.cron"]._commit_progress()

    @api.model
    def _run_night(self, company, today):
        """One night of one root company.

        :return: the `followup.run`
        """
        run, customer_ids = self._begin_night(company, today)
        prepare = bool(company.followup_cutoff_date)
        if not prepare:
            run.message = self.env._(
                "No notices were prepared: choose first from which due date on invoices are followed up "
                "(Settings > Invoicing > Follow-up)."
            )
            self.env["ir.cron"]._commit_progress()
        counts = {"customer_count": 0, "notice_count": 0, "review_count": 0, "call_count": 0, "failure_count": 0}
        for ids in split_every(BATCH, customer_ids):
            if not self._night_batch(company, list(ids), today, run, prepare, counts):
                run.write({"state": "failed", "message": self.env._("Stopped: time is up, the next run goes on.")})
                break
        run.write({**counts, "ended": fields.Datetime.now(), "state": "done" if run.state == "running" else run.state})
        self.env["ir.cron"]._commit_progress()
        return run

    @api.model
    def _begin_night(self, company, today):
        """Bring deliveries, items and customers up to date, committed.

        Somebody may post an invoice at this very moment, or run the same night: begin again on what he left.

        :return: (the `followup.run`, ids of customers with open items)
        """
        for attempt in range(ATTEMPTS):
            try:
                run = self.env["followup.run"].create({"company_id": company.id, "date": today})
                self.env["followup.notice"]._confirm(company)
                customer_ids = self._synchronise(company)
                self.env["followup.charge"]._follow_items(company, today)
                self.env["ir.cron"]._commit_progress(remaining=len(customer_ids))
                return run, customer_ids
            except psycopg2.OperationalError as error:
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                _logger.info("The night of %s begins again (%s): %s", company.name, attempt + 1, error)
                if attempt + 1 == ATTEMPTS:
                    raise

    @api.model
    def _night_batch(self, company, ids, today, run, prepare, counts):
        """One batch in one transaction. Customers that another process holds are skipped: they are decided there."""
        for attempt in range(ATTEMPTS):
            before = dict(counts)
            try:
                locked = self.env["followup.customer"].browse(ids).try_lock_for_update(allow_referencing=True)
                decisions = self._decide(company, self._select(company, locked.ids, today), today)
                notices, failures = self._apply(company, decisions, today, run, prepare)
                mails = notices.filtered(lambda notice: notice.channel == "email")
                counts["customer_count"] += len(locked)
                counts["notice_count"] += len(mails)
                counts["review_count"] += len(mails.filtered(lambda notice: notice.state == "review"))
                counts["call_count"] += len(notices - mails)
                counts["failure_count"] += len(failures)
                self._log_failures(run, failures)
                run.write({"heartbeat": fields.Datetime.now(), **counts})
                left = self.env["ir.cron"]._commit_progress(len(ids))
                self.env.invalidate_all()
                return left > 0
            except psycopg2.OperationalError as error:
                # Somebody wrote to the same customers: begin the batch again on what he left.
                self.env.cr.rollback()
                self.env.invalidate_all()
                counts.update(before)
                _logger.info("Follow-up batch tried again (%s): %s", attempt + 1, error)
        return True

    @api.model
    def _log_failures(self, run, failures):
        customers = self.env["followup.customer"].browse(failures)
        self.env["followup.run.line"].create(
            [
                {
                    "run_id": run.id,
                    "customer_id": customer.id,
                    "step": "failure",
                    "amount": customer.amount_overdue,
                    "note": failures[customer.id],
                }
                for customer in customers
            ]
        )

    @api.model
    def _preview(self, company, day):
        """What the run of `day` would do if nothing changed until then; writes only the list."""
        root = company._followup_root()
        customer_ids = self._synchronise(root)
        run = (
            self.env["followup.run"]
            .sudo()
            .create(
                {"company_id": root.id, "date": day, "preview": True, "state": "done", "ended": fields.Datetime.now()}
            )
        )
        rows = []
        for ids in split_every(BATCH, customer_ids):
            for taken in self._decide(root, self._select(root, list(ids), day), day):
                if row := self._preview_row(run, taken, day):
                    rows.append(row)
        self.env["followup.run.line"].sudo().create(rows)
        run.write(
            {
                "customer_count": len(customer_ids),
                "notice_count": sum(row["step"] in ("message", "review") for row in rows),
                "review_count": sum(row["step"] == "review" for row in rows),
                "call_count": sum(row["step"] == "call" for row in rows),
            }
        )
        return run

    @api.model
    def _preview_row(self, run, taken, day):
        overdue, _buckets, _credit, _oldest = application.figures(taken, day)
        if not taken.acts and not overdue:
            return None
        level = taken.message_level or taken.call_level
        step = "none"
        if taken.message:
            step = "review" if taken.review else "message"
        elif taken.calls:
            step = "call"
        return {
            "run_id": run.id,
            "customer_id": taken.customer.id,
            "step": step,
            "level_id": level.id if level else False,
            "amount": float(overdue),
            "note": "" if taken.acts else self._explain(application.pack_reasons(taken.reasons)),
            "next_date": taken.next_date,
        }

    # Single customers

    @api.model
    def _refresh(self, company, partner_ids, today):
        """Decide customers again now and write their figures; nothing is prepared."""
        root = company._followup_root()
        ids = self._synchronise(root, partner_ids)
        for batch in split_every(BATCH, ids):
            locked = self.env["followup.customer"].browse(batch).try_lock_for_update(allow_referencing=True)
            self._apply(root, self._decide(root, self._select(root, locked.ids, today), today), today, prepare=False)
            self.env["followup.charge"]._follow_items(root, today, locked)
            self.env["followup.notice"].search(
                [("customer_id", "in", locked.ids), ("channel", "=", "call"), ("state", "=", "queued")]
            )._cancel_moot_calls()

    @api.model
    def _prepare_manual(self, customer):
        """Prepare the next notice of one customer because a person asks.

        :raises UserError: with the reason when the ladder, the law or a hold does not allow one
        """
        company = customer.company_id
        company._followup_check_may_write()
        if not self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_user"):
            raise UserError(self.env._("You need the rights of a follow-up user to do this."))
        if customer.review_notice_id:
            return customer.review_notice_id
        engine = self.sudo()
        today = company._followup_today()
        engine._synchronise(company, customer.partner_id.ids)
        customer.sudo().lock_for_update(allow_referencing=True)
        taken = engine._decide(company, engine._select(company, customer.ids, today), today, manual=True)[0]
        if not taken.message:
            if taken.calls:
                raise UserError(
                    self.env._(
                        "The next step for %(customer)s is a call (%(level)s): no level is skipped. "
                        "Call and use the button Log a call.",
                        customer=customer.partner_id.display_name,
                        level=self.env["followup.level"].browse(taken.call_level.id).name,
                    )
                )
            raise UserError(
                self.env._(
                    "There is nothing to send to %(customer)s: %(why)s",
                    customer=customer.partner_id.display_name,
                    why=self._explain(application.pack_reasons(taken.reasons)) or self.env._("nothing is overdue."),
                )
            )
        vals = engine._notice_values(company, taken, today, manual=True)
        notice = engine._create_notices([vals])
        customer._refresh()
        return notice.sudo(False)

    @api.model
    def _complete_call(self, customer, summary):
        """A call was made: close the planned one, or take the call level that is next, and write it down.

        :param summary: what was said, in the user's language
        """
        planned = customer.notice_ids.filtered(lambda n: n.channel == "call" and n.state == "queued")
        if planned.activity_id:
            planned.activity_id.action_feedback(feedback=summary)
            return
        customer.message_post(body=summary)
        engine = self.sudo()
        company = customer.company_id
        today = company._followup_today()
        if not planned:
            engine._synchronise(company, customer.partner_id.ids)
            taken = engine._decide(company, engine._select(company, customer.ids, today), today, manual=True)[0]
            if taken.calls:
                planned = self.env["followup.notice"].sudo().create([engine._call_values(company, taken, today)])
        planned.sudo()._call_done()

    # Touched customers: decided again just before the commit of whoever touched them

    @api.model
    def _touch_partners(self, moves):
        self._touch_partner_ids(moves.commercial_partner_id.ids)

    @api.model
    def _touch_partner_ids(self, partner_ids):
        if not partner_ids or self.env.context.get("followup_no_refresh"):
            return
        hooks = self.env.cr.precommit
        if "l10n_be_followup.partners" not in hooks.data:
            hooks.data["l10n_be_followup.partners"] = set()
            hooks.add(self.sudo()._refresh_touched)
        hooks.data["l10n_be_followup.partners"].update(partner_ids)

    @api.model
    def _touch_companies(self, companies):
        """Figures depend on settings; they are decided again by the next run, and when a customer is opened."""
        self.env["followup.customer"].invalidate_model(["bank_data_warning"])

    @api.model
    def _refresh_touched(self):
        """Never lets a payment fail: whatever goes wrong here is put right by the night."""
        partner_ids = list(self.env.cr.precommit.data.pop("l10n_be_followup.partners", ()))
        try:
            with self.env.cr.savepoint(flush=False):
                roots = self.env.execute_query(
                    SQL(
                        """SELECT DISTINCT split_part(company.parent_path, '/', 1)::int
                             FROM account_move move
                             JOIN res_company company ON company.id = move.company_id
                            WHERE move.commercial_partner_id = ANY(%s)""",
                        partner_ids,
                    )
                )
                for company in self.env["res.company"].browse([row[0] for row in roots]):
                    self._refresh(company, partner_ids, company._followup_today())
        except Exception:
            self.env.invalidate_all(flush=False)
            _logger.warning("Follow-up figures of %s were not refreshed", partner_ids, exc_info=True)

    # Words

    @api.model
    def _explain(self, packed):
        """Reasons in the reader's language, one sentence."""
        return "; ".join(self._explain_one(reason) for reason in application.unpack_reasons(packed))

    @api.model
    def _explain_one(self, reason):
        until = format_date(self.env, reason.until) if reason.until else ""
        texts = {
            "not_yet": self.env._(
                "the next step is due on %(date)s",
                date=format_date(self.env, fields.Date.add(reason.until, days=1)) if reason.until else "",
            ),
            "not_overdue": self.env._("not overdue yet"),
            "overdue_elsewhere": self.env._("other invoices are overdue: no courtesy message now"),
            "min_gap": self.env._("a message was sent recently: no other one until %(until)s", until=until),
            "minimum_amount": self.env._("the amount is below the minimum"),
            "credits": self.env._("unallocated payments or credit notes cover it: allocate them first"),
            "bank_data_old": self.env._(
                "the last bank data are of %(detail)s: import the bank statement first", detail=reason.detail
            ),
            "paused": self.env._("follow-up is paused until %(until)s (%(detail)s)", until=until, detail=reason.detail),
            "before_cutoff": self.env._("it fell due before the date from which invoices are followed up"),
            "not_working_day": self.env._("today is not a working day"),
            "waiting_period": self.env._("the consumer's fourteen days run until %(until)s", until=until),
            "notice_under_way": self.env._("a notice about it is under way"),
            "notice_open": self.env._("another notice to this customer is not sent yet"),
            "no_policy": self.env._("no policy fits this customer: choose one"),
            "ladder_finished": self.env._("every level was used: decide what to do"),
            "hold": self.env._("on hold until %(until)s: %(detail)s", until=until, detail=reason.detail),
            "blocked": self.env._("the invoice is blocked"),
            "no_followup": self.env._("marked as No Follow-Up"),
            "payment_in_progress": self.env._("a payment is in progress"),
            "insolvency": self._explain_insolvency(reason.detail),
            "max_contacts": self.env._("the limit of contacts within 30 days is reached"),
            "failed": self.env._("a message could not be delivered: %(detail)s", detail=reason.detail),
        }
        return texts.get(reason.code, reason.code)

    @api.model
    def _explain_insolvency(self, kind):
        return {
            "bankruptcy": self.env._("bankrupt: no reminders and no interest; file your claim with the curator"),
            "reorganisation": self.env._("judicial reorganisation: debts from before it are frozen"),
            "collective": self.env._("collective debt settlement: address your claim to the mediator"),
        }.get(kind, "")

    @api.model
    def _explain_claim(self, kind, packed, currency):
        """Why this amount: each step of the interest, the ground of the flat sum, or why nothing is claimed."""
        packed = packed or {}
        reasons = list(packed.get("reasons", ()))
        if packed.get("basis") == "claimed_before" and "compensation_once" in reasons:
            reasons.remove("compensation_once")  # said already by the ground of the flat sum
        texts = []
        if kind in (None, "interest"):
            for row in packed.get("segments", ()):
                texts.append(
                    self.env._(
                        "%(base)s x %(rate)s %% x %(days)s days (%(from)s to %(to)s) = %(amount)s",
                        **{
                            "base": format_amount(self.env, float(row["base"]), currency),
                            "rate": row["rate"],
                            "days": row["days"],
                            "from": format_date(self.env, row["from"]),
                            "to": format_date(self.env, row["to"]),
                            "amount": format_amount(self.env, float(row["amount"]), currency),
                        },
                    )
                )
            if packed.get("cut"):
                texts.append(
                    self.env._("calculated until %s: no later rate is known", format_date(self.env, packed["until"]))
                )
        if kind in (None, "compensation"):
            basis = {
                "fixed_40": self.env._("40 EUR recovery cost per late invoice (law of 2 August 2002, article 6)"),
                "clause": self.env._("flat sum of the agreed clause"),
                "scale": self.env._("flat sum of the scale of article XIX.4 of the Code of Economic Law"),
                "reduced": self.env._("flat sum of the clause, reduced to the maximum of article XIX.4"),
                "claimed_before": self.env._("flat sum that was claimed before"),
            }.get(packed.get("basis"))
            if basis:
                texts.append(basis)
        texts += filter(None, (self._explain_no_claim(code, packed) for code in reasons))
        return "\n".join(texts)

    @api.model
    def _explain_no_claim(self, code, packed):
        day = packed.get("chargeable_from")
        return {
            "no_free_reminder": self.env._("no free first reminder was delivered yet: nothing may be charged"),
            "waiting_period": self.env._(
                "the fourteen days are not over: charges are possible from %s",
                format_date(self.env, day) if day else "",
            ),
            "paid_in_time": self.env._("paid within the fourteen days: nothing may be charged"),
            "no_clause": self.env._("no clause was agreed: nothing may be charged"),
            "clause_later": self.env._("the clause is younger than the invoice: nothing may be charged"),
            "no_interest_clause": self.env._("the clause asks no interest"),
            "no_compensation_clause": self.env._("the clause asks no flat sum"),
            "interest_above_cap": self.env._("the interest clause exceeds the maximum and falls away (article XIX.4)"),
            "interest_reduced": self.env._("the interest clause was reduced to the maximum (article XIX.4)"),
            "compensation_above_cap": self.env._(
                "the flat sum of the clause exceeds the maximum for this balance and falls away (article XIX.4)"
            ),
            "compensation_reduced": self.env._("the flat sum was reduced to the maximum (article XIX.4)"),
            "legal_rate": self.env._("legal rate, for lack of a valid clause"),
            "compensation_once": self.env._("the flat sum is claimed once per invoice"),
            "compensation_euro": self.env._("no flat sum on invoices in another currency than the euro"),
            "term_above_60": self.env._("the agreed term is above 60 days and unwritten (article 4)"),
            "authority_statutory": self.env._("public authority: the statutory rate, not the agreed one"),
            "insolvent": self.env._("insolvency: nothing is charged"),
            "held": self.env._("on hold: nothing is charged"),
            "disputed": self.env._("disputed: nothing is charged"),
            "not_overdue": self.env._("not overdue yet"),
            "paid_when_due": self.env._("paid when it fell due: nothing is charged"),
            "terms_later": self.env._("the clause is younger than the invoice: the law itself applies"),
            "frozen": self.env._("as of the day before the judgment"),
            "clause_void": self.env._("one part of the clause exceeds the maximum, so the whole clause falls away"),
        }.get(code)

    @api.model
    def _bank_data_warning(self, company):
        root = company._followup_root()
        days = root.followup_freshness_days
        today = root._followup_today()
        newest = selection.newest_bank_data(self.env, root.id, today)
        if not days:
            return False
        if newest is None:
            return self.env._("There are no bank data: check first whether the customer paid.")
        if (today - newest).days > days:
            return self.env._(
                "The last bank data are of %(date)s. Import the bank statement: the customer may have paid.",
                date=format_date(self.env, newest),
            )
        return False
