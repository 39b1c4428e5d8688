/*
 * binance_error - what a refusal of Binance means: the one table of its codes.
 *
 * Pure. Classes are those of exchanges.md 2.4, the table its section 5.4; each row names where
 * the meaning is known from. A refusal that the table knows is definite, also for an order: it
 * was not executed. What the table does not know may have been.
 */
#ifndef EXCHANGES_BINANCE_ERROR_H
#define EXCHANGES_BINANCE_ERROR_H

#include "exchanges/refusal.h"

#define BINANCE_BAN_MS (2 * 60 * 1000LL)      /* the shortest ban of an address: 5.5 */
#define BINANCE_FIREWALL_MS (5 * 60 * 1000LL) /* 5.4 */

/* The codes that an operation looks at itself. */
#define BINANCE_BAD_SYMBOL (-1121)
#define BINANCE_MODE_STANDS (-4067) /* a setting that cannot change, or is as wanted: 5.7 */

/*
 * An answer that is refused by its HTTP status alone, before its body is read: fills *err and
 * returns -1; 0 for the others. body may be any bytes and is looked at for its words. A status of
 * 4xx or 5xx with an object in its body is for its code to decide.
 */
MUST_CHECK int binance_error_http(const struct call_status *status, const char *body,
	size_t size_bytes, enum call_limited *ret_limited, struct err *err);

/*
 * A code with its msg. 0 if it means success: code 0, or "already so" for a setting.
 * *ret_limited is always written.
 */
MUST_CHECK int binance_error_code(const struct call_status *status, int64_t code, const char *text,
	enum call_limited *ret_limited, struct err *err);

#endif
