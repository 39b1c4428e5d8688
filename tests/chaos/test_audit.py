#!/usr/bin/env python3
"""Each figure of chaos/audit.py can fail: a small world that is right, and one thing wrong in each test."""

import copy
import pathlib
import sys
import unittest
from decimal import Decimal as D

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "chaos"))

import audit  # noqa: E402
import plan  # noqa: E402
import venue  # noqa: E402
from books import Books  # noqa: E402
from director import Bot, Event, Stop  # noqa: E402

BOT, UID = "22222222-2222-4222-8222-222222222222", 100000001
OPEN, CLOSE = "ENTRY", "EXIT"


def order_line(sequence, event, time_ms, id, status, side="buy", filled="0", reduce_only=False, quantity="0.010",
               **more):
    return {"sequence": sequence, "event": event, "time_ms": time_ms, "market_ms": 0, "uid": UID, "symbol": "BTCUSDT",
            "order_id": "v" + id, "client_order_id": id, "side": side, "type": "limit", "status": status,
            "quantity": quantity, "price": "20000", "filled": filled, "reduce_only": reduce_only, **more}


def ledger():
    """Opened at 20000, closed at 20100, one funding payment between."""
    return [
        order_line(1, "accepted", 11000, OPEN, "open"),
        order_line(2, "fill", 12000, OPEN, "filled", filled="0.010", exec_id="e1", fill_kind="trade",
                   exec_quantity="0.010", exec_price="20000", fee="0.04", change="-0.04", wallet="1999.96"),
        {"sequence": 3, "event": "funding", "time_ms": 15000, "uid": UID, "funding_id": "f1", "funding": "-0.02"},
        order_line(4, "accepted", 21000, CLOSE, "open", side="sell", reduce_only=True),
        order_line(5, "fill", 22000, CLOSE, "filled", side="sell", filled="0.010", reduce_only=True, exec_id="e2",
                   fill_kind="trade", exec_quantity="0.010", exec_price="20100", fee="0.04", change="0.96",
                   wallet="2000.90"),
    ]


def row(id, slot_ms, purpose, side, created_ms, **more):
    return {"bot": BOT, "slot_ms": slot_ms, "sequence": 0, "space": "run", "token": slot_ms // 10000, "kind": "place",
            "purpose": purpose, "id": id, "target": None, "leg": "one_way", "side": side, "quantity": D("0.010"),
            "price": D("20000"), "reduce_only": purpose == "close", "state": "filled", "filled": D("0.010"),
            "expires_ms": created_ms + 5000, "sent_ms": created_ms + 10, "created_ms": created_ms, "reason": None,
            "cycle": 1, **more}


def trade(exec, id, side, price, pnl, booked_ms):
    return {"bot": BOT, "exec": exec, "part": 0, "id": id, "side": side, "type": "trade", "action": "OPENED",
            "quantity": D("0.010"), "price": D(price), "pnl": D(pnl), "fee": D("0.04"), "cycle": 1,
            "booked_ms": booked_ms}


def run(slot_ms, **more):
    return {"bot": BOT, "slot_ms": slot_ms, "kind": "slot", "status": "success", "attempt": 1, "kills": 0, "worker": "w",
            "started_ms": slot_ms + 100, "finished_ms": slot_ms + 600, "class": None, "error": None, **more}


def usage(key, type):
    return {"bot": BOT, "key": key, "type": type, "at_ms": 0}


def world():
    books = Books(
        bots=[{"id": BOT, "tenant": "t", "status": "running", "reason": None, "interval_s": 10, "phase_s": 0}],
        rows=[row(OPEN, 10000, "open", "buy", 10500), row(CLOSE, 20000, "close", "sell", 20500)],
        trades=[trade("e1", OPEN, "buy", "20000", "0", 20300), trade("e2", CLOSE, "sell", "20100", "1", 30300)],
        funding=[{"bot": BOT, "id": "f1", "amount": D("-0.02")}],
        runs=[run(slot) for slot in (10000, 20000, 30000, 40000, 50000)],
        usage=[usage(f"{BOT}/{slot}/run", "run") for slot in (10000, 20000, 30000, 40000, 50000)]
              + [usage("a/e1/0/trades", "trades"), usage("a/e2/0/trades", "trades")],
        pairs=[{"bot": BOT, "held": "buy", "quantity": D(0), "drift": None, "leverage": 10}],
        leases=[{"bot": BOT, "holder": None, "until_ms": 50600, "stopped": False}],
        now_ms=51000)
    return audit.World([Bot(BOT, "k", UID)], None, books, None, [Event(45000, "rest")], cap=D("0.06"))


