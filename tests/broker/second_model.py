#!/usr/bin/env python3
"""second_model - a second, small model of the broker's money, to catch a wrong sign in the first.

Reads a recording of random dealing (test_second_model.c writes it) and works out by itself, from
what was traded and at which price: fees, entry value, realised PnL, funding, wallet, margins,
available balance, liquidation price, and price and order of takeovers. Every figure that the
broker gave must equal its own to the last digit. Fractions and closed formulas here, whole units
and searching there; nothing is shared but the rules as broker.h and broker/README.md state them.

A line is a word and its fields:
  symbol TICK LOT MAKER TAKER (LIMIT RATE)...      account MODE POSITION_MODE
  price SYMBOL MARK                                leverage ACCOUNT SYMBOL BUY SELL
  fill ACCOUNT SYMBOL LEG KIND SIDE QUANTITY PRICE LIQUIDITY FEE CASH WALLET OPENFEE CLOSEFEE
  funding ACCOUNT SYMBOL LEG RATE QUANTITY PAID WALLET
  transfer ACCOUNT AMOUNT WALLET
  orders ACCOUNT                                   (what follows are the account's orders now)
  order ACCOUNT SYMBOL SIDE LEFT PRICE REDUCE_ONLY
  balance ACCOUNT WALLET EQUITY AVAILABLE POSITION ORDER MAINTENANCE
  position ACCOUNT SYMBOL LEG SIDE QUANTITY AVERAGE UNREALISED INITIAL MAINTENANCE KNOWN LIQUIDATION
"""

import sys
from fractions import Fraction as F

CENT8 = F(1, 10**8)


def rounded(value, step=CENT8):
    """To a multiple of step, ties away from zero."""
    units, sign = abs(value) / step, (1 if value >= 0 else -1)
    return sign * ((units + F(1, 2)).__floor__()) * step


def up(value, step=CENT8):
    return (value / step).__ceil__() * step


def down(value, step=CENT8):
    return (value / step).__floor__() * step


class Symbol:
    def __init__(self, fields):
        self.tick, self.lot, self.maker, self.taker = map(F, fields[:4])
        self.tiers, low, deduction, before = [], F(0), F(0), None
        for limit, rate in zip(fields[4::2], fields[5::2]):
            limit, rate = F(limit), F(rate)
            if before is not None:  # what makes the margin continuous at the boundary
                deduction += low * (rate - before)
            self.tiers.append((low, limit, rate, deduction))
            low, before = limit, rate
        low, _, rate, deduction = self.tiers[-1]
        self.tiers[-1] = (low, None, rate, deduction)  # the last has no end
        self.mark = None

    def maintenance(self, value):
        for low, high, rate, deduction in self.tiers:
            if high is None or value <= high:
                return up(value * (rate + self.taker)) - deduction


class Leg:
    def __init__(self, symbol):
        self.symbol = symbol
        self.size = F(0)  # signed
        self.cost = F(0)
        self.margin = F(0)
        self.open_fee = F(0)

    def value(self, price=None):
        return abs(self.size) * (self.symbol.mark if price is None else price)

    def unrealised(self, price=None):
        value = self.value(price)
        return value - self.cost if self.size > 0 else self.cost - value

    def maintenance(self, price=None):
        return self.symbol.maintenance(self.value(price)) if self.size else F(0)


