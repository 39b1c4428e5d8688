/*
 * backtest - one bot on one leg over recorded minutes, decided by the strategy that trades live.
 *
 * A run goes through a tape minute by minute in the steps of broker/walk.h. At each slot the bot is
 * shown what a live run would be shown (strategies/input.h), the same decide() is asked, and its
 * intents go to the same broker model that serves the simulated exchange. A slot is a multiple of
 * the interval, as with `align = candle`; a follow-up that the strategy asks for is kept. Orders
 * take effect at the price at which they were decided; everything later is the walk's.
 *
 * Prices that cannot change anything are left out (broker/grid.h): the result is the same to the
 * last digit, as a test holds against the whole walk.
 *
 * Nothing here knows the future: indicators are made of closed minutes and of the part of the
 * present one that was walked (frames.h), so the result up to a time does not change when minutes
 * are appended. Not thread-safe per run; runs share nothing but the tape and may go in parallel.
 */
#ifndef BACKTEST_BACKTEST_H
#define BACKTEST_BACKTEST_H

#include "backtest/funding.h"
#include "backtest/gauge.h"
#include "backtest/record.h"
#include "backtest/tape.h"
#include "broker/terms.h"
#include "strategies/strategy.h"

struct backtest_bot { /* what a pair and its bot would have in their rows */
	const struct strategy *strategy;
	const void *params; /* validated, borrowed */
	enum side side;
	enum position_mode position_mode;
	enum margin_mode margin_mode;
	enum strategy_mode mode;
	bool auto_open;
	int64_t leverage, interval_ms, ema_interval_min;
	int64_t resume_after_ms; /* a person looks at a paused bot after this long; 0: never */
};

struct backtest_options {
	struct backtest_bot bot;
	const struct tape *tape; /* in ticks of the rules (tape_fit); borrowed */
	struct terms terms;
	const struct funding *funding; /* borrowed */
	struct decimal balance;
	int slippage_ppm;
	uint64_t seed;   /* of the shares of the volume that can be had */
	int64_t from_ms; /* first slot at or after it; 0: as soon as the candles suffice */
	int64_t to_ms;   /* 0: the tape's end */
	bool high_first; /* the path inside each minute */
	bool every_step; /* leaves nothing out: for the test that says it makes no difference */
	struct record *record; /* NULL: figures only */
	/* Called about every 16,384 minutes with the share done (ppm); may be NULL. */
	void (*progress)(void *context, int64_t done_ppm);
	void *progress_context;
};

struct backtest_counts {
	int64_t minutes, missing_minutes; /* walked */
	int64_t decisions, faults;
	int64_t orders, refused; /* sent; not taken by the venue, or taken and then turned away */
	int64_t fills, maker_fills;
	int64_t cancelled;
	int64_t notices, pauses;
	char refusal[48], fault[104]; /* the last one's reason */
};

struct backtest_cycles { /* of those that have ended */
	int64_t count, won;
	int64_t gained_e8, lost_e8;    /* sums of net results above and below zero, both >= 0 */
	int64_t longest_ms, length_ms; /* the longest; all together */
#define BACKTEST_ADDS_MAX 200
	int64_t by_adds[BACKTEST_ADDS_MAX + 1]; /* the last: that many or more */
};

struct backtest_result {
	int64_t begin_ms, end_ms; /* of what was walked with the bot deciding */
	struct gauge gauge;       /* owned: backtest_done */
	struct backtest_counts counts;
	struct backtest_cycles cycles;
	int64_t realised_e8, fees_e8, funding_e8, unrealised_e8, wallet_e8;
	int64_t open_lots;     /* held at the end, absolute */
	int64_t liquidated_ms; /* 0: was not */
	int64_t paused_ms;     /* since when it waits for a person at the end; 0: it does not */
};

/*
 * ERR_REFUSED: the preset asks for stops at the venue, which are not placed here yet. ERR_INVALID:
 * the tape is too short for the candles that the strategy wants, from and to do not
 * lie in it, terms that the broker refuses. A liquidation ends the run: what a bot would do
 * afterwards with what is left is another experiment.
 */
MUST_CHECK int backtest_run(
	const struct backtest_options *options, struct backtest_result *ret, struct err *err);
void backtest_done(struct backtest_result *result);

/* The first time at which a run may begin: the strategy's candles are whole from there on. */
int64_t backtest_warm_ms(const struct backtest_options *options);

/*
 * Both paths, side by side in two threads. options->high_first and record are not looked at;
 * records[0] and [1] (NULL: none) and rets belong to high first and low first.
 */
MUST_CHECK int backtest_both(const struct backtest_options *options,
	struct record *const records[2], struct backtest_result rets[2], struct err *err);

/* Which of two results is the worse one: liquidated, else the lower equity at the end. */
int backtest_worse(const struct backtest_result results[2]);

#endif
