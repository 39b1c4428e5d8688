/*
 * actor - who is named in the audit log: --actor, else the user of the operating system.
 */
#ifndef CLI_ACTOR_H
#define CLI_ACTOR_H

#include "cli/command.h"

/* A row of a command's option table; a command that calls actor_name has it. */
#define ACTOR_OPTION                                                                               \
	{                                                                                          \
		"actor", "NAME", "who stands in the audit log (the user of the system)"            \
	}

/* Valid until the next call. */
const char *actor_name(const struct command_context *context);

#endif
