/* order - what was sent, what became of it, and the way out where nobody knows. */
#include "cli/actor.h"
#include "cli/commands.h"
#include "cli/order_resolve.h"
#include "cli/output.h"
#include "cli/rows.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/postgres.h"
#include "core/store/bot.h"
#include "core/store/journal.h"
#include "core/store/tenant.h"

#include <stdio.h>
#include <string.h>

#define LIMIT_DEFAULT 50
#define LIMIT_MAX 100000

/* --- order list ----------------------------------------------------------------------------- */

static const struct output_column list_columns[] = {
	{"id", OUTPUT_TEXT},
	{"tenant", OUTPUT_TEXT},
	{"bot", OUTPUT_TEXT},
	{"created_at", OUTPUT_TEXT},
	{"client_order_id", OUTPUT_TEXT},
	{"kind", OUTPUT_TEXT},
	{"purpose", OUTPUT_TEXT},
	{"state", OUTPUT_TEXT},
	{"symbol", OUTPUT_TEXT},
	{"leg", OUTPUT_TEXT},
	{"side", OUTPUT_TEXT},
	{"type", OUTPUT_TEXT},
	{"quantity", OUTPUT_DECIMAL},
	{"price", OUTPUT_DECIMAL},
	{"filled", OUTPUT_DECIMAL},
	{"reason", OUTPUT_TEXT},
};
enum { LIST_COLUMNS = sizeof list_columns / sizeof list_columns[0] };

static const struct command_option list_options[] = {
	{"tenant", "TENANT", "of this tenant only (name or id)"},
	{"bot", "BOT", "of this bot only (id, NAME or TENANT/NAME)"},
	{"state", "STATE",
		"planned, sending, open, unknown, filled, cancelled, rejected, absent, done"},
	{"unknown", NULL, "only those that nobody knows the fate of"},
	{"open", NULL, "only those that are not final"},
	{"limit", "N", "at most so many (50)"},
	{0},
};

static int run_list(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *orders = NULL;
	CLEANUP(tenant_done) struct tenant tenant = {.suspended = false};
	struct bot bot;
	const char *tenant_name = command_value(context, "tenant");
	const char *bot_name = command_value(context, "bot");
	struct journal_read_filter filter = {
		.state = command_value(context, "state"),
		.unknown = command_given(context, "unknown"),
		.unfinished = command_given(context, "open"),
	};
	enum journal_state state;
	struct postgres *postgres;
	(void)argc, (void)argv;

	if (filter.state != NULL && journal_state_parse(filter.state, &state) == -1)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--state: unrecognized state \"%.40s\"", filter.state);
	if (command_int(context, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT, &filter.limit, err) == -1 ||
		command_database(context, &postgres, err) == -1)
		return -1;
	if (tenant_name != NULL) {
		if (tenant_find(postgres, tenant_name, &tenant, err) == -1)
			return -1;
		filter.tenant = &tenant.id;
	}
	if (bot_name != NULL) {
		if (bot_find(postgres, bot_name, &bot, err) == -1)
			return -1;
		filter.bot = &bot.id;
	}
	if (journal_read_list(postgres, &filter, &orders, err) == -1)
		return -1;
	output_result(list_columns, LIST_COLUMNS, orders, command_json(context));
	return 0;
}

/* --- order show ----------------------------------------------------------------------------- */

static const struct output_column row_columns[] = {
	{"id", OUTPUT_TEXT},
	{"tenant", OUTPUT_TEXT},
	{"bot", OUTPUT_TEXT},
	{"bot_id", OUTPUT_TEXT},
	{"scheduled_at", OUTPUT_TEXT},
	{"sequence", OUTPUT_INT},
	{"space", OUTPUT_TEXT},
	{"token", OUTPUT_INT},
	{"kind", OUTPUT_TEXT},
	{"purpose", OUTPUT_TEXT},
	{"client_order_id", OUTPUT_TEXT},
	{"target_client_order_id", OUTPUT_TEXT},
	{"exchange", OUTPUT_TEXT},
	{"environment", OUTPUT_TEXT},
	{"account_id", OUTPUT_TEXT},
	{"symbol", OUTPUT_TEXT},
	{"leg", OUTPUT_TEXT},
	{"side", OUTPUT_TEXT},
	{"type", OUTPUT_TEXT},
	{"time_in_force", OUTPUT_TEXT},
	{"quantity", OUTPUT_DECIMAL},
	{"price", OUTPUT_DECIMAL},
	{"trigger_price", OUTPUT_DECIMAL},
	{"reduce_only", OUTPUT_BOOL},
	{"state", OUTPUT_TEXT},
	{"final", OUTPUT_BOOL},
	{"venue_order_id", OUTPUT_TEXT},
	{"filled", OUTPUT_DECIMAL},
	{"filled_value", OUTPUT_DECIMAL},
	{"sent_at", OUTPUT_TEXT},
	{"expires_at", OUTPUT_TEXT},
	{"asked", OUTPUT_INT},
	{"absent_at", OUTPUT_TEXT},
	{"reason", OUTPUT_TEXT},
	{"venue_code", OUTPUT_INT},
	{"cycle", OUTPUT_INT},
	{"created_at", OUTPUT_TEXT},
	{"updated_at", OUTPUT_TEXT},
};
enum { ROW_COLUMNS = sizeof row_columns / sizeof row_columns[0] };

