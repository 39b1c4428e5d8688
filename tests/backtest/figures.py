"""Works out a backtest's figures again, from the candles and the list of what was traded.

Shares no code and no method with the backtester: exact fractions, the whole equity curve in memory,
positions and cycles rebuilt from fills, liquidation prices solved per risk tier. Usage:

    figures.py CANDLES TRADES BEGIN_MS END_MS BALANCE LEVERAGE high|low

CANDLES: our CSV (timestamp_ms,open,high,low,close,...); TRADES: what `backtest --trades` wrote.
Prices are moved to ticks of 0.1. Cross margin. Prints one JSON object.
"""

import csv
import json
import math
import sys
from datetime import datetime, timezone
from fractions import Fraction

TICK = Fraction(1, 10)
TAKER = Fraction("0.00055")
TIERS = [(2000000, "0.005"), (10000000, "0.01"), (20000000, "0.015"), (40000000, "0.02"),
         (80000000, "0.03"), (160000000, "0.05"), (400000000, "0.1")]
STEP_MS = 5000
DAY_MS = 86400000
BAND = Fraction(1, 1000)


def to_tick(text):
    """The nearest tick, ties up, counted in ticks."""
    return math.floor(Fraction(text) / TICK + Fraction(1, 2))


def read_candles(path):
    candles = {}
    with open(path) as file:
        for row in csv.DictReader(file):
            candles[int(row["timestamp_ms"])] = [to_tick(row[k]) for k in ("open", "high", "low", "close")]
    return candles


def moment(text):
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def read_trades(path):
    with open(path) as file:
        return [dict(row, at=moment(row["time"])) for row in csv.DictReader(file)]


def walk(candle, high_first):
    """Twelve prices: straight lines through the four known ones, cut towards the line's beginning."""
    first, high, low, last = candle
    corners = [(0, first), (4, high if high_first else low), (8, low if high_first else high), (11, last)]
    path = [first]
    for (i, a), (k, b) in zip(corners, corners[1:]):
        path += [a + int(Fraction((b - a) * n, k - i)) for n in range(1, k - i + 1)]
    return path


def liquidation_tick(lots, cost, wallet, mark):
    """The tick nearest to mark at which what is left no longer covers the maintenance margin."""
    quantity = abs(lots)
    direction = 1 if lots > 0 else -1
    deduction, below, rate_before = Fraction(0), Fraction(0), None
    best = None
    for limit, rate in TIERS:
        rate = Fraction(rate)
        if rate_before is not None:
            deduction += below * (rate - rate_before)
        # wallet + direction (q P - cost) = q P (rate + taker) - deduction
        slope = quantity * (direction - rate - TAKER)
        price = (direction * cost - wallet - deduction) / slope
        if price > 0 and below < quantity * price <= limit:
            tick = math.floor(price / TICK) if direction > 0 else math.ceil(price / TICK)
            if tick > 0 and (best is None or abs(tick - mark) < abs(best - mark)):
                best = tick
        below, rate_before = Fraction(limit), rate
    return best


class Book:
    """The position, from fills alone."""

    def __init__(self, balance):
        self.wallet = balance
        self.lots = Fraction(0)
        self.cost = Fraction(0)
        self.fees = self.funding = self.realised = Fraction(0)
        self.cycles = []
        self.cycle = None
        self.fills = self.makers = 0
        self.liquidation = None

    def take(self, row):
        if row["event"] == "FUNDING":
            paid = Fraction(row["funding"])
            self.wallet += paid
            self.funding += paid
            if self.cycle:
                self.cycle["net"] += paid
            return
        quantity, price, fee = (Fraction(row[k]) for k in ("quantity", "price", "fee"))
        signed = quantity if row["side"] == "buy" else -quantity
        self.fills += 1
        self.makers += row["liquidity"] == "maker"
        self.fees += fee
        self.wallet -= fee
        if self.cycle is None:
            self.cycle = {"net": Fraction(0), "orders": set(), "begin": row["at"]}
        self.cycle["net"] -= fee
        if self.lots * signed >= 0:
            self.cycle["orders"].add(row["order"])
            self.cost += quantity * price
        else:
            share = self.cost * quantity / abs(self.lots)
            gain = quantity * price - share if self.lots > 0 else share - quantity * price
            self.cost -= share
            self.wallet += gain
            self.realised += gain
            self.cycle["net"] += gain
        self.lots += signed
        if self.lots == 0:
            self.cycle["end"] = row["at"]
            self.cycles.append(self.cycle)
            self.cycle = None

    def equity(self, tick):
        value = self.lots * tick * TICK
        return self.wallet + value - (self.cost if self.lots > 0 else -self.cost if self.lots < 0 else 0)


