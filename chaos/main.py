"""main - what script/chaos runs once everything is up: faults, rest, audit, figures.

main.py HOME VENUE_PORT SEED SECONDS FAULTS JSON SABOTAGE
"""

import json
import pathlib
import sys
import time
from decimal import Decimal as D

import audit
import books
import plan
import story
import venue
from director import Bot, Director
from host import Away, Host

EVERY_MS = 1000
CAP = D("0.06") # max_margin_pct of the bots that script/chaos makes


def say(text):
    print(text, file=sys.stderr, flush=True)


def read_bots(host):
    """In the order of the accounts file, which numbers the accounts."""
    keys = [line.split(":")[0] for line in (host.home / "accounts").read_text().splitlines()]
    ids = host.sql("select json_object_agg(name, id) from bot_configs")
    return [Bot(ids[key.rsplit("-", 1)[0].lower()], key, 100000001 + i) for i, key in enumerate(keys)]


def wait_for_work(host, bots):
    """The first run of every bot; before it nothing can be judged."""
    for _ in range(600):
        ran = host.sql("select count(distinct bot_id) from bot_execution_logs where status = 'success'")
        if ran == len(bots):
            return
        time.sleep(0.1)
    raise SystemExit(f"only {ran} of {len(bots)} bots ran before any fault: see {host.home}")


def look(host, director, settled):
    """The world, when it has come to rest: ledger, books, ledger."""
    for attempt in range(20):
        try:
            before = venue.read(host.ledger())
            asked_ms = host.sql("select epoch_ms(clock_timestamp())")
            wait_for_runs(host, asked_ms)
            return audit.World(director.bots, before, books.read(host), venue.read(host.ledger()), director.events,
                               director.stops, director.touched, cap=CAP, settled=settled)
        except Away as error:
            say(f"could not look, trying again: {error}")
            time.sleep(1)
    raise SystemExit("the world cannot be looked at")


def wait_for_runs(host, since_ms):
    """Each running bot begins and ends one after the moment, or does not in reasonable time."""
    for _ in range(150):
        left = host.sql(f"""select count(*) from bot_configs b where b.status = 'running' and not exists (
            select from bot_execution_logs r where r.bot_id = b.id and r.status = 'success'
            and epoch_ms(r.started_at) > {since_ms})""")
        if left == 0:
            return
        time.sleep(0.2)


# --- what is printed -----------------------------------------------------------------------------------------

def figures(world, checks, seed, seconds):
    counts = {name: 0 for name in audit.ZERO}
    for offence in checks.offences:
        counts[offence.figure] += 1
    done, not_done = {}, {}
    for event in world.events:
        if event.kind not in ("note", "rest"):
            of = done if event.done else not_done
            of[event.kind] = of.get(event.kind, 0) + 1
    statuses = {}
    for run in world.books.runs:
        statuses[run["status"]] = statuses.get(run["status"], 0) + 1
    recovery = {kind: {"n": len(values), "p50_ms": audit.percentile(values, 0.5), "p99_ms": audit.percentile(values, 0.99)}
                for kind, values in sorted(checks.recovery().items())}
    return {
        "seed": seed, "seconds": seconds, "bots": len(world.bots),
        "runs": statuses,
        "runs_retried": sum(run["attempt"] > 1 for run in world.books.runs),
        "runners_killed_by_runs": sum(run["kills"] for run in world.books.runs),
        "orders": sum(1 for order in world.after.by_client_id()),
        "unknown_once": sum(1 for row in world.books.rows if row["state"] == "absent"),
        "fills": len(world.after.fills), "trades": len(world.books.trades),
        "funding_payments": len(world.books.funding),
        "faults": dict(sorted(done.items())), "faults_not_done": dict(sorted(not_done.items())),
        "pnl_difference": str(checks.difference),
        "most_of_cap": f"{getattr(checks, 'most', 0):.4f}",
        "slots_left_out": dict(checks.left_out),
        "dead_letters": len(world.books.letters),
        "stops": len(world.stops),
        "stop_to_last_request_ms": {"p50": audit.percentile(checks.stop_ms, 0.5), "p99": audit.percentile(checks.stop_ms, 0.99)},
        "stop_to_answer_ms": {"p50": audit.percentile(answers(world), 0.5), "p99": audit.percentile(answers(world), 0.99)},
        "zero": counts,
        "recovery": recovery,
        "not_at_rest": world.settled,
        "passed": not checks.offences,
    }