static const struct output_column fill_columns[] = {
	{"executed_at", OUTPUT_TEXT},
	{"exec_id", OUTPUT_TEXT},
	{"side", OUTPUT_TEXT},
	{"action", OUTPUT_TEXT},
	{"type", OUTPUT_TEXT},
	{"quantity", OUTPUT_DECIMAL},
	{"price", OUTPUT_DECIMAL},
	{"pnl", OUTPUT_DECIMAL},
	{"fee", OUTPUT_DECIMAL},
	{"fee_currency", OUTPUT_TEXT},
	{"liquidity", OUTPUT_TEXT},
};
enum { FILL_COLUMNS = sizeof fill_columns / sizeof fill_columns[0] };

static const struct output_column change_columns[] = {
	{"client_order_id", OUTPUT_TEXT},
	{"kind", OUTPUT_TEXT},
	{"state", OUTPUT_TEXT},
	{"sent_at", OUTPUT_TEXT},
	{"reason", OUTPUT_TEXT},
};
enum { CHANGE_COLUMNS = sizeof change_columns / sizeof change_columns[0] };

static const struct output_column run_columns[] = {
	{"scheduled_at", OUTPUT_TEXT},
	{"kind", OUTPUT_TEXT},
	{"status", OUTPUT_TEXT},
	{"attempt", OUTPUT_INT},
	{"worker", OUTPUT_TEXT},
	{"duration_ms", OUTPUT_INT},
	{"error", OUTPUT_TEXT},
	{"summary", OUTPUT_JSON},
};
enum { RUN_COLUMNS = sizeof run_columns / sizeof run_columns[0] };

struct story { /* everything known of one order */
	struct postgres_result *row, *fills, *changes, *run;
};

static void story_done(struct story *story)
{
	postgres_result_free(&story->row);
	postgres_result_free(&story->fills);
	postgres_result_free(&story->changes);
	postgres_result_free(&story->run);
}

static void print_story_json(const struct story *story)
{
	CLEANUP(doc_free) struct doc *doc = rows_object(row_columns, ROW_COLUMNS, story->row, 0);

	doc_child(doc, "fills", rows_doc(fill_columns, FILL_COLUMNS, story->fills));
	doc_child(doc, "changes", rows_doc(change_columns, CHANGE_COLUMNS, story->changes));
	if (postgres_rows(story->run) > 0)
		doc_child(doc, "run", rows_object(run_columns, RUN_COLUMNS, story->run, 0));
	else
		doc_null(doc, "run");
	output_doc(doc);
}

static void print_story(const struct story *story)
{
	rows_print(row_columns, ROW_COLUMNS, story->row, 0);
	if (postgres_rows(story->fills) > 0) {
		puts("\nits fills:");
		output_result(fill_columns, FILL_COLUMNS, story->fills, false);
	}
	if (postgres_rows(story->changes) > 0) {
		puts("\nrows that belong to it:");
		output_result(change_columns, CHANGE_COLUMNS, story->changes, false);
	}
	if (postgres_rows(story->run) > 0) {
		puts("\nthe run that planned it:");
		rows_print(run_columns, RUN_COLUMNS, story->run, 0);
	}
}

static int run_show(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(story_done) struct story story = {0};
	struct journal_read_key key;
	struct postgres *postgres;
	(void)argc;

	if (command_database(context, &postgres, err) == -1 ||
		journal_read_find(postgres, argv[0], &key, err) == -1 ||
		journal_read_row(postgres, &key, &story.row, err) == -1 ||
		journal_read_fills(postgres, &key, &story.fills, err) == -1 ||
		journal_read_changes(postgres, &key, &story.changes, err) == -1 ||
		journal_read_run(postgres, &key, &story.run, err) == -1)
		return -1;
	if (command_json(context))
		print_story_json(&story);
	else
		print_story(&story);
	return 0;
}

