from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, config, format_datetime

from ..models.res_company_brake import BOUNCE_DAYS

#: A night that is so many hours late did not run.
LATE_HOURS = 26
CRONS = {
    "night": "l10n_be_followup.ir_cron_followup_night",
    "queue": "mail.ir_cron_mail_scheduler_action",
    "text": "l10n_be_followup.ir_cron_followup_text",
    "suspend": "l10n_be_followup.followup_cron_suspend",
    "event": "l10n_be_followup.ir_cron_followup_service_event",
}


class FollowupHealth(models.Model):
    """How follow-up stands, one row per main company. Nothing is stored: every look asks the database.

    The figures of all companies together take a fixed number of queries, each on an index.
    """

    _name = "followup.health"
    _description = "Follow-up Health"
    _auto = False
    _order = "company_id"
    _rec_name = "company_id"

    company_id = fields.Many2one("res.company", readonly=True)
    status = fields.Selection(
        [("stopped", "Stopped"), ("problem", "To look at"), ("fine", "Fine")], compute="_compute_figures"
    )
    problems = fields.Text(compute="_compute_figures")
    mode = fields.Selection([("live", "Live"), ("safe", "Safe mode")], compute="_compute_figures")
    stop_text = fields.Char(compute="_compute_figures")
    brake_ids = fields.Many2many("followup.brake", string="Brakes That Hold", compute="_compute_figures")
    # The night
    run_id = fields.Many2one("followup.run", "Last Night", compute="_compute_figures")
    run_state = fields.Selection(
        [("running", "Running"), ("done", "Done"), ("failed", "Stopped")],
        "State of the Night",
        compute="_compute_figures",
    )
    run_date = fields.Datetime("Last Run", compute="_compute_figures")
    run_seconds = fields.Float("Seconds", compute="_compute_figures", digits=(16, 1))
    run_prepared = fields.Integer("Prepared", compute="_compute_figures")
    run_failures = fields.Integer("Failures of the Night", compute="_compute_figures")
    next_run = fields.Datetime(compute="_compute_figures")
    cron_active = fields.Boolean("Nightly Job Is Active", compute="_compute_figures")
    # What waits, and what went wrong
    queue_count = fields.Integer("Waiting in the Mail Queue", compute="_compute_figures")
    queue_failed = fields.Integer("Failed in the Mail Queue", compute="_compute_figures")
    oldest_date = fields.Datetime("Oldest Unsent", compute="_compute_figures", help="Of what may leave by now.")
    oldest_age = fields.Char("Unsent Since", compute="_compute_figures")
    review_count = fields.Integer("To Review", compute="_compute_figures")
    held_count = fields.Integer("Held Back", compute="_compute_figures")
    twin_count = fields.Integer("Sent Already", compute="_compute_figures")
    failed_count = fields.Integer("Customers with a Failure", compute="_compute_figures")
    unknown_count = fields.Integer("Unknown, to Check", compute="_compute_figures")
    sent_today = fields.Integer("Left Today", compute="_compute_figures")
    bounce_share = fields.Float("Returned (%)", compute="_compute_figures", digits=(16, 1))
    bounce_text = fields.Char("Returned E-mails", compute="_compute_figures")
    print_count = fields.Integer("Letters to Print", compute="_compute_figures")
    post_count = fields.Integer("Printed, Not Posted", compute="_compute_figures")
    approve_count = fields.Integer("Suspensions to Approve", compute="_compute_figures")
    suspended_count = fields.Integer("Suspended Services", compute="_compute_figures")
    event_count = fields.Integer("Events Not Delivered", compute="_compute_figures")

    @property
    def _table_query(self):
        return SQL("SELECT id, id AS company_id FROM res_company WHERE parent_id IS NULL AND active")

    # Figures

    @api.depends_context("lang", "tz")
    def _compute_figures(self):
        companies = self.company_id.sudo()
        now = fields.Datetime.now()
        crons = self._crons()
        runs, notices = self._last_runs(companies), self._notice_figures(companies, now)
        queue, rest = self._queue_figures(companies, now), self._other_figures(companies)
        bounces = companies._followup_bounce_figures(now - timedelta(days=BOUNCE_DAYS))
        brakes = self.env["followup.brake"].search([("company_id", "in", companies.ids), ("state", "=", "holding")])
        server = self._has_mail_server()
        for health in self:
            company = health.company_id.sudo()
            run = runs.get(company.id, self.env["followup.run"])
            sent, returned = bounces.get(company.id, (0, 0))
            own = brakes.filtered(lambda brake, company=company: brake.company_id == company)
            stop = own.filtered(lambda brake: brake.kind == "stop")
            night = crons["night"]
            health.update(
                {
                    **notices[company.id],
                    **queue[company.id],
                    **rest[company.id],
                    "mode": "live" if company.followup_live else "safe",
                    "stop_text": stop.description or False,
                    "brake_ids": [fields.Command.set(own.ids)],
                    "run_id": run.id,
                    "run_state": run.state,
                    "run_date": run.started,
                    "run_seconds": run.seconds,
                    "run_prepared": run.notice_count,
                    "run_failures": run.failure_count,
                    "next_run": night.nextcall,
                    "cron_active": night.active,
                    "bounce_share": 100.0 * returned / sent if sent else 0.0,
                    "bounce_text": self.env._(
                        "%(returned)s of %(sent)s in seven days", returned=returned, sent=sent
                    ),
                }
            )  # fmt: skip
            health.oldest_age = health._age(health.oldest_date, now)
            problems = health._problems(company, run, crons, server, now)
            health.problems = "\n".join(problems) or False
            health.status = "stopped" if stop else "problem" if problems or own else "fine"

    def _problems(self, company, run, crons, server, now):
        """:return: list of sentences, each with the cure"""
        self.ensure_one()
        words = []
        for cron in crons.values():
            if not cron.active:
                words.append(
                    self.env._(
                        "The job %s is switched off: activate it in Settings > Technical > Scheduled Actions.",
                        cron.name,
                    )
                )
        night = crons["night"]
        if night.active and night.nextcall < now - timedelta(hours=1):
            words.append(
                self.env._("The nightly run is late: Odoo's scheduled jobs do not run. Ask who runs the server.")
            )
        elif run and run.started < now - timedelta(hours=LATE_HOURS):
            words.append(self.env._("No night has run since %s.", format_datetime(self.env, run.started)))
        if run and run.state == "failed":
            words.append(self.env._("The last night stopped: %s", run.message or ""))
        if run and run.state == "running" and (run.heartbeat or run.started) < now - timedelta(hours=1):
            words.append(self.env._("The last night was interrupted. The next one goes on where it was."))
        if not company.followup_cutoff_date:
            words.append(
                self.env._("No night prepares anything: choose from which due date on invoices are followed up.")
            )
        if not server:
            words.append(
                self.env._("There is no outgoing mail server: add one in Settings > Technical > Outgoing Mail Servers.")
            )
        if company.followup_bounce_warning:
            words.append(company.followup_bounce_warning)
        if self.unknown_count:
            words.append(
                self.env._(
                    "Of %s messages it is unknown whether they arrived: look them up, and say so.", self.unknown_count
                )
            )
        if self.queue_failed:
            words.append(self.env._("%s e-mails failed in the mail queue.", self.queue_failed))
        if self.event_count:
            words.append(
                self.env._("%s events were not delivered to the system that delivers the services.", self.event_count)
            )
        return words

    @api.model
    def _age(self, moment, now):
        if not moment:
            return False
        hours = int((now - moment).total_seconds() // 3600)
        if hours < 48:
            return self.env._("%s hours", hours)
        return self.env._("%s days", hours // 24)

    @api.model
    def _crons(self):
        return {name: self.env.ref(xmlid).sudo() for name, xmlid in CRONS.items()}

    @api.model
    def _has_mail_server(self):
        servers = self.env["ir.mail_server"].sudo().search_count([], limit=1)
        return bool(servers) or (config.get("smtp_server") or "localhost") != "localhost"

    @api.model
    def _last_runs(self, companies):
        self.env["followup.run"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT company.id, (SELECT run.id FROM followup_run run
                                        WHERE run.company_id = company.id AND run.preview IS NOT TRUE
                                     ORDER BY run.id DESC LIMIT 1)
                     FROM res_company company WHERE company.id = ANY(%s)""",
                companies.ids,
            )
        )
        runs = self.env["followup.run"].sudo().browse([run_id for _company, run_id in rows if run_id])
        return {company_id: runs.browse(run_id) for company_id, run_id in rows if run_id}

    @api.model
    def _notice_figures(self, companies, now):
        """By company, from indexes of states that few messages are in at a time; never over all that was ever sent."""
        self.env["followup.notice"].flush_model()
        result = {
            company.id: dict.fromkeys(
                (
                    "review_count",
                    "held_count",
                    "twin_count",
                    "unknown_count",
                    "print_count",
                    "post_count",
                    "sent_today",
                ),
                0,
            )
            | {"oldest_date": False}
            for company in companies
        }
        for company_id, state, channel, count, held, twins, oldest in self.env.execute_query(
            SQL(
                """SELECT company_id, state, channel, count(*),
                          count(*) FILTER (WHERE held_by IS NOT NULL), count(*) FILTER (WHERE twin_id IS NOT NULL),
                          min(COALESCE(scheduled_date, create_date)) FILTER (
                              WHERE held_by IS NULL AND COALESCE(scheduled_date, create_date) <= %s)
                     FROM followup_notice
                    WHERE company_id = ANY(%s) AND state IN ('review', 'queued', 'printed', 'unknown', 'sending')
                      AND channel <> 'call'
                 GROUP BY company_id, state, channel""",
                now,
                companies.ids,
            )
        ):
            own = result[company_id]
            if state == "review":
                own["review_count"] += count
                own["twin_count"] += twins
            elif state == "queued":
                own["held_count"] += held
                own["print_count"] += count if channel == "letter" else 0
                if oldest and channel != "letter":
                    own["oldest_date"] = min(own["oldest_date"] or oldest, oldest)
            elif state == "printed":
                own["post_count"] += count
            elif state == "unknown":
                own["unknown_count"] += count
        for company in companies:
            day = company._followup_day_start(company._followup_today())
            [[result[company.id]["sent_today"]]] = self.env.execute_query(
                SQL(
                    "SELECT count(*) FROM followup_notice WHERE company_id = %s AND claim_date >= %s AND state <> 'failed'",
                    company.id,
                    day,
                )
            )
        return result

    @api.model
    def _queue_figures(self, companies, now):
        """Mails of notices that wait or failed in Odoo's own queue."""
        self.env["mail.mail"].flush_model()
        result = {company.id: {"queue_count": 0, "queue_failed": 0} for company in companies}
        for company_id, state, count in self.env.execute_query(
            SQL(
                """SELECT notice.company_id, mail.state, count(*)
                     FROM mail_mail mail
                     JOIN followup_notice notice ON notice.id = COALESCE(mail.followup_notice_id, mail.followup_copy_notice_id)
                    WHERE mail.state IN ('outgoing', 'exception') AND notice.company_id = ANY(%s)
                      AND (mail.state = 'outgoing' OR notice.state IN ('queued', 'sending', 'unknown')
                           OR mail.followup_copy_notice_id IS NOT NULL)
                 GROUP BY notice.company_id, mail.state""",
                companies.ids,
            )
        ):
            result[company_id]["queue_count" if state == "outgoing" else "queue_failed"] += count
        return result

    @api.model
    def _other_figures(self, companies):
        for name in ("followup.customer", "followup.suspension", "followup.service.event"):
            self.env[name].flush_model()
        return {
            company_id: {
                "failed_count": failed,
                "approve_count": approve,
                "suspended_count": suspended,
                "event_count": events,
            }
            for company_id, failed, approve, suspended, events in self.env.execute_query(
                SQL(
                    """SELECT company.id,
                              (SELECT count(*) FROM followup_customer
                                WHERE company_id = company.id AND state = 'failed'),
                              (SELECT count(*) FROM followup_suspension WHERE company_id = company.id AND ready),
                              (SELECT count(*) FROM followup_suspension
                                WHERE company_id = company.id AND state = 'suspended'),
                              (SELECT count(*) FROM followup_service_event
                                WHERE company_id = company.id AND state = 'failed')
                         FROM res_company company WHERE company.id = ANY(%s)""",
                    companies.ids,
                )
            )
        }

    # Where the figures lead

    @api.model
    def action_open(self):
        """The page of the company, or the cards of several."""
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_health_action")
        mine = self.search([], limit=2)
        if len(mine) == 1:
            action |= {"res_id": mine.id, "view_mode": "form", "views": [(False, "form")]}
        return action

    def _action(self, name, domain, **values):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(f"l10n_be_followup.{name}")
        return action | {"domain": [("company_id", "=", self.company_id.id), *domain], "context": {}, **values}

    def action_open_run(self):
        self.ensure_one()
        if not self.run_id:
            raise UserError(self.env._("No night has run yet."))
        return self.run_id.get_formview_action()

    def action_open_runs(self):
        return self._action("followup_run_action", [("preview", "=", False)])

    def action_open_queue(self):
        return self._action(
            "followup_notice_action", [("state", "in", ("queued", "sending")), ("channel", "!=", "call")]
        )

    def action_open_queue_failed(self):
        return self._action("followup_notice_action", [("mail_ids.state", "=", "exception")])

    def action_open_review(self):
        return self._action("followup_notice_action_review", [("state", "=", "review")], context={"followup_review": 1})

    def action_open_held(self):
        return self._action("followup_notice_action", [("held_by", "!=", False), ("state", "=", "queued")])

    def action_open_twins(self):
        return self._action("followup_notice_action", [("twin_id", "!=", False), ("state", "=", "review")])

    def action_open_failed(self):
        return self._action("followup_customer_action", [("state", "=", "failed")])

    def action_open_unknown(self):
        return self._action("followup_notice_action", [("state", "=", "unknown")])

    def action_open_bounced(self):
        return self._action("followup_notice_action", [("state", "=", "bounced")])

    def action_open_print(self):
        return self._action("followup_notice_action_letters", [("channel", "=", "letter"), ("state", "=", "queued")])

    def action_open_post(self):
        return self._action("followup_notice_action_letters", [("channel", "=", "letter"), ("state", "=", "printed")])

    def action_open_approve(self):
        return self._action("followup_suspension_action_approve", [("ready", "=", True)])

    def action_open_suspended(self):
        return self._action("followup_suspension_action", [("state", "=", "suspended")])

    def action_open_events(self):
        return self._action("followup_service_event_action", [("state", "=", "failed")])

    # For monitoring tools

    def _as_dict(self):
        """:return: list of dict, for JSON"""
        names = (
            "status", "mode", "run_date", "run_state", "run_seconds", "run_prepared", "run_failures", "next_run",
            "cron_active", "queue_count", "queue_failed", "oldest_date", "review_count", "held_count", "twin_count",
            "failed_count", "unknown_count", "sent_today", "bounce_share", "print_count", "post_count", "approve_count",
            "suspended_count", "event_count",
        )  # fmt: skip
        result = []
        for health in self:
            row = {"company": health.company_id.name, "company_id": health.company_id.id}
            for name in names:
                value = health[name]
                if health._fields[name].type == "datetime":
                    value = f"{value.isoformat()}Z" if value else None
                row[name] = value
            row["problems"] = (health.problems or "").splitlines()
            row["brakes"] = health.brake_ids.mapped("kind")
            result.append(row)
        return result