def answers(world):
    return [stop.answered_ms - stop.asked_ms for stop in world.stops if stop.answered_ms and not stop.error]


def print_figures(result):
    say("")
    runs = ", ".join(f"{count} {status}" for status, count in sorted(result["runs"].items()))
    print(f"runs: {runs}; {result['runs_retried']} more than once, {result['runners_killed_by_runs']} runners died in one")
    print(f"orders: {result['orders']} at the venue, {result['fills']} fills, {result['trades']} trades, "
          f"{result['funding_payments']} funding payments, {result['unknown_once']} never arrived")
    print(f"faults: {sum(result['faults'].values())}: "
          + ", ".join(f"{count} {kind}" for kind, count in result["faults"].items()))
    if result["faults_not_done"]:
        print("could not be done, since what they need was down: "
              + ", ".join(f"{count} {kind}" for kind, count in result["faults_not_done"].items()))
    left_out = ", ".join(f"{count} {why}" for why, count in sorted(result["slots_left_out"].items())) or "none"
    print(f"slots left out: {left_out}; dead letters: {result['dead_letters']}; "
          f"PnL difference: {result['pnl_difference']}; largest share of a cap: {result['most_of_cap']}")
    print(f"stops: {result['stops']}, to the last request started p50 {result['stop_to_last_request_ms']['p50']} ms, "
          f"p99 {result['stop_to_last_request_ms']['p99']} ms; to the answer p50 {result['stop_to_answer_ms']['p50']} ms, "
          f"p99 {result['stop_to_answer_ms']['p99']} ms")
    print("\nrecovery, ms                 n      p50      p99")
    for kind, of in result["recovery"].items():
        print(f"  {kind:22} {of['n']:5} {of['p50_ms']:8} {of['p99_ms']:8}")
    print("\npromised to be zero")
    for name, count in result["zero"].items():
        print(f"  {count:5}  {name}: {audit.ZERO[name]}")
    if result["not_at_rest"]:
        print(f"\nnot at rest: {result['not_at_rest']}")


def print_offenders(host, world, checks, result):
    say(f"\nFAILED: seed {result['seed']}, {result['seconds']} s")
    for offence in checks.offences[:12]:
        say(f"  {offence.figure}: bot {offence.bot[:8]} {offence.id} {offence.text}")
    if len(checks.offences) > 12:
        say(f"  and {len(checks.offences) - 12} more")
    first = min(checks.offences, key=lambda offence: offence.at_ms or 1 << 60)
    uid = checks.uid_of.get(first.bot, 0)
    say(f"\nthe story of the first: {first.figure}, bot {first.bot}, {first.id} {first.text}")
    for line in story.tell(host.home, world, first, uid):
        say("  " + line)


def main():
    home, port, seed, seconds, kinds, as_json = sys.argv[1:7]
    seed, seconds = int(seed), int(seconds)
    host = Host(pathlib.Path(home), int(port))
    director = Director(host, read_bots(host), say)
    planned = plan.make(plan.choose(kinds), seed, seconds, EVERY_MS)
    wait_for_work(host, director.bots)
    host.sim("POST", "/sim/clock", {"speed": "300"})
    director.misbehave([])
    say(f"{len(planned)} faults in {seconds} s, seed {seed}")
    director.perform(planned, seconds)
    say("no more faults; waiting until the world is at rest")
    settled = director.settle()
    world = look(host, director, settled)
    checks = audit.Audit(world).all()
    result = figures(world, checks, seed, seconds)
    if as_json == "true":
        print(json.dumps(result))
    else:
        print_figures(result)
    if checks.offences:
        print_offenders(host, world, checks, result)
        sys.exit(1)


if __name__ == "__main__":
    main()
