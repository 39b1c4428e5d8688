/*
 * tape - recorded one-minute candles as whole numbers, one after the other without a gap.
 *
 * A price counts price_unit, a volume volume_unit (base coin), so a minute is 24 bytes and a file
 * of them can be mapped and read as it lies. A minute that the source did not have stands as a flat
 * candle at the close before it with the volume TAPE_MISSING: nobody can trade in it.
 *
 * The file (tape_save, tape_open) is little-endian: a header of 256 bytes (magic "bbtape01",
 * symbol, units as text, begin, count, FNV-1a of the minutes), then the minutes. It is checked
 * whole when it is opened: a tape is exactly what was saved.
 */
#ifndef BACKTEST_TAPE_H
#define BACKTEST_TAPE_H

#include "core/market/market.h"

#define TAPE_MINUTE_MS INT64_C(60000)
#define TAPE_MISSING (-1)

struct tape_minute {
	int32_t open, high, low, close; /* price units, above 0 */
	int64_t volume;                 /* volume units, or TAPE_MISSING */
};

struct tape {
	char symbol[SYMBOL_SIZE]; /* "": the source did not say */
	struct decimal price_unit, volume_unit;
	int64_t begin_ms; /* a whole minute */
	size_t count;     /* at least 1 */
	const struct tape_minute *minutes;
	struct tape_minute *owned; /* NULL if mapped */
	void *map;
	size_t map_bytes;
};

/* An empty tape whose minutes the caller fills in: room for count, owned. */
struct tape *tape_new(size_t count);
void tape_free(struct tape **tape);

/* True if the file begins with the magic of a tape; false too if it cannot be read. */
bool tape_is_file(const char *path);

/* Maps a saved tape. ERR_CONFIG: not readable; ERR_INVALID: damaged, or no tape. */
MUST_CHECK int tape_open(const char *path, struct tape **ret, struct err *err);

/* Writes a file beside path and renames it: a file that is there is never half written. */
MUST_CHECK int tape_save(const struct tape *tape, const char *path, struct err *err);

/*
 * One tape of several, which must follow one another in time without overlap and in the same
 * units; minutes between them are missing ones. Takes the tapes over on success.
 */
MUST_CHECK int tape_join(struct tape **tapes, size_t count, struct tape **ret, struct err *err);

/*
 * The same market in ticks: each price to the nearest tick. Replaces *tape if its unit is another
 * one. ERR_INVALID if a price would be no tick at all or too many.
 */
MUST_CHECK int tape_fit(struct tape **tape, struct decimal tick_size, struct err *err);

/* The part from from_ms to before to_ms (both whole minutes), borrowed from tape, which must live
 * longer. Empty parts are the caller's mistake (asserted). */
struct tape tape_part(const struct tape *tape, int64_t from_ms, int64_t to_ms);

int64_t tape_end_ms(const struct tape *tape); /* of the last minute */
size_t tape_missing(const struct tape *tape);

static inline int64_t tape_volume(const struct tape_minute *minute)
{
	return minute->volume == TAPE_MISSING ? 0 : minute->volume;
}

#endif
