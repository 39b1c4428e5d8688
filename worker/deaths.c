#include "worker/deaths.h"

#include "core/base/cleanup.h"
#include "core/io/log.h"
#include "core/io/metrics.h"
#include "core/queue/queue.h"
#include "core/store/claim.h"
#include "worker/child.h"
#include "worker/reach.h"
#include "worker/scoreboard.h"
#include "worker/story.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct deaths {
	struct deaths_options options;
	bool lease_ended[SCOREBOARD_OBITUARIES]; /* of an obituary whose jobs still wait */
};

struct deaths *deaths_new(const struct deaths_options *options)
{
	struct deaths *deaths = mem_zero(1, sizeof *deaths);

	deaths->options = *options;
	return deaths;
}

void deaths_free(struct deaths **deaths)
{
	free(*deaths);
	*deaths = NULL;
}

static struct scoreboard *scoreboard_of(const struct deaths *deaths)
{
	return deaths->options.child->scoreboard;
}

static const char *how_it_ended(const struct scoreboard_obituary *obituary)
{
	return obituary->stopped     ? "was stopped with its pool"
	       : obituary->timed_out ? "passed its hard timeout"
				     : "died";
}

/* Dead with its claim's reply still under way, a runner had a run and did not know. */
static int token_of(struct deaths *deaths, const struct scoreboard_obituary *obituary,
	int64_t *ret_token, struct err *err)
{
	char consumer[CONSUMER_SIZE];

	*ret_token = obituary->run.token;
	if (*ret_token != 0 || obituary->run.bot.text[0] == '\0')
		return 0;
	scoreboard_consumer(
		deaths->options.child->host, obituary->slot, obituary->generation, consumer);
	return claim_token_of(
		deaths->options.postgres, &obituary->run.bot, consumer, ret_token, err);
}

static int end_run(
	struct deaths *deaths, const struct scoreboard_obituary *obituary, struct err *err)
{
	const char *phase = runner_phase_text((enum runner_phase)obituary->phase);
	char message[128];
	enum claim_fate fate;
	int64_t token;

	if (token_of(deaths, obituary, &token, err) == -1) {
		reach_database(deaths->options.reach, -1, err);
		return -1;
	}
	if (token == 0)
		return 0;
	(void)snprintf(message, sizeof message, "the runner %s in phase %s (signal %d, exit %d)",
		how_it_ended(obituary), phase, obituary->signal, obituary->exit_code);
	struct claim_killed killed = {
		.bot = obituary->run.bot,
		.token = token,
		.retry_ms = 0,
		.max_kills = deaths->options.max_kills,
		.signal = obituary->signal,
		.memory_kb = obituary->memory_kb,
		.message = message,
		.phase = phase,
		.handed_back = obituary->stopped,
	};
	story_attach(&obituary->run.tenant, &obituary->run.bot, obituary->run.scheduled_s);
	int result = claim_end_killed(deaths->options.postgres, &killed, &fate, err);
	reach_database(deaths->options.reach, result, err);
	if (result == 0 && fate == CLAIM_FATE_DEAD) {
		metrics_add(METRIC_DEAD, 1, "killed");
		log_event(LOG_ERROR, "a run killed too many runners, it goes to the dead letters");
	}
	log_detach();
	return result;
}

int deaths_hand_back(struct deaths *deaths, const char *consumer, struct err *err)
{
	size_t count;
	int result = queue_hand_back(deaths->options.queue, consumer, true, &count, err);

	reach_queue(deaths->options.reach, result, err);
	if (result == 0 && count > 0)
		log_event(LOG_INFO, "jobs of a runner that ended go back",
			LOG_TEXT("consumer", consumer), LOG_INT("jobs", (int64_t)count));
	return result;
}

/* First the lease, then the job: handed back earlier it would only be refused as busy. */
static void settle_death(struct deaths *deaths, unsigned place)
{
	struct scoreboard_obituary obituary;
	char consumer[CONSUMER_SIZE];
	struct err err;

	if (!scoreboard_obituary(scoreboard_of(deaths), place, &obituary))
		return;
	if (!deaths->lease_ended[place] && !deaths->options.reach->database_down)
		deaths->lease_ended[place] = end_run(deaths, &obituary, &err) == 0;
	if (!deaths->lease_ended[place] || deaths->options.reach->queue_down)
		return;
	scoreboard_consumer(
		deaths->options.child->host, obituary.slot, obituary.generation, consumer);
	if (deaths_hand_back(deaths, consumer, &err) == -1)
		return;
	deaths->lease_ended[place] = false;
	scoreboard_settled(scoreboard_of(deaths), place);
}

bool deaths_settled(const struct deaths *deaths)
{
	struct scoreboard_obituary obituary;

	for (unsigned place = 0; place < SCOREBOARD_OBITUARIES; place++)
		if (scoreboard_obituary(scoreboard_of(deaths), place, &obituary))
			return false;
	return true;
}

/* Left alone by its supervisor, the keeper finds by itself who has died. */
static void find_deaths(struct deaths *deaths)
{
	for (unsigned slot = 0; slot < scoreboard_of(deaths)->slots - 1; slot++) {
		struct scoreboard_page *page = &scoreboard_of(deaths)->pages[slot];
		struct scoreboard_obituary obituary = {
			.slot = slot,
			.generation = atomic_load(&page->generation),
			.phase = atomic_load(&page->phase),
		};
		int pid = atomic_load(&page->pid);
		if (pid <= 0 || kill(pid, 0) == 0 || errno != ESRCH)
			continue;
		if (scoreboard_read_last(page, &obituary.run)) {
			const struct scoreboard_run *run = &obituary.run;
			story_attach(&run->tenant, &run->bot, run->scheduled_s);
			log_event(LOG_ERROR, "runner died after its supervisor, its run goes back",
				LOG_INT("slot", slot), LOG_INT("pid", pid));
			log_detach();
		}
		if (scoreboard_bury(scoreboard_of(deaths), &obituary))
			scoreboard_reset(page);
	}
}

void deaths_settle(struct deaths *deaths)
{
	if (child_orphaned(deaths->options.child))
		find_deaths(deaths);
	for (unsigned place = 0; place < SCOREBOARD_OBITUARIES; place++)
		settle_death(deaths, place);
}