class Account:
    def __init__(self, cross, hedge, symbols):
        self.cross, self.hedge = cross, hedge
        self.wallet = F(0)
        self.legs = [[Leg(symbol), Leg(symbol)] for symbol in symbols]
        self.leverage = [{"buy": F(10), "sell": F(10)} for _ in symbols]
        self.orders = []
        self.takeover = []  # (symbol, leg, price) still to come

    def all_legs(self):
        return [leg for pair in self.legs for leg in pair]

    def leverage_of(self, symbol, index):
        size = self.legs[symbol][index].size
        short = size < 0 or (size == 0 and index == 1)
        return self.leverage[symbol]["sell" if short else "buy"]

    def initial(self, symbol, index):
        leg = self.legs[symbol][index]
        if not leg.size:
            return F(0)
        if not self.cross:
            return leg.margin
        return up(leg.value() / self.leverage_of(symbol, index))

    def position_margin(self):
        return sum(self.initial(s, i) for s in range(len(self.legs)) for i in (0, 1))

    def order_margin(self):
        total = F(0)
        for number, pair in enumerate(self.legs):
            net = pair[0].size
            closable = {"buy": F(0), "sell": F(0)}
            if not self.hedge and net:
                closable["sell" if net > 0 else "buy"] = abs(net)
            for symbol, side, left, price, reduce_only in self.orders:
                if symbol != number or reduce_only:
                    continue
                closes = min(closable[side], left)
                closable[side] -= closes
                value = (left - closes) * price
                total += up(value / self.leverage[symbol][side])
                total += up(value * pair[0].symbol.taker)
        return total

    def unrealised(self):
        return sum(leg.unrealised() for leg in self.all_legs())

    def equity(self):
        return self.wallet + self.unrealised()

    def maintenance(self):
        return sum(leg.maintenance() for leg in self.all_legs())

    def available(self):
        base = self.equity() if self.cross else self.wallet
        return base - self.position_margin() - self.order_margin()

    # What stands behind the leg, less what it must keep, at another mark of its symbol.
    def excess(self, symbol, index, price):
        leg = self.legs[symbol][index]
        if not self.cross:
            return leg.margin + leg.unrealised(price) - leg.maintenance(price)
        total = self.wallet
        for number, pair in enumerate(self.legs):
            at = price if number == symbol else pair[0].symbol.mark
            total += sum(x.unrealised(at) - x.maintenance(at) for x in pair)
        return total

    def roots(self, symbol, index):
        """Prices at which the excess is zero, solved tier by tier."""
        pair = self.legs[symbol] if self.cross else [self.legs[symbol][index]]
        pair = [leg for leg in pair if leg.size]
        if self.cross:
            fixed = self.wallet
            for number, other in enumerate(self.legs):
                if number != symbol:
                    fixed += sum(x.unrealised() - x.maintenance() for x in other)
        else:
            fixed = pair[0].margin
        taker, tiers = pair[0].symbol.taker, pair[0].symbol.tiers
        choices = [[]]
        for _ in pair:
            choices = [c + [t] for c in choices for t in tiers]
        found = []
        for choice in choices:
            constant, slope = fixed, F(0)
            for leg, (_, _, rate, deduction) in zip(pair, choice):
                direction = 1 if leg.size > 0 else -1
                constant += deduction - direction * leg.cost
                slope += direction * abs(leg.size) - abs(leg.size) * (rate + taker)
            if slope == 0:
                continue
            price = -constant / slope
            inside = all(
                low <= leg.value(price) and (high is None or leg.value(price) <= high)
                for leg, (low, high, _, _) in zip(pair, choice)
            )
            if price > 0 and inside:
                found.append(price)
        return found

    def liquidation(self, symbol, index):
        """The tick, nearest to mark, at which the leg is liquidated; None if there is none."""
        leg = self.legs[symbol][index]
        mark, tick = leg.symbol.mark, leg.symbol.tick
        if self.excess(symbol, index, mark) <= 0:
            return mark
        net = sum(x.size for x in self.legs[symbol]) if self.cross else leg.size
        roots = self.roots(symbol, index)
        if net > 0:
            below = [p for p in roots if p <= mark]
            if not below:
                return None
            price = down(max(below), tick)
            # The margin is rounded up to 1e-8, so the next tick may be lost already.
            if self.excess(symbol, index, price + tick) <= 0:
                price += tick
            return price if price >= tick else None
        above = [p for p in roots if p >= mark]
        if not above:
            return None
        price = up(min(above), tick)
        if self.excess(symbol, index, price - tick) <= 0:
            price -= tick
        return price

    def bankruptcy(self, leg, margin):
        """The tick nearest to mark's far side at which closing with its fee costs margin."""
        size, tick, taker = abs(leg.size), leg.symbol.tick, leg.symbol.taker
        if leg.size > 0:
            price, step = up((leg.cost - margin) / (size * (1 - taker)), tick), tick
        else:
            price, step = down((leg.cost + margin) / (size * (1 + taker)), tick), -tick
        price = max(price, tick)
        while rounded(size * price * taker) - leg.unrealised(price) > margin:
            if price + step <= 0:
                break
            price += step
        return price

    def plan_takeover(self, symbol, index):
        if not self.cross:
            leg = self.legs[symbol][index]
            return [(symbol, index, self.bankruptcy(leg, leg.margin))]
        plan, equity = [], self.equity()
        value = sum(leg.value() for leg in self.all_legs())
        for number, pair in enumerate(self.legs):
            for which, leg in enumerate(pair):
                if not leg.size:
                    continue
                share = down(equity * leg.value() / value)
                equity, value = equity - share, value - leg.value()
                price = self.bankruptcy(leg, share - leg.unrealised())
                plan.append((number, which, price))
        return plan


