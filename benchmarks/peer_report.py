"""The table, the plot and the verdicts of `dev/bench peer`, from the figures alone: nothing is measured or guessed here."""

import itertools
import math

BEGIN, END = "<!-- peer:begin (written by dev/bench peer) -->", "<!-- peer:end -->"
#: The size that the targets speak of, and the one of which linearity is asked.
AIM, FAR = "100000", "500000"
#: More than this share of the time a tenth of the items takes: no longer linear.
LINEAR = 1.25
#: The phases of one cold run, and how the parts of each side's figures belong to them.
PARTS = {
    "select": ("find", "select"),
    "decide": ("decide",),
    "charges claimed": ("charges",),
    "notices": ("notices",),
    "mails queued": ("mails",),
    "figures, agreements, the rest": ("figures", "agreements", "skip", "commit", "rest"),
}
COLD = ("find", "night")
OCA_STEPS = {
    "run": "compute credit lines",
    "mark": "mark them to do",
    "group": "group by customer",
    "mails": "mails queued",
}


def total(side, steps, what="seconds"):
    """A sum over steps that were all measured to their end, else None."""
    if not side or any(step not in side for step in steps):
        return None
    return sum(side[step][what] for step in steps)


def cold(side, oca=False, what="seconds"):
    return total(side, tuple(OCA_STEPS) if oca else COLD, what)


def at_least(side):
    """What the peer took until it was stopped: (seconds, phase at which it was stopped), or None."""
    for step in OCA_STEPS:
        if step in side.get("stopped", {}):
            before = [name for name in OCA_STEPS if name in side]
            return total(side, before) + side["stopped"][step]["after"], step
    return None


def parts(side, phases, names):
    return sum(side[phase]["parts"].get(name, [0])[0] for phase in phases for name in names)


def number(value, digits=None):
    if value is None:
        return "–"
    if digits is None:
        digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f}"


def stopped(side, *phases):
    for phase in phases:
        stop = side.get("stopped", {}).get(phase)
        if stop:
            return f"stopped after {stop['after']:.0f} s" + (f" ({stop['words']})" if stop["words"] else "")
    return "not reached" if side.get("stopped") else "–"


def each(side, *phases, unit=1.0):
    """Time for each one of what a phase handled."""
    for phase in phases:
        if side and side.get(phase, {}).get("number"):
            return side[phase]["seconds"] / side[phase]["number"] * unit
    return None


# The table


def our_cells(side):
    if not side:
        return {}
    cells = {name: number(parts(side, COLD, own)) for name, own in PARTS.items()}
    made = side["night"]["made"]
    return cells | {
        "**cold, up to queued mails**": f"**{number(cold(side))}**",
        "of it processor time": number(cold(side, what="python") + cold(side, what="database")),
        "queries": f"{cold(side, what='queries'):,}",
        "peak memory, MB": str(max(side[phase]["peak"] for phase in COLD)),
        "on disk, MB more": number(side["disk"]["after"] - side["disk"]["before"], 0),
        "messages": f"{made['notices']:,}, {made['mails']:,} as mail",
        "idle second run": number(side["idle"]["seconds"]),
        "a letter": number(each(side, "letters"), 3),
        "words of a mail, ms": number(each(side, "words", unit=1000), 1),
        "a mail sent, ms": number(each(side, "send", unit=1000), 1),
        "customer list": number(side["screens"]["list"]),
        "a customer, decided again": number(side["screens"]["form"]),
    }


def oca_cells(side):
    if not side:
        return {}
    run = side.get("run")
    rest = "–" if run is None else number(parts(side, ["run"], ("commit", "rest")))
    cells = {
        "select": number(parts(side, ["run"], ("select",))) if run else stopped(side, "run"),
        "decide": number(parts(side, ["run"], ("decide",))) if run else "not reached",
        "charges claimed": "has none",
        "notices": stopped(side, "run", "mark", "group"),
        "mails queued": number(side["mails"]["seconds"]) if "mails" in side else stopped(side, "mails"),
        "figures, agreements, the rest": rest,
    }
    if {"run", "mark", "group"} <= side.keys():
        lines = parts(side, ["run"], ("figures",))
        cells["notices"] = number(lines + total(side, ("mark", "group")))
    done = [step for step in OCA_STEPS if step in side]
    whole, least = cold(side, True), at_least(side)
    mails = side.get("mails", {}).get("made", {}).get("mails")
    return cells | {
        "**cold, up to queued mails**": f"**{number(whole)}**" if whole else f"**more than {number(least[0])}**",
        "of it processor time": number(total(side, done, "python") + total(side, done, "database")) if whole else "–",
        "queries": f"{total(side, done, 'queries'):,}" if whole else "–",
        "peak memory, MB": str(max((side[step]["peak"] for step in done), default="–")),
        "on disk, MB more": number(side["disk"]["after"] - side["disk"]["before"], 0)
        if "after" in side["disk"]
        else "–",
        "messages": f"{mails:,} as mail" if mails else "–",
        "idle second run": number(side["idle"]["seconds"]) if "idle" in side else stopped(side, "idle"),
        "a letter": number(each(side, "letters"), 3) if "letters" in side else stopped(side, "letters"),
        "words of a mail, ms": "in the run",
        "a mail sent, ms": number(each(side, "send", unit=1000), 1),
        "customer list": "–",
        "a customer, decided again": "–",
    }


