"""Rows by SQL from one real record, for the benchmarks."""

import contextlib


@contextlib.contextmanager
def loading(cr, *tables):
    """Without the foreign keys and indexes of these tables, made again at the end: for many rows that is many times faster."""
    keys, indexes = [], []
    for table in tables:
        cr.execute(
            """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
                WHERE conrelid = %s::regclass AND contype = 'f'""",
            [table],
        )
        keys += [(table, *row) for row in cr.fetchall()]
        cr.execute(
            """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
                WHERE indrelid = %s::regclass AND NOT indisprimary
                  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)""",
            [table],
        )
        indexes += cr.fetchall()
    for table, name, _definition in keys:
        cr.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _definition in indexes:
        cr.execute(f"DROP INDEX {name}")
    yield
    for _name, definition in indexes:
        cr.execute(definition)
    for table, name, definition in keys:
        cr.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def columns_of(env, table):
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'id'", [table]
    )
    return [row[0] for row in env.cr.fetchall()]


def copy_rows(env, table, source, number, changes):
    names = columns_of(env, table)
    values = [changes.get(name, f's."{name}"') if changes.get(name) != "id" else f's."{name}"' for name in names]
    env.cr.execute(
        f"INSERT INTO {table} ({', '.join(chr(34) + n + chr(34) for n in names)}) "
        f"SELECT {', '.join(values)} FROM {table} s, generate_series(1, %s) n WHERE s.id = %s",
        [number, source],
    )


def line_columns(env):
    names = columns_of(env, "account_move_line")
    special = {
        "move_id": "m.id",
        "move_name": "m.name",
        "partner_id": "m.partner_id",
        "date_maturity": "m.invoice_date_due",
    }
    return {
        "columns": ", ".join(f'"{name}"' for name in names),
        "values": ", ".join(special.get(name, f'l."{name}"') for name in names),
    }
