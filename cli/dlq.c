/* dlq - runs that were given up: look at them, have them run again, put them away. */
#include "core/store/dead_letter.h"

#include "cli/actor.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/rows.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/doc.h"
#include "core/io/postgres.h"
#include "core/market/market.h"
#include "core/store/bot.h"
#include "core/store/tenant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 100000
#define RATE_MAX 1000
#define YEAR_S (366 * 86400)

static const struct output_column columns[] = {
	{"id", OUTPUT_TEXT},
	{"tenant", OUTPUT_TEXT},
	{"bot", OUTPUT_TEXT},
	{"scheduled_at", OUTPUT_TEXT},
	{"class", OUTPUT_TEXT},
	{"attempts", OUTPUT_INT},
	{"kills", OUTPUT_INT},
	{"phase", OUTPUT_TEXT},
	{"signal", OUTPUT_INT},
	{"memory_kb", OUTPUT_INT},
	{"age_s", OUTPUT_INT},
	{"state", OUTPUT_TEXT},
	{"retried_as", OUTPUT_TEXT},
	{"message", OUTPUT_TEXT},
	{"bot_id", OUTPUT_TEXT},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* --- which letters -------------------------------------------------------------------------- */

#define FILTER_OPTIONS                                                                             \
	{"tenant", "TENANT", "of this tenant only (name or id)"},                                  \
		{"bot", "BOT", "of this bot only (id, NAME or TENANT/NAME)"},                      \
		{"venue", "VENUE", "of this venue's bots only: bybit, phemex or binance"},         \
		{"class", "CLASS", "of this class only: killed, auth, database, …"},               \
		{"older-than", "SECONDS", "that died longer ago"},                                 \
		{"newer-than", "SECONDS", "that died since"},                                      \
	{                                                                                          \
		"limit", "N", "at most so many (100)"                                              \
	}

struct selection { /* a filter and what it points at */
	struct tenant tenant;
	struct bot bot;
	struct dead_letter_filter filter;
};

static void selection_done(struct selection *selection)
{
	tenant_done(&selection->tenant);
}

static int read_filter(const struct command_context *context, struct postgres *postgres,
	struct selection *ret, struct err *err)
{
	const char *tenant = command_value(context, "tenant");
	const char *bot = command_value(context, "bot");
	struct dead_letter_filter *filter = &ret->filter;

	enum venue_name venue;

	filter->class = command_value(context, "class");
	filter->venue = command_value(context, "venue");
	if (filter->venue != NULL && venue_name_parse(filter->venue, &venue, err) == -1) {
		err->code = ERR_USAGE;
		return err_while(err, "--venue");
	}
	if (command_int(context, "older-than", 1, YEAR_S, 0, &filter->older_than_s, err) == -1 ||
		command_int(context, "newer-than", 1, YEAR_S, 0, &filter->newer_than_s, err) ==
			-1 ||
		command_int(context, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT, &filter->limit, err) ==
			-1)
		return -1;
	if (tenant != NULL) {
		if (tenant_find(postgres, tenant, &ret->tenant, err) == -1)
			return -1;
		filter->tenant = &ret->tenant.id;
	}
	if (bot != NULL) {
		if (bot_find(postgres, bot, &ret->bot, err) == -1)
			return -1;
		filter->bot = &ret->bot.id;
	}
	return 0;
}

static bool is_filtered(const struct dead_letter_filter *filter)
{
	return filter->tenant != NULL || filter->bot != NULL || filter->venue != NULL ||
	       filter->class != NULL || filter->older_than_s != 0 || filter->newer_than_s != 0;
}

/* --- dlq list ------------------------------------------------------------------------------- */

static const struct command_option list_options[] = {
	FILTER_OPTIONS,
	{"state", "STATE", "dead, retried, dropped or all (dead)"},
	{0},
};

static int read_state(const struct command_context *context, const char **ret, struct err *err)
{
	static const char *const states[] = {"dead", "retried", "dropped"};
	const char *state = command_value(context, "state");

	*ret = "dead";
	if (state == NULL)
		return 0;
	*ret = NULL;
	if (strcmp(state, "all") == 0)
		return 0;
	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		if (strcmp(state, states[i]) == 0)
			*ret = states[i];
	if (*ret != NULL)
		return 0;
	return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
		"--state: expected dead, retried, dropped or all, got \"%.40s\"", state);
}

