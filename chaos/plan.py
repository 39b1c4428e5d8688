"""plan - which fault comes when: pure, so that a seed tells the same story again.

A plan is a list of Planned, in order of time. Every kind that was asked for comes about equally
often. A fault lasts some time; two that hold the same thing (one host's processes, Redis, Postgres,
the venue's behaviour) never overlap, so that each figure belongs to one fault.
"""

import random
from dataclasses import dataclass

FIRST_MS = 1000  # the first fault; before it everything works
PAUSE_MS = 700   # between two that hold the same thing


@dataclass(frozen=True)
class Kind:
    name: str
    group: str
    holds: tuple       # what it needs for itself
    lasts_ms: tuple    # shortest and longest
    share: float = 1.0  # of the others' frequency
    meaning: str = ""


@dataclass(frozen=True)
class Planned:
    at_ms: int
    kind: Kind
    lasts_ms: int
    seed: int  # for the choices that are made when it happens


HOST_A, HOST_B, LEAD = "host a", "host b", "scheduler"
REDIS, POSTGRES, VENUE = "redis", "postgres", "venue"

KINDS = (
    Kind("runner-kill", "process", (), (0, 0), 2, "kill -9 of a runner, busy ones first"),
    Kind("runner-freeze", "process", (), (300, 2500), 1, "a runner stands still, then goes on"),
    Kind("keeper-kill", "process", (), (0, 0), 1, "kill -9 of a keeper"),
    Kind("keeper-freeze", "process", (HOST_A,), (1000, 7000), 1, "host a's keeper stands still"),
    Kind("worker-kill", "process", (), (0, 0), 1, "kill -9 of a supervisor; its children stay"),
    Kind("worker-freeze", "process", (), (500, 4000), 1, "a supervisor stands still"),
    Kind("worker-term", "process", (), (0, 0), 1, "TERM to a pool: it drains and is started again"),
    Kind("host-kill", "process", (HOST_A,), (0, 0), 1, "kill -9 of all processes of host a"),
    Kind("host-freeze", "process", (HOST_A,), (5000, 8000), 1, "host a stands still past its leases"),
    Kind("scheduler-kill", "process", (LEAD,), (0, 0), 1, "kill -9 of the scheduler that leads"),
    Kind("scheduler-freeze", "process", (LEAD,), (3000, 6000), 1, "the leader stands still past its lease"),
    Kind("scheduler-term", "process", (LEAD,), (0, 0), 0.5, "TERM to the leader"),
    Kind("step-kill", "step", (HOST_A,), (2500, 2500), 2, "runners kill themselves between two steps of a run"),
    Kind("step-freeze", "step", (HOST_A,), (8000, 9500), 2,
         "a runner between two steps, and then its host, stand still past the lease"),
    Kind("redis-kill", "redis", (REDIS,), (0, 3000), 1, "kill -9 of Redis, append-only file kept"),
    Kind("redis-forget", "redis", (REDIS,), (0, 2000), 1, "kill -9 of Redis, its data lost"),
    Kind("redis-flush", "redis", (REDIS,), (0, 0), 1, "FLUSHALL"),
    Kind("redis-freeze", "redis", (REDIS,), (1000, 6000), 1, "Redis takes connections and never answers"),
    Kind("postgres-cancel", "postgres", (POSTGRES,), (0, 0), 1, "sessions are terminated in mid-statement"),
    Kind("postgres-backend", "postgres", (POSTGRES,), (0, 0), 1, "kill -9 of a backend: all sessions are lost"),
    Kind("postgres-kill", "postgres", (POSTGRES,), (0, 0), 1, "kill -9 of the postmaster"),
    Kind("postgres-freeze", "postgres", (POSTGRES,), (500, 5000), 1, "Postgres never answers"),
    Kind("postgres-full", "disk", (POSTGRES,), (1000, 4000), 1, "Postgres's disk is full"),
    Kind("venue-kill", "venue", (VENUE,), (0, 2000), 0.5, "kill -9 of the exchange, which comes back"),
    Kind("venue-latency", "venue", (VENUE,), (2000, 5000), 1, "replies are late, some later than our patience"),
    Kind("venue-error-before", "venue", (VENUE,), (2000, 4000), 1, "502, nothing done"),
    Kind("venue-error-after", "venue", (VENUE,), (2000, 4000), 1, "502 after it was done"),
    Kind("venue-cut-before", "venue", (VENUE,), (2000, 4000), 1, "connections end, nothing done"),
    Kind("venue-cut-after", "venue", (VENUE,), (2000, 4000), 1, "connections end after it was done"),
    Kind("venue-silent", "venue", (VENUE,), (2000, 4000), 1, "no reply after it was done"),
    Kind("venue-refuse", "venue", (VENUE,), (2000, 4000), 1, "requests are refused as too many, or as busy"),
    Kind("venue-truncate", "venue", (VENUE,), (2000, 4000), 1, "half of the reply"),
    Kind("venue-garbage", "venue", (VENUE,), (2000, 4000), 1, "HTML with status 200"),
    Kind("venue-adl", "venue", (), (0, 0), 1, "the venue closes a part of a position by itself"),
    Kind("hand-trade", "hand", (), (0, 0), 0.5, "a user trades by hand on a bot's account"),
    Kind("bot-stop", "stop", (), (3000, 6000), 2, "an operator stops a bot that runs, and starts it later"),
    Kind("step-stop", "stop", (HOST_A,), (1500, 1500), 1.5, "a stop between two steps of a run"),
    Kind("cut", "network", (HOST_B,), (0, 0), 1, "host b's connections are reset"),
    Kind("cut-one", "network", (HOST_B,), (500, 5000), 1, "host b loses Postgres, Redis or the venue"),
    Kind("partition", "network", (HOST_B,), (5000, 9000), 1, "host b's network holds everything back, then delivers"),
    Kind("drip", "network", (HOST_B,), (1000, 4000), 0.5, "one byte a second reaches host b"),
    Kind("clock-jump", "clock", (HOST_B, "clock"), (2000, 6000), 1, "host b's clock jumps by an hour, forth or back"),
    Kind("clock-stop", "clock", (HOST_B, "clock"), (2000, 6000), 0.5, "host b's clock stands still"),
)

