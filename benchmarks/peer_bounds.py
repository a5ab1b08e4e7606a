"""What the same work costs at least: the selection as one statement, mails as rows. Neither add-on is loaded here."""

import sys
import time

from meter import Clock, Recorder

#: Everything that the decision reads about an open item, for all customers of all companies at once.
OPEN_ITEMS = """
    SELECT partner.commercial_partner_id AS partner_id, split_part(company.parent_path, '/', 1)::int AS company_id,
           aml.id AS move_line_id, COALESCE(aml.date_maturity, aml.date) AS date_maturity, aml.currency_id,
           aml.amount_residual_currency, aml.amount_residual, move.followup_regime, move.id AS move_id,
           COALESCE(move.invoice_date, move.date) AS invoiced, aml.no_followup, move.payment_state, credit.amount AS credit
      FROM account_move_line aml
      JOIN account_account account ON account.id = aml.account_id
      JOIN account_move move ON move.id = aml.move_id
      JOIN res_company company ON company.id = aml.company_id
      JOIN res_partner partner ON partner.id = aml.partner_id
 LEFT JOIN (SELECT owner.commercial_partner_id, own.company_id, -sum(own.amount_residual) AS amount
              FROM account_move_line own
              JOIN account_account account ON account.id = own.account_id
              JOIN res_partner owner ON owner.id = own.partner_id
             WHERE own.parent_state = 'posted' AND account.account_type = 'asset_receivable'
               AND own.reconciled IS NOT TRUE AND own.amount_residual_currency < 0
          GROUP BY owner.commercial_partner_id, own.company_id) credit
        ON credit.commercial_partner_id = partner.commercial_partner_id AND credit.company_id = aml.company_id
     WHERE aml.parent_state = 'posted' AND account.account_type = 'asset_receivable'
       AND aml.reconciled IS NOT TRUE AND aml.amount_residual_currency > 0"""
#: The rows that `_synchronise` makes.
INSERT_CUSTOMERS = """
    INSERT INTO {customer} (company_id, partner_id, state, create_uid, write_uid, create_date, write_date)
    SELECT DISTINCT company_id, partner_id, 'clear', 1, 1, now(), now() FROM ({open_items}) found"""
INSERT_ITEMS = """
    INSERT INTO {item} (move_line_id, customer_id, company_id, is_open, date_maturity, episode,
                            create_uid, write_uid, create_date, write_date)
    SELECT move_line_id, customer.id, found.company_id, TRUE, date_maturity, 1, 1, 1, now(), now()
      FROM ({open_items}) found
      JOIN {customer} customer ON customer.company_id = found.company_id AND customer.partner_id = found.partner_id"""
BODY = "<p>" + "Onze gegevens tonen dat deze facturen nog openstaan. " * 40 + "</p>"


def best(cr, statement, times=3):
    """:return: (seconds of the fastest of some times, rows)"""
    took = []
    for _time in range(times):
        start = time.monotonic()
        cr.execute(statement)
        rows = cr.fetchall()
        took.append(time.monotonic() - start)
    return min(took), len(rows)


def selection(env, recorder):
    cr = env.cr
    with recorder.phase("bound_select") as facts:
        facts["best"], facts["number"] = best(cr, OPEN_ITEMS + " ORDER BY 1, 4")
    for table in ("customer", "item"):
        cr.execute(f"CREATE TABLE bound_{table} (LIKE followup_{table} INCLUDING DEFAULTS INCLUDING INDEXES)")
    # The same indexes without foreign keys, and the very tables: they are empty in this copy.
    for phase, prefix in (("bound_insert", "bound"), ("bound_keys", "followup")):
        tables = {"customer": f"{prefix}_customer", "item": f"{prefix}_item", "open_items": OPEN_ITEMS}
        with recorder.phase(phase) as facts:
            start = time.monotonic()
            cr.execute(INSERT_CUSTOMERS.format(**tables))
            cr.execute(f"ANALYZE {prefix}_customer")
            cr.execute(INSERT_ITEMS.format(**tables))
            facts["number"] = cr.rowcount
            facts["best"] = time.monotonic() - start
            cr.commit()


def mails(env, recorder):
    """The same mail by SQL, by `create` and by a template in the layout of a notification, which the peer's way adds to."""
    cr = env.cr
    partners = env["res.partner"].search([("ref", "=like", "bench%"), ("email", "!=", False)], order="id", limit=1_000)
    with recorder.phase("bound_mail_sql") as facts:
        start = time.monotonic()
        cr.execute(
            """WITH message AS (
                   INSERT INTO mail_message (model, res_id, subject, body, message_type, message_id, email_from, reply_to, date,
                                             create_uid, write_uid, create_date, write_date)
                   SELECT 'res.partner', id, 'Herinnering', %(body)s, 'email_outgoing', '<' || id || '@bench>', 'a@b.example',
                          'a@b.example', now(), 1, 1, now(), now()
                     FROM res_partner WHERE id = ANY(%(ids)s)
                RETURNING id, res_id)
               INSERT INTO mail_mail (mail_message_id, body_html, email_to, state, auto_delete, create_uid, write_uid,
                                      create_date, write_date)
               SELECT message.id, %(body)s, partner.email, 'outgoing', FALSE, 1, 1, now(), now()
                 FROM message JOIN res_partner partner ON partner.id = message.res_id""",
            {"ids": partners.ids, "body": BODY},
        )
        facts["number"], facts["best"] = cr.rowcount, time.monotonic() - start
    some = partners[:300]
    with recorder.phase("bound_mail_orm") as facts:
        start = time.monotonic()
        env["mail.mail"].create(
            [
                {
                    "model": "res.partner", "res_id": partner.id, "subject": "Herinnering", "body": BODY, "body_html": BODY,
                    "email_to": partner.email, "email_from": "a@b.example", "reply_to": "a@b.example",
                    "message_type": "email_outgoing", "auto_delete": False,
                }
                for partner in some
            ]
        )  # fmt: skip
        env.flush_all()
        facts["number"], facts["best"] = len(some), time.monotonic() - start
    template = env["mail.template"].create(
        {
            "name": "bench", "model_id": env["ir.model"]._get_id("res.partner"), "subject": "Herinnering {{ object.name }}",
            "body_html": BODY + '<p><t t-out="object.name"/></p>', "email_from": "a@b.example",
            "partner_to": "{{ object.id }}", "auto_delete": False, "lang": "{{ object.lang }}",
        }
    )  # fmt: skip
    with recorder.phase("bound_mail_layout") as facts:
        start = time.monotonic()
        template.send_mail_batch(some.ids, email_layout_xmlid="mail.mail_notification_layout")
        env.flush_all()
        facts["number"], facts["best"] = len(some), time.monotonic() - start
    cr.rollback()


def main(env, path):
    recorder = Recorder(path, Clock(env, {}))
    selection(env, recorder)
    mails(env, recorder)


main(env, sys.argv[1])  # noqa: F821 - the shell gives the environment