def main():
    candles_path, trades_path, begin, end, balance, leverage, order = sys.argv[1:8]
    begin, end, balance, leverage = int(begin), int(end), Fraction(balance), int(leverage)
    high_first = order == "high"
    candles, trades = read_candles(candles_path), read_trades(trades_path)
    book = Book(balance)
    samples = [(begin, balance)]
    held_ms, held_since = 0, None
    exposure = margin = Fraction(0)
    distance = None
    day_ends = {}
    next_trade = 0
    for minute in range(begin, end, 60000):
        path = walk(candles[minute], high_first)
        for step, tick in enumerate(path):
            at = minute + step * STEP_MS
            happened = False
            while next_trade < len(trades) and trades[next_trade]["at"] < at + STEP_MS:
                row = trades[next_trade]
                before = book.lots
                if not before and not happened:
                    samples.append((at, book.equity(tick)))
                book.take(row)
                if not before and book.lots:
                    held_since = at
                if before and not book.lots:
                    held_ms += at - held_since
                next_trade += 1
                happened = True
            if happened:
                book.liquidation = liquidation_tick(book.lots, book.cost, book.wallet, tick) if book.lots else None
            if not happened and step not in (0, 4, 8, 11):
                continue
            samples.append((at, book.equity(tick)))
            if not book.lots:
                continue
            value = abs(book.lots) * tick * TICK / book.wallet
            exposure = max(exposure, value)
            margin = max(margin, value / leverage)
            if book.liquidation is not None:
                apart = Fraction(abs(tick - book.liquidation), tick)
                distance = apart if distance is None else min(distance, apart)
        if (minute + 60000) % DAY_MS == 0:
            day_ends[minute + 60000] = samples[-1][1]
    if book.lots:
        held_ms += end - held_since
    samples.append((end, samples[-1][1]))
    print(json.dumps(figures(book, samples, day_ends, begin, end, balance, held_ms, exposure, margin, distance)))


def drawdowns(samples):
    """The deepest fall, its length, and the times more than a thousandth below a peak."""
    peak, surface_at, trough = samples[0][1], samples[0][0], samples[0][1]
    deepest, length, under, longest = Fraction(0), 0, 0, 0

    def judge(at):
        nonlocal deepest, length, under, longest
        depth = (peak - trough) / peak
        if depth > deepest:
            deepest, length = depth, at - surface_at
        if trough < peak * (1 - BAND):
            under += at - surface_at
            longest = max(longest, at - surface_at)

    for at, equity in samples:
        trough = min(trough, equity)
        if equity >= peak * (1 - BAND):
            judge(at)
            peak = max(peak, equity)
            surface_at, trough = at, equity
    judge(samples[-1][0])
    return deepest, length, under, longest


def figures(book, samples, day_ends, begin, end, balance, held_ms, exposure, margin, distance):
    last = samples[-1][1]
    days = (end - begin) / DAY_MS
    deepest, length, under, longest = drawdowns(samples)
    times = sorted(day_ends)
    if begin % DAY_MS == 0:
        day_ends[begin], times = balance, [begin] + times
    returns = [float(day_ends[b] / day_ends[a] - 1) for a, b in zip(times, times[1:])]
    enough, enough_days = days >= 30, len(returns) >= 30
    mean = sum(returns) / len(returns) if returns else 0
    deviation = math.sqrt(sum((r - mean) ** 2 for r in returns) / (len(returns) - 1)) if len(returns) > 1 else 0
    downside = math.sqrt(sum(min(r, 0) ** 2 for r in returns) / len(returns)) if returns else 0
    nets = [cycle["net"] for cycle in book.cycles]
    gained, lost = sum(n for n in nets if n > 0), -sum(n for n in nets if n <= 0)
    lengths = [cycle["end"] - cycle["begin"] for cycle in book.cycles]
    annual = float(last / balance) ** (365 / days) - 1 if enough else None
    worst = min(returns) if returns else None
    return {
        "equity_begin": float(balance),
        "equity_end": float(last),
        "total_return": float(last / balance - 1),
        "annual_return": annual,
        "max_drawdown": float(deepest),
        "drawdown_length": length / 1000,
        "sharpe": mean / deviation * math.sqrt(365) if enough_days and deviation else None,
        "sortino": mean / downside * math.sqrt(365) if enough_days and downside else None,
        "calmar": annual / float(deepest) if enough and deepest else None,
        "worst_day": worst,
        "worst_day_at": datetime.fromtimestamp(times[returns.index(worst)] / 1000, timezone.utc).strftime("%Y-%m-%d")
        if returns else None,
        "underwater": under / (end - begin),
        "underwater_longest": longest / 1000,
        "cycles": len(nets),
        "win_rate": sum(n > 0 for n in nets) / len(nets) if nets else None,
        "profit_factor": float(gained / lost) if lost else None,
        "expectancy": float(sum(nets) / len(nets)) if nets else None,
        "cycle_length": sum(lengths) / len(lengths) / 1000 if nets else None,
        "cycle_longest": max(lengths) / 1000 if nets else None,
        "adds_per_cycle": sum(len(c["orders"]) - 1 for c in book.cycles) / len(nets) if nets else None,
        "time_in_market": held_ms / (end - begin),
        "max_exposure": float(exposure),
        "max_margin": float(margin),
        "liquidation_distance": float(distance) if distance is not None else None,
        "realised": float(book.realised),
        "fees": float(book.fees),
        "funding": float(book.funding),
        "unrealised": float(last - book.wallet),
        "fills": book.fills,
        "maker_share": book.makers / book.fills if book.fills else None,
    }


main()
