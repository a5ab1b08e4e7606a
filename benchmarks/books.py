"""Books for the benchmarks: customers with open items, made by SQL from a few real invoices.

Five open items a customer: three invoices and one in two instalments. 30 % are consumers; one in ten invoices is
paid in part, 8 % of the customers have an unallocated credit note, 1 % one that covers everything, 3 % a hold. With
several companies, two customers in seven are the second one's; 4 % have no e-mail address when letters are wanted.
"""

import contextlib
from datetime import date, timedelta

from rows import columns_of, loading

ITEMS = 5


def working_day(company):
    """Today, or the last working day before it: a night in a weekend prepares nothing."""
    return next(
        day for day in (date.today() - timedelta(days=n) for n in range(9)) if company._followup_is_working_day(day)
    )


def set_up(env, company=None):
    """Live company with bank data and the languages of the country."""
    company = company or env.company
    env, today = company.with_company(company).env, working_day(company)
    env["followup.assistant"]._mark_finished(company)
    company.write(
        {
            "followup_live": True,
            "followup_cutoff_date": today - timedelta(days=400),
            "email": "facturen@bench.example",
            "company_registry": "0202239951",
        }
    )
    # As a company of this size sets them: more than a small one's messages would wait for a manager.
    limits = ("followup_company_day_cap", "followup_surge_multiple", "followup_surge_first")
    company.write({name: 0 for name in limits if name in company._fields})
    bank = env["account.journal"].search([("type", "=", "bank"), ("company_id", "=", company.id)], limit=1)
    env["account.bank.statement.line"].create(
        {"journal_id": bank.id, "date": today, "payment_ref": "charges", "amount": -1.0}
    )
    langs = env["res.lang"].with_context(active_test=False).search([("code", "in", ("nl_BE", "fr_BE"))])
    if missing := langs.filtered(lambda lang: not lang.active):
        missing.active = True
        modules = env["ir.module.module"].search([("name", "in", ("base", "mail", "account", "l10n_be_followup"))])
        modules._update_translations(missing.mapped("code"))


class Books:
    """Real records of one business and one consumer, to copy."""

    def __init__(self, env, consumer):
        self.env, self.company, self.today = env, env.company, working_day(env.company)
        self.partner = env["res.partner"].create(
            {
                "name": "bench",
                "email": "bench@customer.example",
                "street": "Kouter 1",
                "zip": "9000",
                "city": "Gent",
                "country_id": env.ref("base.be").id,
                **({} if consumer else {"vat": "BE0477472701", "is_company": True}),
            }
        )
        half = env["account.payment.term"].create(
            {
                "name": "bench 50/50",
                "line_ids": [
                    (0, 0, {"value": "percent", "value_amount": 50, "nb_days": 30}),
                    (0, 0, {"value": "percent", "value_amount": 50, "nb_days": 60}),
                ],
            }
        )
        self.single = self._invoice()
        self.instalments = self._invoice(invoice_payment_term_id=half.id)
        self.part_paid = self._invoice()
        self.payment = self._payment(self.part_paid, 25)
        self.credit = self._invoice(move_type="out_refund", price=10)
        self.full_credit = self._invoice(move_type="out_refund", price=10_000)

    def _invoice(self, move_type="out_invoice", price=100, **values):
        move = self.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": self.partner.id,
                "invoice_date": self.today - timedelta(days=60),
                "invoice_line_ids": [
                    (0, 0, {"name": name, "quantity": 1, "price_unit": price, "tax_ids": [(5,)]})
                    for name in ("Onderhoud", "Verplaatsing")
                ],
                **values,
            }
        )
        move.action_post()
        return move

    def _payment(self, invoice, amount):
        receivable = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        journal = self.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", self.company.id)], limit=1
        )
        entry = self.env["account.move"].create(
            {
                "journal_id": journal.id,
                "date": self.today - timedelta(days=3),
                "line_ids": [
                    (0, 0, {"account_id": journal.default_account_id.id, "debit": amount}),
                    (
                        0, 0,
                        {"account_id": receivable.account_id.id, "partner_id": self.partner.id, "credit": amount},
                    ),
                ],
            }
        )  # fmt: skip
        entry.action_post()
        (receivable + entry.line_ids.filtered("credit")).reconcile()
        return entry


def _insert(env, table, changes, source):
    """Rows of `table`, called `s` in `source`, with some columns changed; columns named by the database."""
    names = [*columns_of(env, table), *(["id"] if "id" in changes else [])]
    values = [changes.get(name, f's."{name}"') for name in names]
    env.cr.execute(
        f"INSERT INTO {table} ({', '.join(f'{chr(34)}{n}{chr(34)}' for n in names)}) SELECT {', '.join(values)} FROM {source}"
    )


