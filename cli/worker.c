/* worker - runs bots: a supervisor, a keeper and forked runners. */
#include "worker/worker.h"

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/service.h"
#include "core/io/config.h"
#include "core/io/http.h"
#include "core/io/log.h"
#include "scheduler/scheduler.h"
#include "worker/venues.h"

#define LEAD_WAIT_MS 10000 /* --drain: for a scheduler that is just leaving */

static const struct command_option options[] = {
	{"drain", NULL, "enqueue what is due, run it, exit when the queue is empty (CronJob mode)"},
	{0},
};

static int reload(void *context, struct config **ret, struct err *err)
{
	if (command_load_config(context, ret, err) == -1)
		return -1;
	if (service_log_levels(*ret, err) == 0)
		return 0;
	config_free(ret);
	return -1;
}

static int trust_venues(const struct config *config, struct err *err)
{
	const char *ca_file = config_text(config, "venue.ca_file");

	if (!venues_use_https(config))
		return 0;
	return http_trust(ca_file[0] == '\0' ? NULL : ca_file, err);
}

/* Under the scheduler's lease; a scheduler that runs does this itself. */
static int enqueue(struct command_context *context, struct err *err)
{
	bool led;
	int64_t count;

	if (scheduler_enqueue_due(command_config(context), LEAD_WAIT_MS, &led, &count, err) == -1)
		return err_while(err, "could not enqueue what is due");
	if (led)
		log_event(LOG_INFO, "enqueued what is due", LOG_INT("jobs", count));
	else
		log_event(LOG_INFO, "another scheduler leads and enqueues what is due");
	return 0;
}

static int run(struct command_context *context, int argc, char **argv, struct err *err)
{
	struct worker_options worker = {
		.until_empty = command_given(context, "drain"),
		.reload = reload,
		.context = context,
	};
	(void)argc;
	(void)argv;

	if (config_text(command_config(context), "vault.master_key_file")[0] == '\0')
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"vault.master_key_file is not set: a worker opens credentials with it");
	if (service_begin(context, "supervisor", err) == -1)
		return -1;
	/* The authorities are read once here and shared by all runners. */
	if (trust_venues(command_config(context), err) == -1)
		return -1;
	if (worker.until_empty && enqueue(context, err) == -1)
		return -1;
	return worker_run(&worker, command_config(context), err);
}

const struct command worker_command = {
	.name = "worker",
	.summary = "Run the bots that are in the queue, in a pool of forked runners",
	.details =
		"TERM finishes current runs and leaves, a second TERM or QUIT leaves at once, HUP\n"
		"reads the settings again and replaces the runners one by one.\n"
		"--drain does a scheduler's work, too: its login role needs botbeat_worker and\n"
		"botbeat_scheduler. Retries that come due within worker.grace_ms are waited for.",
	.options = options,
	.run = run,
};
