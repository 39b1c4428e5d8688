/*
 * ledger_check - holds journal, trades and funding of every bot with a credential against its
 * venue.
 *
 * Credentials are opened in guarded children, several at once. Nothing is changed but the audit
 * log, which names each opening. A place that shows differences is read again, so that what merely
 * moved between two readings is not reported.
 */
#ifndef CLI_LEDGER_CHECK_H
#define CLI_LEDGER_CHECK_H

#include "core/base/ident.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct postgres;

struct ledger_check_options {
	const struct config *config;
	struct postgres *postgres; /* borrowed: lists what there is to compare */
	const struct uuid *bot;    /* NULL: all */
	const char *actor;         /* for the audit log */
};

struct ledger_check_difference {
	char kind[32];
	char bot[37]; /* id; "" if no bot of ours has to do with it */
	char account[72];
	char symbol[32];
	char id[64];
	char detail[160];
};

struct ledger_check_failure { /* a place that could not be compared */
	char bots[128];       /* names */
	char symbol[32];
	char error[256];
};

struct ledger_check {   /* ledger_check_done frees */
	int64_t places; /* symbols of accounts */
	int64_t fills, payments, orders, positions;
	int64_t waiting; /* a run will book or resolve these */
	int64_t foreign; /* fills of somebody else's orders, payments on their positions */
	struct ledger_check_difference *differences;
	size_t difference_count;
	struct ledger_check_failure *failures;
	size_t failure_count;
};

MUST_CHECK int ledger_check_run(
	const struct ledger_check_options *options, struct ledger_check *ret, struct err *err);
void ledger_check_done(struct ledger_check *check);

/* The result on standard output: one document, or a line per difference and a last one. */
void ledger_check_print(const struct ledger_check *check, bool json);

#endif