class AuditTest(unittest.TestCase):
    def setUp(self):
        self.world, self.lines = world(), ledger()

    def found(self, after=None):
        self.world.before = venue.read(copy.deepcopy(self.lines))
        self.world.after = venue.read(copy.deepcopy(self.lines if after is None else after))
        return sorted({offence.figure for offence in audit.Audit(self.world).all().offences})

    def test_a_right_world_has_no_offence(self):
        self.assertEqual(self.found(), [])

    def test_an_order_without_a_row_is_lost(self):
        del self.world.books.rows[1], self.world.books.trades[1], self.world.books.usage[-1]
        self.assertIn("lost orders", self.found())

    def test_a_row_that_contradicts_the_venue_is_lost(self):
        self.world.books.rows[0]["filled"] = D("0.009")
        self.assertEqual(self.found(), ["lost orders"])

    def test_an_absent_row_that_the_venue_has_is_lost(self):
        self.world.books.rows[0]["state"] = "absent"
        self.assertEqual(self.found(), ["lost orders"])

    def test_a_row_that_the_venue_never_saw_is_lost(self):
        self.world.books.rows.append(row("PHANTOM", 40000, "add", "buy", 40500, state="cancelled", filled=D(0)))
        self.assertEqual(self.found(), ["lost orders"])

    def test_a_row_that_never_left_is_nothing(self):
        self.world.books.rows.append(row("NEVER", 40000, "add", "buy", 40500, state="cancelled", filled=D(0),
                                         reason="never_sent", sent_ms=None))
        self.assertEqual(self.found(), [])

    def test_an_entry_beside_a_working_one_is_doubled(self):
        self.lines.insert(1, order_line(1, "accepted", 11500, "SECOND", "open"))
        self.lines.insert(2, order_line(1, "cancelled", 11600, "SECOND", "cancelled"))
        self.world.books.rows.append(row("SECOND", 10000, "open", "buy", 10600, state="cancelled", filled=D(0)))
        self.assertEqual(self.found(), ["duplicate orders"])

    def test_a_step_that_filled_twice_is_doubled(self):
        """One after the other, and yet on the same knowledge."""
        for sequence, (id, side, exec) in enumerate((("AGAIN", "buy", "e3"), ("OUT", "sell", "e4"))):
            exit_ = side == "sell"
            change = "-0.04" if side == "buy" else "-0.04"
            self.lines.insert(2 + 2 * sequence, order_line(2, "accepted", 12500, id, "open", side=side, reduce_only=exit_))
            self.lines.insert(3 + 2 * sequence, order_line(
                2, "fill", 12600 + sequence, id, "filled", side=side, filled="0.010", reduce_only=exit_, exec_id=exec,
                fill_kind="trade", exec_quantity="0.010", exec_price="20000", fee="0.04", change=change, wallet="1999.9"))
        self.world.books.rows += [row("AGAIN", 10000, "open", "buy", 10700), row("OUT", 20000, "close", "sell", 20700)]
        self.world.books.trades += [trade("e3", "AGAIN", "buy", "20000", "0", 20300),
                                    trade("e4", "OUT", "sell", "20000", "0", 20300)]
        self.world.books.usage += [usage("a/e3/0/trades", "trades"), usage("a/e4/0/trades", "trades")]
        self.assertEqual(self.found(), ["duplicate orders"])

    def test_an_order_taken_after_its_expiry(self):
        self.world.books.rows[0]["expires_ms"] = 10900
        self.assertEqual(self.found(), ["accepted after expiry"])

    def test_a_row_sent_after_a_newer_token_planned_is_stale(self):
        self.world.books.rows[0]["sent_ms"] = 20600
        self.assertEqual(self.found(), ["stale rows written"])

    def test_a_fill_that_is_not_booked(self):
        del self.world.books.trades[1], self.world.books.usage[-1]
        self.assertIn("trades missing", self.found())

    def test_a_forced_fill_that_is_not_booked(self):
        self.lines.append({"sequence": 6, "event": "fill", "time_ms": 23000, "uid": UID, "exec_id": "e3", "fill_kind": "adl",
                           "side": "sell", "exec_quantity": "0", "exec_price": "1"})
        self.assertEqual(self.found(), ["trades missing"])

    def test_a_trade_that_no_fill_stands_behind(self):
        self.world.books.trades[1]["exec"] = "made up"
        self.assertIn("trades extra", self.found())

    def test_a_trade_with_another_price(self):
        self.world.books.trades[1]["price"] = D("20200")
        self.assertEqual(self.found(), ["trades extra"])

    def test_a_trade_booked_twice(self):
        self.world.books.trades.append(dict(self.world.books.trades[1]))
        self.assertIn("trades extra", self.found())

    def test_funding_that_is_not_booked(self):
        self.world.books.funding.clear()
        self.assertEqual(self.found(), ["funding missing or extra"])

    def test_funding_with_another_amount(self):
        self.world.books.funding[0]["amount"] = D("0.02")
        self.assertEqual(self.found(), ["funding missing or extra"])

    def test_pnl_that_the_wallet_does_not_show(self):
        self.world.books.trades[1]["pnl"] = D("1.01")
        self.assertEqual(self.found(), ["PnL difference"])

    def test_a_position_that_the_venue_never_held(self):
        self.world.books.pairs[0]["quantity"] = D("0.004")
        self.assertEqual(self.found(), ["positions wrong"])

    def test_a_position_of_the_moment_before_a_last_fill_is_right(self):
        self.world.books.pairs[0]["quantity"] = D("0.010")
        last, self.lines = ledger(), self.lines[:-1]
        del self.world.books.trades[1], self.world.books.usage[-1]
        self.world.books.rows[1].update(state="open", filled=D(0))
        self.assertEqual(self.found(after=last), [])

    def test_exposure_above_the_cap(self):
        self.world.cap = D("0.005")
        self.assertEqual(self.found(), ["exposure above a cap"])

    def test_an_order_that_stays_unknown(self):
        self.world.books.rows[0]["state"] = "unknown"
        self.assertEqual(self.found(), ["unresolved unknowns"])

    def test_an_order_on_its_way_in_a_run_is_not_unknown(self):
        self.world.books.rows[1].update(state="sending", created_ms=50000, filled=D(0))
        self.world.books.leases[0].update(holder="alive", until_ms=53000)
        self.assertNotIn("unresolved unknowns", self.found())

    def test_a_slot_without_a_run(self):
        del self.world.books.runs[2]
        self.world.books.runs += [dict(run(at), bot="another") for at in range(26000, 46000, 2000)]
        del self.world.books.usage[2]
        self.world.books.usage += [usage(f"another/{at}/run", "run") for at in range(26000, 46000, 2000)]
        self.assertEqual(self.found(), ["slots missed"])

    def test_a_slot_while_nobody_worked_is_left_out(self):
        del self.world.books.runs[2], self.world.books.usage[2]
        self.assertEqual(self.found(), [])

    def test_a_slot_while_the_bot_was_busy_is_left_out(self):
        del self.world.books.runs[2], self.world.books.usage[2]
        self.world.books.runs[1]["finished_ms"] = 33000
        self.assertEqual(self.found(), [])

    def test_a_run_that_is_billed_twice(self):
        self.world.books.usage.append(usage(f"{BOT}/10000/run", "run"))
        self.assertEqual(self.found(), ["runs doubled", "usage billed twice"])

    def test_a_run_that_is_not_billed(self):
        del self.world.books.usage[0]
        self.assertEqual(self.found(), ["usage not billed"])

    def test_an_overtaken_run_is_not_billed(self):
        self.world.books.runs[1].update(status="error", **{"class": "superseded"})
        del self.world.books.usage[1]
        self.assertEqual(self.found(), [])

    def test_a_trade_that_is_not_billed(self):
        del self.world.books.usage[-1]
        self.assertEqual(self.found(), ["usage not billed"])

    def test_a_request_after_a_stop(self):
        self.world.stops.append(Stop(BOT, asked_ms=20400, from_ms=20450, until_ms=30000))
        self.assertEqual(self.found(), ["requests after a stop"])

    def test_what_left_before_the_stop_and_its_own_cancels_are_right(self):
        self.world.stops.append(Stop(BOT, asked_ms=20550, from_ms=20560, until_ms=30000))
        self.world.books.rows.append(row("CANCEL", 20000, "cancel", None, 20600, kind="cancel", state="done"))
        self.world.books.runs[1]["kind"] = "stop"
        self.assertEqual(self.found(), [])

    def test_a_bot_that_did_not_run_again(self):
        self.world.events = [Event(50500, "rest")]
        self.assertEqual(self.found(), ["bots stuck"])

    def test_a_blocked_bot(self):
        self.world.books.bots[0]["status"] = "blocked"
        self.assertEqual(self.found(), ["bots stuck"])

    def test_a_lease_that_nobody_gives_back(self):
        self.world.books.leases[0].update(holder="dead", until_ms=30000)
        self.assertEqual(self.found(), ["bots stuck"])


