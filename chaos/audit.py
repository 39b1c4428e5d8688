"""audit - holds what we say happened against what did happen. Pure: tests/chaos has worlds made by hand.

The exchange's ledger is read before and after the books, so that a world that still moves can be judged:
what the first reading shows must stand in the books, and nothing may stand there that the second does
not show. Each finding belongs to a figure; a figure that is promised to be zero and is not, fails the run.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal as D

ENTRIES = ("open", "add")
FINAL = ("filled", "cancelled", "rejected", "absent", "done")
STUCK_MS = 10000  # a lease that ended so long ago and still has a holder

# Promised to be zero, in the order in which they are printed.
ZERO = {
    "duplicate orders": "a second order of one purpose before the first was final, or fills of one step beyond what it wanted",
    "lost orders": "at the venue without a journal row, or a row that contradicts the venue",
    "accepted after expiry": "orders that the venue took after their row's own expiry",
    "stale rows written": "sent by a run after another had taken its place",
    "trades missing": "fills of ours or of the venue's own hand without exactly one trade",
    "trades extra": "trades that no fill stands behind, or that differ from it",
    "funding missing or extra": "payments",
    "PnL difference": "accounts whose wallet changed otherwise than trades and funding say",
    "positions wrong": "legs whose booked quantity the venue never held between the two readings",
    "exposure above a cap": "moments at which margin and resting entries exceeded the bot's cap",
    "unresolved unknowns": "orders of which nobody knows what became, after settling",
    "runs doubled": "slots that were executed twice",
    "slots missed": "without a run although somebody led, worked and was not busy",
    "usage billed twice": "runs and trades",
    "usage not billed": "runs that ended, and trades",
    "requests after a stop": "rows that turned sending after a stop was in force, other than the stop's own",
    "bots stuck": "did not run after everything worked again, are blocked, or have a lock that nobody holds",
}


@dataclass
class Offence:
    figure: str
    bot: str = ""
    at_ms: int = 0
    id: str = ""   # of an order or a fill
    text: str = ""


@dataclass
class World:
    bots: list     # director.Bot
    before: object # venue.Ledger
    books: object  # books.Books
    after: object  # venue.Ledger
    events: list = field(default_factory=list)
    stops: list = field(default_factory=list)
    touched: set = field(default_factory=set)
    cap: D = None  # margin of all legs and resting entries, of the wallet
    leverage: D = D(10)
    lot: D = D("0.001")
    settled: str = ""


class Audit:
    def __init__(self, world):
        self.world = world
        self.offences = []
        self.uid_of = {bot.id: bot.uid for bot in world.bots}
        self.bot_of = {bot.uid: bot.id for bot in world.bots}
        self.rows = {row["id"]: row for row in world.books.rows}
        self.rest_ms = next((e.at_ms for e in world.events if e.kind == "rest"), world.books.now_ms)

    def find(self, figure, **what):
        assert figure in ZERO
        self.offences.append(Offence(figure, **what))

    # --- orders --------------------------------------------------------------------------------------

    def orders(self):
        first, last = self.world.before.by_client_id(), self.world.after.by_client_id()
        for order in last.values():
            row = self.rows.get(order.id)
            if row is None:
                # One that is newer than the books has its row in a later version of them.
                if order.id in first:
                    self.find("lost orders", bot=self.bot_of.get(order.uid, ""), at_ms=order.accepted_ms,
                              id=order.id, text="the venue has it, the journal does not")
                continue
            if row["expires_ms"] and order.accepted_ms > row["expires_ms"]:
                self.find("accepted after expiry", bot=row["bot"], at_ms=order.accepted_ms, id=order.id,
                          text=f"{order.accepted_ms - row['expires_ms']} ms late")
        for row in self.world.books.rows:
            if row["kind"] == "place":
                self._row(row, first.get(row["id"]), last.get(row["id"]))

    def _row(self, row, first, last):
        never_left = row["state"] in ("planned", "rejected", "absent") or row["reason"] == "never_sent"
        text = ""
        if row["state"] in ("sending", "unknown"):
            return # counted as unresolved
        if last is None:
            text = "" if never_left else f"the journal says {row['state']}, the venue never saw it"
        elif never_left:
            # A rejected order may have been taken and then rejected.
            if not (row["state"] == "rejected" and last.status == "rejected"):
                text = f"the venue has it ({last.status}), the journal says {row['state']} ({row['reason']})"
        elif row["state"] in FINAL:
            if (last.status, last.filled) != (row["state"], row["filled"]):
                text = f"the venue has {last.status} {last.filled}, the journal {row['state']} {row['filled']}"
        elif first is not None and first.final_ms is not None:
            text = f"the venue has {first.status} {first.filled}, the journal still {row['state']}"
        if text:
            self.find("lost orders", bot=row["bot"], at_ms=row["created_ms"], id=row["id"], text=text)

    def duplicates(self):
        """Entries of a leg follow one another: none is accepted while one before it works."""
        working = defaultdict(dict)
        for event, order, _, line in self.world.after.steps:
            if order is None or order.reduce_only or not order.id:
                continue
            bot = self.bot_of.get(order.uid, "")
            others = working[order.uid]
            if line["status"] in ("open", "untriggered"):
                if order.id not in others and others:
                    self.find("duplicate orders", bot=bot, at_ms=line["time_ms"], id=order.id,
                              text=f"accepted while {next(iter(others))} still worked")
                others[order.id] = order
            else:
                others.pop(order.id, None)
        self._steps()

    def _steps(self):
        """What was planned on the same knowledge (the same entries of the cycle booked) is one step."""
        booked = defaultdict(list) # (bot, cycle) -> (booked_ms, id)
        for trade in self.world.books.trades:
            row = self.rows.get(trade["id"])
            if row is not None and row["purpose"] in ENTRIES:
                booked[trade["bot"], trade["cycle"]].append((trade["booked_ms"], trade["id"]))
        steps = defaultdict(list)
        for row in self.world.books.rows:
            if row["kind"] == "place" and row["purpose"] in ENTRIES:
                known = frozenset(id for at, id in booked[row["bot"], row["cycle"]] if at < row["created_ms"])
                steps[row["bot"], row["leg"], row["cycle"], known].append(row)
        at_venue = self.world.after.by_client_id()
        for (bot, _, cycle, _), rows in steps.items():
            orders = [at_venue[row["id"]] for row in rows if row["id"] in at_venue]
            filled = sum((order.filled for order in orders), D(0))
            wanted = max((row["quantity"] for row in rows), default=D(0))
            if filled > wanted:
                self.find("duplicate orders", bot=bot, at_ms=rows[-1]["created_ms"], id=rows[-1]["id"],
                          text=f"{filled} filled in a step of cycle {cycle} that wanted {wanted}: "
                               + " ".join(order.id for order in orders if order.filled))

    def stale(self):
        newest = defaultdict(list) # bot -> (created_ms, token) of every row
        for row in self.world.books.rows:
            newest[row["bot"]].append((row["created_ms"], row["token"]))
        for row in self.world.books.rows:
            if row["sent_ms"] and any(token > row["token"] and at < row["sent_ms"] - 1
                                      for at, token in newest[row["bot"]]):
                self.find("stale rows written", bot=row["bot"], at_ms=row["sent_ms"], id=row["id"],
                          text=f"token {row['token']} sent after a newer one had planned")

    def unknowns(self):
        """A run that is under way while the books are read may have rows on the wire."""
        running = {lease["bot"] for lease in self.world.books.leases
                   if lease["holder"] and lease["until_ms"] > self.world.books.now_ms}
        for row in self.world.books.rows:
            new = row["bot"] in running and row["created_ms"] > self.world.books.now_ms - STUCK_MS
            if row["state"] in ("sending", "unknown", "planned") and not new:
                self.find("unresolved unknowns", bot=row["bot"], at_ms=row["created_ms"], id=row["id"],
                          text=f"{row['kind']} {row['purpose']} is {row['state']}")

    # --- fills, money ----------------------------------------------------------------------------------

    def trades(self):
        parts = defaultdict(list)
        for trade in self.world.books.trades:
            if trade["type"] != "adopted":
                parts[trade["exec"]].append(trade)
        fills = {fill.exec: fill for fill in self.world.after.fills}
        for fill in self.world.before.fills:
            ours = fill.id in self.rows or (fill.kind != "trade" and fill.uid in self.bot_of)
            if ours and fill.exec not in parts:
                self.find("trades missing", bot=self.bot_of.get(fill.uid, ""), at_ms=fill.at_ms, id=fill.id or fill.exec,
                          text=f"{fill.side} {fill.quantity} at {fill.price} is not booked")
        for name, booked in parts.items():
            fill = fills.get(name)
            text = ""
            if fill is None:
                text = "the venue has no such fill"
            elif len({trade["part"] for trade in booked}) != len(booked):
                text = f"booked {len(booked)} times"
            elif (sum(t["quantity"] for t in booked), {t["price"] for t in booked}, sum(t["fee"] for t in booked),
                  {t["side"] for t in booked}) != (fill.quantity, {fill.price}, fill.fee, {fill.side}):
                text = (f"the venue: {fill.side} {fill.quantity} at {fill.price}, fee {fill.fee}; booked: "
                        + ", ".join(f"{t['side']} {t['quantity']} at {t['price']}, fee {t['fee']}" for t in booked))
            if text:
                self.find("trades extra", bot=booked[0]["bot"], at_ms=booked[0]["booked_ms"], id=name, text=text)

    def funding(self):
        """A payment is booked by the next run after it; those of the last seconds may still wait."""
        booked = Counter(line["id"] for line in self.world.books.funding)
        amounts = {line["id"]: line for line in self.world.books.funding}
        paid = {id: (uid, amount) for uid, id, amount in self.world.after.payments}
        for uid, id, amount in self.world.before.payments:
            bot = self.bot_of.get(uid, "")
            if bot and bot not in self.world.touched and booked[id] != 1:
                self.find("funding missing or extra", bot=bot, id=id, text=f"{amount} is booked {booked[id]} times")
        for id, line in amounts.items():
            if id not in paid or paid[id][1] != line["amount"]:
                self.find("funding missing or extra", bot=line["bot"], id=id,
                          text=f"{line['amount']} is booked, the venue has {paid.get(id)}")

    def pnl(self):
        """Of what is booked; accounts on which a user traded have another average than our books."""
        changes = {fill.exec: fill for fill in self.world.after.fills}
        sums = defaultdict(D)
        counts = Counter()
        seen = set()
        for trade in self.world.books.trades:
            fill = changes.get(trade["exec"])
            if trade["type"] == "adopted" or fill is None:
                continue
            sums[trade["bot"]] += trade["pnl"] - trade["fee"]
            counts[trade["bot"]] += 1
            if trade["exec"] not in seen:
                seen.add(trade["exec"])
                sums[trade["bot"]] -= fill.change
        self.difference = sum((abs(s) for bot, s in sums.items() if bot not in self.world.touched), D(0))
        for bot, difference in sums.items():
            # The venue rounds what each fill earns to 1e-8; we do not round.
            if bot not in self.world.touched and abs(difference) > counts[bot] * D("1e-8"):
                self.find("PnL difference", bot=bot, text=f"{difference}")

    def positions(self):
        """The booked quantity was the venue's at some moment between the two readings."""
        held = defaultdict(list) # uid -> signed quantity, at the first reading and after each later fill
        size = defaultdict(D)
        last = self.world.before.fills[-1].sequence if self.world.before.fills else -1
        for fill in self.world.after.fills:
            size[fill.uid] += fill.quantity if fill.side == "buy" else -fill.quantity
            if fill.sequence <= last:
                held[fill.uid] = [size[fill.uid]]
            else:
                held[fill.uid].append(size[fill.uid])
        for pair in self.world.books.pairs:
            uid = self.uid_of[pair["bot"]]
            ours = pair["quantity"] if pair["held"] == "buy" else -pair["quantity"]
            if ours not in (held[uid] or [D(0)]):
                self.find("positions wrong", bot=pair["bot"],
                          text=f"booked {ours}, the venue held {', '.join(map(str, held[uid]))}; {pair['drift']}")

    def exposure(self):
        """Margin by average cost, plus the entries that work, at every acceptance and fill."""
        if self.world.cap is None:
            return
        legs = defaultdict(lambda: [D(0), D(0)]) # uid -> signed quantity, cost
        entries = defaultdict(dict)
        wallets = {}
        self.most = D(0)
        for event, order, fill, line in self.world.after.steps:
            uid = line["uid"]
            if fill is not None:
                _carry(legs[uid], fill)
                # A loss shrinks the wallet after the cap was counted: the larger one holds.
                wallets[uid] = max(wallets.get(uid, D(0)), fill.wallet)
            if order is not None and not order.reduce_only and order.id:
                left = D(line["quantity"]) - D(line["filled"])
                if line["status"] in ("open", "untriggered") and order.price is not None:
                    entries[uid][order.id] = left * order.price
                else:
                    entries[uid].pop(order.id, None)
            bot = self.bot_of.get(uid, "")
            if uid not in wallets or order is None or order.reduce_only or not order.id or bot in self.world.touched:
                continue
            value = legs[uid][1] + sum(entries[uid].values(), D(0))
            room = self.world.cap * wallets[uid] * self.world.leverage
            self.most = max(self.most, value / room)
            if value > room + self.world.lot * D(line.get("exec_price", line.get("price", "0"))):
                self.find("exposure above a cap", bot=bot, at_ms=line["time_ms"], id=order.id,
                          text=f"{value:.2f} of {room:.2f}")

    # --- runs ------------------------------------------------------------------------------------------

    def missed(self):
        """Slots of running bots without a run, apart from those that design.md 4 leaves out."""
        self.left_out = Counter()
        by_bot = defaultdict(list)
        for run in self.world.books.runs:
            by_bot[run["bot"]].append(run)
        starts = sorted(run["started_ms"] for run in self.world.books.runs)
        for bot in self.world.books.bots:
            runs = by_bot[bot["id"]]
            if not runs:
                continue
            slots = {run["slot_ms"] for run in runs}
            step_ms = bot["interval_s"] * 1000
            at_ms = (min(slots) // step_ms + 1) * step_ms + bot["phase_s"] * 1000
            while at_ms + step_ms < self.rest_ms:
                if at_ms not in slots:
                    why = self._why_left_out(bot, at_ms, step_ms, runs, starts)
                    self.left_out[why or "missed"] += 1
                    if not why:
                        self.find("slots missed", bot=bot["id"], at_ms=at_ms, text=f"slot {at_ms // 1000}")
                at_ms += step_ms

    def _why_left_out(self, bot, at_ms, step_ms, runs, starts):
        for stop in self.world.stops:
            if stop.bot == bot["id"] and stop.asked_ms - step_ms <= at_ms <= (stop.until_ms or at_ms) + step_ms:
                return "stopped"
        for run in runs:
            if run["slot_ms"] <= at_ms and (run["finished_ms"] is None or run["finished_ms"] > at_ms - 1000):
                return "busy"
            # A follow-up just before the slot stands for it; one inside its interval was queued before it.
            if at_ms - step_ms < run["slot_ms"] <= at_ms + step_ms and run["slot_ms"] % 1000 == 0 \
                    and run["slot_ms"] != at_ms and (run["slot_ms"] - at_ms) % step_ms != 0:
                return "busy"
        if silence(starts, at_ms - 1000, at_ms + step_ms + 1000)[0] >= 2500:
            return "nobody worked"
        return ""

    def doubled(self):
        counted = Counter(line["key"] for line in self.world.books.usage if line["type"] == "run")
        for key, count in counted.items():
            if count > 1:
                self.find("runs doubled", bot=key.split("/")[0], text=f"{key} {count} times")

    def usage(self):
        billed = Counter(line["key"] for line in self.world.books.usage)
        for key, count in billed.items():
            if count > 1:
                self.find("usage billed twice", bot=key.split("/")[0], text=f"{key} {count} times")
        ended = {f"{run['bot']}/{run['slot_ms']}/run": run for run in self.world.books.runs if _was_closed(run)}
        of_runs = {line["key"] for line in self.world.books.usage if line["type"] == "run"}
        for key, run in ended.items():
            if key not in of_runs:
                self.find("usage not billed", bot=run["bot"], at_ms=run["started_ms"],
                          text=f"run {key}, {run['status']} {run['class'] or ''}")
        slots = {f"{run['bot']}/{run['slot_ms']}/run" for run in self.world.books.runs}
        for key in of_runs - slots:
            self.find("usage billed twice", bot=key.split("/")[0], text=f"{key} was never run")
        executions = Counter(line["key"].split("/")[1] for line in self.world.books.usage if line["type"] == "trades")
        for trade in self.world.books.trades:
            if trade["type"] == "adopted" or trade["part"] != 0:
                continue
            if executions[trade["exec"]] == 0:
                self.find("usage not billed", bot=trade["bot"], at_ms=trade["booked_ms"], id=trade["exec"], text="a trade")
            elif executions[trade["exec"]] > 1:
                self.find("usage billed twice", bot=trade["bot"], id=trade["exec"], text="a trade")

    def after_stops(self):
        kinds = {(run["bot"], run["slot_ms"]): run["kind"] for run in self.world.books.runs}
        self.stop_ms = []
        for stop in self.world.stops:
            if not stop.from_ms:
                continue
            until_ms = stop.until_ms or self.world.books.now_ms
            last_ms = stop.asked_ms
            for row in self.world.books.rows:
                if row["bot"] != stop.bot or not row["sent_ms"] or row["space"] != "run":
                    continue
                own = row["kind"] == "cancel" and kinds.get((row["bot"], row["slot_ms"])) == "stop"
                if own or row["sent_ms"] > until_ms:
                    continue
                if row["sent_ms"] > stop.from_ms:
                    self.find("requests after a stop", bot=stop.bot, at_ms=row["sent_ms"], id=row["id"],
                              text=f"{row['kind']} {row['purpose']} {row['sent_ms'] - stop.from_ms} ms after the stop")
                last_ms = max(last_ms, row["sent_ms"])
            self.stop_ms.append(last_ms - stop.asked_ms)

    def stuck(self):
        newest = {}
        for run in self.world.books.runs:
            if run["status"] == "success":
                newest[run["bot"]] = max(newest.get(run["bot"], 0), run["started_ms"])
        for bot in self.world.books.bots:
            if bot["status"] != "running":
                self.find("bots stuck", bot=bot["id"], text=f"is {bot['status']}: {bot['reason']}")
            elif newest.get(bot["id"], 0) < self.rest_ms:
                self.find("bots stuck", bot=bot["id"], at_ms=newest.get(bot["id"], 0),
                          text="no run of it succeeded after everything worked again")
        for lease in self.world.books.leases:
            if lease["holder"] and lease["until_ms"] < self.world.books.now_ms - STUCK_MS:
                self.find("bots stuck", bot=lease["bot"], at_ms=lease["until_ms"], text=f"its lease stays with {lease['holder']}")

    # --- recovery --------------------------------------------------------------------------------------

    def recovery(self):
        """Milliseconds by kind: until every run that was hit had run elsewhere, or the longest silence."""
        ends = defaultdict(list)
        for run in self.world.books.runs:
            if run["finished_ms"] and run["status"] in ("success", "skipped"):
                ends[run["bot"]].append(run["finished_ms"])
        starts = sorted(run["started_ms"] for run in self.world.books.runs)
        found = defaultdict(list)
        for event in self.world.events:
            if not event.done or event.kind in ("note", "rest"):
                continue
            if event.victims:
                after = [min((at for at in ends[bot] if at > event.at_ms), default=self.world.books.now_ms)
                         for bot in event.victims]
                found[event.kind].append(max(after) - event.at_ms)
            else:
                length, _ = silence(starts, event.at_ms, event.at_ms + event.lasts_ms + 5000)
                found[event.kind].append(length)
        return found

    def all(self):
        for check in (self.orders, self.duplicates, self.stale, self.trades, self.funding, self.pnl, self.positions,
                      self.exposure, self.unknowns, self.doubled, self.missed, self.usage, self.after_stops, self.stuck):
            check()
        return self


def _was_closed(run):
    """A run that was overtaken, or that killed its runners, never closed: nobody pays for it."""
    return run["status"] in ("success", "error", "skipped", "dead") and run["class"] not in ("superseded", "killed")


def _carry(leg, fill):
    """Signed quantity and cost by average after a fill."""
    signed = fill.quantity if fill.side == "buy" else -fill.quantity
    if leg[0] == 0 or (leg[0] > 0) == (signed > 0):
        leg[1] += fill.quantity * fill.price
    elif abs(signed) <= abs(leg[0]):
        leg[1] -= leg[1] * abs(signed) / abs(leg[0])
    else:
        leg[1] = (abs(signed) - abs(leg[0])) * fill.price
    leg[0] += signed


def silence(starts, from_ms, to_ms):
    """The longest time in which no run began, in milliseconds, and when it began."""
    inside = [from_ms] + [at for at in starts if from_ms < at < to_ms] + [to_ms]
    return max((after - at, at) for at, after in zip(inside, inside[1:]))


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
