/* scheduler - puts bots that are due into the queue. */
#include "scheduler/scheduler.h"

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/service.h"

static int run(struct command_context *context, int argc, char **argv, struct err *err)
{
	(void)argc;
	(void)argv;
	if (service_begin(context, "scheduler", err) == -1)
		return -1;
	return scheduler_run(command_config(context), err);
}

const struct command scheduler_command = {
	.name = "scheduler",
	.summary = "Put bots that are due into the queue; several may run, one leads",
	.details =
		"Runs until TERM. Settings: [scheduler], [database], [redis]; see botbeat config.",
	.run = run,
};
