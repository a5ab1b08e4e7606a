"""Rows of a model by one statement: the values, defaults and constraints of the ORM, without its costs.

`fits` says whether nobody else has a say in what `create` does; otherwise callers let the ORM make the records.
"""

from functools import partial

from odoo.tools import SQL, float_repr

#: Add-ons whose `create` is known here.
_KNOWN = {"base", "mail", "portal", "l10n_be_followup"}
_LOG = ("create_uid", "write_uid", "create_date", "write_date")


def fits(model, given=()):
    """Whether no other add-on, automation rule or patch extends how records of this model are made.

    :param given: stored computed fields whose values the caller knows
    """
    registered = type(model)
    if "create" in vars(registered):
        return False  # patched: an automation rule, for instance
    creators = {cls._module for cls in registered.mro() if "create" in vars(cls) and getattr(cls, "_module", None)}
    return creators <= _KNOWN and not any(
        (field.compute and field.name not in given) or (field.default and not field.column_type)
        for field in model._fields.values()
        if field.store
    )


def next_ids(env, table, number):
    """Ids for so many new rows."""
    rows = env.execute_query(SQL("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", f"{table}_id_seq", number))
    return [row[0] for row in rows]


def insert(model, rows):
    """Insert rows with their ids; what is missing gets the model's default.

    :param rows: dicts of field name -> value as for `create`, with `id`; no one2many or many2many. Stored computed
        fields are not computed: give them.
    """
    if not rows:
        return
    env = model.env
    names = list(dict.fromkeys(name for row in rows for name in row))
    partly = {name for row in rows for name in names if name not in row} if len({*map(len, rows)}) > 1 else set()
    columns = {name: field for name, field in model._fields.items() if field.store and field.column_type}
    unknown = set(names) - columns.keys()
    if unknown:
        raise ValueError(f"{model._name} has no column for {sorted(unknown)}")
    missing = [name for name in columns if (name not in names or name in partly) and name not in ("id", *_LOG)]
    defaults = {name: value for name, value in model.default_get(missing).items() if name in columns}
    now, uid = env.cr.now(), env.uid
    constant = dict(zip(_LOG, (uid, uid, now, now), strict=True)) if model._log_access else {}
    defaults = {
        name: columns[name].convert_to_column_insert(value, model, defaults) for name, value in defaults.items()
    }
    constant |= {name: value for name, value in defaults.items() if name not in partly}
    convert = [(name, _converter(model, columns[name]), defaults.get(name)) for name in names]
    tail = tuple(constant.values())
    env.cr.execute_values(
        SQL(
            "INSERT INTO %s (%s) VALUES %%s",
            SQL.identifier(model._table),
            SQL(", ").join(SQL.identifier(name) for name in (*names, *constant)),
        ).code.replace("%%s", "%s"),
        [(*(to(row[name], row) if name in row else default for name, to, default in convert), *tail) for row in rows],
        page_size=500,
    )


def _converter(model, field):
    """A function (value, row) -> SQL parameter, as `convert_to_column_insert` gives it."""
    if field.name == "id":
        return lambda value, row: value
    if field.type == "monetary":
        return partial(_money, model.env, field.get_currency_field(model), {})
    simple = None if field.company_dependent or getattr(field, "translate", False) else _SIMPLE.get(field.type)
    if simple:
        return simple
    return lambda value, row: field.convert_to_column_insert(value, model, row)


#: What the usual types become; the others ask their field.
_SIMPLE = {
    "many2one": lambda value, row: value or None,
    "date": lambda value, row: value or None,
    "datetime": lambda value, row: value or None,
    "integer": lambda value, row: value or 0,
    "boolean": lambda value, row: bool(value),
    "selection": lambda value, row: value or None,
    "text": lambda value, row: None if value is None or value is False else str(value),
    "char": lambda value, row: None if value is None or value is False else str(value),
}


def _money(env, currency_name, known, value, row):
    """An amount rounded as the currency beside it asks; without one it stays as it is."""
    currency_id = row.get(currency_name)
    if not currency_id:
        return float(value or 0.0)
    if currency_id not in known:
        currency = env["res.currency"].browse(currency_id)
        known[currency_id] = currency.round, currency.decimal_places, float_repr(0.0, currency.decimal_places)
    rounded, places, zero = known[currency_id]
    return float_repr(rounded(float(value)), places) if value else zero
