"""story - everything known about an offender, in order of time: faults, journal, ledger, logs."""

import datetime
import json

LINES_MAX = 70
BEFORE_MS, AFTER_MS = 20000, 20000


def _clock(at_ms):
    return datetime.datetime.fromtimestamp(at_ms / 1000, datetime.timezone.utc).strftime("%H:%M:%S.%f")[:-3]


def _is_dull(line):
    """Questions that were answered; requests that change something, and failures, are kept."""
    return '"venue request"' in line and '"status":200' in line and "/order/c" not in line


def _log_lines(home, words):
    """(at_ms, text) of log lines that name one of the words."""
    for path in sorted(home.glob("*.log")):
        with open(path, errors="replace") as file:
            for line in file:
                if not line.startswith("{") or not any(word in line for word in words) or _is_dull(line):
                    continue
                try:
                    record = json.loads(line)
                except ValueError:
                    continue
                at = datetime.datetime.fromisoformat(record.pop("time").replace("Z", "+00:00"))
                text = " ".join(f"{name}={value}" for name, value in record.items()
                                if name not in ("level", "event", "tenant", "bot"))
                yield int(at.timestamp() * 1000), f"{path.stem:12} {record.get('level', ''):5} {record.get('event', '')}  {text}"


def _journal(books, bot):
    for row in books.rows:
        if row["bot"] != bot:
            continue
        what = f"{row['id']} {row['kind']} {row['purpose']} {row['side'] or ''} {row['quantity'] or ''}"
        yield row["created_ms"], f"journal      planned {what} token {row['token']}"
        if row["sent_ms"]:
            yield row["sent_ms"], f"journal      sending {row['id']} (now {row['state']} {row['filled']} {row['reason'] or ''})"


def _trades(books, bot):
    for trade in books.trades:
        if trade["bot"] == bot:
            yield trade["booked_ms"], (f"trades       booked {trade['exec']} of {trade['id']} {trade['type']}"
                                       f" {trade['side']} {trade['quantity']} at {trade['price']}")


def _ledger(ledger, uid):
    for line in ledger.lines:
        if line["uid"] == uid:
            yield line["time_ms"], ("venue        " + " ".join(str(line.get(name, "")) for name in (
                "event", "client_order_id", "side", "status", "quantity", "price", "filled", "exec_id", "exec_quantity", "exec_price")))


def tell(home, world, offence, uid):
    """Lines of text about the offence; the neighbourhood of its moment, if it has one."""
    lines = [(event.at_ms, f"FAULT        {event.kind} {event.text}") for event in world.events]
    words = [word for word in (offence.bot, offence.bot[:8], offence.id) if word]
    lines += _log_lines(home, words)
    if offence.bot:
        lines += _journal(world.books, offence.bot)
        lines += _trades(world.books, offence.bot)
        lines += _ledger(world.after, uid)
    lines.sort(key=lambda line: line[0])
    if offence.at_ms:
        lines = [line for line in lines if offence.at_ms - BEFORE_MS <= line[0] <= offence.at_ms + AFTER_MS]
        near = [i for i, line in enumerate(lines) if line[0] <= offence.at_ms]
        middle = near[-1] if near else 0
        lines = lines[max(0, middle - LINES_MAX * 2 // 3):middle + LINES_MAX // 3]
    return [f"{_clock(at)}  {text}" for at, text in lines[-LINES_MAX:]]
