/*
 * records - what the API can tell about an account's past: executions, money, closed positions
 * and finished orders.
 *
 * Fed by the broker's events, newest last; nothing is ever dropped. Finished orders are kept by
 * id: the broker still has the rows. Not thread-safe: the caller holds one lock.
 */
#ifndef SIMULATOR_RECORDS_H
#define SIMULATOR_RECORDS_H

#include "broker/broker.h"
#include "simulator/lookup.h"

enum records_kind { RECORDS_FILL, RECORDS_FUNDING, RECORDS_TRANSFER };

#define RECORDS_NONE SIZE_MAX

struct records_entry { /* what moved money */
	uint64_t sequence;
	enum records_kind kind;
	int64_t time_ms; /* server */
	union {
		struct fill fill;
		struct funding_payment funding;
	};
	enum leg leg;
	bool has_order;     /* false: forced, or no fill */
	struct order order; /* as it stood after the fill */
	struct decimal cash_flow, fee, paid, change, wallet, size_after;
	struct decimal mark;      /* at the time: a funding's price */
	size_t previous_of_order; /* index of the same order's fill before, or RECORDS_NONE */
};

struct records_closed { /* one row per closing order */
	uint64_t sequence;
	char order_id[VENUE_ORDER_ID_SIZE];
	char symbol[SYMBOL_SIZE];
	enum side side; /* of the closing order */
	enum leg leg;
	enum fill_kind kind;
	enum order_type type;
	struct decimal order_quantity, order_price;
	struct decimal closed_quantity, entry_value, exit_value, open_fee, close_fee;
	struct decimal leverage;
	int64_t fills;
	int64_t created_ms, updated_ms;
};

struct records_final {
	uint64_t sequence;
	char order_id[VENUE_ORDER_ID_SIZE];
	int64_t time_ms;
};

struct records { /* of one account; zero-initialised is empty */
	struct records_entry *entries;
	size_t entry_count, entry_capacity;
	struct records_closed *closed;
	size_t closed_count, closed_capacity;
	struct records_final *finals;
	size_t final_count, final_capacity;
	struct lookup last_fill;  /* order id → index of its newest entry */
	struct lookup closed_row; /* order id → index into closed */
	char **keys;              /* the texts that the lookups borrow */
	size_t key_count, key_capacity;
};

void records_done(struct records *records);

/* mark and leverage: of the event's symbol now; ignored by events that book nothing. */
void records_event(struct records *records, const struct broker_event *event, struct decimal mark,
	struct decimal leverage);

/* The newest fill of an order, RECORDS_NONE if it has none. */
size_t records_fill_of(const struct records *records, const char *order_id);

/* Realised PnL of a closed row after both fees, as the venue shows it. */
struct decimal records_closed_pnl(const struct records_closed *row);

#endif