static int run_list(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *letters = NULL;
	CLEANUP(selection_done) struct selection selection = {.filter = {0}};
	struct postgres *postgres;
	(void)argc, (void)argv;

	if (read_state(context, &selection.filter.state, err) == -1 ||
		command_database(context, &postgres, err) == -1 ||
		read_filter(context, postgres, &selection, err) == -1 ||
		dead_letter_list(postgres, &selection.filter, &letters, err) == -1)
		return -1;
	/* For people the bot's id is left out: the name stands there. */
	if (command_json(context)) {
		output_result(columns, COLUMNS, letters, true);
		return 0;
	}
	const char **cells = mem_zero(postgres_rows(letters) * (COLUMNS - 1) + 1, sizeof *cells);
	for (size_t row = 0; row < postgres_rows(letters); row++)
		for (size_t i = 0; i < COLUMNS - 1; i++)
			cells[row * (COLUMNS - 1) + i] = postgres_is_null(letters, row, i)
								 ? NULL
								 : postgres_text(letters, row, i);
	output_table(columns, COLUMNS - 1, cells, postgres_rows(letters), false);
	free(cells);
	return 0;
}

/* --- dlq show ------------------------------------------------------------------------------- */

static const struct output_column run_columns[] = {
	{"kind", OUTPUT_TEXT},
	{"status", OUTPUT_TEXT},
	{"admission", OUTPUT_TEXT},
	{"attempt", OUTPUT_INT},
	{"hand_backs", OUTPUT_INT},
	{"kills", OUTPUT_INT},
	{"worker", OUTPUT_TEXT},
	{"started_at", OUTPUT_TEXT},
	{"finished_at", OUTPUT_TEXT},
	{"duration_ms", OUTPUT_INT},
	{"orders", OUTPUT_INT},
	{"trades", OUTPUT_INT},
	{"error_class", OUTPUT_TEXT},
	{"error", OUTPUT_TEXT},
	{"phases", OUTPUT_JSON},
	{"summary", OUTPUT_JSON},
	{"snapshot", OUTPUT_JSON},
};
enum { RUN_COLUMNS = sizeof run_columns / sizeof run_columns[0] };

static const struct output_column order_columns[] = {
	{"id", OUTPUT_TEXT},
	{"client_order_id", OUTPUT_TEXT},
	{"kind", OUTPUT_TEXT},
	{"purpose", OUTPUT_TEXT},
	{"state", OUTPUT_TEXT},
	{"symbol", OUTPUT_TEXT},
	{"leg", OUTPUT_TEXT},
	{"side", OUTPUT_TEXT},
	{"quantity", OUTPUT_DECIMAL},
	{"price", OUTPUT_DECIMAL},
	{"filled", OUTPUT_DECIMAL},
	{"sent_at", OUTPUT_TEXT},
	{"reason", OUTPUT_TEXT},
};
enum { ORDER_COLUMNS = sizeof order_columns / sizeof order_columns[0] };

struct letter { /* everything known of one */
	struct postgres_result *letter, *run, *orders;
};

static void letter_done(struct letter *letter)
{
	postgres_result_free(&letter->letter);
	postgres_result_free(&letter->run);
	postgres_result_free(&letter->orders);
}

static int not_found(const char *id, struct err *err)
{
	return err_set(
		err, ERR_NOT_FOUND, ERR_RETRY_NEVER, "there is no dead letter \"%.40s\"", id);
}

static int read_letter(
	struct postgres *postgres, const char *text, struct letter *ret, struct err *err)
{
	struct uuid id;
	struct err malformed;

	if (uuid_parse(text, &id, &malformed) == -1)
		return not_found(text, err);
	if (dead_letter_read(postgres, &id, &ret->letter, err) == -1 ||
		dead_letter_run(postgres, &id, &ret->run, err) == -1 ||
		dead_letter_orders(postgres, &id, &ret->orders, err) == -1)
		return -1;
	return postgres_rows(ret->letter) == 0 ? not_found(text, err) : 0;
}

static void print_letter_json(const struct letter *letter)
{
	CLEANUP(doc_free) struct doc *doc = rows_object(columns, COLUMNS, letter->letter, 0);

	if (postgres_rows(letter->run) > 0)
		doc_child(doc, "run", rows_object(run_columns, RUN_COLUMNS, letter->run, 0));
	else
		doc_null(doc, "run");
	doc_child(doc, "orders", rows_doc(order_columns, ORDER_COLUMNS, letter->orders));
	output_doc(doc);
}

