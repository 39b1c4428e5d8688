"""faults - what each kind of plan.py does to the system.

A fault is a function of the director, its dice and how long it lasts; it says in a few words what it
did and arranges its own end with director.later. host.Away means that it could not be done, because
what it needs is down already.
"""

import pathlib
import shutil
import signal

from host import Away, freeze, send, stands_still, thaw
from seam import PLACES

POOLS = ("worker-a", "worker-b")
SCHEDULERS = ("scheduler-1", "scheduler-2")


# --- processes ---------------------------------------------------------------------------------------

def _pool(dice):
    return dice.choice(POOLS)


def _runner(director, dice):
    pool = _pool(dice)
    runners, _ = director.host.children(pool)
    if not runners:
        raise Away(f"{pool} has no runner")
    return pool, dice.choice(sorted(runners))


def runner_kill(director, dice, lasts_ms):
    pool, pid = _runner(director, dice)
    director.victims_of(pool)
    send([pid], signal.SIGKILL)
    return f"runner {pid} of {pool}"


def runner_freeze(director, dice, lasts_ms):
    pool, pid = _runner(director, dice)
    director.victims_of(pool)
    freeze([pid])
    director.later(lasts_ms, lambda: thaw([pid]))
    return f"runner {pid} of {pool} for {lasts_ms} ms"


def _keeper(director, pool):
    _, keeper = director.host.children(pool)
    if not keeper:
        raise Away(f"{pool} has no keeper")
    return keeper


def keeper_kill(director, dice, lasts_ms):
    pool = _pool(dice)
    keeper = _keeper(director, pool)
    director.victims_of(pool)
    send([keeper], signal.SIGKILL)
    return f"keeper {keeper} of {pool}"


def keeper_freeze(director, dice, lasts_ms):
    keeper = _keeper(director, "worker-a")
    director.victims_of("worker-a")
    freeze([keeper])
    director.later(lasts_ms, lambda: thaw([keeper]))
    return f"keeper {keeper} of worker-a for {lasts_ms} ms"


def worker_kill(director, dice, lasts_ms):
    pool = _pool(dice)
    director.victims_of(pool)
    pid = director.host.pid(pool)
    send([pid], signal.SIGKILL)
    return f"supervisor {pid} of {pool}"


def worker_freeze(director, dice, lasts_ms):
    pool = _pool(dice)
    pid = director.host.pid(pool)
    freeze([pid])
    director.later(lasts_ms, lambda: thaw([pid]))
    return f"supervisor {pid} of {pool} for {lasts_ms} ms"


def worker_term(director, dice, lasts_ms):
    pool = _pool(dice)
    director.victims_of(pool)
    send([director.host.pid(pool)], signal.SIGTERM)
    return pool


def host_kill(director, dice, lasts_ms):
    director.victims_of("worker-a")
    count = send(director.host.pool("worker-a"), signal.SIGKILL)
    return f"{count} processes"


def _freeze_host(director, lasts_ms):
    pids = director.host.pool("worker-a")
    count = freeze(pids)
    director.later(lasts_ms, lambda: thaw(pids))
    return count


def host_freeze(director, dice, lasts_ms):
    director.victims_of("worker-a")
    return f"{_freeze_host(director, lasts_ms)} processes for {lasts_ms} ms"


def _leader(director, dice):
    """Whoever leads; any of them while that cannot be asked."""
    alive = [(name, director.host.pid(name)) for name in SCHEDULERS if director.host.pid(name)]
    try:
        holder = director.host.sql("select to_json(holder) from scheduler_leases") or ""
    except Away:
        holder = ""
    leads = [(name, pid) for name, pid in alive if f"-{pid}-" in holder]
    if not alive:
        raise Away("no scheduler runs")
    return leads[0] if leads else dice.choice(alive)


def scheduler_kill(director, dice, lasts_ms):
    name, pid = _leader(director, dice)
    send([pid], signal.SIGKILL)
    return name


def scheduler_freeze(director, dice, lasts_ms):
    name, pid = _leader(director, dice)
    freeze([pid])
    director.later(lasts_ms, lambda: thaw([pid]))
    return f"{name} for {lasts_ms} ms"


def scheduler_term(director, dice, lasts_ms):
    name, pid = _leader(director, dice)
    send([pid], signal.SIGTERM)
    return name


# --- between two steps of a run ------------------------------------------------------------------------

SEND_PLACES = ("planned", "signed", "sending", "sent", "booking")


def step_kill(director, dice, lasts_ms):
    place = dice.choice(PLACES)
    director.seam.arm(place, signal.SIGKILL, times=2)

    def end():
        if not director.seam.disarm(place):
            director.note(f"no run came to \"{place}\" in time")
    director.later(lasts_ms, end)
    director.victims_of("worker-a", after_ms=lasts_ms)
    return f"two runners of worker-a at \"{place}\""


