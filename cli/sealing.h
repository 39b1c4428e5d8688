/*
 * sealing - reads API keys from a file or standard input and seals them to tenants' public keys.
 *
 * The clear text is read and sealed in a guarded child (cli/guarded.h) and wiped there; what comes
 * back is sealed. A file must be ours with mode 0600 or 0400. Its forms:
 *
 *	one key:   KEY:SECRET                                       the secret may hold line feeds
 *	many:      TENANT:NAME:EXCHANGE:ENVIRONMENT:KEY:SECRET      one a line; # starts a comment
 *line
 *
 * Errors name the line, never what stands in it.
 */
#ifndef CLI_SEALING_H
#define CLI_SEALING_H

#include "core/base/ident.h"
#include "core/io/field.h"

#include <stddef.h>
#include <stdint.h>

struct config;
struct postgres_result;

struct sealing_target {                  /* texts borrowed */
	const char *tenant, *credential; /* ids */
	const char *exchange, *environment;
	const char *public_key;
	int64_t version;
};

/* path "-": standard input. The caller frees the sealed text. */
MUST_CHECK int sealing_one(const struct config *config, const char *path,
	const struct sealing_target *target, char **ret_sealed, struct err *err);

struct sealing_item { /* texts borrowed from the list */
	struct uuid id, tenant;
	const char *tenant_name, *name, *exchange, *environment, *sealed;
	int64_t version, key_version;
};

struct sealing_list { /* sealing_done frees */
	struct field_document *document;
	struct sealing_item *items;
	size_t count;
};

/* tenants: the rows of tenant_public_keys. Each item has a new id. */
MUST_CHECK int sealing_many(const struct config *config, const char *path,
	const struct postgres_result *tenants, struct sealing_list *ret, struct err *err);
void sealing_done(struct sealing_list *list);

#endif
