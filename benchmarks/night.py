"""A night over many customers: selection, decision, prepared notices as committed rows; a night with nothing to do; screens.

Run with `dev/bench night [NUMBERS…]` (1,000, 10,000 and 100,000 open items, five a customer). Prints a table for each
number; writes `night.svg` beside this file when there are three or more. `PROFILE=file` writes a profile of the night.
"""

import cProfile
import math
import os
import sys
import time
from pathlib import Path

from books import ITEMS, advance, fill
from meter import Clock, count, forget_peak, peak

HERE = Path(sys.path[0])
#: Which steps of the engine count for which phase; what a step calls of another phase counts there.
PHASES = {
    "select": ("_synchronise", "_select"),
    "decide": ("_decide",),
    "prepare": ("_prepare",),
    "figures": ("_apply",),
    "follow": ("_follow_safely",),
}


def specification(env, model, view_type):
    """What the web client asks for to show this view: its fields, and those of lists within it."""
    views = env[model].get_views([(False, view_type)])
    names = views["models"][model]["fields"]

    def of(node_fields, known):
        result = {}
        for name in node_fields:
            kind = known.get(name, {}).get("type")
            result[name] = {"fields": {"display_name": {}}} if kind == "many2one" else {}
        return result

    from lxml import etree

    arch = etree.fromstring(views["views"][view_type]["arch"])
    result = of((n.get("name") for n in arch.xpath("//field[not(ancestor::field)]")), names)
    for node in arch.xpath("//field[not(ancestor::field)][.//list]"):
        related = names[node.get("name")]["relation"]
        known = env[related].fields_get()
        result[node.get("name")] = {
            "fields": of((n.get("name") for n in node.xpath(".//list//field")), known),
            "limit": 40,
        }
    return result


def screens(env, clock):
    """First page of the customer list with the total; one customer, decided again; seconds, the worst of three."""
    customers = env["followup.customer"].with_context(lang="nl_BE")
    action = env.ref("l10n_be_followup.followup_customer_action")
    env.registry.clear_all_caches()
    page, record = specification(env, "followup.customer", "list"), specification(env, "followup.customer", "form")
    took = {"list": [], "form": []}
    from odoo.tools.safe_eval import safe_eval

    domain = safe_eval(action.domain or "[]", {"uid": env.uid, "allowed_company_ids": env.companies.ids})
    some = customers.search(domain, limit=3, offset=50).ids
    for number in range(3):
        env.invalidate_all()
        with clock.phase("list"):
            start = time.monotonic()
            answer = customers.web_search_read(domain, page, limit=80, count_limit=10_001)
            took["list"].append(time.monotonic() - start)
        assert len(answer["records"]) == 80 or answer["length"] < 80
        env.cr.commit()
        env.invalidate_all()
        with clock.phase("form"):
            start = time.monotonic()
            [read] = customers.browse(some[number]).with_context(followup_refresh=True).web_read(record)
            env.flush_all()
            took["form"].append(time.monotonic() - start)
        assert read["item_ids"]
        env.cr.commit()
    return took


def night(env, clock, today):
    """:return: (seconds, of them in Python and in PostgreSQL, queries, peak MB)"""
    forget_peak()
    start = clock.now()
    clock.rows.clear()
    profile = cProfile.Profile() if os.environ.get("PROFILE") else None
    if profile:
        profile.enable()
    with clock.phase("rest"):
        run = env["followup.engine"]._run_night(env.company, today)
    if profile:
        profile.disable()
        profile.dump_stats(os.environ["PROFILE"])
        os.environ.pop("PROFILE")
    assert run.state == "done", run.message
    return *(new - old for new, old in zip(clock.now(), start, strict=True)), peak()


def row(what, seconds, python, database, queries, memory="", rows=""):
    print(f"| {what} | {seconds:.2f} | {python:.2f} | {database:.2f} | {queries:,} | {memory} | {rows} |", flush=True)


