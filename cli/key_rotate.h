/*
 * key_rotate - botbeat key rotate-master and rotate-tenant: both work in a guarded child, which is
 * the only one to see keys or credentials in clear.
 */
#ifndef CLI_KEY_ROTATE_H
#define CLI_KEY_ROTATE_H

#include "cli/command.h"

MUST_CHECK int key_rotate_master_run(
	struct command_context *context, int argc, char **argv, struct err *err);
MUST_CHECK int key_rotate_tenant_run(
	struct command_context *context, int argc, char **argv, struct err *err);

#endif
