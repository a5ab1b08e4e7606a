from collections import defaultdict
from dataclasses import dataclass

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ..engine import reminder_file
from ..engine.decision import KIND_RANK
from ..legal.consumer import waiting_period


@dataclass(slots=True)
class Target:
    """An open item that a line means, with what is known of it."""

    item_id: int
    move_id: int
    name: str
    customer_id: int
    partner_id: int
    due: object
    episode: int
    currency_id: int
    residual: float
    no_followup: bool
    regime: str
    invoiced: object
    own_kind: str | None
    own_name: str | None
    own_day: object
    under_way: bool
    prior_import: str | None
    prior_level: int | None
    prior_name: str | None
    prior_day: object


class FollowupReminderImport(models.Model):
    """Find the customer, the invoice, the items and the level of every line, in a fixed number of queries."""

    _inherit = "followup.reminder.import"

    def _check(self, synchronise=True):
        """Write a fresh line per item, or per bad line of the file."""
        self.ensure_one()
        if self.state in ("done", "undone"):
            return
        root = self.company_id._followup_root()
        self.line_ids.unlink()
        self.write({"file_problem": False, "ignored": False, "state": "checked"})
        if synchronise:
            self.env["followup.engine"]._synchronise(root)
        if self.source == "bulk":
            values = self._check_bulk(root)
        else:
            try:
                content = reminder_file.read(self._content())
            except reminder_file.FileError as error:
                self.file_problem = self._file_text(error)
                return
            self.ignored = ", ".join(content.ignored)
            values = self._check_rows(root, content.rows)
        self.env["followup.reminder.import.line"].create([dict(vals, import_id=self.id) for vals in values])

    # A file

    def _check_rows(self, root, rows):
        texts = self._problem_texts()
        whole = [row for row in rows if not row.problems]
        partners = self._find_partners(whole)
        moves = self._find_moves(root, whole)
        targets = self._find_targets(root, SQL("aml.move_id = ANY(%s)", [m["id"] for ms in moves.values() for m in ms]))
        by_move = defaultdict(list)
        for target in targets:
            by_move[target.move_id].append(target)
        levels = self._level_finder(root, targets)
        today = root._followup_today()
        said, taken = {}, {}
        for row in rows:
            if row.problems:
                words = [
                    texts[code] % {"detail": f"“{detail}”", "column": self._column_name(detail)}
                    for code, detail in row.problems
                ]
                yield self._bad(row, " ".join(words))
                continue
            key = (row.values["invoice"].upper(), row.values.get("due_date"))
            content = {name: value for name, value in row.values.items() if name not in ("invoice", "due_date")}
            if key in said:
                line, before = said[key]
                code = "duplicate" if before == content else "conflict"
                yield self._bad(row, texts[code] % {"line": line})
                continue
            said[key] = (row.number, content)
            found = self._match(root, row, partners, moves, by_move)
            if isinstance(found, tuple):
                yield self._bad(row, texts[found[0]] % found[1])
                continue
            results = []
            for target in found:
                if target.item_id in taken:
                    results = [("conflict", {"line": taken[target.item_id]})]
                    break
                level = levels(target, row.values["level"], row.values["invoice"])
                if isinstance(level, tuple):
                    results = [level]
                    break
                results.append(self._judge(root, target, level, row.values["date"], row.values.get("first"), today))
            problems = [result for result in results if isinstance(result, tuple)]
            if problems:
                code, detail = problems[0]
                yield self._bad(row, texts[code] % ({"detail": row.values["invoice"]} | detail))
                continue
            for target in found:
                taken[target.item_id] = row.number
            for result in results:
                yield dict(result, number=row.number, raw=list(row.raw))

    def _bad(self, row, message):
        return {"number": row.number, "raw": list(row.raw), "status": "error", "message": message}

    def _find_partners(self, rows):
        """Commercial partners by what a line may call them.

        :rtype: dict (column, text) -> set of ids
        """
        names = {row.values["customer"].strip().lower() for row in rows if row.values.get("customer")}
        refs = {
            row.values[c].strip().lower() for row in rows for c in ("customer", "customer_ref") if row.values.get(c)
        }
        numbers = {
            "".join(char for char in row.values[c] if char.isalnum()).upper()
            for row in rows
            for c in ("customer", "vat")
            if row.values.get(c)
        } - {""}
        self.env["res.partner"].flush_model()
        result = defaultdict(set)
        for partner, name, ref, vat, registry in self.env.execute_query(
            SQL(
                """WITH known AS (
                    SELECT commercial_partner_id AS id, lower(trim(name)) AS name, lower(trim(ref)) AS ref,
                           upper(regexp_replace(vat, '[^A-Za-z0-9]', '', 'g')) AS vat,
                           upper(regexp_replace(company_registry, '[^A-Za-z0-9]', '', 'g')) AS registry
                      FROM res_partner WHERE company_id IS NULL OR company_id IN %(companies)s)
                SELECT * FROM known
                 WHERE name = ANY(%(names)s) OR ref = ANY(%(refs)s) OR registry = ANY(%(numbers)s)
                    OR vat = ANY(%(numbers)s) OR (vat LIKE 'BE%%' AND substr(vat, 3) = ANY(%(numbers)s))""",
                companies=tuple(self.env["res.company"].sudo().search([("id", "child_of", self.company_id.id)]).ids),
                names=list(names),
                refs=list(refs),
                numbers=list(numbers),
            )
        ):
            for column, texts in (
                ("customer", (name, ref, vat, registry)),
                ("customer_ref", (ref,)),
                ("vat", (vat, registry)),
            ):
                for text in filter(None, texts):
                    result[column, text].add(partner)
                if column != "customer_ref" and (vat or "").startswith("BE"):
                    result[column, vat[2:]].add(partner)
        return result

    def _partners_of(self, values, partners):
        """Ids that fit all that the line says, and how it calls him."""
        ids, names = None, []
        for column in reminder_file.WHO:
            text = values.get(column)
            if not text:
                continue
            names.append(text)
            number = "".join(char for char in text if char.isalnum()).upper()
            keys = {"customer": {text.strip().lower(), number}, "vat": {number}, "customer_ref": {text.strip().lower()}}
            fit = set().union(*(partners.get((column, key), set()) for key in keys[column] if key))
            ids = fit if ids is None else ids & fit
        return ids or set(), ", ".join(names)

    def _find_moves(self, root, rows):
        """Entries by the numbers that the lines name: the own number first, else the reference of an entry.

        :rtype: dict number -> list of dicts
        """
        numbers = list({row.values["invoice"].upper() for row in rows})
        self.env["account.move"].flush_model()
        by_name, by_ref = defaultdict(list), defaultdict(list)
        for move_id, name, ref, is_own, state, kind, partner, paid in self.env.execute_query(
            SQL(
                """SELECT move.id, upper(move.name), upper(move.ref), split_part(company.parent_path, '/', 1)::int = %(root)s,
                          move.state, move.move_type, move.commercial_partner_id, move.payment_state
                     FROM account_move move
                     JOIN res_company company ON company.id = move.company_id
                    WHERE upper(move.name) = ANY(%(numbers)s)
                       OR (upper(move.ref) = ANY(%(numbers)s) AND move.move_type IN ('entry', 'out_invoice'))""",
                root=root.id,
                numbers=numbers,
            )
        ):
            move = {"id": move_id, "own": is_own, "state": state, "type": kind, "partner": partner, "paid": paid}
            (by_name[name] if name in numbers else by_ref[ref]).append(move)
        return {number: by_name.get(number) or by_ref.get(number) or [] for number in numbers}

    def _match(self, root, row, partners, moves, by_move):
        """The items that a line means, or what is wrong with it as (code, values)."""
        values = row.values
        number = values["invoice"]
        ids, called = self._partners_of(values, partners)
        found = moves[number.upper()]
        mine = [move for move in found if move["own"]]
        if not ids:
            return "unknown_customer", {"detail": called}
        if len(ids) > 1:
            return "ambiguous_customer", {"detail": called}
        if not found:
            return "unknown_invoice", {"detail": number}
        if not mine:
            return "other_company", {"detail": number}
        if len(mine) > 1:
            mine = [move for move in mine if move["partner"] in ids] or mine
        if len(mine) > 1:
            return "ambiguous_invoice", {"detail": number}
        [move] = mine
        if move["state"] != "posted":
            return "draft" if move["state"] == "draft" else "cancelled", {"detail": number}
        if move["type"] == "out_refund":
            return "credit_note", {"detail": number}
        if move["type"] not in ("out_invoice", "out_receipt", "entry"):
            return "not_sale", {"detail": number}
        # An entry, as an opening balance, may hold the items of several customers.
        targets = [t for t in by_move[move["id"]] if t.partner_id in ids]
        if not targets and by_move[move["id"]]:
            owner = self.env["res.partner"].browse(by_move[move["id"]][0].partner_id).display_name
            return "other_customer", {"detail": number, "owner": owner}
        if not targets and move["type"] != "entry" and move["partner"] not in ids:
            owner = self.env["res.partner"].browse(move["partner"]).display_name
            return "other_customer", {"detail": number, "owner": owner}
        if not targets:
            return "paid", {"detail": number}
        if all(target.no_followup for target in targets):
            return "no_followup", {"detail": number}
        if due := values.get("due_date"):
            targets = [target for target in targets if target.due == due]
            if not targets:
                return "no_due_date", {"detail": number, "due": format_date(self.env, due)}
        targets = [target for target in targets if not target.no_followup]
        late = [target for target in targets if target.due < values["date"]]
        return late or targets[:1]  # none is late: the judgement says so of the first

    # What is known of the items

    def _find_targets(self, root, where):
        """Open items of the company, in one query.

        :param where: SQL condition on the journal item `aml` and the item `item`
        :rtype: list of `Target`
        """
        for name in ("followup.item", "followup.notice", "followup.notice.line", "followup.reminder.import.line"):
            self.env[name].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT item.id, aml.move_id, move.name, item.customer_id, customer.partner_id, item.date_maturity, item.episode,
                          aml.currency_id, aml.amount_residual_currency, COALESCE(aml.no_followup, FALSE),
                          move.followup_regime, COALESCE(move.invoice_date, move.date),
                          own.level_kind, own.level_name, own.day,
                          EXISTS (SELECT FROM followup_notice_line line
                                    JOIN followup_notice notice ON notice.id = line.notice_id
                                   WHERE line.item_id = item.id AND line.advances AND line.live
                                     AND line.episode = item.episode AND notice.channel <> 'call'
                                     AND (notice.state IN ('sending', 'unknown', 'printed')
                                          OR notice.state = 'queued' AND notice.approved_by IS NOT NULL)),
                          source.name, prior.level_id, prior.level_name, prior.date
                     FROM followup_item item
                     JOIN followup_customer customer ON customer.id = item.customer_id
                     JOIN account_move_line aml ON aml.id = item.move_line_id
                     JOIN account_move move ON move.id = aml.move_id
                LEFT JOIN LATERAL (
                          SELECT line.level_kind, line.level_name,
                                 COALESCE(notice.delivered_on, notice.sent_date::date) AS day
                            FROM followup_notice_line line
                            JOIN followup_notice notice ON notice.id = line.notice_id
                           WHERE line.item_id = item.id AND line.advances AND line.live
                             AND line.episode = item.episode AND notice.state IN ('sent', 'delivered')
                        ORDER BY notice.id DESC LIMIT 1) own ON TRUE
                LEFT JOIN followup_reminder_import_line prior
                       ON prior.item_id = item.id AND prior.episode = item.episode AND prior.live
                LEFT JOIN followup_reminder_import source ON source.id = prior.import_id
                    WHERE item.is_open AND item.company_id = %(root)s AND %(where)s
                 ORDER BY item.date_maturity, item.id""",
                root=root.id,
                where=where,
            )
        )
        return [Target(*row) for row in rows]

    def _level_finder(self, root, targets):
        """A function (target, text of a cell, number) -> `engine.decision.Level`, or (code, values)."""
        policies = self.env["followup.engine"]._policy_finder(root, list({target.customer_id for target in targets}))
        every = self.env["followup.level"].with_context(active_test=False).search([("kind", "!=", "courtesy")])
        names, kinds = defaultdict(set), {}
        for code, _name in self.env["res.lang"].get_installed():
            localized = every.with_context(lang=code)
            for level in localized:
                names[reminder_file.plain(level.name)].add(level.id)
            for kind, label in localized._fields["kind"]._description_selection(localized.env):
                kinds[reminder_file.plain(label)] = kinds[reminder_file.plain(kind)] = kind
        policy_of = {level.id: level.policy_id for level in every}

        def find(target, text, number):
            policy = policies(target.partner_id, target.regime)
            ladder = [level for level in policy.levels if level.kind != "courtesy"] if policy else []
            if not ladder:
                return "no_policy", {"detail": number}
            key = reminder_file.plain(text)
            if key.isdigit() and 0 < int(key) <= len(ladder):
                return ladder[int(key) - 1]
            named = [level for level in ladder if level.id in names.get(key, ())]
            named = named or [level for level in ladder if level.kind == kinds.get(key)]
            if named:
                return named[0]
            own = ", ".join(f"{place}. {self._level_name(level)}" for place, level in enumerate(ladder, 1))
            others = [policy_of[level_id] for level_id in names.get(key, ())]
            if others:
                return "other_policy", {
                    "detail": text,
                    "policy": others[0].name,
                    "own": self.env["followup.policy"].browse(policy.id).name,
                    "levels": own,
                }
            return "unknown_level", {"detail": f"“{text}”", "levels": own}

        find.policies = policies
        return find

    def _level_name(self, level):
        return self.env["followup.level"].browse(level.id).name

    def _judge(self, root, target, level, day, free, today):
        """Values of the line of one item, or what is wrong as (code, values).

        :param level: `engine.decision.Level`
        :param free: the day on which the earlier free first reminder left, or None
        """

        def show(date):
            return format_date(self.env, date)

        if day > today:
            return "future", {"day": show(day)}
        if target.invoiced and day < target.invoiced:
            return "before_invoice", {"day": show(day), "invoiced": show(target.invoiced)}
        if day <= target.due:
            return "before_due", {"day": show(day), "due": show(target.due)}
        if free and free > day:
            return "free_after", {"free": show(free), "day": show(day)}
        if free and free <= target.due:
            return "free_before_due", {"free": show(free), "due": show(target.due)}
        if target.no_followup:
            return "no_followup", {}
        known = (target.prior_level, target.prior_day) == (level.id, day)
        if target.prior_import and not known:
            return "imported_otherwise", {
                "import": target.prior_import,
                "level": target.prior_name,
                "day": show(target.prior_day),
            }
        if target.under_way and not known:
            return "under_way", {}
        if (
            not known
            and target.own_kind
            and (KIND_RANK[target.own_kind] >= KIND_RANK[level.kind] or target.own_day >= day)
        ):
            return "further", {"level": target.own_name or target.own_kind, "day": show(target.own_day)}
        free_day = self._free_day(target, level, day, free)
        kinds = dict(self.env["followup.level"]._fields["kind"]._description_selection(self.env))
        return {
            "status": "known" if target.prior_import else "ok",
            "message": self.env._("Imported before by %s.", target.prior_import) if target.prior_import else False,
            "item_id": target.item_id,
            "customer_id": target.customer_id,
            "move_id": target.move_id,
            "name": target.name,
            "date_maturity": target.due,
            "amount_residual": target.residual,
            "currency_id": target.currency_id,
            "episode": target.episode,
            "level_id": level.id,
            # Who was reminded elsewhere was not called by us: a level without a message goes by its kind.
            "level_name": self._level_name(level) if level.written else kinds[level.kind],
            "level_kind": level.kind,
            "date": day,
            "free_date": free_day,
            "waiting_until": self._free_until(root, free_day) if free_day else False,
        }

    def _free_day(self, target, level, day, free):
        """When the free first reminder to a consumer left; only when a person confirmed that it met article XIX.2."""
        regime = target.regime or self.env["res.partner"].browse(target.partner_id).followup_regime
        if not self.confirm_free or regime != "b2c":
            return False
        return free or (day if level.kind == "first_reminder" else False)

    def _free_until(self, root, day):
        return waiting_period(
            day, self.free_medium, root.followup_saturday_counts, root.followup_extend_period
        ).last_day

    # In bulk

    def _check_bulk(self, root):
        """The items that were chosen, each at the level of the wanted kind; what does not fit is left out, and why."""
        if not (self.bulk_kind and self.bulk_date):
            raise UserError(self.env._("Choose the level that was reached, and the day of the last reminder."))
        if self.bulk_scope == "before":
            if not self.bulk_before:
                raise UserError(self.env._("Choose the day before which everything was reminded."))
            where = SQL("item.date_maturity < %s", self.bulk_before)
        elif self.bulk_scope == "customers":
            if not self.bulk_partner_ids:
                raise UserError(self.env._("Choose the customers who were reminded."))
            where = SQL("customer.partner_id = ANY(%s)", self.bulk_partner_ids.commercial_partner_id.ids)
        else:
            if not self.bulk_move_ids:
                raise UserError(self.env._("Choose the invoices that were reminded."))
            where = SQL("aml.move_id = ANY(%s)", self.bulk_move_ids.ids)
        today = root._followup_today()
        if self.bulk_date > today:
            raise UserError(self._problem_texts()["future"] % {"day": format_date(self.env, self.bulk_date)})
        targets = self._find_targets(root, SQL("item.date_maturity < %s AND %s", today, where))
        levels = self._level_finder(root, targets)
        texts = self._problem_texts()
        for number, target in enumerate(targets, 1):
            level = levels(target, self.bulk_kind, target.name)
            result = level
            if not isinstance(level, tuple):
                result = self._judge(root, target, level, self.bulk_date, self.bulk_free_date, today)
            if isinstance(result, tuple):
                result = {
                    "status": "skipped",
                    "message": texts[result[0]] % ({"detail": target.name} | result[1]),
                    "item_id": target.item_id,
                    "customer_id": target.customer_id,
                    "move_id": target.move_id,
                    "name": target.name,
                    "date_maturity": target.due,
                    "amount_residual": target.residual,
                    "currency_id": target.currency_id,
                }
            yield dict(result, number=number)
