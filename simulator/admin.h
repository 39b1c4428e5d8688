/*
 * admin - the routes under /sim/, for tests and operators: JSON in, JSON out.
 *
 *     GET    /sim/state             clocks, counts, arrivals per route
 *     GET    /sim/clock             server and market clock, speed, start, end, halted
 *     POST   /sim/clock             {"speed":"2.5"} and/or {"advance_ms":60000}
 *     POST   /sim/price             {"symbol","last","mark"}: holds until the next replayed step
 *     POST   /sim/funding           {"symbol","rate"}: a payment now
 *     POST   /sim/trade             {"key","symbol","side","qty"[,"positionIdx"][,"reduceOnly"]}:
 *                                   the user trades by hand, at market, at once
 *     POST   /sim/force             {"key","symbol","qty","price","kind":"adl"|"settlement"
 *                                   [,"positionIdx"]}
 *     POST   /sim/deposit           {"key","amount"}
 *     POST   /sim/withdraw          {"key","amount"}: of what is available
 *     GET    /sim/ledger            JSON lines; ?uid= or ?key= of one account, ?from= sequence
 *     GET    /sim/faults            the rules of misbehaviour and how often each struck
 *     POST   /sim/faults {"kind"[,"method"][,"path"][,"key"][,"skip"][,"count"][,"chance_ppm"]
 *                                   [,"delay_ms"][,"status"][,"code"][,"message"]}
 *     DELETE /sim/faults            forgets them all
 *
 * Errors are HTTP 400 {"error": "…"} naming the field. Thread-safe.
 */
#ifndef SIMULATOR_ADMIN_H
#define SIMULATOR_ADMIN_H

#include "core/io/http_server.h"

struct venue;

void admin_handle(struct venue *venue, const struct http_server_request *request,
	struct http_server_reply *reply);

#endif
