#include "cli/bot_stop.h"

#include "cli/actor.h"
#include "cli/bot_pick.h"
#include "cli/bot_show.h"
#include "cli/output.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/config.h"
#include "core/io/doc.h"
#include "core/io/postgres.h"
#include "core/queue/queue.h"
#include "core/store/bot.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TIMEOUT_DEFAULT_S 30
#define TIMEOUT_MOST_S 600
#define LOOK_MS 200
#define EXPIRY_MARGIN_MS 2000 /* Postgres's clock and the venue's are not the same */

const struct command_option bot_stop_options[] = {
	BOT_PICK_OPTION,
	{"reason", "TEXT", "why: stands on the bot and in the audit log"},
	{"timeout", "SECONDS", "how long to wait for the stop run; 0: not at all (30)"},
	ACTOR_OPTION,
	{0},
};
const struct command_option bot_stop_pause_options[] = {
	BOT_PICK_OPTION,
	{"reason", "TEXT", "why: stands on the bot and in the audit log"},
	ACTOR_OPTION,
	{0},
};

struct stop {
	struct bot bot;
	int64_t at_ms;
	struct bot_stopping state;
	bool settled;
};

struct stops {
	struct stop *list;
	size_t count;
};

static void stops_done(struct stops *stops)
{
	free(stops->list);
}

static int pick_stops(struct command_context *context, struct postgres *postgres, int argc,
	char **argv, struct stops *ret, struct err *err)
{
	CLEANUP(bot_pick_done) struct bot_pick pick = {0};

	if (bot_pick(context, postgres, argc, argv, &pick, err) == -1)
		return -1;
	ret->list = mem_zero(pick.count + 1, sizeof *ret->list);
	ret->count = pick.count;
	for (size_t i = 0; i < pick.count; i++)
		ret->list[i].bot = pick.bots[i];
	return 0;
}

/* --- stopping ------------------------------------------------------------------------------- */

/* Wakes keepers at once; without it they see the stop when they next renew leases. */
static void publish(struct command_context *context, const struct stops *stops)
{
	const struct config *config = command_config(context);
	struct redis *redis;
	struct err err;

	if (config_text(config, "redis.url")[0] == '\0')
		return;
	if (command_redis(context, &redis, &err) == -1) {
		fprintf(stderr, "note: workers were not told at once: %s\n", err.message);
		return;
	}
	struct queue *queue = queue_new(&(struct queue_options){
		.redis = redis,
		.mark_ttl_ms = config_int(config, "worker.hard_timeout_ms") +
			       config_int(config, "worker.retry_cap_ms"),
	});
	for (size_t i = 0; i < stops->count; i++) {
		char message[48];
		(void)snprintf(message, sizeof message, "stop %s", stops->list[i].bot.id.text);
		if (queue_publish(queue, message, &err) == -1) {
			fprintf(stderr, "note: workers were not told at once: %s\n", err.message);
			break;
		}
	}
	queue_free(&queue);
}

/* Nothing of before can still be executed. */
static bool wire_is_quiet(const struct bot_stopping *state)
{
	return state->sending == 0 ||
	       (state->expires_server_ms != 0 &&
		       state->now_ms > state->expires_server_ms + EXPIRY_MARGIN_MS);
}

static bool is_settled(const struct bot_stopping *state)
{
	return state->stop_run_done && !state->run_live && wire_is_quiet(state);
}

static int look(struct postgres *postgres, struct stops *stops, bool *ret_all, struct err *err)
{
	*ret_all = true;
	for (size_t i = 0; i < stops->count; i++) {
		struct stop *stop = &stops->list[i];
		if (stop->settled)
			continue;
		if (bot_stopping(postgres, &stop->bot.id, stop->at_ms, &stop->state, err) == -1)
			return -1;
		stop->settled = is_settled(&stop->state);
		if (stop->settled && bot_release_idle(postgres, &stop->bot.id, err) == -1)
			return -1;
		*ret_all = *ret_all && stop->settled;
	}
	return 0;
}

static int wait_settled(
	struct postgres *postgres, struct stops *stops, int64_t timeout_ms, struct err *err)
{
	const struct clock *clock = clock_system();
	int64_t end_ms = clock_mono_ms(clock) + timeout_ms;
	bool all;

	for (;;) {
		if (look(postgres, stops, &all, err) == -1)
			return err_while(err, "the stop is in force, but");
		if (all || clock_mono_ms(clock) >= end_ms)
			return 0;
		clock_sleep_ms(clock, LOOK_MS);
	}
}

/* --- telling -------------------------------------------------------------------------------- */