def _sent_invoices(env, invoice):
    """Invoices that were sent have their PDF: the same file for all of them."""
    document = invoice._get_invoice_legal_documents("pdf", allow_fallback=True)
    values = {"res_model": invoice._name, "res_id": invoice.id, "res_field": "invoice_pdf_report_file"}
    source = env["ir.attachment"].create({"name": "invoice.pdf", "raw": document["content"], **values})
    env.flush_all()
    _insert(
        env, "ir_attachment",
        {"res_id": "m.id", "name": "m.name || '.pdf'", "access_token": "NULL", "company_id": "m.company_id"},
        f"""ir_attachment s, account_move m JOIN wanted w ON w.move = m.id
            WHERE s.id = {source.id} AND m.move_type = 'out_invoice'""",
    )  # fmt: skip


def _copy_moves(env, mark, sent=None):
    """The entries of the table `wanted`, with their lines and payments.

    :param sent: an invoice whose PDF all of them get
    """
    cr = env.cr
    cr.execute("ALTER TABLE wanted ADD COLUMN move int")
    cr.execute("UPDATE wanted SET move = nextval('account_move_id_seq')")
    cr.execute("ANALYZE wanted")
    _insert(
        env, "account_move",
        {
            "id": "w.move", "name": f"upper('{mark}') || '/' || n || '/' || k", "sequence_number": "w.move",
            "sequence_prefix": f"upper('{mark}') || '/'",
            "access_token": "NULL", "partner_id": "w.partner", "commercial_partner_id": "w.partner",
            "partner_shipping_id": "w.partner", "invoice_date_due": "w.due", "invoice_date": "w.due - 30", "date": "w.due - 30",
            "payment_reference": f"CASE WHEN s.move_type = 'out_invoice' THEN '{mark}' || w.move END",
        },
        "account_move s JOIN wanted w ON w.template = s.id",
    )  # fmt: skip
    cr.execute("CREATE TEMP TABLE line (id int, old int, move int)")
    cr.execute(
        """INSERT INTO line SELECT nextval('account_move_line_id_seq'), s.id, w.move
             FROM account_move_line s JOIN wanted w ON w.template = s.move_id"""
    )
    cr.execute("CREATE INDEX ON line (old, move); ANALYZE line")
    _insert(
        env, "account_move_line",
        {
            "id": "l.id", "move_id": "w.move", "move_name": f"upper('{mark}') || '/' || n || '/' || k",
            "partner_id": "CASE WHEN s.partner_id IS NOT NULL THEN w.partner END", "date": "w.due - 30", "invoice_date": "w.due - 30",
            "date_maturity": """CASE WHEN s.date_maturity IS NULL THEN NULL ELSE w.due + (s.date_maturity - first.due) END""",
        },
        """account_move_line s JOIN line l ON l.old = s.id JOIN wanted w ON w.move = l.move
           JOIN (SELECT o.move_id AS id, min(o.date_maturity) AS due FROM account_move_line o
                  WHERE o.move_id IN (SELECT template FROM wanted) GROUP BY o.move_id) first ON first.id = s.move_id""",
    )  # fmt: skip
    _insert(
        env, "account_partial_reconcile",
        {"debit_move_id": "d.id", "credit_move_id": "c.id"},
        """account_partial_reconcile s JOIN line d ON d.old = s.debit_move_id JOIN wanted w ON w.move = d.move
           JOIN wanted p ON p.partner = w.partner AND p.k = 5 JOIN line c ON c.old = s.credit_move_id AND c.move = p.move""",
    )  # fmt: skip
    if sent:
        _sent_invoices(env, sent)


