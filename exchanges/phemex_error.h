/*
 * phemex_error - what a refusal of Phemex means: the one table of its codes.
 *
 * Pure. Classes are those of exchanges.md 2.4, the table its sections 3.4, 3.6 and 3.10; each row
 * names where the meaning is known from. A refusal that the table knows is definite, also for an
 * order: it was not executed. What the table does not know may have been.
 */
#ifndef EXCHANGES_PHEMEX_ERROR_H
#define EXCHANGES_PHEMEX_ERROR_H

#include "exchanges/refusal.h"

#define PHEMEX_BAN_MS (5 * 60 * 1000LL) /* an address is blocked for five minutes: 3.5 */
#define PHEMEX_NO_ORDER 10002           /* of a list of open orders: there are none */

/*
 * An answer that is refused by its HTTP status alone, before its body is read: fills *err and
 * returns -1; 0 for the others. body may be any bytes and is looked at for its words.
 */
MUST_CHECK int phemex_error_http(const struct call_status *status, const char *body,
	size_t size_bytes, enum call_limited *ret_limited, struct err *err);

/*
 * A code with its msg. 0 if it means success: code 0, or "already so" for a setting.
 * *ret_limited is always written.
 */
MUST_CHECK int phemex_error_code(const struct call_status *status, int64_t code, const char *text,
	enum call_limited *ret_limited, struct err *err);

#endif
