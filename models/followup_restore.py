import logging
import os
from datetime import timedelta
from pathlib import Path

import psycopg2
from odoo import api, fields, models, modules
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, config, email_normalize, format_datetime, mute_logger

from ..engine import restore
from ..engine.journal import Journal, collect

_logger = logging.getLogger(__name__)

#: Another folder for the journal, on another disk or shared by several machines.
FOLDER = "L10N_BE_FOLLOWUP_JOURNAL"
MANAGER = "l10n_be_followup.l10n_be_followup_group_manager"
_HOME = "l10n_be_followup.home"
_ALIVE = "l10n_be_followup.alive"
KINDS = [
    ("missing", "Messages are missing"),
    ("moved", "Restored or moved"),
    ("silence", "No sign of life"),
    ("told", "Somebody said so"),
]


class FollowupRestore(models.Model):
    """A question to a manager: is this an older state of the database? Nothing leaves until it is answered.

    Two independent signs. The journal (`engine.journal`) lies beside the database and names what left; an entry that the database
    does not know proves that it was restored. Where there is no journal, PostgreSQL's own numbers of the database and its table tell
    that it was made anew, and a long silence of the scheduled actions that it stood still (`engine.restore`).
    """

    _name = "followup.restore"
    _description = "Restored Backup"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "company_id"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    kind = fields.Selection(KINDS, "Sign", required=True, readonly=True)
    state = fields.Selection(
        [("open", "To answer"), ("settled", "Answered")], required=True, readonly=True, default="open", tracking=True
    )
    found_date = fields.Datetime("Found On", readonly=True, default=fields.Datetime.now)
    since = fields.Datetime(readonly=True, help="From here on something may be missing in this database.")
    question = fields.Text(compute="_compute_question")
    line_ids = fields.One2many("followup.restore.line", "restore_id", "Left Since", readonly=False)
    line_count = fields.Integer(compute="_compute_line_count")
    confirm_free = fields.Boolean(
        "The free first reminders to consumers can be proved",
        help="Only when you can show what was sent, from the mail server for example: their text went with the database. "
        "Without it a consumer gets his free first reminder again after the minimum gap, and nothing is charged before.",
    )
    safe_mode = fields.Boolean(
        "Go on in safe mode",
        compute="_compute_safe_mode",
        store=True,
        readonly=False,
        help="Each message waits for a person, until you switch live mode on again in the settings.",
    )
    settled_by_id = fields.Many2one("res.users", "Answered By", readonly=True, ondelete="set null")
    settled_date = fields.Datetime("Answered On", readonly=True)

    _one_open = models.UniqueIndex("(company_id) WHERE state = 'open'", "This question is open already.")

    @api.depends("kind")
    def _compute_safe_mode(self):
        for question in self:
            question.safe_mode = question.kind not in ("missing", "silence")

    def _compute_line_count(self):
        counts = dict(
            self.env["followup.restore.line"]._read_group([("restore_id", "in", self.ids)], ["restore_id"], ["__count"])
        )
        for question in self:
            question.line_count = counts.get(question, 0)

    @api.depends("kind", "since", "line_ids")
    def _compute_question(self):
        for question in self:
            since = format_datetime(self.env, question.since, dt_format="short") if question.since else ""
            if question.kind == "missing":
                text = self.env._(
                    "%(count)s messages of %(company)s left that this database does not know: it seems to be a backup from "
                    "before %(since)s that was restored. They are listed below.",
                    count=question.line_count,
                    company=question.company_id.name,
                    since=since,
                )
            elif question.kind == "moved":
                text = self.env._(
                    "This database was restored or moved since the last message of %(company)s (%(since)s), and the journal "
                    "of what left is not there. Nobody can see here what was sent in the meantime.",
                    company=question.company_id.name,
                    since=since or "-",
                )
            elif question.kind == "silence":
                text = self.env._(
                    "Follow-up gave no sign of life since %(since)s. When the server was off, answer that nothing was sent; "
                    "when a backup was restored, check first what left in the meantime.",
                    since=since,
                )
            else:
                text = self.env._("Somebody said that a backup was restored, from %s.", since or "-")
            question.question = text

    # Rights

    def _check_manager(self):
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only a follow-up manager answers what happens after a backup was restored."))

    def write(self, vals):
        """What was found is a record; the answer is the manager's."""
        allowed = {"confirm_free", "safe_mode", "line_ids"}
        if not self.env.su and any(
            name not in allowed and self._fields[name].store and not name.startswith(("activity_", "message_"))
            for name in vals
        ):
            raise AccessError(self.env._("What was found cannot be changed: answer it with its button."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("Restored backups are history and cannot be deleted."))

    # Look

    @api.model
    def _journal(self, uuid):
        """The journal of this database; None in tests, which share one folder and take everything back."""
        folder = os.environ.get(FOLDER)
        if not folder:
            if modules.module.current_test:
                return None
            folder = Path(config["data_dir"]) / "followup_journal"
        return Journal(folder, uuid, self.env.cr.dbname)

    @api.model
    def _uuid(self):
        return self.env["ir.config_parameter"].sudo().get_param("database.uuid") or "none"

    @api.model
    def _home(self):
        """:return: (`engine.restore.Home` now, the one that was signed or None, last sign of life or None), in one query"""
        [[database, table, uuid, signed, alive]] = self.env.execute_query(
            SQL(
                """SELECT (SELECT oid::bigint FROM pg_database WHERE datname = current_database()),
                          'followup_notice'::regclass::oid::bigint,
                          (SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'),
                          (SELECT value FROM ir_config_parameter WHERE key = %s),
                          (SELECT value FROM ir_config_parameter WHERE key = %s)""",
                _HOME,
                _ALIVE,
            )
        )
        home = restore.Home(uuid or "none", database, table)
        known = None
        if signed:
            parts = signed.split(" ")
            known = restore.Home(parts[0], int(parts[1]), int(parts[2]))
        return home, known, fields.Datetime.from_string(alive) if alive else None

    @api.model
    def _write_parameter(self, key, value):
        """Past the cache of parameters, which every worker would fill again, and never in anybody's way."""
        statement = SQL(
            """INSERT INTO ir_config_parameter (key, value, create_uid, write_uid, create_date, write_date)
               VALUES (%(key)s, %(value)s, %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')
                   ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, write_date = EXCLUDED.write_date""",
            key=key,
            value=value,
            uid=self.env.uid,
        )
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(statement, log_exceptions=False)
        except psycopg2.errors.SerializationFailure:
            _logger.debug("Another process writes %s at this very moment", key)

    @api.model
    def _known(self, entries, cr=None):
        """Ids of these entries that the database knows as they are in the journal, or that were found missing before."""
        cr = cr or self.env.cr
        ids = [entry["id"] for entry in entries]
        cr.execute("SELECT id, claim_date FROM followup_notice WHERE id = ANY(%s) AND claim_date IS NOT NULL", [ids])
        claimed = dict(cr.fetchall())
        cr.execute(
            "SELECT attempt FROM followup_restore_line WHERE attempt = ANY(%s)",
            [[e.get("attempt") or "" for e in entries]],
        )
        listed = {row[0] for row in cr.fetchall()}
        return {
            entry["id"]
            for entry in entries
            if entry.get("attempt") in listed
            or (entry["id"] in claimed and claimed[entry["id"]] >= fields.Datetime.from_string(entry["claimed"]))
        }

    @api.model
    def _knows_last(self, journal):
        """Whether the last entry of a journal is known here; None without any.

        What another process noted a moment ago may not be visible in this transaction: a fresh one is asked before an alarm.
        """
        entry = journal.last()
        if entry is None:
            return None
        if self._known([entry]):
            return True
        with self.env.registry.cursor() as cr:
            return bool(self._known([entry], cr))

    @api.model
    def _stands_still(self, company, automatic=True):
        """Look whether this database is the one that sent the last messages. When in doubt a question is opened.

        :param automatic: nobody asked for it: a long silence counts too
        :return: whether nothing may leave now
        """
        root = company._followup_root()
        if self._open_for(root):
            return True
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            return False  # never sends anyway
        self.env["followup.notice"].flush_model(["claim_date"])
        home, signed, alive = self._home()
        journal = self._journal(home.uuid)
        own = self._knows_last(journal) if journal else None
        others = None
        if journal and own is None and signed and home != signed:
            known = [answer for answer in map(self._knows_last, journal.others()) if answer is not None]
            others = any(known) if known else None
        signs = restore.Signs(home, signed, own, others, alive)
        found = restore.judge(signs, fields.Datetime.now(), automatic)
        if found == "copy":
            self._is_copy(home)
            return False
        if found:
            self._ask(found, journal, alive if found == "silence" else None)
            # Also when the question is another process's and not visible here yet.
            return True
        return False

    @api.model
    def _sign(self):
        """Something leaves: remember which database it was. In the transaction of the claim."""
        home, signed, _alive = self._home()
        if home != signed:
            self._write_parameter(_HOME, f"{home.uuid} {home.database} {home.table}")

    @api.model
    def _live(self):
        """A sign of life of the scheduled actions; now and then is enough."""
        _home, _signed, alive = self._home()
        now = fields.Datetime.now()
        if alive is None or not timedelta() <= now - alive < timedelta(minutes=10):
            self._write_parameter(_ALIVE, fields.Datetime.to_string(now))

    @api.model
    def _forget(self):
        """The add-on goes: its journal and its signature are no signs any more."""
        self.env.cr.execute("DELETE FROM ir_config_parameter WHERE key IN (%s, %s)", [_HOME, _ALIVE])
        journal = self._journal(self._uuid())
        if journal is None or journal.last() is None:
            return
        now = fields.Datetime.to_string(fields.Datetime.now()).replace(" ", "T")
        try:
            journal.append({"at": now, "what": "reset", "id": 0})
        except OSError as error:
            _logger.warning("followup: event=journal error=%s", error)

    @api.model
    def _reserve_numbers(self, numbers):
        """No new notice gets the number of one that a customer has already."""
        if numbers:
            self.env.cr.execute(
                "SELECT setval('followup_notice_id_seq', GREATEST(last_value, %s)) FROM followup_notice_id_seq",
                [max(numbers)],
            )

    @api.model
    def _cron_watch(self):
        """Each hour: look for signs of a restored backup, and give a sign of life."""
        for company in self.env["res.company"].sudo().search([("parent_id", "=", False)]):
            if self._concerns(company):
                self._stands_still(company)
        self._live()
        self.env["ir.cron"]._commit_progress()

    @api.model
    def _is_copy(self, home):
        """A copy with an identity of its own, made by Odoo: it begins in safe mode, as after an installation."""
        live = self.env["res.company"].sudo().search([("followup_live", "=", True)])
        live.followup_live = False
        self._write_parameter(_HOME, f"{home.uuid} {home.database} {home.table}")
        if live:
            _logger.warning(
                "followup: event=copy database=%s: this is a copy of another database, safe mode is on for %s",
                self.env.cr.dbname,
                ", ".join(live.mapped("name")),
            )

    # Ask

    @api.model
    def _open_for(self, root):
        return self.sudo().search([("company_id", "=", root.id), ("state", "=", "open")], limit=1)

    @api.model
    def _concerns(self, root):
        """Whether this company writes to customers, or did."""
        return root.followup_live or bool(
            self.env["followup.notice"]
            .sudo()
            .search_count([("company_id", "=", root.id), ("claim_date", "!=", False)], limit=1)
        )

    @api.model
    def _ask(self, kind, journal=None, since=None):
        """Open the question for every company that it concerns; once, whatever runs at the same time.

        :return: the questions that are open now
        """
        entries = []
        if kind == "missing":
            for one in [journal, *journal.others()]:
                entries += collect(one.backwards(), self._known)
        self._reserve_numbers([entry["id"] for entry in entries])
        asked = self.browse()
        for root in self.env["res.company"].sudo().search([("parent_id", "=", False)]):
            own = [entry for entry in entries if entry.get("company") == root.id]
            if not own and not self._concerns(root):
                continue
            question = self._open_for(root)
            if not question:
                try:
                    with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                        first = (
                            fields.Datetime.from_string(own[0]["claimed"]) if own else since or self._last_claim(root)
                        )
                        question = self.sudo().create({"company_id": root.id, "kind": kind, "since": first})
                        question.line_ids = [fields.Command.create(v) for v in map(question._prepare_line, own)]
                except psycopg2.errors.UniqueViolation:
                    self.env.invalidate_all()
                    continue
                question._tell_managers()
            asked |= question
        _logger.warning(
            "followup: event=restored database=%s kind=%s messages=%s: nothing leaves until a manager answers",
            self.env.cr.dbname,
            kind,
            len(entries),
        )
        return asked

    @api.model
    def _last_claim(self, root):
        return (
            self.env["followup.notice"]
            .sudo()
            .search([("company_id", "=", root.id), ("claim_date", "!=", False)], order="claim_date desc", limit=1)
            .claim_date
        )

    def _prepare_line(self, entry):
        """Values of a line from a joined entry of the journal (`engine.journal.collect`)."""
        customer = self.env["followup.customer"]
        partner = self.env["res.partner"].sudo().browse(entry.get("partner") or []).exists()
        # The same number may belong to somebody else by now.
        if partner and (
            partner.display_name == entry.get("who")
            or (partner.email_normalized and partner.email_normalized == email_normalize(entry.get("to") or ""))
        ):
            customer = customer.sudo()._for_partner(partner, self.company_id)
        return {
            "attempt": entry["attempt"],
            "notice_number": entry["id"],
            "name": entry.get("name"),
            "channel": entry.get("channel"),
            "customer_name": entry.get("who"),
            "customer_id": customer.id,
            "left_date": fields.Datetime.from_string(entry["claimed"]),
            "result": entry.get("result") or "unknown",
            "message_id": entry.get("message"),
            "content": entry,
            "count": entry.get("result") != "failed",
        }

    def _tell_managers(self):
        """One task for each manager of the company."""
        self.ensure_one()
        managers = (
            self.env.ref(MANAGER)
            .sudo()
            .all_user_ids.filtered(lambda user: user.active and not user.share and self.company_id in user.company_ids)
        )
        for user in managers:
            self.with_context(mail_activity_quick_update=True).activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Was a backup restored?"),
                note=self.question,
                user_id=user.id,
            )
        self._message_log(body=self.question)

    @api.model
    def action_say_restored(self):
        """A manager knows that a backup was restored: nothing leaves until he has answered the questions about it."""
        self.browse()._check_manager()
        root = self.env.company._followup_root()
        question = self._open_for(root)
        if not question:
            engine = self.sudo()
            journal = engine._journal(engine._uuid())
            own = engine._knows_last(journal) if journal else None
            question = engine._ask("missing" if own is False else "told", journal) & engine._open_for(root)
            question = question or engine.create({"company_id": root.id, "kind": "told"})
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": question.id,
            "views": [(False, "form")],
        }

    def _later(self):
        return fields.Datetime.now() + timedelta(hours=1)