def _when_one_stands(director, place, patience_ms, then):
    """Calls then(pid) once a runner of host a has stopped itself at the place."""
    director.seam.arm(place, signal.SIGSTOP)

    def look():
        runners, _ = director.host.children("worker-a")
        standing = [pid for pid in runners if stands_still(pid)]
        if standing:
            director.seam.disarm(place)
            then(standing[0])
            return True
        return False

    def give_up():
        director.seam.disarm(place)
        runners, _ = director.host.children("worker-a")
        thaw(runners)
        director.note(f"no run came to \"{place}\" in time")
    director.watch(patience_ms, look, give_up)


def step_freeze(director, dice, lasts_ms):
    place = dice.choice(SEND_PLACES)

    def freeze_all(pid):
        director.victims_of("worker-a")
        director.note(f"runner {pid} stands at \"{place}\", and now its host")
        _freeze_host(director, lasts_ms - 2000)
    _when_one_stands(director, place, 1900, freeze_all)
    return f"at \"{place}\""


def step_stop(director, dice, lasts_ms):
    place = dice.choice(("planned", "signed"))

    def stop(pid):
        bot = director.host.sql(
            "select to_json(l.bot_id) from run_leases l join bot_execution_logs r on r.bot_id = l.bot_id"
            " and r.scheduled_at = l.run_at where l.holder is not null and r.kind = 'slot'"
            f" and l.holder like '%-{director.host.pid('worker-a')}-%' order by r.started_at limit 1")
        if bot is not None:
            director.stop(bot, start_after_ms=4000)
            director.note(f"bot {bot[:8]} is stopped while its run stands at \"{place}\"")
        director.later(600, lambda: thaw([pid]))
    _when_one_stands(director, place, 1400, stop)
    return f"at \"{place}\""


# --- Redis -----------------------------------------------------------------------------------------------

def _redis_down(director, lasts_ms, forget):
    director.host.hold("redis", True)
    send([director.host.pid("redis")], signal.SIGKILL)

    def up():
        if forget:
            for path in pathlib.Path(director.host.home / "rd").iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        director.host.hold("redis", False)
    director.later(max(lasts_ms, 100), up)


def redis_kill(director, dice, lasts_ms):
    _redis_down(director, lasts_ms, forget=False)
    return f"down for {lasts_ms} ms"


def redis_forget(director, dice, lasts_ms):
    _redis_down(director, lasts_ms, forget=True)
    return f"down for {lasts_ms} ms, then empty"


def redis_flush(director, dice, lasts_ms):
    director.host.redis("FLUSHALL")
    return ""


def redis_freeze(director, dice, lasts_ms):
    pid = director.host.pid("redis")
    freeze([pid])
    director.later(lasts_ms, lambda: thaw([pid]))
    return f"for {lasts_ms} ms"


# --- Postgres --------------------------------------------------------------------------------------------

def postgres_cancel(director, dice, lasts_ms):
    count = director.host.sql(
        "select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity"
        " where application_name like 'botbeat%' and (state <> 'idle' or random() < 0.3)")
    return f"{count} sessions"


def postgres_backend(director, dice, lasts_ms):
    """One that is writing, if there is one: then all sessions are lost in the middle of theirs."""
    pid = director.host.sql("select pid from pg_stat_activity where application_name = 'botbeat runner'"
                            " order by state = 'idle', random() limit 1")
    if pid is None:
        raise Away("no runner is connected")
    send([pid], signal.SIGKILL)
    return f"backend {pid}"


def postgres_kill(director, dice, lasts_ms):
    send([director.host.pid("postgres")], signal.SIGKILL)
    return ""


def postgres_freeze(director, dice, lasts_ms):
    pids = [director.host.pid("postgres")] + director.host.backends()
    freeze(pids)
    director.later(lasts_ms, lambda: thaw(pids))
    return f"{len(pids)} processes for {lasts_ms} ms"


def postgres_full(director, dice, lasts_ms):
    director.disk_full(True)
    director.later(lasts_ms, lambda: director.disk_full(False))
    return f"for {lasts_ms} ms"


# --- the venue -------------------------------------------------------------------------------------------

PATHS = ("/v5/order/create", "/v5/order/cancel", "/v5/order/realtime", "/v5/order/history",
         "/v5/execution/list", "/v5/position/list", "/v5/account/wallet-balance")


def _misbehave(director, dice, lasts_ms, kind, **rule):
    """Orders always; now and then what else is asked, or everything."""
    paths = dice.choice((PATHS[:1], PATHS[:2], PATHS, (None,)))
    chance_ppm = dice.choice((200000, 500000, 1000000))
    rules = [dict(rule, kind=kind, count=0, chance_ppm=chance_ppm, **({"path": path} if path else {}))
             for path in paths]
    director.misbehave(rules)
    director.later(lasts_ms, lambda: director.misbehave([]))
    where = "everything" if paths[0] is None else ", ".join(path.split("/", 2)[2] for path in paths)
    return f"{kind}, {chance_ppm // 10000} % of {where} for {lasts_ms} ms"