GROUPS = tuple(dict.fromkeys(kind.group for kind in KINDS))


def choose(text):
    """Kinds by "name,group,…"; "all". ValueError names what is neither."""
    if text == "all":
        return KINDS
    wanted = []
    for word in text.split(","):
        found = [kind for kind in KINDS if word in (kind.name, kind.group)]
        if not found:
            raise ValueError(f"there is no fault \"{word}\"")
        wanted += [kind for kind in found if kind not in wanted]
    return tuple(wanted)


def _draw_kinds(kinds, dice):
    """Endlessly, in rounds: each round has every kind once, on average as often as its share."""
    while True:
        round_of = [kind for kind in kinds for _ in range(int(kind.share) + (dice.random() < kind.share % 1))]
        dice.shuffle(round_of)
        yield from round_of


def make(kinds, seed, seconds, every_ms):
    """Faults for `seconds`, one about every every_ms, all of them over by the end."""
    dice = random.Random(seed)
    end_ms = seconds * 1000
    free_at = {}
    planned = []
    at_ms = FIRST_MS
    kinds_to_come = _draw_kinds(kinds, dice)
    while at_ms < end_ms:
        kind = next(kinds_to_come)
        lasts_ms = dice.randint(*kind.lasts_ms)
        begin_ms = max([at_ms] + [free_at.get(thing, 0) for thing in kind.holds])
        if begin_ms + lasts_ms <= end_ms:
            for thing in kind.holds:
                free_at[thing] = begin_ms + lasts_ms + PAUSE_MS
            planned.append(Planned(begin_ms, kind, lasts_ms, dice.getrandbits(32)))
        at_ms += dice.randint(every_ms // 2, every_ms * 3 // 2)
    return sorted(planned, key=lambda fault: (fault.at_ms, fault.seed))
