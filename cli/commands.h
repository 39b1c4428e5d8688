/*
 * commands - all commands of the program, in the order in which help lists them.
 *
 * Adding one is one line here and one file beside it: cli/migrate.c defines migrate_command.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/command.h"

/* clang-format off */
#define COMMANDS(command) \
	command(backtest) \
	command(bot) \
	command(candles) \
	command(cluster) \
	command(config) \
	command(credential) \
	command(decide) \
	command(dlq) \
	command(doctor) \
	command(endpoint) \
	command(key) \
	command(metrics) \
	command(migrate) \
	command(order) \
	command(scheduler) \
	command(simulate) \
	command(strategy) \
	command(tenant) \
	command(top) \
	command(trades) \
	command(worker)
/* clang-format on */

#define COMMANDS_DECLARE(name) extern const struct command name##_command;
COMMANDS(COMMANDS_DECLARE)
#undef COMMANDS_DECLARE

#endif
