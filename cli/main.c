/* main - the program: a table of commands. */
#include "cli/commands.h"

#define POINTER(name) &name##_command,

static const struct command *const commands[] = {COMMANDS(POINTER) NULL};

int main(int argc, char **argv)
{
	return command_main(commands, BOTBEAT_VERSION, argc, argv);
}