def fill(env, number, mark="bench", companies=None, letters=False):
    """Add `number` open items.

    :param companies: one, or two of which the second has two customers in seven
    :param letters: some customers have no e-mail address; every invoice has its PDF, as when it was sent
    :return: the working day on which the night is measured
    """
    companies = companies or env.company
    for company in companies:
        set_up(env, company)
    cr, today = env.cr, working_day(companies[0])
    books = {
        (company.id, consumer): Books(env(context={"allowed_company_ids": company.ids}), consumer)
        for company in companies
        for consumer in (False, True)
    }
    env.flush_all()
    # The records that are copied owe nothing themselves.
    cr.execute("CREATE TEMP TABLE who (partner int, n int, consumer bool, company int)")
    total = number // ITEMS
    for (company_id, consumer), own in books.items():
        first, last = (int(total * 0.7) + 1, total) if consumer else (1, int(total * 0.7))
        whose = "TRUE"
        if len(companies) > 1:
            whose = f"n % 7 {'<' if company_id != companies[0].id else '>='} 2"
        email = f"'c' || n || '@{mark}.example'"
        if letters:
            email = f"CASE WHEN n % 25 <> 11 THEN {email} END"
        _insert(
            env, "res_partner",
            {
                "name": f"'{mark} ' || n", "complete_name": f"'{mark} ' || n", "email": email, "email_normalized": email,
                "lang": "(ARRAY['nl_BE', 'fr_BE', 'en_US'])[1 + n % 3]", "commercial_partner_id": "NULL", "ref": f"'{mark}' || n",
            },
            f"res_partner s, generate_series({first}, {last}) n WHERE s.id = {own.partner.id} AND {whose}",
        )  # fmt: skip
        cr.execute(
            f"""WITH mine AS (
                UPDATE res_partner SET commercial_partner_id = id
                 WHERE ref ~ '^{mark}[0-9]+$' AND commercial_partner_id IS NULL
             RETURNING id, substr(ref, {len(mark) + 1})::int)
                INSERT INTO who SELECT *, %s, %s FROM mine""",
            [consumer, company_id],
        )
    cr.execute("CREATE TEMP TABLE wanted (template int, payment int, partner int, n int, k int, due date)")
    for (company_id, consumer), own in books.items():
        mine = f"consumer = {consumer} AND company = {company_id}"
        cr.execute(
            f"""INSERT INTO wanted
                SELECT CASE WHEN k = 3 THEN {own.instalments.id} WHEN n % 3 = 0 AND k = 0 THEN {own.part_paid.id}
                            ELSE {own.single.id} END,
                       CASE WHEN n % 3 = 0 AND k = 0 THEN {own.payment.id} END,
                       partner, n, k, date '{today}' - 6 - (n * 7 + k * 13) % 80
                  FROM who, generate_series(0, 3) k WHERE {mine}
             UNION ALL
                SELECT CASE WHEN n % 100 = 7 THEN {own.full_credit.id} ELSE {own.credit.id} END, NULL, partner, n, 4,
                       date '{today}'
                  FROM who WHERE {mine} AND (n % 100 = 7 OR n % 12 = 5)
             UNION ALL
                SELECT {own.payment.id}, NULL, partner, n, 5, date '{today}'
                  FROM who WHERE {mine} AND n % 3 = 0"""
        )
    # What goes on without keys and indexes for a while is worth it for many rows only.
    tables = ("account_move", "account_move_line", "account_partial_reconcile", "ir_attachment")
    with loading(cr, *tables) if number > 5_000 else contextlib.nullcontext():
        _copy_moves(env, mark, next(iter(books.values())).single if letters else None)
    for own in books.values():
        moves = own.single | own.instalments | own.part_paid | own.payment | own.credit | own.full_credit
        cr.execute(
            "UPDATE account_move_line SET reconciled = TRUE, amount_residual = 0, amount_residual_currency = 0 WHERE move_id = ANY(%s)",
            [moves.ids],
        )
    cr.execute("ANALYZE")
    cr.commit()
    env.invalidate_all()
    return today


def advance(env, today):
    """After `_synchronise`: a third of the businesses got a reminder and a call before, some only the reminder; holds."""
    levels = {n: env.ref(f"l10n_be_followup.followup_level_business_{n}").read(["id", "kind"])[0] for n in (10, 20)}
    for level, part in ((levels[20], "n %% 3 = 1"), (levels[10], "n %% 30 = 2")):
        env.cr.execute(
            f"""UPDATE followup_item item SET level_id = %s, level_kind = %s, level_date = %s
                  FROM followup_customer customer JOIN who ON who.partner = customer.partner_id
                 WHERE customer.id = item.customer_id AND NOT consumer AND {part} AND item.date_maturity < %s""",
            [level["id"], level["kind"], today - timedelta(days=12), today - timedelta(days=20)],
        )
    env.cr.execute(
        """INSERT INTO followup_hold (customer_id, company_id, partner_id, until, reason, user_id)
           SELECT customer.id, customer.company_id, customer.partner_id, %s, 'bench', 1
             FROM followup_customer customer JOIN who ON who.partner = customer.partner_id WHERE n %% 33 = 4""",
        [today + timedelta(days=20)],
    )
    env.cr.execute("ANALYZE")
    env.cr.commit()
    env.invalidate_all()
