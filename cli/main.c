/* main - the program: a table of commands. */
#include "cli/commands.h"
#include "core/io/metrics.h"

#include <commit.h> /* written by cmake/commit.cmake */

#define POINTER(name) &name##_command,

static const struct command *const commands[] = {COMMANDS(POINTER) NULL};

int main(int argc, char **argv)
{
	metrics_build(BOTBEAT_VERSION, BOTBEAT_COMMIT);
	return command_main(commands, BOTBEAT_VERSION, argc, argv);
}
