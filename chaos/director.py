"""director - carries a plan out, writes down what it did, and brings the world to rest afterwards."""

import heapq
import random
import subprocess
import threading
import time
from dataclasses import dataclass, field

import faults
from host import Away, now_ms
from seam import Seam

LOOK_S = 0.03
LATENCY_MS = 40      # of every reply of the venue, so that runs last long enough to be hit
SETTLE_S = 90        # a request that was lost is absent 35 s after it was sent, at the earliest
QUIET_RUNS_MS = 25000


@dataclass(frozen=True)
class Bot:
    id: str
    key: str  # of its account at the venue
    uid: int


@dataclass
class Event:
    """Something that was done to the system."""
    at_ms: int
    kind: str
    lasts_ms: int = 0
    text: str = ""
    victims: tuple = ()  # bots whose runs were hit; empty: all may have been
    done: bool = True    # False: what it needs was down already


@dataclass
class Stop:
    bot: str
    asked_ms: int
    from_ms: int = 0         # in force, by Postgres's clock
    answered_ms: int = 0
    until_ms: int = 0        # asked to start again; 0: never
    answer: dict = field(default_factory=dict)
    error: str = ""


class Director:
    def __init__(self, host, bots, say):
        self.host, self.bots, self.say = host, bots, say
        self.seam = Seam(host.home / "seam")
        self.events = []
        self.stops = []
        self.touched = set()     # bots whose account a user traded on by hand
        self.not_running = set() # bots that a stop of ours keeps still
        self.rules = []
        self.begun = time.monotonic()
        self._later = []
        self._watches = []
        self._order = 0
        self._lock = threading.Lock()
        self._commands = []

    # --- what faults use -----------------------------------------------------------------------------

    def later(self, delay_ms, action):
        with self._lock:
            self._order += 1
            heapq.heappush(self._later, (time.monotonic() + delay_ms / 1000, self._order, action))

    def watch(self, patience_ms, look, give_up):
        """Calls look at each turn until it is true, give_up if it never was."""
        self._watches.append((time.monotonic() + patience_ms / 1000, look, give_up))

    def note(self, text):
        self.events.append(Event(now_ms(), "note", text=text))

    def victims_of(self, pool, after_ms=0):
        """The bots whose runs a pool holds now (or in a while) are the victims of the newest event."""
        event = self.events[-1]
        pid = self.host.pid(pool)

        def ask():
            try:
                found = self.host.sql("select json_agg(bot_id) from run_leases where holder like"
                                      f" '%-{pid}-%'", timeout_s=2)
                event.victims = tuple(sorted(set(event.victims) | set(found or ())))
            except Away:
                pass
        if after_ms:
            self.later(after_ms / 2, ask)
        else:
            ask()

    def key_of(self, bot):
        return next(b.key for b in self.bots if b.id == bot)

    def misbehave(self, rules):
        """These rules and no others, besides the latency that all runs have."""
        self.rules = rules
        try:
            self.host.sim("DELETE", "/sim/faults")
            for rule in [{"kind": "latency", "delay_ms": LATENCY_MS, "count": 0}] + rules:
                self.host.sim("POST", "/sim/faults", rule)
        except Away:
            self.misbehave_when_back()

    def misbehave_when_back(self):
        def look():
            try:
                self.host.sim("GET", "/sim/clock", timeout_s=1)
            except Away:
                return False
            self.misbehave(self.rules)
            return True
        self.watch(30000, look, lambda: self.note("the exchange did not come back"))

    def disk_full(self, full):
        with open(self.host.home / "disk", "r+b") as file: # not truncated: Postgres has it mapped
            file.write(b"\1" if full else b"\0")

    def set_clock(self, shift):
        """Host b's: "+3600" (seconds off); None: it stands."""
        text = shift if shift is not None else time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        (self.host.home / "b" / "clock").write_text(text + "\n")

    def stop(self, bot, start_after_ms):
        """`bot stop` on a thread of its own; `bot start` some time after its answer."""
        stop = Stop(bot, now_ms())
        self.stops.append(stop)
        self.not_running.add(bot)

        def run():
            code, answer, error = self.host.botbeat("bot", "stop", bot, "--reason", "chaos", "--timeout", "15")
            stop.answered_ms = now_ms()
            stop.error = "" if code == 0 else error
            if answer:
                stop.answer = answer[0]
                stop.from_ms = answer[0]["stopped_at_ms"]
            time.sleep(start_after_ms / 1000)
            stop.until_ms = now_ms()
            self._start(bot)
        self._spawn(run)

    def _start(self, bot):
        """True if it runs again; otherwise settling tries again."""
        code, _, error = self.host.botbeat("bot", "start", bot)
        if code == 0:
            self.not_running.discard(bot)
        else:
            self.note(f"bot {bot[:8]} did not start: {error[-200:]}")
        return code == 0

    def _spawn(self, run):
        thread = threading.Thread(target=run, daemon=True)
        self._commands.append(thread)
        thread.start()

    # --- the show --------------------------------------------------------------------------------------

    def turn(self):
        """Does what is due; returns after a moment."""
        while True:
            with self._lock:
                if not self._later or self._later[0][0] > time.monotonic():
                    break
                _, _, action = heapq.heappop(self._later)
            self._try(action)
        for watch in list(self._watches):
            until, look, give_up = watch
            try:
                seen = look()
            except Away:
                seen = False
            if seen or time.monotonic() >= until:
                self._watches.remove(watch)
                if not seen:
                    self._try(give_up)
        time.sleep(LOOK_S)

    def _try(self, action):
        try:
            action()
        except Away as error:
            self.note(f"could not end a fault at once: {error}")

    def begin(self, planned):
        event = Event(now_ms(), planned.kind.name, planned.lasts_ms)
        self.events.append(event)
        try:
            event.text = faults.inject(self, planned, random.Random(planned.seed))
        except (Away, subprocess.TimeoutExpired) as error:
            event.done = False
            event.text = str(error)
        self.say(f"{(time.monotonic() - self.begun):6.1f} s  {event.kind}{'' if event.done else ' (not done)'}"
                 f"  {event.text}")

    def perform(self, plan, seconds):
        self.begun = time.monotonic()
        for planned in plan:
            self.turn()
            while (time.monotonic() - self.begun) * 1000 < planned.at_ms:
                self.turn()
            self.begin(planned)
        while time.monotonic() - self.begun < seconds or self._later or self._watches:
            self.turn()

    # --- coming to rest ----------------------------------------------------------------------------------

    def settle(self):
        """No more faults. Waits until nothing is unknown, drifts are adopted and every bot ran again."""
        self.events.append(Event(now_ms(), "rest", text="no more faults"))
        self._heal()
        for thread in self._commands:
            thread.join(timeout=60)
        rest_ms = now_ms()
        deadline = time.monotonic() + SETTLE_S
        left = "nothing was looked at"
        while time.monotonic() < deadline:
            try:
                self._mend()
                left = self._what_is_left(rest_ms)
            except Away as error:
                left = str(error)
            if not left:
                return ""
            for _ in range(20):
                self.turn()
        return left

    def _heal(self):
        self.misbehave([])
        self.disk_full(False)
        self.set_clock("+0")
        self.host.network("all", "pass")
        for name in ("redis", "venue"):
            self.host.hold(name, False)
        # The market goes on at life's own pace, so that the books can catch up with it.
        self.watch(20000, self._slow_market, lambda: self.note("the market did not slow down"))
        self.turn()

    def _slow_market(self):
        self.host.sim("POST", "/sim/clock", {"speed": "1"})
        return True

    def _mend(self):
        """What waits for an operator: bots that a stop of ours left still, and confirmed drifts."""
        for bot in list(self.not_running):
            self._start(bot)
        drifted = self.host.sql("select json_agg(distinct bot_id) from pair_states where drift_confirmed")
        for bot in drifted or ():
            if bot not in self.touched:
                continue # a drift that no hand explains is a finding, not a matter for adoption
            code, _, error = self.host.botbeat("bot", "adopt", bot, "--reason", "chaos: traded by hand", "--yes")
            if code == 0:
                self.note(f"bot {bot[:8]}'s drift is adopted")
            else:
                self.note(f"bot {bot[:8]} was not adopted: {error[-200:]}")

    def _what_is_left(self, rest_ms):
        """Why the world is not at rest; "" if it is."""
        left = self.host.sql(f"""select json_build_object(
            'orders unknown', (select count(*) from order_journal where state in ('planned', 'sending', 'unknown')),
            'drifts', (select count(*) from pair_states where drift_since is not null),
            'bots that have not run since', (select count(*) from bot_configs b where b.status = 'running'
                and not exists (select from bot_execution_logs r where r.bot_id = b.id and r.status = 'success'
                and r.started_at > to_timestamp({rest_ms / 1000}) + interval '2 seconds')),
            'stop runs', (select count(*) from run_leases where not stop_run_done))""")
        left["bots not started"] = len(self.not_running)
        return ", ".join(f"{count} {what}" for what, count in left.items() if count)
