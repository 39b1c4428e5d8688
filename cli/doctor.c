/* doctor - checks everything that Botbeat stands on, and says what to do. */
#include "cli/doctor.h"
#include "cli/actor.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/ledger_check.h"
#include "core/base/cleanup.h"

#include <inttypes.h>

static const struct command_option options[] = {
	{"compare-ledger", NULL,
		"hold journal, trades, funding and positions against the venues instead"},
	ACTOR_OPTION,
	{0},
};

static int compare_ledger(struct command_context *context, struct err *err)
{
	CLEANUP(ledger_check_done) struct ledger_check check = {0};
	struct ledger_check_options compared = {
		.config = command_config(context),
		.actor = actor_name(context),
	};

	if (command_database(context, &compared.postgres, err) == -1 ||
		ledger_check_run(&compared, &check, err) == -1)
		return -1;
	ledger_check_print(&check, command_json(context));
	if (check.difference_count > 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"%zu differences between the books and the venues", check.difference_count);
	if (check.failure_count > 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"%zu places could not be compared", check.failure_count);
	return 0;
}

static int check_everything(struct command_context *context, struct err *err)
{
	CLEANUP(findings_free) struct findings *findings = findings_new(command_json(context));
	struct doctor doctor = {.context = context, .findings = findings};

	/* Before anything is connected: nothing of ours must cross its forks. */
	doctor_sandbox_check(&doctor);
	doctor_database_check(&doctor);
	doctor_redis_check(&doctor);
	doctor_keys_check(&doctor);
	doctor_venue_check(&doctor);
	findings_finish(findings);
	size_t failures = findings_count(findings, FINDING_FAIL);
	if (failures > 0)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER, "%zu failures", failures);
	return 0;
}

static int run(struct command_context *context, int argc, char **argv, struct err *err)
{
	(void)argc, (void)argv;
	return command_given(context, "compare-ledger") ? compare_ledger(context, err)
							: check_everything(context, err);
}

const struct command doctor_command = {
	.name = "doctor",
	.summary = "Check every dependency, role, key and guard, and say what to do",
	.details = "Run it where a worker runs, as the worker's user, with the worker's --config "
		   "file.",
	.options = options,
	.run = run,
};
