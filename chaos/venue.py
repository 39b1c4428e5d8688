"""venue - the exchange's own ledger, order by order and fill by fill: what really happened."""

from dataclasses import dataclass, field
from decimal import Decimal as D

WORKING = ("open", "untriggered")


@dataclass
class Order:
    id: str          # the client's; "" for an order of a user's hand
    uid: int
    side: str
    type: str
    reduce_only: bool
    quantity: D
    price: D         # None for a market order
    accepted_ms: int
    status: str = ""
    filled: D = D(0)
    final_ms: int = None


@dataclass
class Fill:
    exec: str
    id: str          # of the order, the client's
    uid: int
    kind: str        # trade, liquidation, adl, settlement
    side: str
    quantity: D
    price: D
    fee: D
    change: D        # of the wallet
    wallet: D
    at_ms: int
    sequence: int


@dataclass
class Ledger:
    orders: dict = field(default_factory=dict)   # by (uid, venue's order id)
    fills: list = field(default_factory=list)
    payments: list = field(default_factory=list) # funding: (uid, id, amount)
    steps: list = field(default_factory=list)    # (event, Order, Fill or None) in order of happening
    lines: list = field(default_factory=list)

    def by_client_id(self):
        return {order.id: order for order in self.orders.values() if order.id}


def _decimal(line, name, default=None):
    return D(line[name]) if name in line else default


def _order(ledger, line):
    key = (line["uid"], line["order_id"])
    order = ledger.orders.get(key)
    if order is None:
        order = ledger.orders[key] = Order(
            line.get("client_order_id", ""), line["uid"], line["side"], line["type"],
            line.get("reduce_only", False), D(line["quantity"]), _decimal(line, "price"), line["time_ms"])
    order.status, order.filled = line["status"], D(line["filled"])
    if order.status not in WORKING and order.final_ms is None:
        order.final_ms = line["time_ms"]
    return order


def _fill(line, order):
    return Fill(line["exec_id"], order.id if order else "", line["uid"], line.get("fill_kind", "trade"),
                line["side"], D(line["exec_quantity"]), D(line["exec_price"]), _decimal(line, "fee", D(0)),
                _decimal(line, "change", D(0)), _decimal(line, "wallet", D(0)), line["time_ms"], line["sequence"])


def read(lines):
    ledger = Ledger(lines=lines)
    for line in lines:
        if line["event"] == "funding":
            ledger.payments.append((line["uid"], line["funding_id"], D(line["funding"])))
            continue
        order = _order(ledger, line) if "status" in line else None
        fill = _fill(line, order) if line["event"] == "fill" else None
        if fill is not None:
            ledger.fills.append(fill)
        if order is not None or fill is not None:
            ledger.steps.append((line["event"], order, fill, line))
    return ledger
