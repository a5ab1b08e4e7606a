"""The chaos suite: real processes, real PostgreSQL, a real mail server, and faults at seeded points.

main.py DATABASE [--seed N] [--short] [SCENE …]
"""

import argparse
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from chaos import PATIENCE, Chaos, Summary, Wrong
from mail import ChaosServer
from oracle import Oracle
from scenes import SCENES, SHORT
from support import Odoo, counted, open_all_hours


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database")
    parser.add_argument("scenes", nargs="*", metavar="SCENE")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--short", action="store_true")
    options = parser.parse_intermixed_args()
    if unknown := set(options.scenes) - set(SCENES):
        parser.error(f"no such scene: {', '.join(unknown)}; there are {', '.join(SCENES)}")
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    started = time.monotonic()
    summary = Summary()
    server = ChaosServer(PATIENCE).start()
    failed = False
    try:
        odoo = Odoo(options.database, server.port)
        odoo.run(open_all_hours)
        for name, scene in (SHORT if options.short else SCENES).items():
            if not scene or (options.scenes and name not in options.scenes):
                continue
            chaos = Chaos(odoo, server, seed, name, summary, options.short)
            began = time.monotonic()
            try:
                scene(chaos)
            except (Wrong, SystemExit) as wrong:
                print(f"FAILED in scene {name} (seed {seed}): {wrong}", flush=True)
                failed = True
                break
            print(f"  ({time.monotonic() - began:.0f} s)", flush=True)
            chaos.retire()
    finally:
        server.stop()
    received = Oracle(odoo.query, server).received()
    unknown = odoo.query("SELECT count(*) FROM followup_notice WHERE state = 'unknown'")[0][0]
    print(f"seed {seed}: {summary.points} seeded points, {summary.kills} kills; {counted(summary.faults)}")
    print(
        f"{len(server.messages)} messages received, {sum(times - 1 for times in received.values())} duplicates, "
        f"{unknown} unknown with a task; {summary.customers} customers, {time.monotonic() - started:.0f} s"
        + ("; FAILED, see above" if failed else "; nothing lost")
    )
    if failed:
        print(f"again: make chaos SEED={seed} SCENE={name}{' SHORT=1' if options.short else ''}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
