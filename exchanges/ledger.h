/*
 * ledger - orders, fills and payments of several pages and windows become one list.
 *
 * Decides nothing about requests: what reads a window is the caller's. Windows that touch and
 * pages that move show a row twice: each is kept once, oldest first.
 */
#ifndef EXCHANGES_LEDGER_H
#define EXCHANGES_LEDGER_H

#include "exchanges/exchange.h"

/* By time, then id. */
void ledger_sort_fills(struct fill_list *list);
void ledger_sort_funding(struct funding_list *list);

/* The order with our id. False if the list has none. */
bool ledger_find_order(
	const struct order_list *list, const char *client_order_id, struct order *ret);
/* Leaves the closed ones out. */
void ledger_keep_open(struct order_list *list);

struct ledger_window {
	int64_t start_ms;
	int64_t end_ms; /* inclusive; 0: until now, which is the venue's and not ours to name */
};
/* Adds the fills of a window to the list that the context knows of. */
typedef int ledger_reader(void *context, const struct ledger_window *window, struct err *err);

/*
 * from_ms to to_ms (0: until now, by the server's clock) in windows of at most span_ms, oldest
 * first, not further back than the venue keeps anything. The last window until now has no end: our
 * reading of the clock may be behind a fill that has just happened.
 */
struct ledger_range {
	int64_t from_ms, to_ms, span_ms, kept_ms;
};
MUST_CHECK int ledger_read_windows(struct exchange *exchange, const struct ledger_range *range,
	ledger_reader *read, void *context, struct err *err);

/*
 * The fills of one order, where a venue cannot be asked for them: windows of span_ms are read
 * backwards from now until they add up to what the order tells to be filled, or until kept_ms
 * before now. Only the order's own stay in *list, each once: those with its venue's id (if it has
 * one) or its own. When an order was placed is no bound: an amend renews its time.
 */
struct ledger_search {
	const char *client_order_id;
	const char *venue_order_id; /* "": not known */
	struct decimal filled;
	int64_t now_ms, span_ms, kept_ms;
};
MUST_CHECK int ledger_read_back(const struct ledger_search *search, ledger_reader *read,
	void *context, struct fill_list *list, struct err *err);

#endif