def grid(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| --- " + "| ---: " * (len(head) - 1) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def main_table(sizes):
    columns = []
    for size in ordered(sizes):
        for side, cells, name in (("ours", our_cells, "ours"), ("oca", oca_cells, "OCA")):
            if side in sizes[size]:
                columns.append((f"{int(size):,} {name}", cells(sizes[size][side])))
    names = list(dict.fromkeys(name for _head, cells in columns for name in cells))
    rows = [[name, *(cells.get(name, "–") for _head, cells in columns)] for name in names]
    return grid(["open items, seconds", *(head for head, _cells in columns)], rows)


def oca_table(sizes):
    rows = []
    for size in ordered(sizes):
        side = sizes[size].get("oca")
        if side:
            cells = [number(side[s]["seconds"]) if s in side else stopped(side, s) for s in OCA_STEPS]
            lines = side.get("run", {}).get("made", {}).get("lines")
            sample = each(side, "mails", "mails_sample", unit=1000)
            rows.append([f"{int(size):,}", f"{lines:,}" if lines else "–", *cells, number(sample, 1)])
    head = ["OCA, open items", "credit lines", *(f"{words} (s)" for words in OCA_STEPS.values()), "a mail (ms)"]
    return grid(head, rows) if rows else []


def selection(side):
    """All items found for the first time, and every customer read for the decision."""
    return parts(side, ["find"], ("find",)) + parts(side, ["night"], ("select",))


def pure(bounds):
    """The same in pure SQL: all read in one statement, and the same rows written into the same tables."""
    return bounds["bound_select"]["best"] + bounds["bound_keys"]["best"]


def bare(side, bounds):
    """The selection in times of the SQL that checks no foreign key, which no table of Odoo can do without."""
    if not (side and bounds):
        return None
    return selection(side) / (bounds["bound_select"]["best"] + bounds["bound_insert"]["best"])


def bound_table(sizes):
    rows = []
    for size in ordered(sizes):
        bounds, side = sizes[size].get("bounds"), sizes[size].get("ours")
        if bounds and side:
            found, read = parts(side, ["find"], ("find",)), parts(side, ["night"], ("select",))
            mail = [each_bound(bounds, f"bound_mail_{name}") for name in ("sql", "orm", "layout")]
            own = parts(side, ["night"], ("mails",)) / max(1, side["night"]["made"]["mails"]) * 1000
            rows.append(
                [f"{int(size):,}", *(number(bounds[f"bound_{name}"]["best"]) for name in ("select", "insert", "keys")),
                 number(read), number(found), f"{selection(side) / pure(bounds):.1f}", *(number(value, 2) for value in (*mail, own))]
            )  # fmt: skip
    head = [
        "open items", "SQL: read (s)", "SQL: write, no keys (s)", "SQL: write (s)", "ours: read (s)", "ours: write (s)", "times",
        "a mail by SQL (ms)", "by `create`", "by a template with layout", "ours, queued",
    ]  # fmt: skip
    return grid(head, rows) if rows else []


def each_bound(bounds, phase):
    return bounds[phase]["best"] / bounds[phase]["number"] * 1000


def ordered(sizes):
    return sorted(sizes, key=int)


# The targets


def verdicts(data):
    """(target, figure in words, True, False or None when it was not measured)"""
    sizes = data["sizes"]
    aim, far = sizes.get(AIM, {}), sizes.get(FAR, {})
    mine, bounds = aim.get("ours"), aim.get("bounds")
    took = cold(mine)
    yield "100,000 items cold, up to queued mails: at most 120 s", f"{number(took)} s", took and took <= 120
    yield ("at least 40 times faster than the peer", *faster(sizes))
    yield (
        "an idle second run: at most 5 s",
        f"{number(mine['idle']['seconds'])} s" if mine else "",
        mine and mine["idle"]["seconds"] <= 5,
    )
    ratio = selection(mine) / pure(bounds) if mine and bounds else None
    yield (
        "selection: at most 3 times the pure SQL",
        f"{number(ratio, 1)} times, the rows written into the same tables; "
        f"{number(bare(mine, bounds), 1)} times the SQL that writes them without foreign keys",
        ratio and ratio <= 3,
    )
    letter = each(mine, "letters")
    yield "letters: at most 0.2 s each", f"{number(letter, 3)} s", letter and letter <= 0.2
    yield ("memory: under 500 MB and flat", *flat(mine, far.get("ours")))
    if far.get("ours") and took:
        times = cold(far["ours"]) / took / (int(FAR) / int(AIM))
        words = f"{number(cold(far['ours']))} s: {times:.2f} times what five times 100,000 would take"
        yield "500,000 items: linear", words, times <= LINEAR
    else:
        yield "500,000 items: linear", "", None
    screens = [sizes[size]["ours"]["screens"] for size in (AIM, FAR) if "ours" in sizes.get(size, {})]
    slowest = max((screen[name] for screen in screens for name in ("list", "form")), default=None)
    yield (
        "customer list and a customer's screen: under 0.5 s",
        f"at most {number(slowest)} s",
        slowest is not None and slowest < 0.5 if screens else None,
    )
    queries = [side["ours"]["screens"]["button"] for side in sizes.values() if "ours" in side]
    yield (
        "the Follow-up button: at most one query more for the customer's form",
        f"{max(queries)} more; a test counts it as well" if queries else "",
        max(queries) <= 1 if queries else None,
    )


def processor(side, steps):
    """Seconds of the processor in Python and in PostgreSQL: what other work on the machine changes least."""
    return total(side, steps, "python") + total(side, steps, "database")


def faster(sizes):
    """At the size of the target, else at the largest that both sides were measured at: then it is no verdict."""
    both = [size for size in ordered(sizes) if {"ours", "oca"} <= sizes[size].keys()]
    words, verdict = [], None
    for size in both:
        mine, side = cold(sizes[size]["ours"]), sizes[size]["oca"]
        whole, least = cold(side, True), at_least(side)
        if whole:
            by_cpu = processor(side, OCA_STEPS) / processor(sizes[size]["ours"], COLD)
            words.append(f"{whole / mine:.0f} times at {int(size):,} ({by_cpu:.0f} by processor time)")
            verdict = whole >= 40 * mine if size == AIM else verdict
        elif least:
            words.append(f"more than {least[0] / mine:.0f} times at {int(size):,}, where it was stopped")
            # What it would have taken is not known: only enough is a verdict.
            verdict = True if size == AIM and least[0] >= 40 * mine else verdict
    return ", ".join(words), verdict


def flat(mine, far):
    known = [side for side in (mine, far) if side]
    if not known:
        return "", None
    highest = max(side[phase]["peak"] for side in known for phase in (*COLD, "idle"))
    early, late = known[-1]["night"]["memory"]
    words = f"at most {highest} MB; {early} MB after a tenth of the largest night, {late} MB at its end"
    return words, highest < 500 and late - early < 100


def verdict_lines(data):
    for target, words, met in verdicts(data):
        known = words and "–" not in words
        mark = "met" if met else "**missed**" if met is not None else "open" if known else "not measured"
        yield f"- {target}: {mark}" + (f" ({words})" if known else "")


# The whole text


def render(data):
    machine, versions, sizes = data["machine"], data["versions"], data["sizes"]
    days = {side["on"] for size in sizes.values() for side in size.values() if isinstance(side, dict)}
    loads = [max(side["load"]) for size in sizes.values() for side in size.values() if isinstance(side, dict)]
    busy = max(loads, default=0)
    about = (
        f"Measured on {', '.join(sorted(days))}: {machine['cores']} cores of {machine['cpu']}, {machine['memory']} GB, PostgreSQL "
        f"{machine['postgres']}, Python {machine['python']}, Odoo {versions['odoo']}; this add-on {versions['ours']} "
        f"({versions['commit']}), `odoo-addon-account-credit-control` {versions['oca']}. "
    )
    if busy > machine["cores"] * 1.6:
        about += (
            f"**Other work ran on the machine** (load up to {busy:.1f} on {machine['cores']} cores): wall times are too long, "
            "of both sides."
        )
    else:
        about += f"Load during the measurements: at most {busy:.1f}."
    lines = [about, "", *main_table(sizes), ""]
    for table in (oca_table(sizes), bound_table(sizes)):
        lines += [*table, ""] if table else []
    return "\n".join([*lines, "Targets:", "", *verdict_lines(data), "", "![Seconds against open items](peer.svg)"])


def write_table(text, path):
    """Put the text between the markers."""
    whole = path.read_text()
    before, rest = whole.split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


# The plot

WIDE, HIGH, LEFT, RIGHT, TOP, LOW = 760, 460, 64, 190, 24, 400
#: Name, words, colours on light and on dark.
SERIES = (
    ("oca", "OCA, up to queued mails", "#b42318", "#ff8a7a"),
    ("ours", "ours, up to queued mails", "#1d4ed8", "#8ab4ff"),
    ("idle", "ours, idle second run", "#1f7a3d", "#7fd99a"),
    ("select", "ours, selection", "#7c3aed", "#c4a7ff"),
    ("sql", "selection in pure SQL", "#6b7280", "#a8b0bd"),
)


def points(data):
    """:return: dict of series -> list of (items, seconds, whether it was stopped there)"""
    result = {name: [] for name, *_rest in SERIES}
    for size in ordered(data["sizes"]):
        sides, items = data["sizes"][size], int(size)
        if side := sides.get("ours"):
            result["ours"].append((items, cold(side), False))
            result["idle"].append((items, side["idle"]["seconds"], False))
            result["select"].append((items, selection(side), False))
        if bounds := sides.get("bounds"):
            result["sql"].append((items, pure(bounds), False))
        if side := sides.get("oca"):
            whole, least = cold(side, True), at_least(side)
            result["oca"].append((items, whole or least[0], not whole))
    return {name: found for name, found in result.items() if found}


def plot(data, path):
    """Seconds against open items, both logarithmic: a straight line of one decade a decade is linear; an arrow: stopped."""
    found = points(data)
    items = sorted({x for series in found.values() for x, *_rest in series})
    first, last = math.log10(items[0]), math.log10(items[-1]) or 1
    times = [y for series in found.values() for _x, y, _stopped in series]
    least, most = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))

    def across(x):
        return LEFT + (math.log10(x) - first) / ((last - first) or 1) * (WIDE - LEFT - RIGHT)

    def down(y):
        return LOW - (math.log10(y) - least) / (most - least) * (LOW - TOP)

    body = []
    for power in range(least, most + 1):
        y = down(10**power)
        body.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDE - RIGHT}" y2="{y:.1f}"/>')
        body.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:,g} s</text>')
    for x in items:
        body.append(f'<text x="{across(x):.1f}" y="{LOW + 20}" text-anchor="middle">{x:,}</text>')
    body.append(f'<text x="{(LEFT + WIDE - RIGHT) / 2}" y="{LOW + 42}" text-anchor="middle">open items</text>')
    labels = []
    for name, words, *_colours in SERIES:
        series = found.get(name, ())
        if not series:
            continue
        line = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y, _stopped in series)
        body.append(f'<polyline class="{name}" points="{line}"/>')
        for x, y, cut in series:
            at = f"{across(x):.1f}", f"{down(y):.1f}"
            if cut:
                body.append(f'<path class="{name}" d="M{at[0]} {at[1]} v-20 m-5 7 l5 -7 l5 7"/>')
            body.append(f'<circle class="{name}" cx="{at[0]}" cy="{at[1]}" r="3.5"/>')
        x, y, cut = series[-1]
        labels.append([down(y), across(x), name, words + (" (stopped)" if cut else "")])
    # Names stand beside the ends of their lines; where two lie close, the lower one gives way.
    labels.sort()
    for above, below in itertools.pairwise(labels):
        if abs(above[1] - below[1]) < RIGHT:
            below[0] = max(below[0], above[0] + 17)
    for y, x, name, words in labels:
        body.append(f'<text class="{name}" x="{x + 10:.1f}" y="{y + 4:.1f}">{words}</text>')
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}" '
        f'font-family="sans-serif" font-size="13" role="img">\n<title>Seconds against open items</title>\n'
        f"<style>{style()}</style>\n"
        + "\n".join(['<rect class="ground" width="100%" height="100%"/>', *body])
        + "\n</svg>\n"
    )


def style():
    """Light, and dark where the reader's screen is."""

    def rules(place, ground, ink, grid):
        own = "".join(
            f"polyline.{name},path.{name}{{stroke:{colour}}}circle.{name},text.{name}{{fill:{colour}}}"
            for name, _words, *colours in SERIES
            for colour in [colours[place]]
        )
        return f".ground{{fill:{ground}}}text{{fill:{ink}}}.grid{{stroke:{grid}}}{own}"

    return (
        "polyline,path{fill:none;stroke-width:2}"
        + rules(0, "#ffffff", "#374151", "#e5e7eb")
        + "@media (prefers-color-scheme:dark){"
        + rules(1, "#161b22", "#c9d1d9", "#30363d")
        + "}"
    )