static int run_show(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(letter_done) struct letter letter = {0};
	struct postgres *postgres;
	(void)argc;

	if (command_database(context, &postgres, err) == -1 ||
		read_letter(postgres, argv[0], &letter, err) == -1)
		return -1;
	if (command_json(context)) {
		print_letter_json(&letter);
		return 0;
	}
	rows_print(columns, COLUMNS, letter.letter, 0);
	puts("\nthe run:");
	if (postgres_rows(letter.run) > 0)
		rows_print(run_columns, RUN_COLUMNS, letter.run, 0);
	else
		puts("its log was dropped by retention");
	puts("\nits orders:");
	output_result(order_columns, ORDER_COLUMNS, letter.orders, false);
	return 0;
}

/* --- dlq retry and drop --------------------------------------------------------------------- */

#define WORK_OPTIONS                                                                               \
	FILTER_OPTIONS, {"all", NULL, "all that are dead, if neither IDs nor a filter are given"}, \
		{"reason", "TEXT", "for the audit log"}, ACTOR_OPTION

static const struct command_option retry_options[] = {
	WORK_OPTIONS,
	{"dry-run", NULL, "only say which"},
	{"rate", "N", "at most so many a second (10)"},
	{0},
};

static const struct command_option drop_options[] = {
	WORK_OPTIONS,
	{"dry-run", NULL, "only say which"},
	{0},
};

struct chosen { /* ids of letters */
	struct uuid *ids;
	size_t count;
};

static void chosen_done(struct chosen *chosen)
{
	free(chosen->ids);
}

static int choose_named(int argc, char **argv, struct chosen *ret, struct err *err)
{
	for (int i = 0; i < argc; i++) {
		ret->ids = mem_grow(ret->ids, ret->count + 1, sizeof ret->ids[0]);
		if (uuid_parse(argv[i], &ret->ids[ret->count], err) == -1)
			return not_found(argv[i], err);
		ret->count++;
	}
	return 0;
}

static int choose_filtered(const struct command_context *context, struct postgres *postgres,
	struct chosen *ret, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *letters = NULL;
	CLEANUP(selection_done) struct selection selection = {.filter = {.state = "dead"}};

	if (read_filter(context, postgres, &selection, err) == -1)
		return -1;
	if (!is_filtered(&selection.filter) && !command_given(context, "all"))
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"name letters, give a filter, or say --all");
	if (dead_letter_list(postgres, &selection.filter, &letters, err) == -1)
		return -1;
	ret->count = postgres_rows(letters);
	ret->ids = mem_zero(ret->count + 1, sizeof ret->ids[0]);
	for (size_t row = 0; row < ret->count; row++)
		ret->ids[row] = postgres_uuid(letters, row, 0);
	return 0;
}

static int choose(const struct command_context *context, struct postgres *postgres, int argc,
	char **argv, struct chosen *ret, struct err *err)
{
	return argc > 0 ? choose_named(argc, argv, ret, err)
			: choose_filtered(context, postgres, ret, err);
}

struct tally {
	int64_t done, gone, unwanted;
};

static int retry_one(struct postgres *postgres, const struct uuid *id,
	const struct dead_letter_word *word, struct tally *tally, struct err *err)
{
	enum dead_letter_outcome outcome;
	char why[DEAD_LETTER_WHY_SIZE];

	if (dead_letter_retry(postgres, id, word, &outcome, why, err) == -1)
		return -1;
	tally->done += outcome == DEAD_LETTER_DONE;
	tally->gone += outcome == DEAD_LETTER_GONE;
	tally->unwanted += outcome == DEAD_LETTER_UNWANTED;
	if (outcome == DEAD_LETTER_UNWANTED)
		fprintf(stderr, "%s: its bot does not run (%s)\n", id->text, why);
	else if (outcome == DEAD_LETTER_GONE)
		fprintf(stderr, "%s: is not dead\n", id->text);
	return 0;
}

static int drop_one(struct postgres *postgres, const struct uuid *id,
	const struct dead_letter_word *word, struct tally *tally, struct err *err)
{
	enum dead_letter_outcome outcome;

	if (dead_letter_drop(postgres, id, word, &outcome, err) == -1)
		return -1;
	tally->done += outcome == DEAD_LETTER_DONE;
	tally->gone += outcome == DEAD_LETTER_GONE;
	if (outcome == DEAD_LETTER_GONE)
		fprintf(stderr, "%s: is not dead\n", id->text);
	return 0;
}