static void print_human(const struct stop *stop)
{
	const struct bot_stopping *state = &stop->state;

	printf("%s/%s stopped\n", stop->bot.tenant_name, stop->bot.name);
	if (state->sending > 0)
		printf("  %" PRId64 " requests of before are not known to be final%s\n",
			state->sending,
			wire_is_quiet(state) ? "; their time has passed, watch runs ask about them"
					     : "");
	if (state->entries > 0)
		printf("  %" PRId64 " entries whose cancel is not confirmed\n", state->entries);
	if (!state->stop_run_done)
		printf("  its stop run is not done yet\n");
}

static void print_json(const struct stops *stops)
{
	CLEANUP(doc_free) struct doc *list = doc_array();

	for (size_t i = 0; i < stops->count; i++) {
		const struct stop *stop = &stops->list[i];
		struct doc *doc = doc_object();
		doc_text(doc, "id", stop->bot.id.text);
		doc_text(doc, "tenant", stop->bot.tenant_name);
		doc_text(doc, "name", stop->bot.name);
		doc_int(doc, "stopped_at_ms", stop->at_ms);
		doc_bool(doc, "stop_run_done", stop->state.stop_run_done);
		doc_int(doc, "on_the_wire", stop->state.sending);
		doc_int(doc, "unconfirmed_entries", stop->state.entries);
		doc_push(list, doc);
	}
	output_doc(list);
}

/* The rows behind the counts, so that a person knows what to look for at the venue. */
static void print_rows(struct postgres *postgres, const struct stop *stop)
{
	CLEANUP(postgres_result_free) struct postgres_result *rows = NULL;
	struct err ignored;

	if (stop->state.sending + stop->state.entries > 0 &&
		bot_open_rows(postgres, &stop->bot.id, &rows, &ignored) == 0 &&
		postgres_rows(rows) > 0)
		bot_show_rows(rows);
}

static int conclude(const struct stops *stops, struct err *err)
{
	size_t left = 0;

	for (size_t i = 0; i < stops->count; i++)
		left += stops->list[i].settled ? 0 : 1;
	if (left == 0)
		return 0;
	return err_set(err, ERR_TIMEOUT, ERR_RETRY_ASK,
		"the stop is in force, but %zu of %zu stop runs are not done: does a scheduler and "
		"a "
		"worker run?",
		left, stops->count);
}

int bot_stop_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(stops_done) struct stops stops = {0};
	struct postgres *postgres;
	int64_t timeout_s;

	if (command_int(context, "timeout", 0, TIMEOUT_MOST_S, TIMEOUT_DEFAULT_S, &timeout_s,
		    err) == -1 ||
		command_database(context, &postgres, err) == -1 ||
		pick_stops(context, postgres, argc, argv, &stops, err) == -1)
		return -1;
	for (size_t i = 0; i < stops.count; i++)
		if (bot_stop(postgres, &stops.list[i].bot.id, actor_name(context),
			    command_value(context, "reason"), &stops.list[i].at_ms, err) == -1)
			return err_while(err, "%zu of %zu bots were stopped, then", i, stops.count);
	publish(context, &stops);
	if (wait_settled(postgres, &stops, timeout_s * 1000, err) == -1)
		return -1;
	if (command_json(context))
		print_json(&stops);
	for (size_t i = 0; i < stops.count && !command_json(context); i++) {
		print_human(&stops.list[i]);
		print_rows(postgres, &stops.list[i]);
	}
	return timeout_s == 0 ? 0 : conclude(&stops, err);
}

/* --- pause ---------------------------------------------------------------------------------- */

int bot_stop_pause_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	static const struct output_column columns[] = {
		{"id", OUTPUT_TEXT},
		{"tenant", OUTPUT_TEXT},
		{"name", OUTPUT_TEXT},
		{"status", OUTPUT_TEXT},
	};
	CLEANUP(stops_done) struct stops stops = {0};
	struct postgres *postgres;
	size_t refused = 0;

	if (command_database(context, &postgres, err) == -1 ||
		pick_stops(context, postgres, argc, argv, &stops, err) == -1)
		return -1;
	const char **cells = mem_zero(stops.count * 4 + 1, sizeof *cells);
	int result = 0;
	for (size_t i = 0; i < stops.count && result == 0; i++) {
		struct bot *bot = &stops.list[i].bot;
		bool paused = false;
		result = bot_pause(postgres, &bot->id, actor_name(context),
			command_value(context, "reason"), &paused, err);
		refused += paused ? 0 : 1;
		cells[i * 4] = bot->id.text;
		cells[i * 4 + 1] = bot->tenant_name;
		cells[i * 4 + 2] = bot->name;
		cells[i * 4 + 3] = paused ? "paused" : bot->status;
	}
	if (result == 0)
		output_table(columns, 4, cells, stops.count, command_json(context));
	free(cells);
	if (result == 0 && refused > 0)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"%zu of %zu bots do not run: there is nothing to pause", refused,
			stops.count);
	return result;
}