def measure(env, clock, number, before):
    today = fill(env, number - before, f"bench{number}")
    print(f"\n| {number:,} open items | seconds | Python | PostgreSQL | queries | peak MB | rows |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    forget_peak()
    clock.rows.clear()
    start = clock.now()
    env["followup.engine"]._synchronise(env.company)
    env.cr.commit()
    first = [new - old for new, old in zip(clock.now(), start, strict=True)]
    row("find all items for the first time", *first, peak(), f"{count(env, 'followup_item', 'is_open'):,} items")
    advance(env, today)
    tables = {
        "followup_notice": "notices", "followup_notice_line": "lines", "mail_mail": "mails", "mail_activity": "tasks",
    }  # fmt: skip
    known = {table: count(env, table) for table in tables}
    *took, memory = night(env, clock, today)
    for phase in ("select", "decide", "follow", "prepare", "figures", "commit", "rest"):
        row(f"- {phase}", *clock.rows[phase])
    made = ", ".join(f"{count(env, table) - known[table]:,} {name}" for table, name in tables.items())
    row("the night", *took, memory, made)
    total = first[0] + took[0]
    *idle, memory = night(env, clock, today)
    assert count(env, "followup_notice") - known["followup_notice"] > 0.5 * number / ITEMS - before
    row("a second night, nothing to do", *idle, memory)
    if os.environ.get("VERBOSE"):
        for phase in ("select", "decide", "follow", "prepare", "figures", "commit", "rest"):
            row(f"- {phase}", *clock.rows[phase])
    clock.rows.clear()
    shown = screens(env, clock)
    for name, what in (("list", "customer list, first page"), ("form", "a customer, decided again")):
        _seconds, python, database, queries = clock.rows[name]
        row(f"{what} (worst of 3)", max(shown[name]), python / 3, database / 3, queries // 3)
    return {"night": total, "idle": idle[0], "list": max(shown["list"]), "form": max(shown["form"])}


def plot(points, path):
    """Seconds against open items, both on a logarithmic scale: a straight line of one decade a decade is linear."""
    wide, high, left, low, top = 640, 400, 60, 360, 20
    first, last = math.log10(min(points)), math.log10(max(points))
    least, most = -2, 3  # 0.01 s to 1,000 s

    def at(number, seconds):
        x = left + (math.log10(number) - first) / (last - first) * (wide - left - 150)
        y = low - (math.log10(max(seconds, 10**least)) - least) / (most - least) * (low - top)
        return f"{x:.1f},{y:.1f}"

    def text(x, y, words, anchor="start", colour="#333"):
        return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{colour}">{words}</text>'

    parts = []
    for power in range(least, most + 1):
        y = low - (power - least) / (most - least) * (low - top)
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{wide - 150}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(text(left - 6, f"{y + 4:.1f}", f"{10**power:g} s", "end"))
    for number in points:
        x = at(number, 1).split(",")[0]
        parts.append(text(x, low + 18, f"{number:,}", "middle"))
    parts.append(text((wide - 150 + left) / 2, low + 36, "open items", "middle"))
    series = (
        ("night", "the night", "#1d4ed8"),
        ("idle", "nothing to do", "#1f7a3d"),
        ("list", "customer list", "#b45309"),
    )
    for name, words, colour in series:
        line = " ".join(at(number, values[name]) for number, values in points.items())
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x, y = line.split()[-1].split(",")
        parts.append(text(float(x) + 8, float(y) + 4, words, colour=colour))
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n'
    )


def main(env, numbers):
    clock = Clock(env, PHASES)
    points, before = {}, 0
    for number in numbers:
        points[number] = measure(env, clock, number, before)
        before = number
        env.cr.execute("DROP TABLE who, wanted, line")
        env.cr.commit()
    if len(points) > 2:
        plot(points, HERE / "night.svg")


if "env" in globals():  # `dev/odoo shell` gives it; imported, this file lends its functions
    main(env, [int(number) for number in sys.argv[1:]] or [1_000, 10_000, 100_000])  # noqa: F821
