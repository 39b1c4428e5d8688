/*
 * input - what a strategy is shown of one leg, made from market nouns.
 *
 * Live runs, paper trading and the backtester build a decision's input by this one function, so
 * that the same market, account and fills look the same to a strategy wherever it runs. Candles are
 * not its business: the caller puts indicators (and params) into the input itself.
 */
#ifndef STRATEGIES_INPUT_H
#define STRATEGIES_INPUT_H

#include "core/market/book.h"
#include "strategies/strategy.h"

struct input_order { /* an order of the leg that is not final */
	int32_t id;  /* the caller's handle */
	enum purpose purpose;
	enum side side;
	enum order_type type;
	struct decimal quantity, filled, price, trigger_price; /* 0 where there is none */
	bool unknown;
	int64_t created_ms;
};

struct input_history { /* what the leg's booked fills tell; prices 0 and times 0: there is none */
	int64_t last_fill_ms, last_entry_ms;
	struct decimal cycle_base, last_add; /* prices of the running cycle */
	struct decimal cycle_entered;        /* all that its entries filled; 0: not told */
	int64_t cycle_ended_ms;
	enum purpose cycle_ended_by;
	struct decimal day_net; /* of the bot, all its pairs */
	int64_t day_orders;
};

struct input_facts {    /* everything borrowed for the call */
	int64_t now_ms; /* market time; 0: the ticker's */
	const char *symbol;
	enum side side; /* SIDE_BUY: a long bot */
	enum leg leg;
	enum position_mode position_mode; /* the bot's; the account shows what it really is */
	int64_t leverage;                 /* wanted */
	enum strategy_mode mode;
	bool auto_open;
	bool open_asked; /* a person asked for this cycle's opening */
	uint32_t blocks; /* enum block */

	const struct rules *rules;
	const struct ticker *ticker;
	int64_t ticker_age_ms;
	const struct account *account;
	int64_t account_age_ms;
	/* Positions and resting entries of all bots of the account, this leg's among them. */
	struct decimal account_notional, account_margin;

	const struct book *book;
	bool drift; /* position and book disagree: exits use the smaller of both quantities */
	struct input_history history;
	const struct input_order *orders;
	size_t order_count; /* more than STRATEGY_ORDERS_MAX is refused */
};

/*
 * Writes everything of *ret but indicators and params. ERR_INVALID and ERR_OVERFLOW name the field
 * that cannot be counted in whole ticks, lots or 1e-8; ERR_REFUSED: too many orders. On an error
 * *ret is unusable.
 */
MUST_CHECK int input_fill(
	const struct input_facts *facts, struct strategy_input *ret, struct err *err);

#endif
