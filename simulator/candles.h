/*
 * candles - files of one-minute candles, checked whole before anything is replayed.
 *
 * A file is CSV with the header `timestamp_ms,open,high,low,close,volume`: UTC milliseconds of the
 * minute's start, decimals, ascending, one row per minute. What is malformed, repeated, missing or
 * impossible (high below close, price not above 0) is refused with the file and the line; nothing
 * is repaired. Prices are moved to the nearest tick, since a venue never shows one between ticks;
 * a volume given in quote currency is divided by the minute's close.
 */
#ifndef SIMULATOR_CANDLES_H
#define SIMULATOR_CANDLES_H

#include "core/base/err.h"
#include "core/market/market.h"

#define CANDLES_MINUTE_MS 60000
#define CANDLES_PATH_SIZE 512

struct candles_source {
	char file[CANDLES_PATH_SIZE];
	bool volume_in_quote;
	int64_t shift_ms; /* added to each stamp, whole days: brings files of two years together */
};

struct candles { /* consecutive minutes */
	struct candle *items;
	size_t count; /* at least 1 */
};

/* The caller frees. ERR_INVALID: "FILE line 17: …"; ERR_CONFIG if the file cannot be read. */
MUST_CHECK int candles_load(const struct candles_source *source, struct decimal tick_size,
	struct candles **ret, struct err *err);
void candles_free(struct candles **candles);

/*
 * Reads one row (without line end) into *ret, prices to the tick; no check against a row before.
 * The message names the field, not the line.
 */
MUST_CHECK int candles_parse_row(char *row, const struct candles_source *source,
	struct decimal tick_size, struct candle *ret, struct err *err);

#endif
