/*
 * refusal - what a venue's refusal means, in the classes of exchanges.md 2.4.
 *
 * Each adapter has one table of its codes; here their classes become errors, the same for all
 * venues. Pure. A refusal that a table knows is definite, also for an order: it was not executed.
 * What no table knows may have been.
 */
#ifndef EXCHANGES_REFUSAL_H
#define EXCHANGES_REFUSAL_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum call_kind {      /* how much an unclear answer costs */
	CALL_READ,    /* asked again later */
	CALL_ORDER,   /* place, amend, cancel: may have happened */
	CALL_SETTING, /* leverage and modes: as ORDER, and "already so" is success */
};

/* Whom a limit that was hit belongs to, and so who must stop. */
enum call_limited { LIMITED_NOBODY, LIMITED_ACCOUNT, LIMITED_ADDRESS };

struct call_status { /* what stands beside the body of a reply */
	enum call_kind kind;
	long http_status;
	int64_t retry_after_ms; /* from its headers; 0: they do not tell */
};

enum refusal_class {
	REFUSAL_RETRY,
	REFUSAL_RATE,
	REFUSAL_RATE_ADDRESS,
	REFUSAL_CLOCK,
	REFUSAL_AUTH,
	REFUSAL_MARGIN,
	REFUSAL_FILTER,
	REFUSAL_FLAT,
	REFUSAL_DUPLICATE,
	REFUSAL_NO_ORDER,
	REFUSAL_NO_CHANGE,
	REFUSAL_BUG,
	REFUSAL_UNKNOWN,
	REFUSAL_MAINTENANCE,
};

struct refusal_row {
	int32_t code;
	enum refusal_class class;
	const char *words;  /* the text must contain them, in any case; NULL: any text */
	const char *source; /* where the meaning is known from */
};

struct refusal_table {
	const char *venue;              /* in front of messages */
	int64_t rate_wait_ms;           /* of a limit whose end the venue does not tell */
	const struct refusal_row *rows; /* the first that fits wins */
	size_t count;
};

/*
 * A code with its text. 0 if it means success: code 0, or "already so" for a setting. Else fills
 * *err, with the code and the venue's words. *ret_limited is always written.
 */
MUST_CHECK int refusal_code(const struct refusal_table *table, const struct call_status *status,
	int64_t code, const char *text, enum call_limited *ret_limited, struct err *err);

/* An answer that cannot be understood: ASK for what may have happened, LATER for a read. */
enum err_retry refusal_unclear(enum call_kind kind);

/* Makes *err, which has its text, a refusal by a limit. Returns -1. */
int refusal_throttled(int64_t wait_ms, struct err *err);

#define REFUSAL_WORDS_SIZE 161

/* The venue's words for a message: bounded, and nothing in them moves a terminal's cursor. */
const char *refusal_printable(
	const char *text, size_t size_bytes, char ret_words[REFUSAL_WORDS_SIZE]);

#endif