/* --- order resolve -------------------------------------------------------------------------- */

static const struct command_option resolve_options[] = {
	{"absent", NULL, "it never reached the venue"},
	{"filled", "QTY@PRICE", "so much was filled, beyond what is booked of it"},
	{"fee", "AMOUNT", "in USDT, paid > 0 (0)"},
	{"reason", "TEXT", "how you know; for the audit log"},
	ACTOR_OPTION,
	{0},
};

static int read_filled(const char *text, struct order_resolve_word *word, struct err *err)
{
	const char *at = strchr(text, '@');
	char quantity[DECIMAL_TEXT_SIZE];

	if (at == NULL || (size_t)(at - text) >= sizeof quantity)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--filled: expected QTY@PRICE, got \"%.60s\"", text);
	(void)snprintf(quantity, sizeof quantity, "%.*s", (int)(at - text), text);
	if (decimal_parse(quantity, &word->quantity, err) == -1 ||
		decimal_parse(at + 1, &word->price, err) == -1)
		return err_while(err, "--filled");
	if (decimal_sign(word->quantity) <= 0 || decimal_sign(word->price) <= 0)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--filled: quantity and price are above zero");
	return 0;
}

static int read_word(
	const struct command_context *context, struct order_resolve_word *ret, struct err *err)
{
	const char *filled = command_value(context, "filled");
	const char *fee = command_value(context, "fee");

	*ret = (struct order_resolve_word){.absent = command_given(context, "absent"),
		.fee = DECIMAL_ZERO,
		.actor = actor_name(context)};
	if (ret->absent == (filled != NULL))
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"say either --absent or --filled QTY@PRICE");
	if (ret->absent && fee != NULL)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER, "--fee goes with --filled");
	if (command_require(context, "reason", &ret->reason, err) == -1)
		return -1;
	if (filled != NULL && read_filled(filled, ret, err) == -1)
		return -1;
	if (fee != NULL && decimal_parse(fee, &ret->fee, err) == -1)
		return err_while(err, "--fee");
	return 0;
}

static void print_result(
	const struct order_resolve_result *result, const char *client_order_id, bool json)
{
	CLEANUP(doc_free) struct doc *doc = doc_object();

	doc_text(doc, "client_order_id", client_order_id);
	doc_text(doc, "state", result->state);
	doc_bool(doc, "by_venue", result->by_venue);
	doc_bool(doc, "venue_asked", result->venue_asked);
	if (json) {
		output_doc(doc);
		return;
	}
	if (!result->venue_asked)
		printf("the venue could not be asked: %s\n", result->note);
	printf("order %s is %s%s\n", client_order_id, result->state,
		result->by_venue ? ": so says the venue, nothing was declared" : "");
}

static int run_resolve(struct command_context *context, int argc, char **argv, struct err *err)
{
	struct order_resolve_result result = {.by_venue = false};
	struct order_resolve_word word;
	struct journal_read_key key;
	struct postgres *postgres;
	(void)argc;

	if (read_word(context, &word, err) == -1 ||
		command_database(context, &postgres, err) == -1 ||
		journal_read_find(postgres, argv[0], &key, err) == -1)
		return -1;
	if (key.state != JOURNAL_UNKNOWN && key.state != JOURNAL_SENDING)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"the order is %s: only an unknown one is resolved by word",
			journal_state_text(key.state));
	if (command_confirm(context, err, "declare order %s %s?", key.client_order_id,
		    word.absent ? "absent" : "filled") == -1 ||
		order_resolve_run(command_config(context), &key, &word, &result, err) == -1)
		return -1;
	print_result(&result, key.client_order_id, command_json(context));
	return 0;
}

static const struct command actions[] = {
	{
		.name = "list",
		.summary = "List orders, the newest first",
		.options = list_options,
		.run = run_list,
	},
	{
		.name = "show",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.summary = "Everything known of one (the row's id or the client order id)",
		.run = run_show,
	},
	{
		.name = "resolve",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.summary = "Say what became of an order that nobody can explain",
		.details =
			"The venue is asked first where this host holds the master key; what it\n"
			"shows wins. A fill that is declared is booked under an execution id of "
			"its\n"
			"own. An order declared absent is asked about for another day. Nothing is\n"
			"traded, and the bot runs at once to look at the result.",
		.options = resolve_options,
		.asks = true,
		.run = run_resolve,
	},
	{0},
};

const struct command order_command = {
	.name = "order",
	.summary = "Look at orders, resolve unknown ones",
	.actions = actions,
};
