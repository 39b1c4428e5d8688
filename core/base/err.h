/*
 * err - the one error type.
 *
 * A fallible function returns 0 or -1 and fills *err on -1. The class is set where the fact is
 * known (an adapter, a parser, a store) and only read above. "Not there" is a result, not an
 * error. The retry word answers the only question that matters for money: may this have
 * happened?
 */
#ifndef CORE_BASE_ERR_H
#define CORE_BASE_ERR_H

#include <stdbool.h>
#include <stdint.h>

enum err_code {
	ERR_NONE = 0,
	ERR_INVALID,   /* input breaks a stated rule; the message names the field */
	ERR_USAGE,     /* the command line is wrong */
	ERR_NOT_FOUND, /* a thing that was named does not exist (commands only) */
	ERR_REFUSED,   /* understood, and against the rules now */
	ERR_CONFIG,    /* configuration or installation is wrong; an operator must act */
	ERR_SYSTEM,    /* the operating system failed a call */
	ERR_OVERFLOW,  /* an amount left the range of decimal or of an integer unit */
	ERR_NETWORK,   /* could not reach, or lost, a peer */
	ERR_TIMEOUT,   /* no answer in time */
	ERR_PROTOCOL,  /* the peer's answer cannot be understood */
	ERR_DATABASE,  /* Postgres refused or is gone */
	ERR_QUEUE,     /* Redis refused or is gone */
	ERR_FENCED,    /* our token is no longer the newest: nothing was written, end the run */
	ERR_STOPPED,   /* a stop gate is closed: the row did not turn sending */
	ERR_VAULT,     /* a secret cannot be opened */
	/* What a venue says, exchanges.md 2.4. */
	ERR_RATE,        /* limit reached or banned until retry_after_ms */
	ERR_CLOCK,       /* timestamp outside the venue's window; not executed */
	ERR_AUTH,        /* key, signature, permission or address binding */
	ERR_MARGIN,      /* not enough margin */
	ERR_FILTER,      /* refused by a trading rule; do not repeat unchanged */
	ERR_DUPLICATE,   /* the client order id exists: look the order up */
	ERR_NO_ORDER,    /* the venue does not know the order */
	ERR_NO_CHANGE,   /* already so: success in another word */
	ERR_FLAT,        /* reduce-only on a flat leg: already closed, read again */
	ERR_MAINTENANCE, /* venue or symbol in maintenance */
	ERR_BUG,         /* the venue says that we sent nonsense: stop the bot and tell us */
};

enum err_retry {             /* what the caller may do now */
	ERR_RETRY_NEVER,     /* same input, same failure: report it */
	ERR_RETRY_LATER,     /* nothing happened: safe to repeat after a pause */
	ERR_RETRY_THROTTLED, /* as LATER, but not before retry_after_ms */
	ERR_RETRY_ASK,       /* it may have happened: ask before repeating */
};

struct err { /* on the caller's stack; owns nothing */
	enum err_code code;
	enum err_retry retry;
	int64_t retry_after_ms; /* THROTTLED only */
	int64_t venue_code;     /* the venue's own code, 0 if there is none */
	char message[256];      /* "could not place order: no reply within 5000 ms" */
};

/*
 * Fills *err and returns -1, so that failing is one statement. Text: lower case, no full stop,
 * no function names. A message that does not fit is cut.
 */
__attribute__((format(printf, 4, 5))) int err_set(
	struct err *err, enum err_code code, enum err_retry retry, const char *format, ...);

/* Puts what was tried in front of the message ("could not read account: …") and returns -1. */
__attribute__((format(printf, 2, 3))) int err_while(struct err *err, const char *format, ...);

/*
 * err_set of ERR_SYSTEM with the text of errno_value at the end: "could not open FILE: No such
 * file …". Retry is LATER where the lack passes by itself (EAGAIN, ENOMEM, EMFILE, …), else NEVER.
 */
__attribute__((format(printf, 3, 4))) int err_errno(
	struct err *err, int errno_value, const char *format, ...);

/*
 * All three fail with -1. The compiler cannot see that from here, and without knowing it takes
 * every output that is "written on success only" for uninitialized after a check: so it is told.
 */
static inline int err_failed(void)
{
	return -1;
}
#define err_set(...) (err_set(__VA_ARGS__), err_failed())
#define err_while(...) (err_while(__VA_ARGS__), err_failed())
#define err_errno(...) (err_errno(__VA_ARGS__), err_failed())

/* The class as it stands in rows, logs and metrics: "invalid", "rate", "auth", … */
const char *err_code_name(enum err_code code);

/* "never", "later", "throttled", "ask". */
const char *err_retry_name(enum err_retry retry);

#define MUST_CHECK __attribute__((warn_unused_result))

/*
 * Ends the process with one line on standard error. For our own mistakes and for small
 * allocations that fail; never for outside input.
 */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/* malloc, calloc and strdup that end the process when there is no memory. Never return NULL. */
void *mem_alloc(uint64_t size_bytes) __attribute__((malloc));
void *mem_zero(uint64_t count, uint64_t size_bytes) __attribute__((malloc));
void *mem_grow(void *old, uint64_t count, uint64_t size_bytes);
char *mem_text(const char *text) __attribute__((malloc));
__attribute__((format(printf, 1, 2))) char *mem_format(const char *format, ...);

#endif
