/*
 * health - what a Postgres server is and whether its schema stands as it was made: for a doctor.
 *
 * Reads catalogues only; any service role may ask. Lists are texts with ", " between, "" if there
 * is nothing to name. Texts are owned by the struct; health_done frees.
 */
#ifndef CORE_STORE_HEALTH_H
#define CORE_STORE_HEALTH_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct postgres;

struct health_server {
	char version[64];
	int64_t version_number; /* 150014 */
	char user[64];          /* whose rights hold now */
	bool is_superuser;
	bool passes_rls; /* has BYPASSRLS, or is a superuser */
	char roles[128]; /* of ours that it acts for, without the prefix: "worker, admin" */
	bool fsync, synchronous_commit, full_page_writes;
	bool in_recovery; /* a standby: nothing can be written */
	bool has_ssl;     /* this connection is encrypted */
	int64_t clock_ms;
	int64_t connections, connections_max;
};
MUST_CHECK int health_server(struct postgres *postgres, struct health_server *ret, struct err *err);

struct health_schema {
	char *tables_open; /* tables with tenants' rows whose row security is not enabled and forced
			    */
	char *roles_missing;
	char *roles_too_strong; /* superuser or BYPASSRLS, who should not be */
	bool backup_sees_all;   /* botbeat_backup has BYPASSRLS */
	char *grants_wrong; /* rights that a role should not have: "dashboard reads sealed keys" */
	char *months_missing; /* partitions of this and the next month */
};
MUST_CHECK int health_schema(struct postgres *postgres, struct health_schema *ret, struct err *err);
void health_schema_done(struct health_schema *schema);

struct health_work {            /* what waits for a person */
	int64_t dead_letters;   /* neither retried nor dropped */
	int64_t unknown_orders; /* for longer than ten minutes */
	int64_t drifted_legs;
	int64_t unattended_bots; /* a position that nobody manages */
	bool led;                /* a scheduler's lease holds */
	int64_t bots_running;
};
MUST_CHECK int health_work(struct postgres *postgres, struct health_work *ret, struct err *err);

struct postgres_result;

/* Venues with bots that are not stopped: exchange, environment, bots. The caller frees. */
MUST_CHECK int health_venues(
	struct postgres *postgres, struct postgres_result **ret, struct err *err);

#endif