class Model:
    def __init__(self):
        self.symbols, self.accounts = [], []
        self.line, self.checks = 0, 0

    def same(self, what, ours, theirs):
        self.checks += 1
        if ours != F(theirs):
            sys.exit(f"line {self.line}: {what}: broker {theirs}, second model {float(ours):.12f}")

    def leg(self, account, symbol, name):
        account = self.accounts[int(account)]
        index = 1 if name == "short" else 0
        return account, int(symbol), index, account.legs[int(symbol)][index]

    def on_symbol(self, *fields):
        self.symbols.append(Symbol(fields))

    def on_account(self, mode, position_mode):
        self.accounts.append(Account(mode == "cross", position_mode == "hedge", self.symbols))

    def on_price(self, symbol, mark):
        self.symbols[int(symbol)].mark = F(mark)

    def on_leverage(self, number, symbol, buy, sell):
        account, symbol = self.accounts[int(number)], int(symbol)
        account.leverage[symbol] = {"buy": F(buy), "sell": F(sell)}
        if not account.cross:
            for index in (0, 1):
                leg = account.legs[symbol][index]
                leg.margin = up(leg.cost / account.leverage_of(symbol, index))

    def on_transfer(self, number, amount, wallet):
        account = self.accounts[int(number)]
        account.wallet += F(amount)
        self.same("wallet after transfer", account.wallet, wallet)

    def on_fill(self, number, symbol, name, kind, side, quantity, price, liquidity, fee, cash,
                wallet, open_fee, close_fee):
        account, symbol, index, leg = self.leg(number, symbol, name)
        quantity, price, sign = F(quantity), F(price), (1 if side == "buy" else -1)
        if kind == "liquidation":
            self.on_takeover(account, symbol, index, leg, sign, quantity, price)
        rate = {"trade": leg.symbol.maker if liquidity == "maker" else leg.symbol.taker,
                "liquidation": leg.symbol.taker}.get(kind, F(0))
        paid = rounded(quantity * price * rate)
        self.same("fee", paid, fee)

        gain = closed_open = closing = F(0)
        closes = min(quantity, abs(leg.size)) if leg.size * sign < 0 else F(0)
        if closes:
            part = closes / abs(leg.size)
            gone = rounded(leg.cost * part)
            gain = (closes * price - gone) * (1 if leg.size > 0 else -1)
            closed_open, closing = rounded(leg.open_fee * part), rounded(paid * closes / quantity)
            leg.cost -= gone
            leg.margin -= rounded(leg.margin * part)
            leg.open_fee -= closed_open
            leg.size += sign * closes
        opens = quantity - closes
        if opens:
            leg.size += sign * opens
            leg.cost += opens * price
            leg.open_fee += paid - closing
            if not account.cross:
                leg.margin += up(opens * price / account.leverage[symbol][side])
        account.wallet += gain - paid
        self.same("realised", gain, cash)
        self.same("wallet after fill", account.wallet, wallet)
        self.same("closed opening fee", closed_open, open_fee)
        self.same("closing fee", closing, close_fee)

    def on_takeover(self, account, symbol, index, leg, sign, quantity, price):
        if not account.takeover:
            if account.excess(symbol, index, leg.symbol.mark) > 0:
                sys.exit(f"line {self.line}: liquidated without need")
            account.takeover = account.plan_takeover(symbol, index)
        planned = account.takeover.pop(0)
        if planned[:2] != (symbol, index) or leg.size * sign >= 0 or quantity != abs(leg.size):
            sys.exit(f"line {self.line}: another takeover was due: {planned}")
        self.same("bankruptcy price", planned[2], str(price))

    def on_funding(self, number, symbol, name, rate, quantity, amount, wallet):
        account, symbol, _, leg = self.leg(number, symbol, name)
        self.same("funded quantity", abs(leg.size), quantity)
        paid = rounded(-leg.size * leg.symbol.mark * F(rate))
        account.wallet += paid
        self.same("funding", paid, amount)
        self.same("wallet after funding", account.wallet, wallet)
        if paid < 0 and not account.cross and account.available() < 0:
            leg.margin -= min(leg.margin, -account.available())

    def on_orders(self, number):
        self.accounts[int(number)].orders = []

    def on_order(self, number, symbol, side, left, price, reduce_only):
        self.accounts[int(number)].orders.append(
            (int(symbol), side, F(left), F(price), reduce_only == "1"))

    def on_balance(self, number, wallet, equity, available, position, order, maintenance):
        account = self.accounts[int(number)]
        self.same("wallet", account.wallet, wallet)
        self.same("equity", account.equity(), equity)
        self.same("position margin", account.position_margin(), position)
        self.same("order margin", account.order_margin(), order)
        self.same("maintenance margin", account.maintenance(), maintenance)
        self.same("available", max(F(0), account.available()), available)

    def on_position(self, number, symbol, name, side, quantity, average, unrealised, initial,
                    maintenance, known, liquidation):
        account, symbol, index, leg = self.leg(number, symbol, name)
        self.same("quantity", abs(leg.size), quantity)
        if not leg.size:
            return
        if (side == "buy") != (leg.size > 0):
            sys.exit(f"line {self.line}: side is {side}")
        self.same("average", rounded(leg.cost / abs(leg.size), F(1, 10**12)), average)
        self.same("unrealised", leg.unrealised(), unrealised)
        self.same("initial margin", account.initial(symbol, index), initial)
        self.same("maintenance", leg.maintenance(), maintenance)
        price = account.liquidation(symbol, index)
        if (price is not None) != (known == "1"):
            sys.exit(f"line {self.line}: liquidation known {known}, second model {price}")
        if price is not None:
            self.same("liquidation price", price, liquidation)

    def replay(self, lines):
        for line in lines:
            self.line += 1
            word, *fields = line.split()
            getattr(self, "on_" + word)(*fields)
        if not self.checks:
            sys.exit("nothing was compared")
        print(f"second model: {self.checks} figures agree")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="ascii") as recording:
        Model().replay(recording)
