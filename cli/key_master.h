/*
 * key_master - botbeat key master: makes the ring file, or puts a new key in front of its others.
 */
#ifndef CLI_KEY_MASTER_H
#define CLI_KEY_MASTER_H

#include "cli/command.h"

MUST_CHECK int key_master_run(
	struct command_context *context, int argc, char **argv, struct err *err);

#endif
