/*
 * audit - who did what to what, and why. The log only grows.
 *
 * An entry belongs into the transaction of what it records: call it between postgres_begin and
 * postgres_commit where there is more than one statement.
 */
#ifndef CORE_STORE_AUDIT_H
#define CORE_STORE_AUDIT_H

#include "core/base/ident.h"

struct postgres;

struct audit_entry {
	const char *actor;         /* "os:ann", "scheduler": who */
	const struct uuid *tenant; /* NULL: the platform's own */
	const char *action;        /* "bot.start", "credential.check", … */
	const char *object;        /* what it was done to */
	const char *reason;        /* NULL: none given */
	const char *detail;        /* JSON object; NULL: none */
};

MUST_CHECK int audit_add(
	struct postgres *postgres, const struct audit_entry *entry, struct err *err);

#endif
