/*
 * market - the market clock, and prices replayed from candle files.
 *
 * The market clock runs from the start time at a chosen speed; the server clock (real time) is
 * nobody's business here. Replay goes in steps of 5 s of market time. Within a minute the price
 * walks O-H-L-C or O-L-H-C (broker/walk.h), drawn by the seed unless the options say which, so that
 * each replayed minute has exactly the file's open, high, low and close. The same seed and files
 * give the same path whatever the speed.
 *
 * The mark price is the last price smoothed over about 20 s of market time, off by up to 2 bp in a
 * direction drawn anew each minute; the index is the same without the offset. With mark_is_last
 * mark is the last price, as in a backtest that knows no other.
 *
 * The market halts at the end of the shortest file: the clock stands, the last prices stay, and
 * nothing is replayed twice. Candles before the start are served from the file.
 *
 * Not thread-safe: the caller holds one lock.
 */
#ifndef SIMULATOR_MARKET_H
#define SIMULATOR_MARKET_H

#include "broker/walk.h"
#include "simulator/candles.h"

#define MARKET_STEP_MS WALK_STEP_MS
#define MARKET_SYMBOLS_MAX 16

struct market;

struct market_symbol {
	const char *symbol;            /* borrowed for the market's life */
	const struct candles *candles; /* borrowed likewise */
	struct decimal tick_size;
	int64_t funding_interval_ms; /* a multiple of one minute */
	bool funding_fixed;
	struct decimal funding_rate; /* of every payment, if fixed; else drawn per payment */
};

enum market_path { MARKET_PATH_DRAWN, MARKET_PATH_HIGH_FIRST, MARKET_PATH_LOW_FIRST };

struct market_options {
	const struct market_symbol *symbols;
	size_t count;        /* 1 to MARKET_SYMBOLS_MAX */
	int64_t start_ms;    /* 0: far enough into the files, see market_new */
	int64_t speed_milli; /* 1000: real time; 0: the clock moves by market_set_clock only */
	uint64_t seed;
	enum market_path path;
	bool mark_is_last;
};

struct market_quote {
	struct decimal last, mark, index;
	int64_t minute_ms;           /* the minute that this step belongs to */
	struct decimal volume;       /* base coin traded in that whole minute */
	bool funding_now;            /* a payment falls on this very step, at funding_rate */
	struct decimal funding_rate; /* of this payment, else of the next */
	int64_t next_funding_ms;
};

/* Candle intervals, by the venue's own words: minutes, "D", "W", "M". */
enum market_interval {
	MARKET_1M,
	MARKET_3M,
	MARKET_5M,
	MARKET_15M,
	MARKET_30M,
	MARKET_1H,
	MARKET_2H,
	MARKET_4H,
	MARKET_6H,
	MARKET_12H,
	MARKET_1D,
	MARKET_1W,
	MARKET_1MONTH,
	MARKET_INTERVALS
};

/*
 * start_ms 0 means 7,200 minutes into the file that begins last (so that 100 hourly and 200
 * five-minute candles lie before it), or the middle of the files' common time where that is
 * earlier. ERR_INVALID: a file that does not contain the start, or a start that is no minute.
 */
MUST_CHECK int market_new(const struct market_options *options, int64_t now_mono_ms,
	struct market **ret, struct err *err);
void market_free(struct market **market);

/* Market time; never ahead of the steps that were taken by more than one step. */
int64_t market_now_ms(const struct market *market, int64_t now_mono_ms);
int64_t market_start_ms(const struct market *market);
int64_t market_end_ms(const struct market *market);
int64_t market_speed_milli(const struct market *market);
bool market_halted(const struct market *market);

/* Takes the next step: each quote is then new. The market must not be halted (asserted). */
void market_take_step(struct market *market);
/* How many steps were taken after the first. */
int64_t market_step_number(const struct market *market);
/* When the next step is due; INT64_MAX if none will be by itself. */
int64_t market_next_mono_ms(const struct market *market);

/* The clock as it runs, whether or not the steps have been taken; the end is never passed. */
int64_t market_clock_ms(const struct market *market, int64_t now_mono_ms);
/* The clock stands at anchor_ms now, and runs at a speed from there; steps may become due. */
void market_set_clock(
	struct market *market, int64_t anchor_ms, int64_t now_mono_ms, int64_t speed_milli);
/* Moves what was said in now_mono_ms by delta_ms: another boot's, or another clock's. */
void market_move_mono(struct market *market, int64_t delta_ms);

/* The quote of the last step taken, and that step's market time. */
const struct market_quote *market_quote(const struct market *market, size_t symbol);
int64_t market_step_ms(const struct market *market);
/* Close of the minute that ended 24 hours before; the oldest known where there is none. */
struct decimal market_price_day_ago(const struct market *market, size_t symbol);

/* The text of an interval ("5", "D"); false if there is none such. */
bool market_interval_parse(const char *text, enum market_interval *ret);

/* When the candle that at_ms lies in has ended. */
int64_t market_interval_end_ms(enum market_interval interval, int64_t at_ms);

/*
 * Candles that opened at or after from_ms and at or before to_ms, the newest limit of them, newest
 * first, the forming one included (closed false). Returns how many were written to ret, which has
 * room for limit.
 */
size_t market_candles(const struct market *market, size_t symbol, enum market_interval interval,
	int64_t from_ms, int64_t to_ms, size_t limit, struct candle *ret);

/* A hash of a few numbers: the market's and the venue's dice. */
uint64_t market_dice(uint64_t seed, uint64_t a, uint64_t b);

#endif