static void print_dry(const struct chosen *chosen, bool json)
{
	CLEANUP(doc_free) struct doc *doc = doc_object();
	struct doc *ids = doc_array();

	for (size_t i = 0; i < chosen->count; i++)
		doc_push_text(ids, chosen->ids[i].text);
	doc_child(doc, "would_be_done", ids);
	if (json) {
		output_doc(doc);
		return;
	}
	for (size_t i = 0; i < chosen->count; i++)
		puts(chosen->ids[i].text);
	printf("%zu letters, nothing was done\n", chosen->count);
}

static void print_tally(const char *verb, const struct tally *tally, bool json)
{
	CLEANUP(doc_free) struct doc *doc = doc_object();

	doc_int(doc, verb, tally->done);
	doc_int(doc, "not_dead", tally->gone);
	doc_int(doc, "bot_does_not_run", tally->unwanted);
	if (json)
		output_doc(doc);
	else
		printf("%s %lld, not dead %lld, bot does not run %lld\n", verb,
			(long long)tally->done, (long long)tally->gone, (long long)tally->unwanted);
}

/* Letters that were named and could not be served are a refusal; a filter finds what it finds. */
static int judge(const struct tally *tally, bool named, struct err *err)
{
	if (!named || tally->gone + tally->unwanted == 0)
		return 0;
	return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
		"%lld of the letters were left as they were",
		(long long)(tally->gone + tally->unwanted));
}

static int run_retry(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(chosen_done) struct chosen chosen = {0};
	struct dead_letter_word word = {
		.actor = actor_name(context), .reason = command_value(context, "reason")};
	struct tally tally = {0};
	struct postgres *postgres;
	int64_t rate;

	if (command_int(context, "rate", 1, RATE_MAX, 10, &rate, err) == -1 ||
		command_database(context, &postgres, err) == -1 ||
		choose(context, postgres, argc, argv, &chosen, err) == -1)
		return -1;
	if (command_given(context, "dry-run")) {
		print_dry(&chosen, command_json(context));
		return 0;
	}
	for (size_t i = 0; i < chosen.count; i++) {
		if (i > 0)
			clock_sleep_ms(clock_system(), 1000 / rate);
		if (retry_one(postgres, &chosen.ids[i], &word, &tally, err) == -1)
			return err_while(err, "after %lld retries", (long long)tally.done);
	}
	print_tally("retried", &tally, command_json(context));
	return judge(&tally, argc > 0, err);
}

static int run_drop(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(chosen_done) struct chosen chosen = {0};
	struct dead_letter_word word = {
		.actor = actor_name(context), .reason = command_value(context, "reason")};
	struct tally tally = {0};
	struct postgres *postgres;

	if (command_database(context, &postgres, err) == -1 ||
		choose(context, postgres, argc, argv, &chosen, err) == -1)
		return -1;
	if (command_given(context, "dry-run")) {
		print_dry(&chosen, command_json(context));
		return 0;
	}
	if (command_confirm(context, err, "drop %zu dead letters?", chosen.count) == -1)
		return -1;
	for (size_t i = 0; i < chosen.count; i++)
		if (drop_one(postgres, &chosen.ids[i], &word, &tally, err) == -1)
			return err_while(err, "after %lld dropped", (long long)tally.done);
	print_tally("dropped", &tally, command_json(context));
	return judge(&tally, argc > 0, err);
}

static const struct command actions[] = {
	{
		.name = "list",
		.summary = "List dead letters, the newest first",
		.options = list_options,
		.run = run_list,
	},
	{
		.name = "show",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.summary = "Everything known of one, with its run and its orders",
		.run = run_show,
	},
	{
		.name = "retry",
		.operands = "[ID …]",
		.operands_max = COMMAND_ANY_NUMBER,
		.summary = "Have a run now stand for each",
		.details = "The dead slot stays dead. A new run books what the dead one may have "
			   "sent,\n"
			   "and decides anew; no order of it is ever repeated.",
		.options = retry_options,
		.run = run_retry,
	},
	{
		.name = "drop",
		.operands = "[ID …]",
		.operands_max = COMMAND_ANY_NUMBER,
		.summary = "Put letters away that need no retry",
		.options = drop_options,
		.asks = true,
		.run = run_drop,
	},
	{0},
};

const struct command dlq_command = {
	.name = "dlq",
	.summary = "Look at runs that were given up, retry or drop them",
	.actions = actions,
};
