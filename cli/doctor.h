/*
 * doctor - the parts of `botbeat doctor`, one file each; each adds its findings and goes on.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/command.h"
#include "cli/findings.h"

struct doctor {
	struct command_context *context;
	struct findings *findings;
};

/* Server, role, durability, clock, LISTEN, schema, row security, rights, months, work left over. */
void doctor_database_check(const struct doctor *doctor);

/* Server, eviction, persistence, and the queue's streams and groups. */
void doctor_redis_check(const struct doctor *doctor);

/* The master key file, the keys that tenants need, and whether memory is locked. */
void doctor_keys_check(const struct doctor *doctor);

/* Each guard of a runner, by trying what it should refuse. */
void doctor_sandbox_check(const struct doctor *doctor);

/* Every venue with a bot that is not stopped: whether it answers, and what time it has. */
void doctor_venue_check(const struct doctor *doctor);

#endif