class PlanTest(unittest.TestCase):
    def test_a_seed_tells_the_same_story(self):
        self.assertEqual(plan.make(plan.KINDS, 7, 60, 1000), plan.make(plan.KINDS, 7, 60, 1000))
        self.assertNotEqual(plan.make(plan.KINDS, 7, 60, 1000), plan.make(plan.KINDS, 8, 60, 1000))

    def test_two_that_hold_the_same_thing_do_not_overlap(self):
        for seed in range(20):
            free_at = {}
            for fault in plan.make(plan.KINDS, seed, 120, 1000):
                for thing in fault.kind.holds:
                    self.assertGreaterEqual(fault.at_ms, free_at.get(thing, 0))
                    free_at[thing] = fault.at_ms + fault.lasts_ms
                self.assertLessEqual(fault.at_ms + fault.lasts_ms, 120000)

    def test_every_kind_comes(self):
        came = {fault.kind.name for fault in plan.make(plan.KINDS, 1, 300, 1000)}
        self.assertEqual(came, {kind.name for kind in plan.KINDS})

    def test_names_and_groups_are_chosen(self):
        self.assertEqual([kind.name for kind in plan.choose("drip")], ["drip"])
        self.assertTrue(all(kind.group in ("redis", "step") for kind in plan.choose("redis,step")))
        with self.assertRaises(ValueError):
            plan.choose("earthquake")


if __name__ == "__main__":
    unittest.main()