def venue_kill(director, dice, lasts_ms):
    director.host.hold("venue", True)
    send([director.host.pid("venue")], signal.SIGKILL)

    def up():
        director.host.hold("venue", False)
        director.misbehave_when_back()
    director.later(max(lasts_ms, 100), up)
    return f"down for {lasts_ms} ms"


def venue_latency(director, dice, lasts_ms):
    return _misbehave(director, dice, lasts_ms, "latency", delay_ms=dice.choice((300, 1000, 4000)))


def venue_error_before(director, dice, lasts_ms):
    return _misbehave(director, dice, lasts_ms, "error_before")


def venue_error_after(director, dice, lasts_ms):
    return _misbehave(director, dice, lasts_ms, "error_after")


def venue_cut_before(director, dice, lasts_ms):
    return _misbehave(director, dice, lasts_ms, "cut_before")


def venue_cut_after(director, dice, lasts_ms):
    return _misbehave(director, dice, lasts_ms, "cut_after")


def venue_silent(director, dice, lasts_ms):
    return _misbehave(director, dice, lasts_ms, "silent_after", delay_ms=5000)


def venue_refuse(director, dice, lasts_ms):
    code, message = dice.choice(((10006, "Too many visits. Exceeded the API Rate Limit."),
                                 (10016, "Internal server error."),
                                 (10000, "Server Timeout")))
    return _misbehave(director, dice, lasts_ms, "refuse", code=code, message=message)


def venue_truncate(director, dice, lasts_ms):
    return _misbehave(director, dice, lasts_ms, "truncate")


def venue_garbage(director, dice, lasts_ms):
    return _misbehave(director, dice, lasts_ms, "garbage")


def _held(director, dice):
    """A bot with a position, by our books: (bot, key of its account, quantity)."""
    found = director.host.sql("select json_agg(json_build_array(bot_id, quantity::text) order by bot_id)"
                              " from pair_states where quantity > 0.01")
    if not found:
        raise Away("no bot holds a position")
    bot, quantity = dice.choice(found)
    return bot, director.key_of(bot), float(quantity)


def venue_adl(director, dice, lasts_ms):
    bot, key, quantity = _held(director, dice)
    price = director.host.sql("select to_json(price::text) from trades order by executed_at desc limit 1")
    director.host.sim("POST", "/sim/force", {"key": key, "symbol": "BTCUSDT", "kind": "adl",
                                             "qty": f"{quantity / 2:.3f}", "price": price})
    return f"half of bot {bot[:8]}'s {quantity:.3f}"


def hand_trade(director, dice, lasts_ms):
    bot = dice.choice(director.bots)
    director.touched.add(bot.id) # before: the answer may be lost
    side = dice.choice(("Buy", "Sell"))
    director.host.sim("POST", "/sim/trade", {"key": bot.key, "symbol": "BTCUSDT", "side": side, "qty": "0.005"})
    return f"{side} 0.005 on bot {bot.id[:8]}'s account"


# --- operators -------------------------------------------------------------------------------------------

def bot_stop(director, dice, lasts_ms):
    """One with a run under way, if there is one: that is where a stop has something to hold back."""
    bot = director.host.sql(
        "select to_json(l.bot_id) from run_leases l join bot_configs b on b.id = l.bot_id"
        " where b.status = 'running' order by l.holder is null, random() limit 1")
    if bot is None:
        raise Away("no bot runs")
    director.stop(bot, start_after_ms=lasts_ms)
    return f"bot {bot[:8]}, started again {lasts_ms} ms after the answer"


# --- the network of host b, and its clock ------------------------------------------------------------------

def _network(director, route, mode, lasts_ms):
    director.victims_of("worker-b")
    director.host.network(route, mode)
    if mode != "cut":
        director.later(lasts_ms, lambda: director.host.network(route, "pass"))
    return f"{route}: {mode}" + (f" for {lasts_ms} ms" if mode != "cut" else "")


def cut(director, dice, lasts_ms):
    return _network(director, dice.choice(("all", "postgres", "redis", "venue")), "cut", 0)


def cut_one(director, dice, lasts_ms):
    return _network(director, dice.choice(("postgres", "redis", "venue")),
                    dice.choice(("refuse", "stall")), lasts_ms)


def partition(director, dice, lasts_ms):
    return _network(director, "all", "stall", lasts_ms)


def drip(director, dice, lasts_ms):
    return _network(director, dice.choice(("redis", "venue", "postgres")), "drip", lasts_ms)


def clock_jump(director, dice, lasts_ms):
    shift = dice.choice(("+3600", "-3600"))
    director.set_clock(shift)
    director.later(lasts_ms, lambda: director.set_clock("+0"))
    return f"{shift} s for {lasts_ms} ms"


def clock_stop(director, dice, lasts_ms):
    director.set_clock(None)
    director.later(lasts_ms, lambda: director.set_clock("+0"))
    return f"for {lasts_ms} ms"


def inject(director, planned, dice):
    """Carries a planned fault out; returns what it did."""
    return globals()[planned.kind.name.replace("-", "_")](director, dice, planned.lasts_ms)
