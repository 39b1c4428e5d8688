/*
 * funding - when a position pays or receives, and at which rate.
 *
 * One rate for every stamp, a multiple of the venue's interval since 1970; or a file's own stamps
 * and rates. A rate above zero is paid by longs. What a strategy is shown as the rate of the next
 * payment is the fixed one, or the last that was paid: a file's next rate is not known yet.
 */
#ifndef BACKTEST_FUNDING_H
#define BACKTEST_FUNDING_H

#include "core/base/decimal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct funding_stamp {
	int64_t at_ms;
	struct decimal rate;
};

struct funding {
	int64_t interval_ms;          /* of the fixed rate */
	struct decimal rate;          /* fixed; 0 if there are stamps */
	struct funding_stamp *stamps; /* ascending; NULL: the rate is fixed */
	size_t count;
};

/*
 * text: a decimal ("0.0001"), or the path of a CSV file "time,rate" (a header may stand first;
 * times as in csv.h, taken down to the minute). Stamps must ascend. The caller calls funding_done.
 */
MUST_CHECK int funding_read(
	const char *text, int64_t interval_ms, struct funding *ret, struct err *err);
void funding_done(struct funding *funding);

/* The first stamp at or after at_ms; false if there is none. */
bool funding_next(const struct funding *funding, int64_t at_ms, struct funding_stamp *ret);

/* The rate of the newest stamp before or at at_ms; the fixed one, or 0, where there is none. */
struct decimal funding_shown(const struct funding *funding, int64_t at_ms);

#endif
