/*
 * record - what happened in a run, kept for reports: fills, payments, cycles and a picture.
 *
 * Money is 1e-8, prices ticks, quantities lots, times the market's. A run that only wants figures
 * keeps none of it.
 */
#ifndef BACKTEST_RECORD_H
#define BACKTEST_RECORD_H

#include "core/market/book.h"
#include "strategies/strategy.h"

struct record_fill {
	uint64_t sequence; /* of fills and payments together, as they happened */
	int64_t at_ms;
	enum trade_action action;
	int64_t order;        /* number of the order in the run, from 1; 0: a liquidation */
	enum purpose purpose; /* FOREIGN: a liquidation */
	enum side side;
	enum liquidity liquidity;
	int64_t lots, ticks;
	int64_t fee_e8; /* paid > 0 */
	int64_t pnl_e8; /* gross, by average cost */
	int64_t lots_after, average_e8;
	int64_t cycle;
	int64_t wallet_e8;
};

struct record_order { /* placed */
	int64_t at_ms;
	int64_t number; /* from 1 */
	enum purpose purpose;
	enum side side;
	enum order_type type;
	int64_t lots, ticks, trigger_ticks;
	bool taken; /* false: the venue refused it at once */
};

struct record_payment { /* funding */
	uint64_t sequence;
	int64_t at_ms;
	int64_t amount_e8; /* received > 0 */
	int64_t lots;
	struct decimal rate;
	int64_t cycle;
	int64_t wallet_e8;
};

struct record_cycle { /* one that has ended */
	int64_t number;
	int64_t begin_ms, end_ms;
	int64_t adds;
	int64_t lots_max, average_e8; /* average entry at its end */
	int64_t pnl_e8, fees_e8, funding_e8, net_e8;
	enum purpose ended_by;
};

struct record_bucket { /* some minutes of the picture */
	int64_t begin_ms;
	int64_t high, low, close;                   /* ticks */
	int64_t equity_high, equity_low, equity_e8; /* the last: at its end */
	int64_t wallet_e8;
	int64_t lots_max; /* held, absolute */
};

struct record {
	struct record_fill *fills;
	size_t fill_count, fill_room;
	struct record_order *orders;
	size_t order_count, order_room;
	struct record_payment *payments;
	size_t payment_count, payment_room;
	struct record_cycle *cycles;
	size_t cycle_count, cycle_room;
	struct record_bucket *buckets;
	size_t bucket_count, bucket_room;
	int64_t bucket_ms;
};

void record_init(struct record *record, int64_t bucket_ms);
void record_done(struct record *record);

void record_add_fill(struct record *record, const struct record_fill *fill);
void record_add_order(struct record *record, const struct record_order *order);
void record_add_payment(struct record *record, const struct record_payment *payment);
void record_add_cycle(struct record *record, const struct record_cycle *cycle);

/* A sample of the picture: the market at ticks, the account worth equity. */
void record_sample(struct record *record, int64_t at_ms, int64_t ticks, int64_t equity_e8,
	int64_t wallet_e8, int64_t lots);

#endif
